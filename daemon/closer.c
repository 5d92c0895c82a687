/* daemon/closer.c - see closer.h. */
#include "daemon/closer.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/fdpass.h"

#define STACK_SIZE ((size_t)64 << 10) /* bytes */

struct task {
	int fd;
	_Atomic int *count;
	struct task *next;
};

/* Those for which no thread could be made: tried again with the next. */
static struct task *waiting;

static void *close_it(void *arg)
{
	const struct linger at_once = {.l_onoff = 0};
	struct task t = *(struct task *)arg;

	free(arg);
	setsockopt(t.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(t.fd);
	atomic_fetch_sub(t.count, 1);
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
	     pthread_attr_setstacksize(&attr, STACK_SIZE) == 0 && pthread_create(&thread, &attr, close_it, t) == 0;
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

static void hand_over(int fd, _Atomic int *count)
{
	struct task *t = malloc(sizeof(*t));

	start_waiting();
	if (t == NULL) {
		/* Without memory there is nobody else to do it. */
		close(fd);
		return;
	}
	*t = (struct task){.fd = fd, .count = count};
	atomic_fetch_add(count, 1);
	if (start_thread(t))
		return;
	t->next = waiting;
	waiting = t;
}

void cw_closer_drop(int fd, _Atomic int *count)
{
	if (cw_memfd_is_sealed(fd))
		close(fd);
	else
		hand_over(fd, count);
}

void cw_closer_drop_connection(int fd, _Atomic int *count)
{
	int unread = 0;

	/* From now on nothing can come in any more. */
	shutdown(fd, SHUT_RDWR);
	if (ioctl(fd, FIONREAD, &unread) == 0 && unread == 0)
		close(fd);
	else
		hand_over(fd, count);
}
