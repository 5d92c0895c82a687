/* watch_case.c - see watch_case.h. */
#include "watch_case.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "daemon/log.h"


/* ---- a pool that only remembers ---- */

struct watch_job watch_jobs[WATCH_JOBS_MAX];
size_t watch_jobs_len;
int watch_submit_fails, watch_published;
struct cw_daemon watch_d;
static size_t jobs_wanted;

int cw_pool_submit(struct cw_pool *p, const struct cw_job *job, uint64_t *ret_id, struct cw_err *err)
{
	char *message;

	if (watch_submit_fails > 0) {
		watch_submit_fails--;
		return cw_err_set(err, CW_E_LIMIT, "full");
	}
	assert_true(watch_jobs_len < WATCH_JOBS_MAX);
	message = strndup(job->head, job->head_len);
	if (message == NULL)
		return cw_err_nomem(err);
	watch_jobs[watch_jobs_len] = (struct watch_job){ .job = *job, .message = message, .open = true };
	*ret_id = ++watch_jobs_len;
	if (watch_jobs_len >= jobs_wanted)
		cw_loop_stop(watch_d.loop);
	return 0;
}

void cw_pool_cancel(struct cw_pool *p, uint64_t id)
{
	assert_true(watch_jobs[id - 1].open);
	watch_jobs[id - 1].open = false;
}

void cw_daemon_publish(struct cw_daemon *daemon, const struct cw_json *event)
{
	watch_published++;
}

/* ---- a daemon without the rest ---- */

static char folder[64];

const char *watch_in_folder(const char *name)
{
	static char names[4][128];
	static unsigned at;

	snprintf(names[++at % 4], sizeof(names[0]), "%s/%s", folder, name);
	return names[at % 4];
}

void watch_make_folder(const char *name)
{
	assert_int_equal(mkdir(watch_in_folder(name), 0700), 0);
}

void watch_make_file(const char *name)
{
	int fd = open(watch_in_folder(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

void watch_open_all(void)
{
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_state_open(watch_in_folder("state"), &watch_d.state, &err), 0);
	if (cw_watcher_new(&watch_d, &watch_d.watcher, &err) < 0)
		fail_msg("%s", cw_err_msg(&err));
}

void watch_close_all(void)
{
	cw_watcher_free(watch_d.watcher);
	cw_state_close(watch_d.state);
	watch_d.watcher = NULL;
	watch_d.state = NULL;
}

int watch_set_up(void **state)
{
	char yaml[128];

	cw_log_start(CW_LOG_ERROR);
	alarm(60); /* a job that never comes */
	snprintf(folder, sizeof(folder), "%s/cw-watch-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	memset(&watch_d, 0, sizeof(watch_d));
	assert_int_equal(cw_loop_new(&watch_d.loop, NULL), 0);
	assert_int_equal(cw_conf_new(&watch_d.rules.conf, NULL), 0);
	snprintf(yaml, sizeof(yaml), "daemon:\n  roots: ['%s']\n  repository_workers: 2\n", folder);
	assert_int_equal(cw_conf_add(watch_d.rules.conf, CW_LEVEL_SYSTEM, "test", yaml, strlen(yaml), NULL), 0);
	snprintf(watch_d.rules.digest, sizeof(watch_d.rules.digest), "d1");
	watch_jobs_len = jobs_wanted = 0;
	watch_submit_fails = watch_published = 0;
	watch_open_all();
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

int watch_tear_down(void **state)
{
	size_t i;

	watch_close_all();
	for (i = 0; i < watch_jobs_len; i++)
		free(watch_jobs[i].message);
	cw_conf_free(watch_d.rules.conf);
	cw_loop_free(watch_d.loop);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- words for tests ---- */

/* Run the loop until there are N watch_jobs in all. */
void watch_run_to(size_t n)
{
	jobs_wanted = n;
	if (watch_jobs_len < n)
		assert_int_equal(cw_loop_run(watch_d.loop, NULL), 0);
	assert_int_equal(watch_jobs_len, n);
}

bool watch_job_is(size_t n, const char *name)
{
	return strstr(watch_jobs[n - 1].message, watch_in_folder(name)) != NULL;
}

void watch_tell(size_t n, enum cw_ipc_kind kind, const char *data)
{
	watch_jobs[n - 1].job.record(watch_jobs[n - 1].job.payload, kind, data, strlen(data));
}

/* The worker of job N looks: fingerprint FP, and folders A and B (NULL: none). */
void watch_tell_refs(size_t n, const char *fp, const char *a, const char *b)
{
	char data[512];

	snprintf(data, sizeof(data), "{\"fingerprint\":\"%s\",\"refs\":1,\"watch\":[\"/\"%s%s%s%s%s%s]}", fp, a ? ",\"" : "",
		 a ? watch_in_folder(a) : "", a ? "\"" : "", b ? ",\"" : "", b ? watch_in_folder(b) : "", b ? "\"" : "");
	watch_tell(n, CW_IPC_REFS, data);
}

void watch_tell_finding(size_t n, const char *fingerprint, const char *path)
{
	char data[256];

	snprintf(data, sizeof(data), "{\"rule\":\"r\",\"path\":\"%s\",\"fingerprint\":\"%s\",\"line\":1}", path, fingerprint);
	watch_tell(n, CW_IPC_RECORD, data);
}

void watch_finish(size_t n, bool ok, const char *data)
{
	watch_jobs[n - 1].open = false;
	watch_jobs[n - 1].job.done(watch_jobs[n - 1].job.payload, ok, data, strlen(data));
}

/* Watch NAME, and see its first scan and the second look that follows it: two watch_jobs. */
void watch_new(const char *name)
{
	size_t n = watch_jobs_len + 1;

	watch_make_folder(name);
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder(name), false, NULL), 0);
	watch_run_to(n);
	watch_tell_refs(n, FP1, name, NULL);
	watch_finish(n, true, CLEAN);
	watch_run_to(n + 1);
	watch_tell_refs(n + 1, FP1, name, NULL);
	watch_finish(n + 1, true, UNCHANGED);
}

static int take_watch(void *payload, const struct cw_state_watch *w, struct cw_err *err)
{
	struct watch_seen *s = payload;

	s->n++;
	s->state = w->state;
	s->findings = w->findings;
	snprintf(s->reason, sizeof(s->reason), "%s", w->reason != NULL ? w->reason : "");
	snprintf(s->known, sizeof(s->known), "%s", w->fingerprint);
	return 0;
}

/* The last watched repository by path, as the state has it. */
struct watch_seen watch_seen(void)
{
	struct watch_seen s = { .n = 0 };

	assert_int_equal(cw_state_watch_list(watch_d.state, take_watch, &s, NULL), 0);
	return s;
}

uint64_t watch_notices(void)
{
	uint64_t n = 0;

	assert_int_equal(cw_state_notice_count(watch_d.state, &n, NULL), 0);
	return n;
}
