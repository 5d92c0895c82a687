/* Fuzz target: what a worker says to the parent, as if it had been taken over. Whatever it is, each job ends at most once, the worker is
 * given up at the first word that makes no sense, and nothing outside the bytes is read.
 * The first byte: 1 a repository worker, 2 not ready yet, 4 its jobs are not sent yet; the second: how the rest is cut into reads. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/pool_int.h"

#define JOBS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned ended[JOBS];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void touch(const char *data, size_t len)
{
	volatile unsigned char sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (unsigned char)(sum + (unsigned char)data[i]);
}

static void on_done(void *payload, bool ok, const char *data, size_t len)
{
	unsigned *count = payload;

	require(++*count == 1);
	touch(data, len);
}

static void on_record(void *payload, enum cw_ipc_kind kind, const char *data, size_t len)
{
	require(kind == CW_IPC_RECORD || kind == CW_IPC_REFS);
	touch(data, len);
}

static struct cw_pool *make_pool(struct cw_loop *loop)
{
	struct cw_pool_opts opts = {.loop = loop, .content_workers = 1, .repository_workers = 1, .queue_max = 10, .queue_max_uid = 10,
				    .queue_max_bytes = 1 << 20, .job_ms = 1000, .repository_ms = 1000, .text_max = 1000};
	struct cw_pool_rules rules = {.memfd = memfd_create("rules", MFD_CLOEXEC), .setup = CW_BUF_INIT};
	struct cw_pool *pool = NULL;

	require(cw_pool_new(&opts, &pool, NULL) == 0 && cw_pool_set_rules(pool, &rules, NULL) == 0);
	return pool;
}

/* A worker without a process, with jobs in flight. Their ids are 1 << 32, 1 << 32 | 1 and so on. */
static struct cw_pool_worker *make_worker(struct cw_pool *pool, unsigned flags)
{
	struct cw_pool_worker *w = calloc(1, sizeof(*w));

	require(w != NULL);
	*w = (struct cw_pool_worker){.pool = pool, .rules = cw_pool_rules_ref(pool->rules), .pid = -1, .pidfd = -1, .sock = -1,
				     .in = CW_BUF_INIT_MAX(CW_IPC_MAX), .setup_sent = true};
	w->cls = flags & 1 ? CW_POOL_REPOSITORY : CW_POOL_SMALL;
	w->state = flags & 2 ? CW_POOL_STARTING : CW_POOL_READY;
	require(cw_timer_new(pool->opts.loop, cw_pool_woken, NULL, &w->timer, NULL) == 0);
	w->next = pool->workers;
	pool->workers = w;
	for (unsigned i = 0; i < JOBS; i++) {
		const struct cw_job job = {.kind = flags & 1 ? CW_IPC_REPOSITORY : CW_IPC_TEXT, .data = "x", .data_len = 1, .fd = -1,
					   .done = on_done, .record = on_record, .payload = &ended[i]};
		uint64_t id;

		require(cw_pool_submit(pool, &job, &id, NULL) == 0);
		cw_pool_give(w, cw_pool_next(pool, w->cls, pool->rules));
	}
	if (!(flags & 4))
		w->unsent = NULL;
	return w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cw_loop *loop = NULL;
	struct cw_pool *pool;
	struct cw_pool_worker *w;
	size_t step;

	if (len < 2)
		return 0;
	memset(ended, 0, sizeof(ended));
	require(cw_loop_new(&loop, NULL) == 0);
	pool = make_pool(loop);
	w = make_worker(pool, data[0]);
	step = data[1] > 0 ? data[1] : len;
	for (size_t at = 2; at < len && !w->garbled; at += step) {
		cw_buf_add(&w->in, data + at, len - at < step ? len - at : step);
		require(w->in.fail == 0);
		cw_pool_take(w);
		require(!w->garbled || w->state == CW_POOL_DYING);
	}
	/* what was not answered ends, or waits again */
	cw_pool_bury(w, "the end");
	require(w->jobs.len == 0 && pool->jobs_len == pool->waiting);
	cw_pool_worker_free(w);
	cw_pool_free(pool);
	cw_loop_free(loop);
	return 0;
}
