/* daemon/metrics.h - the metrics file, in the text form of Prometheus: written beside and renamed, every CW_METRICS_MS and at the end.
 * Base units, no labels that hold paths or users. Threads: one. */
#ifndef CW_DAEMON_METRICS_H
#define CW_DAEMON_METRICS_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/daemon.h"

#define CW_METRICS_MS 15000

int cw_metrics_new(struct cw_daemon *d, struct cw_metrics **ret, struct cw_err *err);
void cw_metrics_free(struct cw_metrics *m);
CW_DEFINE_CLEANUP(struct cw_metrics, cw_metrics_free)
/* Write the file now, if one is configured. */
void cw_metrics_write(struct cw_metrics *m);
/* Append all metrics of D. */
int cw_metrics_print(const struct cw_daemon *d, struct cw_buf *out, struct cw_err *err);

#endif
