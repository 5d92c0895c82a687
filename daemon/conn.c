/* daemon/conn.c - see conn.h. */
#include "daemon/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/closer.h"
#include "proto/fdpass.h"

#define OUT_MAX ((size_t)80 << 20)   /* bytes of one reply: more than a worker's longest message */
#define OUT_STEP ((size_t)64 << 10)  /* bytes that a peer has to take in each limits.message_ms */
#define DRAIN_READS 1024	     /* of one connection at the end */
#define GROUPS_MAX ((socklen_t)65536) /* as many as the kernel allows */

/* ---- the peer ---- */

/* The peer's supplementary groups when it connected, and its own. */
static int ask_groups(struct cw_conn *c, struct cw_err *err)
{
	gid_t few[32];
	socklen_t len = sizeof(few);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, few, &len) != 0 && (errno != ERANGE || len / sizeof(gid_t) > GROUPS_MAX))
		return cw_err_sys(err, errno, "groups of the peer");
	c->groups = malloc(len + sizeof(gid_t));
	if (c->groups == NULL)
		return cw_err_nomem(err);
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, c->groups, &len) != 0)
		return cw_err_sys(err, errno, "groups of the peer");
	c->groups_len = len / sizeof(gid_t);
	c->groups[c->groups_len++] = c->request.peer.gid;
	return 0;
}

static int ask_peer(struct cw_conn *c, struct cw_err *err)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int rc;

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return cw_err_sys(err, errno, "credentials of the peer");
	c->request.peer = (struct cw_peer){.uid = peer.uid, .gid = peer.gid, .pid = peer.pid};
	rc = ask_groups(c, err);
	if (rc == 0)
		c->request.peer.roles = cw_roles_of(c->all->roles, peer.uid, c->groups, c->groups_len);
	return rc;
}

void cw_conns_set_roles(struct cw_conns *all)
{
	for (struct cw_conn *c = all->first; c != NULL; c = c->next)
		c->request.peer.roles = cw_roles_of(all->roles, c->request.peer.uid, c->groups, c->groups_len);
}

/* ---- totals ---- */

static void count_bytes(struct cw_conn *c)
{
	size_t bytes = c->fd >= 0 ? c->in.buf.cap + c->out.cap : 0;

	if (bytes == c->counted)
		return;
	c->all->bytes = c->all->bytes - c->counted + bytes;
	c->usage->bytes = c->usage->bytes - c->counted + bytes;
	c->counted = bytes;
}

size_t cw_conn_waiting(const struct cw_conn *c)
{
	return c->out.len - c->out_at;
}

/* Whether the next call may begin. */
static bool can_go_on(const struct cw_conn *c)
{
	return c->fd >= 0 && !c->busy && cw_conn_waiting(c) == 0;
}

/* Whether descriptors of this user hang: more could. */
static bool is_stuck(const struct cw_conn *c)
{
	return atomic_load(&c->usage->closing) >= CW_CLOSER_MAX;
}

static bool can_read(const struct cw_conn *c)
{
	return can_go_on(c) && !c->again && !is_stuck(c);
}

static bool has_memory(const struct cw_conn *c)
{
	const struct cw_limits *l = &c->all->limits;

	return c->all->bytes <= l->memory_max && c->usage->bytes <= l->memory_max_uid;
}

void cw_conn_rearm(struct cw_conn *c)
{
	struct cw_err err;
	uint32_t events;

	if (c->fd < 0)
		return;
	events = (c->reading ? EPOLLIN : 0) | (cw_conn_waiting(c) > 0 || c->room != NULL ? EPOLLOUT : 0);
	if (cw_loop_change(c->source, events, &err) != 0)
		cw_conn_close(c, cw_err_msg(&err));
}

/* ---- the end ---- */

static void drop_descriptor(struct cw_conn *c)
{
	if (c->passed >= 0)
		cw_closer_drop(&c->passed, 1, &c->usage->closing);
	c->passed = -1;
	c->surplus = c->unsealed = false;
}

static void unlink_conn(struct cw_conn *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->all->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->next_dead = c->all->dead;
	c->all->dead = c;
	c->all->len--;
}

void cw_conn_close(struct cw_conn *c, const char *why)
{
	void (*gone)(void *payload) = c->busy ? c->gone : NULL;

	if (c->fd < 0)
		return;
	cw_conn_log(c, why != NULL ? CW_LOG_INFO : CW_LOG_DEBUG, "closed", why);
	cw_loop_remove(c->source);
	c->source = NULL;
	cw_closer_drop_connection(c->fd, &c->usage->closing);
	c->fd = -1;
	count_bytes(c);
	c->usage->connections--;
	drop_descriptor(c);
	unlink_conn(c);
	c->gone = c->room = NULL;
	if (gone != NULL)
		gone(c->gone_payload);
	if (c->all->ended != NULL)
		c->all->ended(c->all->payload);
}

static void protocol_error(struct cw_conn *c, const char *why)
{
	c->all->protocol_errors++;
	cw_conn_refused(c, why);
	cw_conn_close(c, why);
}

static void free_conn(struct cw_conn *c)
{
	cw_framer_release(&c->in);
	cw_buf_release(&c->out);
	free(c->groups);
	free(c);
}

void cw_conns_bury(struct cw_conns *all)
{
	while (all->dead != NULL) {
		struct cw_conn *c = all->dead;

		all->dead = c->next_dead;
		free_conn(c);
	}
	if (all->scratch.cap > CW_CONN_ROOM)
		cw_buf_release(&all->scratch);
}

/* ---- messages in ---- */

/* Take the method's call; the handler answers now or later. */
static void handle_message(struct cw_conn *c, const char *data, size_t len)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_call call;

	c->active = cw_loop_now(c->all->daemon->loop);
	c->partial_since = 0;
	c->messages++;
	c->method = NULL;
	if (cw_call_parse(data, len, &call, &err) != 0) {
		protocol_error(c, cw_err_msg(&err));
		return;
	}
	if (call.more && call.oneway) {
		protocol_error(c, "a call wants several replies and none");
		return;
	}
	c->calls++;
	c->all->calls++;
	c->request.parameters = call.parameters;
	c->request.members = call.members;
	c->request.members_len = call.members_len;
	c->request.more = call.more;
	c->request.oneway = call.oneway;
	c->busy = true;
	if (call.upgrade)
		cw_request_no_upgrade(&c->request, call.method);
	else
		cw_method_run(&c->request, call.method);
}

/* Nothing more can be done now: what is to be told of? */
static void wait_for_more(struct cw_conn *c)
{
	if (c->all->draining && can_read(c)) {
		cw_conn_close(c, NULL);
		return;
	}
	if (can_read(c)) {
		if (cw_framer_partial(&c->in) && c->partial_since == 0)
			c->partial_since = cw_loop_now(c->all->daemon->loop);
		c->reading = true;
	}
	cw_conn_rearm(c);
}

/* Handle what has come, one call after the other, as long as each is answered at once and the answer could be sent; not so many that
 * other connections have to wait long. */
static void dispatch(struct cw_conn *c)
{
	const char *data;
	size_t len;
	int n = 0;

	c->dispatching = true;
	c->again = false;
	while (n < CW_CONN_TURN_CALLS && can_go_on(c) && cw_framer_next(&c->in, &data, &len)) {
		handle_message(c, data, len);
		n++;
	}
	c->dispatching = false;
	if (c->fd < 0)
		return;
	if (n == CW_CONN_TURN_CALLS && cw_framer_partial(&c->in)) {
		c->again = true;
		cw_timer_set(c->all->again, 0);
	}
	cw_framer_trim(&c->in);
	count_bytes(c);
	wait_for_more(c);
}

void cw_conns_go_on(struct cw_conns *all)
{
	for (struct cw_conn *c = all->first; c != NULL; c = c->next) {
		if (c->again && can_go_on(c))
			dispatch(c);
	}
}

/* More than one descriptor is none, and one that is not sealed is not kept for a moment: processes that are started meanwhile would
 * have it too, and wait for it when they close it. */
static void take_descriptors(struct cw_conn *c, const struct cw_received *got)
{
	uint64_t number = c->messages + cw_framer_count(&c->in) - 1;
	bool one = got->fds_len == 1 && !got->surplus && c->passed < 0 && !c->surplus && !c->unsealed;

	if (got->fds_len == 0 && !got->surplus)
		return;
	if (one && cw_memfd_is_sealed(got->fds[0])) {
		c->passed = got->fds[0];
	} else if (one) {
		cw_closer_drop(got->fds, 1, &c->usage->closing);
		c->unsealed = true;
	} else {
		cw_closer_drop(got->fds, got->fds_len, &c->usage->closing);
		drop_descriptor(c);
		c->surplus = true;
	}
	c->passed_for = number;
}

static void read_once(struct cw_conn *c)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_received got;
	char *space;
	size_t len;
	int rc = cw_framer_space(&c->in, &space, &len, &err);

	count_bytes(c);
	if (rc == 0 && !has_memory(c))
		rc = cw_err_set(&err, CW_E_LIMIT, "too many bytes wait in messages that are not whole");
	if (rc != 0) {
		protocol_error(c, cw_err_msg(&err));
		return;
	}
	rc = cw_fdpass_recv(c->fd, space, len, &got, &err);
	if (rc == CW_E_NOTFOUND)
		return;
	if (rc != 0 || got.len == 0) {
		if (cw_framer_partial(&c->in))
			protocol_error(c, "it ended in the middle of a message");
		else
			cw_conn_close(c, NULL);
		return;
	}
	cw_framer_commit(&c->in, got.len);
	take_descriptors(c, &got);
}

/* ---- replies out ---- */

/* Bytes wait from now on, or enough of them were taken. */
static void mark_output(struct cw_conn *c)
{
	c->out_since = cw_loop_now(c->all->daemon->loop);
	c->out_mark = c->out_at;
}

static void compact_output(struct cw_conn *c)
{
	size_t rest = cw_conn_waiting(c);

	memmove(c->out.data, c->out.data + c->out_at, rest);
	cw_buf_truncate(&c->out, rest);
	c->out_mark -= c->out_mark < c->out_at ? c->out_mark : c->out_at;
	c->out_at = 0;
}

static void keep_output(struct cw_conn *c, const char *data, size_t len)
{
	if (cw_conn_waiting(c) == 0)
		mark_output(c);
	if (c->out_at > CW_CONN_ROOM)
		compact_output(c);
	cw_buf_add(&c->out, data, len);
	if (cw_buf_fail(&c->out, "reply", NULL) != 0) {
		cw_conn_close(c, "no room for a reply");
		return;
	}
	count_bytes(c);
	if (!has_memory(c)) {
		cw_conn_close(c, "too many bytes wait in replies that are not read");
		return;
	}
	if (!c->dispatching)
		cw_conn_rearm(c);
}

static void answered(struct cw_conn *c)
{
	c->busy = false;
	c->method = NULL;
	c->gone = c->room = NULL;
	c->active = cw_loop_now(c->all->daemon->loop);
	if (c->passed_for < c->messages)
		drop_descriptor(c);
	if (!c->dispatching)
		dispatch(c);
}

void cw_conn_send(struct cw_conn *c, const char *data, size_t len, bool last)
{
	size_t sent = 0;
	int rc = CW_E_NOTFOUND;

	if (c->fd < 0)
		return;
	/* Whoever answers has given the request up, also when the peer turns out to be gone. */
	if (last)
		c->gone = c->room = NULL;
	if (c->request.oneway)
		len = 0;
	if (len > 0 && cw_conn_waiting(c) == 0)
		rc = cw_fdpass_send(c->fd, data, len, -1, &sent, NULL);
	if (rc != 0 && rc != CW_E_NOTFOUND) {
		cw_conn_close(c, NULL);
		return;
	}
	if (sent < len)
		keep_output(c, data + sent, len - sent);
	if (last && c->fd >= 0)
		answered(c);
}

/* Send what waits, then let a stream go on. */
static void flush(struct cw_conn *c)
{
	void (*room)(void *payload) = c->room;
	size_t sent = 0;

	if (cw_conn_waiting(c) > 0) {
		int rc = cw_fdpass_send(c->fd, c->out.data + c->out_at, cw_conn_waiting(c), -1, &sent, NULL);

		if (rc != 0 && rc != CW_E_NOTFOUND) {
			cw_conn_close(c, NULL);
			return;
		}
		c->out_at += sent;
		if (c->out_at - c->out_mark >= OUT_STEP)
			mark_output(c);
	}
	if (cw_conn_waiting(c) == 0) {
		cw_buf_release(&c->out);
		c->out_at = 0;
		count_bytes(c);
	}
	if (room != NULL && cw_conn_waiting(c) < CW_CONN_ROOM) {
		c->room = NULL;
		room(c->room_payload);
	}
	if (can_go_on(c) && !c->dispatching)
		dispatch(c);
	cw_conn_rearm(c);
}

static void on_ready(void *payload, uint32_t events)
{
	struct cw_conn *c = payload;

	if ((events & EPOLLOUT) != 0)
		flush(c);
	if (c->fd < 0 || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return;
	if (can_read(c)) {
		read_once(c);
		if (c->fd >= 0)
			dispatch(c);
	} else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
		cw_conn_close(c, NULL);
	} else {
		c->reading = false;
		cw_conn_rearm(c);
	}
}

/* ---- making one ---- */

static void link_conn(struct cw_conns *all, struct cw_conn *c)
{
	c->next = all->first;
	if (all->first != NULL)
		all->first->prev = c;
	all->first = c;
	all->len++;
	c->usage->connections++;
}

/* Administrators can come in and look when others have taken all there is. */
static uint64_t allowed_connections(const struct cw_conn *c)
{
	uint64_t n = c->all->limits.connections;

	return (c->request.peer.roles & CW_ROLE_ADMIN) != 0 || n <= 4 * CW_CONN_RESERVE ? n : n - CW_CONN_RESERVE;
}

static int open_conn(struct cw_conns *all, struct cw_conn *c, struct cw_err *err)
{
	int rc = ask_peer(c, err);

	if (rc != 0)
		return rc;
	c->usage = cw_usages_get(&all->usages, c->request.peer.uid);
	if (c->usage == NULL)
		return cw_err_nomem(err);
	if (all->len >= allowed_connections(c))
		return cw_err_set(err, CW_E_LIMIT, "there are %llu connections", (unsigned long long)all->len);
	if (c->usage->connections >= all->limits.connections_uid)
		return cw_err_set(err, CW_E_LIMIT, "user id %lu has %llu connections", (unsigned long)c->usage->uid,
				  (unsigned long long)c->usage->connections);
	return cw_loop_add(all->daemon->loop, c->fd, EPOLLIN, on_ready, c, &c->source, err);
}

int cw_conn_new(struct cw_conns *all, int fd, struct cw_err *err)
{
	struct cw_conn *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL) {
		close(fd);
		return cw_err_nomem(err);
	}
	c->all = all;
	c->fd = fd;
	c->passed = -1;
	c->reading = true;
	c->out = (struct cw_buf)CW_BUF_INIT_MAX(OUT_MAX);
	c->request.daemon = all->daemon;
	c->request.session = ++all->next_id;
	c->connected = cw_clock_wall();
	c->active = cw_loop_now(all->daemon->loop);
	cw_framer_init(&c->in, all->limits.message_max);
	rc = open_conn(all, c, err);
	if (rc != 0) {
		if (c->usage != NULL)
			cw_closer_drop_connection(fd, &c->usage->closing);
		else
			close(fd);
		free_conn(c);
		return rc;
	}
	link_conn(all, c);
	cw_conn_log(c, CW_LOG_DEBUG, "connected", NULL);
	return 0;
}

/* ---- all of them ---- */

void cw_conns_init(struct cw_conns *all, struct cw_daemon *daemon)
{
	*all = (struct cw_conns){.daemon = daemon, .scratch = CW_BUF_INIT_MAX(OUT_MAX)};
}

void cw_conns_release(struct cw_conns *all)
{
	all->ended = NULL;
	while (all->first != NULL)
		cw_conn_close(all->first, NULL);
	cw_conns_bury(all);
	cw_buf_release(&all->scratch);
	cw_usages_release(&all->usages);
	cw_roles_free(all->roles);
	all->roles = NULL;
}

static const char *too_slow(const struct cw_conn *c, int64_t now)
{
	const struct cw_limits *l = &c->all->limits;

	if (cw_conn_waiting(c) > 0)
		return now - c->out_since > l->message_ms ? "it does not read its replies" : NULL;
	if (c->busy)
		return NULL;
	if (cw_framer_partial(&c->in))
		return now - c->partial_since > l->message_ms ? "a message did not end in time" : NULL;
	return now - c->active > l->idle_ms ? "idle" : NULL;
}

/* Read again from who was stuck. */
static void take_up(struct cw_conn *c)
{
	if (!can_read(c) || c->reading)
		return;
	c->reading = true;
	cw_conn_rearm(c);
}

void cw_conns_sweep(struct cw_conns *all)
{
	int64_t now = cw_loop_now(all->daemon->loop);

	for (struct cw_conn *c = all->first; c != NULL; c = c->next) {
		const char *why = c->fd >= 0 && !is_stuck(c) ? too_slow(c, now) : NULL;

		if (why == NULL) {
			take_up(c);
			continue;
		}
		all->timeouts++;
		cw_conn_close(c, why);
	}
}

void cw_conns_drain(struct cw_conns *all)
{
	all->draining = true;
	for (struct cw_conn *c = all->first; c != NULL; c = c->next) {
		if (!can_read(c))
			continue;
		/* A call that was sent whole is answered, however many reads it takes. */
		for (int n = 0, left = 0; n < DRAIN_READS && ioctl(c->fd, FIONREAD, &left) == 0 && left > 0; n++)
			read_once(c);
		if (c->fd >= 0)
			dispatch(c);
	}
}

struct cw_conn *cw_conns_find(struct cw_conns *all, uint64_t id)
{
	for (struct cw_conn *c = all->first; c != NULL; c = c->next) {
		if (c->request.session == id)
			return c;
	}
	return NULL;
}
