/* report/format.h - what the formats share with each other; inside lib/report only. */
#ifndef CW_REPORT_FORMAT_H
#define CW_REPORT_FORMAT_H

#include "base/buf.h"
#include "report/report.h"

int cw_report_write_text(const struct cw_report_input *in, FILE *out, struct cw_err *err);
int cw_report_write_jsonl(const struct cw_report_input *in, FILE *out, struct cw_err *err);

/* Write the content of BUF to OUT and clear it; reports a failure of BUF too. */
int cw_report_flush(struct cw_buf *buf, FILE *out, struct cw_err *err);

#endif
