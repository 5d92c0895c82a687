/* unit/test_findings.c - hits to findings: merging, gates, order, and that no secret stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/findings.h"

static const struct cw_key key = {.bytes = {1, 2, 3}, .id = "abcd"};

static const char *const only[] = {"**/*.conf"};
static const char *const lower[] = {"**/test/**"};
static const struct cw_rule specific = {.id = "acme.key", .prefix = "ac_", .title = "Acme", .cls = CW_CLASS_SPECIFIC,
	.pattern = "(?<secret>ac_.*)", .severity = CW_SEVERITY_HIGH, .paths_lower = lower, .paths_lower_len = 1};
static const struct cw_rule critical = {.id = "zeta.key", .prefix = "", .title = "Zeta", .cls = CW_CLASS_SPECIFIC,
	.pattern = "(?<secret>.*)", .severity = CW_SEVERITY_CRITICAL};
static const struct cw_rule gated = {.id = "conf.key", .prefix = "", .title = "Conf", .cls = CW_CLASS_GENERIC,
	.pattern = "(?<secret>.*)", .severity = CW_SEVERITY_LOW, .paths_only = only, .paths_only_len = 1,
	.paths_lower = lower, .paths_lower_len = 1};

struct fixture {
	struct cw_findings *findings;
	struct cw_sink sink;
};

static void start(struct fixture *f, unsigned workers, bool show)
{
	assert_int_equal(cw_findings_new(&key, workers, show, &f->findings, NULL), 0);
	f->sink = cw_findings_sink(f->findings);
}

static struct cw_scan_hit hit_of(const struct cw_rule *rule, const char *secret, const char *path, uint64_t line)
{
	return (struct cw_scan_hit){.rule = rule, .proof = CW_PROOF_PATTERN, .secret = secret, .canonical = secret,
				    .secret_len = strlen(secret), .canonical_len = strlen(secret), .path = path,
				    .line = line, .column = 1, .end_line = line, .end_column = 9};
}

static void send(struct fixture *f, unsigned worker, const struct cw_scan_hit *hit)
{
	assert_int_equal(f->sink.hit(f->sink.payload, worker, hit, NULL), 0);
}

static void add(struct fixture *f, unsigned worker, const struct cw_rule *rule, const char *secret, const char *path,
		uint64_t line)
{
	struct cw_scan_hit hit = hit_of(rule, secret, path, line);

	send(f, worker, &hit);
}

static const struct cw_finding *at(struct fixture *f, size_t i)
{
	return cw_findings_at(f->findings, i);
}

static void finish(struct fixture *f, size_t len, size_t secrets)
{
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	assert_int_equal(cw_findings_len(f->findings), len);
	assert_int_equal(cw_findings_secrets(f->findings), secrets);
}

static void test_none(void **state)
{
	struct fixture f;

	start(&f, 3, false);
	finish(&f, 0, 0);
	cw_findings_free(f.findings);
	cw_findings_free(NULL);
}

static void test_one_place(void **state)
{
	struct fixture f;

	/* the same secret at two lines of one path is one place, shown at the first line, whoever saw it */
	start(&f, 2, false);
	add(&f, 1, &specific, "ac_bcdefghijklmnopqrst", "a.c", 7);
	add(&f, 0, &specific, "ac_bcdefghijklmnopqrst", "a.c", 3);
	add(&f, 0, &specific, "ac_bcdefghijklmnopqrst", "b.c", 5);
	finish(&f, 2, 1);
	assert_string_equal(at(&f, 0)->path, "a.c");
	assert_int_equal(at(&f, 0)->line, 3);
	assert_int_equal(at(&f, 0)->objects, 1);
	assert_string_equal(at(&f, 1)->path, "b.c");
	assert_string_equal(at(&f, 0)->redacted, "ac_bc\xe2\x80\xa6(22)");
	assert_memory_equal(at(&f, 0)->fingerprint, "abcd:", 5);
	assert_int_equal(strlen(at(&f, 0)->fingerprint), CW_FINGERPRINT_SIZE - 1);
	/* nothing of the secret is kept */
	assert_null(at(&f, 0)->secret);
	cw_findings_free(f.findings);
}

static void test_objects(void **state)
{
	struct fixture f;
	struct cw_scan_hit hit = hit_of(&specific, "ac_bcdefghijklmnopqrst", NULL, 4);

	/* the same secret in three objects without a path: one place, shown in the first object */
	start(&f, 1, false);
	hit.object.len = 20;
	hit.type = CW_OBJ_BLOB;
	for (uint8_t id = 3; id >= 1; id--) {
		hit.object.id[0] = id;
		hit.line = 10 - id;
		send(&f, 0, &hit);
		send(&f, 0, &hit);
	}
	finish(&f, 1, 1);
	assert_null(at(&f, 0)->path);
	assert_int_equal(at(&f, 0)->objects, 3);
	assert_int_equal(at(&f, 0)->object.id[0], 1);
	assert_int_equal(at(&f, 0)->line, 9);
	cw_findings_free(f.findings);
}

static void test_strongest_shown(void **state)
{
	struct fixture f;
	struct cw_scan_hit hit = hit_of(&specific, "ac_bcdefghijklmnopqrst", "a.c", 1);

	/* a weaker or cut hit in front does not hide a stronger one behind it */
	start(&f, 1, false);
	hit.cut = true;
	send(&f, 0, &hit);
	hit.cut = false;
	hit.line = 8;
	hit.more = 4;
	hit.proof = CW_PROOF_CHECKSUM;
	send(&f, 0, &hit);
	finish(&f, 1, 1);
	assert_int_equal(at(&f, 0)->line, 8);
	assert_int_equal(at(&f, 0)->proof, CW_PROOF_CHECKSUM);
	assert_false(at(&f, 0)->cut);
	assert_int_equal(at(&f, 0)->more, 4);
	cw_findings_free(f.findings);
}

static void test_gates(void **state)
{
	struct fixture f;
	struct cw_scan_hit labelled = hit_of(&critical, "qqbcdefghijklmnopqrst", "x", 1);

	start(&f, 1, false);
	/* only: dropped at another path, kept where it matches, kept without a path and from standard input */
	add(&f, 0, &gated, "secret-number-one-here", "a.c", 1);
	add(&f, 0, &gated, "secret-number-two-here", "a.conf", 1);
	add(&f, 0, &gated, "secret-number-two-here", NULL, 1);
	add(&f, 0, &gated, "secret-number-two-here", "<stdin>", 1);
	/* lower: one step there, no step below low, none elsewhere */
	add(&f, 0, &specific, "ac_bcdefghijklmnopqrst", "test/a.c", 1);
	add(&f, 0, &specific, "ac_bcdefghijklmnopqrst", "src/a.c", 1);
	add(&f, 0, &gated, "secret-number-two-here", "test/a.conf", 1);
	/* a label makes anything low */
	labelled.label = "example";
	send(&f, 0, &labelled);
	finish(&f, 7, 3);
	assert_string_equal(at(&f, 0)->path, "src/a.c");
	assert_int_equal(at(&f, 0)->severity, CW_SEVERITY_HIGH);
	assert_string_equal(at(&f, 1)->path, "test/a.c");
	assert_int_equal(at(&f, 1)->severity, CW_SEVERITY_MEDIUM);
	for (size_t i = 2; i < 7; i++)
		assert_int_equal(at(&f, i)->severity, CW_SEVERITY_LOW);
	assert_string_equal(at(&f, 6)->label, "example");
	cw_findings_free(f.findings);
}

static void test_order(void **state)
{
	static const uint8_t orders[][5] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 4, 0, 3, 1}};
	struct fixture f;

	/* severity, rule, path bytes (none first), line: whatever the order of arrival and the worker */
	for (size_t o = 0; o < 3; o++) {
		start(&f, 5, false);
		for (unsigned i = 0; i < 5; i++) {
			switch (orders[o][i]) {
			case 0:
				add(&f, i, &critical, "qqbcdefghijklmnopqrst", "z", 9);
				break;
			case 1:
				add(&f, i, &specific, "ac_bcdefghijklmnopqrst", NULL, 9);
				break;
			case 2:
				add(&f, i, &specific, "ac_bcdefghijklmnopqrst", "a", 2);
				break;
			case 3:
				add(&f, i, &specific, "ac_xxxxxxxxxxxxxxxxxxxx", "a", 3);
				break;
			default:
				add(&f, i, &specific, "ac_xxxxxxxxxxxxxxxxxxxx", "\xff", 1);
			}
		}
		finish(&f, 5, 3);
		assert_ptr_equal(at(&f, 0)->rule, &critical);
		assert_null(at(&f, 1)->path);
		assert_int_equal(at(&f, 2)->line, 2);
		assert_int_equal(at(&f, 3)->line, 3);
		assert_string_equal(at(&f, 4)->path, "\xff");
		cw_findings_free(f.findings);
	}
}

static void test_show_secrets(void **state)
{
	struct fixture f;
	struct cw_scan_hit hit = hit_of(&critical, "ab\0cdefghijklmnopqrst", "a", 1);
	uint32_t also[] = {7, 9};

	/* bytes as they are, NUL included; losers of the overlap are kept */
	start(&f, 1, true);
	hit.secret_len = hit.canonical_len = 21;
	hit.also = also;
	hit.also_len = 2;
	send(&f, 0, &hit);
	also[0] = 0;
	finish(&f, 1, 1);
	assert_int_equal(at(&f, 0)->secret_len, 21);
	assert_memory_equal(at(&f, 0)->secret, "ab\0cdefghijklmnopqrst", 21);
	assert_int_equal(at(&f, 0)->also_len, 2);
	assert_int_equal(at(&f, 0)->also[0], 7);
	cw_findings_free(f.findings);
}

static void test_canonical(void **state)
{
	struct fixture f;
	struct cw_scan_hit a = hit_of(&critical, "one writing of a key", "a", 1);
	struct cw_scan_hit b = hit_of(&critical, "another writing of a key", "b", 1);

	/* two writings of one key are one secret */
	start(&f, 1, false);
	a.canonical = b.canonical = "DER";
	a.canonical_len = b.canonical_len = 3;
	send(&f, 0, &a);
	send(&f, 0, &b);
	finish(&f, 2, 1);
	assert_string_equal(at(&f, 0)->fingerprint, at(&f, 1)->fingerprint);
	assert_string_not_equal(at(&f, 0)->redacted, at(&f, 1)->redacted);
	cw_findings_free(f.findings);
}

static int star_path(void *payload, const char *path, struct cw_buf *out, struct cw_err *err)
{
	cw_buf_addf(out, "%s*", path);
	return payload ? CW_E_LIMIT : 0;
}

static void test_rewrite(void **state)
{
	struct fixture f;
	int fail;

	start(&f, 1, false);
	add(&f, 0, &specific, "ac_bcdefghijklmnopqrst", "a", 1);
	add(&f, 0, &specific, "ac_bcdefghijklmnopqrst", NULL, 1);
	finish(&f, 2, 1);
	assert_int_equal(cw_findings_rewrite_paths(f.findings, star_path, NULL, NULL), 0);
	assert_null(at(&f, 0)->path);
	assert_string_equal(at(&f, 1)->path, "a*");
	/* a failure is passed on */
	assert_int_equal(cw_findings_rewrite_paths(f.findings, star_path, &fail, NULL), CW_E_LIMIT);
	cw_findings_free(f.findings);
}

static struct cw_kept keep(struct fixture *f, unsigned worker, const char *secret)
{
	struct cw_scan_hit hit = hit_of(&specific, secret, NULL, 1);
	struct cw_kept kept;

	assert_int_equal(f->sink.keep(f->sink.payload, worker, &hit, &kept, NULL), 0);
	return kept;
}

static void place(struct fixture *f, const void *handle, const char *path, const struct cw_origin *origin)
{
	struct cw_scan_place at = {.handle = handle, .path = path, .line = 2, .column = 1, .objects = 3, .unlisted = 4,
				   .origin = origin};

	assert_int_equal(f->sink.place(f->sink.payload, &at, NULL), 0);
}

static void test_places(void **state)
{
	struct fixture f;
	struct cw_kept a, b, same;
	char author[] = "A <a@example.com>";
	struct cw_origin old = {.state = CW_STATE_HISTORY, .commit = {.len = 20}, .author = author, .date = 7};
	struct cw_origin new = {.state = CW_STATE_TIP, .commit = {.len = 20}, .date = 8, .tip_ref = "refs/heads/a"};
	struct cw_origin none = {.state = CW_STATE_UNREACHABLE};

	/* kept hits are findings only where they are placed; equal secrets have equal ids, whoever saw them */
	start(&f, 2, false);
	a = keep(&f, 0, "ac_bcdefghijklmnopqrst");
	same = keep(&f, 1, "ac_bcdefghijklmnopqrst");
	b = keep(&f, 1, "ac_another_bcdefghijklmnopqrst");
	assert_memory_equal(a.secret, same.secret, sizeof(a.secret));
	assert_memory_not_equal(a.secret, b.secret, sizeof(a.secret));
	/* at one path the introduction decides the order; what has none comes last */
	place(&f, b.handle, "p", &none);
	place(&f, b.handle, "p", &new);
	place(&f, a.handle, "p", &old);
	memset(author, 'x', sizeof(author) - 1);
	finish(&f, 3, 2);
	assert_string_equal(at(&f, 0)->origin->author, "A <a@example.com>");
	assert_int_equal(at(&f, 0)->origin->date, 7);
	assert_int_equal(at(&f, 0)->objects, 3);
	assert_int_equal(at(&f, 0)->unlisted, 4);
	assert_int_equal(at(&f, 1)->origin->date, 8);
	assert_int_equal(at(&f, 2)->origin->state, CW_STATE_UNREACHABLE);
	/* authors and branches are other people's text, too */
	assert_int_equal(cw_findings_rewrite_paths(f.findings, star_path, NULL, NULL), 0);
	assert_string_equal(at(&f, 0)->path, "p*");
	assert_string_equal(at(&f, 0)->origin->author, "A <a@example.com>*");
	assert_string_equal(at(&f, 1)->origin->tip_ref, "refs/heads/a*");
	assert_null(at(&f, 1)->origin->author);
	cw_findings_free(f.findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none), cmocka_unit_test(test_places),  cmocka_unit_test(test_one_place),	   cmocka_unit_test(test_objects),
		cmocka_unit_test(test_strongest_shown), cmocka_unit_test(test_gates), cmocka_unit_test(test_order),
		cmocka_unit_test(test_show_secrets), cmocka_unit_test(test_canonical), cmocka_unit_test(test_rewrite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
