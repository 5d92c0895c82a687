/* report/jsonl.c - the stable machine interface: header line, one line a place, summary line. A report without its summary line
 * was cut off. */
#include "report/format.h"

/* Print the object as a line. FILLED: whether it could be filled. */
static int print_line(const struct cw_json *o, bool filled, FILE *out, struct cw_err *err)
{
	int rc = filled ? cw_report_print_json(o, out, err) : cw_err_nomem(err);

	return rc == 0 ? cw_report_puts("\n", out, err) : rc;
}

static int write_header(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();

	return print_line(o, cw_report_json_header(o, in, "header"), out, err);
}

static int write_finding(const struct cw_report_input *in, const struct cw_finding *f, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();

	return print_line(o, cw_report_json_finding(o, in, f), out, err);
}

static int write_summary(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();

	cw_report_json_summary(o, in);
	return print_line(o, true, out, err);
}

int cw_report_write_jsonl(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	int rc = write_header(in, out, err);

	for (size_t i = 0; rc == 0 && i < cw_findings_len(in->findings); i++)
		rc = write_finding(in, cw_findings_at(in->findings, i), out, err);
	return rc == 0 ? write_summary(in, out, err) : rc;
}
