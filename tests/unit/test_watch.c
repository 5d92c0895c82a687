/* Tests of daemon/watch*.c: real folders and a real state, but a pool whose jobs the tests answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "watch_case.h"

static int64_t skew_ms; /* by which the clock of the daemon goes ahead */

int64_t __real_cw_clock_ms(void);
int64_t __wrap_cw_clock_ms(void);

int64_t __wrap_cw_clock_ms(void)
{
	return __real_cw_clock_ms() + skew_ms;
}

/* a repository is scanned when it is watched, looked at again since its folders are watched only now, then left in peace */
static void test_add(void **state)
{
	watch_make_folder("a");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL), 0);
	assert_int_equal(watch_seen().state, CW_WATCH_BASELINING);
	watch_run_to(1);
	assert_true(watch_job_is(1, "a"));
	assert_null(strstr(watch_jobs[0].message, "known"));
	watch_tell_refs(1, FP1, "a", NULL);
	watch_tell(1, CW_IPC_RECORD, "{\"progress\":1}");
	watch_tell_finding(1, "s1", "x");
	watch_finish(1, true, CLEAN);
	assert_int_equal(watch_seen().state, CW_WATCH_WATCHING);
	assert_int_equal(watch_seen().findings, 1);
	assert_int_equal(watch_notices(), 1);
	assert_int_equal(watch_published, 2);
	watch_run_to(2);
	assert_non_null(strstr(watch_jobs[1].message, "\"known\":\"" FP1 "\""));
	watch_tell_refs(2, FP1, "a", NULL);
	watch_finish(2, true, UNCHANGED);
	/* the next job is another's */
	watch_new("b");
	assert_true(watch_job_is(3, "b") && watch_job_is(4, "b"));
	assert_int_equal(cw_watcher_len(watch_d.watcher), 2);
	assert_int_equal(cw_watcher_staleness(watch_d.watcher), 0);
}

/* what is refused: twice the same, outside of the roots, paths that lead out */
static void test_refused(void **state)
{
	watch_new("a");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL), CW_E_INVALID);
	assert_int_equal(cw_watcher_add(watch_d.watcher, "/etc", false, NULL), CW_E_INVALID);
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("../x"), false, NULL), CW_E_INVALID);
	assert_int_equal(cw_watcher_remove(watch_d.watcher, watch_in_folder("b"), NULL), CW_E_NOTFOUND);
	assert_int_equal(watch_seen().n, 1);
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
	watch_new("a");
	watch_new("b");
	watch_make_file("a/main.lock");
	watch_make_file("b/x");
	watch_make_file("b/y");
	watch_run_to(5);
	assert_true(watch_job_is(5, "b"));
	watch_tell_refs(5, FP2, "b", NULL);
	watch_tell_finding(5, "s1", "x");
	watch_finish(5, true, CLEAN);
	watch_make_file("a/main");
	watch_run_to(6);
	assert_true(watch_job_is(6, "a"));
	assert_non_null(strstr(watch_seen().known, FP2));
}

/* a folder that comes later is watched from the next look on, and looked at once more since it was not before */
static void test_new_folder(void **state)
{
	watch_new("a");
	watch_make_folder("a/refs");
	watch_run_to(3);
	watch_tell_refs(3, FP1, "a", "a/refs");
	watch_finish(3, true, UNCHANGED);
	watch_run_to(4);
	watch_tell_refs(4, FP1, "a", "a/refs");
	watch_finish(4, true, UNCHANGED);
	watch_make_file("a/refs/index"); /* a name that matters here */
	watch_run_to(5);
	watch_tell_refs(5, FP2, "a", "a/refs");
	watch_finish(5, true, CLEAN);
	/* it goes: one look, without it */
	unlink(watch_in_folder("a/refs/index"));
	assert_int_equal(rmdir(watch_in_folder("a/refs")), 0);
	watch_run_to(6);
	watch_tell_refs(6, FP1, "a", NULL);
	watch_finish(6, true, CLEAN);
	watch_make_file("a/index"); /* one that does not */
	watch_new("b");
	assert_true(watch_job_is(7, "b"));
}

/* a folder of two repositories is watched for both, and for the one that is left */
static void test_shared(void **state)
{
	watch_new("a");
	watch_make_folder("b");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("b"), false, NULL), 0);
	watch_run_to(3);
	watch_tell_refs(3, FP1, "b", "a");
	watch_finish(3, true, CLEAN);
	watch_run_to(4);
	watch_tell_refs(4, FP1, "b", "a");
	watch_finish(4, true, UNCHANGED);
	watch_make_file("a/x");
	watch_run_to(6);
	assert_true(watch_job_is(5, "a") != watch_job_is(6, "a"));
	watch_finish(5, false, "no");
	assert_int_equal(cw_watcher_remove(watch_d.watcher, watch_in_folder("a"), NULL), 0);
	watch_tell_refs(6, FP1, "b", "a");
	watch_finish(6, true, UNCHANGED);
	watch_make_file("a/y");
	watch_run_to(7);
	assert_true(watch_job_is(7, "b"));
}

/* a change while a scan runs is looked at after it */
static void test_again(void **state)
{
	watch_new("a");
	watch_make_file("a/x");
	watch_run_to(3);
	watch_tell_refs(3, FP2, "a", NULL);
	cw_watcher_hint(watch_d.watcher, watch_in_folder("a"));
	cw_watcher_hint(watch_d.watcher, watch_in_folder("no such one"));
	watch_finish(3, true, CLEAN);
	watch_run_to(4);
	assert_non_null(strstr(watch_jobs[3].message, FP2));
}

/* a repository that fails says why, is looked at again at a sweep, and is well again; what it had found stays */
static void test_failing(void **state)
{
	watch_d.rules.conf->watch_sweep_ms = 100;
	watch_new("a");
	watch_run_to(3);
	watch_finish(3, false, "it is gone");
	assert_int_equal(watch_seen().state, CW_WATCH_FAILING);
	assert_string_equal(watch_seen().reason, "it is gone");
	watch_run_to(4);
	watch_tell_refs(4, FP1, "a", NULL);
	watch_finish(4, true, UNCHANGED);
	assert_int_equal(watch_seen().state, CW_WATCH_WATCHING);
	watch_run_to(5);
}

/* an incomplete scan stores what it found, says so, and is done again */
static void test_incomplete(void **state)
{
	watch_d.rules.conf->watch_sweep_ms = 100;
	watch_make_folder("a");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL), 0);
	watch_run_to(1);
	watch_tell_refs(1, FP1, NULL, NULL);
	watch_tell_finding(1, "s1", "x");
	watch_finish(1, true,
	       "{\"parameters\":{\"coverage\":{\"expected\":5,\"scanned\":3,\"cached\":1,\"unscanned\":1,"
	       "\"unscanned_reasons\":[\"too large\"]}}}");
	assert_int_equal(watch_seen().state, CW_WATCH_FAILING);
	assert_string_equal(watch_seen().reason, "1 of 5 objects could not be scanned: too large");
	assert_int_equal(watch_seen().findings, 1);
	watch_run_to(2);
	assert_null(strstr(watch_jobs[1].message, "known"));
	/* numbers that do not add up are no complete scan either */
	watch_tell_refs(2, FP1, NULL, NULL);
	watch_finish(2, true, "{\"parameters\":{\"coverage\":{\"expected\":5,\"scanned\":3,\"cached\":1,\"unscanned\":0}}}");
	assert_int_equal(watch_seen().state, CW_WATCH_FAILING);
	/* the same reason once more: it still fails */
	watch_run_to(3);
	watch_tell_refs(3, FP1, NULL, NULL);
	watch_finish(3, true, "{\"parameters\":{\"coverage\":{\"expected\":5,\"scanned\":3,\"cached\":1,\"unscanned\":0}}}");
	assert_int_equal(watch_seen().state, CW_WATCH_FAILING);
	assert_string_equal(watch_seen().reason, "0 of 5 objects could not be scanned");
	/* until a scan is complete */
	watch_run_to(4);
	watch_tell_refs(4, FP1, NULL, NULL);
	watch_finish(4, true, CLEAN);
	assert_int_equal(watch_seen().state, CW_WATCH_WATCHING);
	assert_string_equal(watch_seen().reason, "");
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

	watch_d.rules.conf->watch_sweep_ms = 100;
	watch_make_folder("a");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL), 0);
	for (i = 0; i < sizeof(records) / sizeof(*records); i++) {
		watch_run_to(++n);
		watch_tell_refs(n, FP1, NULL, NULL);
		watch_tell_finding(n, "s1", "x");
		watch_tell(n, CW_IPC_RECORD, records[i]);
		watch_finish(n, true, CLEAN);
		assert_int_equal(watch_seen().state, CW_WATCH_FAILING);
		assert_int_equal(watch_seen().findings, 0);
		cw_watcher_sweep(watch_d.watcher);
	}
	watch_run_to(++n);
	watch_finish(n, true, CLEAN);
	assert_string_equal(watch_seen().reason, "a worker told no fingerprint");
	cw_watcher_sweep(watch_d.watcher);
	watch_run_to(++n);
	watch_tell(n, CW_IPC_REFS, "{\"fingerprint\":\"../../x\"}");
	watch_finish(n, true, CLEAN);
	assert_string_equal(watch_seen().known, "");
}

/* other rules or another configuration: everything is scanned again, though no reference moved */
static void test_rules(void **state)
{
	watch_new("a");
	cw_watcher_sweep(watch_d.watcher);
	watch_run_to(3);
	assert_non_null(strstr(watch_jobs[2].message, "known"));
	watch_tell_refs(3, FP1, "a", NULL);
	watch_finish(3, true, UNCHANGED);
	snprintf(watch_d.rules.digest, sizeof(watch_d.rules.digest), "d2");
	cw_watcher_sweep(watch_d.watcher);
	watch_run_to(4);
	assert_null(strstr(watch_jobs[3].message, "known"));
	watch_tell_refs(4, FP1, "a", NULL);
	watch_finish(4, true, CLEAN);
	watch_d.rules.conf->inline_marks = !watch_d.rules.conf->inline_marks;
	cw_watcher_sweep(watch_d.watcher);
	watch_run_to(5);
	assert_null(strstr(watch_jobs[4].message, "known"));
}

/* a reload while a scan runs: it counts for the rules that it was begun with alone */
static void test_rules_meanwhile(void **state)
{
	watch_make_folder("a");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL), 0);
	watch_run_to(1);
	watch_tell_refs(1, FP1, NULL, NULL);
	snprintf(watch_d.rules.digest, sizeof(watch_d.rules.digest), "d2");
	cw_watcher_sweep(watch_d.watcher);
	watch_finish(1, true, CLEAN);
	watch_run_to(2);
	assert_null(strstr(watch_jobs[1].message, "known"));
	watch_tell_refs(2, FP1, NULL, NULL);
	watch_finish(2, true, CLEAN);
	cw_watcher_sweep(watch_d.watcher);
	watch_run_to(3);
	assert_non_null(strstr(watch_jobs[2].message, "known"));
}

/* more findings than are kept in memory; the repository changes as one all the same */
static void test_many(void **state)
{
	char path[32];
	int i;

	watch_make_folder("a");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("a"), false, NULL), 0);
	watch_run_to(1);
	watch_tell_refs(1, FP1, NULL, NULL);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		watch_tell_finding(1, "s1", path);
	}
	assert_int_equal(watch_seen().state, CW_WATCH_BASELINING);
	assert_string_equal(watch_seen().known, "");
	watch_finish(1, true, CLEAN);
	assert_int_equal(watch_seen().findings, 1000);
	assert_int_equal(watch_notices(), 1000);
	/* the same again: nothing new */
	snprintf(watch_d.rules.digest, sizeof(watch_d.rules.digest), "d2");
	cw_watcher_sweep(watch_d.watcher);
	watch_run_to(2);
	watch_tell_refs(2, FP1, NULL, NULL);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "f%d", i);
		watch_tell_finding(2, "s1", path);
	}
	watch_finish(2, true, CLEAN);
	assert_int_equal(watch_seen().findings, 1000);
	assert_int_equal(watch_notices(), 0); /* nobody wants them, and none is new */
}

/* a repository that is removed while it is scanned: its job ends, nothing of it is stored */
static void test_remove(void **state)
{
	watch_new("a");
	watch_make_file("a/x");
	watch_run_to(3);
	watch_tell_refs(3, FP2, "a", NULL);
	watch_tell_finding(3, "s1", "x");
	assert_int_equal(cw_watcher_remove(watch_d.watcher, watch_in_folder("a"), NULL), 0);
	assert_false(watch_jobs[2].open);
	assert_int_equal(watch_seen().n, 0);
	watch_make_file("a/y");
	watch_new("b");
	assert_true(watch_job_is(4, "b"));
}

/* first scans leave a place free, which events take; no more watch_jobs than there are places */
static void test_slots(void **state)
{
	watch_new("a");
	watch_make_folder("b");
	watch_make_folder("c");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("b"), false, NULL), 0);
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("c"), false, NULL), 0);
	watch_run_to(3);
	assert_true(watch_job_is(3, "b"));
	watch_make_file("a/x");
	watch_run_to(4);
	assert_true(watch_job_is(4, "a"));
	watch_tell_refs(4, FP1, "a", NULL);
	watch_finish(4, true, UNCHANGED);
	watch_make_file("a/y");
	watch_run_to(5); /* not "c" */
	assert_true(watch_job_is(5, "a"));
	watch_tell_refs(3, FP1, NULL, NULL);
	watch_finish(3, true, CLEAN);
	watch_run_to(6);
	assert_true(watch_job_is(6, "c"));
}

/* a look that takes too long is taken up again as a slow one: unhurried, and never in the last place */
static void test_slow(void **state)
{
	watch_new("a");
	watch_new("b");
	watch_new("c");
	watch_make_file("a/x");
	watch_make_file("b/x");
	watch_run_to(8);
	assert_true(watch_jobs[6].job.deadline_ms > 0);
	skew_ms += 40000;
	watch_finish(7, false, "it took too long");
	watch_finish(8, false, "it took too long");
	assert_int_equal(watch_seen().state, CW_WATCH_WATCHING);
	watch_run_to(9);
	assert_true(watch_job_is(9, "a"));
	assert_int_equal(watch_jobs[8].job.deadline_ms, 0);
	watch_make_file("c/x");
	watch_run_to(10); /* not "b", which has to wait for "a" */
	assert_true(watch_job_is(10, "c"));
	watch_tell_refs(9, FP2, "a", NULL);
	watch_finish(9, true, CLEAN);
	watch_run_to(11);
	assert_true(watch_job_is(11, "b"));
	/* quick again, it is like any other */
	watch_make_file("a/y");
	watch_tell_refs(10, FP1, "c", NULL);
	watch_finish(10, true, UNCHANGED);
	watch_run_to(12);
	assert_true(watch_job_is(12, "a"));
	assert_true(watch_jobs[11].job.deadline_ms > 0);
}

/* a pool that takes no job is asked again */
static void test_full(void **state)
{
	watch_submit_fails = 2;
	watch_new("a");
	assert_int_equal(watch_submit_fails, 0);
}

/* after a restart every repository is looked at, with what was scanned last; one that was never scanned is scanned */
static void test_restart(void **state)
{
	watch_new("a");
	watch_make_folder("b");
	assert_int_equal(cw_watcher_add(watch_d.watcher, watch_in_folder("b"), false, NULL), 0);
	watch_run_to(3);
	watch_tell_refs(3, FP1, NULL, NULL);
	watch_tell_finding(3, "s1", "x");
	watch_close_all();
	assert_false(watch_jobs[2].open);
	watch_open_all();
	watch_run_to(5);
	assert_true(watch_job_is(4, "a"));
	assert_non_null(strstr(watch_jobs[3].message, FP1));
	assert_true(watch_job_is(5, "b"));
	assert_null(strstr(watch_jobs[4].message, "known"));
	assert_int_equal(watch_seen().state, CW_WATCH_BASELINING);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, watch_set_up, watch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add), TEST(test_refused), TEST(test_paths), TEST(test_events),
		TEST(test_new_folder), TEST(test_shared), TEST(test_again), TEST(test_failing),
		TEST(test_incomplete), TEST(test_bad_worker), TEST(test_rules), TEST(test_many), TEST(test_rules_meanwhile),
		TEST(test_remove), TEST(test_slots), TEST(test_slow), TEST(test_full), TEST(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
