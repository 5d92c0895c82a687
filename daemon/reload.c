/* daemon/reload.c - reloads, one at a time. The old rules serve until the new ones have passed every check, and for ever if they do not. */
#include "daemon/reload.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "daemon/health.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/server.h"
#include "daemon/watch.h"

#define WAITERS_MAX 4096

struct waiter {
	cw_reload_fn *fn;
	void *payload;
	uint64_t round; /* of the reload that it waits for */
};

struct cw_reloader {
	struct cw_daemon *d;
	struct cw_build *build; /* NULL: none runs */
	struct cw_source_fd *source;
	struct cw_timer *deadline, *next;
	struct cw_vec waiters; /* struct waiter */
	uint64_t round;	       /* of the one that runs, or ran last */
	bool again;	       /* one more is wanted */
};

/* ---- taking over ---- */

static void log_notes(const struct cw_built *b)
{
	for (const char *line = b->notes.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

		cw_buf_add(&text, line, (size_t)(end - line));
		cw_log(CW_LOG_WARNING, "configuration_note", "note", text.data, NULL);
	}
}

/* What workers need of BUILT; repository workers have a verdict store below the state folder. */
static int make_pool_rules(const struct cw_daemon *d, struct cw_built *built, struct cw_pool_rules *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf cache = CW_BUF_INIT;
	int rc;

	if (d->state)
		cw_buf_addf(&cache, "%s/cache", built->rules.conf->daemon_state);
	rc = cw_buf_fail(&cache, "path", err);
	if (rc == 0)
		rc = cw_built_setup(built, cache.len > 0 ? cache.data : NULL, &ret->setup, err);
	if (rc != 0)
		return rc;
	ret->memfd = built->image;
	built->image = -1;
	return 0;
}

/* Put RULES into D; what was there is in RULES then. */
static void swap(struct cw_daemon *d, struct cw_daemon_rules *rules)
{
	struct cw_daemon_rules old = d->rules;

	d->rules = *rules;
	*rules = old;
}

int cw_daemon_take(struct cw_daemon *d, struct cw_built *built, struct cw_err *err)
{
	struct cw_pool_rules rules = {.memfd = -1, .setup = CW_BUF_INIT_SECRET};
	int rc;

	cw_daemon_override(built->rules.conf, &d->opts);
	rc = make_pool_rules(d, built, &rules, err);
	swap(d, &built->rules);
	if (rc == 0 && d->server)
		rc = cw_server_configure(d->server, err);
	if (rc == 0)
		rc = cw_pool_set_rules(d->pool, &rules, err);
	cw_closep(&rules.memfd);
	cw_buf_release(&rules.setup);
	if (rc != 0) {
		swap(d, &built->rules);
		if (d->server)
			(void)cw_server_configure(d->server, NULL);
	} else {
		cw_health_set_test(d->health, &built->test);
		log_notes(built);
		cw_log_start((enum cw_log_level)(CW_LOG_ERROR + d->rules.conf->daemon_log_level));
	}
	cw_built_release(built);
	return rc;
}

/* ---- one reload ---- */

static void tell(struct cw_reloader *r, int rc, const struct cw_err *why)
{
	for (size_t i = 0; i < r->waiters.len;) {
		struct waiter w = CW_VEC_AT(&r->waiters, struct waiter, i);

		if (w.round > r->round) {
			i++;
			continue;
		}
		CW_VEC_AT(&r->waiters, struct waiter, i) = CW_VEC_AT(&r->waiters, struct waiter, r->waiters.len - 1);
		r->waiters.len--;
		w.fn(w.payload, rc, why);
	}
}

static void publish(struct cw_reloader *r, int rc, const struct cw_err *why)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = cw_json_object();

	cw_json_add_str(event, "event", "reload");
	cw_json_add_bool(event, "ok", rc == 0);
	cw_json_add_str(event, "digest", r->d->rules.digest);
	if (rc != 0)
		cw_json_add_str(event, "reason", cw_err_msg(why));
	cw_daemon_publish(r->d, event);
}

static void release_build(struct cw_reloader *r)
{
	cw_timer_stop(r->deadline);
	cw_loop_remove(r->source);
	r->source = NULL;
	cw_build_free(r->build);
	r->build = NULL;
}

static void finish(struct cw_reloader *r, int rc, const struct cw_err *why)
{
	struct cw_daemon *d = r->d;

	release_build(r);
	d->reloads += rc == 0;
	free(d->last_reload_error);
	d->last_reload_error = rc == 0 ? NULL : strdup(cw_err_msg(why));
	cw_log(rc == 0 ? CW_LOG_NOTICE : CW_LOG_ERROR, rc == 0 ? "reloaded" : "reload_refused", "digest", d->rules.digest, "rules",
	       cw_log_int((int64_t)d->rules.rules), "why", rc == 0 ? NULL : cw_err_msg(why), NULL);
	cw_notify_send(rc == 0 ? "READY=1\nSTATUS=Serving." : "READY=1\nSTATUS=Serving; the last reload was refused.");
	if (rc == 0 && d->watcher)
		cw_watcher_sweep(d->watcher);
	publish(r, rc, why);
	tell(r, rc, why);
	if (r->again && !d->draining)
		cw_timer_set(r->next, 0);
}

static void on_readable(void *payload, uint32_t events)
{
	struct cw_reloader *r = payload;
	struct cw_built built;
	struct cw_err err = CW_ERR_INIT;
	bool done = false;
	int rc = cw_build_read(r->build, &done, &err);

	if (rc == 0 && !done)
		return;
	if (rc == 0)
		rc = cw_build_take(r->build, &built, &err);
	if (rc == 0)
		rc = cw_daemon_take(r->d, &built, &err);
	finish(r, rc, &err);
}

static void on_deadline(void *payload)
{
	struct cw_reloader *r = payload;
	struct cw_err err = CW_ERR_INIT;

	cw_err_set(&err, CW_E_CANCELLED, "the rules were not made within %d s", CW_BUILD_MS / 1000);
	finish(r, CW_E_CANCELLED, &err);
}

static int start(struct cw_reloader *r, struct cw_err *err)
{
	int rc = cw_build_start(r->d->opts.config_file, &r->build, err);

	if (rc == 0)
		rc = cw_loop_add(r->d->loop, cw_build_fd(r->build), EPOLLIN, on_readable, r, &r->source, err);
	if (rc != 0) {
		cw_build_free(r->build);
		r->build = NULL;
		return rc;
	}
	cw_notify_reloading();
	cw_timer_set(r->deadline, CW_BUILD_MS);
	r->round++;
	return 0;
}

static void on_next(void *payload)
{
	struct cw_reloader *r = payload;
	struct cw_err err = CW_ERR_INIT;
	int rc;

	if (r->build || !r->again)
		return;
	r->again = false;
	rc = start(r, &err);
	if (rc == 0)
		return;
	r->round++;
	finish(r, rc, &err);
}

int cw_daemon_reload(struct cw_daemon *d, cw_reload_fn *fn, void *payload, struct cw_err *err)
{
	struct cw_reloader *r = d->reloader;
	struct waiter *w;

	if (d->draining)
		return cw_err_set(err, CW_E_CANCELLED, "the daemon is ending");
	if (fn) {
		w = cw_vec_push(&r->waiters);
		if (!w) {
			int rc = cw_vec_fail(&r->waiters, "callers that wait for a reload", err);

			r->waiters.fail = 0;
			return rc;
		}
		*w = (struct waiter){.fn = fn, .payload = payload, .round = r->round + 1};
	}
	r->again = true;
	cw_timer_set(r->next, 0);
	return 0;
}

void cw_daemon_reload_forget(struct cw_daemon *d, const void *payload)
{
	struct cw_vec *v = &d->reloader->waiters;

	for (size_t i = 0; i < v->len; i++) {
		if (CW_VEC_AT(v, struct waiter, i).payload != payload)
			continue;
		CW_VEC_AT(v, struct waiter, i) = CW_VEC_AT(v, struct waiter, v->len - 1);
		v->len--;
		return;
	}
}

int cw_reloader_new(struct cw_daemon *d, struct cw_reloader **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_reloader_free_p) struct cw_reloader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return cw_err_nomem(err);
	r->d = d;
	r->waiters = (struct cw_vec)CW_VEC_INIT(struct waiter, WAITERS_MAX);
	rc = cw_timer_new(d->loop, on_deadline, r, &r->deadline, err);
	if (rc == 0)
		rc = cw_timer_new(d->loop, on_next, r, &r->next, err);
	if (rc == 0)
		*ret = cw_steal(&r);
	return rc;
}

void cw_reloader_free(struct cw_reloader *r)
{
	if (!r)
		return;
	cw_loop_remove(r->source);
	cw_build_free(r->build);
	cw_timer_free(r->deadline);
	cw_timer_free(r->next);
	cw_vec_release(&r->waiters);
	free(r);
}
