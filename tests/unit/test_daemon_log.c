/* unit/test_daemon_log.c - the daemon's log: form, escapes, levels, the limit for what peers cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log.h"

static char text[65536];
static int memfd = -1, kept = -1;

/* From now on standard error goes to a file in memory. */
static void capture(void)
{
	memfd = memfd_create("log", MFD_CLOEXEC);
	kept = dup(STDERR_FILENO);
	assert_true(memfd >= 0 && kept >= 0 && dup2(memfd, STDERR_FILENO) >= 0);
}

static const char *captured(void)
{
	ssize_t n;

	dup2(kept, STDERR_FILENO);
	n = pread(memfd, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	close(memfd);
	close(kept);
	return text;
}

static void test_form(void **state)
{
	const char *line;

	/* time, level, event, pairs; a NULL value leaves its pair out */
	unsetenv("JOURNAL_STREAM");
	cw_log_start(CW_LOG_INFO);
	capture();
	cw_log(CW_LOG_WARNING, "worker_died", "pid", cw_log_int(12), "none", (const char *)NULL, "why", "signal 9", NULL);
	line = captured();
	assert_non_null(strstr(line, "Z warning event=worker_died pid=12 why=\"signal 9\"\n"));
	/* lines below the level are not written */
	capture();
	cw_log(CW_LOG_DEBUG, "quiet", NULL);
	assert_string_equal(captured(), "");
}

static void test_escapes(void **state)
{
	char longer[3000];

	/* nothing in a value can begin another line or another pair */
	capture();
	cw_log(CW_LOG_ERROR, "x", "a", "1\nevent=y", "b", "say \"hi\"", "c", "", "d", "k=v", "e", "\x1b[1m\xff", NULL);
	assert_non_null(strstr(captured(), " a=\"1\\nevent=y\" b=\"say \\\"hi\\\"\" c=\"\" d=\"k=v\" e=\"\\x1b[1m\\xff\"\n"));
	/* long values are cut, and that is seen */
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	capture();
	cw_log(CW_LOG_ERROR, "x", "a", longer, NULL);
	assert_non_null(strstr(captured(), "xxx...\"\n"));
	assert_true(strlen(text) < 1200);
	/* a line that would be too long is cut to its event */
	longer[1000] = '\0';
	capture();
	cw_log(CW_LOG_ERROR, "x", "a", longer, "b", longer, "c", longer, "d", longer, "e", longer, "f", longer, "g", longer, "h",
	       longer, "i", longer, NULL);
	assert_non_null(strstr(captured(), "event=x cut=true\n"));
}

static void test_journal(void **state)
{
	struct stat st;
	char stream[64];

	/* only if standard error is that very stream do lines carry priorities */
	capture();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	cw_log_start(CW_LOG_INFO);
	cw_log(CW_LOG_NOTICE, "x", NULL);
	setenv("JOURNAL_STREAM", "1:1", 1);
	cw_log_start(CW_LOG_INFO);
	cw_log(CW_LOG_NOTICE, "y", NULL);
	captured();
	assert_memory_equal(text, "<5>event=x\n", 11);
	assert_non_null(strstr(text, "Z notice event=y\n"));
}

static void test_limit(void **state)
{
	struct cw_log_limit l = {0};
	uint64_t dropped = 9;

	/* a burst passes, the rest is counted until the next window */
	for (int i = 0; i < CW_LOG_BURST; i++)
		assert_true(cw_log_may(&l, 1000 + i, &dropped));
	assert_int_equal(dropped, 0);
	for (int i = 0; i < 5; i++)
		assert_false(cw_log_may(&l, 2000, &dropped));
	assert_true(cw_log_may(&l, 1000 + CW_LOG_WINDOW_MS, &dropped));
	assert_int_equal(dropped, 5);
	assert_true(cw_log_may(&l, 1000 + CW_LOG_WINDOW_MS, &dropped));
	assert_int_equal(dropped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
