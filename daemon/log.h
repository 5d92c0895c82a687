/* daemon/log.h - the daemon's log: one line of key=value pairs an event, on standard error. Never content.
 *
 * Under systemd ($JOURNAL_STREAM) lines carry a <N> priority; else time and level. Values are quoted and escaped when they need to be.
 * Threads: one. */
#ifndef CW_DAEMON_LOG_H
#define CW_DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum cw_log_level { CW_LOG_ERROR = 3, CW_LOG_WARNING = 4, CW_LOG_NOTICE = 5, CW_LOG_INFO = 6, CW_LOG_DEBUG = 7 };

void cw_log_start(enum cw_log_level max);
/* EVENT is a word; then pairs (const char *key, const char *value), ended by NULL. A NULL value leaves its pair out. */
void cw_log(enum cw_log_level level, const char *event, ...) __attribute__((sentinel));
/* For values in those pairs: N as text, valid until the fourth next call. */
const char *cw_log_int(int64_t n);

/* For what peers can cause: at most `max` lines in CW_LOG_WINDOW_MS. All zero at first. */
#define CW_LOG_BURST 20
#define CW_LOG_WINDOW_MS 10000
struct cw_log_limit {
	unsigned max;  /* 0: CW_LOG_BURST */
	int64_t begin; /* of the window, milliseconds of the monotonic clock */
	unsigned used;
	uint64_t dropped; /* since the last line that was allowed */
};
/* Whether a line may be written at NOW_MS. *ret_dropped: how many were not since the last one. */
bool cw_log_may(struct cw_log_limit *l, int64_t now_ms, uint64_t *ret_dropped);

#endif
