/* daemon/method_watch.c - methods about watched repositories, what was found in them, and what is allowed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/method.h"
#include "daemon/watch.h"
#include "policy/date.h"

#define PAGE 64		  /* findings of a stream in one turn of the loop */
#define WHOLE_MAX 1000	  /* findings in a reply that is not a stream */
#define REASON_MAX 1000 /* bytes */

static int64_t today(void)
{
	return cw_clock_wall() / CW_DAY_SECONDS;
}

static void add_time(struct cw_json *parent, const char *key, int64_t seconds)
{
	char text[CW_CLOCK_ISO_SIZE];

	cw_clock_iso(seconds, text);
	if (seconds != 0)
		cw_json_add_str(parent, key, text);
}

/* ---- what all of them need ---- */

/* False: answered. */
static bool has_state(struct cw_request *r)
{
	if (r->daemon->state != NULL)
		return true;
	cw_request_fail(r, "Unavailable", "the daemon has no state folder (daemon.state)");
	return false;
}

static bool has_watcher(struct cw_request *r)
{
	if (!has_state(r))
		return false;
	if (r->daemon->watcher != NULL)
		return true;
	cw_request_fail(r, "Unavailable", "the daemon is ending");
	return false;
}

/* The text KEY of PARAMETERS, or NULL when the request was answered. */
static const char *need_text(struct cw_request *r, const struct cw_json *parameters, const char *key)
{
	const char *text = cw_json_str(cw_json_get(parameters, key));

	if (text == NULL)
		cw_request_invalid(r, key);
	return text;
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

static void bad_repository(struct cw_request *r, const char *path, const char *reason)
{
	struct cw_json *parameters = cw_json_object();

	cw_json_add_str(parameters, "path", path);
	cw_json_add_str(parameters, "reason", reason);
	cw_request_fail_json(r, "BadRepository", parameters);
}

static void answer(struct cw_request *r, int rc, const struct cw_err *err)
{
	if (rc == 0)
		cw_request_reply(r, NULL);
	else
		cw_request_fail_err(r, err);
}

/* ---- Watch, Unwatch, ListWatches ---- */

void cw_method_watch(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	struct cw_audit_event line = CW_AUDIT_EVENT("watch", &r->peer);
	struct cw_err err = CW_ERR_INIT;
	const struct cw_json *value;
	bool from_now = false;
	const char *path;
	int rc;

	if (!has_watcher(r) || cw_request_json(r, &parameters) < 0 || (path = need_text(r, parameters, "path")) == NULL)
		return;
	value = cw_json_get(parameters, "from_now");
	if (value != NULL && cw_json_type(value) != CW_JSON_NULL && !cw_json_bool(value, &from_now)) {
		cw_request_invalid(r, "from_now");
		return;
	}
	if (!cw_watch_path_allowed(r->daemon->rules.conf, path)) {
		bad_repository(r, path, "it is not an absolute path below one of daemon.roots");
		return;
	}
	line.repository = path;
	if (!write_audit(r, &line))
		return;
	rc = cw_watcher_add(r->daemon->watcher, path, from_now, &err);
	if (rc == CW_E_INVALID)
		bad_repository(r, path, cw_err_msg(&err));
	else
		answer(r, rc, &err);
}

void cw_method_unwatch(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	struct cw_audit_event line = CW_AUDIT_EVENT("unwatch", &r->peer);
	struct cw_err err = CW_ERR_INIT;
	const char *path;

	if (!has_watcher(r) || cw_request_json(r, &parameters) < 0 || (path = need_text(r, parameters, "path")) == NULL)
		return;
	line.repository = path;
	if (write_audit(r, &line))
		answer(r, cw_watcher_remove(r->daemon->watcher, path, &err), &err);
}

static int add_watch(void *payload, const struct cw_state_watch *w, struct cw_err *err)
{
	static const char *const states[] = { "baselining", "watching", "failing" };
	struct cw_json *one = cw_json_add_object(payload, NULL);

	cw_json_add_str(one, "path", w->path);
	cw_json_add_str(one, "state", states[w->state]);
	if (w->reason != NULL)
		cw_json_add_str(one, "reason", w->reason);
	cw_json_add_int(one, "findings", (int64_t)w->findings);
	add_time(one, "last_scan", w->last_scan);
	add_time(one, "last_change", w->last_change);
	return 0;
}

void cw_method_list_watches(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = cw_json_object();
	struct cw_json *list = cw_json_add_array(reply, "watches");
	struct cw_err err = CW_ERR_INIT;

	if (!has_state(r))
		return;
	if (cw_state_watch_list(r->daemon->state, add_watch, list, &err) < 0)
		cw_request_fail_err(r, &err);
	else
		cw_request_reply(r, reply);
}

/* ---- ListFindings ---- */

struct listing { /* of one request */
	struct cw_request *request;
	char *repository; /* or NULL */
	int64_t since;	  /* the last one that was told */
	struct cw_buf text;
	size_t told;	  /* in this turn, or reply */
	bool busy, gone;  /* the connection may end in the middle of a turn */
};

static void listing_free(struct listing *l)
{
	if (l == NULL)
		return;
	cw_buf_release(&l->text);
	free(l->repository);
	free(l);
}
CW_DEFINE_CLEANUP(struct listing, listing_free)

/* The record is JSON already, and was checked when it was stored. */
static void add_finding(struct cw_buf *out, const struct cw_state_finding *f)
{
	static const char *const states[] = { "live", "gone", "allowed", "suppressed" };
	char first[CW_CLOCK_ISO_SIZE], last[CW_CLOCK_ISO_SIZE];

	cw_clock_iso(f->first_seen, first);
	cw_clock_iso(f->last_seen, last);
	cw_buf_addf(out, "{\"id\":%lld,\"repository\":", (long long)f->id);
	cw_call_quote(out, f->repository, strlen(f->repository));
	cw_buf_addf(out, ",\"first_seen\":\"%s\",\"last_seen\":\"%s\",\"state\":\"%s\",\"finding\":%s}", first, last, states[f->state],
		    f->record);
}

static int tell_one(void *payload, const struct cw_state_finding *f, struct cw_err *err)
{
	struct listing *l = payload;

	cw_buf_clear(&l->text);
	cw_buf_adds(&l->text, "{\"findings\":[");
	add_finding(&l->text, f);
	cw_buf_adds(&l->text, "]}");
	if (cw_buf_fail(&l->text, "finding", err) < 0)
		return l->text.fail;
	l->since = f->id;
	if (!cw_request_continue_text(l->request, l->text.data, l->text.len) || l->gone)
		return CW_E_CANCELLED;
	return ++l->told == PAGE || !cw_request_has_room(l->request) ? CW_E_LIMIT : 0;
}

static void stream(void *payload)
{
	static const char last[] = "{\"parameters\":{\"findings\":[]}}";
	struct listing *l = payload;
	struct cw_err err = CW_ERR_INIT;
	int rc;

	l->told = 0;
	l->busy = true;
	rc = cw_state_finding_list(l->request->daemon->state, l->repository, l->since, today(), tell_one, l, &err);
	l->busy = false;
	if (!l->gone && rc == CW_E_LIMIT) {
		cw_request_when_room(l->request, stream, l);
		return;
	}
	if (!l->gone && rc == 0)
		cw_request_reply_text(l->request, last, sizeof(last) - 1);
	else if (!l->gone)
		cw_request_fail_err(l->request, &err);
	listing_free(l);
}

static void on_gone(void *payload)
{
	struct listing *l = payload;

	if (l->busy)
		l->gone = true;
	else
		listing_free(l);
}

static int gather_one(void *payload, const struct cw_state_finding *f, struct cw_err *err)
{
	struct listing *l = payload;

	if (l->told++ == WHOLE_MAX)
		return cw_err_set(err, CW_E_LIMIT, "there are more than %d findings: ask with `more`, or since the last one", WHOLE_MAX);
	cw_buf_adds(&l->text, l->told > 1 ? "," : "");
	add_finding(&l->text, f);
	return cw_buf_fail(&l->text, "findings", err);
}

static void list_whole(struct cw_request *r, struct listing *l)
{
	struct cw_err err = CW_ERR_INIT;
	int rc;

	cw_buf_adds(&l->text, "{\"parameters\":{\"findings\":[");
	rc = cw_state_finding_list(r->daemon->state, l->repository, l->since, today(), gather_one, l, &err);
	cw_buf_adds(&l->text, "]}}");
	if (rc == 0)
		rc = cw_buf_fail(&l->text, "findings", &err);
	if (rc == 0)
		cw_request_reply_text(r, l->text.data, l->text.len);
	else
		cw_request_fail_err(r, &err);
}

/* False: answered. */
static bool take_filter(struct cw_request *r, struct listing *l)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	const struct cw_json *repository, *since;

	if (cw_request_json(r, &parameters) < 0)
		return false;
	repository = cw_json_get(parameters, "repository");
	since = cw_json_get(parameters, "since");
	if (since != NULL && cw_json_type(since) != CW_JSON_NULL && (!cw_json_int(since, &l->since) || l->since < 0)) {
		cw_request_invalid(r, "since");
		return false;
	}
	if (repository == NULL || cw_json_type(repository) == CW_JSON_NULL)
		return true;
	if (cw_json_str(repository) == NULL) {
		cw_request_invalid(r, "repository");
		return false;
	}
	/* Nothing to list would look as if it were clean. */
	if (!cw_watcher_has(r->daemon->watcher, cw_json_str(repository))) {
		cw_request_fail(r, "NotFound", "this repository is not watched");
		return false;
	}
	l->repository = strdup(cw_json_str(repository));
	if (l->repository == NULL)
		cw_request_fail(r, "InternalError", "out of memory");
	return l->repository != NULL;
}

void cw_method_list_findings(struct cw_request *r)
{
	CW_CLEANUP(listing_free_p) struct listing *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		cw_request_fail(r, "InternalError", "out of memory");
		return;
	}
	l->request = r;
	l->text = (struct cw_buf)CW_BUF_INIT_MAX((size_t)16 << 20);
	if (!has_state(r) || !take_filter(r, l))
		return;
	if (!r->more) {
		list_whole(r, l);
		return;
	}
	cw_request_on_gone(r, on_gone, l);
	stream(cw_steal(&l));
}

/* ---- Allow, Revoke ---- */

static bool is_fingerprint(const char *s)
{
	const char *colon = strchr(s, ':');
	static const char hex[] = "0123456789abcdef";

	return colon == s + CW_KEY_ID_SIZE - 1 && strspn(s, hex) == CW_KEY_ID_SIZE - 1 &&
	       strspn(colon + 1, hex) == strlen(colon + 1) && strlen(s) == CW_FINGERPRINT_SIZE - 1;
}

/* The name of the parameter that is wrong; NULL: none. */
static const char *take_allowance(const struct cw_json *parameters, struct cw_state_allowance *a)
{
	const struct cw_json *expires = cw_json_get(parameters, "expires");

	a->fingerprint = cw_json_str(cw_json_get(parameters, "fingerprint"));
	a->reason = cw_json_str(cw_json_get(parameters, "reason"));
	a->expires = CW_STATE_NEVER;
	if (a->fingerprint == NULL || !is_fingerprint(a->fingerprint))
		return "fingerprint";
	if (a->reason == NULL || a->reason[strspn(a->reason, " \t\r\n")] == '\0' || strlen(a->reason) > REASON_MAX)
		return "reason";
	if (expires != NULL && cw_json_type(expires) != CW_JSON_NULL &&
	    (cw_json_str(expires) == NULL || !cw_date_parse(cw_json_str(expires), &a->expires)))
		return "expires";
	return NULL;
}

void cw_method_allow(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf reason = CW_BUF_INIT;
	struct cw_audit_event line = CW_AUDIT_EVENT("allow", &r->peer);
	struct cw_state_allowance a = { .uid = (int64_t)r->peer.uid, .now = cw_clock_wall() };
	struct cw_err err = CW_ERR_INIT;
	const char *wrong;
	int rc;

	if (!has_state(r) || cw_request_json(r, &parameters) < 0)
		return;
	wrong = take_allowance(parameters, &a);
	if (wrong != NULL) {
		cw_request_invalid(r, wrong);
		return;
	}
	line.fingerprint = a.fingerprint;
	line.reason = a.reason;
	if (!write_audit(r, &line))
		return;
	rc = cw_audit_cleanse(r->daemon->audit, a.reason, &reason, &err);
	a.reason = reason.data;
	if (rc == 0)
		rc = cw_state_allow(r->daemon->state, &a, &err);
	if (rc == 0)
		cw_log(CW_LOG_NOTICE, "allowed", "fingerprint", a.fingerprint, "by_uid", cw_log_int(a.uid), NULL);
	answer(r, rc, &err);
}

void cw_method_revoke(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	struct cw_audit_event line = CW_AUDIT_EVENT("revoke", &r->peer);
	struct cw_err err = CW_ERR_INIT;
	const char *fingerprint;
	int rc;

	if (!has_state(r) || cw_request_json(r, &parameters) < 0 || (fingerprint = need_text(r, parameters, "fingerprint")) == NULL)
		return;
	if (!is_fingerprint(fingerprint)) {
		cw_request_invalid(r, "fingerprint");
		return;
	}
	line.fingerprint = fingerprint;
	if (!write_audit(r, &line))
		return;
	rc = cw_state_revoke(r->daemon->state, fingerprint, cw_clock_wall(), &err);
	if (rc == 0 && r->daemon->watcher != NULL)
		cw_watcher_notify(r->daemon->watcher);
	answer(r, rc, &err);
}
