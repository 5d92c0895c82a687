/* daemon/pool_queue.c - jobs that wait. See pool_int.h. */
#include "daemon/pool_int.h"

#include <stdlib.h>

void cw_pool_list_add(struct cw_pool_list *l, struct cw_pool_job *job, bool first)
{
	job->prev = first ? NULL : l->last;
	job->next = first ? l->first : NULL;
	if (job->prev)
		job->prev->next = job;
	else
		l->first = job;
	if (job->next)
		job->next->prev = job;
	else
		l->last = job;
	l->len++;
}

void cw_pool_list_remove(struct cw_pool_list *l, struct cw_pool_job *job)
{
	if (job->prev)
		job->prev->next = job->next;
	else
		l->first = job->next;
	if (job->next)
		job->next->prev = job->prev;
	else
		l->last = job->prev;
	job->prev = job->next = NULL;
	l->len--;
}

/* ---- users ---- */

static void drop_idle_users(struct cw_pool *p)
{
	for (size_t i = 0; i < CW_POOL_USER_BUCKETS; i++) {
		struct cw_pool_user **at = &p->users[i];

		while (*at) {
			struct cw_pool_user *u = *at;

			if (u->live > 0) {
				at = &u->next;
				continue;
			}
			*at = u->next;
			free(u);
			p->users_len--;
		}
	}
}

struct cw_pool_user *cw_pool_user(struct cw_pool *p, uid_t uid)
{
	struct cw_pool_user **bucket = &p->users[uid % CW_POOL_USER_BUCKETS], *u;

	for (u = *bucket; u; u = u->next) {
		if (u->uid == uid)
			return u;
	}
	if (p->users_len >= CW_POOL_IDLE_USERS)
		drop_idle_users(p);
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	u->next = *bucket;
	*bucket = u;
	p->users_len++;
	return u;
}

void cw_pool_users_free(struct cw_pool *p)
{
	for (size_t i = 0; i < CW_POOL_USER_BUCKETS; i++) {
		while (p->users[i]) {
			struct cw_pool_user *u = p->users[i];

			p->users[i] = u->next;
			free(u);
		}
	}
}

/* U comes last in the ring of those who wait, or is next when FIRST. */
static void turn_join(struct cw_pool_kind *k, enum cw_pool_class cls, struct cw_pool_user *u, bool first)
{
	if (!k->turn) {
		u->turn_prev[cls] = u->turn_next[cls] = u;
		k->turn = u;
		return;
	}
	u->turn_next[cls] = k->turn;
	u->turn_prev[cls] = k->turn->turn_prev[cls];
	u->turn_prev[cls]->turn_next[cls] = u;
	k->turn->turn_prev[cls] = u;
	if (first)
		k->turn = u;
}

static void turn_leave(struct cw_pool_kind *k, enum cw_pool_class cls, struct cw_pool_user *u)
{
	if (u->turn_next[cls] == u) {
		k->turn = NULL;
		return;
	}
	u->turn_prev[cls]->turn_next[cls] = u->turn_next[cls];
	u->turn_next[cls]->turn_prev[cls] = u->turn_prev[cls];
	if (k->turn == u)
		k->turn = u->turn_next[cls];
}

/* ---- waiting ---- */

void cw_pool_wait(struct cw_pool *p, struct cw_pool_job *job, bool first)
{
	struct cw_pool_kind *k = &p->kinds[job->cls];
	struct cw_pool_user *u = job->user;

	job->worker = NULL;
	p->waiting++;
	p->waiting_bytes += job->len;
	job->rules->waiting[job->cls]++;
	u->waiting++;
	u->waiting_bytes += job->len;
	if (job->suspect) {
		cw_pool_list_add(&k->suspects, job, false);
		return;
	}
	if (u->jobs[job->cls].len == 0)
		turn_join(k, job->cls, u, first);
	cw_pool_list_add(&u->jobs[job->cls], job, first);
}

void cw_pool_wait_end(struct cw_pool *p, struct cw_pool_job *job)
{
	struct cw_pool_kind *k = &p->kinds[job->cls];
	struct cw_pool_user *u = job->user;

	p->waiting--;
	p->waiting_bytes -= job->len;
	job->rules->waiting[job->cls]--;
	u->waiting--;
	u->waiting_bytes -= job->len;
	if (job->suspect) {
		cw_pool_list_remove(&k->suspects, job);
		return;
	}
	cw_pool_list_remove(&u->jobs[job->cls], job);
	if (u->jobs[job->cls].len == 0)
		turn_leave(k, job->cls, u);
}

struct cw_pool_job *cw_pool_next(struct cw_pool *p, enum cw_pool_class cls, const struct cw_pool_ruleset *rules)
{
	struct cw_pool_kind *k = &p->kinds[cls];
	struct cw_pool_user *first = k->turn, *u = first;
	struct cw_pool_job *job = NULL;

	/* Only while rules are being replaced is there a user whose first job is for others. */
	while (u && !job) {
		if (u->jobs[cls].first->rules == rules)
			job = u->jobs[cls].first;
		else if ((u = u->turn_next[cls]) == first)
			break;
	}
	if (!job)
		return NULL;
	k->turn = u->turn_next[cls];
	cw_pool_wait_end(p, job);
	return job;
}

struct cw_pool_job *cw_pool_next_suspect(struct cw_pool *p, enum cw_pool_class cls, const struct cw_pool_ruleset *rules)
{
	struct cw_pool_job *job = p->kinds[cls].suspects.first;

	while (job && job->rules != rules)
		job = job->next;
	if (job)
		cw_pool_wait_end(p, job);
	return job;
}
