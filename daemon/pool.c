/* daemon/pool.c - see pool.h. Jobs: taken, numbered, ended. */
#include "daemon/pool_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"

#define TABLE_MIN 64

/* ---- rules ---- */

struct cw_pool_ruleset *cw_pool_rules_ref(struct cw_pool_ruleset *r)
{
	r->refs++;
	return r;
}

void cw_pool_rules_unref(struct cw_pool *p, struct cw_pool_ruleset *r)
{
	struct cw_pool_ruleset **at = &p->rulesets;

	if (!r || --r->refs > 0)
		return;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (r->memfd >= 0)
		close(r->memfd);
	cw_buf_release(&r->setup);
	free(r);
}

static int rules_new(struct cw_pool *p, struct cw_pool_rules *rules, struct cw_pool_ruleset **ret, struct cw_err *err)
{
	struct cw_pool_ruleset *r = calloc(1, sizeof(*r));
	int rc = r ? cw_buf_fail(&rules->setup, "settings for workers", err) : cw_err_nomem(err);

	if (rc == 0) {
		r->setup = (struct cw_buf)CW_BUF_INIT_SECRET;
		cw_ipc_add(&r->setup, CW_IPC_SETUP, 0, 0, rules->setup.data, rules->setup.len);
		rc = cw_buf_fail(&r->setup, "settings for workers", err);
	}
	if (rc < 0) {
		if (r)
			cw_buf_release(&r->setup);
		free(r);
		return rc;
	}
	r->memfd = rules->memfd;
	rules->memfd = -1;
	r->refs = 1;
	r->next = p->rulesets;
	p->rulesets = r;
	*ret = r;
	return 0;
}

/* Have a turn of the loop end soon, wherever this was called from. */
static void kick(struct cw_pool *p)
{
	if (!p->kicked)
		cw_timer_set(p->kick, 0);
	p->kicked = true;
}

static void use_rules(struct cw_pool *p, struct cw_pool_ruleset *r)
{
	cw_pool_rules_unref(p, p->rules);
	p->rules = r;
	p->day = cw_clock_wall() / CW_POOL_DAY;
}

void cw_pool_renew(struct cw_pool *p)
{
	const size_t head = sizeof(struct cw_ipc_head);
	struct cw_pool_rules rules = {.memfd = fcntl(p->rules->memfd, F_DUPFD_CLOEXEC, 0), .setup = CW_BUF_INIT_SECRET};
	struct cw_pool_ruleset *r = NULL;

	cw_buf_add(&rules.setup, p->rules->setup.data + head, p->rules->setup.len - head);
	if (rules.memfd >= 0 && rules_new(p, &rules, &r, NULL) == 0)
		use_rules(p, r);
	else
		p->day = cw_clock_wall() / CW_POOL_DAY; /* then tomorrow */
	cw_closep(&rules.memfd);
	cw_buf_release(&rules.setup);
}

int cw_pool_set_rules(struct cw_pool *p, struct cw_pool_rules *rules, struct cw_err *err)
{
	struct cw_pool_ruleset *r = NULL;
	int rc = rules_new(p, rules, &r, err);

	if (rules->memfd >= 0)
		close(rules->memfd);
	rules->memfd = -1;
	rules->setup.wipe = true;
	cw_buf_release(&rules->setup);
	if (rc < 0)
		return rc;
	use_rules(p, r);
	for (int i = 0; i < CW_POOL_CLASSES; i++)
		p->kinds[i].bad_starts = 0;
	kick(p);
	return 0;
}

/* ---- the table of jobs ---- */

static int table_grow(struct cw_pool *p, struct cw_err *err)
{
	size_t cap = p->table_cap ? 2 * p->table_cap : TABLE_MIN;
	struct cw_pool_job **table = realloc(p->table, cap * sizeof(struct cw_pool_job *));
	uint32_t *generations, *free_slots;

	if (!table)
		return cw_err_nomem(err);
	p->table = table;
	generations = realloc(p->generations, cap * sizeof(*generations));
	if (!generations)
		return cw_err_nomem(err);
	p->generations = generations;
	free_slots = realloc(p->free_slots, cap * sizeof(*free_slots));
	if (!free_slots)
		return cw_err_nomem(err);
	p->free_slots = free_slots;
	for (size_t i = p->table_cap; i < cap; i++) {
		p->table[i] = NULL;
		p->generations[i] = 0;
	}
	p->table_cap = cap;
	return 0;
}

static int table_add(struct cw_pool *p, struct cw_pool_job *job, struct cw_err *err)
{
	uint32_t slot;
	int rc;

	if (p->free_len == 0 && p->table_len == p->table_cap) {
		rc = table_grow(p, err);
		if (rc < 0)
			return rc;
	}
	slot = p->free_len > 0 ? p->free_slots[--p->free_len] : (uint32_t)p->table_len++;
	p->table[slot] = job;
	/* 0 is no job. */
	if (++p->generations[slot] == 0)
		p->generations[slot] = 1;
	job->id = (uint64_t)p->generations[slot] << 32 | slot;
	p->jobs_len++;
	return 0;
}

static void table_remove(struct cw_pool *p, uint64_t id)
{
	uint32_t slot = (uint32_t)id;

	p->table[slot] = NULL;
	p->free_slots[p->free_len++] = slot;
	p->jobs_len--;
}

struct cw_pool_job *cw_pool_job(const struct cw_pool *p, uint64_t id)
{
	uint32_t slot = (uint32_t)id;
	struct cw_pool_job *job = slot < p->table_len ? p->table[slot] : NULL;

	return job && job->id == id ? job : NULL;
}

/* ---- jobs ---- */

/* Content lies in them. */
static void job_free(struct cw_pool *p, struct cw_pool_job *job)
{
	if (job->id)
		table_remove(p, job->id);
	if (job->user)
		job->user->live--;
	if (job->fd >= 0)
		close(job->fd);
	cw_pool_rules_unref(p, job->rules);
	cw_wipe(job->wire, job->len);
	free(job);
}

void cw_pool_end(struct cw_pool *p, struct cw_pool_job *job, bool ok, const char *data, size_t len)
{
	cw_job_done_fn *done = job->cancelled || p->freeing ? NULL : job->done;
	void *payload = job->payload;

	if (!job->cancelled) {
		p->stats.done += ok;
		p->stats.failed += !ok;
	}
	p->progress = cw_loop_now(p->opts.loop);
	job_free(p, job);
	if (done)
		done(payload, ok, data, len);
}

void cw_pool_fail(struct cw_pool *p, struct cw_pool_job *job, const char *reason)
{
	cw_pool_end(p, job, false, reason, strlen(reason));
}

static int check_room(const struct cw_pool *p, const struct cw_job *job, const struct cw_pool_user *u, size_t len,
		      struct cw_err *err)
{
	if (p->draining)
		return cw_err_set(err, CW_E_CANCELLED, "the daemon is ending");
	if (!p->rules)
		return cw_err_set(err, CW_E_INTERNAL, "there are no rules yet");
	if (len > CW_IPC_MAX)
		return cw_err_set(err, CW_E_LIMIT, "the request is too long");
	if (u->waiting >= p->opts.queue_max_uid)
		return cw_err_set(err, CW_E_LIMIT, "%zu requests of user %u wait already", u->waiting, (unsigned)job->uid);
	if (p->waiting >= p->opts.queue_max)
		return cw_err_set(err, CW_E_LIMIT, "%zu requests wait already", p->waiting);
	/* Half is left to others, whatever one sends. */
	if (u->waiting > 0 && u->waiting_bytes + len > p->opts.queue_max_bytes / 2)
		return cw_err_set(err, CW_E_LIMIT, "requests of %zu bytes of user %u wait already", u->waiting_bytes, (unsigned)job->uid);
	if (len > p->opts.queue_max_bytes || p->waiting_bytes > p->opts.queue_max_bytes - len)
		return cw_err_set(err, CW_E_LIMIT, "requests of %zu bytes wait already", p->waiting_bytes);
	return 0;
}

static void fill_wire(struct cw_pool_job *own, const struct cw_job *job, size_t len)
{
	struct cw_ipc_head head = {.len = (uint32_t)len, .kind = (uint16_t)job->kind, .fds = job->fd >= 0, .job = own->id};
	unsigned char *at = own->wire;

	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	if (job->head_len > 0)
		memcpy(at, job->head, job->head_len);
	at += job->head_len;
	if (job->data_len > 0)
		memcpy(at, job->data, job->data_len);
	at += job->data_len;
	if (job->tail_len > 0)
		memcpy(at, job->tail, job->tail_len);
}

static enum cw_pool_class class_of(const struct cw_pool *p, const struct cw_job *job, size_t len)
{
	if (job->kind == CW_IPC_REPOSITORY)
		return CW_POOL_REPOSITORY;
	return len > p->opts.text_max || job->fd_len > p->opts.text_max ? CW_POOL_LARGE : CW_POOL_SMALL;
}

static int64_t deadline_of(const struct cw_pool *p, const struct cw_job *job, size_t len)
{
	if (job->deadline_ms > 0)
		return job->deadline_ms;
	if (job->kind == CW_IPC_REPOSITORY)
		return p->opts.repository_ms;
	return p->opts.job_ms + (int64_t)((len + job->fd_len) / CW_POOL_BYTES_PER_MS);
}

int cw_pool_submit(struct cw_pool *p, const struct cw_job *job, uint64_t *ret_id, struct cw_err *err)
{
	size_t len = job->head_len + job->data_len + job->tail_len;
	struct cw_pool_user *u = cw_pool_user(p, job->uid);
	struct cw_pool_job *own;
	int rc = u ? check_room(p, job, u, len, err) : cw_err_nomem(err);

	if (rc < 0)
		return rc;
	own = malloc(sizeof(*own) + sizeof(struct cw_ipc_head) + len);
	if (!own)
		return cw_err_nomem(err);
	*own = (struct cw_pool_job){.cls = class_of(p, job, len), .deadline_ms = deadline_of(p, job, len), .fd = -1,
				    .done = job->done, .record = job->record, .payload = job->payload,
				    .len = sizeof(struct cw_ipc_head) + len};
	rc = table_add(p, own, err);
	if (rc < 0) {
		free(own);
		return rc;
	}
	fill_wire(own, job, len);
	own->fd = job->fd;
	own->rules = cw_pool_rules_ref(p->rules);
	own->user = u;
	u->live++;
	if (p->jobs_len == 1)
		p->progress = cw_loop_now(p->opts.loop);
	p->stats.submitted++;
	cw_pool_wait(p, own, false);
	kick(p);
	*ret_id = own->id;
	return 0;
}

void cw_pool_cancel(struct cw_pool *p, uint64_t id)
{
	struct cw_pool_job *job = cw_pool_job(p, id);

	if (!job || job->cancelled)
		return;
	job->cancelled = true;
	p->stats.cancelled++;
	if (!job->worker) {
		cw_pool_wait_end(p, job);
		job_free(p, job);
	} else if (job->cls == CW_POOL_REPOSITORY) {
		job->worker->unwanted = true;
		cw_pool_kill(job->worker, "its caller is gone");
	}
}

void cw_pool_hold(struct cw_pool *p, uint64_t id, bool held)
{
	struct cw_pool_job *job = cw_pool_job(p, id);

	/* What one that is gone has said is little, and waits here already: it is told now or never. */
	if (!job || !job->worker || job->worker->gone || job->worker->held == held)
		return;
	job->worker->held = held;
	job->worker->resumed = !held;
	cw_pool_watch_socket(job->worker);
	kick(p);
}

void cw_pool_drain(struct cw_pool *p, void (*fn)(void *payload), void *payload)
{
	p->draining = true;
	p->drained = fn;
	p->drained_payload = payload;
	kick(p);
}

/* ---- the pool ---- */

static int kinds_init(struct cw_pool *p, struct cw_err *err)
{
	int rc = 0;

	p->kinds[CW_POOL_SMALL].limit = p->opts.content_workers;
	p->kinds[CW_POOL_LARGE].limit = p->opts.content_workers > 1 ? p->opts.content_workers / 2 : 1;
	p->kinds[CW_POOL_REPOSITORY].limit = p->opts.repository_workers;
	for (int i = 0; rc == 0 && i < CW_POOL_CLASSES; i++) {
		p->kinds[i].restarts = calloc(p->kinds[i].limit, sizeof(uint64_t));
		rc = p->kinds[i].restarts ? cw_timer_new(p->opts.loop, cw_pool_woken, p, &p->kinds[i].pause, err)
					  : cw_err_nomem(err);
	}
	return rc;
}

int cw_pool_new(const struct cw_pool_opts *opts, struct cw_pool **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_pool_free_p) struct cw_pool *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return cw_err_nomem(err);
	p->opts = *opts;
	if (!p->opts.program)
		p->opts.program = "/proc/self/exe";
	p->opts.content_workers = opts->content_workers ? opts->content_workers : 1;
	p->opts.repository_workers = opts->repository_workers ? opts->repository_workers : 1;
	rc = kinds_init(p, err);
	if (rc == 0)
		rc = cw_timer_new(opts->loop, cw_pool_woken, p, &p->kick, err);
	if (rc == 0)
		rc = cw_loop_at_turn_end(opts->loop, cw_pool_tend, p, err);
	if (rc == 0)
		*ret = cw_steal(&p);
	return rc;
}

void cw_pool_free(struct cw_pool *p)
{
	if (!p)
		return;
	p->freeing = true;
	while (p->workers) {
		cw_pool_kill(p->workers, NULL);
		cw_pool_worker_free(p->workers);
	}
	for (size_t i = 0; i < p->table_len; i++) {
		if (p->table[i]) {
			cw_pool_wait_end(p, p->table[i]);
			job_free(p, p->table[i]);
		}
	}
	cw_pool_rules_unref(p, p->rules);
	cw_pool_users_free(p);
	for (int i = 0; i < CW_POOL_CLASSES; i++) {
		cw_timer_free(p->kinds[i].pause);
		free(p->kinds[i].restarts);
	}
	cw_timer_free(p->kick);
	free(p->table);
	free(p->generations);
	free(p->free_slots);
	free(p);
}

size_t cw_pool_queued(const struct cw_pool *p)
{
	return p->waiting;
}

bool cw_pool_progresses(const struct cw_pool *p)
{
	int64_t patience = CW_POOL_START_MS + 2 * p->opts.job_ms;

	/* Jobs of the other classes may rightly take longer; each has a deadline of its own. */
	if (!p->kinds[CW_POOL_SMALL].turn)
		return true;
	return cw_loop_now(p->opts.loop) - p->progress <= patience;
}

bool cw_pool_worker(const struct cw_pool *p, size_t i, struct cw_worker_info *ret)
{
	const struct cw_pool_worker *w = p->workers;

	while (w && i > 0) {
		w = w->next;
		i--;
	}
	if (!w)
		return false;
	*ret = (struct cw_worker_info){.kind = cw_pool_class_name(w->cls), .pid = w->pid, .jobs = w->finished,
				       .restarts = p->kinds[w->cls].restarts[w->place], .busy = w->jobs.len > 0};
	return true;
}

void cw_pool_stats(const struct cw_pool *p, struct cw_pool_stats *ret)
{
	*ret = p->stats;
}
