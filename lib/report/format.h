/* report/format.h - what the formats share with each other; inside lib/report only. */
#ifndef CW_REPORT_FORMAT_H
#define CW_REPORT_FORMAT_H

#include "base/buf.h"
#include "base/json.h"
#include "report/report.h"

int cw_report_write_text(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_json(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_jsonl(const struct cw_report_input *in, FILE *out, struct cw_err *err);

/* Write the content of BUF to OUT and clear it; reports a failure of BUF too. */
int cw_report_flush(struct cw_buf *buf, FILE *out, struct cw_err *err);
/* Write a string that needs no buffer. */
int cw_report_puts(const char *text, FILE *out, struct cw_err *err);
/* Whether everything expected was scanned: only then may a report sound as if it had seen all. */
bool cw_report_complete(const struct cw_report_input *in);

/* record.c: the objects of jsonl and json, and pieces of them for other JSON formats. */
/* Write ROOT on one line without a newline; the line may hold secrets and is wiped. */
int cw_report_print_json(const struct cw_json *root, FILE *out, struct cw_err *err);
/* Fill the empty object O, which has the failure; false without memory for what goes into it. TYPE names the object. */
bool cw_report_json_header(struct cw_json *o, const struct cw_report_input *in, const char *type);
bool cw_report_json_finding(struct cw_json *o, const struct cw_report_input *in, const struct cw_finding *f);
void cw_report_json_summary(struct cw_json *o, const struct cw_report_input *in);
void cw_report_json_count(struct cw_json *o, const char *key, uint64_t n);
/* Add the bytes under KEY in base64; false without memory. */
bool cw_report_json_base64(struct cw_json *o, const char *key, const char *data, size_t len);

#endif
