/* cli/progress.c - one thread that wakes ten times a second on a condition variable's time-out, and at once when told to stop. */
#include "cli/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/signals.h"

#define TICK_NS 100000000L
#define LINE_MAX_BYTES 200

struct cw_meter {
	struct cw_progress *counters;
	_Atomic(const char *) phase;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop; /* under lock */
	_Atomic int64_t started_ms; /* of the phase */
};

bool cw_meter_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static size_t terminal_columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

static void draw(struct cw_meter *m)
{
	uint64_t total = atomic_load_explicit(&m->counters->total, memory_order_relaxed);
	uint64_t done = atomic_load_explicit(&m->counters->done, memory_order_relaxed);
	uint64_t bytes = atomic_load_explicit(&m->counters->bytes, memory_order_relaxed);
	uint64_t hits = atomic_load_explicit(&m->counters->hits, memory_order_relaxed);
	int64_t ms = cw_clock_ms() - m->started_ms;
	double rate = ms > 0 ? (double)bytes / 1000.0 / (double)ms : 0;
	char share[16] = "    ", line[LINE_MAX_BYTES];
	size_t columns = terminal_columns();
	int len;

	if (total > 0)
		snprintf(share, sizeof(share), "%3" PRIu64 "%%", done >= total ? 100 : done * 100 / total);
	len = snprintf(line, sizeof(line), "%s %s %" PRIu64 "/%" PRIu64 "  %.1f MB/s  %" PRIu64 " findings",
		       atomic_load(&m->phase), share, done, total, rate, hits);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(line))
		len = sizeof(line) - 1;
	if ((size_t)len >= columns)
		len = (int)columns - 1;
	dprintf(STDERR_FILENO, "\r%.*s\033[K", len, line);
}

static void *run(void *arg)
{
	struct cw_meter *m = arg;
	struct timespec next;

	pthread_mutex_lock(&m->lock);
	while (!m->stop) {
		draw(m);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_nsec += TICK_NS;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_sec++;
			next.tv_nsec -= 1000000000L;
		}
		while (!m->stop && pthread_cond_timedwait(&m->wake, &m->lock, &next) == 0)
			;
	}
	pthread_mutex_unlock(&m->lock);
	dprintf(STDERR_FILENO, "\r\033[K");
	return NULL;
}

/* The thread takes no signals: they are for the threads that started before it. */
static int start_thread(struct cw_meter *m)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&m->thread, NULL, run, m);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

struct cw_meter *cw_meter_start(struct cw_progress *counters)
{
	struct cw_meter *m = calloc(1, sizeof(*m));
	pthread_condattr_t attr;

	if (!m)
		return NULL;
	m->counters = counters;
	atomic_store(&m->phase, "starting");
	m->started_ms = cw_clock_ms();
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&m->wake, &attr);
	pthread_condattr_destroy(&attr);
	cw_signals_clear_line(true);
	if (start_thread(m) == 0)
		return m;
	cw_signals_clear_line(false);
	pthread_cond_destroy(&m->wake);
	pthread_mutex_destroy(&m->lock);
	free(m);
	return NULL;
}

void cw_meter_phase(struct cw_meter *m, const char *phase)
{
	if (!m)
		return;
	atomic_store(&m->phase, phase);
	m->started_ms = cw_clock_ms();
}

void cw_meter_stop(struct cw_meter *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_cond_signal(&m->wake);
	pthread_mutex_unlock(&m->lock);
	pthread_join(m->thread, NULL);
	cw_signals_clear_line(false);
	pthread_cond_destroy(&m->wake);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
