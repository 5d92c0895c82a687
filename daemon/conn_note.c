/* daemon/conn_note.c - what is said about a connection: in the log, in the audit log, to subscribers. Peers must not be able to flood them. */
#include "daemon/audit.h"
#include "daemon/conn.h"

void cw_conn_log(struct cw_conn *c, enum cw_log_level level, const char *event, const char *reason)
{
	uint64_t dropped = 0;

	if (level != CW_LOG_DEBUG && !cw_log_may(&c->all->log_limit, cw_loop_now(c->all->daemon->loop), &dropped))
		return;
	cw_log(level, event, "session", cw_log_int((int64_t)c->request.session), "uid", cw_log_int((int64_t)c->request.peer.uid),
	       "pid", cw_log_int((int64_t)c->request.peer.pid), "method", c->method, "reason", reason, "unlogged",
	       dropped > 0 ? cw_log_int((int64_t)dropped) : NULL, NULL);
}

static void publish_refusals(const struct cw_conn *c, const char *why)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = cw_json_object();

	cw_json_add_str(event, "event", "refused");
	cw_json_add_int(event, "uid", (int64_t)c->usage->uid);
	cw_json_add_int(event, "pid", (int64_t)c->request.peer.pid);
	cw_json_add_int(event, "count", (int64_t)c->usage->refused);
	cw_json_add_str(event, "reason", why);
	cw_daemon_publish(c->all->daemon, event);
}

void cw_conn_refused(struct cw_conn *c, const char *why)
{
	struct cw_audit_event line = CW_AUDIT_EVENT("refused", &c->request.peer);

	c->refused++;
	c->all->refused++;
	line.method = c->method;
	line.reason = why;
	line.session = (int64_t)c->request.session;
	cw_audit_note(c->all->daemon->audit, &line);
	if (!cw_usage_refused(c->usage, cw_loop_now(c->all->daemon->loop)))
		return;
	cw_log(CW_LOG_WARNING, "refused_often", "uid", cw_log_int((int64_t)c->usage->uid), "pid",
	       cw_log_int((int64_t)c->request.peer.pid), "count", cw_log_int((int64_t)c->usage->refused), "reason", why, NULL);
	publish_refusals(c, why);
}
