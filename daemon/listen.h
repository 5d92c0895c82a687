/* daemon/listen.h - the socket that the daemon listens at: made under a lock, never taken from a live daemon.
 *
 * The lock file (socket's path and ".lock") is held as long as the socket is ours, and stays. Threads: one owner at a time. */
#ifndef CW_DAEMON_LISTEN_H
#define CW_DAEMON_LISTEN_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct cw_listener;

/* Make and bind PATH, with MODE and GID ((gid_t)-1: as it is), and listen, non-blocking. CW_E_INVALID: another daemon has it, or there is
 * something else than a socket; CW_E_IO, CW_E_NOMEM. A socket that nobody listens at is replaced. */
int cw_listener_new(const char *path, mode_t mode, gid_t gid, struct cw_listener **ret, struct cw_err *err);
/* Take over FD, a listening socket made by others; it is made non-blocking, and closed at the end or on failure. */
int cw_listener_adopt(int fd, struct cw_listener **ret, struct cw_err *err);
int cw_listener_fd(const struct cw_listener *l);
/* Close; remove the socket's file if we made it and it is still the same. Accepts NULL. */
void cw_listener_free(struct cw_listener *l);
CW_DEFINE_CLEANUP(struct cw_listener, cw_listener_free)

#endif
