/* unit/test_report.c - both formats, on findings made by hand: what is shown, escaped, counted, and what write errors become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/report.h"
#include "rules/load.h"
#include "rules/set.h"

static const struct cw_key key = {.bytes = {9}, .id = "abcd"};
#define SECRET_A "secret_of_the_first_kind_xyz"
#define SECRET_B "\xff\xfe not utf-8, twenty bytes"

static const char rules[] =
	"provider: acme\n"
	"rules:\n"
	"  - {id: acme.one, title: 'Title \\with a backslash', class: specific, severity: high, anchor: 'secret_of_the',\n"
	"     pattern: '(?<secret>secret_of_the_[a-z_]+)', reach: {before: 64, after: 64}, description: d,\n"
	"     remediation: 'Revoke it in the console of the vendor, then look at the log of its use, and put the new one into a vault.',\n"
	"     examples: [secret_of_the_a, secret_of_the_b], counterexamples: [x, y]}\n"
	"  - {id: acme.two, title: Other, class: specific, severity: low, anchor: 'other_kind',\n"
	"     pattern: '(?<secret>other_kind)', reach: {before: 64, after: 64}, description: d, remediation: r,\n"
	"     examples: [other_kind, 'x other_kind'], counterexamples: [x, y]}\n";

struct fixture {
	struct cw_set *set;
	struct cw_findings *findings;
	struct cw_coverage coverage;
	struct cw_report_input in;
	char *text; /* of the last report */
	size_t len;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct cw_rulebook *book = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (!f || cw_rulebook_new(&book, &err) != 0 ||
	    cw_rulebook_add(book, "acme.yaml", rules, strlen(rules), &err) != 0 || cw_rulebook_finish(book, &err) != 0 ||
	    cw_set_compile(book, &f->set, &err) != 0 || cw_findings_new(&key, 1, true, &f->findings, &err) != 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	cw_rulebook_free(book);
	cw_coverage_init(&f->coverage);
	f->in = (struct cw_report_input){.command = "scan", .target = "a b", .version = "1.2.3", .set = f->set,
					 .findings = f->findings, .coverage = &f->coverage};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cw_findings_free(f->findings);
	cw_coverage_release(&f->coverage);
	cw_set_unref(f->set);
	free(f->text);
	free(f);
	return 0;
}

static struct cw_scan_hit hit_of(struct fixture *f, const char *rule, const char *secret, const char *path)
{
	return (struct cw_scan_hit){.rule = cw_set_find(f->set, rule), .proof = CW_PROOF_CHECKSUM, .secret = secret,
				    .canonical = secret, .secret_len = strlen(secret), .canonical_len = strlen(secret),
				    .path = path, .line = 3, .column = 5, .end_line = 4, .end_column = 6};
}

static void send(struct fixture *f, const struct cw_scan_hit *hit)
{
	struct cw_sink sink = cw_findings_sink(f->findings);

	assert_int_equal(sink.hit(sink.payload, 0, hit, NULL), 0);
}

static void write_report(struct fixture *f, const char *format)
{
	FILE *out;

	free(f->text);
	f->text = NULL;
	out = open_memstream(&f->text, &f->len);
	assert_non_null(out);
	assert_int_equal(cw_report_find(format)->write(&f->in, out, NULL), 0);
	assert_int_equal(fclose(out), 0);
}

/* Line I (0-based) of the last report as JSON. */
static struct cw_json *line(struct fixture *f, size_t i)
{
	struct cw_json *root = NULL;
	const char *p = f->text;
	struct cw_err err = CW_ERR_INIT;

	for (; i > 0; i--)
		p = strchr(p, '\n') + 1;
	if (cw_json_parse(p, strcspn(p, "\n"), 1 << 20, &root, &err) != 0)
		fail_msg("%s", err.msg);
	return root;
}

static void expect_str(const struct cw_json *o, const char *name, const char *wanted)
{
	const char *got = cw_json_str(cw_json_get(o, name));

	assert_non_null(got);
	assert_string_equal(got, wanted);
}

static void expect_int(const struct cw_json *o, const char *name, int64_t wanted)
{
	int64_t got = -1;

	assert_true(cw_json_int(cw_json_get(o, name), &got));
	assert_int_equal(got, wanted);
}

static void has(struct fixture *f, const char *word)
{
	if (!strstr(f->text, word))
		fail_msg("'%s' is not in:\n%s", word, f->text);
}

static void has_not(struct fixture *f, const char *word)
{
	if (strstr(f->text, word))
		fail_msg("'%s' is in:\n%s", word, f->text);
}

static void test_formats(void **state)
{
	/* known by name; the table ends */
	assert_non_null(cw_report_find("text"));
	assert_non_null(cw_report_find("jsonl"));
	assert_null(cw_report_find("TEXT"));
	assert_null(cw_report_find(""));
}

static void test_empty(void **state)
{
	struct fixture *f = *state;
	struct cw_json *o;

	/* nothing to scan, nothing found: said in words */
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	write_report(f, "text");
	assert_string_equal(f->text, "Coverage: there were no files to scan.\nNo secrets found.\n");
	/* header and summary only */
	write_report(f, "jsonl");
	o = line(f, 0);
	expect_str(o, "type", "header");
	expect_int(o, "version", 1);
	expect_str(o, "target", "a b");
	expect_int(o, "rules", 2);
	assert_int_equal(strlen(cw_json_str(cw_json_get(o, "rules_digest"))), 64);
	cw_json_free(o);
	o = line(f, 1);
	expect_str(o, "type", "summary");
	expect_int(o, "findings", 0);
	assert_int_equal(cw_json_len(cw_json_get(cw_json_get(o, "coverage"), "unscanned")), 0);
	assert_null(cw_json_get(o, "interrupted"));
	cw_json_free(o);
}

static void test_jsonl_finding(void **state)
{
	struct fixture *f = *state;
	struct cw_scan_hit hit = hit_of(f, "acme.one", SECRET_A, "dir/\xff");
	uint32_t also = 1;
	struct cw_json *o;

	/* everything that applies, a path that is not UTF-8 in both forms */
	hit.also = &also;
	hit.also_len = 1;
	hit.decoded = "base64";
	hit.label = "example";
	hit.cut = true;
	hit.more = 7;
	send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	write_report(f, "jsonl");
	o = line(f, 1);
	expect_str(o, "type", "finding");
	expect_str(o, "rule", "acme.one");
	expect_str(o, "severity", "low");
	expect_str(o, "proof", "checksum");
	expect_str(o, "path_b64", "ZGlyL/8=");
	expect_int(o, "line", 3);
	expect_int(o, "column", 5);
	expect_int(o, "end_line", 4);
	expect_int(o, "end_column", 6);
	expect_str(o, "decoded", "base64");
	expect_str(o, "label", "example");
	expect_int(o, "more", 7);
	assert_string_equal(cw_json_str(cw_json_at(cw_json_get(o, "also"), 0)), "acme.two");
	assert_non_null(cw_json_get(o, "cut"));
	/* outside git no object, one object not counted, no secret unless asked */
	assert_null(cw_json_get(o, "object"));
	assert_null(cw_json_get(o, "blob"));
	assert_null(cw_json_get(o, "objects"));
	assert_null(cw_json_get(o, "secret"));
	cw_json_free(o);
}

static void test_jsonl_git(void **state)
{
	struct fixture *f = *state;
	struct cw_scan_hit hit = hit_of(f, "acme.one", SECRET_A, "a");
	struct cw_json *o;

	/* with a path the blob, without one the object and its type; ids are strings */
	hit.object.len = 20;
	hit.type = CW_OBJ_BLOB;
	send(f, &hit);
	hit.path = NULL;
	hit.type = CW_OBJ_TAG;
	send(f, &hit);
	hit.object.id[0] = 0xab;
	send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	write_report(f, "jsonl");
	o = line(f, 1);
	assert_int_equal(cw_json_type(cw_json_get(o, "path")), CW_JSON_NULL);
	expect_str(o, "object", "0000000000000000000000000000000000000000");
	expect_str(o, "object_type", "tag");
	expect_int(o, "objects", 2);
	assert_null(cw_json_get(o, "blob"));
	cw_json_free(o);
	o = line(f, 2);
	expect_str(o, "path", "a");
	expect_str(o, "blob", "0000000000000000000000000000000000000000");
	cw_json_free(o);
}

static void test_show_secrets(void **state)
{
	struct fixture *f = *state;
	struct cw_scan_hit a = hit_of(f, "acme.one", SECRET_A, "a"), b = hit_of(f, "acme.one", SECRET_B, "b");
	struct cw_json *o;

	send(f, &a);
	send(f, &b);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	/* not asked for: in neither format */
	write_report(f, "text");
	has_not(f, SECRET_A);
	write_report(f, "jsonl");
	has_not(f, SECRET_A);
	/* asked for: as text where it is text, else in base64 */
	f->in.show_secrets = true;
	write_report(f, "text");
	has(f, SECRET_A);
	has(f, "\\xff\\xfe not utf-8");
	write_report(f, "jsonl");
	o = line(f, 1);
	expect_str(o, "secret", SECRET_A);
	assert_null(cw_json_get(o, "sec{+}ret_b64"));
	cw_json_free(o);
	o = line(f, 2);
	assert_null(cw_json_get(o, "secret"));
	expect_str(o, "sec" "ret_b64", "//4gbm90IHV0" "Zi04LCB0d2VudHkgYnl0ZXM=");
	cw_json_free(o);
}

static void test_text_blocks(void **state)
{
	struct fixture *f = *state;
	struct cw_scan_hit hit = hit_of(f, "acme.one", SECRET_A, "b\nnew");

	/* one block for one secret at three places, two rules; controls in paths are escaped */
	send(f, &hit);
	hit.path = "a\033[31m";
	hit.decoded = "base64";
	send(f, &hit);
	hit.rule = cw_set_find(f->set, "acme.two");
	hit.decoded = NULL;
	hit.cut = true;
	send(f, &hit);
	f->coverage.expected = f->coverage.scanned = 2;
	f->coverage.bytes = 2500000;
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	write_report(f, "text");
	has(f, "high  Title \\\\with a backslash\n");
	has(f, "  rule         acme.one\n");
	has(f, "  proof        checksum: ");
	has(f, "  found at     a\\x1b[31m:3:5 (in base64)\n"
	       "               b\\nnew:3:5\n"
	       "               a\\x1b[31m:3:5 [acme.two] (may be cut)\n");
	has(f, "  what to do   Revoke it in the console of the vendor, then look at the log of\n"
	       "               its use, and put the new one into a vault.\n");
	has(f, "Coverage: complete: 2 files expected, all scanned (2.5 MB).\n");
	has(f, "1 secret at 3 places: 1 high.\n");
	has_not(f, "low  Other");
	has_not(f, "\033");
	/* colours only when asked for */
	f->in.colour = true;
	write_report(f, "text");
	has(f, "\033[31mhigh\033[0m  Title");
}

static void test_incomplete(void **state)
{
	struct fixture *f = *state;
	struct cw_json *o;
	const struct cw_json *item;

	/* every reason is said; notes are counted; nothing found is not "clean" */
	f->coverage.expected = f->coverage.scanned = 1;
	cw_coverage_unscanned(&f->coverage, true, "x\033y", "too large");
	f->coverage.skipped = 1;
	f->coverage.submodules = 2;
	f->coverage.lfs_pointers = 1;
	f->in.command = "audit";
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	write_report(f, "text");
	has(f, "Coverage: INCOMPLETE: 1 of 2 objects scanned, 1 not scanned:\n  x\\x1by: too large\n");
	has(f, "Passed over: 1 symbolic link or special file.\n");
	has(f, "2 submodules.\n");
	has(f, "1 LFS pointer.\n");
	has(f, "No secrets found in what was scanned.\n");
	write_report(f, "jsonl");
	o = line(f, 1);
	expect_int(cw_json_get(o, "coverage"), "unscanned_count", 1);
	item = cw_json_at(cw_json_get(cw_json_get(o, "coverage"), "unscanned"), 0);
	expect_str(item, "object", "x\033y");
	expect_str(item, "reason", "too large");
	cw_json_free(o);
	/* more than are listed */
	f->coverage.unscanned += 5;
	write_report(f, "text");
	has(f, "  and 5 more that are not listed\n");
}

static void test_interrupted(void **state)
{
	struct fixture *f = *state;
	struct cw_json *o;

	/* an interrupted scan is incomplete whatever the counts say */
	f->in.interrupted = true;
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	write_report(f, "text");
	has(f, "INCOMPLETE: the scan was interrupted; ");
	has(f, "No secrets found in what was scanned.\n");
	write_report(f, "jsonl");
	o = line(f, 1);
	assert_non_null(cw_json_get(o, "interrupted"));
	cw_json_free(o);
}

static void test_write_error(void **state)
{
	struct fixture *f = *state;
	struct cw_scan_hit hit = hit_of(f, "acme.one", SECRET_A, "a");
	FILE *full = fopen("/dev/full", "w");

	/* a full device is an error, not a short report */
	send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(cw_report_find("text")->write(&f->in, full, NULL), CW_E_IO);
	assert_int_equal(cw_report_find("jsonl")->write(&f->in, full, NULL), CW_E_IO);
	fclose(full);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats), CASE(test_empty),	CASE(test_jsonl_finding), CASE(test_jsonl_git),
		CASE(test_show_secrets),	CASE(test_text_blocks), CASE(test_incomplete),	  CASE(test_interrupted),
		CASE(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
