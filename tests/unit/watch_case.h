/* watch_case.h - a watcher over real folders and a real state, with a pool that only remembers its jobs, and short words for tests. */
#ifndef CW_TESTS_WATCH_CASE_H
#define CW_TESTS_WATCH_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/watch.h"

#define WATCH_JOBS_MAX 64
#define FP1 "1111111111111111111111111111111111111111111111111111111111111111"
#define FP2 "2222222222222222222222222222222222222222222222222222222222222222"
#define CLEAN "{\"parameters\":{\"findings\":0,\"coverage\":{\"expected\":5,\"scanned\":3,\"cached\":2,\"unscanned\":0}}}"
#define UNCHANGED "{\"parameters\":{\"unchanged\":true}}"

struct watch_job {
	struct cw_job job;
	char *message;
	bool open;
};

extern struct watch_job watch_jobs[WATCH_JOBS_MAX];
extern size_t watch_jobs_len;
extern int watch_submit_fails; /* so many are refused from now on */
extern int watch_published;    /* events */
extern struct cw_daemon watch_d;

/* Each is a fixture of cmocka. */
int watch_set_up(void **state);
int watch_tear_down(void **state);
/* State and watcher, as at a start and an end of the daemon. */
void watch_open_all(void);
void watch_close_all(void);

/* NAME in the folder of the test; valid until the fourth next call. */
const char *watch_in_folder(const char *name);
void watch_make_folder(const char *name);
void watch_make_file(const char *name);

/* Run the loop until there are N jobs in all. */
void watch_run_to(size_t n);
/* Jobs count from 1. */
bool watch_job_is(size_t n, const char *name);
void watch_tell(size_t n, enum cw_ipc_kind kind, const char *data);
/* The worker of job N looks: fingerprint FP, and folders A and B (NULL: none). */
void watch_tell_refs(size_t n, const char *fp, const char *a, const char *b);
void watch_tell_finding(size_t n, const char *fingerprint, const char *path);
void watch_finish(size_t n, bool ok, const char *data);
/* Watch NAME, and see its first scan and the second look that follows it: two jobs. */
void watch_new(const char *name);

struct watch_seen {
	enum cw_watch_state state;
	char reason[128], known[128];
	uint64_t findings;
	size_t n;
};
/* The last watched repository by path, as the state has it. */
struct watch_seen watch_seen(void);
uint64_t watch_notices(void);

#endif
