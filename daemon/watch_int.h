/* daemon/watch_int.h - what the files of daemon/watch*.c share. */
#ifndef CW_DAEMON_WATCH_INT_H
#define CW_DAEMON_WATCH_INT_H

#include "base/buf.h"
#include "base/vec.h"
#include "daemon/notice.h"
#include "daemon/watch.h"
#include "daemon/watch_inotify.h"

#define CW_WATCH_REFS_SIZE 65				    /* a fingerprint of refs in hex, and NUL */
#define CW_WATCH_RULES_SIZE 17				    /* what tells rules and policies apart, in hex, and NUL */
#define CW_WATCH_KNOWN_SIZE (CW_WATCH_REFS_SIZE + CW_WATCH_RULES_SIZE) /* both, with a dot between */
#define CW_WATCH_MAX ((size_t)100000)			    /* repositories */

#define CW_WATCH_QUICK_MS 30000 /* a look that takes longer is taken up again as a slow one */

/* Why a repository is looked at; those that come first are served first. From SLOW on there is a place that they never take: whatever is in a
 * few repositories, and however long it takes, the others are looked at. */
enum cw_watch_turn { CW_TURN_EVENT, CW_TURN_SWEEP, CW_TURN_SLOW, CW_TURN_BASELINE, CW_TURNS };

struct cw_watch_job;

struct cw_watched {
	int64_t id; /* in the state */
	char *path;
	char known[CW_WATCH_KNOWN_SIZE]; /* what was scanned last; "" before that, and after an incomplete scan */
	char *reason;			 /* why it fails, or NULL */
	bool baselining;		 /* never scanned */
	struct cw_inotify_set set;
	struct cw_watch_job *job; /* NULL: none is running */
	bool slow;		  /* the last look took long */
	bool long_job;		  /* the job that runs may take long: a first scan, or slow */
	bool again;		  /* hinted at while its job ran */
	bool queued;
	enum cw_watch_turn turn;  /* the queue it is in */
	struct cw_watched *next, *prev; /* there */
	int64_t due;	 /* milliseconds: since when it is queued or hinted at; 0: it is not */
	int64_t look_at; /* milliseconds: when it is looked at without a hint */
	int64_t hold_to; /* milliseconds: failing, it is not looked at before */
	unsigned fails;	 /* in a row */
};

struct cw_watch_queue {
	struct cw_watched *head, *tail;
};

struct cw_watcher {
	struct cw_daemon *d;
	struct cw_inotify *inotify;
	struct cw_notices *notices;
	struct cw_vec repositories; /* struct cw_watched *, by path */
	struct cw_watch_queue queues[CW_TURNS];
	struct cw_timer *dispatch, *tick;
	unsigned slots, running, long_jobs; /* jobs: at most, now, and those of them that may take long */
	int64_t retry_at; /* milliseconds: the pool is asked again; 0: now */
	char rules[CW_WATCH_RULES_SIZE];
};

/* watch.c: */
struct cw_watch_end {
	bool failed;  /* wait before the next look */
	bool recheck; /* changes may have been missed */
	int64_t ms;   /* that it took */
};
/* The job of R is over. */
void cw_watch_over(struct cw_watcher *w, struct cw_watched *r, const struct cw_watch_end *end);

/* watch_job.c: look at R, and scan it if something changed. */
int cw_watch_job_start(struct cw_watcher *w, struct cw_watched *r, struct cw_err *err);
/* R's job, if there is one, is of no use any more. */
void cw_watch_job_cancel(struct cw_watcher *w, struct cw_watched *r);

/* watch_store.c: what a scan found, on its way to the state. Bounded: what is above that is stored before the scan ends. */
struct cw_watch_store {
	struct cw_watcher *watcher;
	struct cw_watched *repository;
	struct cw_vec items;	/* struct of watch_store.c */
	struct cw_buf text;	/* what they point into */
	bool paused;		/* a part of the scan is in the state */
	uint64_t found, added;	/* findings; those of them that are new */
};
void cw_watch_store_init(struct cw_watch_store *s, struct cw_watcher *w, struct cw_watched *r);
void cw_watch_store_release(struct cw_watch_store *s);
/* A finding as the worker tells it: LEN bytes of JSON. CW_E_INVALID: it is none. */
int cw_watch_store_add(struct cw_watch_store *s, const char *record, size_t len, struct cw_err *err);
int cw_watch_store_end(struct cw_watch_store *s, const char *known, bool complete, struct cw_err *err);

#endif
