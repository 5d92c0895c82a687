/* daemon/watch.c - which repository is looked at when: hints, queues, the timer. */
#include "daemon/watch_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "daemon/log.h"

#define PATH_MAX_LEN 4000  /* bytes */
#define RETRY_MS 1000	   /* when the pool takes no job now */
#define TICK_MIN_MS 50
#define TICK_MAX_MS 5000
#define TICKS 16	   /* in a sweep */
#define SLOW_MS 5000	   /* a look that takes longer makes a repository slow */
#define HOLD_MS 1000	   /* after the first failure; doubles with each */
#define SWEEPS_MAX 16	   /* between two looks at a repository that always fails */

static struct cw_watched *at(const struct cw_watcher *w, size_t i)
{
	return CW_VEC_AT(&w->repositories, struct cw_watched *, i);
}

static int64_t sweep_ms(const struct cw_watcher *w)
{
	return (int64_t)w->d->rules.conf->watch_sweep_ms;
}

/* ---- queues ---- */

static void unqueue(struct cw_watcher *w, struct cw_watched *r)
{
	struct cw_watch_queue *q = &w->queues[r->turn];

	if (!r->queued)
		return;
	*(r->prev != NULL ? &r->prev->next : &q->head) = r->next;
	*(r->next != NULL ? &r->next->prev : &q->tail) = r->prev;
	r->next = r->prev = NULL;
	r->queued = false;
}

static void queue(struct cw_watcher *w, struct cw_watched *r, enum cw_watch_turn wanted, int64_t since)
{
	enum cw_watch_turn turn = r->slow && wanted < CW_TURN_SLOW ? CW_TURN_SLOW : wanted;
	struct cw_watch_queue *q = &w->queues[turn];

	unqueue(w, r);
	r->turn = turn;
	r->queued = true;
	r->due = since;
	r->prev = q->tail;
	*(q->tail != NULL ? &q->tail->next : &q->head) = r;
	q->tail = r;
}

/* How long until the first of the queue of events has waited for further ones; 0: no longer. */
static int64_t pause_left(const struct cw_watcher *w, const struct cw_watched *r)
{
	int64_t left = r->due + CW_WATCH_PAUSE_MS - cw_loop_now(w->d->loop);

	return left > 0 ? left : 0;
}

/* Something may have changed in R. */
static void hint(struct cw_watcher *w, struct cw_watched *r)
{
	int64_t now = cw_loop_now(w->d->loop);

	if (r->job != NULL) {
		r->again = true;
	} else if (r->hold_to > now) {
		if (r->look_at > r->hold_to) /* the timer will see to it */
			r->look_at = r->hold_to;
	} else if (!r->queued || r->turn > (r->slow ? CW_TURN_SLOW : CW_TURN_EVENT)) {
		queue(w, r, CW_TURN_EVENT, now);
		if (!cw_timer_running(w->dispatch))
			cw_timer_set(w->dispatch, CW_WATCH_PAUSE_MS);
	}
}

/* The next one to look at, or NULL. What may take long leaves a place free for others, where there are several. */
static struct cw_watched *next(const struct cw_watcher *w)
{
	const struct cw_watched *event = w->queues[CW_TURN_EVENT].head;
	unsigned for_long = w->slots > 1 ? w->slots - 1 : 1;

	if (event != NULL && pause_left(w, event) == 0)
		return w->queues[CW_TURN_EVENT].head;
	if (w->queues[CW_TURN_SWEEP].head != NULL)
		return w->queues[CW_TURN_SWEEP].head;
	if (w->long_jobs >= for_long)
		return NULL;
	return w->queues[CW_TURN_SLOW].head != NULL ? w->queues[CW_TURN_SLOW].head : w->queues[CW_TURN_BASELINE].head;
}

static void start(struct cw_watcher *w, struct cw_watched *r)
{
	struct cw_err err = CW_ERR_INIT;

	r->long_job = r->baselining || r->slow;
	if (cw_watch_job_start(w, r, &err) < 0) { /* the pool is full, or memory is short */
		cw_log(CW_LOG_WARNING, "scan_put_off", "repository", r->path, "why", cw_err_msg(&err), NULL);
		w->retry_at = cw_loop_now(w->d->loop) + RETRY_MS;
		return;
	}
	unqueue(w, r);
	r->due = 0;
	w->running++;
	w->long_jobs += r->long_job;
}

static void wake(struct cw_watcher *w)
{
	int64_t left = w->retry_at - cw_loop_now(w->d->loop);

	cw_timer_set(w->dispatch, left > 0 ? left : 0);
}

static void on_dispatch(void *payload)
{
	struct cw_watcher *w = payload;
	struct cw_watched *r;

	while (w->running < w->slots && cw_loop_now(w->d->loop) >= w->retry_at && (r = next(w)) != NULL)
		start(w, r);
	if (cw_loop_now(w->d->loop) < w->retry_at)
		wake(w);
	else if (w->running < w->slots && w->queues[CW_TURN_EVENT].head != NULL)
		cw_timer_set(w->dispatch, pause_left(w, w->queues[CW_TURN_EVENT].head));
}

/* When a repository that failed for the N-th time in a row is looked at without a hint. */
static int64_t failed_sweep_ms(const struct cw_watcher *w, unsigned n)
{
	int64_t sweeps = n > 5 ? SWEEPS_MAX : (int64_t)1 << (n - 1);

	return sweep_ms(w) * (sweeps < SWEEPS_MAX ? sweeps : SWEEPS_MAX);
}

static int64_t hold_ms(const struct cw_watcher *w, unsigned n)
{
	int64_t ms = (int64_t)HOLD_MS << (n > 20 ? 20 : n - 1);

	return ms < sweep_ms(w) ? ms : sweep_ms(w);
}

void cw_watch_over(struct cw_watcher *w, struct cw_watched *r, const struct cw_watch_end *end)
{
	int64_t now = cw_loop_now(w->d->loop);

	w->running--;
	w->long_jobs -= r->long_job;
	r->slow = end->ms >= SLOW_MS;
	r->fails = end->failed ? r->fails + 1 : 0;
	r->look_at = now + (end->failed ? failed_sweep_ms(w, r->fails) : sweep_ms(w));
	r->hold_to = end->failed ? now + hold_ms(w, r->fails) : 0;
	if (r->again || (end->recheck && !end->failed))
		hint(w, r);
	r->again = false;
	wake(w);
}

/* ---- the timer ---- */

static void on_tick(void *payload)
{
	struct cw_watcher *w = payload;
	int64_t now = cw_loop_now(w->d->loop), ms = sweep_ms(w) / TICKS;
	struct cw_watched *r;
	size_t i;

	for (i = 0; i < w->repositories.len; i++) {
		r = at(w, i);
		if (!r->queued && r->job == NULL && r->look_at <= now)
			queue(w, r, r->baselining && r->fails == 0 ? CW_TURN_BASELINE : CW_TURN_SWEEP, now);
	}
	/* Allowances that ended show findings that nobody was told of. */
	if (cw_state_notice_renew(w->d->state, cw_clock_wall() / 86400, NULL) == 0)
		cw_notices_kick(w->notices);
	cw_timer_set(w->tick, ms < TICK_MIN_MS ? TICK_MIN_MS : ms > TICK_MAX_MS ? TICK_MAX_MS : ms);
	wake(w);
}

/* ---- the repositories ---- */

/* Where PATH is, or would be. */
static size_t position(const struct cw_watcher *w, const char *path)
{
	size_t low = 0, high = w->repositories.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(at(w, middle)->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct cw_watched *find(const struct cw_watcher *w, const char *path)
{
	size_t i = position(w, path);

	return i < w->repositories.len && strcmp(at(w, i)->path, path) == 0 ? at(w, i) : NULL;
}

bool cw_watcher_has(const struct cw_watcher *w, const char *path)
{
	return find(w, path) != NULL;
}

static void watched_free(struct cw_watched *r)
{
	free(r->path);
	free(r->reason);
	free(r);
}

static int insert(struct cw_watcher *w, struct cw_watched *r, struct cw_err *err)
{
	size_t i = position(w, r->path), len = w->repositories.len;
	struct cw_watched **items;

	if (cw_vec_push(&w->repositories) == NULL) {
		cw_vec_fail(&w->repositories, "watched repositories", err);
		len = (size_t)w->repositories.fail;
		w->repositories.fail = 0; /* it is as it was */
		return (int)len;
	}
	items = w->repositories.items;
	memmove(items + i + 1, items + i, (len - i) * sizeof(*items));
	items[i] = r;
	return 0;
}

static int add(void *payload, const struct cw_state_watch *from, struct cw_err *err)
{
	struct cw_watcher *w = payload;
	struct cw_watched *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return cw_err_nomem(err);
	r->id = from->id;
	r->set.payload = r;
	r->path = strdup(from->path);
	r->reason = from->reason != NULL ? strdup(from->reason) : NULL;
	r->baselining = from->last_scan == 0;
	if (strlen(from->fingerprint) < sizeof(r->known))
		memcpy(r->known, from->fingerprint, strlen(from->fingerprint) + 1);
	rc = r->path == NULL || (from->reason != NULL && r->reason == NULL) ? cw_err_nomem(err) : insert(w, r, err);
	if (rc < 0) {
		watched_free(r);
		return rc;
	}
	queue(w, r, r->baselining ? CW_TURN_BASELINE : CW_TURN_SWEEP, cw_loop_now(w->d->loop));
	return 0;
}

int cw_watcher_add(struct cw_watcher *w, const char *path, bool from_now, struct cw_err *err)
{
	struct cw_state_watch from = { .path = path, .fingerprint = "" };
	int rc;

	if (!cw_watch_path_allowed(w->d->rules.conf, path))
		return cw_err_set(err, CW_E_INVALID, "the repository is not below a configured root");
	if ((rc = cw_vec_reserve(&w->repositories, 1)) < 0) {
		w->repositories.fail = 0;
		return cw_err_set(err, (enum cw_code)rc, "too many watched repositories");
	}
	rc = cw_state_watch_add(w->d->state, path, from_now, &from.id, err);
	if (rc < 0)
		return rc;
	rc = add(w, &from, err);
	if (rc < 0)
		cw_state_watch_remove(w->d->state, path, NULL);
	else
		wake(w);
	return rc;
}

static void drop(struct cw_watcher *w, struct cw_watched *r)
{
	if (r->job != NULL) {
		cw_watch_job_cancel(w, r);
		w->running--;
		w->long_jobs -= r->long_job;
	}
	unqueue(w, r);
	cw_inotify_clear(w->inotify, &r->set);
	watched_free(r);
}

int cw_watcher_remove(struct cw_watcher *w, const char *path, struct cw_err *err)
{
	size_t i = position(w, path);
	struct cw_watched **items = w->repositories.items;
	int rc = cw_state_watch_remove(w->d->state, path, err);

	if (rc < 0 || i >= w->repositories.len || strcmp(items[i]->path, path) != 0)
		return rc;
	drop(w, items[i]);
	w->repositories.len--;
	memmove(items + i, items + i + 1, (w->repositories.len - i) * sizeof(*items));
	wake(w);
	return 0;
}

void cw_watcher_hint(struct cw_watcher *w, const char *path)
{
	struct cw_watched *r = find(w, path);

	if (r != NULL)
		hint(w, r);
}

/* What a verdict depends on beside the repository. */
static int identify_rules(struct cw_watcher *w, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf hex = CW_BUF_INIT;
	const struct cw_daemon_rules *rules = &w->d->rules;
	uint8_t digest[CW_SHA256_LEN];
	int rc;

	cw_buf_addf(&text, "%s\n%s\n%s\n", rules->engine, rules->digest, rules->key_id);
	if ((rc = cw_conf_dump(rules->conf, &text, err)) < 0 || (rc = cw_buf_fail(&text, "rules", err)) < 0 ||
	    (rc = cw_sha256(text.data, text.len, digest, err)) < 0)
		return rc;
	cw_hex_encode(digest, (CW_WATCH_RULES_SIZE - 1) / 2, &hex);
	if ((rc = cw_buf_fail(&hex, "rules", err)) < 0)
		return rc;
	memcpy(w->rules, hex.data, CW_WATCH_RULES_SIZE);
	return 0;
}

static void sweep(struct cw_watcher *w)
{
	int64_t now = cw_loop_now(w->d->loop);
	struct cw_watched *r;
	size_t i;

	for (i = 0; i < w->repositories.len; i++) {
		r = at(w, i);
		if (r->job != NULL)
			r->again = true;
		else if (!r->queued)
			queue(w, r, CW_TURN_SWEEP, now);
	}
	wake(w);
}

void cw_watcher_sweep(struct cw_watcher *w)
{
	struct cw_err err = CW_ERR_INIT;

	if (identify_rules(w, &err) < 0)
		cw_log(CW_LOG_ERROR, "sweep", "why", cw_err_msg(&err), NULL);
	sweep(w);
}

static void on_changed(void *payload, struct cw_inotify_set *set)
{
	hint(payload, set->payload);
}

static void on_lost(void *payload)
{
	cw_log(CW_LOG_WARNING, "events_lost", NULL);
	sweep(payload);
}

/* ---- start and end ---- */

static int open_parts(struct cw_watcher *w, struct cw_err *err)
{
	const struct cw_inotify_fns fns = { .changed = on_changed, .lost = on_lost, .payload = w };
	int rc;

	if ((rc = identify_rules(w, err)) < 0 || (rc = cw_inotify_new(w->d->loop, &fns, &w->inotify, err)) < 0 ||
	    (rc = cw_timer_new(w->d->loop, on_dispatch, w, &w->dispatch, err)) < 0 ||
	    (rc = cw_timer_new(w->d->loop, on_tick, w, &w->tick, err)) < 0 ||
	    (rc = cw_notices_new(w->d, &w->notices, err)) < 0)
		return rc;
	return cw_state_watch_list(w->d->state, add, w, err);
}

int cw_watcher_new(struct cw_daemon *d, struct cw_watcher **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_watcher_free_p) struct cw_watcher *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		return cw_err_nomem(err);
	w->d = d;
	w->slots = d->rules.conf->daemon_repository_workers > 0 ? (unsigned)d->rules.conf->daemon_repository_workers : 1;
	w->repositories = (struct cw_vec)CW_VEC_INIT(struct cw_watched *, CW_WATCH_MAX);
	rc = open_parts(w, err);
	if (rc < 0)
		return rc;
	cw_timer_set(w->tick, TICK_MIN_MS);
	wake(w);
	*ret = cw_steal(&w);
	return 0;
}

void cw_watcher_free(struct cw_watcher *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < w->repositories.len; i++)
		drop(w, at(w, i));
	cw_notices_free(w->notices);
	cw_inotify_free(w->inotify);
	cw_timer_free(w->dispatch);
	cw_timer_free(w->tick);
	cw_vec_release(&w->repositories);
	free(w);
}

void cw_watcher_notify(struct cw_watcher *w)
{
	cw_notices_kick(w->notices);
}

size_t cw_watcher_len(const struct cw_watcher *w)
{
	return w->repositories.len;
}

int64_t cw_watcher_staleness(const struct cw_watcher *w)
{
	int64_t now = cw_loop_now(w->d->loop), oldest = now;
	size_t i;

	for (i = 0; i < w->repositories.len; i++)
		if (at(w, i)->due != 0 && at(w, i)->due < oldest)
			oldest = at(w, i)->due;
	return (now - oldest) / 1000;
}

/* ---- which paths ---- */

static bool is_plain(const char *path)
{
	const char *part, *end;

	if (path[0] != '/' || strlen(path) > PATH_MAX_LEN)
		return false;
	for (part = path + 1;; part = end + 1) {
		end = strchrnul(part, '/');
		if (end == part || (end - part == 1 && part[0] == '.') || (end - part == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		if (*end == '\0')
			return true;
	}
}

static bool is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	while (len > 0 && root[len - 1] == '/')
		len--;
	return strncmp(path, root, len) == 0 && (path[len] == '/' || (path[len] == '\0' && len > 0));
}

bool cw_watch_path_allowed(const struct cw_conf *conf, const char *path)
{
	size_t i;

	if (!is_plain(path))
		return false;
	for (i = 0; i < conf->daemon_roots.len; i++)
		if (is_below(path, CW_VEC_AT(&conf->daemon_roots, struct cw_conf_path, i).path))
			return true;
	return false;
}
