/* report/junit.c - JUnit's XML as build servers read it: a failed test a place, a test "coverage" that fails with an error for each
 * object that was not scanned. Nothing found and all scanned is one passed test, so no reader sees an empty suite. */
#include <inttypes.h>
#include <string.h>

#include "report/format.h"

static void add_attribute(struct cw_buf *b, const char *name, const char *text)
{
	cw_buf_addf(b, " %s=\"", name);
	cw_report_add_markup(b, text, strlen(text));
	cw_buf_addc(b, '"');
}

/* Append what WORDS holds as text, and clear it. */
static void add_words(struct cw_buf *b, struct cw_buf *words)
{
	if (words->fail != 0)
		b->fail = words->fail;
	cw_report_add_markup(b, words->data, words->len);
	cw_buf_clear(words);
}

static void add_line(struct cw_buf *b, const char *label, const char *text)
{
	cw_buf_addf(b, "%s: ", label);
	cw_report_add_markup(b, text, strlen(text));
	cw_buf_addc(b, '\n');
}

static void add_place_name(struct cw_buf *b, const struct cw_finding *f, struct cw_buf *words)
{
	cw_buf_adds(b, " name=\"");
	cw_report_add_place(words, f);
	cw_buf_addf(words, ":%" PRIu64 ":%" PRIu64 ": %s", f->line, f->column, f->rule->title);
	add_words(b, words);
	cw_buf_addc(b, '"');
}

static void add_details(struct cw_buf *b, const struct cw_report_input *in, const struct cw_finding *f,
			struct cw_buf *words)
{
	add_line(b, "rule", f->rule->id);
	if (in->show_secrets && f->secret) {
		cw_buf_adds(b, "secret: ");
		cw_report_add_markup(b, f->secret, f->secret_len);
		cw_buf_addc(b, '\n');
	} else {
		add_line(b, "secret", f->redacted);
	}
	if (f->label)
		add_line(b, "label", f->label);
	add_line(b, "proof", cw_report_proof_words(f->proof));
	add_line(b, "fingerprint", f->fingerprint);
	if (f->origin) {
		cw_report_add_origin(words, f->origin);
		cw_buf_adds(b, "origin: ");
		add_words(b, words);
		cw_buf_addc(b, '\n');
	}
	if (f->suppression) {
		cw_report_suppression_text(words, f);
		cw_buf_adds(b, "policy:");
		add_words(b, words);
		cw_buf_addc(b, '\n');
	}
	if (f->unlisted > 0)
		cw_buf_addf(b, "more places of this secret, not listed: %" PRIu64 "\n", f->unlisted);
	add_line(b, "what to do", f->rule->remediation);
	if (cw_report_add_python(words, f)) {
		cw_buf_adds(b, "in Python: ");
		add_words(b, words);
		cw_buf_addc(b, '\n');
	}
}

static int write_finding(const struct cw_report_input *in, const struct cw_finding *f, struct cw_buf *b,
			 struct cw_buf *words, FILE *out, struct cw_err *err)
{
	cw_buf_adds(b, "<testcase");
	add_attribute(b, "classname", f->rule->id);
	add_place_name(b, f, words);
	/* What policy suppresses is listed on request; it is no failure. */
	cw_buf_adds(b, f->suppressed ? "><skipped" : "><failure");
	add_attribute(b, "type", f->suppressed ? cw_suppressed_by_name(f->suppression->by) : cw_severity_name(f->severity));
	cw_buf_addf(words, "%s: %s (proof: %s)", f->rule->title, f->redacted, cw_proof_level_name(f->proof));
	cw_buf_adds(b, " message=\"");
	add_words(b, words);
	cw_buf_adds(b, "\">\n");
	add_details(b, in, f, words);
	cw_buf_adds(b, f->suppressed ? "</skipped></testcase>\n" : "</failure></testcase>\n");
	return cw_report_flush(b, out, err);
}

/* The test "coverage": passed, or with one error that lists what is missing. */
static int write_coverage(const struct cw_report_input *in, struct cw_buf *b, struct cw_buf *words, FILE *out,
			  struct cw_err *err)
{
	const struct cw_coverage *c = in->coverage;
	int rc;

	cw_buf_adds(b, "<testcase classname=\"credwatch\" name=\"coverage\">");
	if (!cw_report_complete(in)) {
		cw_report_add_coverage(words, in);
		cw_buf_adds(b, "<error type=\"incomplete\" message=\"");
		add_words(b, words);
		cw_buf_adds(b, "\">\n");
	}
	rc = cw_report_flush(b, out, err);
	for (size_t i = 0; rc == 0 && !cw_report_complete(in) && i < c->list.len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);

		cw_report_add_markup(b, u->object ? u->object : "", u->object ? strlen(u->object) : 0);
		add_line(b, "", u->reason ? u->reason : "");
		rc = cw_report_flush(b, out, err);
	}
	if (!cw_report_complete(in)) {
		if (c->unscanned > c->list.len)
			cw_buf_addf(b, "and %" PRIu64 " more that are not listed\n", c->unscanned - c->list.len);
		cw_buf_adds(b, "</error>");
	}
	cw_buf_adds(b, "</testcase>\n");
	return rc == 0 ? cw_report_flush(b, out, err) : rc;
}

static size_t failed(const struct cw_findings *findings)
{
	size_t n = 0;

	for (size_t i = 0; i < cw_findings_len(findings); i++)
		n += !cw_findings_at(findings, i)->suppressed;
	return n;
}

int cw_report_write_junit(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT_SECRET, words = CW_BUF_INIT;
	size_t len = cw_findings_len(in->findings), failures = failed(in->findings);
	int rc, errors = cw_report_complete(in) ? 0 : 1;

	cw_buf_adds(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	cw_buf_addf(&b, "<testsuites name=\"credwatch\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\">\n", len + 1, failures, errors);
	cw_buf_adds(&b, "<testsuite");
	add_attribute(&b, "name", in->command);
	cw_buf_addf(&b, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\">\n<properties>\n", len + 1, failures, errors,
		    len - failures);
	cw_buf_adds(&b, "<property name=\"target\"");
	add_attribute(&b, "value", in->target);
	cw_buf_adds(&b, "/>\n<property name=\"credwatch\"");
	add_attribute(&b, "value", in->version);
	cw_buf_adds(&b, "/>\n</properties>\n");
	rc = cw_report_flush(&b, out, err);
	if (rc == 0)
		rc = write_coverage(in, &b, &words, out, err);
	for (size_t i = 0; rc == 0 && i < len; i++)
		rc = write_finding(in, cw_findings_at(in->findings, i), &b, &words, out, err);
	return rc == 0 ? cw_report_puts("</testsuite>\n</testsuites>\n", out, err) : rc;
}
