/* Tests of the daemon's limits: what breaks the protocol, is too slow, too long or too much costs its own connection only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "daemon/usage.h"
#include "server_case.h"

#define STATUS "{\"method\":\"io.credwatch.Status\"}"

static void check_alive(struct case_world *w, int fd)
{
	case_write(w, fd, STATUS);
	assert_non_null(strstr(case_read(fd), "\"pid\":"));
}

/* Run until the server has closed FD; timers decide when. */
static void run_to_end(struct case_world *w, int fd)
{
	while (strcmp(case_read(fd), "END") != 0)
		case_spin(w);
}

/* bytes that are no call close the connection, and no other */
static void test_protocol_errors(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int other = -1;
	static const char *const texts[] = {"", "no JSON", "[]", "{}", "{\"method\":\"a.b\",\"method\":\"a.b\"}",
					    "{\"method\":\"a.B\",\"more\":true,\"oneway\":true}", "{\"method\":\"\xff\"}"};
	size_t n = sizeof(texts) / sizeof(texts[0]);

	case_start(w);
	other = case_connect(w);
	for (size_t i = 0; i < n; i++) {
		CW_CLEANUP(cw_closep) int fd = case_connect(w);

		case_write(w, fd, texts[i]);
		assert_string_equal(case_read(fd), "END");
	}
	assert_int_equal(case_stats(w).protocol_errors, n);
	check_alive(w, other);
}

/* nested 1001 times */
static void test_depth(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = -1;
	char text[1100] = "";

	case_start(w);
	fd = case_connect(w);
	memset(text, '[', 1001);
	case_write(w, fd, text);
	assert_string_equal(case_read(fd), "END");
}

/* a message without an end is cut at its limit; nobody has kept more than that */
static void test_too_long(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = -1;
	static char text[100000];
	size_t sent = 0;
	ssize_t n;

	w->d.rules.conf->daemon_message_max = 65536;
	case_start(w);
	fd = case_connect(w);
	memset(text, ' ', sizeof(text));
	while (sent < 1000000 && (n = send(fd, text, sizeof(text), MSG_NOSIGNAL)) > 0) {
		sent += (size_t)n;
		case_spin(w);
	}
	assert_true(sent < 1000000);
	assert_int_equal(case_stats(w).protocol_errors, 1);
	assert_int_equal(case_stats(w).connections, 0);
}

/* half a message, and one whose bytes come one at a time, end after the time for a message; one that never says anything later */
static void test_slow(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int half = -1, slow = -1, idle = -1;

	w->d.rules.conf->daemon_message_ms = 10;
	w->d.rules.conf->daemon_idle_ms = 100;
	case_start(w);
	half = case_connect(w);
	assert_int_equal(write(half, STATUS, 10), 10);
	run_to_end(w, half);
	slow = case_connect(w);
	while (send(slow, " ", 1, MSG_NOSIGNAL) == 1)
		case_spin(w);
	assert_int_equal(case_stats(w).timeouts, 2);
	idle = case_connect(w);
	check_alive(w, idle);
	run_to_end(w, idle);
	assert_int_equal(case_stats(w).timeouts, 3);
}

/* a call in flight is not idle */
static void test_busy(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int busy = -1, idle = -1;

	w->d.rules.conf->daemon_idle_ms = 100;
	case_start(w);
	busy = case_connect(w);
	case_write(w, busy, "{\"method\":\"io.credwatch.ScanText\",\"parameters\":{\"text\":\"\"}}");
	idle = case_connect(w);
	run_to_end(w, idle);
	case_done(w, 0, true, "{}");
	assert_string_equal(case_read(busy), "{}");
}

/* who does not read: its calls wait in the kernel, one answer is kept for it, then it is cut; who reads late gets all */
static void test_no_reader(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = -1, late = -1;
	static const char call[] = "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
				   "\"parameters\":{\"interface\":\"io.credwatch\"}}";
	size_t sent = 0, got = 0;

	w->d.rules.conf->daemon_message_ms = 60000;
	case_start(w);
	late = case_connect(w);
	while (send(late, call, sizeof(call), MSG_NOSIGNAL) == (ssize_t)sizeof(call)) {
		sent++;
		case_spin(w);
	}
	assert_true(case_stats(w).calls < sent);
	for (; got < sent; case_spin(w))
		got += case_count(late);
	assert_int_equal(case_stats(w).calls, sent);
	w->d.rules.conf->daemon_message_ms = 10;
	assert_int_equal(cw_server_configure(w->d.server, NULL), 0);
	fd = case_connect(w);
	while (send(fd, call, sizeof(call), MSG_NOSIGNAL) == (ssize_t)sizeof(call))
		case_spin(w);
	while (case_stats(w).connections > 1)
		case_spin(w);
	assert_int_equal(case_stats(w).timeouts, 1);
}

/* too many connections, in all and of one user: the last comer is turned away */
static void test_connections(void **state)
{
	struct case_world *w = *state;
	int fds[4];

	w->d.rules.conf->daemon_max_connections = 3;
	w->d.rules.conf->daemon_max_connections_uid = 2;
	case_start(w);
	for (int i = 0; i < 3; i++)
		fds[i] = case_connect(w);
	assert_string_equal(case_read(fds[2]), "END");
	check_alive(w, fds[0]);
	close(fds[1]);
	case_spin(w);
	fds[1] = case_connect(w);
	check_alive(w, fds[1]);
	w->d.rules.conf->daemon_max_connections = 2;
	w->d.rules.conf->daemon_max_connections_uid = 100;
	assert_int_equal(cw_server_configure(w->d.server, NULL), 0);
	fds[3] = case_connect(w);
	assert_string_equal(case_read(fds[3]), "END");
	assert_int_equal(case_stats(w).turned_away, 2);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

/* messages that are not whole may hold so much memory of one user, and no more */
static void test_memory(void **state)
{
	struct case_world *w = *state;
	static char text[1 << 16];
	int fds[64], n = 0, closed = 0;

	w->d.rules.conf->daemon_message_max = (uint64_t)4 << 20;
	case_start(w);
	memset(text, ' ', sizeof(text));
	/* The limit is 32 MiB for one user; each of these wants 3 MiB. */
	for (; n < 16; n++) {
		size_t sent = 0;
		ssize_t one;

		fds[n] = case_connect(w);
		while (sent < (size_t)3 << 20 && (one = send(fds[n], text, sizeof(text), MSG_NOSIGNAL)) > 0) {
			sent += (size_t)one;
			case_spin(w);
		}
		closed += sent < (size_t)3 << 20;
	}
	assert_true(closed > 0 && closed < 16);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	case_spin(w);
	fds[0] = case_connect(w);
	check_alive(w, fds[0]);
	close(fds[0]);
}

/* one connection with many calls in one write: not more than its share are answered in a turn, in the end all */
static void test_many_calls(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = -1;
	static const char call[] = "{\"method\":\"org.varlink.service.GetInfo\"}";
	char many[100 * sizeof(call)];
	size_t before, got = 0;

	case_start(w);
	fd = case_connect(w);
	for (size_t i = 0; i < 100; i++)
		memcpy(many + i * sizeof(call), call, sizeof(call));
	assert_int_equal(write(fd, many, sizeof(many)), sizeof(many));
	do {
		before = case_stats(w).calls;
		cw_timer_set(w->end, 0);
		assert_int_equal(cw_loop_run(w->d.loop, NULL), 0);
		/* a turn may end one round and begin the next */
		assert_true(case_stats(w).calls - before <= 32);
		got += case_count(fd);
	} while (got < 100);
	assert_int_equal(got, 100);
}

/* a subscriber that does not read is cut, others get all */
static void test_slow_subscriber(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int slow = -1, good = -1;
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = cw_json_object();
	static char text[50000];
	int got = 0;

	case_start(w);
	slow = case_connect(w);
	good = case_connect(w);
	memset(text, 'x', sizeof(text) - 1);
	cw_json_add_str(event, "text", text);
	case_write(w, slow, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	case_write(w, good, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	for (int i = 0; i < 200; i++) {
		cw_daemon_publish(&w->d, event);
		case_spin(w);
		got += strlen(case_read(good)) > sizeof(text);
	}
	assert_int_equal(got, 200);
	assert_int_equal(case_stats(w).subscribers, 1);
}

/* without descriptors for a connection the daemon waits; those that it has go on */
static void test_no_descriptors(void **state)
{
	struct case_world *w = *state;
	struct rlimit before, few;
	int first, second;

	case_start(w);
	first = case_connect(w);
	second = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	close(second);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)second + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	second = case_connect(w);
	assert_int_equal(case_stats(w).connections, 1);
	check_alive(w, first);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (case_stats(w).connections < 2)
		case_spin(w);
	check_alive(w, second);
	close(first);
	close(second);
}

static void note_drained(void *payload)
{
	*(int *)payload += 1;
}

/* the end: nobody new, idle connections are closed, a call in flight and one that has come are answered, then it is over */
static void test_drain(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int idle = -1, busy = -1, late = -1, subscriber = -1;
	static const char scan[] = "{\"method\":\"io.credwatch.ScanText\",\"parameters\":{\"text\":\"\"}}";
	int drained = 0;

	case_start(w);
	idle = case_connect(w);
	busy = case_connect(w);
	late = case_connect(w);
	subscriber = case_connect(w);
	case_write(w, busy, scan);
	case_write(w, subscriber, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	assert_int_equal(write(late, scan, sizeof(scan)), sizeof(scan));
	cw_server_drain(w->d.server, note_drained, &drained);
	case_spin(w);
	assert_int_equal(access(w->path, F_OK), -1);
	assert_string_equal(case_read(idle), "END");
	assert_non_null(strstr(case_read(subscriber), "io.credwatch.Unavailable"));
	assert_int_equal(case_jobs_len, 2);
	assert_int_equal(drained, 0);
	case_done(w, 0, true, "{}");
	case_done(w, 1, true, "{}");
	assert_string_equal(case_read(busy), "{}");
	assert_string_equal(case_read(busy), "END");
	assert_string_equal(case_read(late), "{}");
	assert_int_equal(drained, 1);
}

/* refusals are reported when they are many, counted anew after a minute; users are forgotten when there are too many */
static void test_usage(void **state)
{
	struct cw_usages all = {.first = NULL};
	struct cw_usage *u = cw_usages_get(&all, 5), *busy = cw_usages_get(&all, 6);
	int reported = 0;

	for (int i = 0; i < 1000; i++)
		reported += cw_usage_refused(u, 1000 + i);
	assert_int_equal(reported, 4);
	assert_false(cw_usage_refused(u, 70000));
	assert_int_equal(u->refused, 1);
	assert_ptr_equal(cw_usages_get(&all, 5), u);
	busy->connections = 1;
	for (uid_t uid = 1000; uid < 5000; uid++)
		assert_non_null(cw_usages_get(&all, uid));
	assert_true(all.len <= 1024);
	assert_ptr_equal(cw_usages_get(&all, 6), busy);
	cw_usages_release(&all);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, case_set_up, case_tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_protocol_errors), CASE(test_depth),	  CASE(test_too_long),	       CASE(test_slow),
		CASE(test_busy),	    CASE(test_no_reader), CASE(test_connections),      CASE(test_memory),
		CASE(test_many_calls), CASE(test_slow_subscriber), CASE(test_drain),	  CASE(test_no_descriptors), cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
