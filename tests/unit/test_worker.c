/* tests/unit/test_worker.c - the threads of a scan. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scan/worker.h"

#define ITEMS 10000

struct shared {
	_Atomic size_t next, sum;
	_Atomic unsigned workers;
	_Atomic unsigned blocked; /* workers with SIGINT blocked */
	unsigned failing;	  /* bit mask of workers */
};

static int work(void *payload, unsigned worker, struct cw_err *err)
{
	struct shared *s = payload;
	sigset_t mask;

	atomic_fetch_or(&s->workers, 1u << worker);
	if (!pthread_sigmask(SIG_SETMASK, NULL, &mask) && sigismember(&mask, SIGINT))
		atomic_fetch_or(&s->blocked, 1u << worker);
	for (;;) {
		size_t i = atomic_fetch_add(&s->next, 1);

		if (i >= ITEMS)
			break;
		atomic_fetch_add(&s->sum, i);
	}
	if (s->failing & 1u << worker)
		return cw_err_set(err, CW_E_IO, "worker %u", worker);
	return 0;
}

/* each item once, whatever the number of threads */
static void all_items_once(void **state)
{
	static const unsigned jobs[] = { 1, 2, 7 };

	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		struct shared s = { .next = 0 };

		assert_int_equal(cw_workers_run(jobs[i], work, &s, NULL), 0);
		assert_int_equal(s.sum, (size_t)ITEMS * (ITEMS - 1) / 2);
		assert_int_equal(s.workers, (1u << jobs[i]) - 1);
	}
}

/* no threads asked for: the caller does the work */
static void zero_jobs(void **state)
{
	struct shared s = { .next = 0 };

	assert_int_equal(cw_workers_run(0, work, &s, NULL), 0);
	assert_int_equal(s.workers, 1);
}

/* signals stay with the caller: its mask is as before, the others block them */
static void signals_stay_with_the_caller(void **state)
{
	struct shared s = { .next = 0 };
	sigset_t mask;

	assert_int_equal(cw_workers_run(3, work, &s, NULL), 0);
	assert_int_equal(s.blocked, 6);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGINT), 0);
}

/* of several failures the one of the lowest worker is reported, whenever it came */
static void first_failure_by_number(void **state)
{
	struct shared s = { .failing = 6 };
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_workers_run(3, work, &s, &err), CW_E_IO);
	assert_string_equal(err.msg, "worker 1");
	assert_int_equal(s.sum, (size_t)ITEMS * (ITEMS - 1) / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_items_once),
		cmocka_unit_test(zero_jobs),
		cmocka_unit_test(signals_stay_with_the_caller),
		cmocka_unit_test(first_failure_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
