/* unit/test_daemon_notify.c - what the service manager hands over, and what it is told. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/notify.h"

static void hand_over(const char *fds)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", fds, 1);
	setenv("LISTEN_FDNAMES", "x", 1);
}

/* Make descriptor 3 a socket of this kind. */
static void make_third(int domain, int type, bool listening)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd;

	close(3);
	fd = socket(domain, type, 0);
	assert_true(fd >= 0);
	if (fd != 3) {
		assert_int_equal(dup2(fd, 3), 3);
		close(fd);
	}
	if (!listening)
		return;
	/* bound to a name that the kernel chooses */
	assert_int_equal(bind(3, (const struct sockaddr *)(const void *)&name, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(3, 1), 0);
}

static void test_listen(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	int fd = 7;

	/* nothing was handed over */
	unsetenv("LISTEN_PID");
	assert_int_equal(cw_notify_listen_fd(&fd, &err), 0);
	assert_int_equal(fd, -1);
	/* it was, to another process */
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(cw_notify_listen_fd(&fd, &err), 0);
	assert_int_equal(fd, -1);
	/* a listening socket; no child sees the variables, nor the socket */
	make_third(AF_UNIX, SOCK_STREAM, true);
	hand_over("1");
	assert_int_equal(cw_notify_listen_fd(&fd, &err), 0);
	assert_int_equal(fd, 3);
	assert_int_equal(fcntl(3, F_GETFD), FD_CLOEXEC);
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
	/* two of them, one that does not listen, another kind, none at all */
	hand_over("2");
	assert_int_equal(cw_notify_listen_fd(&fd, &err), CW_E_INVALID);
	make_third(AF_UNIX, SOCK_STREAM, false);
	hand_over("1");
	assert_int_equal(cw_notify_listen_fd(&fd, &err), CW_E_INVALID);
	make_third(AF_UNIX, SOCK_DGRAM, false);
	hand_over("1");
	assert_int_equal(cw_notify_listen_fd(&fd, &err), CW_E_INVALID);
	close(3);
	hand_over("1");
	assert_int_equal(cw_notify_listen_fd(&fd, &err), CW_E_INVALID);
}

static void test_send(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sa_family_t);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char text[128], path[sizeof(name.sun_path) + 1];
	ssize_t n;

	/* nobody is there to be told */
	unsetenv("NOTIFY_SOCKET");
	cw_notify_send("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	cw_notify_send("READY=1");
	/* an abstract name */
	assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&name, len), 0);
	len = sizeof(name);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&name, &len), 0);
	snprintf(path, sizeof(path), "@%.*s", (int)(len - sizeof(sa_family_t) - 1), name.sun_path + 1);
	setenv("NOTIFY_SOCKET", path, 1);
	cw_notify_send("READY=1\nSTATUS=x");
	n = recv(fd, text, sizeof(text), 0);
	assert_int_equal(n, 16);
	assert_memory_equal(text, "READY=1\nSTATUS=x", 16);
	/* a reload says since when */
	cw_notify_reloading();
	n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "RELOADING=1\nMONOTONIC_USEC="));
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog(void **state)
{
	/* none; half of what it is; meant for another process */
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(cw_notify_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(cw_notify_watchdog_ms(), 15000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(cw_notify_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "x", 1);
	assert_int_equal(cw_notify_watchdog_ms(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
