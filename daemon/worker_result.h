/* daemon/worker_result.h - what a scan of content comes to, as a Varlink reply (io.credwatch.ScanResult).
 * Threads: one. */
#ifndef CW_DAEMON_WORKER_RESULT_H
#define CW_DAEMON_WORKER_RESULT_H

#include "base/buf.h"
#include "daemon/worker_int.h"
#include "policy/findings.h"
#include "scan/scanner.h"

#define CW_REASONS_MAX 100 /* listed; the rest is counted in one more */

/* The reply of a scan that found nothing and decided everything: the usual case. */
extern const char cw_result_clean[];

struct cw_collector { /* findings of one content, made when the first hit comes */
	struct cw_worker *worker;
	struct cw_findings *findings;
};

/* A sink over C. */
struct cw_sink cw_collector_sink(struct cw_collector *c);
void cw_collector_clear(struct cw_collector *c);
/* Whether the last scan of S found nothing and left nothing open. */
bool cw_result_is_clean(const struct cw_scanner *s);
/* Append the reply for the last scan of S, whose findings C has. */
int cw_result_add(struct cw_collector *c, const struct cw_scanner *s, struct cw_buf *out, struct cw_err *err);

#endif
