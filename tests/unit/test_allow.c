/* unit/test_allow.c - what suppresses a finding, and above all what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/date.h"
#include "policy/findings.h"
#include "policy/policy.h"
#include "scan/marks.h"

#define ONE "abcd:11111111111111111111111111111111"
#define TWO "abcd:22222222222222222222222222222222"

static const struct cw_key key = {.bytes = {1, 2, 3}, .id = "abcd"};
static const struct cw_rule rule = {.id = "acme.key", .prefix = "", .title = "Acme", .severity = CW_SEVERITY_HIGH};
static const struct cw_rule other = {.id = "other.key", .prefix = "", .title = "Other", .severity = CW_SEVERITY_MEDIUM};

struct fixture { /* a configuration and its policy */
	struct cw_conf *conf;
	struct cw_policy *policy;
};

static void release(struct fixture *f)
{
	cw_policy_free(f->policy);
	cw_conf_free(f->conf);
}

/* TEXT as the configuration of LEVEL, on day DAY; SYSTEM (or NULL) as that of the system. */
static struct fixture policy_on(const char *day, enum cw_conf_level level, const char *text, const char *system,
			       const struct cw_source *repository)
{
	static const char *const roots[] = {"src", "./deep/er/"};
	struct cw_policy_opts opts = {.repository = repository, .key_id = "abcd", .roots = roots, .roots_len = 2};
	struct cw_err err = CW_ERR_INIT;
	struct fixture f = {0};
	int64_t days = 0;

	assert_true(cw_date_parse(day, &days));
	opts.now = days * CW_DAY_SECONDS + CW_DAY_SECONDS - 1;
	assert_int_equal(cw_conf_new(&f.conf, NULL), 0);
	if (cw_conf_add(f.conf, level, "f", text, strlen(text), &err) != 0 ||
	    (system && cw_conf_add(f.conf, CW_LEVEL_SYSTEM, "s", system, strlen(system), &err) != 0))
		fail_msg("%s", err.msg);
	opts.conf = f.conf;
	if (cw_policy_new(&opts, &f.policy, &err) != 0)
		fail_msg("%s", err.msg);
	return f;
}

static struct fixture policy(const char *text)
{
	return policy_on("2026-06-01", CW_LEVEL_USER, text, NULL, NULL);
}

static bool suppressed(const struct fixture *f, const struct cw_case *c)
{
	return cw_policy_case(f->policy, c) != NULL;
}

static void test_conditions(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy("allow:\n- {fingerprint: '" ONE "', reason: a}\n- {rule: acme.key, path: 'test/**', reason: b}\n"
						     "- {rule: other.key, reason: c}\n");
	struct cw_case c = {.rule = "acme.key", .fingerprint = TWO, .path = "a.c"};

	/* nothing applies */
	assert_false(suppressed(&f, &c));
	/* a fingerprint alone, wherever it is */
	c.fingerprint = ONE;
	assert_true(suppressed(&f, &c));
	assert_string_equal(cw_policy_case(f.policy, &c)->reason, "a");
	assert_int_equal(cw_policy_case(f.policy, &c)->by, CW_BY_ALLOW);
	assert_int_equal(cw_policy_case(f.policy, &c)->from.line, 2);
	c.path = NULL;
	assert_true(suppressed(&f, &c));
	/* two conditions: both must hold */
	c = (struct cw_case){.rule = "acme.key", .fingerprint = TWO, .path = "test/a.c"};
	assert_true(suppressed(&f, &c));
	c.rule = "acme.keys";
	assert_false(suppressed(&f, &c));
	c = (struct cw_case){.rule = "acme.key", .fingerprint = TWO};
	assert_false(suppressed(&f, &c));
	/* a rule alone */
	c.rule = "other.key";
	assert_true(suppressed(&f, &c));
}

static void test_paths(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy("allow:\n- {path: 'test/**', reason: b}\n- {path: '*.md', reason: b}\n");
	static const struct {
		const char *path;
		bool suppressed;
	} cases[] = {{"test/a", true}, {"src/test/a", true}, {"src/x/test/a", false}, {"./deep/er/test/a", true}, {"deep/er/test/a", false},
		     {"srctest/a", false}, {"x/y.md", true}, {"<stdin>", false}, {"src", false}};

	/* globs are relative to what is scanned; standard input has no path */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cw_case c = {.rule = "acme.key", .fingerprint = ONE, .path = cases[i].path};

		if (suppressed(&f, &c) != cases[i].suppressed)
			fail_msg("%s", cases[i].path);
	}
}

static void test_expiry(void **state)
{
	static const char text[] = "allow:\n- {fingerprint: '" ONE "', reason: a, expires: 2026-06-01}\n";
	CW_CLEANUP(release) struct fixture on = policy_on("2026-06-01", CW_LEVEL_USER, text, NULL, NULL);
	CW_CLEANUP(release) struct fixture after = policy_on("2026-06-02", CW_LEVEL_USER, text, NULL, NULL);
	struct cw_case c = {.rule = "acme.key", .fingerprint = ONE};

	/* the last day counts, the next does not, and that is said */
	assert_true(suppressed(&on, &c));
	assert_int_equal(cw_policy_notes(on.policy)->len, 0);
	assert_false(suppressed(&after, &c));
	assert_int_equal(cw_policy_notes(after.policy)->len, 1);
	assert_string_equal(CW_VEC_AT(cw_policy_notes(after.policy), char *, 0),
			    "f:2: this entry expired on 2026-06-01 and no longer applies");
}

static void test_other_key(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy("allow: [{fingerprint: 'ef01:11111111111111111111111111111111', reason: a}]\n");
	struct cw_case c = {.rule = "acme.key", .fingerprint = "ef01:11111111111111111111111111111111"};

	/* said, and never matched */
	assert_false(suppressed(&f, &c));
	assert_int_equal(cw_policy_notes(f.policy)->len, 1);
	assert_non_null(strstr(CW_VEC_AT(cw_policy_notes(f.policy), char *, 0), "not applicable"));
}

static void test_counted_only(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy("allow:\n- {fingerprint: '" ONE "', reason: a}\n- {rule: other.key, reason: b}\n"
						     "- {path: 'test/**', reason: c}\n");
	struct cw_case c = {.rule = "acme.key", .fingerprint = ONE, .path = "a", .more = true};

	/* of hits that were only counted neither secret nor mark is known */
	assert_false(suppressed(&f, &c));
	c.mark = cw_mark_name(0);
	assert_false(suppressed(&f, &c));
	c.rule = "other.key";
	assert_true(suppressed(&f, &c));
	/* of places that were only counted the paths are not known, but the secret is */
	c = (struct cw_case){.rule = "acme.key", .fingerprint = TWO, .path = "test/a", .unlisted = true, .mark = cw_mark_name(0)};
	assert_false(suppressed(&f, &c));
	c.fingerprint = ONE;
	assert_true(suppressed(&f, &c));
}

static void test_marks(void **state)
{
	CW_CLEANUP(release) struct fixture on = policy("");
	CW_CLEANUP(release) struct fixture off = policy("inline_marks: false\n");
	CW_CLEANUP(release) struct fixture ignored = policy("repository_policy: ignore\n");
	struct cw_case c = {.rule = "acme.key", .fingerprint = ONE, .path = "a"};

	for (size_t i = 0; cw_mark_name(i); i++) {
		c.mark = cw_mark_name(i);
		assert_true(suppressed(&on, &c));
		assert_int_equal(cw_policy_case(on.policy, &c)->by, CW_BY_MARK);
		assert_string_equal(cw_policy_case(on.policy, &c)->reason, c.mark);
		assert_false(suppressed(&off, &c));
		/* a mark is the repository's word */
		assert_false(suppressed(&ignored, &c));
	}
}

static void test_excluded(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy_on("2026-06-01", CW_LEVEL_REPOSITORY, "exclude: [{path: 'vendor/**', reason: a}]\n", NULL, NULL);
	CW_CLEANUP(release) struct fixture audit =
		policy_on("2026-06-01", CW_LEVEL_REPOSITORY, "exclude: [{path: 'vendor/**', reason: a}]\n", "repository_policy: audit\n", NULL);
	struct cw_case c = {.rule = "acme.key", .fingerprint = ONE, .path = "src/vendor/a"};

	assert_true(cw_policy_excludes(f.policy, "src/vendor/a"));
	assert_false(cw_policy_excludes(f.policy, "src/a"));
	assert_false(cw_policy_excludes(f.policy, "<stdin>"));
	assert_int_equal(cw_policy_case(f.policy, &c)->by, CW_BY_EXCLUDE);
	/* what only the repository wants left out is read */
	assert_false(cw_policy_excludes(audit.policy, "src/vendor/a"));
}

static void test_audit(void **state)
{
	static const char text[] = "allow:\n- {rule: acme.key, reason: theirs}\n- {rule: other.key, reason: theirs}\n";
	static const char system[] = "repository_policy: audit\nallow:\n- {rule: other.key, reason: ours}\n";
	CW_CLEANUP(release) struct fixture f = policy_on("2026-06-01", CW_LEVEL_REPOSITORY, text, system, NULL);
	struct cw_case c = {.rule = "acme.key", .fingerprint = ONE, .path = "a"};

	/* the repository's word is advisory, marks included; that of a higher level counts and comes first */
	assert_true(cw_policy_case(f.policy, &c)->advisory);
	c.rule = "none";
	c.mark = cw_mark_name(0);
	assert_true(cw_policy_case(f.policy, &c)->advisory);
	c.rule = "other.key";
	assert_false(cw_policy_case(f.policy, &c)->advisory);
	assert_string_equal(cw_policy_case(f.policy, &c)->reason, "ours");
}

static int read_text(void *payload, const char *path, size_t max, struct cw_buf *out, struct cw_err *err)
{
	if (strcmp(path, "known") != 0)
		return cw_err_set(err, CW_E_NOTFOUND, "no");
	cw_buf_adds(out, payload);
	return 0;
}

static void test_baseline(void **state)
{
	static char text[] = "# credwatch baseline 1\n" ONE " acme.key 1 a\nef01:11111111111111111111111111111111 acme.key 1 b\n";
	const struct cw_source source = {.read = read_text, .payload = text};
	CW_CLEANUP(release) struct fixture f = policy_on("2026-06-01", CW_LEVEL_REPOSITORY, "baseline: known\n", NULL, &source);
	struct cw_case c = {.rule = "acme.key", .fingerprint = ONE, .path = "elsewhere"};
	struct cw_policy_opts opts = {.conf = f.conf, .repository = &source, .key_id = "abcd"};
	struct cw_policy *none = NULL;
	struct cw_err err = CW_ERR_INIT;

	/* by fingerprint; entries of another key are said */
	assert_int_equal(cw_policy_case(f.policy, &c)->by, CW_BY_BASELINE);
	c.fingerprint = TWO;
	assert_false(suppressed(&f, &c));
	assert_int_equal(cw_policy_notes(f.policy)->len, 1);
	assert_non_null(strstr(CW_VEC_AT(cw_policy_notes(f.policy), char *, 0), "known: 1 of 2 entries"));
	/* one that is missing is an error with the line that asks for it, never an empty one */
	assert_int_equal(cw_conf_add(f.conf, CW_LEVEL_REPOSITORY, "g", "baseline: gone\n", 15, NULL), 0);
	assert_int_equal(cw_policy_new(&opts, &none, &err), CW_E_NOTFOUND);
	assert_non_null(strstr(err.msg, "g:1"));
}

/* ---- through the collector ---- */

static void send(struct cw_findings *f, unsigned worker, const struct cw_rule *r, const char *secret, const char *path, uint64_t line,
		 const char *mark)
{
	struct cw_scan_hit hit = {.rule = r, .proof = CW_PROOF_PATTERN, .secret = secret, .canonical = secret,
				  .secret_len = strlen(secret), .canonical_len = strlen(secret), .path = path, .line = line,
				  .column = 1, .end_line = line, .end_column = 2, .mark = mark};
	struct cw_sink sink = cw_findings_sink(f);

	assert_int_equal(sink.hit(sink.payload, worker, &hit, NULL), 0);
}

static struct cw_findings *collector(const struct fixture *f, bool show)
{
	struct cw_findings *findings = NULL;

	assert_int_equal(cw_findings_new(&key, 2, false, &findings, NULL), 0);
	assert_int_equal(cw_findings_set_policy(findings, f->policy, show, NULL), 0);
	return findings;
}

static void test_collected(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy("allow: [{value: '^dummy', reason: a}, {rule: other.key, value: 'x$', reason: b}]\n");

	for (int show = 0; show < 2; show++) {
		CW_CLEANUP(cw_findings_free_p) struct cw_findings *found = collector(&f, show);

		/* values are tested against the secret, by whichever worker sees it */
		send(found, 0, &rule, "dummy secret of many", "a", 1, NULL);
		send(found, 1, &rule, "secret dummy of many", "a", 2, NULL);
		send(found, 1, &other, "secret of many bytes x", "a", 3, NULL);
		send(found, 1, &rule, "secret of many bytes x", "a", 4, NULL);
		send(found, 1, &other, "another secret to be seen", "a", 5, NULL);
		assert_int_equal(cw_findings_finish(found, NULL), 0);
		assert_int_equal(cw_findings_len(found), show ? 5 : 3);
		assert_int_equal(cw_findings_counted(found, CW_SEVERITY_LOW), 3);
		assert_int_equal(cw_findings_counted(found, CW_SEVERITY_HIGH), 2);
		assert_int_equal(cw_findings_secrets(found), 3);
		assert_int_equal(cw_findings_suppressed(found, CW_BY_ALLOW), 2);
		for (size_t i = 0; i < cw_findings_len(found); i++) {
			const struct cw_finding *x = cw_findings_at(found, i);

			assert_int_equal(x->suppressed, x->line == 1 || x->line == 3);
			assert_int_equal(x->suppression != NULL, x->suppressed);
		}
	}
}

static void test_marked_places(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy("");
	CW_CLEANUP(cw_findings_free_p) struct cw_findings *found = collector(&f, false);

	/* a place is suppressed only if each hit there is marked; then the unmarked hit is shown */
	send(found, 0, &rule, "first secret of many", "a", 1, cw_mark_name(0));
	send(found, 1, &rule, "first secret of many", "a", 9, cw_mark_name(2));
	send(found, 0, &rule, "second secret of many", "b", 1, cw_mark_name(0));
	send(found, 1, &rule, "second secret of many", "b", 9, NULL);
	send(found, 0, &rule, "first secret of many", "c", 1, NULL);
	assert_int_equal(cw_findings_finish(found, NULL), 0);
	assert_int_equal(cw_findings_len(found), 2);
	assert_string_equal(cw_findings_at(found, 0)->path, "b");
	assert_int_equal(cw_findings_at(found, 0)->line, 9);
	assert_string_equal(cw_findings_at(found, 1)->path, "c");
	assert_int_equal(cw_findings_suppressed(found, CW_BY_MARK), 1);
}

static void test_kept(void **state)
{
	CW_CLEANUP(release) struct fixture f = policy("allow: [{value: '^dummy', path: 'test/**', reason: a}]\n");
	CW_CLEANUP(cw_findings_free_p) struct cw_findings *found = collector(&f, false);
	static const char *const paths[] = {"test/a", "b", NULL};
	static const char secret[] = "dummy secret of many";
	struct cw_scan_hit hit = {.rule = &rule, .proof = CW_PROOF_PATTERN, .secret = secret, .canonical = secret,
				  .secret_len = strlen(secret), .canonical_len = strlen(secret)};
	struct cw_sink sink = cw_findings_sink(found);
	const struct cw_origin origin = {.state = CW_STATE_HISTORY};
	struct cw_kept kept;

	/* a hit whose places are found later: the value is remembered, the path decides; marks count there too */
	assert_int_equal(sink.keep(sink.payload, 1, &hit, &kept, NULL), 0);
	for (size_t i = 0; i < 3; i++) {
		struct cw_scan_place place = {.handle = kept.handle, .path = paths[i], .line = 1, .objects = 1, .origin = &origin};

		assert_int_equal(sink.place(sink.payload, &place, NULL), 0);
		place.mark = cw_mark_name(0);
		place.path = i == 2 ? "marked" : "test/b";
		assert_int_equal(sink.place(sink.payload, &place, NULL), 0);
	}
	assert_int_equal(cw_findings_finish(found, NULL), 0);
	assert_int_equal(cw_findings_len(found), 2);
	assert_null(cw_findings_at(found, 0)->path);
	assert_string_equal(cw_findings_at(found, 1)->path, "b");
	assert_int_equal(cw_findings_suppressed(found, CW_BY_ALLOW), 3);
	assert_int_equal(cw_findings_suppressed(found, CW_BY_MARK), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_paths),	 cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_other_key),  cmocka_unit_test(test_counted_only),	 cmocka_unit_test(test_marks),
		cmocka_unit_test(test_excluded),   cmocka_unit_test(test_audit),	 cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_collected),  cmocka_unit_test(test_marked_places), cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
