/* unit/test_baseline.c - baselines: their text, what is found in them, what an update adds, keeps and drops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/baseline.h"

#define HEAD "# credwatch baseline 1\n"
#define ONE "abcd:11111111111111111111111111111111"
#define TWO "abcd:22222222222222222222222222222222"
#define OTHER "ef01:33333333333333333333333333333333"

static const struct cw_key key = {.bytes = {1, 2, 3}, .id = "abcd"};
static const struct cw_rule rule = {.id = "acme.key", .prefix = "", .title = "Acme", .severity = CW_SEVERITY_HIGH};

static int parse(struct cw_baseline *b, const char *text, struct cw_err *err)
{
	cw_baseline_init(b);
	return cw_baseline_parse(b, "f", text, strlen(text), err);
}

static void test_read(void **state)
{
	CW_CLEANUP(cw_baseline_release) struct cw_baseline b;

	/* comments, empty lines, CRLF, no LF at the end, any order, the same entry twice after a merge, paths with blanks */
	assert_int_equal(parse(&b, HEAD "# key abcd\n\n" TWO " a.b 3 x y\r\n" ONE " a.b 1 -\n" TWO " a.b 4 z\n" OTHER " c.d 1 q", NULL), 0);
	assert_int_equal(b.entries.len, 3);
	assert_true(cw_baseline_has(&b, ONE));
	assert_true(cw_baseline_has(&b, TWO));
	assert_true(cw_baseline_has(&b, OTHER));
	assert_false(cw_baseline_has(&b, "abcd:44444444444444444444444444444444"));
	assert_false(cw_baseline_has(&b, "x"));
	assert_int_equal(cw_baseline_foreign(&b, "abcd"), 1);
	assert_string_equal(CW_VEC_AT(&b.entries, struct cw_baseline_entry, 0).fingerprint, ONE);
}

static void test_header_only(void **state)
{
	CW_CLEANUP(cw_baseline_release) struct cw_baseline b;

	assert_int_equal(parse(&b, HEAD, NULL), 0);
	assert_int_equal(b.entries.len, 0);
	assert_false(cw_baseline_has(&b, ONE));
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "f:1: not a baseline"},
		{ONE " a.b 1 x\n", "f:1: not a baseline"},
		{"# credwatch baseline 2\n", "f:1: a baseline of a version"},
		{HEAD "<<<<<<< ours\n", "f:2: not an entry"},
		{HEAD "\n" ONE "\n", "f:3: not an entry"},
		{HEAD ONE "0 a.b 1 x\n", "f:2: not an entry"},
		{HEAD ONE " a.b\n", "f:2: behind the fingerprint"},
		{HEAD ONE " a.b x y\n", "f:2: behind the fingerprint"},
		{HEAD ONE " a.b 1 \n", "f:2: behind the fingerprint"},
		{HEAD ONE " A! 1 x\n", "f:2: behind the fingerprint"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CW_CLEANUP(cw_baseline_release) struct cw_baseline b;
		struct cw_err err = CW_ERR_INIT;

		assert_int_equal(parse(&b, cases[i].text, &err), CW_E_INVALID);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("'%s' lacks '%s'", err.msg, cases[i].message);
	}
	{
		CW_CLEANUP(cw_baseline_release) struct cw_baseline b;

		/* a NUL byte */
		cw_baseline_init(&b);
		assert_int_equal(cw_baseline_parse(&b, "f", HEAD "\0", sizeof(HEAD), NULL), CW_E_INVALID);
	}
}

static void send(struct cw_findings *f, const char *secret, const char *path, enum cw_proof_level proof)
{
	struct cw_scan_hit hit = {.rule = &rule, .proof = proof, .secret = secret, .canonical = secret, .secret_len = strlen(secret),
				  .canonical_len = strlen(secret), .path = path, .line = 1, .column = 1};
	struct cw_sink sink = cw_findings_sink(f);

	assert_int_equal(sink.hit(sink.payload, 0, &hit, NULL), 0);
}

static struct cw_findings *findings(void)
{
	struct cw_findings *f = NULL;

	assert_int_equal(cw_findings_new(&key, 1, false, &f, NULL), 0);
	return f;
}

static const struct cw_baseline_entry *entry(const struct cw_baseline *b, const char *path)
{
	for (size_t i = 0; i < b->entries.len; i++)
		if (strcmp(CW_VEC_AT(&b->entries, struct cw_baseline_entry, i).path, path) == 0)
			return &CW_VEC_AT(&b->entries, struct cw_baseline_entry, i);
	return NULL;
}

static void test_create(void **state)
{
	CW_CLEANUP(cw_findings_free_p) struct cw_findings *f = findings();
	CW_CLEANUP(cw_baseline_release) struct cw_baseline b, again;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_baseline_change change;

	/* one line a secret with the number of places and the first path; a path is escaped; a secret without one has a dash */
	send(f, "a secret of sixteen", "b\nc", CW_PROOF_PATTERN);
	send(f, "a secret of sixteen", "z", CW_PROOF_PATTERN);
	send(f, "another secret here", NULL, CW_PROOF_PATTERN);
	send(f, "a weak secret", "weak", CW_PROOF_CONTEXT);
	assert_int_equal(cw_findings_finish(f, NULL), 0);
	cw_baseline_init(&b);
	cw_baseline_init(&again);
	assert_int_equal(cw_baseline_update(&b, f, "abcd", false, false, &change, NULL), 0);
	assert_int_equal(change.added, 2);
	assert_int_equal(change.weak, 1);
	assert_int_equal(b.entries.len, 2);
	assert_int_equal(entry(&b, "b\\nc")->places, 2);
	assert_int_equal(entry(&b, "-")->places, 1);
	/* the text holds no secret and reads back as the same */
	assert_int_equal(cw_baseline_print(&b, "abcd", &text, NULL), 0);
	assert_null(strstr(text.data, "secret"));
	assert_non_null(strstr(text.data, HEAD "# key abcd\n"));
	assert_int_equal(cw_baseline_parse(&again, "f", text.data, text.len, NULL), 0);
	assert_int_equal(again.entries.len, 2);
	assert_true(cw_baseline_has(&again, CW_VEC_AT(&b.entries, struct cw_baseline_entry, 1).fingerprint));
	/* weak ones only when asked for */
	assert_int_equal(cw_baseline_update(&b, f, "abcd", false, true, &change, NULL), 0);
	assert_int_equal(change.added, 1);
	assert_int_equal(change.kept, 2);
	assert_int_equal(change.weak, 0);
	assert_non_null(entry(&b, "weak"));
}

static void test_update(void **state)
{
	CW_CLEANUP(cw_findings_free_p) struct cw_findings *f = findings(), *none = findings();
	CW_CLEANUP(cw_baseline_release) struct cw_baseline b;
	struct cw_baseline_change change;

	/* what is no longer found goes; what was made with another key stays */
	send(f, "a secret of sixteen", "a", CW_PROOF_PATTERN);
	assert_int_equal(cw_findings_finish(f, NULL), 0);
	assert_int_equal(cw_findings_finish(none, NULL), 0);
	assert_int_equal(parse(&b, HEAD ONE " a.b 1 x\n" OTHER " c.d 7 q\n", NULL), 0);
	assert_int_equal(cw_baseline_update(&b, f, "abcd", false, false, &change, NULL), 0);
	assert_int_equal(change.added, 1);
	assert_int_equal(change.dropped, 1);
	assert_int_equal(change.foreign, 1);
	assert_int_equal(change.kept, 0);
	assert_int_equal(b.entries.len, 2);
	assert_false(cw_baseline_has(&b, ONE));
	assert_true(cw_baseline_has(&b, OTHER));
	assert_int_equal(entry(&b, "q")->places, 7);
	/* unless all is to be kept, since not everything was seen */
	assert_int_equal(cw_baseline_update(&b, none, "abcd", true, false, &change, NULL), 0);
	assert_int_equal(change.kept, 1);
	assert_int_equal(change.missing, 1);
	assert_int_equal(change.dropped, 0);
	assert_int_equal(b.entries.len, 2);
}

static void test_weak(void **state)
{
	CW_CLEANUP(cw_findings_free_p) struct cw_findings *f = findings();
	CW_CLEANUP(cw_baseline_release) struct cw_baseline b;
	struct cw_baseline_change change;

	/* the best proof of a secret's places counts; a weak one that is there is taken out, whether or not others are kept */
	send(f, "a weak secret", "weak", CW_PROOF_CONTEXT);
	send(f, "at one place more", "a", CW_PROOF_CONTEXT);
	send(f, "at one place more", "b", CW_PROOF_PATTERN);
	assert_int_equal(cw_findings_finish(f, NULL), 0);
	cw_baseline_init(&b);
	assert_int_equal(cw_baseline_update(&b, f, "abcd", true, true, &change, NULL), 0);
	assert_int_equal(b.entries.len, 2);
	assert_int_equal(cw_baseline_update(&b, f, "abcd", true, false, &change, NULL), 0);
	assert_int_equal(b.entries.len, 1);
	assert_int_equal(change.weak, 1);
	assert_int_equal(change.kept, 1);
	assert_int_equal(change.missing, 0);
	assert_non_null(entry(&b, "a"));
}

static void test_more(void **state)
{
	CW_CLEANUP(cw_findings_free_p) struct cw_findings *f = findings();
	CW_CLEANUP(cw_baseline_release) struct cw_baseline b;
	struct cw_scan_hit hit = {.rule = &rule, .proof = CW_PROOF_PATTERN, .secret = "s", .canonical = "s", .secret_len = 1,
				  .canonical_len = 1, .path = "p", .line = 1, .column = 1, .more = 3};
	struct cw_sink sink = cw_findings_sink(f);
	struct cw_baseline_change change;

	/* a place that stands for hits that were only counted cannot be made known, and that is said */
	assert_int_equal(sink.hit(sink.payload, 0, &hit, NULL), 0);
	assert_int_equal(cw_findings_finish(f, NULL), 0);
	cw_baseline_init(&b);
	assert_int_equal(cw_baseline_update(&b, f, "abcd", false, false, &change, NULL), 0);
	assert_int_equal(b.entries.len, 1);
	assert_int_equal(change.unsure, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),   cmocka_unit_test(test_header_only), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_create), cmocka_unit_test(test_update),	   cmocka_unit_test(test_weak),
		cmocka_unit_test(test_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
