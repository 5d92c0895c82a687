/* Tests of daemon/pool: how many bytes may wait. No worker is ever started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "daemon/pool.h"

static void never_done(void *payload, bool ok, const char *data, size_t len)
{
	fail_msg("a job that cannot begin has ended");
}

static struct cw_pool *open_pool(struct cw_loop *loop)
{
	const struct cw_pool_opts opts = {.loop = loop, .program = "/nonexistent", .content_workers = 1, .repository_workers = 1,
					  .queue_max = 10, .queue_max_uid = 10, .queue_max_bytes = 10000, .job_ms = 1000,
					  .repository_ms = 1000, .text_max = 1000};
	struct cw_pool_rules rules = {.memfd = memfd_create("rules", MFD_CLOEXEC), .setup = CW_BUF_INIT};
	struct cw_pool *pool = NULL;

	assert_int_equal(cw_pool_new(&opts, &pool, NULL), 0);
	cw_buf_adds(&rules.setup, "{}");
	assert_int_equal(cw_pool_set_rules(pool, &rules, NULL), 0);
	return pool;
}

/* one user's large jobs leave half of the bytes to others */
static void test_half(void **state)
{
	static const char text[3000];
	struct cw_job job = {.kind = CW_IPC_TEXT, .uid = 1, .data = text, .data_len = sizeof(text), .fd = -1, .done = never_done};
	struct cw_loop *loop = NULL;
	struct cw_pool *pool;
	uint64_t first = 0, id = 0;

	assert_int_equal(cw_loop_new(&loop, NULL), 0);
	pool = open_pool(loop);
	assert_int_equal(cw_pool_submit(pool, &job, &first, NULL), 0);
	assert_int_equal(cw_pool_submit(pool, &job, &id, NULL), CW_E_LIMIT);
	job.uid = 2;
	assert_int_equal(cw_pool_submit(pool, &job, &id, NULL), 0);
	/* what no longer waits does not count */
	cw_pool_cancel(pool, first);
	job.uid = 1;
	assert_int_equal(cw_pool_submit(pool, &job, &id, NULL), 0);
	cw_pool_free(pool);
	cw_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
