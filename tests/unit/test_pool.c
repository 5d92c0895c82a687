/* Tests of daemon/pool: every job ends once, whatever its worker does. The worker is fake_worker.c, which does what its jobs say. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/pool_int.h"

#define PATIENCE_MS 50000 /* the whole test is stopped then; never reached */
#define JOBS_MAX 512

struct outcome {
	struct bench *bench;
	unsigned ended, records;
	bool ok;
	char text[120];
	size_t len;
	unsigned order; /* the how-manieth it was */
	uint64_t id;
};

struct bench {
	struct cw_loop *loop;
	struct cw_pool *pool;
	struct cw_timer *patience;
	struct outcome outcomes[JOBS_MAX];
	unsigned submitted, ended, awaited, died, notes;
	bool drained;
	char why[200];
};

static const char *program;

static void lost_patience(void *payload)
{
	struct bench *b = payload;

	fprintf(stderr, "%u of %u jobs ended\n", b->ended, b->awaited);
	abort();
}

static void on_died(void *payload, const char *kind, pid_t pid, const char *why)
{
	struct bench *b = payload;

	b->died++;
	snprintf(b->why, sizeof(b->why), "%s: %s", kind, why);
}

static void on_note(void *payload, const char *kind, pid_t pid, const char *note)
{
	struct bench *b = payload;

	assert_string_equal(note, "fake");
	b->notes++;
}

static void on_done(void *payload, bool ok, const char *data, size_t len)
{
	struct outcome *o = payload;

	o->ended++;
	o->ok = ok;
	o->len = len;
	o->order = o->bench->ended++;
	snprintf(o->text, sizeof(o->text), "%.*s", (int)len, data);
	if (o->bench->ended >= o->bench->awaited)
		cw_loop_stop(o->bench->loop);
}

static void on_record(void *payload, enum cw_ipc_kind kind, const char *data, size_t len)
{
	struct outcome *o = payload;

	assert_memory_equal(data, "record", 6);
	o->records += kind == CW_IPC_RECORD ? 1 : 10;
}

static void rules(struct bench *b, const char *image, const char *settings)
{
	struct cw_pool_rules r = {.memfd = memfd_create("rules", MFD_CLOEXEC), .setup = CW_BUF_INIT};

	assert_int_equal(write(r.memfd, image, strlen(image)), (ssize_t)strlen(image));
	cw_buf_adds(&r.setup, settings);
	assert_int_equal(cw_pool_set_rules(b->pool, &r, NULL), 0);
	assert_int_equal(r.memfd, -1);
}

static void open_with(struct bench *b, struct cw_pool_opts opts)
{
	memset(b, 0, sizeof(*b));
	assert_int_equal(cw_loop_new(&b->loop, NULL), 0);
	assert_int_equal(cw_timer_new(b->loop, lost_patience, b, &b->patience, NULL), 0);
	cw_timer_set(b->patience, PATIENCE_MS);
	opts.loop = b->loop;
	opts.program = program;
	opts.died = on_died;
	opts.note = on_note;
	opts.payload = b;
	opts.queue_max_bytes = 64 << 20;
	opts.text_max = 1 << 20;
	opts.repository_ms = 300;
	if (opts.queue_max == 0)
		opts.queue_max = opts.queue_max_uid = JOBS_MAX;
	if (opts.job_ms == 0)
		opts.job_ms = PATIENCE_MS;
	assert_int_equal(cw_pool_new(&opts, &b->pool, NULL), 0);
}

static void open_bench(struct bench *b, unsigned workers)
{
	open_with(b, (struct cw_pool_opts){.content_workers = workers, .repository_workers = 1});
	rules(b, "one", "first");
}

static void close_bench(struct bench *b)
{
	cw_pool_free(b->pool);
	cw_timer_free(b->patience);
	cw_loop_free(b->loop);
	for (unsigned i = 0; i < b->submitted; i++)
		assert_true(b->outcomes[i].ended <= 1);
}

static struct outcome *submit_as(struct bench *b, uid_t uid, const char *text, int fd, enum cw_ipc_kind kind, int *ret_rc)
{
	struct outcome *o = &b->outcomes[b->submitted];
	struct cw_job job = {.kind = kind, .uid = uid, .head = text, .head_len = 1, .data = text + 1,
			     .data_len = strlen(text) - 1, .fd = fd, .done = on_done, .record = on_record, .payload = o};

	assert_true(b->submitted < JOBS_MAX);
	o->bench = b;
	*ret_rc = cw_pool_submit(b->pool, &job, &o->id, NULL);
	b->submitted += *ret_rc == 0;
	return o;
}

static struct outcome *submit(struct bench *b, const char *text)
{
	int rc;
	struct outcome *o = submit_as(b, 1, text, -1, CW_IPC_TEXT, &rc);

	assert_int_equal(rc, 0);
	return o;
}

/* Run until N jobs have ended in all, or some more at once. */
static void run(struct bench *b, unsigned n)
{
	b->awaited = n;
	if (b->ended < n)
		assert_int_equal(cw_loop_run(b->loop, NULL), 0);
	assert_true(b->ended >= n);
}

/* a text comes back with the rules' bytes, the settings and all its pieces; a refusal is a refusal */
static void test_answers(void **state)
{
	struct bench b;
	struct outcome *echo, *fail;

	open_bench(&b, 2);
	echo = submit(&b, "e hello");
	fail = submit(&b, "f");
	assert_int_equal(cw_pool_queued(b.pool), 2);
	run(&b, 2);
	assert_true(echo->ok);
	assert_string_equal(echo->text, "one first e hello");
	assert_false(fail->ok);
	assert_string_equal(fail->text, "no");
	assert_int_equal(cw_pool_queued(b.pool) + b.died, 0);
	assert_true(b.notes >= 1);
	close_bench(&b);
}

/* many jobs on two workers: each ends once */
static void test_many(void **state)
{
	struct bench b;
	struct cw_pool_stats stats;

	open_bench(&b, 2);
	for (int i = 0; i < 500; i++)
		submit(&b, i % 7 == 0 ? "b" : "e x");
	run(&b, 500);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(b.outcomes[i].ended, 1);
		assert_true(b.outcomes[i].ok);
		assert_int_equal(b.outcomes[i].len, i % 7 == 0 ? 3000000 : strlen("one first e x"));
	}
	cw_pool_stats(b.pool, &stats);
	assert_int_equal(stats.submitted, 500);
	assert_int_equal(stats.done, 500);
	close_bench(&b);
}

/* a job that kills its worker is tried twice, then ends as failed; those around it do not suffer */
static void test_poison(void **state)
{
	struct bench b;
	struct cw_pool_stats stats;
	struct outcome *poison;

	open_bench(&b, 2);
	for (int i = 0; i < 20; i++)
		submit(&b, "e x");
	poison = submit(&b, "d");
	for (int i = 0; i < 20; i++)
		submit(&b, "e x");
	run(&b, 41);
	for (unsigned i = 0; i < b.submitted; i++)
		assert_int_equal(b.outcomes[i].ok, &b.outcomes[i] != poison);
	assert_non_null(strstr(poison->text, "ended 2 times"));
	assert_non_null(strstr(poison->text, "signal 9"));
	cw_pool_stats(b.pool, &stats);
	assert_int_equal(stats.deaths, 2);
	assert_int_equal(stats.retried, 1);
	assert_int_equal(stats.failed, 1);
	assert_int_equal(b.died, 2);
	assert_string_equal(b.why, "content: it was killed by signal 9");
	close_bench(&b);
}

/* a worker that dies once over a job: the second try succeeds, with the descriptor passed again */
static void test_second_try(void **state)
{
	struct bench b;
	struct outcome *o;
	int fd = memfd_create("deaths", MFD_CLOEXEC), rc;

	open_bench(&b, 1);
	assert_int_equal(pwrite(fd, "\1", 1, 0), 1);
	o = submit_as(&b, 1, "k", fd, CW_IPC_FD, &rc);
	submit(&b, "e x");
	run(&b, 2);
	assert_true(o->ok);
	assert_string_equal(o->text, "lived");
	close_bench(&b);
}

/* a job that always kills without a trace is found in the end: it is tried alone */
static void test_without_trace(void **state)
{
	struct bench b;

	open_bench(&b, 2);
	submit(&b, "e x");
	submit(&b, "q");
	submit(&b, "e x");
	run(&b, 3);
	assert_true(b.outcomes[0].ok && !b.outcomes[1].ok && b.outcomes[2].ok);
	close_bench(&b);
}

/* a job that hangs passes its deadline, twice; those behind it are done by others */
static void test_deadline(void **state)
{
	struct bench b;
	struct cw_pool_stats stats;
	struct outcome *hang;

	open_with(&b, (struct cw_pool_opts){.content_workers = 1, .repository_workers = 1, .job_ms = 100});
	rules(&b, "one", "first");
	submit(&b, "e x");
	hang = submit(&b, "h");
	submit(&b, "e x");
	run(&b, 3);
	assert_false(hang->ok);
	assert_string_equal(hang->text, "it took longer than 100 ms");
	assert_true(b.outcomes[0].ok && b.outcomes[2].ok);
	cw_pool_stats(b.pool, &stats);
	assert_int_equal(stats.timeouts, 2);
	close_bench(&b);
}

/* nonsense, an answer to another job, a message of another kind of worker: the worker is replaced, its job ends as failed */
static void test_nonsense(void **state)
{
	static const char *const texts[] = {"g", "o", "w"};
	struct bench b;

	for (size_t i = 0; i < 3; i++) {
		open_bench(&b, 1);
		submit(&b, texts[i]);
		submit(&b, "e x");
		run(&b, 2);
		assert_false(b.outcomes[0].ok);
		assert_non_null(strstr(b.outcomes[0].text, "makes no sense"));
		assert_true(b.outcomes[1].ok);
		close_bench(&b);
	}
}

/* a worker that dies before it is ready: after some starts the jobs end instead of waiting for ever */
static void test_no_start(void **state)
{
	struct bench b;

	open_with(&b, (struct cw_pool_opts){.content_workers = 1, .repository_workers = 1});
	rules(&b, "one", "x");
	submit(&b, "e x");
	submit(&b, "e x");
	run(&b, 2);
	assert_string_equal(b.outcomes[0].text, "no worker can be started");
	assert_true(b.died >= 5);
	close_bench(&b);
	/* the same without any program to start */
	program = "/nonexistent/credwatchd";
	open_bench(&b, 1);
	submit(&b, "e x");
	run(&b, 1);
	assert_string_equal(b.outcomes[0].text, "no worker can be started");
	close_bench(&b);
}

/* the queues are bounded, for each user and in all, and a job that is refused leaves nothing behind */
static void test_limits(void **state)
{
	struct bench b;
	struct cw_err err = CW_ERR_INIT;
	struct cw_job job = {.kind = CW_IPC_TEXT, .uid = 1, .head = "e", .head_len = 1, .fd = -1, .done = on_done};
	uint64_t id;
	int rc;

	open_with(&b, (struct cw_pool_opts){.content_workers = 1, .repository_workers = 1, .queue_max = 5, .queue_max_uid = 3});
	/* without rules nothing can be judged */
	assert_int_equal(cw_pool_submit(b.pool, &job, &id, &err), CW_E_INTERNAL);
	rules(&b, "one", "first");
	for (int i = 0; i < 3; i++)
		submit(&b, "e x");
	assert_int_equal(cw_pool_submit(b.pool, &job, &id, &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "3 requests of user 1 wait already");
	for (uid_t uid = 2; uid < 4; uid++) {
		submit_as(&b, uid, "e x", -1, CW_IPC_TEXT, &rc);
		assert_int_equal(rc, 0);
	}
	job.uid = 4;
	assert_int_equal(cw_pool_submit(b.pool, &job, &id, &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "5 requests wait already");
	job.data_len = CW_IPC_MAX;
	assert_int_equal(cw_pool_submit(b.pool, &job, &id, &err), CW_E_LIMIT);
	run(&b, 5);
	close_bench(&b);
}

/* many jobs of one user do not keep those of another from being served in turn */
static void test_fairness(void **state)
{
	struct bench b;
	struct outcome *last = NULL;
	int rc;

	open_bench(&b, 1);
	for (int i = 0; i < 300; i++)
		submit(&b, "e x");
	for (int i = 0; i < 10; i++)
		last = submit_as(&b, 2, "e y", -1, CW_IPC_TEXT, &rc);
	run(&b, 310);
	assert_true(last->order <= 40);
	close_bench(&b);
}

/* a cancelled job is never heard of again, whether it waits, is being done, or is what its worker dies of */
static void test_cancel(void **state)
{
	struct bench b;
	struct cw_pool_stats stats;
	struct outcome *gone[3];

	open_bench(&b, 1);
	gone[0] = submit(&b, "e x");
	submit(&b, "e x");
	cw_pool_cancel(b.pool, gone[0]->id);
	cw_pool_cancel(b.pool, gone[0]->id);
	run(&b, 1);
	gone[1] = submit(&b, "d");
	gone[2] = submit(&b, "e x");
	submit(&b, "e last");
	cw_pool_cancel(b.pool, gone[2]->id);
	cw_pool_cancel(b.pool, UINT64_MAX);
	run(&b, 3);
	assert_int_equal(gone[0]->ended + gone[2]->ended, 0);
	cw_pool_stats(b.pool, &stats);
	assert_int_equal(stats.cancelled, 2);
	close_bench(&b);
}

/* a repository job: records, references, an answer; its process is then replaced */
static void test_repository(void **state)
{
	struct bench b;
	struct outcome *o[3];
	int rc;

	open_bench(&b, 1);
	for (int i = 0; i < 3; i++)
		o[i] = submit_as(&b, 1, "r", -1, CW_IPC_REPOSITORY, &rc);
	run(&b, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(o[i]->ok);
		assert_string_equal(o[i]->text, "all");
		assert_int_equal(o[i]->records, 12);
	}
	assert_int_equal(b.died, 0);
	/* one that dies is tried once more; one that hangs is not */
	o[0] = submit_as(&b, 1, "R", -1, CW_IPC_REPOSITORY, &rc);
	run(&b, 4);
	assert_false(o[0]->ok);
	assert_int_equal(o[0]->records, 24);
	o[0] = submit_as(&b, 1, "h", -1, CW_IPC_REPOSITORY, &rc);
	run(&b, 5);
	assert_string_equal(o[0]->text, "it took longer than 300 ms");
	assert_int_equal(b.died, 3);
	close_bench(&b);
}

/* new rules: what was submitted before is judged by the old ones, what comes after by the new ones, and nothing is lost */
static void test_set_rules(void **state)
{
	struct bench b;
	struct cw_worker_info info;

	open_bench(&b, 2);
	for (int i = 0; i < 100; i++)
		submit(&b, "e x");
	run(&b, 1);
	rules(&b, "two", "later");
	for (int i = 0; i < 100; i++)
		submit(&b, "e x");
	run(&b, 200);
	for (int i = 0; i < 200; i++) {
		assert_true(b.outcomes[i].ok);
		assert_string_equal(b.outcomes[i].text, i < 100 ? "one first e x" : "two later e x");
	}
	assert_int_equal(b.died, 0);
	assert_true(cw_pool_worker(b.pool, 0, &info));
	close_bench(&b);
}

/* a new day: other processes, the same rules, nothing lost */
static void test_renew(void **state)
{
	struct bench b;
	struct cw_worker_info before, after = {.pid = 0};

	open_bench(&b, 1);
	submit(&b, "e x");
	run(&b, 1);
	assert_true(cw_pool_worker(b.pool, 0, &before));
	submit(&b, "e x");
	cw_pool_renew(b.pool);
	submit(&b, "e x");
	run(&b, 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(b.outcomes[i].text, "one first e x");
	assert_true(cw_pool_worker(b.pool, 0, &after));
	assert_int_not_equal(before.pid, after.pid);
	assert_int_equal(b.died, 0);
	close_bench(&b);
}

/* the rules are replaced while the only job of the old ones has just killed its worker: it still gets the old rules */
static void test_set_rules_after_death(void **state)
{
	struct bench b;
	struct outcome *o;
	int fd = memfd_create("deaths", MFD_CLOEXEC), rc;

	open_bench(&b, 1);
	submit(&b, "e x");
	run(&b, 1);
	assert_int_equal(pwrite(fd, "\1", 1, 0), 1);
	o = submit_as(&b, 1, "k", fd, CW_IPC_FD, &rc);
	rules(&b, "two", "later");
	submit(&b, "e x");
	run(&b, 3);
	assert_true(o->ok);
	assert_string_equal(b.outcomes[2].text, "two later e x");
	close_bench(&b);
}

static void on_drained(void *payload)
{
	struct bench *b = payload;

	b->drained = true;
	cw_loop_stop(b->loop);
}

/* draining: nothing new is taken, what is there ends, then it is told */
static void test_drain(void **state)
{
	struct bench b;
	int rc;

	open_bench(&b, 1);
	for (int i = 0; i < 50; i++)
		submit(&b, "e x");
	b.awaited = JOBS_MAX;
	cw_pool_drain(b.pool, on_drained, &b);
	submit_as(&b, 1, "e x", -1, CW_IPC_TEXT, &rc);
	assert_int_equal(rc, CW_E_CANCELLED);
	assert_int_equal(cw_loop_run(b.loop, NULL), 0);
	assert_true(b.drained);
	assert_int_equal(b.ended, 50);
	close_bench(&b);
}

/* a pool that is freed in the middle calls nobody, and leaves no process behind */
static void test_free_in_flight(void **state)
{
	struct bench b;
	struct cw_worker_info info = {.pid = 0};

	open_bench(&b, 1);
	submit(&b, "e x");
	run(&b, 1);
	for (int i = 0; i < 100; i++)
		submit(&b, "h");
	assert_true(cw_pool_worker(b.pool, 0, &info));
	assert_string_equal(info.kind, "content");
	close_bench(&b);
	assert_int_equal(b.ended, 1);
	assert_int_equal(kill(info.pid, 0), -1);
}

/* a large text has a worker of its own: a small one does not stand behind it */
static void test_large(void **state)
{
	struct bench b;
	struct cw_worker_info info;
	struct outcome *large, *small;
	int own = getpriority(PRIO_PROCESS, 0);
	char *text = malloc(3 << 20);

	assert_non_null(text);
	memset(text, 'h', (3 << 20) - 1);
	text[(3 << 20) - 1] = '\0';
	open_with(&b, (struct cw_pool_opts){.content_workers = 1, .repository_workers = 1, .job_ms = 200});
	rules(&b, "one", "first");
	large = submit(&b, text);
	small = submit(&b, "e x");
	run(&b, 2);
	assert_true(small->ok);
	assert_true(small->order < large->order);
	assert_non_null(strstr(large->text, "it took longer than"));
	/* and the processor first */
	text[0] = 'e';
	submit(&b, text);
	run(&b, 3);
	for (size_t i = 0; cw_pool_worker(b.pool, i, &info); i++)
		assert_true(own >= 19 || (getpriority(PRIO_PROCESS, (id_t)info.pid) > own) == (info.kind[0] == 'l'));
	close_bench(&b);
	free(text);
}

/* the parent of all this dies of nothing that a worker does: many poisoned jobs among good ones */
static void test_storm(void **state)
{
	static const char *const texts[] = {"e x", "t", "d", "e x", "g", "e x", "o", "b"};
	struct bench b;

	open_bench(&b, 2);
	for (int i = 0; i < 64; i++)
		submit(&b, texts[i % 8]);
	run(&b, 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(b.outcomes[i].ok, strchr("eb", texts[i % 8][0]) != NULL);
	assert_true(cw_pool_progresses(b.pool));
	close_bench(&b);
}

static int reset_program(void **state)
{
	program = FAKE_WORKER;
	return 0;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, reset_program)
	const struct CMUnitTest tests[] = {
		CASE(test_answers), CASE(test_many), CASE(test_poison), CASE(test_second_try), CASE(test_without_trace),
		CASE(test_deadline), CASE(test_nonsense), CASE(test_no_start), CASE(test_limits), CASE(test_fairness),
		CASE(test_cancel), CASE(test_repository), CASE(test_set_rules), CASE(test_renew), CASE(test_set_rules_after_death),
		CASE(test_drain), CASE(test_free_in_flight), CASE(test_large), CASE(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
