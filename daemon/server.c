/* daemon/server.c - owns: accepting, the limits, the timer that looks for slow connections. See server.h. */
#include "daemon/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/conn.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "daemon/publish.h"

#define ACCEPT_MAX 64	   /* connections of one turn: those that are there are not kept waiting */
#define PAUSE_MS 100	   /* without a descriptor or memory for a connection: try again then */
#define SWEEP_MIN_MS 10
#define SWEEP_MAX_MS 1000
#define MEMORY_MESSAGES 16 /* whole messages of the largest size that may wait in all; half of it for one user */
#define MEMORY_MIN ((size_t)64 << 20) /* bytes */

struct cw_server {
	struct cw_conns conns;
	struct cw_listener *listener; /* NULL while draining */
	struct cw_source_fd *source;
	struct cw_timer *sweep, *resume;
	struct cw_subscribers *subscribers;
	uint64_t accepted, turned_away;
	int64_t sweep_ms;
	void (*drained)(void *payload);
	void *drained_payload;
	struct cw_timer *drain_timer; /* tells `drained` from the loop */
};

struct cw_conns *cw_server_conns(struct cw_server *s)
{
	return &s->conns;
}

struct cw_subscribers *cw_server_subscribers(struct cw_server *s)
{
	return s->subscribers;
}

/* ---- accepting ---- */

static void pause_accepting(struct cw_server *s, const char *why)
{
	cw_log(CW_LOG_WARNING, "accept_paused", "reason", why, NULL);
	if (cw_loop_change(s->source, 0, NULL) == 0)
		cw_timer_set(s->resume, PAUSE_MS);
}

static void resume_accepting(void *payload)
{
	struct cw_server *s = payload;

	if (s->source != NULL && cw_loop_change(s->source, EPOLLIN, NULL) != 0)
		cw_timer_set(s->resume, PAUSE_MS);
}

static void take_connection(struct cw_server *s, int fd)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_conn_new(&s->conns, fd, &err) == 0) {
		s->accepted++;
		if (!cw_timer_running(s->sweep))
			cw_timer_set(s->sweep, s->sweep_ms);
		return;
	}
	s->turned_away++;
	/* One line for many: who is turned away tries again. */
	if ((s->turned_away & (s->turned_away - 1)) == 0)
		cw_log(CW_LOG_WARNING, "turned_away", "count", cw_log_int((int64_t)s->turned_away), "reason", cw_err_msg(&err), NULL);
}

static void on_listener(void *payload, uint32_t events)
{
	struct cw_server *s = payload;

	for (int i = 0; i < ACCEPT_MAX && s->listener != NULL; i++) {
		int fd = accept4(cw_listener_fd(s->listener), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take_connection(s, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(s, "no descriptor or memory is left");
		/* Of the rest EAGAIN means that there is none, others are the connection's own. */
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

/* ---- timers and turns ---- */

static void on_sweep(void *payload)
{
	struct cw_server *s = payload;

	cw_conns_sweep(&s->conns);
	if (s->conns.len > 0)
		cw_timer_set(s->sweep, s->sweep_ms);
}

static void on_again(void *payload)
{
	struct cw_server *s = payload;

	cw_conns_go_on(&s->conns);
}

static void on_turn_end(void *payload)
{
	struct cw_server *s = payload;

	cw_conns_bury(&s->conns);
}

static void on_drained(void *payload)
{
	struct cw_server *s = payload;

	if (s->drained != NULL && s->conns.len == 0)
		s->drained(s->drained_payload);
}

static void on_ended(void *payload)
{
	struct cw_server *s = payload;

	if (s->drained != NULL && s->conns.len == 0)
		cw_timer_set(s->drain_timer, 0);
}

/* ---- configuration ---- */

static void set_limits(struct cw_server *s, const struct cw_conf *conf)
{
	struct cw_limits *l = &s->conns.limits;
	int64_t least;

	l->connections = conf->daemon_max_connections;
	l->connections_uid = conf->daemon_max_connections_uid;
	l->message_max = (size_t)conf->daemon_message_max;
	l->fd_max = conf->daemon_fd_max;
	l->idle_ms = (int64_t)conf->daemon_idle_ms;
	l->message_ms = (int64_t)conf->daemon_message_ms;
	l->memory_max = MEMORY_MESSAGES * l->message_max;
	if (l->memory_max < MEMORY_MIN)
		l->memory_max = MEMORY_MIN;
	l->memory_max_uid = l->memory_max / 2;
	least = (l->idle_ms < l->message_ms ? l->idle_ms : l->message_ms) / 4;
	s->sweep_ms = least < SWEEP_MIN_MS ? SWEEP_MIN_MS : least < SWEEP_MAX_MS ? least : SWEEP_MAX_MS;
}

int cw_server_configure(struct cw_server *s, struct cw_err *err)
{
	const struct cw_conf *conf = s->conns.daemon->rules.conf;
	struct cw_roles *roles = NULL;
	int rc = cw_roles_new(conf->daemon_scan, conf->daemon_audit, conf->daemon_admin, &roles, err);

	if (rc != 0)
		return rc;
	cw_roles_free(s->conns.roles);
	s->conns.roles = roles;
	set_limits(s, conf);
	cw_conns_set_roles(&s->conns);
	return 0;
}

/* ---- life ---- */

static int open_listener(struct cw_server *s, const struct cw_server_opts *opts, struct cw_err *err)
{
	gid_t gid = (gid_t)-1;
	mode_t mode = cw_roles_socket_mode(s->conns.roles, &gid);
	int rc;

	if (opts->listen_fd >= 0)
		rc = cw_listener_adopt(opts->listen_fd, &s->listener, err);
	else
		rc = cw_listener_new(opts->socket, mode, gid, &s->listener, err);
	if (rc == 0)
		rc = cw_loop_add(s->conns.daemon->loop, cw_listener_fd(s->listener), EPOLLIN, on_listener, s, &s->source, err);
	return rc;
}

static int open_server(struct cw_server *s, const struct cw_server_opts *opts, struct cw_err *err)
{
	struct cw_loop *loop = s->conns.daemon->loop;
	int rc = cw_server_configure(s, err);

	if (rc == 0)
		rc = cw_subscribers_new(&s->subscribers, err);
	if (rc == 0)
		rc = cw_timer_new(loop, on_sweep, s, &s->sweep, err);
	if (rc == 0)
		rc = cw_timer_new(loop, resume_accepting, s, &s->resume, err);
	if (rc == 0)
		rc = cw_timer_new(loop, on_drained, s, &s->drain_timer, err);
	if (rc == 0)
		rc = cw_timer_new(loop, on_again, s, &s->conns.again, err);
	if (rc == 0)
		rc = open_listener(s, opts, err);
	/* Last: it cannot be taken back. */
	return rc == 0 ? cw_loop_at_turn_end(loop, on_turn_end, s, err) : rc;
}

int cw_server_new(struct cw_daemon *d, const struct cw_server_opts *opts, struct cw_server **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_server_free_p) struct cw_server *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return cw_err_nomem(err);
	cw_conns_init(&s->conns, d);
	s->conns.ended = on_ended;
	s->conns.payload = s;
	rc = open_server(s, opts, err);
	if (rc != 0)
		return rc;
	*ret = cw_steal(&s);
	return 0;
}

static void stop_listening(struct cw_server *s)
{
	cw_loop_remove(s->source);
	s->source = NULL;
	cw_listener_free(s->listener);
	s->listener = NULL;
}

void cw_server_free(struct cw_server *s)
{
	if (s == NULL)
		return;
	stop_listening(s);
	cw_conns_release(&s->conns);
	cw_subscribers_free(s->subscribers);
	cw_timer_free(s->sweep);
	cw_timer_free(s->resume);
	cw_timer_free(s->drain_timer);
	cw_timer_free(s->conns.again);
	free(s);
}

void cw_server_drain(struct cw_server *s, void (*fn)(void *payload), void *payload)
{
	stop_listening(s);
	s->drained = fn;
	s->drained_payload = payload;
	cw_subscribers_end(s->subscribers);
	cw_conns_drain(&s->conns);
	cw_timer_set(s->drain_timer, 0);
}

void cw_server_stats(const struct cw_server *s, struct cw_server_stats *ret)
{
	*ret = (struct cw_server_stats){
		.connections = s->conns.len,
		.accepted = s->accepted,
		.turned_away = s->turned_away,
		.calls = s->conns.calls,
		.refused = s->conns.refused,
		.protocol_errors = s->conns.protocol_errors,
		.timeouts = s->conns.timeouts,
		.subscribers = cw_subscribers_len(s->subscribers),
	};
}
