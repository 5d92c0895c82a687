/* scan/worker.h - the threads of one scan: they start, share one state, and are joined. */
#ifndef CW_SCAN_WORKER_H
#define CW_SCAN_WORKER_H

#include "base/err.h"

#define CW_JOBS_MAX 1024

/* One worker's whole work; WORKER is its number, 0-based. */
typedef int (*cw_worker_fn)(void *shared, unsigned worker, struct cw_err *err);

/* Run FN in JOBS threads (at least one, at most CW_JOBS_MAX), the caller's being worker 0, and wait for all. When the system
 * gives fewer threads, fewer run: FN must take its work from a shared counter. Signals stay with the caller's thread. Returns the
 * first failure by worker number, with its error, or 0. */
int cw_workers_run(unsigned jobs, cw_worker_fn fn, void *shared, struct cw_err *err);

#endif
