/* Tests of lib/store/state*.c; what a kill leaves is in test_state_kill.c, what a lack of memory does in test_state_nomem.c. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/io.h"
#include "state_case.h"

/* a new state is empty, is nobody else's to read, and is the same after closing */
static void test_open(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	struct stat st;

	assert_int_equal(stat(state_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(state_watches(s).n, 0);
	assert_int_equal(state_counted(s), 0);
	assert_int_equal(state_notices(s), 0);
	state_add_watch(s, "/r", false);
	cw_state_close(s);
	s = state_open_at(state_path);
	assert_string_equal(state_watches(s).path, "/r");
	cw_state_close(s);
	cw_state_close(NULL);
}

/* a second writer is refused, in this process and in another one, and the first goes on */
static void test_second(void **state)
{
	struct cw_state *s = state_open_at(state_path), *other = NULL;
	int status = 0;
	pid_t pid;

	assert_int_equal(cw_state_open(state_path, &other, NULL), CW_E_INVALID);
	assert_null(other);
	pid = fork();
	if (pid == 0)
		_exit(cw_state_open(state_path, &other, NULL) == CW_E_INVALID ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	state_add_watch(s, "/r", false);
	cw_state_close(s);
	s = state_open_at(state_path);
	assert_int_equal(state_watches(s).n, 1);
	cw_state_close(s);
}

static void write_file(const char *text, size_t len, mode_t mode)
{
	assert_int_equal(cw_io_replace_file(state_path, text, len, mode, NULL), 0);
}

/* files that are not taken: readable by others, a link, a folder, another format, damaged, of another program */
static void test_refused(void **state)
{
	struct cw_state *s = NULL;
	struct cw_err err = CW_ERR_INIT;

	write_file("", 0, 0644);
	assert_int_equal(cw_state_open(state_path, &s, &err), CW_E_INVALID);
	write_file("not a database, but long enough to be taken for one if nobody looks at how it begins: 0123456789 0123456789", 105,
		   0600);
	assert_int_equal(cw_state_open(state_path, &s, &err), CW_E_CORRUPT);
	assert_non_null(strstr(err.msg, "move it away"));
	assert_int_equal(unlink(state_path), 0);
	assert_int_equal(symlink("/dev/null", state_path), 0);
	assert_int_equal(cw_state_open(state_path, &s, &err), CW_E_INVALID);
	assert_int_equal(unlink(state_path), 0);
	assert_int_equal(mkdir(state_path, 0700), 0);
	assert_int_equal(cw_state_open(state_path, &s, &err), CW_E_INVALID);
	assert_int_equal(rmdir(state_path), 0);
	assert_int_equal(cw_state_open("/tmp/cw-no-such-folder/state", &s, &err), CW_E_NOTFOUND);
	assert_null(s);
}

static void run_sql(const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(state_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(chmod(state_path, 0600), 0);
}

/* a state of a later version is refused and left as it is; so is the database of another program */
static void test_versions(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	struct cw_err err = CW_ERR_INIT;

	cw_state_close(s);
	s = NULL;
	run_sql("PRAGMA user_version=1000");
	assert_int_equal(cw_state_open(state_path, &s, &err), CW_E_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "1000"));
	assert_int_equal(unlink(state_path), 0);
	run_sql("CREATE TABLE other(x)");
	assert_int_equal(cw_state_open(state_path, &s, &err), CW_E_INVALID);
	assert_null(s);
}

static int skip_watch(void *payload, const struct cw_state_watch *w, struct cw_err *err)
{
	return 0;
}

/* a damaged page is noticed when it is read, and nothing crashes */
static void test_damaged(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	struct cw_err err = CW_ERR_INIT;
	char name[64];
	char junk[4096];
	int fd, i, rc;

	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "/some/repository/with/a/longer/name/%d", i);
		state_add_watch(s, name, false);
	}
	cw_state_close(s);
	fd = open(state_path, O_RDWR);
	memset(junk, 0x5a, sizeof(junk));
	for (i = 10; i < 24; i++)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), i * 4096), sizeof(junk));
	close(fd);
	s = NULL;
	rc = cw_state_open(state_path, &s, &err);
	if (rc == 0)
		rc = cw_state_watch_list(s, skip_watch, NULL, &err);
	assert_int_equal(rc, CW_E_CORRUPT);
	cw_state_close(s);
}

/* watches: added once, listed by path, failing and well again, removed with their findings */
static void test_watches(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id, b;
	struct state_watches all;

	b = state_add_watch(s, "/b", true);
	id = state_add_watch(s, "/a", false);
	assert_true(id > b);
	assert_int_equal(cw_state_watch_add(s, "/a", false, &id, NULL), CW_E_INVALID);
	all = state_watches(s);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.path, "/b");
	assert_true(all.last.from_now);
	assert_int_equal(all.last.state, CW_WATCH_BASELINING);
	assert_int_equal(cw_state_watch_fail(s, b, "gone", NULL), 0);
	all = state_watches(s);
	assert_int_equal(all.last.state, CW_WATCH_FAILING);
	assert_string_equal(all.reason, "gone");
	assert_int_equal(cw_state_watch_fail(s, b, NULL, NULL), 0);
	assert_int_equal(state_watches(s).last.state, CW_WATCH_BASELINING);
	assert_int_equal(cw_state_watch_fail(s, 999, "gone", NULL), CW_E_NOTFOUND);
	state_scan(s, b, "f1", "s1");
	assert_int_equal(state_findings(s, NULL, 0, 0).n, 1);
	assert_int_equal(cw_state_watch_remove(s, "/b", NULL), 0);
	assert_int_equal(cw_state_watch_remove(s, "/b", NULL), CW_E_NOTFOUND);
	assert_int_equal(state_findings(s, NULL, 0, 0).n, 0);
	assert_int_equal(state_notices(s), 0);
	assert_true(state_add_watch(s, "/b", false) > id);
	cw_state_close(s);
}

/* a scan: findings, fingerprint and times are stored; the same finding again is not new, and is told once */
static void test_scan(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false);
	struct state_watches all;
	struct state_findings found;

	assert_true(state_scan(s, id, "f1", "s1"));
	all = state_watches(s);
	assert_int_equal(all.last.state, CW_WATCH_WATCHING);
	assert_string_equal(all.refs, "f1");
	assert_int_equal(all.last.last_scan, NOW);
	assert_int_equal(all.last.last_change, NOW);
	assert_int_equal(all.last.findings, 1);
	assert_int_equal(state_notices(s), 1);
	state_begin(s, id, NOW + 5);
	assert_false(state_find(s, "s1", "a", false));
	assert_true(state_find(s, "s2", "b", false));
	assert_false(state_find(s, "s2", "b", false)); /* a worker that says it twice */
	state_end(s, "f1", true);
	assert_int_equal(state_watches(s).last.last_change, NOW);
	assert_int_equal(state_watches(s).last.last_scan, NOW + 5);
	assert_int_equal(state_notices(s), 2);
	found = state_findings(s, "/r", 0, 0);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.of_state[CW_FOUND_LIVE], 2);
	assert_int_equal(found.first_seen, NOW + 5);
	assert_int_equal(found.last_seen, NOW + 5);
	assert_int_equal(state_findings(s, "/r", found.last_id, 0).n, 0);
	assert_int_equal(state_findings(s, NULL, found.last_id - 1, 0).n, 1);
	assert_int_equal(state_findings(s, "/other", 0, 0).n, 0);
	assert_int_equal(state_counted(s), 2);
	cw_state_close(s);
}

/* what a complete scan does not find is gone, an incomplete one says nothing; what comes back is not new and not told again */
static void test_gone(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false);
	struct state_findings found;

	state_scan(s, id, "f1", "s1");
	state_begin(s, id, NOW + 10);
	state_end(s, "f2", false);
	assert_int_equal(state_findings(s, NULL, 0, 0).of_state[CW_FOUND_LIVE], 1);
	assert_string_equal(state_watches(s).refs, "");
	assert_int_equal(state_watches(s).last.state, CW_WATCH_WATCHING);
	state_begin(s, id, NOW + 20);
	state_end(s, "f2", true);
	found = state_findings(s, NULL, 0, 0);
	assert_int_equal(found.of_state[CW_FOUND_GONE], 1);
	assert_int_equal(found.last_seen, NOW + 10);
	assert_int_equal(state_counted(s), 0);
	assert_false(state_scan(s, id, "f3", "s1"));
	assert_int_equal(state_findings(s, NULL, 0, 0).of_state[CW_FOUND_LIVE], 1);
	assert_int_equal(state_notices(s), 1);
	assert_int_equal(state_counted(s), 1);
	cw_state_close(s);
}

/* a watch from now: its first scan is told nothing of, its second is */
static void test_from_now(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", true);

	assert_true(state_scan(s, id, "f1", "s1"));
	assert_int_equal(state_notices(s), 0);
	state_begin(s, id, NOW + 1);
	state_find(s, "s1", "a", false);
	state_find(s, "s1", "b", false);
	state_end(s, "f2", true);
	assert_int_equal(state_notices(s), 1);
	assert_int_equal(cw_state_notice_renew(s, NOW / DAY, NULL), 0);
	assert_int_equal(state_notices(s), 1);
	cw_state_close(s);
}

/* a scan that is aborted leaves nothing; one in pieces keeps what came, ends only with its end, and knows what all pieces saw */
static void test_pieces(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false), other = state_add_watch(s, "/s", false);

	state_begin(s, id, NOW);
	state_find(s, "s1", "a", false);
	cw_state_scan_abort(s);
	assert_int_equal(state_findings(s, NULL, 0, 0).n, 0);
	state_begin(s, id, NOW);
	state_find(s, "s1", "a", false);
	assert_int_equal(cw_state_scan_pause(s, NULL), 0);
	state_scan(s, other, "g1", "s1");
	assert_string_equal(state_watches(s).refs, "g1");
	state_begin(s, id, NOW);
	state_find(s, "s2", "a", false);
	state_end(s, "f1", true);
	assert_int_equal(state_findings(s, "/r", 0, 0).of_state[CW_FOUND_LIVE], 2);
	/* the next one sees only one of them */
	state_begin(s, id, NOW);
	state_find(s, "s1", "a", false);
	assert_int_equal(cw_state_scan_pause(s, NULL), 0);
	cw_state_scan_forget(s, id);
	state_scan(s, id, "f2", "s2");
	assert_int_equal(state_findings(s, "/r", 0, 0).of_state[CW_FOUND_GONE], 1);
	assert_int_equal(state_findings(s, "/s", 0, 0).of_state[CW_FOUND_GONE], 0);
	/* a watch that is removed between pieces */
	state_begin(s, id, NOW);
	assert_int_equal(cw_state_scan_pause(s, NULL), 0);
	assert_int_equal(cw_state_watch_remove(s, "/r", NULL), 0);
	assert_int_equal(cw_state_scan_begin(s, id, NOW, NULL), CW_E_NOTFOUND);
	state_scan(s, other, "g2", NULL);
	cw_state_close(s);
}

/* what was found before a tree named it is not new, nor told again, at the place that it gets */
static void test_placeless(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false);
	struct cw_state_found f = { .key = "s1 object", .fingerprint = "s1", .record = "{}", .placeless = true };
	bool is_new = false;

	state_begin(s, id, NOW);
	assert_int_equal(cw_state_scan_finding(s, &f, &is_new, NULL), 0);
	assert_true(is_new);
	state_end(s, "f1", true);
	state_begin(s, id, NOW);
	assert_false(state_find(s, "s1", "a", false));
	assert_true(state_find(s, "s2", "a", false));
	state_end(s, "f2", true);
	assert_int_equal(state_notices(s), 2);
	assert_int_equal(state_counted(s), 2);
	assert_int_equal(state_findings(s, NULL, 0, 0).of_state[CW_FOUND_GONE], 1);
	assert_true(state_scan(s, id, "f3", "s1") == false);
	state_begin(s, id, NOW);
	assert_true(state_find(s, "s1", "b", false)); /* another place of it is new again */
	state_end(s, "f4", true);
	cw_state_close(s);
}

/* a record that is too long is refused, and the scan can go on */
static void test_long(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false);
	char *record = malloc(CW_STATE_RECORD_MAX + 2);
	struct cw_state_found f = { .key = "k", .fingerprint = "s", .record = record };

	assert_non_null(record);
	memset(record, 'x', CW_STATE_RECORD_MAX + 1);
	record[CW_STATE_RECORD_MAX + 1] = '\0';
	state_begin(s, id, NOW);
	assert_int_equal(cw_state_scan_finding(s, &f, NULL, NULL), CW_E_LIMIT);
	record[CW_STATE_RECORD_MAX] = '\0';
	assert_int_equal(cw_state_scan_finding(s, &f, NULL, NULL), 0);
	state_end(s, "f", true);
	assert_int_equal(state_findings(s, NULL, 0, 0).n, 1);
	free(record);
	cw_state_close(s);
}

/* an allowed secret does not count and is not told of; what waits to be sent is dropped; revoked it counts and is told of */
static void test_allow(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false), other = state_add_watch(s, "/s", false);
	bool allowed = true;

	state_scan(s, id, "f1", "s1");
	state_allow(s, "s1", CW_STATE_NEVER);
	assert_int_equal(state_notices(s), 0);
	assert_int_equal(state_counted(s), 0);
	assert_int_equal(state_findings(s, NULL, 0, NOW / DAY).of_state[CW_FOUND_ALLOWED], 1);
	state_scan(s, other, "g1", "s1");
	assert_int_equal(state_notices(s), 0);
	assert_int_equal(state_counted(s), 0);
	assert_int_equal(cw_state_is_allowed(s, "s1", NOW / DAY, &allowed, NULL), 0);
	assert_true(allowed);
	assert_int_equal(cw_state_is_allowed(s, "s2", NOW / DAY, &allowed, NULL), 0);
	assert_false(allowed);
	assert_int_equal(cw_state_revoke(s, "s1", NOW, NULL), 0);
	assert_int_equal(cw_state_revoke(s, "s1", NOW, NULL), CW_E_NOTFOUND);
	assert_int_equal(state_notices(s), 2);
	assert_int_equal(state_counted(s), 2);
	/* told once, then never again */
	while (state_next_notice(s, NOW).id != 0)
		assert_int_equal(cw_state_notice_done(s, state_next_notice(s, NOW).id, NULL), 0);
	state_allow(s, "s1", CW_STATE_NEVER);
	assert_int_equal(cw_state_revoke(s, "s1", NOW, NULL), 0);
	assert_int_equal(state_notices(s), 0);
	cw_state_close(s);
}

/* an allowance ends with its last day, and then what it hid is told of; a suppressed finding is told of when it no longer is */
static void test_expiry(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false);

	state_allow(s, "s1", NOW / DAY);
	state_begin(s, id, NOW);
	state_find(s, "s1", "a", false);
	state_find(s, "s2", "a", true);
	state_end(s, "f1", true);
	assert_int_equal(state_findings(s, NULL, 0, NOW / DAY).of_state[CW_FOUND_ALLOWED], 1);
	assert_int_equal(state_findings(s, NULL, 0, NOW / DAY).of_state[CW_FOUND_SUPPRESSED], 1);
	assert_int_equal(cw_state_notice_renew(s, NOW / DAY, NULL), 0);
	assert_int_equal(state_notices(s), 0);
	assert_int_equal(state_counted(s), 0);
	assert_int_equal(cw_state_notice_renew(s, NOW / DAY + 1, NULL), 0);
	assert_int_equal(cw_state_notice_renew(s, NOW / DAY + 1, NULL), 0);
	assert_int_equal(state_counted(s), 1);
	assert_int_equal(state_notices(s), 1);
	assert_int_equal(state_findings(s, NULL, 0, NOW / DAY + 1).of_state[CW_FOUND_LIVE], 1);
	state_begin(s, id, NOW);
	state_find(s, "s1", "a", false);
	assert_false(state_find(s, "s2", "a", false));
	state_end(s, "f1", true);
	assert_int_equal(state_notices(s), 2);
	cw_state_close(s);
}

/* notifications: the one due longest comes first; a failed one comes again later, with its number of tries; done it is gone */
static void test_notices(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false), due = 0;
	struct state_notice first, second;

	assert_int_equal(cw_state_notice_due(s, &due, NULL), 0);
	assert_true(due == INT64_MAX);
	state_begin(s, id, NOW);
	state_find(s, "s1", "a", false);
	state_find(s, "s2", "a", false);
	state_end(s, "f1", true);
	assert_int_equal(state_next_notice(s, NOW - 1).id, 0);
	first = state_next_notice(s, NOW);
	assert_string_equal(first.repository, "/r");
	assert_non_null(strstr(first.record, "s1"));
	assert_int_equal(first.tries, 0);
	assert_int_equal(cw_state_notice_failed(s, first.id, NOW + 60, NULL), 0);
	second = state_next_notice(s, NOW);
	assert_non_null(strstr(second.record, "s2"));
	assert_int_equal(cw_state_notice_done(s, second.id, NULL), 0);
	assert_int_equal(state_next_notice(s, NOW).id, 0);
	assert_int_equal(cw_state_notice_due(s, &due, NULL), 0);
	assert_int_equal(due, NOW + 60);
	assert_int_equal(state_next_notice(s, NOW - 3600).id, 0);
	assert_int_equal(state_next_notice(s, NOW - 2 * DAY).id, first.id); /* the clock was put back */
	cw_state_close(s);
	s = state_open_at(state_path);
	second = state_next_notice(s, NOW + 60);
	assert_int_equal(second.id, first.id);
	assert_int_equal(second.tries, 1);
	assert_int_equal(cw_state_notice_done(s, first.id, NULL), 0);
	assert_int_equal(cw_state_notice_done(s, first.id, NULL), 0);
	assert_int_equal(cw_state_notice_failed(s, first.id, NOW, NULL), 0);
	assert_int_equal(state_notices(s), 0);
	state_begin(s, id, NOW);
	state_find(s, "s4", "a", false);
	state_end(s, "f2", true);
	assert_int_equal(cw_state_notice_clear(s, NULL), 0);
	assert_int_equal(state_next_notice(s, NOW).id, 0);
	cw_state_close(s);
}

static int stop_list(void *payload, const struct cw_state_finding *f, struct cw_err *err)
{
	return ++*(int *)payload == 2 ? CW_E_CANCELLED : 0;
}

/* a list ends when its receiver wants no more, and can be asked for again */
static void test_list_end(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int64_t id = state_add_watch(s, "/r", false);
	int n = 0;

	state_begin(s, id, NOW);
	state_find(s, "s1", "a", false);
	state_find(s, "s1", "b", false);
	state_find(s, "s1", "c", false);
	state_end(s, "f1", true);
	assert_int_equal(cw_state_finding_list(s, NULL, 0, 0, stop_list, &n, NULL), CW_E_CANCELLED);
	assert_int_equal(state_findings(s, NULL, 0, 0).n, 3);
	cw_state_close(s);
}

/* texts with quotes and bytes of no encoding are stored as they are */
static void test_bytes(void **state)
{
	struct cw_state *s = state_open_at(state_path);

	state_add_watch(s, "/it's \"here\"; DROP TABLE finding --\xff\xfe", false);
	assert_string_equal(state_watches(s).path, "/it's \"here\"; DROP TABLE finding --\xff\xfe");
	assert_int_equal(cw_state_watch_remove(s, "/it's \"here\"; DROP TABLE finding --\xff\xfe", NULL), 0);
	assert_int_equal(state_findings(s, NULL, 0, 0).n, 0);
	cw_state_close(s);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_second),
		TEST(test_refused),
		TEST(test_versions),
		TEST(test_damaged),
		TEST(test_watches),
		TEST(test_scan),
		TEST(test_gone),
		TEST(test_from_now),
		TEST(test_pieces),
		TEST(test_long),
		TEST(test_allow),
		TEST(test_expiry),
		TEST(test_notices),
		TEST(test_list_end),
		TEST(test_bytes),
		TEST(test_placeless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
