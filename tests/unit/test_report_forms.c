/* unit/test_report_forms.c - sarif, gitlab, csv and junit on findings made by hand: limits, origins, what is said of a scan that is
 * not complete. That readers of others understand them is tested in integration/test_reports.py. */
#include <stdio.h>
#include <string.h>

#include "report_case.h"

#include "base/json.h"

static struct cw_json *parse(struct report_case *f, const char *format)
{
	struct cw_json *root = NULL;
	struct cw_err err = CW_ERR_INIT;

	report_write(f, format);
	if (cw_json_parse(f->text, f->len, 1 << 28, &root, &err) != 0)
		fail_msg("%s", err.msg);
	return root;
}

static const struct cw_json *run_of(const struct cw_json *log)
{
	return cw_json_at(cw_json_get(log, "runs"), 0);
}

static const char *text_at(const struct cw_json *o, const char *a, const char *b)
{
	const char *text = cw_json_str(cw_json_get(cw_json_get(o, a), b));

	return text ? text : "";
}

static void finish(struct report_case *f)
{
	f->coverage.expected = f->coverage.scanned = 1;
	assert_int_equal(cw_findings_finish(f->findings, NULL), 0);
}

static void attribute(struct report_case *f, const struct cw_origin *origin)
{
	((struct cw_finding *)cw_findings_at(f->findings, 0))->origin = origin;
}

static struct cw_origin origin(enum cw_place_state state)
{
	struct cw_origin o = {.state = state, .author = "=A <a@example.org>", .date = 1700000000, .introductions = 3};

	o.commit.len = 20;
	memset(o.commit.id, 0xaa, 20);
	return o;
}

static void test_sarif_limit(void **state)
{
	struct report_case *f = *state;
	struct cw_json *log;
	const struct cw_json *notes;
	char path[32];

	/* exactly as many as GitHub takes: all, and no word about it */
	for (int i = 0; i < 25000; i++) {
		struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, path);

		snprintf(path, sizeof(path), "f%05d", i);
		report_send(f, &hit);
	}
	finish(f);
	log = parse(f, "sarif");
	assert_int_equal(cw_json_len(cw_json_get(run_of(log), "results")), 25000);
	notes = cw_json_get(cw_json_at(cw_json_get(run_of(log), "invocations"), 0), "toolExecutionNotifications");
	assert_int_equal(cw_json_len(notes), 1);
	cw_json_free(log);
}

static void test_sarif_beyond_limit(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit low = report_hit(f, "acme.two", "other_kind", "low");
	struct cw_json *log;
	const struct cw_json *notes, *rules;
	char path[32];

	/* one more: the least severe is left out, with its rule, and that is said */
	report_send(f, &low);
	for (int i = 0; i < 25000; i++) {
		struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, path);

		snprintf(path, sizeof(path), "f%05d", i);
		report_send(f, &hit);
	}
	finish(f);
	log = parse(f, "sarif");
	assert_int_equal(cw_json_len(cw_json_get(run_of(log), "results")), 25000);
	rules = cw_json_get(cw_json_get(cw_json_get(run_of(log), "tool"), "driver"), "rules");
	assert_int_equal(cw_json_len(rules), 1);
	notes = cw_json_get(cw_json_at(cw_json_get(run_of(log), "invocations"), 0), "toolExecutionNotifications");
	assert_int_equal(cw_json_len(notes), 2);
	assert_non_null(strstr(text_at(cw_json_at(notes, 1), "message", "text"), "1 places are not listed"));
	cw_json_free(log);
}

static void test_sarif_message(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", "short", "a");
	struct cw_origin o = origin(CW_STATE_TIP);
	struct cw_json *log;
	const char *text;

	/* a secret too short to show any of it is marked as left out; brackets and braces of others are no markup */
	o.tip_ref = "refs/heads/[x]({0})";
	report_send(f, &hit);
	finish(f);
	attribute(f, &o);
	log = parse(f, "sarif");
	text = text_at(cw_json_at(cw_json_get(run_of(log), "results"), 0), "message", "text");
	assert_string_equal(text, "Title \\\\with a backslash: \\[REDACTED\\] (1-7 characters); proof: checksum; first in "
				  "aaaaaaaaaaaa of 2023-11-14 by =A <a@example.org> (introduced 3 times); live at "
				  "refs/heads/\\[x\\]({{0}})");
	cw_json_free(log);
}

static void test_sarif_repository(void **state)
{
	struct report_case *f = *state;
	struct cw_oid head = {.len = 20, .id = {0xab}};
	struct cw_json *log;
	const struct cw_json *provenance;

	/* a repository without a commit has no revision */
	finish(f);
	f->in.repository = "/a b/\xff";
	log = parse(f, "sarif");
	provenance = cw_json_at(cw_json_get(run_of(log), "versionControlProvenance"), 0);
	assert_string_equal(cw_json_str(cw_json_get(provenance, "repositoryUri")), "file:///a%20b/%FF");
	assert_null(cw_json_get(provenance, "revisionId"));
	cw_json_free(log);
	f->in.revision = &head;
	log = parse(f, "sarif");
	provenance = cw_json_at(cw_json_get(run_of(log), "versionControlProvenance"), 0);
	assert_string_equal(cw_json_str(cw_json_get(provenance, "revisionId")), "ab00000000000000000000000000000000000000");
	cw_json_free(log);
}

static void test_gitlab(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a"), text = report_hit(f, "acme.one", SECRET_A, NULL);
	struct cw_origin o = origin(CW_STATE_HISTORY);
	struct cw_json *root;
	const struct cw_json *list, *commit;

	text.type = CW_OBJ_COMMIT;
	text.object.len = 20;
	report_send(f, &hit);
	report_send(f, &text);
	finish(f);
	f->in.started = 1700000000;
	f->in.ended = 1700000001;
	/* times have no zone; without git the commit is GitLab's own word for none; the commit of a message is its place */
	root = parse(f, "gitlab");
	assert_string_equal(text_at(root, "scan", "start_time"), "2023-11-14T22:13:20");
	assert_string_equal(text_at(root, "scan", "end_time"), "2023-11-14T22:13:21");
	list = cw_json_get(root, "vulnerabilities");
	commit = cw_json_get(cw_json_get(cw_json_at(list, 0), "location"), "commit");
	assert_string_equal(cw_json_str(cw_json_get(commit, "sha")), "0000000000000000000000000000000000000000");
	assert_null(cw_json_get(cw_json_get(cw_json_at(list, 0), "location"), "file"));
	commit = cw_json_get(cw_json_get(cw_json_at(list, 1), "location"), "commit");
	assert_string_equal(cw_json_str(cw_json_get(commit, "sha")), "0000000");
	assert_null(cw_json_get(commit, "author"));
	cw_json_free(root);
	/* with an origin the commit that introduced it */
	attribute(f, &o);
	root = parse(f, "gitlab");
	commit = cw_json_get(cw_json_get(cw_json_at(cw_json_get(root, "vulnerabilities"), 0), "location"), "commit");
	assert_string_equal(cw_json_str(cw_json_get(commit, "sha")), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_string_equal(cw_json_str(cw_json_get(commit, "author")), "=A <a@example.org>");
	cw_json_free(root);
}

static void test_csv(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a\"b,c");
	struct cw_origin o = origin(CW_STATE_UNREACHABLE);

	/* quotes are doubled; an author that begins like a formula is guarded */
	report_send(f, &hit);
	finish(f);
	attribute(f, &o);
	report_write(f, "csv");
	report_has(f, "\r\n\"finding\",\"high\",\"acme.one\",\"Title \\\\with a backslash\",\"checksum\",\"a\"\"b,c\",\"3\",\"5\",\"4\",\"6\",");
	report_has(f, ",\"unreachable\",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"'=A <a@example.org>\",\"2023-11-14T22:13:20Z\",\"3\",\"\",\"\",");
	report_has(f, "\r\n\"summary\",\"\",\"\",\"complete: 1 of 1 scanned, 0 not scanned; 1 secret at 1 place\",");
	report_has_not(f, SECRET_A);
}

static void test_origin_words(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	struct cw_origin o = origin(CW_STATE_TIP);

	/* where first, by whom, and whether it is still there, under the place it belongs to */
	report_send(f, &hit);
	finish(f);
	attribute(f, &o);
	o.tip_ref = "refs/heads/m\033";
	o.tip_line = 9;
	report_write(f, "text");
	report_has(f, "  found at     a:3:5\n                 first in aaaaaaaaaaaa of 2023-11-14 by =A <a@example.org> (introduced 3 "
		      "times); live at refs/heads/m\\x1b, line 9\n");
	report_write(f, "junit");
	report_has(f, "origin: first in aaaaaaaaaaaa of 2023-11-14 by =A &lt;a@example.org&gt; (introduced 3 times); live at ");
	o.state = CW_STATE_HISTORY;
	o.introductions = 1;
	report_write(f, "text");
	report_has(f, "by =A <a@example.org>; in history only, at no branch now\n");
	/* no commit is known */
	o = (struct cw_origin){.state = CW_STATE_UNREACHABLE};
	report_write(f, "text");
	report_has(f, "                 in the object store, reachable from no ref\n");
}

static void test_incomplete(void **state)
{
	struct report_case *f = *state;
	struct cw_json *root;

	/* an interrupted scan is no success anywhere, even if the numbers add up */
	finish(f);
	f->in.interrupted = true;
	root = parse(f, "gitlab");
	assert_string_equal(text_at(root, "scan", "status"), "failure");
	cw_json_free(root);
	report_write(f, "sarif");
	report_has(f, "\"executionSuccessful\":false");
	report_write(f, "csv");
	report_has(f, "INCOMPLETE (interrupted): ");
	report_write(f, "junit");
	report_has(f, "errors=\"1\"");
	report_has(f, "<error type=\"incomplete\"");
}

static void test_suppressed(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	struct cw_suppression mark = {.by = CW_BY_MARK, .reason = "a mark"};
	struct cw_finding *first;
	struct cw_json *root;

	/* what policy suppresses is listed, and is no failure */
	report_send(f, &hit);
	hit.path = "b";
	report_send(f, &hit);
	finish(f);
	first = (struct cw_finding *)cw_findings_at(f->findings, 0);
	first->suppression = &mark;
	first->suppressed = true;
	report_write(f, "junit");
	report_has(f, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\"");
	report_has(f, "name=\"a:3:5: Title \\with a backslash\"><skipped type=\"mark\"");
	report_has(f, "</skipped></testcase>");
	report_write(f, "sarif");
	report_has(f, "\"suppressions\":[{\"kind\":\"inSource\",\"justification\":\"a mark\"}]");
	report_has(f, "complete: 1 of 1 scanned, 0 not scanned; 1 secret at 1 place\"");
	/* its own columns in a table; none of GitLab's vulnerabilities; not in the numbers of a page, but in its list */
	report_write(f, "csv");
	report_has(f, ",\"\",\"\",\"mark\",\"\",\"a mark\",");
	root = parse(f, "gitlab");
	assert_int_equal(cw_json_len(cw_json_get(root, "vulnerabilities")), 1);
	assert_string_equal(text_at(cw_json_at(cw_json_get(root, "vulnerabilities"), 0), "location", "file"), "b");
	cw_json_free(root);
	report_write(f, "html");
	report_has(f, "suppressed by mark: a mark");
	report_has(f, "<b>1</b><span>place</span>");
	report_has(f, "<div class=\"card s2\"><b>1</b>");
	report_has(f, "<td class=\"count\">1</td>");
	report_has(f, "\"\",\"mark\"]");
	report_write(f, "text");
	report_has(f, "1 secret at 1 place: 1 high.");
}

static void test_all_suppressed(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	struct cw_suppression allow = {.by = CW_BY_ALLOW, .reason = "<b>"};
	struct cw_finding *only;

	/* a list without any place that counts: the page still has it */
	report_send(f, &hit);
	finish(f);
	only = (struct cw_finding *)cw_findings_at(f->findings, 0);
	only->suppression = &allow;
	only->suppressed = true;
	report_write(f, "html");
	report_has(f, "<b>0</b><span>places</span>");
	report_has(f, "suppressed by allow: \\u003cb\\u003e");
	report_has(f, "\"id\":\"acme.one\"");
	report_has_not(f, "data-filter=\"rule\"");
	report_write(f, "gitlab");
	report_has(f, "\"vulnerabilities\":[\n]}");
}

static void test_advisory(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");
	struct cw_suppression advisory = {.by = CW_BY_BASELINE, .advisory = true};
	struct cw_finding *only;

	/* what the repository alone suppresses counts, and that is said */
	report_send(f, &hit);
	finish(f);
	only = (struct cw_finding *)cw_findings_at(f->findings, 0);
	only->suppression = &advisory;
	report_write(f, "csv");
	report_has(f, ",\"\",\"\",\"\",\"baseline\",\"\",");
	report_write(f, "gitlab");
	report_has(f, "(counts, though the repository has it as known: baseline)");
	report_write(f, "junit");
	report_has(f, "policy: (counts, though the repository has it as known: baseline)\n");
	report_write(f, "html");
	report_has(f, "counts, though the repository has it as known: baseline");
	report_has(f, "<b>1</b><span>place</span>");
}

static void test_unlisted(void **state)
{
	struct report_case *f = *state;
	struct cw_scan_hit hit = report_hit(f, "acme.one", SECRET_A, "a");

	/* places that were only counted are said in every format */
	report_send(f, &hit);
	finish(f);
	((struct cw_finding *)cw_findings_at(f->findings, 0))->unlisted = 7;
	report_write(f, "text");
	report_has(f, "a:3:5\n               and 7 more places\n");
	report_write(f, "json");
	report_has(f, "\"unlisted_places\":7");
	report_write(f, "jsonl");
	report_has(f, "\"unlisted_places\":7");
	report_write(f, "sarif");
	report_has(f, "\"unlisted_places\":7");
	report_write(f, "gitlab");
	report_has(f, "7 more places of this secret are not listed");
	report_write(f, "csv");
	report_has(f, ",\"1\",\"\",\"7\",");
	report_write(f, "junit");
	report_has(f, "more places of this secret, not listed: 7\n");
	report_write(f, "html");
	report_has(f, "7 more places of this secret are not listed");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_sarif_limit), CASE(test_sarif_beyond_limit), CASE(test_sarif_message), CASE(test_sarif_repository),
		CASE(test_gitlab),	CASE(test_csv),		       CASE(test_origin_words),	 CASE(test_incomplete),
		CASE(test_suppressed),	CASE(test_all_suppressed),     CASE(test_advisory),	 CASE(test_unlisted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
