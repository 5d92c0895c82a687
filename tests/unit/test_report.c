/* unit/test_report.c - text, json and jsonl, on findings made by hand: what is shown, escaped, counted, and what write errors become. */
#include <stdio.h>
#include <string.h>

#include "report_case.h"

#include "base/json.h"

/* Line I (0-based) of the last report as JSON. */
static struct cw_json *line(struct report_case *f, size_t i)
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

static void test_formats(void **state)
{
	/* known by name; the table ends */
	assert_non_null(cw_report_find("text"));
	assert_non_null(cw_report_find("jsonl"));
	assert_non_null(cw_report_find("json"));
	assert_null(cw_report_find("TEXT"));
	assert_null(cw_report_find(""));
}

static void test_empty(void **state)
{
	struct report_case *f = *state;
	struct cw_json *o;

	/* nothing to scan, nothing found: said in words */
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	report_write(f, "text");
	assert_string_equal(f->text, "Coverage: there were no files to scan.\nNo secrets found.\n");
	/* header and summary only */
	report_write(f, "jsonl");
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
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "dir/\xff");
	uint32_t also = 1;
	struct cw_json *o;

	/* everything that applies, a path that is not UTF-8 in both forms */
	hit.also = &also;
	hit.also_len = 1;
	hit.decoded = "base64";
	hit.label = "example";
	hit.cut = true;
	hit.more = 7;
	report_send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	report_write(f, "jsonl");
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
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	struct cw_json *o;

	/* with a path the blob, without one the object and its type; ids are strings */
	hit.object.len = 20;
	hit.type = CW_OBJ_BLOB;
	report_send(f, &hit);
	hit.path = NULL;
	hit.type = CW_OBJ_TAG;
	report_send(f, &hit);
	hit.object.id[0] = 0xab;
	report_send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	report_write(f, "jsonl");
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
	struct report_case *f = *state;
	struct cw_scan_hit a = report_hit(f, "acme.one", SECRET_A, "a"), b = report_hit(f, "acme.one", SECRET_B, "b");
	struct cw_json *o;

	report_send(f, &a);
	report_send(f, &b);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	/* not asked for: in neither format */
	report_write(f, "text");
	report_has_not(f, SECRET_A);
	report_write(f, "jsonl");
	report_has_not(f, SECRET_A);
	/* asked for: as text where it is text, else in base64 */
	f->in.show_secrets = true;
	report_write(f, "text");
	report_has(f, SECRET_A);
	report_has(f, "\\xff\\xfe not utf-8");
	report_write(f, "jsonl");
	o = line(f, 1);
	expect_str(o, "secret", SECRET_A);
	assert_null(cw_json_get(o, "secret_b64"));
	cw_json_free(o);
	o = line(f, 2);
	assert_null(cw_json_get(o, "secret"));
	expect_str(o, "sec" "ret_b64", "//4gbm90IHV0" "Zi04LCB0d2VudHkgYnl0ZXM=");
	cw_json_free(o);
}

static void test_text_blocks(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "b\nnew");

	/* one block for one secret at three places, two rules; controls in paths are escaped */
	report_send(f, &hit);
	hit.path = "a\033[31m";
	hit.decoded = "base64";
	report_send(f, &hit);
	hit.rule = cw_set_find(f->set, "acme.two");
	hit.decoded = NULL;
	hit.cut = true;
	report_send(f, &hit);
	f->coverage.expected = f->coverage.scanned = 2;
	f->coverage.bytes = 2500000;
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	report_write(f, "text");
	report_has(f, "high  Title \\\\with a backslash\n");
	report_has(f, "  rule         acme.one\n");
	report_has(f, "  proof        checksum: ");
	report_has(f, "  found at     a\\x1b[31m:3:5 (in base64)\n"
	       "               b\\nnew:3:5\n"
	       "               a\\x1b[31m:3:5 [acme.two] (may be cut)\n");
	report_has(f, "  what to do   Revoke it in the console of the vendor, then look at the log of\n"
	       "               its use, and put the new one into a vault.\n");
	report_has(f, "Coverage: complete: 2 files expected, all scanned (2.5 MB).\n");
	report_has(f, "1 secret at 3 places: 1 high.\n");
	report_has_not(f, "low  Other");
	report_has_not(f, "\033");
	/* colours only when asked for */
	f->in.colour = true;
	report_write(f, "text");
	report_has(f, "\033[31mhigh\033[0m  Title");
}

static void test_incomplete(void **state)
{
	struct report_case *f = *state;
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
	report_write(f, "text");
	report_has(f, "Coverage: INCOMPLETE: 1 of 2 objects scanned, 1 not scanned:\n  x\\x1by: too large\n");
	report_has(f, "Passed over: 1 symbolic link or special file.\n");
	report_has(f, "2 submodules.\n");
	report_has(f, "1 LFS pointer.\n");
	report_has(f, "No secrets found in what was scanned.\n");
	report_write(f, "jsonl");
	o = line(f, 1);
	expect_int(cw_json_get(o, "coverage"), "unscanned_count", 1);
	item = cw_json_at(cw_json_get(cw_json_get(o, "coverage"), "unscanned"), 0);
	expect_str(item, "object", "x\033y");
	expect_str(item, "reason", "too large");
	cw_json_free(o);
	/* more than are listed */
	f->coverage.unscanned += 5;
	report_write(f, "text");
	report_has(f, "  and 5 more that are not listed\n");
}

static void test_interrupted(void **state)
{
	struct report_case *f = *state;
	struct cw_json *o;

	/* an interrupted scan is incomplete whatever the counts say */
	f->in.interrupted = true;
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	report_write(f, "text");
	report_has(f, "INCOMPLETE: the scan was interrupted; ");
	report_has(f, "No secrets found in what was scanned.\n");
	report_write(f, "jsonl");
	o = line(f, 1);
	assert_non_null(cw_json_get(o, "interrupted"));
	cw_json_free(o);
}

static void test_write_error(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	FILE *full = fopen("/dev/full", "w");

	/* a full device is an error, not a short report */
	report_send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	for (const struct cw_report_format *format = cw_report_formats; format->name; format++)
		assert_int_equal(format->write(&f->in, full, NULL), CW_E_IO);
	fclose(full);
}

static void test_json(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "b");
	struct cw_json *o = NULL;

	/* the objects of jsonl inside one, indented by nothing but valid as a whole */
	report_send(f, &hit);
	hit.path = "a";
	report_send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	report_write(f, "json");
	assert_int_equal(cw_json_parse(f->text, f->len, 1 << 20, &o, NULL), 0);
	expect_str(o, "type", "report");
	expect_int(o, "version", 1);
	expect_str(o, "command", "scan");
	assert_int_equal(cw_json_len(cw_json_get(o, "findings")), 2);
	expect_str(cw_json_at(cw_json_get(o, "findings"), 0), "path", "a");
	expect_str(cw_json_at(cw_json_get(o, "findings"), 1), "path", "b");
	expect_int(cw_json_get(o, "summary"), "findings", 2);
	cw_json_free(o);
}

static void test_json_empty(void **state)
{
	struct report_case *f = *state;
	struct cw_json *o = NULL;

	/* no findings: an empty list, not a broken one */
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	report_write(f, "json");
	assert_int_equal(cw_json_parse(f->text, f->len, 1 << 20, &o, NULL), 0);
	assert_int_equal(cw_json_type(cw_json_get(o, "findings")), CW_JSON_ARRAY);
	assert_int_equal(cw_json_len(cw_json_get(o, "findings")), 0);
	cw_json_free(o);
}

static struct cw_origin origin_of_a(void)
{
	struct cw_origin origin = {.state = CW_STATE_TIP, .author = "A \xffuthor <a@example.org>", .date = 1700000000,
				   .introductions = 2, .tip_ref = "refs/heads/main", .tip_line = 9};

	origin.commit.len = origin.tip_blob.len = 20;
	memset(origin.commit.id, 0xaa, 20);
	memset(origin.tip_blob.id, 0xbb, 20);
	return origin;
}

/* Give the first finding an origin: attribution does so in an audit. */
static void attribute(struct report_case *f, const struct cw_origin *origin)
{
	((struct cw_finding *)cw_findings_at(f->findings, 0))->origin = origin;
}

static void test_jsonl_origin(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	struct cw_origin origin = origin_of_a();
	const struct cw_json *tip;
	struct cw_json *o;

	/* where first, by whom, live where */
	report_send(f, &hit);
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
	attribute(f, &origin);
	report_write(f, "jsonl");
	o = line(f, 1);
	expect_str(o, "commit", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	expect_str(o, "author", "A \xef\xbf\xbduthor <a@example.org>");
	expect_str(o, "date", "2023-11-14T22:13:20Z");
	expect_str(o, "state", "tip");
	expect_int(o, "introductions", 2);
	tip = cw_json_get(o, "tip");
	expect_str(tip, "ref", "refs/heads/main");
	expect_str(tip, "blob", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	expect_int(tip, "line", 9);
	cw_json_free(o);
	/* no commit is known: no empty strings in its place */
	origin = (struct cw_origin){.state = CW_STATE_UNREACHABLE};
	report_write(f, "jsonl");
	o = line(f, 1);
	expect_str(o, "state", "unreachable");
	assert_null(cw_json_get(o, "commit"));
	assert_null(cw_json_get(o, "author"));
	assert_null(cw_json_get(o, "date"));
	assert_null(cw_json_get(o, "tip"));
	cw_json_free(o);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats), CASE(test_empty),	CASE(test_jsonl_finding), CASE(test_jsonl_git),
		CASE(test_show_secrets),	CASE(test_text_blocks), CASE(test_incomplete),	  CASE(test_interrupted),
		CASE(test_write_error),		CASE(test_json),	CASE(test_json_empty),	  CASE(test_jsonl_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
