/* daemon/metrics.c - what the file says. It is not synced: after a power loss it is written anew anyway, and the parent must not wait for
 * a disk. */
#include "daemon/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "daemon/health.h"
#include "daemon/log.h"
#include "daemon/server.h"
#include "daemon/version.h"
#include "daemon/watch.h"

struct cw_metrics {
	struct cw_daemon *d;
	struct cw_timer *timer;
	struct cw_log_limit limit;
};

static void head(struct cw_buf *out, const char *name, const char *type, const char *help)
{
	cw_buf_addf(out, "# HELP credwatchd_%s %s\n# TYPE credwatchd_%s %s\n", name, help, name, type);
}

static void counter(struct cw_buf *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, "counter", help);
	cw_buf_addf(out, "credwatchd_%s %" PRIu64 "\n", name, value);
}

static void gauge(struct cw_buf *out, const char *name, const char *help, double value)
{
	head(out, name, "gauge", help);
	cw_buf_addf(out, "credwatchd_%s %.15g\n", name, value);
}

static void print_daemon(const struct cw_daemon *d, struct cw_buf *out)
{
	struct rusage usage;

	head(out, "info", "gauge", "Version and rules.");
	cw_buf_addf(out, "credwatchd_info{version=\"%s\",digest=\"%s\"} 1\n", CW_VERSION, d->rules.digest);
	gauge(out, "start_time_seconds", "When the daemon was started, since the epoch.", (double)d->started);
	gauge(out, "rules", "Rules in use.", (double)d->rules.rules);
	counter(out, "reloads_total", "Reloads that were taken over.", d->reloads);
	gauge(out, "last_reload_refused", "1 when the last reload was refused.", d->last_reload_error != NULL);
	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	head(out, "cpu_seconds_total", "counter", "Processor time of the parent process.");
	cw_buf_addf(out, "credwatchd_cpu_seconds_total %.3f\n",
		    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static void print_server(const struct cw_daemon *d, struct cw_buf *out)
{
	struct cw_server_stats s;

	if (!d->server)
		return;
	cw_server_stats(d->server, &s);
	gauge(out, "connections", "Open connections.", (double)s.connections);
	gauge(out, "subscribers", "Connections that wait for events.", (double)s.subscribers);
	counter(out, "connections_accepted_total", "Connections that were accepted.", s.accepted);
	counter(out, "connections_turned_away_total", "Connections beyond a limit.", s.turned_away);
	counter(out, "calls_total", "Calls.", s.calls);
	counter(out, "calls_refused_total", "Calls whose caller had no right to them.", s.refused);
	counter(out, "protocol_errors_total", "Connections that were closed because of a malformed message.", s.protocol_errors);
	counter(out, "timeouts_total", "Connections that were closed because they took too long.", s.timeouts);
}

static void print_workers(const struct cw_daemon *d, struct cw_buf *out)
{
	static const char *const kinds[] = {"content", "large", "repository"};
	unsigned count[3] = {0};
	struct cw_worker_info info;

	for (size_t i = 0; cw_pool_worker(d->pool, i, &info); i++)
		for (size_t k = 0; k < 3; k++)
			count[k] += info.pid > 0 && strcmp(info.kind, kinds[k]) == 0;
	head(out, "workers", "gauge", "Worker processes.");
	for (size_t k = 0; k < 3; k++)
		cw_buf_addf(out, "credwatchd_workers{kind=\"%s\"} %u\n", kinds[k], count[k]);
}

static void print_pool(const struct cw_daemon *d, struct cw_buf *out)
{
	struct cw_pool_stats s;
	struct cw_health_stats h;

	cw_pool_stats(d->pool, &s);
	gauge(out, "jobs_queued", "Jobs that wait for a worker.", (double)cw_pool_queued(d->pool));
	counter(out, "jobs_submitted_total", "Jobs.", s.submitted);
	counter(out, "jobs_done_total", "Jobs that were done.", s.done);
	counter(out, "jobs_failed_total", "Jobs that ended as failed.", s.failed);
	counter(out, "jobs_cancelled_total", "Jobs whose caller went away.", s.cancelled);
	counter(out, "jobs_retried_total", "Jobs that were tried again after their worker's death.", s.retried);
	counter(out, "worker_deaths_total", "Workers that died or were ended.", s.deaths);
	counter(out, "worker_timeouts_total", "Workers that were ended at a deadline.", s.timeouts);
	print_workers(d, out);
	cw_health_stats(d->health, &h);
	counter(out, "self_tests_passed_total", "Texts with a secret in which a worker found it.", h.passed);
	counter(out, "self_tests_failed_total", "Texts with a secret in which no worker found it.", h.failed);
	if (h.last_ms >= 0)
		gauge(out, "self_test_seconds", "How long the last one took.", (double)h.last_ms / 1000);
}

static void print_watching(const struct cw_daemon *d, struct cw_buf *out)
{
	uint64_t findings = 0, notices = 0;

	if (!d->watcher || !d->state)
		return;
	gauge(out, "watched_repositories", "Watched repositories.", (double)cw_watcher_len(d->watcher));
	gauge(out, "watch_staleness_seconds", "For how long the repository waits that waits longest to be looked at.",
	      (double)cw_watcher_staleness(d->watcher));
	if (cw_state_finding_count(d->state, &findings, NULL) == 0)
		gauge(out, "findings", "Findings in watched repositories.", (double)findings);
	if (cw_state_notice_count(d->state, &notices, NULL) == 0)
		gauge(out, "notices_waiting", "Notifications that were not delivered yet.", (double)notices);
}

int cw_metrics_print(const struct cw_daemon *d, struct cw_buf *out, struct cw_err *err)
{
	print_daemon(d, out);
	print_server(d, out);
	print_pool(d, out);
	print_watching(d, out);
	return cw_buf_fail(out, "metrics", err);
}

/* Readable by the collector, which is another user. */
static int put(const char *path, const char *tmp, const struct cw_buf *text, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	int rc;

	if (unlink(tmp) != 0 && errno != ENOENT)
		return cw_err_sys(err, errno, "cannot remove an old metrics file");
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) != 0)
		return cw_err_sys(err, errno, "cannot write the metrics file");
	rc = cw_io_write_full(fd, text->data, text->len, err);
	if (rc == 0 && rename(tmp, path) != 0)
		rc = cw_err_sys(err, errno, "cannot rename the metrics file");
	if (rc != 0)
		unlink(tmp);
	return rc;
}

void cw_metrics_write(struct cw_metrics *m)
{
	const char *path = m->d->rules.conf->daemon_metrics;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, tmp = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	uint64_t dropped;
	int rc;

	if (!path[0])
		return;
	cw_buf_addf(&tmp, "%s.tmp", path);
	rc = cw_buf_fail(&tmp, "path", &err);
	if (rc == 0)
		rc = cw_metrics_print(m->d, &text, &err);
	if (rc == 0)
		rc = put(path, tmp.data, &text, &err);
	if (rc != 0 && cw_log_may(&m->limit, cw_clock_ms(), &dropped))
		cw_log(CW_LOG_WARNING, "metrics", "why", cw_err_msg(&err), NULL);
}

static void on_timer(void *payload)
{
	struct cw_metrics *m = payload;

	cw_timer_set(m->timer, CW_METRICS_MS);
	cw_metrics_write(m);
}

int cw_metrics_new(struct cw_daemon *d, struct cw_metrics **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_metrics_free_p) struct cw_metrics *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return cw_err_nomem(err);
	m->d = d;
	rc = cw_timer_new(d->loop, on_timer, m, &m->timer, err);
	if (rc != 0)
		return rc;
	cw_timer_set(m->timer, CW_METRICS_MS);
	*ret = cw_steal(&m);
	return 0;
}

void cw_metrics_free(struct cw_metrics *m)
{
	if (!m)
		return;
	cw_timer_free(m->timer);
	free(m);
}
