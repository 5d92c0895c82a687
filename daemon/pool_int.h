/* daemon/pool_int.h - inside of the pool.
 *
 *   pool.c         what the rest of the parent calls
 *   pool_queue.c   jobs that wait: one queue a user and class, served in turn
 *   pool_worker.c  processes: started, replaced, retired, reaped
 *   pool_io.c      messages to and from a worker
 *   pool_fate.c    what becomes of the jobs of a worker that is gone
 * A job is in exactly one list: waiting in a queue of its user, waiting as a suspect, or in flight at a worker. */
#ifndef CW_DAEMON_POOL_INT_H
#define CW_DAEMON_POOL_INT_H

#include "daemon/pool.h"

#define CW_POOL_IN_FLIGHT 32			 /* jobs of a worker */
#define CW_POOL_IN_FLIGHT_BYTES ((size_t)1 << 20) /* of a worker that has more than one */
#define CW_POOL_RETURNS 4			 /* times that a job may come back from dying workers before it is suspected itself */
#define CW_POOL_START_MS 30000			 /* a worker must be ready by then */
#define CW_POOL_END_MS 5000			 /* one that was told to go must be gone by then */
#define CW_POOL_PAUSE_MS 20			 /* after the first death; doubles with each further one */
#define CW_POOL_PAUSE_MAX_MS 10000
#define CW_POOL_BAD_STARTS 5			 /* in a row: no worker starts, jobs that wait for one end */
#define CW_POOL_BYTES_PER_MS 8192		 /* a large job gets a millisecond more for so many bytes */
#define CW_POOL_DAY 86400			 /* seconds */
#define CW_POOL_USER_BUCKETS 64
#define CW_POOL_IDLE_USERS 256			 /* kept for their next job */

enum cw_pool_class { CW_POOL_SMALL, CW_POOL_LARGE, CW_POOL_REPOSITORY, CW_POOL_CLASSES };

struct cw_pool_ruleset {
	struct cw_pool_ruleset *next;
	size_t refs;		      /* jobs, workers, and the pool for the present one */
	size_t waiting[CW_POOL_CLASSES]; /* jobs that wait for a worker with these rules, suspects too */
	int memfd;
	struct cw_buf setup; /* the whole message */
};

struct cw_pool_list {
	struct cw_pool_job *first, *last;
	size_t len;
};

struct cw_pool_job {
	struct cw_pool_job *prev, *next;
	struct cw_pool_user *user;
	struct cw_pool_ruleset *rules;
	struct cw_pool_worker *worker; /* NULL: waiting */
	enum cw_pool_class cls;
	bool suspect;	/* waits in the list of suspects; or is in flight alone */
	bool cancelled; /* in flight for nothing */
	unsigned tries, returns;
	int fd;
	int64_t deadline_ms;
	cw_job_done_fn *done;
	cw_job_record_fn *record;
	void *payload;
	uint64_t id;
	size_t len;	      /* of the message */
	unsigned char wire[]; /* head and bytes */
};

struct cw_pool_user {
	struct cw_pool_user *next; /* in its bucket */
	uid_t uid;
	size_t waiting, live; /* jobs: in queues; in all */
	size_t waiting_bytes;
	struct cw_pool_list jobs[CW_POOL_CLASSES];
	struct cw_pool_user *turn_prev[CW_POOL_CLASSES], *turn_next[CW_POOL_CLASSES]; /* ring of users with waiting jobs */
};

enum cw_pool_state {
	CW_POOL_STARTING, /* not ready yet */
	CW_POOL_READY,
	CW_POOL_LEAVING, /* told to go */
	CW_POOL_DYING,	 /* killed, or it closed its socket: to be reaped */
};

struct cw_pool_worker {
	struct cw_pool_worker *next;
	struct cw_pool *pool;
	struct cw_pool_ruleset *rules;
	enum cw_pool_class cls;
	enum cw_pool_state state;
	size_t place;
	pid_t pid;
	int pidfd, sock;
	struct cw_source_fd *on_pid, *on_sock;
	struct cw_timer *timer;
	struct cw_ipc_page *page;
	struct cw_pool_list jobs;     /* in flight, in order */
	struct cw_pool_job *unsent;   /* the first that is not wholly sent; NULL: all are */
	size_t bytes;		      /* of those in flight */
	size_t sent;		      /* bytes of the setup message or of `unsent` that are */
	bool setup_sent, blocked;
	bool held;	   /* its messages wait: their receiver is slow */
	bool resumed;	   /* no longer, but some may have been read already */
	bool ready;	   /* it was, once */
	bool late;	   /* it passed a deadline */
	bool garbled;	   /* what it says makes no sense */
	bool unwanted;	   /* it was ended without any fault of its own */
	bool gone;	   /* its process has ended */
	bool passed;	   /* there is nothing for it this time */
	struct cw_buf in;
	int64_t since;	  /* the first job in flight is the first since then; or when it began to start or to leave */
	uint64_t finished; /* jobs */
	const char *why;   /* the parent gave it up; NULL: it went by itself */
};

struct cw_pool_kind { /* of each class */
	struct cw_pool_user *turn; /* whose turn it is; NULL: nobody waits */
	struct cw_pool_list suspects;
	struct cw_pool_worker *reserved; /* takes no more jobs, so that a suspect can have it alone */
	size_t limit;			 /* processes at a time */
	uint64_t *restarts;		 /* of each place */
	unsigned row, bad_starts;	 /* deaths in a row without any job done, and those before READY */
	struct cw_timer *pause;
};

struct cw_pool {
	struct cw_pool_opts opts;
	struct cw_pool_ruleset *rules, *rulesets;
	int64_t day; /* since 1970-01-01, of `rules` */
	struct cw_pool_worker *workers;
	struct cw_pool_kind kinds[CW_POOL_CLASSES];
	struct cw_pool_user *users[CW_POOL_USER_BUCKETS];
	size_t users_len;
	size_t waiting, waiting_bytes, jobs_len;
	struct cw_pool_job **table; /* by the low half of their id */
	uint32_t *generations, *free_slots;
	size_t table_len, free_len, table_cap;
	int64_t progress; /* when a job ended last, or the first was submitted */
	struct cw_pool_stats stats;
	bool draining, freeing, kicked;
	struct cw_timer *kick; /* brings about a turn */
	void (*drained)(void *payload);
	void *drained_payload;
};

/* ---- pool.c ---- */
struct cw_pool_ruleset *cw_pool_rules_ref(struct cw_pool_ruleset *r);
void cw_pool_rules_unref(struct cw_pool *p, struct cw_pool_ruleset *r);
/* JOB, in no list, ends: its `done` is called with what came of it, unless it was cancelled; then it is freed. */
void cw_pool_end(struct cw_pool *p, struct cw_pool_job *job, bool ok, const char *data, size_t len);
void cw_pool_fail(struct cw_pool *p, struct cw_pool_job *job, const char *reason);
/* The job with this id, or NULL. */
struct cw_pool_job *cw_pool_job(const struct cw_pool *p, uint64_t id);

/* Replace the workers by new ones with the same rules: what policy says depends on the day. */
void cw_pool_renew(struct cw_pool *p);

/* ---- pool_queue.c ---- */
void cw_pool_list_add(struct cw_pool_list *l, struct cw_pool_job *job, bool first);
void cw_pool_list_remove(struct cw_pool_list *l, struct cw_pool_job *job);
/* Kept as long as it has jobs; NULL without memory. */
struct cw_pool_user *cw_pool_user(struct cw_pool *p, uid_t uid);
void cw_pool_users_free(struct cw_pool *p);
/* JOB waits from now on: last or first of its user's, or as a suspect. */
void cw_pool_wait(struct cw_pool *p, struct cw_pool_job *job, bool first);
void cw_pool_wait_end(struct cw_pool *p, struct cw_pool_job *job);
/* Take the next job of class CLS for a worker with RULES, out of the queues: the users' turns go round. NULL: none. */
struct cw_pool_job *cw_pool_next(struct cw_pool *p, enum cw_pool_class cls, const struct cw_pool_ruleset *rules);
struct cw_pool_job *cw_pool_next_suspect(struct cw_pool *p, enum cw_pool_class cls, const struct cw_pool_ruleset *rules);

/* ---- pool_worker.c ---- */
const char *cw_pool_class_name(enum cw_pool_class cls);
/* At the end of each turn: start what is needed, hand out jobs, send. */
void cw_pool_tend(void *payload);
/* Give W up: WHY (static) goes to the log; it is reaped later. */
void cw_pool_kill(struct cw_pool_worker *w, const char *why);
/* W's process is gone, or is never to be heard of again. */
void cw_pool_worker_free(struct cw_pool_worker *w);
/* Let W, which is no longer needed, go: it sees the end of its socket. */
void cw_pool_leave(struct cw_pool_worker *w);
/* A timer's: all that is wanted is another turn of the loop. */
void cw_pool_woken(void *payload);

/* ---- pool_io.c ---- */
/* Put JOB in flight at W; it is sent by the next cw_pool_send(). */
void cw_pool_give(struct cw_pool_worker *w, struct cw_pool_job *job);
void cw_pool_send(struct cw_pool_worker *w);
/* Read all that is there, and act upon it. */
void cw_pool_receive(struct cw_pool_worker *w);
/* Act upon what was read already. */
void cw_pool_take(struct cw_pool_worker *w);
cw_fd_fn cw_pool_on_socket;
/* Watch W's socket for what is awaited of it now. */
void cw_pool_watch_socket(struct cw_pool_worker *w);

/* ---- pool_fate.c ---- */
/* W is gone, for the reason REASON: each of its jobs waits again, or ends. */
void cw_pool_bury(struct cw_pool_worker *w, const char *reason);
/* No worker of class CLS can be started: jobs that wait for one end. */
void cw_pool_give_up(struct cw_pool *p, enum cw_pool_class cls);

#endif
