/* proto/fdpass.c - owns: recvmsg, sendmsg and sealed memfds. See fdpass.h. */
#include "proto/fdpass.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

union control { /* aligned for a control message */
	struct cmsghdr head;
	char bytes[CMSG_SPACE(CW_FDS_MAX * sizeof(int))];
};

/* Take the descriptors of MSG. Without a free number for one the kernel drops it and says so. */
static void take_fds(struct msghdr *msg, struct cw_received *r)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (r->fds_len < CW_FDS_MAX) {
				r->fds[r->fds_len++] = fd;
				continue;
			}
			close(fd);
			r->surplus = true;
		}
	}
	if ((msg->msg_flags & MSG_CTRUNC) != 0)
		r->surplus = true;
}

int cw_fdpass_recv(int sock, void *data, size_t len, struct cw_received *ret, struct cw_err *err)
{
	union control control;
	struct iovec iov = {.iov_base = data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control)};
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return cw_err_set(err, CW_E_NOTFOUND, "nothing to receive now");
	if (n < 0)
		return cw_err_sys(err, errno, "receiving");
	ret->len = (size_t)n;
	ret->fds_len = 0;
	ret->surplus = false;
	if (msg.msg_controllen > 0 || (msg.msg_flags & MSG_CTRUNC) != 0)
		take_fds(&msg, ret);
	return 0;
}

int cw_fdpass_send(int sock, const void *data, size_t len, int fd, size_t *ret_sent, struct cw_err *err)
{
	union control control;
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		control.head =
			(struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return cw_err_set(err, CW_E_NOTFOUND, "no room to send now");
	if (n < 0)
		return cw_err_sys(err, errno, "sending");
	*ret_sent = (size_t)n;
	return 0;
}

int cw_memfd_make(const char *name, const void *data, size_t len, int *ret_fd, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc;

	if (fd < 0)
		return cw_err_sys(err, errno, "making a memfd");
	rc = cw_io_write_full(fd, data, len, err);
	if (rc != 0)
		return rc;
	if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0)
		return cw_err_sys(err, errno, "sealing a memfd");
	*ret_fd = fd;
	fd = -1;
	return 0;
}

bool cw_memfd_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

int cw_memfd_size(int fd, uint64_t *ret, struct cw_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "size of a memfd");
	*ret = (uint64_t)st.st_size;
	return 0;
}
