#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/call.h"
#include "proto/fdpass.h"
#include "worker_bench.h"

#define PATIENCE_MS 100000 /* the whole test is stopped then; never reached */
#define MEMORY "1000000000"

static void lost_patience(void *payload)
{
	abort();
}

static void on_died(void *payload, const char *kind, pid_t pid, const char *why)
{
	struct worker_bench *b = payload;

	b->died++;
	snprintf(b->why, sizeof(b->why), "%s: %s", kind, why);
}

static void on_done(void *payload, bool ok, const char *data, size_t len)
{
	struct worker_bench *b = payload;

	assert_false(b->ended);
	b->ended = true;
	b->ok = ok;
	cw_buf_add(&b->answer, data, len);
	cw_loop_stop(b->loop);
}

static void on_record(void *payload, enum cw_ipc_kind kind, const char *data, size_t len)
{
	struct worker_bench *b = payload;

	if (kind == CW_IPC_RECORD) {
		cw_json_add_strn(b->records, NULL, data, len);
		return;
	}
	/* references are told once, before any record */
	assert_null(b->refs);
	assert_int_equal(cw_json_len(b->records), 0);
	assert_int_equal(cw_json_parse(data, len, len, &b->refs, NULL), 0);
}

static void set_rules(struct worker_bench *b, const char *conf, const char *settings)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;
	struct cw_pool_rules rules = {.memfd = -1, .setup = CW_BUF_INIT};

	assert_int_equal(cw_set_default(&b->set, NULL), 0);
	assert_int_equal(cw_set_image_shared(b->set, &image, NULL), 0);
	assert_int_equal(cw_memfd_make("rules", image.data, image.len, &rules.memfd, NULL), 0);
	cw_buf_adds(&rules.setup, "{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"object_max\":1000000,\"memory\":" MEMORY
				  ",\"conf\":");
	cw_call_quote(&rules.setup, conf, strlen(conf));
	cw_buf_adds(&rules.setup, settings);
	cw_buf_addc(&rules.setup, '}');
	assert_int_equal(cw_pool_set_rules(b->pool, &rules, NULL), 0);
}

void worker_bench_open(struct worker_bench *b, const char *program, const char *conf, const char *settings)
{
	struct cw_pool_opts opts = {.program = program, .content_workers = 1, .repository_workers = 1, .queue_max = 100,
				    .queue_max_uid = 100, .queue_max_bytes = 100 << 20, .job_ms = PATIENCE_MS,
				    .repository_ms = PATIENCE_MS, .text_max = 1 << 20, .died = on_died, .payload = b};

	memset(b, 0, sizeof(*b));
	b->answer = (struct cw_buf)CW_BUF_INIT;
	assert_int_equal(cw_loop_new(&b->loop, NULL), 0);
	assert_int_equal(cw_timer_new(b->loop, lost_patience, b, &b->patience, NULL), 0);
	cw_timer_set(b->patience, PATIENCE_MS);
	opts.loop = b->loop;
	assert_int_equal(cw_pool_new(&opts, &b->pool, NULL), 0);
	set_rules(b, conf, settings);
}

static void forget(struct worker_bench *b)
{
	cw_buf_clear(&b->answer);
	cw_json_free(b->reply);
	cw_json_free(b->records);
	cw_json_free(b->refs);
	b->reply = b->records = b->refs = NULL;
	b->ended = false;
}

void worker_bench_close(struct worker_bench *b)
{
	forget(b);
	cw_buf_release(&b->answer);
	cw_pool_free(b->pool);
	cw_timer_free(b->patience);
	cw_loop_free(b->loop);
	cw_set_unref(b->set);
}

void worker_bench_run(struct worker_bench *b, enum cw_ipc_kind kind, const void *head, size_t head_len, const char *data,
		      int64_t deadline_ms, int fd)
{
	const struct cw_job job = {.kind = kind, .head = head, .head_len = head_len, .data = data, .data_len = strlen(data),
				   .fd = fd, .deadline_ms = deadline_ms, .done = on_done, .record = on_record, .payload = b};
	uint64_t id;

	forget(b);
	b->records = cw_json_array();
	assert_int_equal(cw_pool_submit(b->pool, &job, &id, NULL), 0);
	assert_int_equal(cw_loop_run(b->loop, NULL), 0);
	assert_true(b->ended);
	if (b->ok)
		assert_int_equal(cw_json_parse(b->answer.data, b->answer.len, b->answer.len, &b->reply, NULL), 0);
}

void worker_bench_text(struct worker_bench *b, const char *text, const char *path)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf data = CW_BUF_INIT;
	struct cw_ipc_text head = {0};

	cw_call_quote(&data, text, strlen(text));
	head.text_len = (uint32_t)data.len;
	if (path)
		cw_call_quote(&data, path, strlen(path));
	head.path_len = (uint32_t)data.len - head.text_len;
	worker_bench_run(b, CW_IPC_TEXT, &head, sizeof(head), data.data, 0, -1);
}

const struct cw_json *worker_bench_member(const struct worker_bench *b, const char *name)
{
	return cw_json_get(cw_json_get(b->reply, "parameters"), name);
}
