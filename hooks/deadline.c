/* hooks/deadline.c - an interval timer, whose handler sets two flags. */
#include "hooks/deadline.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/time.h>

static _Atomic(struct cw_progress *) current;
static atomic_bool passed;

static void on_alarm(int sig)
{
	struct cw_progress *progress = atomic_load(&current);

	(void)sig;
	if (!progress)
		return;
	atomic_store(&passed, true);
	atomic_store(&progress->cancel, 1);
}

int cw_deadline_start(struct cw_progress *progress, uint64_t after_ms, struct cw_err *err)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval timer = {.it_value = {.tv_sec = (time_t)(after_ms / 1000),
					       .tv_usec = (suseconds_t)(after_ms % 1000 * 1000)}};

	sigemptyset(&act.sa_mask);
	atomic_store(&passed, false);
	atomic_store(&current, progress);
	if (sigaction(SIGALRM, &act, NULL) != 0 || setitimer(ITIMER_REAL, &timer, NULL) != 0)
		return cw_err_sys(err, errno, "cannot set the deadline");
	return 0;
}

bool cw_deadline_passed(void)
{
	return atomic_load(&passed);
}

void cw_deadline_stop(void)
{
	const struct itimerval never = {.it_value = {0, 0}};

	setitimer(ITIMER_REAL, &never, NULL);
	atomic_store(&current, NULL);
}
