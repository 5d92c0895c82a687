/* cli/progress.h - the progress line on a terminal's standard error: phase, per cent, rate, findings so far. Drawn by a thread of its
 * own from the scan's counters, so scanning never waits for the terminal. */
#ifndef CW_CLI_PROGRESS_H
#define CW_CLI_PROGRESS_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "scan/hit.h"

struct cw_meter;

/* Whether progress can be shown: standard error is a terminal that understands control sequences. */
bool cw_meter_possible(void);
/* Start drawing (COUNTERS is borrowed); NULL when that fails: progress is never a reason to fail. */
struct cw_meter *cw_meter_start(struct cw_progress *counters);
/* What is being done: a string that lives for ever. M may be NULL. */
void cw_meter_phase(struct cw_meter *m, const char *phase);
/* Clear the line and end the thread. Accepts NULL. */
void cw_meter_stop(struct cw_meter *m);
CW_DEFINE_CLEANUP(struct cw_meter, cw_meter_stop)

#endif
