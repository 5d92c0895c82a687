/* daemon/server.h - the listening socket, and all connections.
 *
 * A socket of our own is made under a lock, so that two daemons can never both have it: one that is held by a live server is refused,
 * a stale one is replaced. At the end it is removed only if it is still ours. Threads: one. */
#ifndef CW_DAEMON_SERVER_H
#define CW_DAEMON_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/daemon.h"

struct cw_server_opts {
	const char *socket; /* path to make; with listen_fd only shown */
	int listen_fd;	    /* a listening socket that was handed over, owned by the server; -1: make one */
};

/* Listen. D must have its loop and its rules; what is in D's configuration (roles, limits) is taken over now and by
 * cw_server_configure(). CW_E_INVALID: a live daemon has the socket, or something that is no socket is in its place. */
int cw_server_new(struct cw_daemon *d, const struct cw_server_opts *opts, struct cw_server **ret, struct cw_err *err);
/* Closes all connections. */
void cw_server_free(struct cw_server *s);
CW_DEFINE_CLEANUP(struct cw_server, cw_server_free)
/* Take over roles and limits of D's configuration as it is now, for new connections, and the roles of old ones. After a failure all is
 * as before. */
int cw_server_configure(struct cw_server *s, struct cw_err *err);
/* Accept nothing new; calls in flight end; connections without one are closed. FN is called, from the loop, when none is left. */
void cw_server_drain(struct cw_server *s, void (*fn)(void *payload), void *payload);

struct cw_subscribers;
struct cw_subscribers *cw_server_subscribers(struct cw_server *s);

struct cw_server_stats {
	uint64_t connections; /* now */
	uint64_t accepted, turned_away, calls, refused, protocol_errors, timeouts, subscribers;
};
void cw_server_stats(const struct cw_server *s, struct cw_server_stats *ret);

#endif
