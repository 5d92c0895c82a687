/* daemon/notice.c - see notice.h. */
#include "daemon/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/vec.h"
#include "daemon/log.h"

#ifndef P_PIDFD
#define P_PIDFD 3 /* linux/wait.h */
#endif

#define ARGS_MAX 64
#define LOOK_MS 60000 /* the clock may jump: the longest wait without a look at it */
#define STATE_RETRY_MS 5000
#define END_MS 1000 /* a command that runs when the daemon ends may take so long to end by itself */

struct cw_notices {
	struct cw_daemon *d;
	struct cw_timer *due, *deadline;
	int64_t id; /* of the one that is being delivered */
	unsigned tries;
	pid_t pid; /* of its command, and of its process group; 0: none runs */
	int pidfd;
	struct cw_source_fd *source;
	bool late; /* it was ended by the deadline */
};

static void start_next(struct cw_notices *n);

/* ---- what it gets ---- */

static int make_text(const struct cw_state_notice *from, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	char seen[CW_CLOCK_ISO_SIZE];
	int rc;

	cw_clock_iso(from->first_seen, seen);
	cw_json_add_int(o, "notice", from->id);
	cw_json_add_int(o, "try", (int64_t)from->tries + 1);
	cw_json_add_str(o, "repository", from->repository);
	cw_json_add_str(o, "first_seen", seen);
	rc = cw_json_print(o, false, out, err);
	if (rc < 0)
		return rc;
	/* the record is a JSON object already: it takes the place of the last brace */
	cw_buf_truncate(out, out->len - 1);
	cw_buf_addf(out, ",\"finding\":%s}\n", from->record);
	return cw_buf_fail(out, "notification", err);
}

/* A descriptor from which TEXT can be read: nothing waits for a command that does not read. */
static int make_input(const struct cw_buf *text, int *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = memfd_create("credwatch-notice", MFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return cw_err_sys(err, errno, "cannot make a memfd");
	rc = cw_io_write_full(fd, text->data, text->len, err);
	if (rc < 0)
		return rc;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return cw_err_sys(err, errno, "memfd");
	*ret = fd;
	fd = -1;
	return 0;
}

/* ---- the command ---- */

static int spawn(struct cw_notices *n, char **argv, int input, struct cw_err *err)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LANG=C.UTF-8";
	static char *const environment[] = { path, language, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return cw_err_sys(err, rc, "cannot run '%s'", argv[0]);
	rc = posix_spawnattr_init(&how);
	if (rc != 0) {
		posix_spawn_file_actions_destroy(&files);
		return cw_err_sys(err, rc, "cannot run '%s'", argv[0]);
	}
	sigemptyset(&none);
	sigfillset(&all);
	if ((rc = posix_spawn_file_actions_adddup2(&files, input, 0)) == 0 &&
	    (rc = posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)) == 0 &&
	    (rc = posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)) == 0 &&
	    (rc = posix_spawn_file_actions_addclosefrom_np(&files, 3)) == 0 &&
	    (rc = posix_spawn_file_actions_addchdir_np(&files, "/")) == 0 && (rc = posix_spawnattr_setsigmask(&how, &none)) == 0 &&
	    (rc = posix_spawnattr_setsigdefault(&how, &all)) == 0 && (rc = posix_spawnattr_setpgroup(&how, 0)) == 0 &&
	    (rc = posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0)
		rc = posix_spawn(&n->pid, argv[0], &files, &how, argv, environment);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	if (rc != 0)
		n->pid = 0;
	return rc != 0 ? cw_err_sys(err, rc, "cannot run '%s'", argv[0]) : 0;
}

/* End the command and all that it started; wait for it. */
static void end_command(struct cw_notices *n)
{
	if (n->pid == 0)
		return;
	kill(-n->pid, SIGKILL);
	while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
		;
	n->pid = 0;
}

static void forget_command(struct cw_notices *n)
{
	cw_loop_remove(n->source);
	n->source = NULL;
	cw_closep(&n->pidfd);
	n->pidfd = -1;
	cw_timer_stop(n->deadline);
}

/* The delivery came to WHY (NULL: it is done). */
static void note(struct cw_notices *n, const char *why)
{
	int64_t pause = n->tries > 10 ? CW_NOTICE_PAUSE_MAX : (int64_t)CW_NOTICE_PAUSE << n->tries;
	struct cw_err err = CW_ERR_INIT;
	int rc;

	if (pause > CW_NOTICE_PAUSE_MAX)
		pause = CW_NOTICE_PAUSE_MAX;
	if (why == NULL) {
		cw_log(CW_LOG_INFO, "notified", "notice", cw_log_int(n->id), NULL);
		rc = cw_state_notice_done(n->d->state, n->id, &err);
	} else {
		cw_log(CW_LOG_WARNING, "not_notified", "notice", cw_log_int(n->id), "why", why, "retry_s", cw_log_int(pause), NULL);
		rc = cw_state_notice_failed(n->d->state, n->id, cw_clock_wall() + pause, &err);
	}
	if (rc < 0)
		cw_log(CW_LOG_ERROR, "state", "why", cw_err_msg(&err), NULL);
	/* What could not be noted must not be delivered again and again at once. */
	cw_timer_set(n->due, rc < 0 ? STATE_RETRY_MS : 0);
}

static void on_end(void *payload, uint32_t events)
{
	struct cw_notices *n = payload;
	char why[64];
	int status = 0;
	pid_t pid;

	kill(-n->pid, SIGKILL); /* what it left behind: before its number can become another's */
	pid = waitpid(n->pid, &status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return;
	n->pid = 0;
	forget_command(n);
	if (n->late)
		note(n, "it took longer than watch.notify_ms");
	else if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		note(n, NULL);
	else {
		snprintf(why, sizeof(why), WIFSIGNALED(status) ? "ended by signal %d" : "exit status %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		note(n, why);
	}
}

static void on_deadline(void *payload)
{
	struct cw_notices *n = payload;

	n->late = true;
	kill(-n->pid, SIGKILL); /* on_end() follows */
}

static int watch_command(struct cw_notices *n, struct cw_err *err)
{
	n->pidfd = (int)syscall(SYS_pidfd_open, n->pid, 0);
	if (n->pidfd < 0)
		return cw_err_sys(err, errno, "pidfd_open");
	cw_timer_set(n->deadline, (int64_t)n->d->rules.conf->watch_notify_ms);
	return cw_loop_add(n->d->loop, n->pidfd, EPOLLIN, on_end, n, &n->source, err);
}

static int deliver(void *payload, const struct cw_state_notice *from, struct cw_err *err)
{
	struct cw_notices *n = payload;
	const struct cw_vec *args = &n->d->rules.conf->watch_notify;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_closep) int input = -1;
	char *argv[ARGS_MAX + 1] = { NULL };
	size_t i;
	int rc;

	n->id = from->id;
	n->tries = from->tries;
	n->late = false;
	for (i = 0; i < args->len && i < ARGS_MAX; i++)
		argv[i] = (char *)(uintptr_t)CW_VEC_AT(args, const char *, i);
	if ((rc = make_text(from, &text, err)) < 0 || (rc = make_input(&text, &input, err)) < 0 ||
	    (rc = spawn(n, argv, input, err)) < 0)
		return rc;
	rc = watch_command(n, err);
	if (rc < 0) {
		end_command(n);
		forget_command(n);
	}
	return rc;
}

/* ---- when ---- */

static void wait_for_due(struct cw_notices *n)
{
	int64_t due = INT64_MAX, now = cw_clock_wall(), left;

	if (cw_state_notice_due(n->d->state, &due, NULL) == 0 && due == INT64_MAX)
		return;
	left = due > now ? due - now : 0;
	cw_timer_set(n->due, left < LOOK_MS / 1000 ? left * 1000 : LOOK_MS);
}

static void start_next(struct cw_notices *n)
{
	struct cw_err err = CW_ERR_INIT;
	bool any = false;
	int rc;

	if (n->pid != 0)
		return;
	if (n->d->rules.conf->watch_notify.len == 0) {
		rc = cw_state_notice_clear(n->d->state, &err);
		if (rc < 0)
			cw_log(CW_LOG_ERROR, "state", "why", cw_err_msg(&err), NULL);
		return;
	}
	n->id = 0;
	rc = cw_state_notice_next(n->d->state, cw_clock_wall(), &any, deliver, n, &err);
	if (rc < 0 && n->id != 0) {
		note(n, cw_err_msg(&err));
	} else if (rc < 0) {
		cw_log(CW_LOG_ERROR, "state", "why", cw_err_msg(&err), NULL);
		cw_timer_set(n->due, STATE_RETRY_MS);
	} else if (!any) {
		wait_for_due(n);
	}
}

static void on_due(void *payload)
{
	start_next(payload);
}

void cw_notices_kick(struct cw_notices *n)
{
	if (n->pid == 0)
		cw_timer_set(n->due, 0);
}

int cw_notices_new(struct cw_daemon *d, struct cw_notices **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_notices_free_p) struct cw_notices *n = calloc(1, sizeof(*n));
	int rc;

	if (n == NULL)
		return cw_err_nomem(err);
	n->d = d;
	n->pidfd = -1;
	if ((rc = cw_timer_new(d->loop, on_due, n, &n->due, err)) < 0 ||
	    (rc = cw_timer_new(d->loop, on_deadline, n, &n->deadline, err)) < 0)
		return rc;
	cw_timer_set(n->due, 0);
	*ret = cw_steal(&n);
	return 0;
}

/* What is all but delivered is not delivered again after the next start. */
static void wait_for_command(struct cw_notices *n)
{
	struct pollfd end = { .fd = n->pidfd, .events = POLLIN };

	if (n->pid != 0 && n->source != NULL && poll(&end, 1, END_MS) == 1)
		on_end(n, 0);
}

void cw_notices_free(struct cw_notices *n)
{
	if (n == NULL)
		return;
	wait_for_command(n);
	end_command(n);
	if (n->deadline != NULL)
		forget_command(n);
	cw_timer_free(n->due);
	cw_timer_free(n->deadline);
	free(n);
}
