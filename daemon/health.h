/* daemon/health.h - whether the daemon does its work: a text in which something must be found goes through a worker again and again. Only
 * when that came back, and the workers progress, is the service manager's watchdog fed. Threads: one. */
#ifndef CW_DAEMON_HEALTH_H
#define CW_DAEMON_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/daemon.h"

#define CW_HEALTH_MS 10000 /* between two self-tests; less where the watchdog wants it */

int cw_health_new(struct cw_daemon *d, struct cw_health **ret, struct cw_err *err);
void cw_health_free(struct cw_health *h);
CW_DEFINE_CLEANUP(struct cw_health, cw_health_free)
/* TEST (moved): a JSON string, quotes included, of a text in which the rules find something. */
void cw_health_set_test(struct cw_health *h, struct cw_buf *test);
/* Test now and from now on. FN is called once, after the first test that passed. */
void cw_health_start(struct cw_health *h, void (*fn)(void *payload), void *payload);

struct cw_health_stats {
	uint64_t passed, failed;
	int64_t last_ms; /* how long the last one that passed took; -1: none did */
};
void cw_health_stats(const struct cw_health *h, struct cw_health_stats *ret);

#endif
