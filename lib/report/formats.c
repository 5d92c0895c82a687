/* report/formats.c - the table of formats. */
#include <errno.h>
#include <string.h>

#include "report/format.h"

const struct cw_report_format cw_report_formats[] = {
	{"text", "for people: one block a secret with all its places", 0, cw_report_write_text},
	{"json", "for programs: one JSON object", 0, cw_report_write_json},
	{"jsonl", "for programs: one JSON object a line", 0, cw_report_write_jsonl},
	{"sarif", "for code scanning: SARIF 2.1.0, at most 25,000 results", CW_REPORT_REVISION, cw_report_write_sarif},
	{"gitlab", "for GitLab: secret detection report 15.2.1", CW_REPORT_TIMES, cw_report_write_gitlab},
	{"csv", "for spreadsheets: one row a place, a summary as the last row", 0, cw_report_write_csv},
	{"junit", "for build servers: one failed test a place", 0, cw_report_write_junit},
	{"html", "for a browser: one file with numbers, timeline and search", 0, cw_report_write_html},
	{NULL, NULL, 0, NULL},
};

const struct cw_report_format *cw_report_find(const char *name)
{
	for (const struct cw_report_format *f = cw_report_formats; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

int cw_report_flush(struct cw_buf *buf, FILE *out, struct cw_err *err)
{
	int rc = cw_buf_fail(buf, "report", err);

	if (rc != 0)
		return rc;
	errno = 0;
	if (fwrite(buf->data, 1, buf->len, out) != buf->len)
		return cw_err_sys(err, errno, "cannot write the report");
	cw_buf_clear(buf);
	return 0;
}

int cw_report_puts(const char *text, FILE *out, struct cw_err *err)
{
	errno = 0;
	return fputs(text, out) < 0 ? cw_err_sys(err, errno, "cannot write the report") : 0;
}

bool cw_report_complete(const struct cw_report_input *in)
{
	return cw_coverage_complete(in->coverage) && !in->interrupted;
}

void cw_report_names(struct cw_buf *out)
{
	for (const struct cw_report_format *f = cw_report_formats; f->name; f++)
		cw_buf_addf(out, "%s%s", f == cw_report_formats ? "" : f[1].name ? ", " : " or ", f->name);
}
