/* The state without memory: each allocation in turn fails, SQLite's own included. Required outcome: the error is reported, or the
 * result is right all the same; the state holds together and can be used again; nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "store/state.h"

#define ALLOCATIONS_MAX 100000 /* more than the scenario makes */
#define NOW INT64_C(1728000000)

static char folder[64], path[96];

static int set_up(void **state)
{
	snprintf(folder, sizeof(folder), "%s/cw-state-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state", folder);
	return 0;
}

static void remove_files(void)
{
	char name[128];

	unlink(path);
	snprintf(name, sizeof(name), "%s-wal", path);
	unlink(name);
}

static int tear_down(void **state)
{
	remove_files();
	return rmdir(folder);
}

static int count_watch(void *payload, const struct cw_state_watch *w, struct cw_err *err)
{
	++*(int *)payload;
	return 0;
}

static int count_finding(void *payload, const struct cw_state_finding *f, struct cw_err *err)
{
	++*(int *)payload;
	return 0;
}

static int take_id(void *payload, const struct cw_state_notice *n, struct cw_err *err)
{
	*(int64_t *)payload = n->id;
	return 0;
}

static int scan(struct cw_state *s, int64_t id)
{
	struct cw_state_found f = { .key = "k", .fingerprint = "s", .record = "{}" };
	int rc = cw_state_scan_begin(s, id, NOW, NULL);

	if (rc < 0)
		return rc;
	rc = cw_state_scan_finding(s, &f, NULL, NULL);
	if (rc < 0) {
		cw_state_scan_abort(s);
		return rc;
	}
	return cw_state_scan_end(s, "f1", true, NULL);
}

static int use(struct cw_state *s)
{
	struct cw_state_allowance a = { .fingerprint = "s", .reason = "r", .expires = CW_STATE_NEVER, .now = NOW };
	int64_t id = 0, notice = 0, due = 0;
	int listed = 0, found = 0, rc;
	bool any = false;

	if ((rc = cw_state_watch_add(s, "/r", false, &id, NULL)) < 0 || (rc = scan(s, id)) < 0 ||
	    (rc = cw_state_watch_list(s, count_watch, &listed, NULL)) < 0 ||
	    (rc = cw_state_finding_list(s, "/r", 0, 0, count_finding, &found, NULL)) < 0 ||
	    (rc = cw_state_notice_next(s, NOW, &any, take_id, &notice, NULL)) < 0 ||
	    (rc = cw_state_notice_failed(s, notice, NOW + 1, NULL)) < 0 || (rc = cw_state_notice_due(s, &due, NULL)) < 0 ||
	    (rc = cw_state_allow(s, &a, NULL)) < 0 || (rc = cw_state_revoke(s, "s", NOW, NULL)) < 0 ||
	    (rc = cw_state_watch_fail(s, id, "why", NULL)) < 0 || (rc = cw_state_watch_remove(s, "/r", NULL)) < 0)
		return rc;
	return listed == 1 && found == 1 && any && due == NOW + 1 ? 0 : 1;
}

static int scenario(void)
{
	CW_CLEANUP(cw_state_close_p) struct cw_state *s = NULL;
	int rc = cw_state_open(path, &s, NULL);

	return rc < 0 ? rc : use(s);
}

/* Let the N-th allocation fail; whether there were that many. */
static bool fail_nth(unsigned long n, enum cw_fail_alloc_mode mode)
{
	long live = cw_fail_alloc_live();
	unsigned long count;
	int rc;

	remove_files();
	cw_fail_alloc_mode(n, mode);
	rc = scenario();
	count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	if (cw_fail_alloc_live() != live)
		fail_msg("allocation %lu: %ld blocks leak", n, cw_fail_alloc_live() - live);
	if (rc != 0 && rc != CW_E_NOMEM)
		fail_msg("allocation %lu: result %d", n, rc);
	if (count < n && rc != 0)
		fail_msg("allocation %lu: error without a failure", n);
	return count >= n;
}

/* What the scenario left when it failed does not hinder the next one. */
static void check_usable(void)
{
	CW_CLEANUP(cw_state_close_p) struct cw_state *s = NULL;
	int64_t id = 0;

	assert_int_equal(cw_state_open(path, &s, NULL), 0);
	cw_state_watch_remove(s, "/r", NULL);
	assert_int_equal(cw_state_watch_add(s, "/r", false, &id, NULL), 0);
	assert_int_equal(scan(s, id), 0);
}

/* one allocation fails, each in turn */
static void test_once(void **state)
{
	unsigned long n;

	assert_int_equal(scenario(), 0);
	for (n = 1; fail_nth(n, CW_FAIL_ALLOC_ONCE); n++) {
		assert_true(n < ALLOCATIONS_MAX);
		if (n % 8 == 0)
			check_usable();
	}
	assert_true(n > 50);
}

/* memory is gone from some point on */
static void test_from(void **state)
{
	unsigned long n;

	assert_int_equal(scenario(), 0);
	for (n = 1; fail_nth(n, CW_FAIL_ALLOC_FROM); n++) {
		assert_true(n < ALLOCATIONS_MAX);
		if (n % 8 == 0)
			check_usable();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_from, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
