/* hooks/deadline.h - ends a scan in time: when the deadline comes, PROGRESS->cancel is set. One at a time in a process. */
#ifndef CW_HOOKS_DEADLINE_H
#define CW_HOOKS_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "scan/hit.h"

/* PROGRESS must live until cw_deadline_stop(). AFTER_MS > 0. */
int cw_deadline_start(struct cw_progress *progress, uint64_t after_ms, struct cw_err *err);
/* Whether it came. */
bool cw_deadline_passed(void);
void cw_deadline_stop(void);

#endif
