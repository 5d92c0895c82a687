/* daemon/watch_job.c - one look at a repository: the job for a worker, what it tells, and what follows from it. */
#include "daemon/watch_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/log.h"

#define REFS_MAX ((size_t)32 << 20) /* bytes of a REFS message: the folders of one repository */
#define REPLY_MAX ((size_t)1 << 20) /* bytes of a DONE message */
#define REASON_MAX 300		    /* bytes */

struct cw_watch_job {
	struct cw_watch_store store;
	uint64_t id;			/* in the pool */
	int64_t started;		/* milliseconds */
	char refs[CW_WATCH_REFS_SIZE];	/* fingerprint that the worker told; "": not yet */
	char rules[CW_WATCH_RULES_SIZE]; /* by which it scans: those at its start, whatever a reload brings meanwhile */
	bool recheck;			/* folders are watched since it looked */
	struct cw_err err;		/* the first failure of our own: the scan does not count */
};

static void job_free(struct cw_watch_job *j)
{
	if (j == NULL)
		return;
	cw_watch_store_release(&j->store);
	free(j);
}
CW_DEFINE_CLEANUP(struct cw_watch_job, job_free)

/* ---- REFS ---- */

static int take_folders(struct cw_watch_job *j, const struct cw_json *list, struct cw_err *err)
{
	struct cw_watcher *w = j->store.watcher;
	struct cw_watched *r = j->store.repository;
	size_t len = cw_json_len(list), n = 0;
	CW_CLEANUP(cw_freep) const char **folders = calloc(len + 1, sizeof(*folders));
	const struct cw_json *item;
	bool was_partial = r->set.partial;
	int rc;

	if (folders == NULL)
		return cw_err_nomem(err);
	for (item = cw_json_first(list); item != NULL; item = cw_json_next(item))
		/* a worker that was taken over does not choose what is watched */
		if (cw_json_str(item) != NULL && cw_watch_path_allowed(w->d->rules.conf, cw_json_str(item)))
			folders[n++] = cw_json_str(item);
	rc = cw_inotify_replace(w->inotify, &r->set, folders, n, &j->recheck, err);
	if (rc == 0 && r->set.partial && !was_partial)
		cw_log(CW_LOG_WARNING, "partly_watched", "repository", r->path, "folders", cw_log_int((int64_t)n), NULL);
	return rc;
}

static bool is_fingerprint(const char *s)
{
	return s != NULL && strlen(s) == CW_WATCH_REFS_SIZE - 1 && strspn(s, "0123456789abcdef") == CW_WATCH_REFS_SIZE - 1;
}

static int take_refs(struct cw_watch_job *j, const char *data, size_t len, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *refs = NULL;
	const char *fingerprint;
	int rc;

	if (j->refs[0] != '\0') /* only what was there before the scan began counts */
		return 0;
	rc = cw_json_parse(data, len, REFS_MAX, &refs, err);
	if (rc < 0)
		return rc;
	fingerprint = cw_json_str(cw_json_get(refs, "fingerprint"));
	if (!is_fingerprint(fingerprint))
		return cw_err_set(err, CW_E_INVALID, "a worker told something else than a fingerprint");
	rc = take_folders(j, cw_json_get(refs, "watch"), err);
	if (rc == 0)
		memcpy(j->refs, fingerprint, CW_WATCH_REFS_SIZE);
	return rc;
}

static void on_record(void *payload, enum cw_ipc_kind kind, const char *data, size_t len)
{
	struct cw_watch_job *j = payload;

	if (j->err.code != CW_OK)
		return;
	if (kind == CW_IPC_REFS)
		take_refs(j, data, len, &j->err);
	else if (kind == CW_IPC_RECORD)
		cw_watch_store_add(&j->store, data, len, &j->err);
}

/* ---- what came of it ---- */

/* R fails for REASON, or (NULL) does no longer. */
static void set_reason(struct cw_watcher *w, struct cw_watched *r, const char *reason)
{
	struct cw_err err = CW_ERR_INIT;
	char *copy = reason != NULL ? strndup(reason, REASON_MAX) : NULL;

	if (reason == NULL ? r->reason == NULL : r->reason != NULL && copy != NULL && strcmp(copy, r->reason) == 0) {
		free(copy);
		return;
	}
	cw_log(reason != NULL ? CW_LOG_WARNING : CW_LOG_NOTICE, reason != NULL ? "repository_failing" : "repository_well",
	       "repository", r->path, "why", copy, NULL);
	if (cw_state_watch_fail(w->d->state, r->id, copy, &err) < 0)
		cw_log(CW_LOG_ERROR, "state", "why", cw_err_msg(&err), NULL);
	free(r->reason);
	r->reason = copy;
}

static int64_t number(const struct cw_json *object, const char *key)
{
	int64_t n = 0;

	cw_json_int(cw_json_get(object, key), &n);
	return n;
}

static void tell_scan(const struct cw_watch_job *j, int64_t unscanned)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = cw_json_object();
	const struct cw_watched *r = j->store.repository;
	int64_t ms = cw_clock_ms() - j->started;

	cw_log(CW_LOG_INFO, "scanned", "repository", r->path, "findings", cw_log_int((int64_t)j->store.found), "new",
	       cw_log_int((int64_t)j->store.added), "unscanned", cw_log_int(unscanned), "ms", cw_log_int(ms), NULL);
	cw_json_add_str(event, "event", "scan");
	cw_json_add_str(event, "repository", r->path);
	cw_json_add_int(event, "findings", (int64_t)j->store.found);
	cw_json_add_int(event, "new", (int64_t)j->store.added);
	cw_json_add_int(event, "unscanned", unscanned);
	cw_daemon_publish(j->store.watcher->d, event);
}

/* The scan is over; COVERAGE is the worker's. */
static int take_scan(struct cw_watch_job *j, const struct cw_json *coverage, struct cw_err *err)
{
	struct cw_watched *r = j->store.repository;
	int64_t expected = number(coverage, "expected"), unscanned = number(coverage, "unscanned");
	bool complete = cw_json_type(coverage) == CW_JSON_OBJECT && unscanned == 0 &&
			number(coverage, "scanned") + number(coverage, "cached") == expected;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	const char *why = cw_json_str(cw_json_at(cw_json_get(coverage, "unscanned_reasons"), 0));
	int rc;

	cw_buf_addf(&text, "%s.%s", j->refs, j->rules);
	if ((rc = cw_buf_fail(&text, "fingerprint", err)) < 0 || (rc = cw_watch_store_end(&j->store, text.data, complete, err)) < 0)
		return rc;
	memcpy(r->known, complete ? text.data : "", complete ? CW_WATCH_KNOWN_SIZE : 1);
	r->baselining = false;
	tell_scan(j, unscanned);
	if (complete)
		return 0;
	return cw_err_set(err, CW_E_CORRUPT, "%lld of %lld objects could not be scanned%s%s", (long long)unscanned,
			  (long long)expected, why != NULL ? ": " : "", why != NULL ? why : "");
}

static int take_done(struct cw_watch_job *j, const char *data, size_t len, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
	const struct cw_json *parameters;
	bool unchanged = false;
	int rc = j->err.code;

	if (rc != CW_OK) {
		*err = j->err;
		return rc;
	}
	rc = cw_json_parse(data, len, REPLY_MAX, &reply, err);
	if (rc < 0)
		return rc;
	if (j->refs[0] == '\0')
		return cw_err_set(err, CW_E_INVALID, "a worker told no fingerprint");
	parameters = cw_json_get(reply, "parameters");
	if (cw_json_bool(cw_json_get(parameters, "unchanged"), &unchanged) && unchanged)
		return 0;
	return take_scan(j, cw_json_get(parameters, "coverage"), err);
}

static void on_done(void *payload, bool ok, const char *data, size_t len)
{
	CW_CLEANUP(job_free_p) struct cw_watch_job *j = payload;
	struct cw_watcher *w = j->store.watcher;
	struct cw_watched *r = j->store.repository;
	struct cw_watch_end end = { .ms = cw_clock_ms() - j->started };
	struct cw_err err = CW_ERR_INIT;
	int rc;

	r->job = NULL;
	if (!ok && !r->long_job && end.ms >= CW_WATCH_QUICK_MS) {
		/* Its deadline was short. Now it may take its time, where it holds up nobody. */
		end.recheck = true;
		cw_watch_over(w, r, &end);
		return;
	}
	rc = ok ? take_done(j, data, len, &err) : cw_err_set(&err, CW_E_INTERNAL, "%.*s", (int)(len < REASON_MAX ? len : REASON_MAX), data);
	set_reason(w, r, rc < 0 ? cw_err_msg(&err) : NULL);
	end.failed = rc < 0;
	end.recheck = j->recheck;
	cw_watch_over(w, r, &end);
}

/* ---- start ---- */

/* The fingerprint of the refs that were scanned last, if by the present rules. */
static bool known_refs(const struct cw_watcher *w, const struct cw_watched *r, char out[CW_WATCH_REFS_SIZE])
{
	if (strlen(r->known) != CW_WATCH_KNOWN_SIZE - 1 || strcmp(r->known + CW_WATCH_REFS_SIZE, w->rules) != 0)
		return false;
	memcpy(out, r->known, CW_WATCH_REFS_SIZE - 1);
	out[CW_WATCH_REFS_SIZE - 1] = '\0';
	return true;
}

static int make_message(const struct cw_watcher *w, const struct cw_watched *r, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *message = cw_json_object();
	char refs[CW_WATCH_REFS_SIZE];

	cw_json_add_str(message, "path", r->path);
	cw_json_add_str(message, "action", "scan");
	cw_json_add_bool(message, "findings", true);
	if (known_refs(w, r, refs))
		cw_json_add_str(message, "known", refs);
	return cw_json_print(message, false, out, err);
}

int cw_watch_job_start(struct cw_watcher *w, struct cw_watched *r, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf message = CW_BUF_INIT;
	CW_CLEANUP(job_free_p) struct cw_watch_job *j = calloc(1, sizeof(*j));
	struct cw_job job = { .kind = CW_IPC_REPOSITORY, .uid = geteuid(), .fd = -1, .done = on_done, .record = on_record };
	int rc;

	if (j == NULL)
		return cw_err_nomem(err);
	cw_watch_store_init(&j->store, w, r);
	j->started = cw_clock_ms();
	memcpy(j->rules, w->rules, sizeof(j->rules));
	rc = make_message(w, r, &message, err);
	if (rc < 0)
		return rc;
	job.head = message.data;
	job.head_len = message.len;
	job.payload = j;
	job.deadline_ms = r->long_job ? 0 : CW_WATCH_QUICK_MS;
	rc = cw_pool_submit(w->d->pool, &job, &j->id, err);
	if (rc < 0)
		return rc;
	r->job = cw_steal(&j);
	return 0;
}

void cw_watch_job_cancel(struct cw_watcher *w, struct cw_watched *r)
{
	cw_pool_cancel(w->d->pool, r->job->id);
	job_free(r->job);
	r->job = NULL;
}
