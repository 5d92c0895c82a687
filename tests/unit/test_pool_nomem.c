/* Tests of daemon/pool without memory: each allocation of the parent fails in turn, and every job that was taken still ends once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/pool.h"
#include "fail_alloc.h"

#define PATIENCE_MS 50000 /* the whole test is stopped then; never reached */
#define JOBS 12
#define ALLOCATIONS_MAX 2000

struct scene {
	struct cw_loop *loop;
	unsigned taken, ended, twice;
	unsigned ends[JOBS];
};

static struct scene scene;

static void lost_patience(void *payload)
{
	abort();
}

static void on_done(void *payload, bool ok, const char *data, size_t len)
{
	unsigned *ends = payload;

	scene.twice += *ends > 0;
	*ends += 1;
	if (++scene.ended >= scene.taken)
		cw_loop_stop(scene.loop);
}

static int give_rules(struct cw_pool *pool)
{
	struct cw_pool_rules rules = {.memfd = memfd_create("rules", MFD_CLOEXEC), .setup = CW_BUF_INIT};

	cw_buf_adds(&rules.setup, "first");
	return cw_pool_set_rules(pool, &rules, NULL);
}

/* Jobs of several kinds; those that are refused leave nothing behind. */
static void submit_all(struct cw_pool *pool)
{
	static const char *const texts[] = {"e x", "f", "e y", "d"};
	uint64_t id;

	for (unsigned i = 0; i < JOBS; i++) {
		const char *text = i % 5 == 4 ? "r" : texts[i % 4];
		const struct cw_job job = {.kind = i % 5 == 4 ? CW_IPC_REPOSITORY : CW_IPC_TEXT, .uid = i % 3, .data = text,
					   .data_len = strlen(text), .fd = -1, .done = on_done, .payload = &scene.ends[i]};

		scene.taken += cw_pool_submit(pool, &job, &id, NULL) == 0;
	}
}

/* The whole life of a pool, with the N-th allocation failing (0: none). */
static void live_once(unsigned long n)
{
	struct cw_pool_opts opts = {.program = FAKE_WORKER, .content_workers = 1, .repository_workers = 1, .queue_max = JOBS,
				    .queue_max_uid = JOBS, .queue_max_bytes = 1 << 20, .job_ms = PATIENCE_MS,
				    .repository_ms = PATIENCE_MS, .text_max = 1000};
	struct cw_timer *patience = NULL;
	struct cw_pool *pool = NULL;

	memset(&scene, 0, sizeof(scene));
	cw_fail_alloc_at(n);
	if (cw_loop_new(&scene.loop, NULL) != 0)
		return;
	opts.loop = scene.loop;
	if (cw_timer_new(scene.loop, lost_patience, NULL, &patience, NULL) == 0 && cw_pool_new(&opts, &pool, NULL) == 0 &&
	    give_rules(pool) == 0) {
		cw_timer_set(patience, PATIENCE_MS);
		submit_all(pool);
		if (scene.taken > 0)
			assert_int_equal(cw_loop_run(scene.loop, NULL), 0);
		assert_int_equal(scene.ended, scene.taken);
		assert_int_equal(scene.twice, 0);
	}
	cw_pool_free(pool);
	cw_timer_free(patience);
	cw_loop_free(scene.loop);
}

static void test_all(void **state)
{
	unsigned long count;
	long live;

	live_once(0);
	count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	live = cw_fail_alloc_live();
	assert_true(count > 30);
	for (unsigned long n = 1; n <= count && n < ALLOCATIONS_MAX; n++) {
		live_once(n);
		cw_fail_alloc_at(0);
		assert_int_equal(cw_fail_alloc_live(), live);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
