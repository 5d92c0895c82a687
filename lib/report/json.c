/* report/json.c - one JSON object: the header's members, then "findings" and "summary" with the objects of jsonl. */
#include "report/format.h"

/* The header's members without the closing brace, so that more members can follow. */
static int write_header(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf buf = CW_BUF_INIT;
	int rc;

	if (!cw_report_json_header(o, in, "report"))
		return cw_err_nomem(err);
	rc = cw_json_print(o, false, &buf, err);
	if (rc != 0)
		return rc;
	cw_buf_truncate(&buf, buf.len - 1);
	cw_buf_adds(&buf, ",\n\"findings\":[");
	return cw_report_flush(&buf, out, err);
}

static int write_finding(const struct cw_report_input *in, size_t i, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	int rc;

	if (!cw_report_json_finding(o, in, cw_findings_at(in->findings, i)))
		return cw_err_nomem(err);
	rc = cw_report_puts(i == 0 ? "\n" : ",\n", out, err);
	return rc == 0 ? cw_report_print_json(o, out, err) : rc;
}

static int write_summary(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	int rc;

	cw_report_json_summary(o, in);
	rc = cw_report_puts("\n],\n\"summary\":", out, err);
	if (rc == 0)
		rc = cw_report_print_json(o, out, err);
	return rc == 0 ? cw_report_puts("}\n", out, err) : rc;
}

int cw_report_write_json(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	int rc = write_header(in, out, err);

	for (size_t i = 0; rc == 0 && i < cw_findings_len(in->findings); i++)
		rc = write_finding(in, i, out, err);
	return rc == 0 ? write_summary(in, out, err) : rc;
}
