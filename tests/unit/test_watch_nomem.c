/* The watcher without memory: each allocation of a watch's life in turn fails. Required outcome: nothing crashes or leaks, and once there is
 * memory again the repository is scanned, with every finding stored once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/log.h"
#include "fail_alloc.h"
#include "watch_case.h"

#define ALLOCATIONS_MAX 100000

/* Every look at the clock takes a while, so that pauses are over soon. */
int64_t __real_cw_clock_ms(void);
int64_t __wrap_cw_clock_ms(void);

int64_t __wrap_cw_clock_ms(void)
{
	static int64_t skew_ms;

	return __real_cw_clock_ms() + (skew_ms += 20);
}

/* Do what a worker does, for the last job. */
static void answer(void)
{
	size_t n = watch_jobs_len;

	watch_tell_refs(n, FP1, "a", NULL);
	watch_tell_finding(n, "s1", "x");
	watch_tell_finding(n, "s1", "y");
	watch_finish(n, true, CLEAN);
}

/* A watch, its first scan, and the look after it. */
static void live(void)
{
	if (cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL) < 0)
		return;
	watch_run_to(1);
	answer();
	cw_watcher_sweep(watch_d.watcher); /* it may have failed, and would wait for long */
	watch_run_to(2);
	answer();
}

/* With memory: it gets there. */
static void recover(void)
{
	int i;

	if (cw_watcher_len(watch_d.watcher) == 0)
		assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL), 0);
	for (i = 0; i < 10 && (watch_seen().findings != 2 || watch_seen().state != CW_WATCH_WATCHING); i++) {
		cw_watcher_sweep(watch_d.watcher);
		watch_run_to(watch_jobs_len + 1);
		answer();
	}
	assert_int_equal(watch_seen().n, 1);
	assert_int_equal(watch_seen().findings, 2);
	assert_int_equal(watch_seen().state, CW_WATCH_WATCHING);
}

/* Let the N-th allocation fail; whether there were that many. */
static bool fail_nth(unsigned long n)
{
	long live_blocks = cw_fail_alloc_live();
	unsigned long count;

	watch_set_up(NULL);
	cw_log_start((enum cw_log_level)0);
	watch_make_folder("a");
	cw_fail_alloc_at(n);
	live();
	count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	recover();
	assert_int_equal(watch_tear_down(NULL), 0);
	if (cw_fail_alloc_live() != live_blocks)
		fail_msg("allocation %lu: %ld blocks leak", n, cw_fail_alloc_live() - live_blocks);
	return count >= n;
}

/* one allocation fails, each in turn */
static void test_once(void **state)
{
	unsigned long n = 1;

	fail_nth(ALLOCATIONS_MAX); /* also lets libraries make what they keep for ever */
	while (fail_nth(n))
		assert_true(++n < ALLOCATIONS_MAX);
	assert_true(n > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
