/* Tests of daemon/method_watch.c: calls as a client makes them, over a real state. The watcher only writes to the state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "server_case.h"

#define CALL(method, parameters) "{\"method\":\"io.credwatch." method "\",\"parameters\":" parameters "}"
#define FP "abcd:0123456789abcdef0123456789abcdef"

static char state_file[128];

static int start(void **state)
{
	struct case_world *w;

	case_set_up(state);
	w = *state;
	snprintf(state_file, sizeof(state_file), "%s/state", w->dir);
	assert_int_equal(cw_state_open(state_file, &w->d.state, NULL), 0);
	w->d.watcher = (struct cw_watcher *)(void *)w->d.state; /* see server_case.c */
	case_start(w);
	return 0;
}

static int end(void **state)
{
	struct case_world *w = *state;
	char log[160];

	cw_state_close(w->d.state);
	unlink(state_file);
	snprintf(log, sizeof(log), "%s-wal", state_file);
	unlink(log);
	return case_tear_down(state);
}

/* Answer of one call. */
static const char *ask(struct case_world *w, int fd, const char *call)
{
	case_write(w, fd, call);
	return case_read(fd);
}

/* A scan of /srv/a with N findings of FP. */
static void scan(struct case_world *w, int n)
{
	char key[32];
	struct cw_state_found f = { .key = key, .fingerprint = FP, .record = "{\"rule\":\"r\"}" };

	assert_int_equal(cw_state_scan_begin(w->d.state, 1, cw_clock_wall(), NULL), 0);
	while (n-- > 0) {
		snprintf(key, sizeof(key), "%d", n);
		assert_int_equal(cw_state_scan_finding(w->d.state, &f, NULL, NULL), 0);
	}
	assert_int_equal(cw_state_scan_end(w->d.state, "fp", true, NULL), 0);
}

/* watch, list, unwatch; what is refused says why */
static void test_watches(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);

	assert_string_equal(ask(w, fd, CALL("ListWatches", "{}")), "{\"parameters\":{\"watches\":[]}}");
	assert_string_equal(ask(w, fd, CALL("Watch", "{\"path\":\"/srv/a\",\"from_now\":null}")), "{\"parameters\":{}}");
	assert_string_equal(ask(w, fd, CALL("ListWatches", "{}")),
			    "{\"parameters\":{\"watches\":[{\"path\":\"/srv/a\",\"state\":\"baselining\",\"findings\":0}]}}");
	assert_non_null(strstr(ask(w, fd, CALL("Watch", "{\"path\":\"/srv/a\"}")), "io.credwatch.BadRepository"));
	assert_non_null(strstr(ask(w, fd, CALL("Watch", "{\"path\":\"/etc\"}")), "io.credwatch.BadRepository"));
	assert_non_null(strstr(ask(w, fd, CALL("Watch", "{}")), "InvalidParameter\",\"parameters\":{\"parameter\":\"path\""));
	assert_non_null(strstr(ask(w, fd, CALL("Watch", "{\"path\":\"/srv/b\",\"from_now\":1}")), "\"parameter\":\"from_now\""));
	scan(w, 2);
	assert_non_null(strstr(ask(w, fd, CALL("ListWatches", "{}")), "\"state\":\"watching\",\"findings\":2,\"last_scan\":\"20"));
	assert_int_equal(cw_state_watch_fail(w->d.state, 1, "gone", NULL), 0);
	assert_non_null(strstr(ask(w, fd, CALL("ListWatches", "{}")), "\"state\":\"failing\",\"reason\":\"gone\""));
	assert_string_equal(ask(w, fd, CALL("Unwatch", "{\"path\":\"/srv/a\"}")), "{\"parameters\":{}}");
	assert_non_null(strstr(ask(w, fd, CALL("Unwatch", "{\"path\":\"/srv/a\"}")), "io.credwatch.NotFound"));
}

/* findings in one reply: all, those of a repository, those since one; too many are no reply cut short */
static void test_findings(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	const char *reply;

	ask(w, fd, CALL("Watch", "{\"path\":\"/srv/a\"}"));
	scan(w, 2);
	reply = ask(w, fd, CALL("ListFindings", "{}"));
	assert_non_null(strstr(reply, "{\"parameters\":{\"findings\":[{\"id\":1,\"repository\":\"/srv/a\",\"first_seen\":\"20"));
	assert_non_null(strstr(reply, "\"state\":\"live\",\"finding\":{\"rule\":\"r\"}},{\"id\":2,"));
	reply = ask(w, fd, CALL("ListFindings", "{\"since\":1,\"repository\":\"/srv/a\"}"));
	assert_non_null(strstr(reply, "\"findings\":[{\"id\":2,"));
	assert_string_equal(ask(w, fd, CALL("ListFindings", "{\"repository\":\"/srv/b\"}")), "{\"parameters\":{\"findings\":[]}}");
	assert_non_null(strstr(ask(w, fd, CALL("ListFindings", "{\"repository\":\"/srv/none\"}")), "io.credwatch.NotFound"));
	assert_non_null(strstr(ask(w, fd, CALL("ListFindings", "{\"since\":-1}")), "\"parameter\":\"since\""));
	assert_non_null(strstr(ask(w, fd, CALL("ListFindings", "{\"repository\":1}")), "\"parameter\":\"repository\""));
	scan(w, 1001);
	assert_non_null(strstr(ask(w, fd, CALL("ListFindings", "{}")), "io.credwatch.Unavailable"));
}

/* findings as a stream: one a reply, every one once, an empty one at the end, however slowly the caller reads */
static void test_stream(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	const int wanted = 20000;
	size_t messages = 0, got = 1;

	ask(w, fd, CALL("Watch", "{\"path\":\"/srv/a\"}"));
	scan(w, wanted);
	case_write(w, fd, "{\"method\":\"io.credwatch.ListFindings\",\"more\":true}");
	assert_non_null(strstr(case_read(fd), "\"id\":1,"));
	assert_non_null(strstr(case_read(fd), "\"id\":2,"));
	for (messages = 2; got > 0; messages += got) {
		case_spin(w);
		got = case_count(fd);
	}
	assert_int_equal(messages, wanted + 1);
	assert_string_equal(ask(w, fd, CALL("ListFindings", "{\"since\":20000}")), "{\"parameters\":{\"findings\":[]}}");
}

/* a caller that goes away in the middle of a stream */
static void test_stream_gone(void **state)
{
	struct case_world *w = *state;
	int fd = case_connect(w);

	ask(w, fd, CALL("Watch", "{\"path\":\"/srv/a\"}"));
	scan(w, 20000);
	case_write(w, fd, "{\"method\":\"io.credwatch.ListFindings\",\"more\":true}");
	close(fd);
	case_spin(w);
	assert_int_equal(case_stats(w).connections, 0);
}

/* a secret is allowed by its fingerprint, with a reason and perhaps a last day, and revoked; nothing else is taken */
static void test_allow(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);

	ask(w, fd, CALL("Watch", "{\"path\":\"/srv/a\"}"));
	scan(w, 1);
	assert_string_equal(ask(w, fd, CALL("Allow", "{\"fingerprint\":\"" FP "\",\"reason\":\"rotated\",\"expires\":\"9999-12-31\"}")),
			    "{\"parameters\":{}}");
	assert_non_null(strstr(ask(w, fd, CALL("ListFindings", "{}")), "\"state\":\"allowed\""));
	assert_string_equal(ask(w, fd, CALL("Revoke", "{\"fingerprint\":\"" FP "\"}")), "{\"parameters\":{}}");
	assert_non_null(strstr(ask(w, fd, CALL("Revoke", "{\"fingerprint\":\"" FP "\"}")), "io.credwatch.NotFound"));
	assert_non_null(strstr(ask(w, fd, CALL("ListFindings", "{}")), "\"state\":\"live\""));
	assert_non_null(strstr(ask(w, fd, CALL("Allow", "{\"fingerprint\":\"" FP "0\",\"reason\":\"r\"}")), "\"parameter\":\"fingerprint\""));
	assert_non_null(strstr(ask(w, fd, CALL("Allow", "{\"fingerprint\":\"x\",\"reason\":\"r\"}")), "\"parameter\":\"fingerprint\""));
	assert_non_null(strstr(ask(w, fd, CALL("Allow", "{\"fingerprint\":\"" FP "\",\"reason\":\" \"}")), "\"parameter\":\"reason\""));
	assert_non_null(strstr(ask(w, fd, CALL("Allow", "{\"fingerprint\":\"" FP "\",\"reason\":\"r\",\"expires\":\"soon\"}")),
			       "\"parameter\":\"expires\""));
	assert_non_null(strstr(ask(w, fd, CALL("Revoke", "{\"fingerprint\":\"x\"}")), "\"parameter\":\"fingerprint\""));
}

/* a daemon without a state folder says so */
static void test_no_state(void **state)
{
	static const char *const calls[] = {
		CALL("Watch", "{\"path\":\"/srv/a\"}"), CALL("Unwatch", "{\"path\":\"/srv/a\"}"), CALL("ListWatches", "{}"),
		CALL("ListFindings", "{}"), CALL("Allow", "{\"fingerprint\":\"" FP "\",\"reason\":\"r\"}"),
		CALL("Revoke", "{\"fingerprint\":\"" FP "\"}"),
	};
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	struct cw_state *kept = w->d.state;
	size_t i;

	w->d.state = NULL;
	w->d.watcher = NULL;
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		assert_non_null(strstr(ask(w, fd, calls[i]), "io.credwatch.Unavailable"));
	w->d.state = kept;
	assert_non_null(strstr(ask(w, fd, calls[0]), "io.credwatch.Unavailable"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_watches),	TEST(test_findings), TEST(test_stream),
		TEST(test_stream_gone), TEST(test_allow),    TEST(test_no_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
