/* Tests of daemon/notice.c, with commands that are little shell scripts. */
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
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "daemon/log.h"
#include "daemon/notice.h"

static struct cw_daemon d;
static struct cw_notices *notices;
static struct cw_timer *look;
static int64_t repository;
static uint64_t wanted;
static char folder[64], output[96];

static uint64_t waiting(void)
{
	uint64_t n = 0;

	assert_int_equal(cw_state_notice_count(d.state, &n, NULL), 0);
	return n;
}

/* ---- a daemon without the rest ---- */

static void on_look(void *payload)
{
	if (waiting() == wanted)
		cw_loop_stop(d.loop);
	else
		cw_timer_set(look, 5);
}

/* Run until N notifications are waiting. */
static void run_to(uint64_t n)
{
	wanted = n;
	cw_timer_set(look, 0);
	assert_int_equal(cw_loop_run(d.loop, NULL), 0);
}

static int set_up(void **state)
{
	char path[96];

	alarm(60);
	cw_log_start(0);
	snprintf(folder, sizeof(folder), "%s/cw-notice-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state", folder);
	snprintf(output, sizeof(output), "%s/output", folder);
	memset(&d, 0, sizeof(d));
	assert_int_equal(cw_loop_new(&d.loop, NULL), 0);
	assert_int_equal(cw_conf_new(&d.rules.conf, NULL), 0);
	assert_int_equal(cw_state_open(path, &d.state, NULL), 0);
	assert_int_equal(cw_state_watch_add(d.state, "/r", false, &repository, NULL), 0);
	assert_int_equal(cw_timer_new(d.loop, on_look, NULL, &look, NULL), 0);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int tear_down(void **state)
{
	cw_notices_free(notices);
	notices = NULL;
	cw_timer_free(look);
	cw_state_close(d.state);
	cw_conf_free(d.rules.conf);
	cw_loop_free(d.loop);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The command is a shell with SCRIPT, in which OUT stands for the output file. */
static void set_command(const char *script)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf yaml = CW_BUF_INIT;

	cw_buf_addf(&yaml, "watch:\n  notify: [/bin/sh, -c, 'OUT=%s; %s']\n", output, script);
	assert_int_equal(cw_conf_add(d.rules.conf, CW_LEVEL_SYSTEM, "test", yaml.data, yaml.len, NULL), 0);
}

static void start(void)
{
	assert_int_equal(cw_notices_new(&d, &notices, NULL), 0);
}

/* N new findings, one after the other. */
static void find(int n)
{
	char key[16];
	struct cw_state_found f = { .key = key, .fingerprint = "s", .record = "{\"rule\":\"r\"}" };

	assert_int_equal(cw_state_scan_begin(d.state, repository, cw_clock_wall(), NULL), 0);
	while (n-- > 0) {
		snprintf(key, sizeof(key), "k%d", n);
		assert_int_equal(cw_state_scan_finding(d.state, &f, NULL, NULL), 0);
	}
	assert_int_equal(cw_state_scan_end(d.state, "f", true, NULL), 0);
}

static void read_output(struct cw_buf *out)
{
	assert_int_equal(cw_io_read_file(output, 1 << 20, 0, out, NULL), 0);
}

static int take_tries(void *payload, const struct cw_state_notice *n, struct cw_err *err)
{
	*(unsigned *)payload = n->tries;
	return 0;
}

/* How often the first one that is due an hour from now was tried. */
static unsigned tries(void)
{
	unsigned n = 99;
	bool any = false;

	assert_int_equal(cw_state_notice_next(d.state, cw_clock_wall() + 3600, &any, take_tries, &n, NULL), 0);
	assert_true(any);
	return n;
}

static void on_tried(void *payload)
{
	int64_t due = 0;

	assert_int_equal(cw_state_notice_due(d.state, &due, NULL), 0);
	if (due > cw_clock_wall())
		cw_loop_stop(d.loop);
	else
		cw_timer_set(*(struct cw_timer **)payload, 5);
}

/* Run until nothing is due now. */
static void run_until_put_off(void)
{
	struct cw_timer *t = NULL;

	assert_int_equal(cw_timer_new(d.loop, on_tried, &t, &t, NULL), 0);
	cw_timer_set(t, 0);
	assert_int_equal(cw_loop_run(d.loop, NULL), 0);
	cw_timer_free(t);
}

/* ---- tests ---- */

/* what waits is delivered, one after the other, as JSON on standard input, with nothing of the daemon's environment */
static void test_delivered(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = NULL;
	int64_t id = 0;

	assert_int_equal(setenv("CW_TEST_LEAK", "leaked", 1), 0);
	set_command("cat >>$OUT; pwd >>$OUT; env >>$OUT");
	find(3);
	start();
	run_to(0);
	read_output(&out);
	assert_int_equal(cw_json_parse(out.data, strcspn(out.data, "\n"), 4096, &o, NULL), 0);
	assert_true(cw_json_int(cw_json_get(o, "notice"), &id) && id == 1);
	assert_string_equal(cw_json_str(cw_json_get(o, "repository")), "/r");
	assert_string_equal(cw_json_str(cw_json_get(cw_json_get(o, "finding"), "rule")), "r");
	assert_non_null(strstr(out.data, "}\n/\n"));
	assert_non_null(strstr(out.data, "\"notice\":2"));
	assert_non_null(strstr(out.data, "\"notice\":3"));
	assert_null(strstr(out.data, "leaked"));
}

/* what comes later is delivered when it comes; nothing twice */
static void test_kicked(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	set_command("cat >>$OUT");
	start();
	run_to(0);
	find(2);
	cw_notices_kick(notices);
	cw_notices_kick(notices);
	run_to(0);
	cw_notices_kick(notices);
	find(2); /* known */
	run_to(0);
	read_output(&out);
	assert_non_null(strstr(out.data, "\"notice\":2"));
	assert_null(strstr(strstr(out.data, "\"notice\":2") + 1, "\"notice\""));
}

/* a command that fails is run again later, and does not hold up the others */
static void test_failed(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	set_command("grep -v notice.:1, >>$OUT");
	find(2);
	start();
	run_to(1);
	assert_int_equal(tries(), 1);
	read_output(&out);
	assert_non_null(strstr(out.data, "\"notice\":2"));
}

/* a program that is not there counts as failed */
static void test_no_program(void **state)
{
	static const char yaml[] = "watch:\n  notify: [/no/such/program]\n";

	assert_int_equal(cw_conf_add(d.rules.conf, CW_LEVEL_SYSTEM, "test", yaml, strlen(yaml), NULL), 0);
	find(1);
	start();
	run_until_put_off();
	assert_int_equal(tries(), 1);
}

/* a command that takes too long is killed with what it started, and counts as failed */
static void test_late(void **state)
{
	d.rules.conf->watch_notify_ms = 100;
	set_command("sleep 1000 & echo $! >$OUT; sleep 1000");
	find(1);
	start();
	run_until_put_off();
	assert_int_equal(tries(), 1);
}

/* a daemon that ends while a command runs kills it, and delivers again after its start */
static void test_restart(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	char read_it[128], go[128];

	set_command("cat >>$OUT; touch $OUT.read; [ -e $OUT.go ] || sleep 1000");
	snprintf(read_it, sizeof(read_it), "%s.read", output);
	snprintf(go, sizeof(go), "%s.go", output);
	find(1);
	start();
	while (access(read_it, F_OK) != 0)
		run_to(1);
	cw_notices_free(notices);
	close(open(go, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	start();
	run_to(0);
	read_output(&out);
	assert_non_null(strstr(strstr(out.data, "\"notice\":1") + 1, "\"notice\":1"));
}

/* a daemon that ends while a command is about to finish lets it, and does not deliver again */
static void test_finished(void **state)
{
	char read_it[128];

	set_command("cat >>$OUT; touch $OUT.read; sleep 0.1");
	snprintf(read_it, sizeof(read_it), "%s.read", output);
	find(1);
	start();
	while (access(read_it, F_OK) != 0)
		run_to(1);
	cw_notices_free(notices);
	notices = NULL;
	assert_int_equal(waiting(), 0);
}

/* without a command nothing is kept */
static void test_no_command(void **state)
{
	find(3);
	start();
	run_to(0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_delivered), TEST(test_kicked),  TEST(test_failed),	 TEST(test_no_program),
		TEST(test_late),      TEST(test_restart), TEST(test_finished), TEST(test_no_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
