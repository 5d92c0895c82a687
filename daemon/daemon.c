/* daemon/daemon.c - the parent from its start to its end: puts the parts together, takes signals, takes them apart. */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "daemon/audit.h"
#include "daemon/build.h"
#include "daemon/health.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/reload.h"
#include "daemon/server.h"
#include "daemon/version.h"
#include "daemon/watch.h"

#define DRAIN_MS 20000 /* what runs may take so long to end */
#define TEXT_LARGE ((size_t)256 << 10)	   /* bytes: content above waits for a worker of its own */
#define QUEUE_BYTES_MAX ((size_t)256 << 20) /* of all waiting calls */

struct run { /* what only this file needs */
	struct cw_daemon d;
	int signals;
	struct cw_source_fd *signal_source;
	struct cw_timer *deadline;
};

/* ---- the end ---- */

static void on_pool_drained(void *payload)
{
	struct run *r = payload;

	cw_loop_stop(r->d.loop);
}

static void on_server_drained(void *payload)
{
	struct run *r = payload;

	cw_pool_drain(r->d.pool, on_pool_drained, r);
}

static void on_drain_deadline(void *payload)
{
	struct run *r = payload;

	cw_log(CW_LOG_WARNING, "drain_deadline", "queued", cw_log_int((int64_t)cw_pool_queued(r->d.pool)), NULL);
	cw_loop_stop(r->d.loop);
}

void cw_daemon_drain(struct cw_daemon *d)
{
	struct run *r = (struct run *)(void *)d;

	if (d->draining) { /* asked twice: at once */
		cw_loop_stop(d->loop);
		return;
	}
	d->draining = true;
	cw_log(CW_LOG_NOTICE, "draining", NULL);
	cw_notify_send("STOPPING=1\nSTATUS=Ending what runs.");
	cw_timer_set(r->deadline, DRAIN_MS);
	/* a scan of a watched repository is begun anew at the next start */
	cw_watcher_free(d->watcher);
	d->watcher = NULL;
	cw_server_drain(d->server, on_server_drained, r);
}

/* ---- signals ---- */

static void on_signal(void *payload, uint32_t events)
{
	struct cw_audit_event line = CW_AUDIT_EVENT("reload", NULL);
	struct run *r = payload;
	struct signalfd_siginfo info;
	struct cw_err err = CW_ERR_INIT;

	if (read(r->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP) {
		cw_daemon_drain(&r->d);
		return;
	}
	(void)cw_audit_add(r->d.audit, &line, NULL); /* what fails is in the log */
	if (cw_daemon_reload(&r->d, NULL, NULL, &err) != 0)
		cw_log(CW_LOG_ERROR, "reload_refused", "why", cw_err_msg(&err), NULL);
}

static int start_signals(struct run *r, struct cw_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return cw_err_sys(err, errno, "cannot block signals");
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals < 0)
		return cw_err_sys(err, errno, "cannot take signals");
	return cw_loop_add(r->d.loop, r->signals, EPOLLIN, on_signal, r, &r->signal_source, err);
}

/* ---- the start ---- */

void cw_daemon_override(struct cw_conf *c, const struct cw_daemon_opts *opts)
{
	c->daemon_socket = opts->socket ? opts->socket : c->daemon_socket;
	c->daemon_state = opts->state ? opts->state : c->daemon_state;
	c->daemon_log_level = opts->log_level >= 0 ? opts->log_level : c->daemon_log_level;
}

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Every connection is a descriptor: all that the hard limit allows. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		cw_log(CW_LOG_WARNING, "descriptors", "why", strerror(errno), NULL);
}

static void on_worker_died(void *payload, const char *kind, pid_t pid, const char *why)
{
	static struct cw_log_limit limit;
	uint64_t dropped = 0;

	if (cw_log_may(&limit, cw_clock_ms(), &dropped))
		cw_log(CW_LOG_WARNING, "worker_died", "kind", kind, "pid", cw_log_int(pid), "why", why, "unlogged",
		       dropped > 0 ? cw_log_int((int64_t)dropped) : NULL, NULL);
}

static void on_worker_note(void *payload, const char *kind, pid_t pid, const char *note)
{
	static struct cw_log_limit limit;
	uint64_t dropped = 0;

	(void)pid;
	if (cw_log_may(&limit, cw_clock_ms(), &dropped))
		cw_log(CW_LOG_WARNING, "worker_note", "kind", kind, "note", note, NULL);
}

static int start_pool(struct run *r, const struct cw_conf *conf, struct cw_err *err)
{
	const struct cw_pool_opts opts = {
		.loop = r->d.loop,
		.content_workers = conf->daemon_workers > 0 ? (unsigned)conf->daemon_workers : processors(),
		.repository_workers = (unsigned)conf->daemon_repository_workers,
		.queue_max = conf->daemon_queue_max,
		.queue_max_uid = conf->daemon_queue_max_uid,
		.queue_max_bytes = QUEUE_BYTES_MAX,
		.job_ms = (int64_t)conf->daemon_job_ms,
		.repository_ms = (int64_t)conf->daemon_repository_ms,
		.worker_memory = conf->daemon_worker_memory,
		.text_max = TEXT_LARGE,
		.died = on_worker_died,
		.note = on_worker_note,
		.payload = r,
	};

	return cw_pool_new(&opts, &r->d.pool, err);
}

/* The state folder. One that nobody asked for and that cannot be made is done without. */
static int open_state(struct run *r, const struct cw_conf *conf, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	const char *folder = conf->daemon_state;
	struct cw_err why = CW_ERR_INIT;
	bool wanted = r->d.opts.state || conf->from[CW_CONF_DAEMON_STATE].level != CW_LEVEL_DEFAULT;
	int rc;

	if (!folder[0])
		return 0;
	cw_buf_addf(&path, "%s/cache", folder);
	if (cw_buf_fail(&path, "path", err) != 0)
		return path.fail;
	rc = cw_io_mkdirs(path.data, 0700, &why);
	if (rc == 0 && !cw_io_is_trusted(folder))
		rc = cw_err_set(&why, CW_E_INVALID, "the state folder can be changed by others");
	if (rc != 0 && !wanted) {
		cw_log(CW_LOG_WARNING, "no_state", "why", cw_err_msg(&why), NULL);
		return 0;
	}
	if (rc != 0)
		return cw_err_set(err, (enum cw_code)rc, "%s", cw_err_msg(&why));
	cw_buf_clear(&path);
	cw_buf_addf(&path, "%s/state.db", folder);
	if (cw_buf_fail(&path, "path", err) != 0)
		return path.fail;
	return cw_state_open(path.data, &r->d.state, err);
}

static void on_healthy(void *payload)
{
	struct run *r = payload;

	cw_metrics_write(r->d.metrics);
	cw_log(CW_LOG_NOTICE, "ready", "version", CW_VERSION, "socket", r->d.rules.conf->daemon_socket, "rules",
	       cw_log_int((int64_t)r->d.rules.rules), "key", r->d.rules.key_id, NULL);
	cw_notify_send("READY=1\nSTATUS=Serving.");
}

static int start_server(struct run *r, struct cw_err *err)
{
	struct cw_server_opts opts = {.socket = r->d.rules.conf->daemon_socket, .listen_fd = -1};
	int rc = cw_notify_listen_fd(&opts.listen_fd, err);

	return rc == 0 ? cw_server_new(&r->d, &opts, &r->d.server, err) : rc;
}

/* The parts, in the order in which they need each other. BUILT is moved. */
static int start_parts(struct run *r, struct cw_built *built, struct cw_err *err)
{
	struct cw_daemon *d = &r->d;
	const struct cw_conf *conf = built->rules.conf;
	int rc = cw_loop_new(&d->loop, err);

	cw_daemon_override(built->rules.conf, &d->opts);
	cw_log_start((enum cw_log_level)(CW_LOG_ERROR + conf->daemon_log_level));
	if (rc == 0)
		rc = start_signals(r, err);
	if (rc == 0)
		rc = cw_timer_new(d->loop, on_drain_deadline, r, &r->deadline, err);
	if (rc == 0)
		rc = open_state(r, conf, err);
	if (rc == 0)
		rc = start_pool(r, conf, err);
	if (rc == 0)
		rc = cw_health_new(d, &d->health, err);
	if (rc == 0)
		rc = cw_audit_new(d, &d->audit, err);
	if (rc == 0)
		rc = cw_metrics_new(d, &d->metrics, err);
	if (rc == 0)
		rc = cw_reloader_new(d, &d->reloader, err);
	if (rc != 0) {
		cw_built_release(built);
		return rc;
	}
	rc = cw_daemon_take(d, built, err);
	if (rc == 0)
		rc = start_server(r, err);
	if (rc == 0 && d->state)
		rc = cw_watcher_new(d, &d->watcher, err);
	if (rc == 0)
		cw_health_start(d->health, on_healthy, r);
	return rc;
}

static void release(struct run *r)
{
	struct cw_daemon *d = &r->d;

	cw_watcher_free(d->watcher);
	cw_server_free(d->server);
	cw_metrics_free(d->metrics);
	cw_audit_free(d->audit);
	cw_reloader_free(d->reloader);
	cw_pool_free(d->pool);
	cw_health_free(d->health);
	cw_state_close(d->state);
	cw_timer_free(r->deadline);
	cw_loop_remove(r->signal_source);
	cw_closep(&r->signals);
	cw_loop_free(d->loop);
	cw_daemon_rules_release(&d->rules);
	free(d->last_reload_error);
}

int cw_daemon_run(const struct cw_daemon_opts *opts, struct cw_err *err)
{
	struct run r = {.d = {.opts = *opts, .started = cw_clock_wall()}, .signals = -1};
	struct cw_built built;
	int rc;

	cw_log_start(opts->log_level >= 0 ? (enum cw_log_level)(CW_LOG_ERROR + opts->log_level) : CW_LOG_INFO);
	raise_descriptors();
	rc = cw_build_run(opts->config_file, &built, err);
	if (rc == 0)
		rc = start_parts(&r, &built, err);
	if (rc == 0)
		rc = cw_loop_run(r.d.loop, err);
	if (rc == 0)
		cw_metrics_write(r.d.metrics);
	release(&r);
	if (rc == 0)
		cw_log(CW_LOG_NOTICE, "ended", NULL);
	return rc;
}
