/* What is left of the state when its process dies, at any point. */
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

#include "base/buf.h"
#include "base/io.h"
#include "state_case.h"

/* Everything in order; after step STOP (from 1) call AT. Returns the number of steps. */
static int play(struct cw_state *s, int stop, void (*at)(void))
{
	int step = 0;
	int64_t id = state_add_watch(s, "/r", false), due;

#define STEP()                                                                                                                  \
	do {                                                                                                                    \
		if (++step == stop)                                                                                             \
			at();                                                                                                   \
	} while (0)
	STEP();
	state_begin(s, id, NOW);
	STEP();
	state_find(s, "s1", "a", false);
	STEP();
	state_find(s, "s2", "a", false);
	STEP();
	state_end(s, "f1", true);
	STEP();
	assert_int_equal(cw_state_notice_done(s, state_next_notice(s, NOW).id, NULL), 0);
	STEP();
	state_begin(s, id, NOW + 1);
	STEP();
	state_find(s, "s3", "a", false);
	STEP();
	assert_int_equal(cw_state_scan_pause(s, NULL), 0);
	STEP();
	state_begin(s, id, NOW + 1);
	STEP();
	state_find(s, "s1", "a", false);
	STEP();
	state_end(s, "f2", true);
	STEP();
	state_allow(s, "s3", CW_STATE_NEVER);
	STEP();
	assert_int_equal(cw_state_notice_due(s, &due, NULL), 0);
	STEP();
#undef STEP
	return step;
}

static int take_count(void *payload, int columns, char **values, char **names)
{
	snprintf(payload, 64, "%s", values[0] != NULL ? values[0] : "");
	return 0;
}

static void check_sql(const char *name, const char *sql, const char *wanted)
{
	sqlite3 *db = NULL;
	char got[64] = "";

	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, take_count, got, NULL), SQLITE_OK);
	assert_string_equal(got, wanted);
	sqlite3_close(db);
}

/* What must hold of the state at NAME whenever it is looked at. */
static void check_consistent(const char *name)
{
	struct cw_state *s = state_open_at(name);
	struct state_watches all = state_watches(s);
	size_t n = state_findings(s, NULL, 0, 0).n;

	if (all.n != 0 && strcmp(all.refs, "") == 0)
		assert_int_equal(n, 0);
	if (strcmp(all.refs, "f1") == 0)
		assert_true(n == 2 || n == 3); /* with the piece of the next scan */
	if (strcmp(all.refs, "f2") == 0)
		assert_int_equal(n, 3);
	cw_state_close(s);
	check_sql(name, "PRAGMA integrity_check", "ok");
	check_sql(name, "PRAGMA foreign_key_check", "");
	/* a notification and its finding are one */
	check_sql(name, "SELECT count(*) FROM notice WHERE finding NOT IN (SELECT id FROM finding WHERE notified = 1)", "0");
}

/* What is left is scanned again: the end is the same, nothing is told twice, nothing is missed. */
static void check_resumed(const char *name)
{
	struct cw_state *s = state_open_at(name);
	struct state_watches all = state_watches(s);
	int64_t id = all.n == 0 ? state_add_watch(s, "/r", false) : all.last.id;

	state_begin(s, id, NOW + 2);
	state_find(s, "s1", "a", false);
	state_find(s, "s2", "a", false);
	state_find(s, "s3", "a", false);
	state_end(s, "f3", true);
	assert_int_equal(state_findings(s, NULL, 0, 0).n, 3);
	state_allow(s, "s3", CW_STATE_NEVER);
	assert_int_equal(state_counted(s), 2);
	cw_state_close(s);
	check_sql(name, "SELECT count(*) FROM finding WHERE notified = 1", "2");
}

static void die(void)
{
	_exit(0);
}

/* a process that dies at any step leaves a state that holds together, and that a new one takes up */
static void test_killed(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int steps = play(s, 0, NULL), stop, status;
	pid_t pid;

	cw_state_close(s);
	for (stop = 1; stop <= steps; stop++) {
		state_tear_down(NULL);
		assert_int_equal(mkdir(state_folder, 0700), 0);
		pid = fork();
		if (pid == 0) {
			play(state_open_at(state_path), stop, die);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		check_consistent(state_path);
		check_resumed(state_path);
	}
}

static void copy_file(const char *end)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf content = CW_BUF_INIT;
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s%s", state_path, end);
	snprintf(to, sizeof(to), "%s.copy%s", state_path, end);
	if (cw_io_read_file(from, 1 << 26, 0, &content, NULL) == 0)
		assert_int_equal(cw_io_replace_file(to, content.data, content.len, 0600, NULL), 0);
}

static void copy_files(void)
{
	copy_file("");
	copy_file("-wal");
}

/* the files as they are on disk at any step, taken while the process lives, are a state that holds together */
static void test_copied(void **state)
{
	struct cw_state *s = state_open_at(state_path);
	int steps = play(s, 0, NULL), stop;
	char copy[128];

	cw_state_close(s);
	snprintf(copy, sizeof(copy), "%s.copy", state_path);
	for (stop = 1; stop <= steps; stop++) {
		state_tear_down(NULL);
		assert_int_equal(mkdir(state_folder, 0700), 0);
		/* Closing a file drops this process's locks on it, which is what a copy of the files is about anyway. */
		s = state_open_at(state_path);
		play(s, stop, copy_files);
		cw_state_close(s);
		check_consistent(copy);
		check_resumed(copy);
	}
}

/* a log that was cut off anywhere, as by a power loss, still gives one of the states before */
static void test_cut_log(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf log = CW_BUF_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf base = CW_BUF_INIT;
	struct cw_state *s = state_open_at(state_path);
	char copy[128], copy_log[128];
	bool whole = false;
	size_t len;

	play(s, 11, copy_files);
	cw_state_close(s);
	snprintf(copy, sizeof(copy), "%s.copy", state_path);
	snprintf(copy_log, sizeof(copy_log), "%s.copy-wal", state_path);
	assert_int_equal(cw_io_read_file(copy, 1 << 26, 0, &base, NULL), 0);
	assert_int_equal(cw_io_read_file(copy_log, 1 << 26, 0, &log, NULL), 0);
	for (len = 0; !whole; len += 997) {
		whole = len >= log.len;
		assert_int_equal(cw_io_replace_file(copy, base.data, base.len, 0600, NULL), 0);
		assert_int_equal(cw_io_replace_file(copy_log, log.data, whole ? log.len : len, 0600, NULL), 0);
		check_consistent(copy);
	}
	check_sql(copy, "SELECT count(*) FROM finding", "3");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_killed),
		TEST(test_copied),
		TEST(test_cut_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
