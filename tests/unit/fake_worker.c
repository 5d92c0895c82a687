/* A worker that does what the bytes of its jobs say, for the tests of the pool.
 *
 * The first byte of a text: e answers with rules, settings and the text; f fails; d dies; q dies without saying at what; t cuts the
 * shared page off, else dies; h hangs; g says
 * nonsense; o answers a job that nobody gave it; w answers what only a repository worker may say; r sends records first; R the same, then
 * dies; b a long answer; k dies as often as its descriptor's first byte says, which it counts down. Settings that begin with x: dies before it is
 * ready; -: never gets ready. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#include "base/io.h"
#include "daemon/ipc.h"
#include "proto/fdpass.h"

#define LONG_ANSWER 3000000

static struct cw_buf in = CW_BUF_INIT, out = CW_BUF_INIT;
static struct cw_ipc_page *page;
static char settings[64];
static int passed[64];
static size_t passed_len;

static void receive(void)
{
	char bytes[65536], control[CMSG_SPACE(sizeof(int) * 8)];
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(CW_IPC_SOCKET, &m, 0);
	struct cmsghdr *c;

	if (n <= 0)
		_exit(0);
	c = CMSG_FIRSTHDR(&m);
	if (c && passed_len < 64)
		memcpy(&passed[passed_len++], CMSG_DATA(c), sizeof(int));
	cw_buf_add(&in, bytes, (size_t)n);
}

static void flush(void)
{
	if (cw_io_write_full(CW_IPC_SOCKET, out.data, out.len, NULL) < 0)
		_exit(1);
	cw_buf_clear(&out);
}

static int take_fd(void)
{
	int fd = passed[0];

	if (passed_len == 0)
		_exit(2);
	passed_len--;
	memmove(passed, passed + 1, passed_len * sizeof(passed[0]));
	return fd;
}

static void die(void)
{
	flush();
	raise(SIGKILL);
}

static void answer_echo(const struct cw_ipc_head *h, const char *data)
{
	struct cw_buf text = CW_BUF_INIT;
	char rules[8] = "";

	if (pread(CW_IPC_RULES, rules, sizeof(rules) - 1, 0) < 0)
		_exit(3);
	cw_buf_addf(&text, "%s %s %.*s", rules, settings, (int)h->len, data);
	cw_ipc_add(&out, CW_IPC_DONE, h->job, 0, text.data, text.len);
	cw_buf_release(&text);
}

static void answer_long(const struct cw_ipc_head *h)
{
	char *text = malloc(LONG_ANSWER);

	if (!text)
		_exit(4);
	memset(text, 'l', LONG_ANSWER);
	cw_ipc_add(&out, CW_IPC_DONE, h->job, 0, text, LONG_ANSWER);
	free(text);
}

static void die_sometimes(const struct cw_ipc_head *h, int fd)
{
	unsigned char left = 0;

	if (pread(fd, &left, 1, 0) != 1)
		_exit(5);
	if (left > 0) {
		left--;
		if (pwrite(fd, &left, 1, 0) != 1)
			_exit(6);
		die();
	}
	cw_ipc_add(&out, CW_IPC_DONE, h->job, 0, "lived", 5);
}

static void work(const struct cw_ipc_head *h, const char *data)
{
	char what = h->len > 0 ? data[0] : 'f';
	int fd = h->fds > 0 ? take_fd() : -1;

	atomic_store(&page->job, what == 'q' ? 0 : h->job);
	if (what == 'e')
		answer_echo(h, data);
	else if (what == 'd' || what == 'q')
		die();
	else if (what == 't' && (ftruncate(CW_IPC_PAGE, 0) == 0 || ftruncate(CW_IPC_PAGE, 1 << 20) == 0))
		answer_echo(h, data);
	else if (what == 't')
		die();
	else if (what == 'b')
		answer_long(h);
	else if (what == 'k')
		die_sometimes(h, fd);
	else if (what == 'g')
		cw_buf_adds(&out, "this is no message at all, is it");
	else if (what == 'o')
		cw_ipc_add(&out, CW_IPC_DONE, h->job + 1, 0, "wrong", 5);
	else if (what == 'r' || what == 'R' || what == 'w')
		for (int i = 0; i < 3; i++)
			cw_ipc_add(&out, i < 2 ? CW_IPC_RECORD : CW_IPC_REFS, h->job, 0, "record", 6);
	else if (what == 'f')
		cw_ipc_add(&out, CW_IPC_FAILED, h->job, 0, "no", 2);
	if (what == 'R')
		die();
	if (what == 'r')
		cw_ipc_add(&out, CW_IPC_DONE, h->job, 0, "all", 3);
	if (what == 'h') {
		flush();
		for (;;)
			pause();
	}
	if (fd >= 0)
		close(fd);
	atomic_store(&page->job, 0);
}

static void act(const struct cw_ipc_head *h, const char *data)
{
	if (h->kind != CW_IPC_SETUP) {
		work(h, data);
		return;
	}
	memcpy(settings, data, h->len < sizeof(settings) ? h->len : sizeof(settings) - 1);
	if (settings[0] == 'x')
		_exit(9);
	if (settings[0] != '-')
		cw_ipc_add(&out, CW_IPC_READY, 0, 0, "fake", 4);
}

int main(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, CW_IPC_PAGE, 0);
	if (page == MAP_FAILED)
		return 1;
	for (;;) {
		struct cw_ipc_head head;
		size_t size, at = 0;

		receive();
		while (cw_ipc_parse(in.data + at, in.len - at, &head, &size, NULL) == 0 && size > 0) {
			act(&head, in.data + at + sizeof(head));
			at += size;
		}
		memmove(in.data, in.data + at, in.len - at);
		cw_buf_truncate(&in, in.len - at);
		flush();
	}
}
