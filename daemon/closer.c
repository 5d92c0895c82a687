/* daemon/closer.c - see closer.h. */
#include "daemon/closer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/fdpass.h"

#define STACK_SIZE ((size_t)64 << 10) /* bytes */

struct task {
	_Atomic int *count;
	struct task *next;
	size_t len;
	int fds[];
};

/* Those for which no thread could be made: tried again with the next. */
static struct task *waiting;

static void *close_all(void *arg)
{
	const struct linger at_once = {.l_onoff = 0};
	struct task *t = arg;
	_Atomic int *count = t->count;

	for (size_t i = 0; i < t->len; i++) {
		setsockopt(t->fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(t->fds[i]);
	}
	free(t);
	atomic_fetch_sub(count, 1);
	return NULL;
}

/* Signals are the loop's. */
static bool start_thread(struct task *t)
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
	     pthread_attr_setstacksize(&attr, STACK_SIZE) == 0 && pthread_create(&thread, &attr, close_all, t) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ok;
}

static void start_waiting(void)
{
	while (waiting != NULL) {
		struct task *next = waiting->next;

		if (!start_thread(waiting))
			return;
		waiting = next;
	}
}

static void hand_over(const int *fds, size_t len, _Atomic int *count)
{
	struct task *t = malloc(sizeof(*t) + len * sizeof(int));

	start_waiting();
	if (t == NULL) {
		/* Without memory there is nobody else to do it. */
		for (size_t i = 0; i < len; i++)
			close(fds[i]);
		return;
	}
	*t = (struct task){.count = count, .len = len};
	memcpy(t->fds, fds, len * sizeof(int));
	atomic_fetch_add(count, 1);
	if (start_thread(t))
		return;
	t->next = waiting;
	waiting = t;
}

void cw_closer_drop(const int *fds, size_t len, _Atomic int *count)
{
	int strange[CW_FDS_MAX];
	size_t n = 0;

	assert(len <= CW_FDS_MAX);
	for (size_t i = 0; i < len; i++) {
		if (cw_memfd_is_sealed(fds[i]))
			close(fds[i]);
		else
			strange[n++] = fds[i];
	}
	if (n > 0)
		hand_over(strange, n, count);
}

void cw_closer_drop_connection(int fd, _Atomic int *count)
{
	int unread = 0;

	/* From now on nothing can come in any more. */
	shutdown(fd, SHUT_RDWR);
	if (ioctl(fd, FIONREAD, &unread) == 0 && unread == 0)
		close(fd);
	else
		hand_over(&fd, 1, count);
}
