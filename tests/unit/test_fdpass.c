/* Tests of proto/fdpass: bytes and descriptors over a socket pair, sealed memfds. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "proto/fdpass.h"

struct pair {
	int a, b;
};

static void pair_close(struct pair *p)
{
	close(p->a);
	close(p->b);
}

static struct pair pair_new(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	return (struct pair){ends[0], ends[1]};
}

static void send_fds(int sock, const char *text, int fd, size_t n)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(CW_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			     .msg_controllen = CMSG_SPACE(n * sizeof(int))};

	memset(&control, 0, sizeof(control));
	control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
					.cmsg_len = CMSG_LEN(n * sizeof(int))};
	for (size_t i = 0; i < n; i++)
		memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &fd, sizeof(fd));
	assert_int_equal(sendmsg(sock, &msg, 0), (ssize_t)strlen(text));
}

static int lowest_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* bytes, nothing there, the peer gone */
static void test_bytes(void **state)
{
	CW_CLEANUP(pair_close) struct pair p = pair_new();
	struct cw_received got;
	char data[16];
	size_t sent = 0;

	assert_int_equal(cw_fdpass_recv(p.b, data, sizeof(data), &got, NULL), CW_E_NOTFOUND);
	assert_int_equal(cw_fdpass_send(p.a, "abc", 3, -1, &sent, NULL), 0);
	assert_int_equal(sent, 3);
	assert_int_equal(cw_fdpass_recv(p.b, data, sizeof(data), &got, NULL), 0);
	assert_int_equal(got.len, 3);
	assert_int_equal(got.fds_len, 0);
	assert_false(got.surplus);
	shutdown(p.a, SHUT_WR);
	assert_int_equal(cw_fdpass_recv(p.b, data, sizeof(data), &got, NULL), 0);
	assert_int_equal(got.len, 0);
}

/* a full socket takes a part, then nothing; a closed one gives an error and no signal */
static void test_full(void **state)
{
	CW_CLEANUP(pair_close) struct pair p = pair_new();
	static char data[1 << 20];
	size_t sent = 0;
	int rc = 0;

	assert_int_equal(cw_fdpass_send(p.a, data, sizeof(data), -1, &sent, NULL), 0);
	assert_true(sent < sizeof(data));
	for (int i = 0; rc == 0 && i < 100; i++)
		rc = cw_fdpass_send(p.a, data, sizeof(data), -1, &sent, NULL);
	assert_int_equal(rc, CW_E_NOTFOUND);
	shutdown(p.b, SHUT_RDWR);
	assert_int_equal(cw_fdpass_send(p.a, data, sizeof(data), -1, &sent, NULL), CW_E_IO);
}

/* a descriptor arrives close-on-exec, as another number for the same thing */
static void test_descriptor(void **state)
{
	CW_CLEANUP(pair_close) struct pair p = pair_new();
	CW_CLEANUP(cw_closep) int fd = -1, copy = -1;
	struct cw_received got;
	char data[16] = "";
	size_t sent = 0;

	assert_int_equal(cw_memfd_make("test", "content", 7, &fd, NULL), 0);
	assert_int_equal(cw_fdpass_send(p.a, "x", 1, fd, &sent, NULL), 0);
	assert_int_equal(cw_fdpass_recv(p.b, data, sizeof(data), &got, NULL), 0);
	assert_int_equal(got.fds_len, 1);
	assert_false(got.surplus);
	copy = got.fds[0];
	assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
	assert_int_equal(pread(copy, data, 7, 0), 7);
	assert_string_equal(data, "content");
}

/* as many as can come at all: none is dropped by the kernel, which would close it here and now */
static void test_many(void **state)
{
	CW_CLEANUP(pair_close) struct pair p = pair_new();
	struct cw_received got;
	int before = lowest_free_fd();
	char data[16];

	send_fds(p.a, "x", p.b, CW_FDS_MAX);
	assert_int_equal(cw_fdpass_recv(p.b, data, sizeof(data), &got, NULL), 0);
	assert_int_equal(got.len, 1);
	assert_int_equal(got.fds_len, CW_FDS_MAX);
	assert_false(got.surplus);
	for (size_t i = 0; i < got.fds_len; i++)
		close(got.fds[i]);
	assert_int_equal(lowest_free_fd(), before);
}

/* without free numbers the rest is dropped, and said to have been there */
static void test_surplus(void **state)
{
	CW_CLEANUP(pair_close) struct pair p = pair_new();
	struct cw_received got;
	struct rlimit before, few;
	char data[16];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)lowest_free_fd() + 2;
	send_fds(p.a, "x", p.b, 5);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(cw_fdpass_recv(p.b, data, sizeof(data), &got, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(got.fds_len, 2);
	assert_true(got.surplus);
	for (size_t i = 0; i < got.fds_len; i++)
		close(got.fds[i]);
}

/* only all seals together count */
static void test_seals(void **state)
{
	CW_CLEANUP(cw_closep) int sealed = -1, open = -1, other = -1;
	uint64_t size = 0;

	assert_int_equal(cw_memfd_make("test", "content", 7, &sealed, NULL), 0);
	assert_true(cw_memfd_is_sealed(sealed));
	assert_int_equal(cw_memfd_size(sealed, &size, NULL), 0);
	assert_int_equal(size, 7);
	assert_true(write(sealed, "x", 1) < 0);
	assert_true(ftruncate(sealed, 1) < 0);
	open = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_false(cw_memfd_is_sealed(open));
	assert_int_equal(fcntl(open, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	assert_false(cw_memfd_is_sealed(open));
	assert_int_equal(fcntl(open, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_true(cw_memfd_is_sealed(open));
	other = dup(0);
	assert_false(cw_memfd_is_sealed(other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),	cmocka_unit_test(test_full),  cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_many),	cmocka_unit_test(test_surplus), cmocka_unit_test(test_seals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
