/* daemon/pool_fate.c - what becomes of the jobs of a worker that is gone. See pool_int.h. */
#include "daemon/pool_int.h"

#include <stdatomic.h>
#include <stdio.h>

/* The job of W that its end is laid to, or NULL. The page says which it was at; it is the worker's word, so only one of its own counts. */
static struct cw_pool_job *suspect_of(const struct cw_pool_worker *w)
{
	uint64_t id = w->page ? atomic_load(&w->page->job) : 0;
	struct cw_pool_job *job = w->jobs.first;

	if (w->cls == CW_POOL_REPOSITORY || (job && job->suspect))
		return job;
	while (job && job->id != id)
		job = job->next;
	if (!job && (w->late || w->garbled))
		job = w->jobs.first;
	return job;
}

static void fail_with(struct cw_pool *p, struct cw_pool_job *job, const char *reason, bool late)
{
	char text[160];

	if (late)
		snprintf(text, sizeof(text), "it took longer than %lld ms", (long long)job->deadline_ms);
	else
		snprintf(text, sizeof(text), "its worker ended %u times over it: %s", job->tries, reason);
	cw_pool_fail(p, job, text);
}

/* JOB waits again: to be tried alone if it is SUSPECT, else first of all. */
static void again(struct cw_pool *p, struct cw_pool_job *job, bool suspect)
{
	job->suspect = suspect;
	if (suspect)
		p->stats.retried++;
	cw_pool_wait(p, job, true);
}

void cw_pool_bury(struct cw_pool_worker *w, const char *reason)
{
	struct cw_pool *p = w->pool;
	struct cw_pool_job *guilty = suspect_of(w), *job;
	bool ends = false;

	/* From the last to the first, so that they stand in the old order. */
	while ((job = w->jobs.last) != NULL) {
		cw_pool_list_remove(&w->jobs, job);
		if (job->cancelled) {
			cw_pool_end(p, job, false, NULL, 0);
			guilty = job == guilty ? NULL : guilty;
		} else if (job != guilty) {
			if (++job->returns < CW_POOL_RETURNS)
				again(p, job, job->suspect);
			else
				again(p, job, ++job->tries > 0);
		} else if (++job->tries < CW_POOL_TRIES && !(w->late && w->cls == CW_POOL_REPOSITORY)) {
			again(p, job, true);
		} else {
			ends = true;
		}
	}
	w->unsent = NULL;
	/* Last: whoever is told may call the pool again. */
	if (ends)
		fail_with(p, guilty, reason, w->late);
}

static struct cw_pool_job *any_waiting(struct cw_pool *p, enum cw_pool_class cls)
{
	struct cw_pool_job *job = NULL;

	for (struct cw_pool_ruleset *r = p->rulesets; r && !job; r = r->next) {
		job = cw_pool_next_suspect(p, cls, r);
		job = job ? job : cw_pool_next(p, cls, r);
	}
	return job;
}

void cw_pool_give_up(struct cw_pool *p, enum cw_pool_class cls)
{
	struct cw_pool_job *job;
	size_t n = 0;

	/* Only as many as wait now: new ones that are submitted meanwhile get a chance. */
	for (const struct cw_pool_ruleset *r = p->rulesets; r; r = r->next)
		n += r->waiting[cls];
	for (; n > 0 && (job = any_waiting(p, cls)) != NULL; n--)
		cw_pool_fail(p, job, "no worker can be started");
}
