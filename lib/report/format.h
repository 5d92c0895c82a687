/* report/format.h - what the formats share with each other; inside lib/report only. */
#ifndef CW_REPORT_FORMAT_H
#define CW_REPORT_FORMAT_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "report/report.h"
#include "report/words.h"

int cw_report_write_text(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_json(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_jsonl(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_sarif(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_gitlab(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_csv(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_junit(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_html(const struct cw_report_input *in, FILE *out, struct cw_err *err);

/* Write the content of BUF to OUT and clear it; reports a failure of BUF too. */
int cw_report_flush(struct cw_buf *buf, FILE *out, struct cw_err *err);
/* Write a string that needs no buffer. */
int cw_report_puts(const char *text, FILE *out, struct cw_err *err);
/* Whether everything expected was scanned: only then may a report sound as if it had seen all. */
bool cw_report_complete(const struct cw_report_input *in);

/* words.c: more than report/words.h promises. */
/* "complete: ..." or "INCOMPLETE: ...", with numbers; one line. */
void cw_report_add_coverage(struct cw_buf *b, const struct cw_report_input *in);
/* TEXT of XML or HTML, in an element or an attribute: what is no valid UTF-8 or no character of XML is shown as \xNN. */
void cw_report_add_markup(struct cw_buf *b, const char *text, size_t len);
/* What tells this place from all others, the same in every run: a digest of fingerprint, rule and path. */
int cw_report_place_digest(const struct cw_finding *f, uint8_t out[CW_SHA256_LEN], struct cw_err *err);

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

/* suppressed.c: how many places do not count, listed or not; why a finding does not count, as a member; how many do not, as a line (false: none) or a member. */
uint64_t cw_report_suppressed_places(const struct cw_report_input *in);
bool cw_report_suppressed_text(struct cw_buf *b, const struct cw_report_input *in);
void cw_report_suppression_json(struct cw_json *o, const struct cw_finding *f);
void cw_report_suppressed_json(struct cw_json *o, const struct cw_report_input *in);

#endif
