/* daemon/notify.c - the two protocols of systemd that a service needs: variables of the environment, and datagrams. */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"

#define FIRST_FD 3 /* sd_listen_fds(3) */
#define FDS_MAX 1000

/* The number in the variable NAME; false when there is none. */
static bool env_number(const char *name, uint64_t max, uint64_t *ret)
{
	const char *text = getenv(name);

	return text && cw_num_u64(text, strlen(text), 0, max, name, ret, NULL) == 0;
}

static int socket_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

static int check_listening(int fd, struct cw_err *err)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return cw_err_set(err, CW_E_INVALID, "LISTEN_FDS promises a socket, and there is none");
	if (socket_option(fd, SO_DOMAIN) != AF_UNIX || socket_option(fd, SO_TYPE) != SOCK_STREAM ||
	    socket_option(fd, SO_ACCEPTCONN) != 1)
		return cw_err_set(err, CW_E_INVALID, "the socket that was handed over is not a listening Unix stream socket");
	return 0;
}

int cw_notify_listen_fd(int *ret, struct cw_err *err)
{
	uint64_t pid = 0, fds = 0;
	bool ours = env_number("LISTEN_PID", INT32_MAX, &pid) && pid == (uint64_t)getpid() &&
		    env_number("LISTEN_FDS", FDS_MAX, &fds) && fds > 0;
	int rc;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!ours) {
		*ret = -1;
		return 0;
	}
	if (fds > 1)
		return cw_err_set(err, CW_E_INVALID, "%d sockets were handed over, and one is wanted", (int)fds);
	rc = check_listening(FIRST_FD, err);
	if (rc == 0)
		*ret = FIRST_FD;
	return rc;
}

void cw_notify_send(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	/* a path, or '@' and an abstract name */
	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	/* the service manager waits no longer for what could not be told; nothing else can be done */
	(void)!sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)(const void *)&to,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

void cw_notify_reloading(void)
{
	char text[64];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	cw_notify_send(text);
}

int64_t cw_notify_watchdog_ms(void)
{
	uint64_t usec = 0, pid = 0;

	if (!env_number("WATCHDOG_USEC", INT64_MAX, &usec) || usec < 2000)
		return 0;
	if (getenv("WATCHDOG_PID") && (!env_number("WATCHDOG_PID", INT32_MAX, &pid) || pid != (uint64_t)getpid()))
		return 0;
	return (int64_t)(usec / 2000);
}
