/* Tests of daemon/watch*.c: real folders and a real state, but a pool whose jobs the tests answer. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "daemon/log.h"
#include "daemon/watch.h"

#define JOBS_MAX 64
#define FP1 "1111111111111111111111111111111111111111111111111111111111111111"
#define FP2 "2222222222222222222222222222222222222222222222222222222222222222"
#define CLEAN "{\"parameters\":{\"findings\":0,\"coverage\":{\"expected\":5,\"scanned\":3,\"cached\":2,\"unscanned\":0}}}"
#define UNCHANGED "{\"parameters\":{\"unchanged\":true}}"

/* ---- a pool that only remembers ---- */

struct fake_job {
	struct cw_job job;
	char *message;
	bool open;
};

static struct fake_job jobs[JOBS_MAX];
static size_t jobs_len, jobs_wanted;
static int submit_fails, published;
static struct cw_daemon d;

int cw_pool_submit(struct cw_pool *p, const struct cw_job *job, uint64_t *ret_id, struct cw_err *err)
{
	if (submit_fails > 0) {
		submit_fails--;
		return cw_err_set(err, CW_E_LIMIT, "full");
	}
	assert_true(jobs_len < JOBS_MAX);
	jobs[jobs_len] = (struct fake_job){ .job = *job, .message = strndup(job->head, job->head_len), .open = true };
	*ret_id = ++jobs_len;
	if (jobs_len >= jobs_wanted)
		cw_loop_stop(d.loop);
	return 0;
}

void cw_pool_cancel(struct cw_pool *p, uint64_t id)
{
	assert_true(jobs[id - 1].open);
	jobs[id - 1].open = false;
}

void cw_daemon_publish(struct cw_daemon *daemon, const struct cw_json *event)
{
	published++;
}

/* ---- a daemon without the rest ---- */

static char folder[64];

static const char *in_folder(const char *name)
{
	static char names[4][128];
	static unsigned at;

	snprintf(names[++at % 4], sizeof(names[0]), "%s/%s", folder, name);
	return names[at % 4];
}

static void make_folder(const char *name)
{
	assert_int_equal(mkdir(in_folder(name), 0700), 0);
}

static void make_file(const char *name)
{
	int fd = open(in_folder(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void open_all(void)
{
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_state_open(in_folder("state"), &d.state, &err), 0);
	if (cw_watcher_new(&d, &d.watcher, &err) < 0)
		fail_msg("%s", cw_err_msg(&err));
}

static void close_all(void)
{
	cw_watcher_free(d.watcher);
	cw_state_close(d.state);
	d.watcher = NULL;
	d.state = NULL;
}

static int set_up(void **state)
{
	char yaml[128];

	cw_log_start(CW_LOG_ERROR);
	alarm(60); /* a job that never comes */
	snprintf(folder, sizeof(folder), "%s/cw-watch-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	memset(&d, 0, sizeof(d));
	assert_int_equal(cw_loop_new(&d.loop, NULL), 0);
	assert_int_equal(cw_conf_new(&d.rules.conf, NULL), 0);
	snprintf(yaml, sizeof(yaml), "daemon:\n  roots: ['%s']\n  repository_workers: 2\n", folder);
	assert_int_equal(cw_conf_add(d.rules.conf, CW_LEVEL_SYSTEM, "test", yaml, strlen(yaml), NULL), 0);
	snprintf(d.rules.digest, sizeof(d.rules.digest), "d1");
	jobs_len = jobs_wanted = 0;
	submit_fails = published = 0;
	open_all();
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int tear_down(void **state)
{
	size_t i;

	close_all();
	for (i = 0; i < jobs_len; i++)
		free(jobs[i].message);
	cw_conf_free(d.rules.conf);
	cw_loop_free(d.loop);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- words for tests ---- */

/* Run the loop until there are N jobs in all. */
static void run_to(size_t n)
{
	jobs_wanted = n;
	if (jobs_len < n)
		assert_int_equal(cw_loop_run(d.loop, NULL), 0);
	assert_int_equal(jobs_len, n);
}

static bool job_is(size_t n, const char *name)
{
	return strstr(jobs[n - 1].message, in_folder(name)) != NULL;
}

static void tell(size_t n, enum cw_ipc_kind kind, const char *data)
{
	jobs[n - 1].job.record(jobs[n - 1].job.payload, kind, data, strlen(data));
}

/* The worker of job N looks: fingerprint FP, and folders A and B (NULL: none). */
static void tell_refs(size_t n, const char *fp, const char *a, const char *b)
{
	char data[512];

	snprintf(data, sizeof(data), "{\"fingerprint\":\"%s\",\"refs\":1,\"watch\":[\"/\"%s%s%s%s%s%s]}", fp, a ? ",\"" : "",
		 a ? in_folder(a) : "", a ? "\"" : "", b ? ",\"" : "", b ? in_folder(b) : "", b ? "\"" : "");
	tell(n, CW_IPC_REFS, data);
}

static void tell_finding(size_t n, const char *fingerprint, const char *path)
{
	char data[256];

	snprintf(data, sizeof(data), "{\"rule\":\"r\",\"path\":\"%s\",\"fingerprint\":\"%s\",\"line\":1}", path, fingerprint);
	tell(n, CW_IPC_RECORD, data);
}

static void finish(size_t n, bool ok, const char *data)
{
	jobs[n - 1].open = false;
	jobs[n - 1].job.done(jobs[n - 1].job.payload, ok, data, strlen(data));
}

/* Watch NAME, and see its first scan and the second look that follows it: two jobs. */
static void watch(const char *name)
{
	size_t n = jobs_len + 1;

	make_folder(name);
	assert_int_equal(cw_watcher_add(d.watcher, in_folder(name), false, NULL), 0);
	run_to(n);
	tell_refs(n, FP1, name, NULL);
	finish(n, true, CLEAN);
	run_to(n + 1);
	tell_refs(n + 1, FP1, name, NULL);
	finish(n + 1, true, UNCHANGED);
}

struct seen {
	enum cw_watch_state state;
	char reason[128], known[128];
	uint64_t findings;
	size_t n;
};

static int take_watch(void *payload, const struct cw_state_watch *w, struct cw_err *err)
{
	struct seen *s = payload;

	s->n++;
	s->state = w->state;
	s->findings = w->findings;
	snprintf(s->reason, sizeof(s->reason), "%s", w->reason != NULL ? w->reason : "");
	snprintf(s->known, sizeof(s->known), "%s", w->fingerprint);
	return 0;
}

/* The last watched repository by path, as the state has it. */
static struct seen seen(void)
{
	struct seen s = { .n = 0 };

	assert_int_equal(cw_state_watch_list(d.state, take_watch, &s, NULL), 0);
	return s;
}

static uint64_t notices(void)
{
	uint64_t n = 0;

	assert_int_equal(cw_state_notice_count(d.state, &n, NULL), 0);
	return n;
}

/* ---- tests ---- */

/* a repository is scanned when it is watched, looked at again since its folders are watched only now, then left in peace */
static void test_add(void **state)
{
	make_folder("a");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("a"), false, NULL), 0);
	assert_int_equal(seen().state, CW_WATCH_BASELINING);
	run_to(1);
	assert_true(job_is(1, "a"));
	assert_null(strstr(jobs[0].message, "known"));
	tell_refs(1, FP1, "a", NULL);
	tell(1, CW_IPC_RECORD, "{\"progress\":1}");
	tell_finding(1, "s1", "x");
	finish(1, true, CLEAN);
	assert_int_equal(seen().state, CW_WATCH_WATCHING);
	assert_int_equal(seen().findings, 1);
	assert_int_equal(notices(), 1);
	assert_int_equal(published, 2);
	run_to(2);
	assert_non_null(strstr(jobs[1].message, "\"known\":\"" FP1 "\""));
	tell_refs(2, FP1, "a", NULL);
	finish(2, true, UNCHANGED);
	/* the next job is another's */
	watch("b");
	assert_true(job_is(3, "b") && job_is(4, "b"));
	assert_int_equal(cw_watcher_len(d.watcher), 2);
	assert_int_equal(cw_watcher_staleness(d.watcher), 0);
}

/* what is refused: twice the same, outside of the roots, paths that lead out */
static void test_refused(void **state)
{
	watch("a");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("a"), false, NULL), CW_E_INVALID);
	assert_int_equal(cw_watcher_add(d.watcher, "/etc", false, NULL), CW_E_INVALID);
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("../x"), false, NULL), CW_E_INVALID);
	assert_int_equal(cw_watcher_remove(d.watcher, in_folder("b"), NULL), CW_E_NOTFOUND);
	assert_int_equal(seen().n, 1);
}

/* which paths lie below the roots */
static void test_paths(void **state)
{
	const struct {
		const char *path;
		bool allowed;
	} cases[] = {
		{ "/srv/git/a.git", true }, { "/srv/git", true },      { "/srv/gitx/a", false },    { "/srv", false },
		{ "srv/git/a", false },	    { "", false },	       { "/srv/git/./a", false },   { "/srv/git/../git/a", false },
		{ "/srv/git//a", false },   { "/srv/git/a/", false },  { "/srv/git/..a", true },    { "/srv/git/a/..", false },
		{ "/other/x", true },	    { "/other", true },	       { "/", false },		    { "/srv/git/...", true },
	};
	static const char yaml[] = "daemon:\n  roots: [/srv/git, /other/]\n";
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *conf = NULL, *none = NULL;
	size_t i;

	assert_int_equal(cw_conf_new(&conf, NULL), 0);
	assert_int_equal(cw_conf_new(&none, NULL), 0);
	assert_int_equal(cw_conf_add(conf, CW_LEVEL_SYSTEM, "test", yaml, strlen(yaml), NULL), 0);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (cw_watch_path_allowed(conf, cases[i].path) != cases[i].allowed)
			fail_msg("%s", cases[i].path);
		assert_false(cw_watch_path_allowed(none, cases[i].path));
	}
}

/* many events are one look; lock files are none */
static void test_events(void **state)
{
	watch("a");
	watch("b");
	make_file("a/main.lock");
	make_file("b/x");
	make_file("b/y");
	run_to(5);
	assert_true(job_is(5, "b"));
	tell_refs(5, FP2, "b", NULL);
	tell_finding(5, "s1", "x");
	finish(5, true, CLEAN);
	make_file("a/main");
	run_to(6);
	assert_true(job_is(6, "a"));
	assert_non_null(strstr(seen().known, FP2));
}

/* a folder that comes later is watched from the next look on, and looked at once more since it was not before */
static void test_new_folder(void **state)
{
	watch("a");
	make_folder("a/refs");
	run_to(3);
	tell_refs(3, FP1, "a", "a/refs");
	finish(3, true, UNCHANGED);
	run_to(4);
	tell_refs(4, FP1, "a", "a/refs");
	finish(4, true, UNCHANGED);
	make_file("a/refs/index"); /* a name that matters here */
	run_to(5);
	tell_refs(5, FP2, "a", "a/refs");
	finish(5, true, CLEAN);
	/* it goes: one look, without it */
	unlink(in_folder("a/refs/index"));
	assert_int_equal(rmdir(in_folder("a/refs")), 0);
	run_to(6);
	tell_refs(6, FP1, "a", NULL);
	finish(6, true, CLEAN);
	make_file("a/index"); /* one that does not */
	watch("b");
	assert_true(job_is(7, "b"));
}

/* a folder of two repositories is watched for both, and for the one that is left */
static void test_shared(void **state)
{
	watch("a");
	make_folder("b");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("b"), false, NULL), 0);
	run_to(3);
	tell_refs(3, FP1, "b", "a");
	finish(3, true, CLEAN);
	run_to(4);
	tell_refs(4, FP1, "b", "a");
	finish(4, true, UNCHANGED);
	make_file("a/x");
	run_to(6);
	assert_true(job_is(5, "a") != job_is(6, "a"));
	finish(5, false, "no");
	assert_int_equal(cw_watcher_remove(d.watcher, in_folder("a"), NULL), 0);
	tell_refs(6, FP1, "b", "a");
	finish(6, true, UNCHANGED);
	make_file("a/y");
	run_to(7);
	assert_true(job_is(7, "b"));
}

/* a change while a scan runs is looked at after it */
static void test_again(void **state)
{
	watch("a");
	make_file("a/x");
	run_to(3);
	tell_refs(3, FP2, "a", NULL);
	cw_watcher_hint(d.watcher, in_folder("a"));
	cw_watcher_hint(d.watcher, in_folder("no such one"));
	finish(3, true, CLEAN);
	run_to(4);
	assert_non_null(strstr(jobs[3].message, FP2));
}

/* a repository that fails says why, is looked at again at a sweep, and is well again; what it had found stays */
static void test_failing(void **state)
{
	d.rules.conf->watch_sweep_ms = 100;
	watch("a");
	run_to(3);
	finish(3, false, "it is gone");
	assert_int_equal(seen().state, CW_WATCH_FAILING);
	assert_string_equal(seen().reason, "it is gone");
	run_to(4);
	tell_refs(4, FP1, "a", NULL);
	finish(4, true, UNCHANGED);
	assert_int_equal(seen().state, CW_WATCH_WATCHING);
	run_to(5);
}

/* an incomplete scan stores what it found, says so, and is done again */
static void test_incomplete(void **state)
{
	d.rules.conf->watch_sweep_ms = 100;
	make_folder("a");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("a"), false, NULL), 0);
	run_to(1);
	tell_refs(1, FP1, NULL, NULL);
	tell_finding(1, "s1", "x");
	finish(1, true,
	       "{\"parameters\":{\"coverage\":{\"expected\":5,\"scanned\":3,\"cached\":1,\"unscanned\":1,"
	       "\"unscanned_reasons\":[\"too large\"]}}}");
	assert_int_equal(seen().state, CW_WATCH_FAILING);
	assert_string_equal(seen().reason, "1 of 5 objects could not be scanned: too large");
	assert_int_equal(seen().findings, 1);
	run_to(2);
	assert_null(strstr(jobs[1].message, "known"));
	/* numbers that do not add up are no complete scan either */
	tell_refs(2, FP1, NULL, NULL);
	finish(2, true, "{\"parameters\":{\"coverage\":{\"expected\":5,\"scanned\":3,\"cached\":1,\"unscanned\":0}}}");
	assert_int_equal(seen().state, CW_WATCH_FAILING);
}

/* what a worker must not say: a secret, no finding, no fingerprint, no JSON; such a scan does not count */
static void test_bad_worker(void **state)
{
	static const char *const records[] = {
		"{\"rule\":\"r\",\"fingerprint\":\"f\",\"secret\":\"x\"}",
		"{\"rule\":\"r\",\"fingerprint\":\"f\",\"secret_b64\":\"x\"}",
		"{\"rule\":\"r\"}",
		"[]",
		"{",
	};
	size_t i, n = 0;

	d.rules.conf->watch_sweep_ms = 100;
	make_folder("a");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("a"), false, NULL), 0);
	for (i = 0; i < sizeof(records) / sizeof(*records); i++) {
		run_to(++n);
		tell_refs(n, FP1, NULL, NULL);
		tell_finding(n, "s1", "x");
		tell(n, CW_IPC_RECORD, records[i]);
		finish(n, true, CLEAN);
		assert_int_equal(seen().state, CW_WATCH_FAILING);
		assert_int_equal(seen().findings, 0);
		cw_watcher_sweep(d.watcher);
	}
	run_to(++n);
	finish(n, true, CLEAN);
	assert_string_equal(seen().reason, "a worker told no fingerprint");
	cw_watcher_sweep(d.watcher);
	run_to(++n);
	tell(n, CW_IPC_REFS, "{\"fingerprint\":\"../../x\"}");
	finish(n, true, CLEAN);
	assert_string_equal(seen().known, "");
}

/* other rules or another configuration: everything is scanned again, though no reference moved */
static void test_rules(void **state)
{
	watch("a");
	cw_watcher_sweep(d.watcher);
	run_to(3);
	assert_non_null(strstr(jobs[2].message, "known"));
	tell_refs(3, FP1, "a", NULL);
	finish(3, true, UNCHANGED);
	snprintf(d.rules.digest, sizeof(d.rules.digest), "d2");
	cw_watcher_sweep(d.watcher);
	run_to(4);
	assert_null(strstr(jobs[3].message, "known"));
	tell_refs(4, FP1, "a", NULL);
	finish(4, true, CLEAN);
	d.rules.conf->inline_marks = !d.rules.conf->inline_marks;
	cw_watcher_sweep(d.watcher);
	run_to(5);
	assert_null(strstr(jobs[4].message, "known"));
}

/* more findings than are kept in memory; the repository changes as one all the same */
static void test_many(void **state)
{
	char path[32];
	int i;

	make_folder("a");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("a"), false, NULL), 0);
	run_to(1);
	tell_refs(1, FP1, NULL, NULL);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		tell_finding(1, "s1", path);
	}
	assert_int_equal(seen().state, CW_WATCH_BASELINING);
	assert_string_equal(seen().known, "");
	finish(1, true, CLEAN);
	assert_int_equal(seen().findings, 1000);
	assert_int_equal(notices(), 1000);
	/* the same again: nothing new */
	snprintf(d.rules.digest, sizeof(d.rules.digest), "d2");
	cw_watcher_sweep(d.watcher);
	run_to(2);
	tell_refs(2, FP1, NULL, NULL);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		tell_finding(2, "s1", path);
	}
	finish(2, true, CLEAN);
	assert_int_equal(seen().findings, 1000);
	assert_int_equal(notices(), 0); /* nobody wants them, and none is new */
}

/* a repository that is removed while it is scanned: its job ends, nothing of it is stored */
static void test_remove(void **state)
{
	watch("a");
	make_file("a/x");
	run_to(3);
	tell_refs(3, FP2, "a", NULL);
	tell_finding(3, "s1", "x");
	assert_int_equal(cw_watcher_remove(d.watcher, in_folder("a"), NULL), 0);
	assert_false(jobs[2].open);
	assert_int_equal(seen().n, 0);
	make_file("a/y");
	watch("b");
	assert_true(job_is(4, "b"));
}

/* first scans leave a place free, which events take; no more jobs than there are places */
static void test_slots(void **state)
{
	watch("a");
	make_folder("b");
	make_folder("c");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("b"), false, NULL), 0);
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("c"), false, NULL), 0);
	run_to(3);
	assert_true(job_is(3, "b"));
	make_file("a/x");
	run_to(4);
	assert_true(job_is(4, "a"));
	tell_refs(4, FP1, "a", NULL);
	finish(4, true, UNCHANGED);
	make_file("a/y");
	run_to(5); /* not "c" */
	assert_true(job_is(5, "a"));
	tell_refs(3, FP1, NULL, NULL);
	finish(3, true, CLEAN);
	run_to(6);
	assert_true(job_is(6, "c"));
}

/* a pool that takes no job is asked again */
static void test_full(void **state)
{
	submit_fails = 2;
	watch("a");
	assert_int_equal(submit_fails, 0);
}

/* after a restart every repository is looked at, with what was scanned last; one that was never scanned is scanned */
static void test_restart(void **state)
{
	watch("a");
	make_folder("b");
	assert_int_equal(cw_watcher_add(d.watcher, in_folder("b"), false, NULL), 0);
	run_to(3);
	tell_refs(3, FP1, NULL, NULL);
	tell_finding(3, "s1", "x");
	close_all();
	assert_false(jobs[2].open);
	open_all();
	run_to(5);
	assert_true(job_is(4, "a"));
	assert_non_null(strstr(jobs[3].message, FP1));
	assert_true(job_is(5, "b"));
	assert_null(strstr(jobs[4].message, "known"));
	assert_int_equal(seen().state, CW_WATCH_BASELINING);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add), TEST(test_refused), TEST(test_paths), TEST(test_events),
		TEST(test_new_folder), TEST(test_shared), TEST(test_again), TEST(test_failing),
		TEST(test_incomplete), TEST(test_bad_worker), TEST(test_rules), TEST(test_many),
		TEST(test_remove), TEST(test_slots), TEST(test_full), TEST(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
