/* proto/client.h - the client's end: find the daemon, make sure that it is one to trust, call it.
 *
 * A daemon is trusted if the user id at the other end of its socket is root's, the configured daemon's, or the caller's own.
 * Threads: one owner at a time. */
#ifndef CW_PROTO_CLIENT_H
#define CW_PROTO_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"

#define CW_SOCKET_DEFAULT "/run/credwatch/socket"

struct cw_remote;

struct cw_remote_opts {
	const char *socket; /* path */
	int64_t uid;	    /* of the configured daemon; -1: none */
	const char *user;   /* the same as a name or number, looked up only when all else says no; NULL or "": none */
	int64_t timeout_ms; /* for each call; 0: none */
};

/* Connect. CW_E_NOTFOUND: no daemon there (no socket, nobody listens); CW_E_INVALID: somebody listens who is not to be trusted (said
 * with the uid); CW_E_IO, CW_E_NOMEM. */
int cw_remote_open(const struct cw_remote_opts *opts, struct cw_remote **ret, struct cw_err *err);
void cw_remote_close(struct cw_remote *r);
CW_DEFINE_CLEANUP(struct cw_remote, cw_remote_close)

/* Send a call. PARAMETERS is the text of a JSON object (LEN bytes); FD (-1: none) stays the caller's. MORE: several replies are
 * wanted. Several calls may be sent before the replies are read. CW_E_IO: the connection is lost; CW_E_CANCELLED: timed out. */
int cw_remote_send(struct cw_remote *r, const char *method, const char *parameters, size_t len, int fd, bool more,
		   struct cw_err *err);
/* The next reply: *ret_parameters is owned by the caller. An error of the daemon is CW_E_UNSUPPORTED with its name and reason in ERR; the
 * name alone is at cw_remote_error(). *ret_continues (may be NULL): more replies to this call follow. */
int cw_remote_receive(struct cw_remote *r, struct cw_json **ret_parameters, bool *ret_continues, struct cw_err *err);
/* The name of the last error of the daemon ("io.credwatch.WrongEngine"), or NULL. Borrowed until the next receive. */
const char *cw_remote_error(const struct cw_remote *r);
/* Both. PARAMETERS may be NULL. */
int cw_remote_call(struct cw_remote *r, const char *method, const struct cw_json *parameters, struct cw_json **ret_parameters,
		   struct cw_err *err);

#endif
