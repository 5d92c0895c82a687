/* daemon/loop.h - the parent's event loop: descriptors (epoll, level-triggered), timers, and work at the end of a turn.
 *
 * Every callback runs on the one thread. A source may be removed in any callback, its own included; its callback is then never
 * called again. Nothing here blocks but the wait itself. */
#ifndef CW_DAEMON_LOOP_H
#define CW_DAEMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct cw_loop;
struct cw_source_fd; /* a watched descriptor */
struct cw_timer;

int cw_loop_new(struct cw_loop **ret, struct cw_err *err);
void cw_loop_free(struct cw_loop *l);
CW_DEFINE_CLEANUP(struct cw_loop, cw_loop_free)
/* Run turns until cw_loop_stop(). CW_E_IO when waiting fails. */
int cw_loop_run(struct cw_loop *l, struct cw_err *err);
void cw_loop_stop(struct cw_loop *l);
/* Milliseconds of the monotonic clock at the start of this turn. */
int64_t cw_loop_now(const struct cw_loop *l);

/* Watch FD (stays the caller's; remove the source before closing it) for EVENTS (EPOLLIN, EPOLLOUT; errors always). */
typedef void cw_fd_fn(void *payload, uint32_t events);
int cw_loop_add(struct cw_loop *l, int fd, uint32_t events, cw_fd_fn *fn, void *payload, struct cw_source_fd **ret,
		struct cw_err *err);
/* Change what is watched for; 0: nothing. */
int cw_loop_change(struct cw_source_fd *s, uint32_t events, struct cw_err *err);
void cw_loop_remove(struct cw_source_fd *s); /* accepts NULL */

/* A timer, not running. */
typedef void cw_timer_fn(void *payload);
int cw_timer_new(struct cw_loop *l, cw_timer_fn *fn, void *payload, struct cw_timer **ret, struct cw_err *err);
/* Fire once, in MS milliseconds (0: at the next turn); set again it moves. */
void cw_timer_set(struct cw_timer *t, int64_t ms);
void cw_timer_stop(struct cw_timer *t);
bool cw_timer_running(const struct cw_timer *t);
void cw_timer_free(struct cw_timer *t); /* accepts NULL */

/* Have FN called once at the end of each turn, after all events: to send in one piece what a turn has gathered. */
int cw_loop_at_turn_end(struct cw_loop *l, void (*fn)(void *payload), void *payload, struct cw_err *err);

#endif
