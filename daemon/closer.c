/* daemon/closer.c - see closer.h. */
#include "daemon/closer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "proto/fdpass.h"

#define STACK_SIZE ((size_t)64 << 10) /* bytes */

static _Atomic int running; /* threads, and descriptors that wait for one */
static int waiting[2 * CW_CLOSER_MAX];
static size_t waiting_len;

static void *close_it(void *arg)
{
	close((int)(intptr_t)arg);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

/* Signals are the loop's. */
static bool start_thread(int fd)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	if (pthread_attr_init(&attr) != 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
	     pthread_attr_setstacksize(&attr, STACK_SIZE) == 0 &&
	     pthread_create(&thread, &attr, close_it, (void *)(intptr_t)fd) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ok;
}

/* Try again with those for which no thread could be made. */
static void start_waiting(void)
{
	while (waiting_len > 0 && start_thread(waiting[waiting_len - 1]))
		waiting_len--;
}

void cw_closer_drop(int fd)
{
	if (cw_memfd_is_sealed(fd)) {
		close(fd);
		return;
	}
	atomic_fetch_add(&running, 1);
	start_waiting();
	/* Better to keep it open for a while than to wait for somebody. */
	if (!start_thread(fd) && waiting_len < sizeof(waiting) / sizeof(waiting[0]))
		waiting[waiting_len++] = fd;
}

bool cw_closer_is_stuck(void)
{
	start_waiting();
	return atomic_load(&running) >= CW_CLOSER_MAX;
}
