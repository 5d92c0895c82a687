/* daemon/method.h - the one table of methods, and what a handler of a method is given.
 *
 * A handler answers at once, or keeps the request, which stays valid until it is answered or until the function given to
 * cw_request_on_gone() was called: exactly one of the two happens. After a final answer the request must not be touched.
 * No handler may block, open what a peer names, or end the program. Threads: one. */
#ifndef CW_DAEMON_METHOD_H
#define CW_DAEMON_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"
#include "daemon/daemon.h"
#include "daemon/roles.h"
#include "proto/call.h"

struct cw_peer { /* as the kernel told when the connection was made */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	unsigned roles; /* enum cw_role */
};

struct cw_request {
	struct cw_daemon *daemon;
	struct cw_peer peer;
	uint64_t session;	    /* number of the connection */
	struct cw_slice parameters; /* checked JSON text of an object; borrowed until the handler returns */
	const struct cw_call_member *members; /* of the parameters, each once; borrowed like them */
	size_t members_len;
	bool more;		    /* several replies are wanted; only where the table allows it */
	bool oneway;		    /* the caller wants no reply: what is answered is dropped */
};

/* Parse the parameters into a tree, owned by the caller. On failure the request has been answered. */
int cw_request_json(struct cw_request *r, struct cw_json **ret);
/* The descriptor that came with the call, from now on the caller's; -1: none (or taken already). */
int cw_request_take_fd(struct cw_request *r);
/* FN is called when the connection ends before the answer. */
void cw_request_on_gone(struct cw_request *r, void (*fn)(void *payload), void *payload);

/* ---- answers ---- */

/* The last or only reply. PARAMETERS (borrowed; NULL: {}). */
void cw_request_reply(struct cw_request *r, const struct cw_json *parameters);
/* The same with a whole reply as text ({"parameters":{...}}, without a NUL), as a worker makes it. */
void cw_request_reply_text(struct cw_request *r, const char *text, size_t len);
/* One reply of several; the last one is made by one of the others. Only when `more`. False: the caller does not read and
 * the request is gone (its function was called). */
bool cw_request_continue(struct cw_request *r, const struct cw_json *parameters);
/* The same with a parameters object as text. */
bool cw_request_continue_text(struct cw_request *r, const char *parameters, size_t len);
/* Whether more replies should be made now: false while many bytes wait for the caller to read them. */
bool cw_request_has_room(const struct cw_request *r);
/* FN is called once, from the loop and never at once, when there is room again. */
void cw_request_when_room(struct cw_request *r, void (*fn)(void *payload), void *payload);

/* An error of io.credwatch, NAME without it ("NotFound"), whose only parameter is a reason. Never content. */
void cw_request_fail(struct cw_request *r, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same with PARAMETERS (owned by the call; NULL is a lack of memory). */
void cw_request_fail_json(struct cw_request *r, const char *name, struct cw_json *parameters);
/* What ERR says: NOTFOUND NotFound; LIMIT and CANCELLED Unavailable; others InternalError. */
void cw_request_fail_err(struct cw_request *r, const struct cw_err *err);
/* org.varlink.service.InvalidParameter. */
void cw_request_invalid(struct cw_request *r, const char *parameter);
/* Any error by its full name, with one parameter KEY (NULL: none). */
void cw_request_fail_as(struct cw_request *r, const char *error, const char *key, const char *value, size_t len);
/* Upgrading a connection is in the specification, and not done here. */
void cw_request_no_upgrade(struct cw_request *r, struct cw_slice method);

/* ---- the table ---- */

typedef void cw_method_fn(struct cw_request *r);

enum cw_method_flags {
	CW_METHOD_FD = 1 << 0,	 /* a sealed memfd must come with the call, and does; elsewhere none may */
	CW_METHOD_MORE = 1 << 1, /* `more` is allowed */
	CW_METHOD_NEEDS_MORE = 1 << 2, /* and needed */
};

struct cw_method {
	const char *name; /* full, as in "io.credwatch.ScanText" */
	const char *parameters; /* names of all that it has, between blanks; others are refused */
	enum cw_role role;
	unsigned flags;	   /* enum cw_method_flags */
	cw_method_fn *run; /* NULL: not built in: MethodNotImplemented */
};

/* NULL when there is none. */
const struct cw_method *cw_method_find(const char *name, size_t len);
/* Method I, counted from 0; NULL past the last. */
const struct cw_method *cw_method_at(size_t i);
/* Check role, descriptor and `more`, then run R's method, or answer why not. */
void cw_method_run(struct cw_request *r, struct cw_slice name);

/* method_service.c: org.varlink.service */
cw_method_fn cw_method_get_info, cw_method_get_description;
/* method_scan.c */
cw_method_fn cw_method_scan_text, cw_method_scan_fd, cw_method_scan_objects, cw_method_scan_repository;
/* method_admin.c */
cw_method_fn cw_method_status, cw_method_sessions, cw_method_disconnect, cw_method_reload, cw_method_subscribe,
	cw_method_report_outcome;
/* method_watch.c */
cw_method_fn cw_method_watch, cw_method_unwatch, cw_method_list_watches, cw_method_list_findings, cw_method_allow,
	cw_method_revoke;

#endif
