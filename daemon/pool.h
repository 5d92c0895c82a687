/* daemon/pool.h - the workers, seen from the rest of the parent: hand a job over, be told once what came of it.
 *
 * Jobs wait in one queue a user id, served in turn, so that no user can starve another. Content jobs that are large wait for a worker of
 * their own, so that small ones never stand behind them; repository jobs get a process each, few at a time and at low priority.
 * A worker that dies, passes a job's deadline or eats its memory is replaced, after a pause that doubles with each death in a row. The job
 * that it was at is tried once more alone, then ends as failed; its other jobs go back to the head of their queue and count nothing.
 * A repository job that passes its deadline is not tried again.
 * New rules: a job is always done by the rules that were in force when it was submitted. Each day content workers are replaced, since
 * what a policy allows may end with one.
 * Every job ends exactly once: by its `done`, or by cw_pool_cancel(). */
#ifndef CW_DAEMON_POOL_H
#define CW_DAEMON_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "daemon/ipc.h"
#include "daemon/loop.h"

#define CW_POOL_TRIES 2

struct cw_pool;

struct cw_pool_opts {
	struct cw_loop *loop;	 /* borrowed */
	const char *program;	 /* path of credwatchd; NULL: /proc/self/exe */
	unsigned content_workers; /* >= 1 */
	unsigned repository_workers; /* at a time, >= 1 */
	size_t queue_max;	 /* jobs waiting, all users */
	size_t queue_max_uid;	 /* of one user */
	size_t queue_max_bytes;	 /* of all waiting jobs; one user may have half of it, or a single job */
	int64_t job_ms;		 /* deadline of a small content job; large ones get more by their size */
	int64_t repository_ms;	 /* of a repository job */
	uint64_t worker_memory;	 /* bytes of address space that a worker may add */
	size_t text_max;	 /* bytes: a content job above is large */
	void (*died)(void *payload, const char *kind, pid_t pid, const char *why); /* for the log; may be NULL */
	void (*note)(void *payload, const char *kind, pid_t pid, const char *note); /* what a worker says of itself when it
										       is ready; may be NULL */
	void *payload;
};

struct cw_pool_rules { /* what workers judge by; a new one replaces the old when cw_pool_set_rules() is called */
	int memfd;	  /* sealed image (lib/rules/set.h); owned by the pool from then on */
	struct cw_buf setup; /* the SETUP message's JSON text; moved */
};

int cw_pool_new(const struct cw_pool_opts *opts, struct cw_pool **ret, struct cw_err *err);
/* Kills all workers; no `done` is called any more. Call it before the loop is freed, which must not run any more. */
void cw_pool_free(struct cw_pool *p);
CW_DEFINE_CLEANUP(struct cw_pool, cw_pool_free)
/* The first rules, or new ones: workers with the old ones finish the jobs that were submitted before, and go. RULES is moved, also on
 * failure. */
int cw_pool_set_rules(struct cw_pool *p, struct cw_pool_rules *rules, struct cw_err *err);

/* DATA is what a DONE or FAILED message brought, borrowed for the call; OK tells which. Never called from within cw_pool_submit(). */
typedef void cw_job_done_fn(void *payload, bool ok, const char *data, size_t len);
/* A RECORD or REFS of a repository job. */
typedef void cw_job_record_fn(void *payload, enum cw_ipc_kind kind, const char *data, size_t len);

struct cw_job {
	enum cw_ipc_kind kind; /* TEXT, FD, OBJECTS or REPOSITORY */
	uid_t uid;
	const void *head, *data, *tail; /* the message, in three pieces; copied */
	size_t head_len, data_len, tail_len;
	int fd;		/* -1: none; owned by the pool once the job is taken */
	uint64_t fd_len; /* bytes of it, for its deadline */
	int64_t deadline_ms; /* 0: as the options say */
	cw_job_done_fn *done;
	cw_job_record_fn *record; /* REPOSITORY; may be NULL */
	void *payload;
};

/* *ret_id names the job for cw_pool_cancel(). CW_E_LIMIT: the queue is full (ERR says whose), or the message is too long; CW_E_CANCELLED: the
 * pool is being drained; CW_E_INTERNAL: there are no rules yet; CW_E_NOMEM. After a failure the descriptor is still the caller's. */
int cw_pool_submit(struct cw_pool *p, const struct cw_job *job, uint64_t *ret_id, struct cw_err *err);
/* The caller is gone: `done` will not be called. A job that has begun is finished for nothing, a repository job is killed. */
void cw_pool_cancel(struct cw_pool *p, uint64_t id);
/* Hold back the records of repository job ID, and with them its worker, until it is called again with HELD false: for a caller who
 * reads more slowly than they come. */
void cw_pool_hold(struct cw_pool *p, uint64_t id, bool held);

/* No new jobs; call FN when the last one is done. */
void cw_pool_drain(struct cw_pool *p, void (*fn)(void *payload), void *payload);
size_t cw_pool_queued(const struct cw_pool *p);
/* Whether workers answer: false when jobs wait or run and none was finished for longer than any deadline. For the watchdog. */
bool cw_pool_progresses(const struct cw_pool *p);

struct cw_worker_info {
	const char *kind; /* "content", "large", "repository" */
	pid_t pid;
	uint64_t jobs;	   /* finished */
	uint64_t restarts; /* of this place */
	bool busy;
};
/* Worker I, counted from 0; false past the last. */
bool cw_pool_worker(const struct cw_pool *p, size_t i, struct cw_worker_info *ret);

struct cw_pool_stats {
	uint64_t submitted, done, failed, cancelled, retried, deaths, timeouts;
};
void cw_pool_stats(const struct cw_pool *p, struct cw_pool_stats *ret);

#endif
