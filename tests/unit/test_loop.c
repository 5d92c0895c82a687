/* Tests of daemon/loop: descriptors, timers, removal from inside callbacks, the end of a turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/loop.h"

struct world {
	struct cw_loop *loop;
	int ends[2][2];
	struct cw_source_fd *sources[2];
	struct cw_timer *timers[4];
	char log[64];
};

static void note(struct world *w, char c)
{
	size_t n = strlen(w->log);

	assert_true(n + 1 < sizeof(w->log));
	w->log[n] = c;
}

static int set_up(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	assert_int_equal(cw_loop_new(&w.loop, NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w.ends[i]), 0);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		cw_loop_remove(w->sources[i]);
		close(w->ends[i][0]);
		close(w->ends[i][1]);
	}
	for (int i = 0; i < 4; i++)
		cw_timer_free(w->timers[i]);
	cw_loop_free(w->loop);
	return 0;
}

static void stop(void *payload)
{
	struct world *w = payload;

	cw_loop_stop(w->loop);
}

static void read_one(void *payload, uint32_t events)
{
	struct world *w = payload;
	char c = '?';

	assert_true((events & EPOLLIN) != 0);
	assert_int_equal(read(w->ends[0][0], &c, 1), 1);
	note(w, c);
	if (c == '.')
		cw_loop_stop(w->loop);
}

/* what stays unread is told of again, one turn after the other */
static void test_read(void **state)
{
	struct world *w = *state;

	assert_int_equal(cw_loop_add(w->loop, w->ends[0][0], EPOLLIN, read_one, w, &w->sources[0], NULL), 0);
	assert_int_equal(write(w->ends[0][1], "abc.", 4), 4);
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_string_equal(w->log, "abc.");
}

/* nothing is told while nothing is watched for */
static void test_change(void **state)
{
	struct world *w = *state;

	assert_int_equal(cw_loop_add(w->loop, w->ends[0][0], EPOLLIN, read_one, w, &w->sources[0], NULL), 0);
	assert_int_equal(cw_loop_change(w->sources[0], 0, NULL), 0);
	assert_int_equal(write(w->ends[0][1], "a.", 2), 2);
	assert_int_equal(cw_timer_new(w->loop, stop, w, &w->timers[0], NULL), 0);
	cw_timer_set(w->timers[0], 0);
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_string_equal(w->log, "");
	assert_int_equal(cw_loop_change(w->sources[0], EPOLLIN, NULL), 0);
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_string_equal(w->log, "a.");
}

static void remove_both(void *payload, uint32_t events)
{
	struct world *w = payload;

	note(w, 'x');
	for (int i = 0; i < 2; i++) {
		cw_loop_remove(w->sources[i]);
		w->sources[i] = NULL;
	}
	cw_loop_stop(w->loop);
}

/* two are ready, the first removes both: the second is not called */
static void test_remove(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(cw_loop_add(w->loop, w->ends[i][0], EPOLLIN, remove_both, w, &w->sources[i], NULL), 0);
		assert_int_equal(write(w->ends[i][1], "a", 1), 1);
	}
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_string_equal(w->log, "x");
}

static void note_a(void *payload)
{
	note(payload, 'a');
}

static void note_b(void *payload)
{
	note(payload, 'b');
}

static void end(void *payload)
{
	note(payload, '.');
	stop(payload);
}

/* timers fire by their time, not in the order they were set; moved and stopped ones as they were last told */
static void test_timers(void **state)
{
	struct world *w = *state;
	cw_timer_fn *fns[] = {end, note_b, note_a, note_a};

	for (int i = 0; i < 4; i++) {
		assert_int_equal(cw_timer_new(w->loop, fns[i], w, &w->timers[i], NULL), 0);
		assert_false(cw_timer_running(w->timers[i]));
	}
	cw_timer_set(w->timers[0], 3);
	cw_timer_set(w->timers[1], 500000);
	cw_timer_set(w->timers[2], 1);
	cw_timer_set(w->timers[3], 0);
	cw_timer_set(w->timers[1], 2);
	cw_timer_stop(w->timers[3]);
	assert_true(cw_timer_running(w->timers[1]));
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_string_equal(w->log, "ab.");
	assert_false(cw_timer_running(w->timers[0]));
}

static void again(void *payload)
{
	struct world *w = payload;

	note(w, 't');
	cw_timer_set(w->timers[0], 0);
	if (strlen(w->log) > 4)
		cw_loop_stop(w->loop);
}

static void free_other(void *payload)
{
	struct world *w = payload;

	note(w, 'f');
	cw_timer_free(w->timers[1]);
	w->timers[1] = NULL;
	cw_loop_stop(w->loop);
}

/* a timer that sets itself to now does not keep the turn from ending */
static void test_again(void **state)
{
	struct world *w = *state;

	assert_int_equal(cw_timer_new(w->loop, again, w, &w->timers[0], NULL), 0);
	assert_int_equal(cw_loop_at_turn_end(w->loop, note_b, w, NULL), 0);
	cw_timer_set(w->timers[0], 0);
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_string_equal(w->log, "tbtbtb");
}

/* a timer that is due in the same turn and freed by another is not called */
static void test_freed(void **state)
{
	struct world *w = *state;

	assert_int_equal(cw_timer_new(w->loop, free_other, w, &w->timers[0], NULL), 0);
	assert_int_equal(cw_timer_new(w->loop, note_a, w, &w->timers[1], NULL), 0);
	cw_timer_set(w->timers[0], 0);
	cw_timer_set(w->timers[1], 0);
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_string_equal(w->log, "f");
}

#define MANY 500
static int fired[MANY], fired_len;

static void note_number(void *payload)
{
	fired[fired_len++] = *(int *)payload;
}

/* many timers set in a scrambled order, all overdue: they fire by their time; stopped ones do not */
static void test_many(void **state)
{
	struct world *w = *state;
	static struct cw_timer *timers[MANY];
	static int numbers[MANY];

	fired_len = 0;
	for (int i = 0; i < MANY; i++) {
		numbers[i] = i * 7919 % MANY;
		assert_int_equal(cw_timer_new(w->loop, note_number, &numbers[i], &timers[i], NULL), 0);
		cw_timer_set(timers[i], numbers[i] - MANY);
	}
	for (int i = 0; i < MANY; i++) {
		if (numbers[i] % 3 == 0)
			cw_timer_stop(timers[i]);
	}
	assert_int_equal(cw_timer_new(w->loop, end, w, &w->timers[0], NULL), 0);
	cw_timer_set(w->timers[0], 0);
	assert_int_equal(cw_loop_run(w->loop, NULL), 0);
	assert_int_equal(fired_len, MANY - (MANY + 2) / 3);
	for (int i = 1; i < fired_len; i++)
		assert_true(fired[i - 1] < fired[i] && fired[i] % 3 != 0);
	for (int i = 0; i < MANY; i++)
		cw_timer_free(timers[i]);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_read),  CASE(test_change), CASE(test_remove), CASE(test_timers),
		CASE(test_again), CASE(test_freed),   CASE(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
