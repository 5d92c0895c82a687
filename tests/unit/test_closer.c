/* Tests of daemon/closer with descriptors whose close() waits: TCP sockets that linger over bytes which nobody takes. */
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/closer.h"
#include "proto/fdpass.h"
#include "server_case.h"

#define LINGER_S 1000

struct stubborn {
	int fd, peer; /* as long as PEER is open and reads nothing, closing FD takes LINGER_S */
};

static struct stubborn stubborn_new(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct linger linger = {.l_onoff = 1, .l_linger = LINGER_S};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
	static char bytes[1 << 16];
	socklen_t len = sizeof(address);
	struct stubborn s;

	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	s.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(s.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	s.peer = accept(listener, NULL, NULL);
	assert_true(s.peer >= 0);
	close(listener);
	assert_int_equal(setsockopt(s.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	while (send(s.fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	return s;
}

static void wait_until_none(_Atomic int *count)
{
	while (atomic_load(count) > 0)
		sched_yield();
}

/* a socket that lingers is closed all the same, by another thread; a sealed memfd at once */
static void test_drop(void **state)
{
	struct stubborn s = stubborn_new();
	_Atomic int count = 0;
	int sealed = -1, pipes[2], all[2];

	assert_int_equal(cw_memfd_make("test", "x", 1, &sealed, NULL), 0);
	cw_closer_drop(&sealed, 1, &count);
	assert_int_equal(atomic_load(&count), 0);
	assert_int_equal(pipe(pipes), 0);
	all[0] = s.fd;
	all[1] = pipes[0];
	cw_closer_drop(all, 2, &count);
	wait_until_none(&count);
	assert_int_equal(write(pipes[1], "x", 1), -1);
	close(pipes[1]);
	close(s.peer);
}

/* a connection with such a descriptor unread in it: its end hangs in the thread alone, until the other side gives up */
static void test_connection(void **state)
{
	struct stubborn s = stubborn_new();
	_Atomic int count = 0;
	int ends[2];
	size_t sent = 0;
	char c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(cw_fdpass_send(ends[1], "x", 1, s.fd, &sent, NULL), 0);
	close(s.fd);
	assert_int_equal(write(ends[0], "y", 1), 1);
	cw_closer_drop_connection(ends[0], &count);
	assert_int_equal(atomic_load(&count), 1);
	/* the peer still gets what it was sent, then the end, or that it was not read */
	assert_int_equal(read(ends[1], &c, 1), 1);
	assert_true(read(ends[1], &c, 1) <= 0);
	close(s.peer);
	wait_until_none(&count);
	close(ends[1]);
}

/* a connection with nothing unread is closed at once */
static void test_empty_connection(void **state)
{
	_Atomic int count = 0;
	int ends[2];
	char c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	cw_closer_drop_connection(ends[0], &count);
	assert_int_equal(atomic_load(&count), 0);
	assert_int_equal(read(ends[1], &c, 1), 0);
	close(ends[1]);
}

/* a user of whom several hang is not read from, until they are gone; the server goes on */
static void test_stuck_user(void **state)
{
	struct case_world *w = *state;
	struct stubborn s[CW_CLOSER_MAX];
	int fds[CW_CLOSER_MAX], last;

	w->d.rules.conf->daemon_message_ms = 40;
	case_start(w);
	last = case_connect(w);
	for (int i = 0; i < CW_CLOSER_MAX; i++) {
		static const char call[] = "{\"method\":\"io.credwatch.ScanText\",\"parameters\":{\"text\":\"\"}}";

		s[i] = stubborn_new();
		fds[i] = case_connect(w);
		case_write(w, fds[i], call);
		/* unread, since a call is in flight */
		case_write_fds(w, fds[i], call, &s[i].fd, 1);
		close(s[i].fd);
	}
	for (int i = 0; i < CW_CLOSER_MAX; i++) {
		close(fds[i]);
		case_spin(w);
	}
	assert_int_equal(case_stats(w).connections, 1);
	case_write(w, last, "{\"method\":\"io.credwatch.Status\"}");
	assert_string_equal(case_read(last), "");
	for (int i = 0; i < CW_CLOSER_MAX; i++)
		close(s[i].peer);
	while (case_read(last)[0] == '\0')
		case_spin(w);
	close(last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_empty_connection),
		cmocka_unit_test_setup_teardown(test_stuck_user, case_set_up, case_tear_down),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
