/* daemon/loop.c - owns: the epoll descriptor, the heap of timers. See loop.h. */
#include "daemon/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

#define EVENTS_MAX 256 /* of one turn */
#define TURN_END_MAX 16
#define NOT_RUNNING SIZE_MAX

struct cw_source_fd {
	struct cw_loop *loop;
	cw_fd_fn *fn; /* NULL: removed */
	void *payload;
	int fd;
	uint32_t events;
	struct cw_source_fd *next_dead;
};

struct cw_timer {
	struct cw_loop *loop;
	cw_timer_fn *fn;
	void *payload;
	int64_t at;    /* monotonic milliseconds */
	size_t index;  /* in the heap, or NOT_RUNNING */
	struct cw_timer *due_next, **due_link; /* in the list of those that are fired in this turn */
};

struct turn_end {
	void (*fn)(void *payload);
	void *payload;
};

struct cw_loop {
	int epoll;
	bool stopped;
	int64_t now;
	struct cw_source_fd *dead; /* freed at the end of the turn: an event of this turn may still name them */
	struct cw_timer **heap;	   /* the earliest first; there is room for every timer that exists */
	size_t heap_len, heap_cap, timers;
	struct cw_timer *due;
	struct turn_end ends[TURN_END_MAX];
	size_t ends_len;
};

int cw_loop_new(struct cw_loop **ret, struct cw_err *err)
{
	struct cw_loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return cw_err_nomem(err);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return cw_err_sys(err, errno, "epoll");
	}
	l->now = cw_clock_ms();
	*ret = l;
	return 0;
}

static void bury(struct cw_loop *l)
{
	while (l->dead != NULL) {
		struct cw_source_fd *s = l->dead;

		l->dead = s->next_dead;
		free(s);
	}
}

void cw_loop_free(struct cw_loop *l)
{
	if (l == NULL)
		return;
	bury(l);
	close(l->epoll);
	free(l->heap);
	free(l);
}

void cw_loop_stop(struct cw_loop *l)
{
	l->stopped = true;
}

int64_t cw_loop_now(const struct cw_loop *l)
{
	return l->now;
}

/* ---- descriptors ---- */

int cw_loop_add(struct cw_loop *l, int fd, uint32_t events, cw_fd_fn *fn, void *payload, struct cw_source_fd **ret,
		struct cw_err *err)
{
	CW_CLEANUP(cw_freep) struct cw_source_fd *s = calloc(1, sizeof(*s));
	struct epoll_event e = {.events = events, .data.ptr = s};

	if (s == NULL)
		return cw_err_nomem(err);
	*s = (struct cw_source_fd){.loop = l, .fn = fn, .payload = payload, .fd = fd, .events = events};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		return cw_err_sys(err, errno, "watching a descriptor");
	*ret = cw_steal(&s);
	return 0;
}

int cw_loop_change(struct cw_source_fd *s, uint32_t events, struct cw_err *err)
{
	struct epoll_event e = {.events = events, .data.ptr = s};

	if (s->events == events)
		return 0;
	if (epoll_ctl(s->loop->epoll, EPOLL_CTL_MOD, s->fd, &e) != 0)
		return cw_err_sys(err, errno, "watching a descriptor");
	s->events = events;
	return 0;
}

void cw_loop_remove(struct cw_source_fd *s)
{
	if (s == NULL)
		return;
	epoll_ctl(s->loop->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	s->fn = NULL;
	s->next_dead = s->loop->dead;
	s->loop->dead = s;
}

/* ---- timers ---- */

static void heap_put(struct cw_loop *l, size_t i, struct cw_timer *t)
{
	l->heap[i] = t;
	t->index = i;
}

static void sift_up(struct cw_loop *l, size_t i)
{
	struct cw_timer *t = l->heap[i];

	for (; i > 0 && l->heap[(i - 1) / 2]->at > t->at; i = (i - 1) / 2)
		heap_put(l, i, l->heap[(i - 1) / 2]);
	heap_put(l, i, t);
}

static void sift_down(struct cw_loop *l, size_t i)
{
	struct cw_timer *t = l->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < l->heap_len) {
		if (child + 1 < l->heap_len && l->heap[child + 1]->at < l->heap[child]->at)
			child++;
		if (l->heap[child]->at >= t->at)
			break;
		heap_put(l, i, l->heap[child]);
		i = child;
	}
	heap_put(l, i, t);
}

static void heap_remove(struct cw_timer *t)
{
	struct cw_loop *l = t->loop;
	size_t i = t->index;
	struct cw_timer *last = l->heap[--l->heap_len];

	t->index = NOT_RUNNING;
	if (last == t)
		return;
	heap_put(l, i, last);
	sift_up(l, i);
	sift_down(l, last->index);
}

static void due_remove(struct cw_timer *t)
{
	*t->due_link = t->due_next;
	if (t->due_next != NULL)
		t->due_next->due_link = t->due_link;
	t->due_link = NULL;
}

int cw_timer_new(struct cw_loop *l, cw_timer_fn *fn, void *payload, struct cw_timer **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) struct cw_timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return cw_err_nomem(err);
	if (l->timers == l->heap_cap) {
		size_t cap = l->heap_cap > 0 ? l->heap_cap * 2 : 16;
		struct cw_timer **heap = realloc(l->heap, cap * sizeof(struct cw_timer *));

		if (heap == NULL)
			return cw_err_nomem(err);
		l->heap = heap;
		l->heap_cap = cap;
	}
	*t = (struct cw_timer){.loop = l, .fn = fn, .payload = payload, .index = NOT_RUNNING};
	l->timers++;
	*ret = cw_steal(&t);
	return 0;
}

void cw_timer_set(struct cw_timer *t, int64_t ms)
{
	struct cw_loop *l = t->loop;

	cw_timer_stop(t);
	t->at = ms < INT64_MAX - l->now ? l->now + ms : INT64_MAX;
	assert(l->heap_len < l->heap_cap);
	l->heap[l->heap_len] = t;
	sift_up(l, l->heap_len++);
}

void cw_timer_stop(struct cw_timer *t)
{
	if (t->index != NOT_RUNNING)
		heap_remove(t);
	if (t->due_link != NULL)
		due_remove(t);
}

bool cw_timer_running(const struct cw_timer *t)
{
	return t->index != NOT_RUNNING || t->due_link != NULL;
}

void cw_timer_free(struct cw_timer *t)
{
	if (t == NULL)
		return;
	cw_timer_stop(t);
	t->loop->timers--;
	free(t);
}

/* Those that are due are set apart first: one that is set again by its own function fires in the next turn. */
static void fire_timers(struct cw_loop *l)
{
	struct cw_timer **link = &l->due;

	while (l->heap_len > 0 && l->heap[0]->at <= l->now) {
		struct cw_timer *t = l->heap[0];

		heap_remove(t);
		t->due_link = link;
		t->due_next = NULL;
		*link = t;
		link = &t->due_next;
	}
	while (l->due != NULL) {
		struct cw_timer *t = l->due;

		due_remove(t);
		t->fn(t->payload);
	}
}

/* ---- turns ---- */

int cw_loop_at_turn_end(struct cw_loop *l, void (*fn)(void *payload), void *payload, struct cw_err *err)
{
	if (l->ends_len == TURN_END_MAX)
		return cw_err_set(err, CW_E_LIMIT, "too many functions at the end of a turn");
	l->ends[l->ends_len++] = (struct turn_end){fn, payload};
	return 0;
}

static int wait_ms(const struct cw_loop *l)
{
	int64_t left;

	if (l->heap_len == 0)
		return -1;
	left = l->heap[0]->at - cw_clock_ms();
	return left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

static int turn(struct cw_loop *l, struct cw_err *err)
{
	struct epoll_event events[EVENTS_MAX];
	int n;

	do {
		n = epoll_wait(l->epoll, events, EVENTS_MAX, wait_ms(l));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return cw_err_sys(err, errno, "waiting for events");
	l->now = cw_clock_ms();
	for (int i = 0; i < n; i++) {
		struct cw_source_fd *s = events[i].data.ptr;

		if (s->fn != NULL)
			s->fn(s->payload, events[i].events);
	}
	fire_timers(l);
	for (size_t i = 0; i < l->ends_len; i++)
		l->ends[i].fn(l->ends[i].payload);
	bury(l);
	return 0;
}

int cw_loop_run(struct cw_loop *l, struct cw_err *err)
{
	int rc = 0;

	l->stopped = false;
	while (!l->stopped && rc == 0)
		rc = turn(l, err);
	return rc;
}
