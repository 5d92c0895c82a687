/* daemon/conn.h - one connection: bytes in, one call at a time, replies out. Used by server.c and request.c only.
 *
 * Back-pressure: while a call is in flight or a reply waits to be written nothing is read. A connection that breaks the protocol, is too
 * slow or takes too much is closed with a logged reason; nothing that a peer sends can do more than that.
 * Threads: one. */
#ifndef CW_DAEMON_CONN_H
#define CW_DAEMON_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/method.h"
#include "daemon/roles.h"
#include "daemon/usage.h"
#include "proto/frame.h"

#define CW_CONN_ROOM ((size_t)256 << 10)  /* bytes that may wait for the peer before a stream pauses */
#define CW_CONN_OUT_MAX ((size_t)4 << 20) /* and before it ends */
#define CW_CONN_TURN_CALLS 16 /* that one connection may have answered in one turn */
#define CW_CONN_RESERVE 16    /* connections that are kept for administrators, when there are many */

struct cw_limits {
	uint64_t connections, connections_uid;
	size_t message_max;		  /* bytes */
	uint64_t fd_max;		  /* bytes */
	size_t memory_max, memory_max_uid; /* bytes of all buffers of connections */
	int64_t idle_ms, message_ms;
};

struct cw_conns { /* what all connections share; part of the server */
	struct cw_daemon *daemon;
	struct cw_conn *first, *dead; /* dead ones are freed at the end of the turn */
	struct cw_limits limits;
	struct cw_roles *roles;
	struct cw_usages usages;
	size_t bytes;		   /* of all buffers */
	uint64_t next_id, len;
	uint64_t calls, refused, protocol_errors, timeouts;
	struct cw_buf scratch;	   /* where replies are put together */
	bool draining;		   /* what is answered and has nothing more is closed */
	struct cw_timer *again;	   /* runs when a connection has `again`; the server's */
	struct cw_log_limit log_limit;
	void (*ended)(void *payload); /* a connection has gone */
	void *payload;
};

struct cw_conn {
	struct cw_request request; /* first; the call in flight. Its peer and session are those of the connection */
	struct cw_conns *all;
	struct cw_conn *prev, *next; /* kept when it is closed, so that a walk over all can go on */
	struct cw_conn *next_dead;
	struct cw_usage *usage;
	struct cw_source_fd *source;
	int fd; /* -1: closed */
	gid_t *groups;
	size_t groups_len;
	struct cw_framer in;
	struct cw_buf out; /* what could not be sent at once */
	size_t out_at;	   /* sent of it */
	size_t counted;	   /* bytes that the totals hold for this connection */
	/* A descriptor belongs to the last message that begins in the read that brought it. */
	int passed; /* -1: none */
	bool surplus;	      /* more came than may */
	bool unsealed;	      /* what came is no sealed memfd */
	uint64_t passed_for;  /* number of its message */
	uint64_t messages;    /* handed out so far */
	bool busy;	      /* a call is in flight */
	bool reading;	      /* EPOLLIN is asked for */
	bool dispatching;     /* further messages are taken by a caller up the stack */
	bool again;	      /* whole messages wait for the next turn: others come first */
	const char *method;   /* of the call in flight, for the log; NULL: unknown */
	void (*gone)(void *payload);
	void *gone_payload;
	void (*room)(void *payload);
	void *room_payload;
	int64_t connected;     /* wall clock, seconds */
	int64_t active;	       /* monotonic milliseconds: the last message or answer */
	int64_t partial_since; /* when the message that is not whole began; 0: there is none */
	int64_t out_since;     /* since when too little was taken of what waits */
	size_t out_mark;       /* out_at then */
	uint64_t calls, refused;
};

/* Take over FD (connected, non-blocking), which is closed on failure. CW_E_LIMIT: there are too many. */
int cw_conn_new(struct cw_conns *all, int fd, struct cw_err *err);
/* Close now; the request in flight is told. WHY is for the log (NULL: an ordinary end). The memory goes at the end of the turn. */
void cw_conn_close(struct cw_conn *c, const char *why);
/* Send the LEN bytes of a message, its NUL included; LAST: the call is answered by it. */
void cw_conn_send(struct cw_conn *c, const char *data, size_t len, bool last);
/* Ask for what is needed now to be told of. */
void cw_conn_rearm(struct cw_conn *c);
size_t cw_conn_waiting(const struct cw_conn *c); /* bytes that the peer has not taken */
void cw_conn_log(struct cw_conn *c, enum cw_log_level level, const char *event, const char *reason);
/* Something that this peer wanted was refused, for WHY: counted, and reported when it is often. */
void cw_conn_refused(struct cw_conn *c, const char *why);

void cw_conns_init(struct cw_conns *all, struct cw_daemon *daemon);
void cw_conns_release(struct cw_conns *all); /* closes all */
/* Free what was closed in this turn. */
void cw_conns_bury(struct cw_conns *all);
/* Go on with the messages that had to wait. */
void cw_conns_go_on(struct cw_conns *all);
/* Close those that were too slow or idle. */
void cw_conns_sweep(struct cw_conns *all);
/* From now on close what has nothing in flight; calls that have come are still taken. */
void cw_conns_drain(struct cw_conns *all);
/* Judge all connections by the present roles. */
void cw_conns_set_roles(struct cw_conns *all);
struct cw_conn *cw_conns_find(struct cw_conns *all, uint64_t id); /* NULL: none */

struct cw_conns *cw_server_conns(struct cw_server *s);

static inline struct cw_conn *cw_conn_of(const struct cw_request *r)
{
	return (struct cw_conn *)(uintptr_t)r;
}

#endif
