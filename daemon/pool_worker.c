/* daemon/pool_worker.c - the processes of the pool. See pool_int.h. */
#include "daemon/pool_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define PAGE_SIZE 4096
#define SOCKET_BUFFER (1 << 20) /* bytes asked for; the kernel gives what it allows */
#define LARGE_NICE 5
#define ABOVE_OURS 16		/* descriptors from here on cannot be one of the worker's own */

const char *cw_pool_class_name(enum cw_pool_class cls)
{
	static const char *const names[] = {"content", "large", "repository"};

	return names[cls];
}

/* ---- start ---- */

struct ends { /* what the new process gets */
	int sock, rules, page;
};

static void ends_close(struct ends *e)
{
	cw_closep(&e->sock);
	cw_closep(&e->rules);
	cw_closep(&e->page);
}

static int make_page(struct cw_pool_worker *w, int *ret_fd, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = memfd_create("credwatch-job", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *page;

	/* Sealed: a worker that was taken over must not cut it off under the parent's eyes. */
	if (fd < 0 || ftruncate(fd, PAGE_SIZE) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return cw_err_sys(err, errno, "cannot make a shared page");
	page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return cw_err_sys(err, errno, "cannot map a shared page");
	w->page = page;
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_OURS);
	return *ret_fd < 0 ? cw_err_sys(err, errno, "cannot make a shared page") : 0;
}

static int make_socket(struct cw_pool_worker *w, int *ret_fd, struct cw_err *err)
{
	int pair[2], size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return cw_err_sys(err, errno, "cannot make a socket for a worker");
	w->sock = pair[0];
	*ret_fd = fcntl(pair[1], F_DUPFD_CLOEXEC, ABOVE_OURS);
	close(pair[1]);
	/* Best effort: with less, a batch takes two turns. */
	(void)setsockopt(w->sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (*ret_fd < 0 || fcntl(w->sock, F_SETFL, O_NONBLOCK) != 0)
		return cw_err_sys(err, errno, "cannot make a socket for a worker");
	return 0;
}

static int add_actions(posix_spawn_file_actions_t *a, const struct ends *e)
{
	int rc = posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDWR, 0);

	rc = rc ? rc : posix_spawn_file_actions_adddup2(a, 0, 1);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(a, e->sock, CW_IPC_SOCKET);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(a, e->rules, CW_IPC_RULES);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(a, e->page, CW_IPC_PAGE);
	return rc ? rc : posix_spawn_file_actions_addclosefrom_np(a, CW_IPC_PAGE + 1);
}

/* A session of its own: no signal that a terminal sends reaches it. All signals as at birth. */
static int add_attributes(posix_spawnattr_t *t)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setflags(t, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = rc ? rc : posix_spawnattr_setsigmask(t, &none);
	return rc ? rc : posix_spawnattr_setsigdefault(t, &all);
}

static int spawn(struct cw_pool_worker *w, const struct ends *e, struct cw_err *err)
{
	char name[] = "credwatchd", kind[32], lang[] = "LC_ALL=C";
	char *argv[] = {name, kind, NULL}, *envp[] = {lang, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);

	snprintf(kind, sizeof(kind), "--worker=%s", w->cls == CW_POOL_REPOSITORY ? "repository" : "content");
	if (rc != 0)
		return cw_err_sys(err, rc, "cannot start a worker");
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = add_actions(&actions, e);
		rc = rc ? rc : add_attributes(&attributes);
		rc = rc ? rc : posix_spawn(&w->pid, w->pool->opts.program, &actions, &attributes, argv, envp);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0)
		w->pid = -1;
	return rc != 0 ? cw_err_sys(err, rc, "cannot start %s", w->pool->opts.program) : 0;
}

static void on_pidfd(void *payload, uint32_t events);
static void on_timer(void *payload);

static int watch(struct cw_pool_worker *w, struct cw_err *err)
{
	struct cw_loop *l = w->pool->opts.loop;
	int rc;

	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	if (w->pidfd < 0)
		return cw_err_sys(err, errno, "cannot watch a worker (pidfd_open)");
	/* Not every kernel of today closes it at an exec by itself. */
	(void)fcntl(w->pidfd, F_SETFD, FD_CLOEXEC);
	rc = cw_loop_add(l, w->pidfd, EPOLLIN, on_pidfd, w, &w->on_pid, err);
	if (rc == 0)
		rc = cw_loop_add(l, w->sock, EPOLLIN, cw_pool_on_socket, w, &w->on_sock, err);
	if (rc == 0)
		rc = cw_timer_new(l, on_timer, w, &w->timer, err);
	return rc;
}

/* A place of CLS that no worker has; while old ones are leaving there may be more workers than places. */
static size_t free_place(const struct cw_pool *p, enum cw_pool_class cls)
{
	for (size_t place = 0; place < p->kinds[cls].limit; place++) {
		const struct cw_pool_worker *w = p->workers;

		while (w && (w->cls != cls || w->place != place || w->rules != p->rules))
			w = w->next;
		if (!w)
			return place;
	}
	return 0;
}

static int start(struct cw_pool *p, enum cw_pool_class cls, struct cw_pool_ruleset *rules, struct cw_err *err)
{
	struct cw_pool_worker *w = calloc(1, sizeof(*w));
	CW_CLEANUP(ends_close) struct ends e = {-1, -1, -1};
	int rc = 0;

	if (!w)
		return cw_err_nomem(err);
	w->pool = p;
	w->cls = cls;
	w->place = free_place(p, cls);
	w->rules = cw_pool_rules_ref(rules);
	w->pid = w->pidfd = w->sock = -1;
	w->in = (struct cw_buf)CW_BUF_INIT_MAX(CW_IPC_MAX + sizeof(struct cw_ipc_head));
	w->since = cw_loop_now(p->opts.loop);
	w->next = p->workers;
	p->workers = w;
	e.rules = fcntl(rules->memfd, F_DUPFD_CLOEXEC, ABOVE_OURS);
	if (e.rules < 0)
		rc = cw_err_sys(err, errno, "cannot hand rules to a worker");
	if (rc == 0)
		rc = make_page(w, &e.page, err);
	if (rc == 0)
		rc = make_socket(w, &e.sock, err);
	if (rc == 0)
		rc = spawn(w, &e, err);
	/* A best effort: whoever has large content scanned must not keep others waiting. */
	if (rc == 0 && cls == CW_POOL_LARGE)
		(void)setpriority(PRIO_PROCESS, (id_t)w->pid, getpriority(PRIO_PROCESS, 0) + LARGE_NICE);
	if (rc == 0)
		rc = watch(w, err);
	if (rc < 0)
		cw_pool_worker_free(w);
	else
		cw_timer_set(w->timer, CW_POOL_START_MS);
	return rc;
}

/* ---- end ---- */

void cw_pool_worker_free(struct cw_pool_worker *w)
{
	struct cw_pool *p = w->pool;
	struct cw_pool_worker **at = &p->workers;

	if (p->kinds[w->cls].reserved == w)
		p->kinds[w->cls].reserved = NULL;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	cw_loop_remove(w->on_sock);
	cw_loop_remove(w->on_pid);
	cw_timer_free(w->timer);
	if (w->pid > 0 && !w->gone) {
		(void)kill(w->pid, SIGKILL);
		(void)waitpid(w->pid, NULL, 0);
	}
	cw_closep(&w->sock);
	cw_closep(&w->pidfd);
	if (w->page)
		munmap(w->page, PAGE_SIZE);
	/* Only when the whole pool goes does a worker still have jobs here. */
	while (w->jobs.first) {
		struct cw_pool_job *job = w->jobs.first;

		cw_pool_list_remove(&w->jobs, job);
		job->cancelled = true;
		cw_pool_end(p, job, false, NULL, 0);
	}
	cw_buf_release(&w->in);
	cw_pool_rules_unref(p, w->rules);
	free(w);
}

void cw_pool_kill(struct cw_pool_worker *w, const char *why)
{
	if (w->state == CW_POOL_DYING)
		return;
	w->state = CW_POOL_DYING;
	w->why = why;
	if (w->pid > 0 && !w->gone)
		(void)kill(w->pid, SIGKILL);
	if (w->timer)
		cw_timer_stop(w->timer);
	cw_loop_remove(w->on_sock);
	w->on_sock = NULL;
}

void cw_pool_leave(struct cw_pool_worker *w)
{
	w->state = CW_POOL_LEAVING;
	if (w->gone)
		return;
	(void)shutdown(w->sock, SHUT_WR);
	cw_timer_set(w->timer, CW_POOL_END_MS);
}

/* After the death of W the next start of its class waits: the longer, the more have died without having done anything. */
static void pause_class(struct cw_pool_worker *w)
{
	struct cw_pool_kind *k = &w->pool->kinds[w->cls];
	bool suspect = w->jobs.first && w->jobs.first->suspect;
	int64_t ms;

	if (w->finished > 0)
		k->row = 0;
	ms = (int64_t)CW_POOL_PAUSE_MS << (k->row < 9 ? k->row : 9);
	/* That a suspect kills says nothing about the next worker. */
	k->row += !suspect;
	k->restarts[w->place]++;
	cw_timer_set(k->pause, ms < CW_POOL_PAUSE_MAX_MS ? ms : CW_POOL_PAUSE_MAX_MS);
}

static void report(const struct cw_pool_worker *w, const char *reason)
{
	const struct cw_pool *p = w->pool;

	if (p->opts.died)
		p->opts.died(p->opts.payload, cw_pool_class_name(w->cls), w->pid, reason);
}

static void describe(const struct cw_pool_worker *w, const siginfo_t *info, char *out, size_t size)
{
	if (w->why)
		snprintf(out, size, "%s", w->why);
	else if (info->si_code == CLD_EXITED)
		snprintf(out, size, "it exited with status %d", info->si_status);
	else
		snprintf(out, size, "it was killed by signal %d", info->si_status);
}

static void bad_start(struct cw_pool *p, enum cw_pool_class cls)
{
	struct cw_pool_kind *k = &p->kinds[cls];

	if (++k->bad_starts < CW_POOL_BAD_STARTS)
		return;
	for (const struct cw_pool_worker *w = p->workers; w; w = w->next) {
		if (w->cls == cls && w->state == CW_POOL_READY)
			return;
	}
	cw_pool_give_up(p, cls);
}

/* A repository worker goes by itself after its one job; its end may be seen together with its answer. */
static bool has_done(const struct cw_pool_worker *w, const siginfo_t *info)
{
	return w->cls == CW_POOL_REPOSITORY && w->ready && w->jobs.len == 0 && !w->why && info->si_code == CLD_EXITED &&
	       info->si_status == 0;
}

/* W's process has ended with INFO. What it still said counts. */
static void reaped(struct cw_pool_worker *w, const siginfo_t *info)
{
	struct cw_pool *p = w->pool;
	enum cw_pool_class cls = w->cls;
	bool ready = w->ready;
	char reason[80];

	w->held = false;
	cw_pool_take(w);
	cw_pool_receive(w);
	describe(w, info, reason, sizeof(reason));
	if (w->state != CW_POOL_LEAVING && !w->unwanted && !has_done(w, info)) {
		p->stats.deaths++;
		pause_class(w);
		report(w, reason);
	}
	w->state = CW_POOL_DYING;
	cw_pool_bury(w, reason);
	cw_pool_worker_free(w);
	if (!ready)
		bad_start(p, cls);
}

static void on_pidfd(void *payload, uint32_t events)
{
	struct cw_pool_worker *w = payload;
	siginfo_t info = {.si_pid = 0};

	(void)events;
	if (waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
		return;
	w->gone = true;
	reaped(w, &info);
}

static void on_timer(void *payload)
{
	struct cw_pool_worker *w = payload;
	int64_t left;

	if (w->state == CW_POOL_STARTING) {
		cw_pool_kill(w, "it did not get ready");
	} else if (w->state == CW_POOL_LEAVING) {
		cw_pool_kill(w, "it did not go when it was told to");
	} else if (w->state == CW_POOL_READY && w->jobs.first) {
		left = w->since + w->jobs.first->deadline_ms - cw_loop_now(w->pool->opts.loop);
		if (left > 0) {
			cw_timer_set(w->timer, left);
			return;
		}
		w->late = true;
		w->pool->stats.timeouts++;
		cw_pool_kill(w, "it passed the deadline of a job");
	}
}

/* ---- what is needed ---- */

/* How many workers of CLS with rules R there should be, when there are HAVE, of which FREE have nothing to do. */
static size_t wanted(const struct cw_pool *p, enum cw_pool_class cls, const struct cw_pool_ruleset *r, size_t have,
		     size_t idle)
{
	size_t limit = p->kinds[cls].limit, want;

	if (cls == CW_POOL_SMALL)
		return r == p->rules ? limit : r->waiting[cls] > 0;
	want = have + (r->waiting[cls] > idle ? r->waiting[cls] - idle : 0);
	return want < limit ? want : limit;
}

/* One that leaves counts only where the number of processes is what matters. */
static void count_workers(const struct cw_pool *p, enum cw_pool_class cls, const struct cw_pool_ruleset *r, size_t *ret_have,
			  size_t *ret_idle)
{
	for (const struct cw_pool_worker *w = p->workers; w; w = w->next) {
		if (w->cls != cls || (w->state == CW_POOL_LEAVING && cls != CW_POOL_REPOSITORY))
			continue;
		*ret_have += w->rules == r;
		*ret_idle += w->rules == r && w->jobs.len == 0 && w->state <= CW_POOL_READY;
	}
}

static void start_wanted(struct cw_pool *p, enum cw_pool_class cls)
{
	struct cw_pool_kind *k = &p->kinds[cls];
	struct cw_err err = CW_ERR_INIT;

	for (struct cw_pool_ruleset *r = p->rulesets; r && !cw_timer_running(k->pause); r = r->next) {
		size_t have = 0, idle = 0, want;

		count_workers(p, cls, r, &have, &idle);
		want = wanted(p, cls, r, have, idle);
		for (; have < want; have++) {
			if (start(p, cls, r, &err) == 0)
				continue;
			if (p->opts.died)
				p->opts.died(p->opts.payload, cw_pool_class_name(cls), -1, cw_err_msg(&err));
			cw_timer_set(k->pause, (int64_t)CW_POOL_PAUSE_MS << (k->row < 9 ? k->row++ : 9));
			/* Jobs that end may take R with them. */
			bad_start(p, cls);
			return;
		}
	}
}

static bool is_needed(const struct cw_pool_worker *w)
{
	const struct cw_pool *p = w->pool;

	if (w->jobs.len > 0 || w->rules->waiting[w->cls] > 0)
		return true;
	return w->cls != CW_POOL_REPOSITORY && w->rules == p->rules;
}

/* ---- handing out ---- */

static bool has_room(const struct cw_pool_worker *w)
{
	if (w->state != CW_POOL_READY)
		return false;
	if (w->jobs.len == 0)
		return true;
	return w->cls == CW_POOL_SMALL && w->jobs.len < CW_POOL_IN_FLIGHT && w->bytes < CW_POOL_IN_FLIGHT_BYTES &&
	       !w->jobs.first->suspect;
}

/* A suspect gets a worker that has nothing else: one is kept free for it. */
static void give_suspect(struct cw_pool *p, enum cw_pool_class cls)
{
	struct cw_pool_kind *k = &p->kinds[cls];
	bool reserved = k->reserved != NULL;
	struct cw_pool_job *job;

	for (struct cw_pool_worker *w = p->workers; w && !reserved; w = w->next) {
		if (w->cls != cls || w->state != CW_POOL_READY || w->rules != k->suspects.first->rules)
			continue;
		if (!k->reserved || w->jobs.len < k->reserved->jobs.len)
			k->reserved = w;
	}
	if (!k->reserved || k->reserved->jobs.len > 0 || k->reserved->state != CW_POOL_READY)
		return;
	job = cw_pool_next_suspect(p, cls, k->reserved->rules);
	if (job)
		cw_pool_give(k->reserved, job);
	k->reserved = NULL;
}

/* The worker of CLS with the fewest jobs of those that can take one more and were not PASSED over. */
static struct cw_pool_worker *least_busy(struct cw_pool *p, enum cw_pool_class cls)
{
	struct cw_pool_worker *best = NULL;

	for (struct cw_pool_worker *w = p->workers; w; w = w->next) {
		if (w->cls != cls || w->passed || w == p->kinds[cls].reserved || !has_room(w))
			continue;
		if (!best || w->jobs.len < best->jobs.len)
			best = w;
	}
	return best;
}

static void hand_out(struct cw_pool *p, enum cw_pool_class cls)
{
	struct cw_pool_worker *w;

	if (p->kinds[cls].suspects.len > 0)
		give_suspect(p, cls);
	else
		p->kinds[cls].reserved = NULL;
	if (!p->kinds[cls].turn)
		return;
	for (w = p->workers; w; w = w->next)
		w->passed = false;
	while ((w = least_busy(p, cls)) != NULL) {
		struct cw_pool_job *job = cw_pool_next(p, cls, w->rules);

		if (job)
			cw_pool_give(w, job);
		else
			w->passed = true;
	}
}

void cw_pool_tend(void *payload)
{
	struct cw_pool *p = payload;
	void (*drained)(void *payload) = p->drained;

	if (p->kicked)
		cw_timer_stop(p->kick);
	p->kicked = false;
	if (p->rules && cw_clock_wall() / CW_POOL_DAY != p->day)
		cw_pool_renew(p);
	for (int cls = 0; cls < CW_POOL_CLASSES; cls++) {
		start_wanted(p, cls);
		hand_out(p, cls);
	}
	for (struct cw_pool_worker *w = p->workers; w; w = w->next) {
		if (w->resumed)
			cw_pool_take(w);
		w->resumed = false;
		if (w->state <= CW_POOL_READY)
			cw_pool_send(w);
		if (w->state <= CW_POOL_READY && !is_needed(w))
			cw_pool_leave(w);
	}
	if (p->draining && p->jobs_len == 0 && drained) {
		p->drained = NULL;
		drained(p->drained_payload);
	}
}

void cw_pool_woken(void *payload)
{
	/* The turn's end does what there is to do. */
	(void)payload;
}
