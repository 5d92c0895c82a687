/* daemon/notice.h - the notification command: gets each new finding once, as JSON on its standard input.
 *
 * `watch.notify` is a program and its arguments, run without a shell, with an environment of its own, one at a time. Exit status 0 means
 * delivered; anything else, or more than `watch.notify_ms`, and the same notification comes again, after a pause that doubles up to an hour.
 * What is to be sent is in the state, so that a restart loses nothing. Only when the daemon dies between a delivery and its note comes the same
 * notification twice: "notice" is its number. Without a command nobody is waiting, and notifications are dropped. Threads: one. */
#ifndef CW_DAEMON_NOTICE_H
#define CW_DAEMON_NOTICE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/daemon.h"

#define CW_NOTICE_PAUSE 10	 /* seconds, after the first failure */
#define CW_NOTICE_PAUSE_MAX 3600

struct cw_notices;

/* D must have its loop, state and rules. What is waiting is sent. */
int cw_notices_new(struct cw_daemon *d, struct cw_notices **ret, struct cw_err *err);
/* A command that runs is given a second; then it is ended, and what it was given comes again. */
void cw_notices_free(struct cw_notices *n);
CW_DEFINE_CLEANUP(struct cw_notices, cw_notices_free)
/* There may be something to send. */
void cw_notices_kick(struct cw_notices *n);

#endif
