/* cli/signals.c - handlers do nothing but set flags, and on SIGBUS or a second signal the few calls that POSIX allows in a handler. */
#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/exit.h"

static const int caught[] = {SIGINT, SIGTERM};
#define CAUGHT_LEN (sizeof(caught) / sizeof(caught[0]))

static struct sigaction before[CAUGHT_LEN];
static bool installed;
static _Atomic(struct cw_progress *) current;
static _Atomic(const char *) doomed_file;
static atomic_bool line_shown;
static _Atomic int64_t first_ms; /* when the first signal came; 0: none has */

static void show(const char *text, size_t len)
{
	ssize_t ignored = write(STDERR_FILENO, text, len);

	(void)ignored;
}

static void leave_nothing(void)
{
	const char *path = atomic_load(&doomed_file);

	if (path)
		unlink(path);
	if (atomic_load(&line_shown))
		show("\r\033[K", 4);
}

static void end_now(int sig)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};

	leave_nothing();
	sigaction(sig, &dfl, NULL);
	raise(sig); /* delivered when the handler returns */
}

static void on_bus(int sig, siginfo_t *info, void *context)
{
	static const char text[] = "credwatch: a file was cut short, or could not be read, while it was mapped: the scan is "
				   "incomplete\n";

	if (info->si_code != BUS_ADRERR) {
		end_now(sig);
		return;
	}
	leave_nothing();
	show(text, sizeof(text) - 1);
	_exit(CW_EXIT_INCOMPLETE);
}

static void on_signal(int sig)
{
	int saved = errno;
	struct cw_progress *progress = atomic_load(&current);
	int64_t now = cw_clock_ms(), first = 0;

	if (atomic_compare_exchange_strong(&first_ms, &first, now)) {
		if (progress)
			atomic_store(&progress->cancel, 1);
	} else if (now - first >= CW_SIGNALS_TOGETHER_MS) {
		end_now(sig);
	}
	errno = saved;
}

int cw_signals_start(struct cw_err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction bus = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};

	if (sigaction(SIGPIPE, &ignore, NULL) != 0)
		return cw_err_sys(err, errno, "cannot ignore SIGPIPE");
	if (sigaction(SIGBUS, &bus, NULL) != 0)
		return cw_err_sys(err, errno, "cannot handle SIGBUS");
	return 0;
}

int cw_signals_catch(struct cw_progress *progress, struct cw_err *err)
{
	/* A write of the report that is under way goes on; what waits for input uses poll(), which does not. */
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	atomic_store(&current, progress);
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < CAUGHT_LEN; i++) {
		if (sigaction(caught[i], NULL, &before[i]) != 0)
			return cw_err_sys(err, errno, "cannot handle signals");
		/* A caller that ignores SIGINT (nohup, a background job) goes on doing so. */
		if (before[i].sa_handler != SIG_IGN && sigaction(caught[i], &act, NULL) != 0)
			return cw_err_sys(err, errno, "cannot handle signals");
	}
	installed = true;
	return 0;
}

bool cw_signals_seen(void)
{
	return atomic_load(&first_ms) != 0;
}

void cw_signals_restore(void)
{
	/* once a signal has come, the next one may still belong to it */
	for (size_t i = 0; installed && !cw_signals_seen() && i < CAUGHT_LEN; i++)
		sigaction(caught[i], &before[i], NULL);
	installed = false;
	atomic_store(&current, NULL);
}

void cw_signals_remove_file(const char *path)
{
	atomic_store(&doomed_file, path);
}

void cw_signals_clear_line(bool on)
{
	atomic_store(&line_shown, on);
}
