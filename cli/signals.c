/* cli/signals.c - handlers do nothing but set flags, and on the second signal the few calls that POSIX allows in a handler. */
#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static const int caught[] = {SIGINT, SIGTERM};
#define CAUGHT_LEN (sizeof(caught) / sizeof(caught[0]))

static struct sigaction before[CAUGHT_LEN];
static bool installed;
static _Atomic(struct cw_progress *) current;
static _Atomic(const char *) doomed_file;
static atomic_bool line_shown;
static atomic_int seen;

static void end_now(int sig)
{
	const char *path = atomic_load(&doomed_file);
	struct sigaction dfl = {.sa_handler = SIG_DFL};

	if (path)
		unlink(path);
	if (atomic_load(&line_shown)) {
		ssize_t ignored = write(STDERR_FILENO, "\r\033[K", 4);

		(void)ignored;
	}
	sigaction(sig, &dfl, NULL);
	raise(sig); /* delivered when the handler returns */
}

static void on_signal(int sig)
{
	int saved = errno;
	struct cw_progress *progress = atomic_load(&current);

	if (atomic_fetch_add(&seen, 1) > 0)
		end_now(sig);
	else if (progress)
		atomic_store(&progress->cancel, 1);
	errno = saved;
}

int cw_signals_ignore_pipe(struct cw_err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (sigaction(SIGPIPE, &ignore, NULL) != 0)
		return cw_err_sys(err, errno, "cannot ignore SIGPIPE");
	return 0;
}

int cw_signals_catch(struct cw_progress *progress, struct cw_err *err)
{
	struct sigaction act = {.sa_handler = on_signal};

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

void cw_signals_restore(void)
{
	for (size_t i = 0; installed && i < CAUGHT_LEN; i++)
		sigaction(caught[i], &before[i], NULL);
	installed = false;
	atomic_store(&current, NULL);
}

bool cw_signals_seen(void)
{
	return atomic_load(&seen) > 0;
}

void cw_signals_remove_file(const char *path)
{
	atomic_store(&doomed_file, path);
}

void cw_signals_clear_line(bool on)
{
	atomic_store(&line_shown, on);
}
