/* daemon/notify.h - systemd: sockets that it hands over, and what it wants to be told. Source: sd_listen_fds(3), sd_notify(3); no library.
 * Threads: one. */
#ifndef CW_DAEMON_NOTIFY_H
#define CW_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The listening Unix stream socket that was handed over, owned by the caller, close-on-exec; -1: none. CW_E_INVALID: more than one, or something
 * else. Forgets the variables, so that no child sees them. */
int cw_notify_listen_fd(int *ret, struct cw_err *err);
/* Send lines such as "READY=1\nSTATUS=..." to $NOTIFY_SOCKET; nothing happens without one. */
void cw_notify_send(const char *lines);
/* "RELOADING=1" with the time that it needs. */
void cw_notify_reloading(void);
/* Milliseconds within which WATCHDOG=1 is wanted (half of what the service manager waits); 0: none. */
int64_t cw_notify_watchdog_ms(void);

#endif
