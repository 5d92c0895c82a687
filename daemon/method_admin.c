/* daemon/method_admin.c - methods about the daemon itself, and reports from clients that scanned in their own process. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/audit.h"
#include "daemon/conn.h"
#include "daemon/log.h"
#include "daemon/method.h"
#include "daemon/publish.h"
#include "daemon/server.h"
#include "daemon/version.h"
#include "daemon/watch.h"

#define OUTCOME_FINDINGS_MAX 50 /* that subscribers are told of; all are counted */
#define OUTCOME_WORD_MAX 4096	/* bytes of a text of theirs */

static void add_time(struct cw_json *parent, const char *key, int64_t seconds)
{
	char text[CW_CLOCK_ISO_SIZE];

	cw_clock_iso(seconds, text);
	cw_json_add_str(parent, key, text);
}

/* What an administrator does is not done when it cannot be written down. False: answered. */
static bool write_audit(struct cw_request *r, const struct cw_audit_event *line)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_audit_add(r->daemon->audit, line, &err) == 0)
		return true;
	cw_request_fail(r, "InternalError", "the audit log: %s", cw_err_msg(&err));
	return false;
}

/* ---- Status ---- */

static void add_workers(struct cw_json *reply, const struct cw_pool *pool)
{
	struct cw_json *list = cw_json_add_array(reply, "workers");
	struct cw_worker_info info;

	for (size_t i = 0; cw_pool_worker(pool, i, &info); i++) {
		struct cw_json *one = cw_json_add_object(list, NULL);

		cw_json_add_str(one, "kind", info.kind);
		cw_json_add_int(one, "pid", info.pid);
		cw_json_add_int(one, "jobs", (int64_t)info.jobs);
		cw_json_add_int(one, "restarts", (int64_t)info.restarts);
		cw_json_add_bool(one, "busy", info.busy);
	}
}

static void add_rules(struct cw_json *reply, const struct cw_daemon *d)
{
	cw_json_add_str(reply, "version", CW_VERSION);
	cw_json_add_str(reply, "engine", d->rules.engine);
	cw_json_add_str(reply, "digest", d->rules.digest);
	cw_json_add_str(reply, "key_id", d->rules.key_id);
	cw_json_add_int(reply, "rules", (int64_t)d->rules.rules);
	add_time(reply, "started", d->started);
	cw_json_add_int(reply, "pid", getpid());
	cw_json_add_int(reply, "reloads", (int64_t)d->reloads);
	if (d->last_reload_error != NULL)
		cw_json_add_str(reply, "last_reload_error", d->last_reload_error);
}

void cw_method_status(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = cw_json_object();
	const struct cw_daemon *d = r->daemon;
	struct cw_server_stats stats;
	uint64_t findings = 0;

	cw_server_stats(d->server, &stats);
	if (d->state != NULL && cw_state_finding_count(d->state, &findings, NULL) != 0)
		findings = 0;
	add_rules(reply, d);
	cw_json_add_int(reply, "connections", (int64_t)stats.connections);
	cw_json_add_int(reply, "queued", (int64_t)cw_pool_queued(d->pool));
	cw_json_add_int(reply, "calls", (int64_t)stats.calls);
	cw_json_add_int(reply, "refused", (int64_t)stats.refused);
	add_workers(reply, d->pool);
	cw_json_add_int(reply, "watches", d->watcher != NULL ? (int64_t)cw_watcher_len(d->watcher) : 0);
	cw_json_add_int(reply, "findings", (int64_t)findings);
	cw_request_reply(r, reply);
}

/* ---- sessions ---- */

static void add_session(struct cw_json *list, const struct cw_conn *c)
{
	struct cw_json *one = cw_json_add_object(list, NULL), *roles;
	const struct cw_peer *peer = &c->request.peer;

	cw_json_add_int(one, "id", (int64_t)c->request.session);
	cw_json_add_int(one, "uid", (int64_t)peer->uid);
	cw_json_add_int(one, "gid", (int64_t)peer->gid);
	cw_json_add_int(one, "pid", (int64_t)peer->pid);
	roles = cw_json_add_array(one, "roles");
	for (unsigned role = CW_ROLE_SCAN; role <= CW_ROLE_ADMIN; role <<= 1) {
		if ((peer->roles & role) != 0)
			cw_json_add_str(roles, NULL, cw_role_name((enum cw_role)role));
	}
	add_time(one, "connected", c->connected);
	cw_json_add_int(one, "calls", (int64_t)c->calls);
	cw_json_add_int(one, "refused", (int64_t)c->refused);
	cw_json_add_bool(one, "busy", c->busy);
}

void cw_method_sessions(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = cw_json_object();
	struct cw_json *list = cw_json_add_array(reply, "sessions");

	for (const struct cw_conn *c = cw_server_conns(r->daemon->server)->first; c != NULL; c = c->next)
		add_session(list, c);
	cw_request_reply(r, reply);
}

void cw_method_disconnect(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	struct cw_audit_event line = CW_AUDIT_EVENT("disconnect", &r->peer);
	struct cw_conn *c;
	int64_t id = 0;

	if (cw_request_json(r, &parameters) != 0)
		return;
	if (!cw_json_int(cw_json_get(parameters, "session"), &id) || id < 0) {
		cw_request_invalid(r, "session");
		return;
	}
	c = cw_conns_find(cw_server_conns(r->daemon->server), (uint64_t)id);
	if (c == NULL) {
		cw_request_fail(r, "NotFound", "there is no session %lld", (long long)id);
		return;
	}
	line.session = id;
	if (!write_audit(r, &line))
		return;
	cw_log(CW_LOG_NOTICE, "disconnect", "session", cw_log_int(id), "by_uid", cw_log_int((int64_t)r->peer.uid), NULL);
	/* The answer first: it may be the caller's own. */
	cw_request_reply(r, NULL);
	cw_conn_close(c, "cut by an administrator");
}

/* ---- Reload, Subscribe ---- */

static void reloaded(void *payload, int rc, const struct cw_err *why)
{
	struct cw_request *r = payload;

	if (rc == 0)
		cw_request_reply(r, NULL);
	else
		cw_request_fail(r, "InternalError", "%s", cw_err_msg(why));
}

static void reload_gone(void *payload)
{
	struct cw_request *r = payload;

	cw_daemon_reload_forget(r->daemon, r);
}

void cw_method_reload(struct cw_request *r)
{
	struct cw_audit_event line = CW_AUDIT_EVENT("reload", &r->peer);
	struct cw_err err = CW_ERR_INIT;

	if (!write_audit(r, &line))
		return;
	cw_log(CW_LOG_NOTICE, "reload_asked", "by_uid", cw_log_int((int64_t)r->peer.uid), NULL);
	if (cw_daemon_reload(r->daemon, reloaded, r, &err) == 0)
		cw_request_on_gone(r, reload_gone, r);
	else
		cw_request_fail_err(r, &err);
}

void cw_method_subscribe(struct cw_request *r)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_subscribers_add(cw_server_subscribers(r->daemon->server), r, &err) != 0)
		cw_request_fail_err(r, &err);
}

/* ---- ReportOutcome ---- */

/* Subscribers are told the words of a caller without secrets, and none that are too long. */
static void add_word(struct cw_request *r, struct cw_json *to, const char *key, const char *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;

	if (text != NULL && strlen(text) <= OUTCOME_WORD_MAX && cw_audit_cleanse(r->daemon->audit, text, &clean, NULL) == 0)
		cw_json_add_str(to, key, clean.data != NULL ? clean.data : "");
}

/* Where the findings are, and what: not all that a client cares to write into them. */
static void copy_findings(struct cw_request *r, struct cw_json *event, const struct cw_json *findings)
{
	static const char *const keys[] = {"rule", "severity", "path", "fingerprint", "redacted", "state"};
	struct cw_json *list = cw_json_add_array(event, "findings");
	int n = 0;

	for (const struct cw_json *f = cw_json_first(findings); f != NULL && n < OUTCOME_FINDINGS_MAX; f = cw_json_next(f), n++) {
		struct cw_json *one = cw_json_add_object(list, NULL);

		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			add_word(r, one, keys[i], cw_json_str(cw_json_get(f, keys[i])));
	}
}

struct outcome {
	const char *command, *repository, *user; /* user: the caller's word; or NULL */
	const struct cw_json *refs;		 /* or NULL */
	const struct cw_json *findings;
	int64_t status, expected, unscanned;
};

/* The name of the parameter that is missing or wrong; NULL: none. */
static const char *take_outcome(const struct cw_json *p, struct outcome *o)
{
	o->command = cw_json_str(cw_json_get(p, "command"));
	o->repository = cw_json_str(cw_json_get(p, "repository"));
	o->findings = cw_json_get(p, "findings");
	o->user = cw_json_str(cw_json_get(p, "user"));
	o->refs = cw_json_get(p, "refs");
	if (o->command == NULL)
		return "command";
	if (o->repository == NULL)
		return "repository";
	if (o->findings == NULL || cw_json_type(o->findings) != CW_JSON_ARRAY)
		return "findings";
	if (!cw_json_int(cw_json_get(p, "status"), &o->status))
		return "status";
	if (!cw_json_int(cw_json_get(p, "expected"), &o->expected))
		return "expected";
	return cw_json_int(cw_json_get(p, "unscanned"), &o->unscanned) ? NULL : "unscanned";
}

static void note_outcome(struct cw_request *r, const struct outcome *o)
{
	struct cw_audit_event line = CW_AUDIT_EVENT("outcome", &r->peer);
	const struct cw_json *first = cw_json_first(o->findings);
	CW_CLEANUP(cw_buf_release) struct cw_buf refs = CW_BUF_INIT;

	for (const struct cw_json *ref = o->refs != NULL ? cw_json_first(o->refs) : NULL; ref != NULL; ref = cw_json_next(ref)) {
		cw_buf_adds(&refs, refs.len > 0 ? " " : "");
		cw_buf_adds(&refs, cw_json_str(ref) != NULL ? cw_json_str(ref) : "?");
	}
	line.method = o->command;
	line.repository = o->repository;
	line.claimed_user = o->user;
	line.refs = o->refs != NULL ? refs.data : NULL;
	line.fingerprint = cw_json_str(cw_json_get(first, "fingerprint"));
	line.rule = cw_json_str(cw_json_get(first, "rule"));
	line.status = o->status;
	line.findings = (int64_t)cw_json_len(o->findings);
	cw_audit_note(r->daemon->audit, &line);
}

static void publish_outcome(struct cw_request *r, const struct outcome *o)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = NULL;

	if (cw_subscribers_len(cw_server_subscribers(r->daemon->server)) == 0)
		return;
	event = cw_json_object();
	cw_json_add_str(event, "event", "outcome");
	cw_json_add_int(event, "uid", (int64_t)r->peer.uid);
	add_word(r, event, "command", o->command);
	add_word(r, event, "repository", o->repository);
	add_word(r, event, "claimed_user", o->user);
	cw_json_add_int(event, "status", o->status);
	cw_json_add_int(event, "count", (int64_t)cw_json_len(o->findings));
	cw_json_add_int(event, "expected", o->expected);
	cw_json_add_int(event, "unscanned", o->unscanned);
	copy_findings(r, event, o->findings);
	cw_daemon_publish(r->daemon, event);
}

void cw_method_report_outcome(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	struct outcome o;
	const char *wrong;

	if (cw_request_json(r, &parameters) != 0)
		return;
	wrong = take_outcome(parameters, &o);
	if (wrong != NULL) {
		cw_request_invalid(r, wrong);
		return;
	}
	note_outcome(r, &o);
	publish_outcome(r, &o);
	/* A hook that let a push in knows that refs have moved. */
	if (r->daemon->watcher != NULL)
		cw_watcher_hint(r->daemon->watcher, o.repository);
	cw_request_reply(r, NULL);
}
