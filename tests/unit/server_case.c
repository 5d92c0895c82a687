/* tests/unit/server_case.c - see server_case.h. */
#include "server_case.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/watch.h"

struct case_job case_jobs[CASE_JOBS];
size_t case_jobs_len;
int case_submit_rc, case_reloads;

/* ---- what stands in for the rest of the daemon ---- */

int cw_pool_submit(struct cw_pool *p, const struct cw_job *job, uint64_t *ret_id, struct cw_err *err)
{
	struct case_job *j = &case_jobs[case_jobs_len];

	if (case_submit_rc != 0)
		return cw_err_set(err, (enum cw_code)case_submit_rc, "the queue is full");
	assert_true(case_jobs_len < CASE_JOBS);
	*j = (struct case_job){.kind = job->kind, .uid = job->uid, .message = CW_BUF_INIT, .fd = job->fd, .done = job->done,
			       .record = job->record, .payload = job->payload};
	cw_buf_add(&j->message, job->head, job->head_len);
	cw_buf_add(&j->message, job->data, job->data_len);
	cw_buf_add(&j->message, job->tail, job->tail_len);
	*ret_id = case_jobs_len++;
	return 0;
}

void cw_pool_cancel(struct cw_pool *p, uint64_t id)
{
	assert_true(id < case_jobs_len && case_jobs[id].done != NULL);
	case_jobs[id].done = NULL;
	case_jobs[id].cancelled = true;
}

void cw_pool_hold(struct cw_pool *p, uint64_t id, bool held)
{
	case_jobs[id].held = held;
}

size_t cw_pool_queued(const struct cw_pool *p)
{
	return case_jobs_len;
}

bool cw_pool_worker(const struct cw_pool *p, size_t i, struct cw_worker_info *ret)
{
	*ret = (struct cw_worker_info){.kind = "content", .pid = 7, .jobs = 3};
	return i == 0;
}

size_t cw_watcher_len(const struct cw_watcher *w)
{
	return 0;
}

void cw_watcher_hint(struct cw_watcher *w, const char *path)
{
}

bool cw_watch_path_allowed(const struct cw_conf *conf, const char *path)
{
	return strncmp(path, "/srv/", 5) == 0;
}

int cw_watcher_add(struct cw_watcher *w, const char *path, bool from_now, struct cw_err *err)
{
	int64_t id = 0;

	return cw_state_watch_add((struct cw_state *)(void *)w, path, from_now, &id, err);
}

int cw_watcher_remove(struct cw_watcher *w, const char *path, struct cw_err *err)
{
	return cw_state_watch_remove((struct cw_state *)(void *)w, path, err);
}

bool cw_watcher_has(const struct cw_watcher *w, const char *path)
{
	return strcmp(path, "/srv/none") != 0;
}

void cw_watcher_notify(struct cw_watcher *w)
{
}

int cw_audit_add(struct cw_audit *a, const struct cw_audit_event *e, struct cw_err *err)
{
	return 0;
}

int cw_audit_cleanse(struct cw_audit *a, const char *text, struct cw_buf *out, struct cw_err *err)
{
	cw_buf_adds(out, text);
	return cw_buf_fail(out, "text", err);
}

void cw_audit_note(struct cw_audit *a, const struct cw_audit_event *e)
{
}

int cw_daemon_reload(struct cw_daemon *d, cw_reload_fn *fn, void *payload, struct cw_err *err)
{
	const struct cw_err none = CW_ERR_INIT;

	case_reloads++;
	fn(payload, 0, &none);
	return 0;
}

void cw_daemon_reload_forget(struct cw_daemon *d, const void *payload)
{
}

/* ---- the case ---- */

static void stop(void *payload)
{
	struct case_world *w = payload;

	cw_loop_stop(w->d.loop);
}

int case_set_up(void **state)
{
	static struct case_world w;

	memset(&w, 0, sizeof(w));
	memset(case_jobs, 0, sizeof(case_jobs));
	case_jobs_len = 0;
	case_submit_rc = case_reloads = 0;
	snprintf(w.dir, sizeof(w.dir), "/tmp/cw-server-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	snprintf(w.path, sizeof(w.path), "%s/socket", w.dir);
	cw_log_start((enum cw_log_level)0);
	assert_int_equal(cw_loop_new(&w.d.loop, NULL), 0);
	assert_int_equal(cw_timer_new(w.d.loop, stop, &w, &w.end, NULL), 0);
	assert_int_equal(cw_conf_new(&w.d.rules.conf, NULL), 0);
	snprintf(w.d.rules.engine, sizeof(w.d.rules.engine), "e1");
	snprintf(w.d.rules.digest, sizeof(w.d.rules.digest), "d1");
	*state = &w;
	return 0;
}

int case_tear_down(void **state)
{
	struct case_world *w = *state;
	char lock[128];

	cw_server_free(w->d.server);
	cw_timer_free(w->end);
	cw_loop_free(w->d.loop);
	cw_conf_free(w->d.rules.conf);
	for (size_t i = 0; i < case_jobs_len; i++) {
		cw_buf_release(&case_jobs[i].message);
		cw_closep(&case_jobs[i].fd);
	}
	snprintf(lock, sizeof(lock), "%s.lock", w->path);
	unlink(lock);
	return rmdir(w->dir);
}

void case_start(struct case_world *w)
{
	struct cw_server_opts opts = {.socket = w->path, .listen_fd = -1};
	struct cw_err err = CW_ERR_INIT;

	if (cw_server_new(&w->d, &opts, &w->d.server, &err) != 0)
		fail_msg("%s", err.msg);
}

void case_spin(struct case_world *w)
{
	for (int i = 0; i < 8; i++) {
		cw_timer_set(w->end, 0);
		assert_int_equal(cw_loop_run(w->d.loop, NULL), 0);
	}
}

int case_connect(struct case_world *w)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", w->path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	case_spin(w);
	return fd;
}

void case_write(struct case_world *w, int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text) + 1), (ssize_t)strlen(text) + 1);
	case_spin(w);
}

void case_write_fds(struct case_world *w, int client, const char *text, const int *fds, size_t len)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(250 * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) + 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			     .msg_controllen = CMSG_SPACE(len * sizeof(int))};

	memset(&control, 0, sizeof(control));
	control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(len * sizeof(int))};
	memcpy(CMSG_DATA(&control.head), fds, len * sizeof(int));
	assert_int_equal(sendmsg(client, &msg, 0), (ssize_t)strlen(text) + 1);
	case_spin(w);
}

const char *case_read(int fd)
{
	static char text[1 << 16];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(text) - 1 && (got = read(fd, text + n, 1)) == 1) {
		if (text[n++] == '\0')
			return text;
	}
	text[n] = '\0';
	if (n == 0 && !(got < 0 && errno == EAGAIN))
		return "END";
	return text;
}

size_t case_count(int fd)
{
	char text[4096];
	size_t messages = 0;
	ssize_t got;

	while ((got = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			messages += text[i] == '\0';
	}
	return messages;
}

void case_done(struct case_world *w, size_t job, bool ok, const char *text)
{
	cw_job_done_fn *done = case_jobs[job].done;

	assert_non_null(done);
	case_jobs[job].done = NULL;
	done(case_jobs[job].payload, ok, text, strlen(text));
	case_spin(w);
}

struct cw_server_stats case_stats(const struct case_world *w)
{
	struct cw_server_stats stats;

	cw_server_stats(w->d.server, &stats);
	return stats;
}
