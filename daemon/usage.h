/* daemon/usage.h - what each user id takes of the daemon: connections, bytes, and how often it was refused.
 *
 * Threads: one. */
#ifndef CW_DAEMON_USAGE_H
#define CW_DAEMON_USAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct cw_usage {
	uid_t uid;
	uint64_t connections; /* now */
	size_t bytes;	      /* of input and output that wait for this user, now */
	uint64_t refused;     /* within the present window */
	int64_t window;	      /* when it began, monotonic milliseconds */
	_Atomic int closing;  /* descriptors of this user that are being closed: see closer.h */
	struct cw_usage *next;
};

struct cw_usages {
	struct cw_usage *first;
	size_t len;
};

void cw_usages_release(struct cw_usages *u);
/* That of UID; it stays as long as it has connections, and longer while there are few others. NULL without memory. */
struct cw_usage *cw_usages_get(struct cw_usages *u, uid_t uid);
/* One more refusal at NOW (milliseconds); true when it should be reported: the third within a minute, the tenth, the hundredth... */
bool cw_usage_refused(struct cw_usage *u, int64_t now);

#endif
