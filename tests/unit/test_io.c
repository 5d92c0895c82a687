/* Tests of base/io and base/trust in a directory of their own under $TMPDIR. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"

/* Every test runs with a fresh directory as its current one. */
static int enter_directory(void **state)
{
	const char *parent = getenv("TMPDIR");
	char *dir = NULL;

	if (asprintf(&dir, "%s/cw-test-io-XXXXXX", parent != NULL ? parent : "/tmp") < 0 || mkdtemp(dir) == NULL)
		return -1;
	*state = dir;
	return chdir(dir);
}

static void remove_all(const char *const *names)
{
	for (; *names != NULL; names++) {
		if (unlink(*names) != 0)
			rmdir(*names);
	}
}

static int leave_directory(void **state)
{
	/* Deepest first: every name that a test uses. */
	static const char *const names[] = {"d/e/f/g",	 "d/e/f",	  "d/e",      "d/link", "d/file", "d",
					    "out",	 "link",	  "loop",     "fifo",	"socket", "file",
					    "open/file", "open/sub/file", "open/sub", "open",	NULL};
	int rc;

	remove_all(names);
	rc = chdir("/");
	if (rc == 0)
		rc = rmdir(*state); /* fails when a test left something behind */
	free(*state);
	return rc;
}

static void write_file(const char *path, const char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(cw_io_write_full(fd, data, len, NULL), 0);
	close(fd);
}

static int read_file(const char *path, size_t max, unsigned flags, char *out)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	int rc = cw_io_read_file(path, max, flags, &b, NULL);

	memcpy(out, b.data, b.len + 1);
	return rc;
}

/* a read stops at the end of the file and at the asked length */
static void test_read_full(void **state)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	char data[8] = {0};
	size_t n = 0;

	write_file("file", "12345", 5);
	fd = open("file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(cw_io_read_full(fd, data, 3, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_int_equal(cw_io_read_full(fd, data, sizeof(data), &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_memory_equal(data, "453", 3);
	assert_int_equal(cw_io_read_full(fd, data, sizeof(data), &n, NULL), 0);
	assert_int_equal(n, 0);
}

/* a bad descriptor is an error that names its cause */
static void test_bad_descriptor(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	char c = 'x';
	size_t n = 77;

	assert_int_equal(cw_io_read_full(-1, &c, 1, &n, &err), CW_E_IO);
	assert_int_equal(err.sys_errno, EBADF);
	assert_int_equal(n, 77);
	assert_int_equal(cw_io_write_full(-1, &c, 1, &err), CW_E_IO);
}

/* a full device is an error, not a short write */
static void test_write_enospc(void **state)
{
	CW_CLEANUP(cw_closep) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct cw_err err = CW_ERR_INIT;

	if (fd < 0)
		skip();
	assert_int_equal(cw_io_write_full(fd, "x", 1, &err), CW_E_IO);
	assert_int_equal(err.sys_errno, ENOSPC);
}

#define TRANSFER ((size_t)1 << 20) /* bytes: many times a pipe's capacity */

struct transfer {
	int fd;
	char *data;
	int rc;
};

static void *writer_main(void *arg)
{
	struct transfer *t = arg;

	t->rc = cw_io_write_full(t->fd, t->data, TRANSFER, NULL);
	close(t->fd);
	return NULL;
}

static void on_signal(int sig)
{
}

/* Send TRANSFER bytes through a pipe; the writer gets a signal after every piece that is read. */
static void check_transfer(int pipe_flags)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct transfer t = {.rc = 77};
	char *got = calloc(1, TRANSFER + 1);
	size_t done = 0, n = 1;
	pthread_t writer;
	int fds[2];

	t.data = malloc(TRANSFER);
	assert_non_null(t.data);
	assert_non_null(got);
	for (size_t i = 0; i < TRANSFER; i++)
		t.data[i] = (char)(i * 7 + i / 4096);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC | pipe_flags), 0);
	t.fd = fds[1];
	assert_int_equal(pthread_create(&writer, NULL, writer_main, &t), 0);
	while (done < TRANSFER && n > 0) {
		size_t want = TRANSFER - done < 5000 ? TRANSFER - done : 5000;

		assert_int_equal(cw_io_read_full(fds[0], got + done, want, &n, NULL), 0);
		done += n;
		pthread_kill(writer, SIGUSR1);
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(t.rc, 0);
	assert_int_equal(done, TRANSFER);
	assert_memory_equal(got, t.data, TRANSFER);
	close(fds[0]);
	free(t.data);
	free(got);
}

/* short writes and interrupted calls lose nothing */
static void test_transfer_interrupted(void **state)
{
	check_transfer(0);
}

/* descriptors that somebody made non-blocking are waited for */
static void test_transfer_nonblocking(void **state)
{
	check_transfer(O_NONBLOCK);
}

/* a file of exactly MAX bytes is read, one byte more is refused and nothing is appended */
static void test_read_file_limit(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	write_file("file", "12345", 5);
	cw_buf_adds(&b, "ab");
	assert_int_equal(cw_io_read_file("file", 7, 0, &b, NULL), 0);
	assert_string_equal(b.data, "ab12345");
	assert_int_equal(cw_io_read_file("file", 11, 0, &b, &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "'file' is larger than 11 bytes");
	assert_string_equal(b.data, "ab12345");
	assert_int_equal(cw_io_read_file("file", 3, 0, &b, &err), CW_E_LIMIT);
	assert_string_equal(b.data, "ab12345");
}

/* a file whose size the kernel reports as 0 is read to its end, and limited */
static void test_read_file_without_size(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	if (access("/proc/self/status", R_OK) != 0)
		skip();
	assert_int_equal(cw_io_read_file("/proc/self/status", 1 << 20, 0, &b, NULL), 0);
	assert_true(b.len > 100);
	assert_int_equal(cw_io_read_file("/proc/self/status", b.len + 10, 0, &b, NULL), CW_E_LIMIT);
}

/* a pipe is read to its end over many chunks; more than MAX is refused */
static void test_read_fd(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	static char data[60000];
	int fds[2];

	memset(data, 'x', sizeof(data));
	for (int pass = 0; pass < 2; pass++) {
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_int_equal(cw_io_write_full(fds[1], data, sizeof(data), NULL), 0);
		close(fds[1]);
		assert_int_equal(cw_io_read_fd(fds[0], "pipe", sizeof(data), &b, NULL), pass == 0 ? 0 : CW_E_LIMIT);
		assert_int_equal(b.len, sizeof(data));
		close(fds[0]);
	}
}

/* the buffer's own maximum counts too */
static void test_read_into_small_buffer(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT_MAX(3);

	write_file("file", "12345", 5);
	assert_int_equal(cw_io_read_file("file", 100, 0, &b, NULL), CW_E_LIMIT);
	assert_int_equal(b.len, 0);
}

/* absent files, directories, FIFOs, sockets and devices have their own answers, and none blocks */
static void test_read_file_kinds(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "socket"};
	CW_CLEANUP(cw_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct cw_err err = CW_ERR_INIT;
	char out[64];

	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(read_file("absent", 10, 0, out), CW_E_NOTFOUND);
	assert_int_equal(read_file(".", 10, 0, out), CW_E_INVALID);
	assert_int_equal(read_file("fifo", 10, 0, out), CW_E_INVALID);
	assert_int_equal(read_file("socket", 10, 0, out), CW_E_INVALID);
	assert_int_equal(read_file("/dev/null", 10, 0, out), CW_E_INVALID);
	assert_int_equal(cw_io_open_file("fifo", 0, &fd, &err), CW_E_INVALID);
	assert_string_equal(err.msg, "'fifo' is not a regular file");
}

/* a link is followed unless NOFOLLOW refuses it; a loop is no crash */
static void test_nofollow(void **state)
{
	char out[64];

	write_file("file", "x", 1);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(read_file("link", 10, 0, out), 0);
	assert_string_equal(out, "x");
	assert_int_equal(read_file("link", 10, CW_IO_NOFOLLOW, out), CW_E_INVALID);
	assert_int_equal(read_file("loop", 10, 0, out), CW_E_INVALID);
	assert_int_equal(read_file("link", 10, CW_IO_NOFOLLOW | CW_IO_TRUSTED, out), CW_E_INVALID);
}

/* a trusted file must not be writable by group or others */
static void test_trusted_mode(void **state)
{
	char out[64];

	write_file("file", "x", 1);
	assert_int_equal(read_file("file", 10, CW_IO_TRUSTED, out), 0);
	assert_int_equal(chmod("file", 0620), 0);
	assert_int_equal(read_file("file", 10, CW_IO_TRUSTED, out), CW_E_INVALID);
	assert_int_equal(chmod("file", 0602), 0);
	assert_int_equal(read_file("file", 10, CW_IO_TRUSTED, out), CW_E_INVALID);
	assert_int_equal(read_file("file", 10, 0, out), 0);
	assert_int_equal(read_file("absent", 10, CW_IO_TRUSTED, out), CW_E_NOTFOUND);
}

/* nor may its directory, unless that is sticky; a link is judged at both ends */
static void test_trusted_directory(void **state)
{
	char out[64];

	assert_int_equal(mkdir("open", 0700), 0);
	write_file("open/file", "x", 1);
	assert_int_equal(symlink("open/file", "link"), 0);
	assert_int_equal(read_file("link", 10, CW_IO_TRUSTED, out), 0);
	assert_int_equal(chmod("open", 0777), 0);
	assert_int_equal(read_file("open/file", 10, CW_IO_TRUSTED, out), CW_E_INVALID);
	assert_int_equal(read_file("link", 10, CW_IO_TRUSTED, out), CW_E_INVALID);
	assert_int_equal(chmod("open", 01777), 0);
	assert_int_equal(read_file("open/file", 10, CW_IO_TRUSTED, out), 0);
	assert_int_equal(read_file("link", 10, CW_IO_TRUSTED, out), 0);
}

/* somebody else's file is not trusted (only root can make one) */
static void test_trusted_owner(void **state)
{
	char out[64];

	if (geteuid() != 0)
		skip();
	write_file("file", "x", 1);
	assert_int_equal(chown("file", 12345, 12345), 0);
	assert_int_equal(read_file("file", 10, CW_IO_TRUSTED, out), CW_E_INVALID);
	assert_false(cw_io_is_trusted("file"));
	/* a stranger's link in a sticky directory decides where it leads */
	write_file("out", "x", 1);
	assert_int_equal(symlink("out", "link"), 0);
	assert_true(cw_io_is_trusted("link"));
	assert_int_equal(lchown("link", 12345, 12345), 0);
	assert_false(cw_io_is_trusted("link"));
}

/* every parent counts, relative paths, links, ".." and doubled slashes are understood */
static void test_is_trusted(void **state)
{
	assert_int_equal(cw_io_mkdirs("open/sub", 0755, NULL), 0);
	write_file("open/sub/file", "x", 1);
	assert_true(cw_io_is_trusted("open/sub/file"));
	assert_true(cw_io_is_trusted("open//sub/../sub//file"));
	assert_true(cw_io_is_trusted("open/sub/"));
	assert_int_equal(symlink("open/sub", "link"), 0);
	assert_true(cw_io_is_trusted("link/file"));
	assert_int_equal(chmod("open", 0775), 0);
	assert_false(cw_io_is_trusted("open/sub/file"));
	assert_false(cw_io_is_trusted("link/file"));
	assert_int_equal(chmod("open", 01777), 0);
	assert_true(cw_io_is_trusted("open/sub/file"));
	/* sticky helps a parent, not the path itself */
	assert_false(cw_io_is_trusted("open"));
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_false(cw_io_is_trusted("loop"));
	assert_false(cw_io_is_trusted("absent"));
	assert_false(cw_io_is_trusted(""));
	assert_true(cw_io_is_trusted("/"));
}

/* a new file has the content and exactly the mode, whatever the umask */
static void test_replace_new(void **state)
{
	mode_t before = umask(077);
	struct stat st;
	char out[64];

	assert_int_equal(cw_io_replace_file("out", "data", 4, 0644, NULL), 0);
	umask(before);
	assert_int_equal(stat("out", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(read_file("out", 10, 0, out), 0);
	assert_string_equal(out, "data");
}

/* an old file is replaced as a whole; a link is replaced, not followed */
static void test_replace_old(void **state)
{
	struct stat st;
	char out[64];

	write_file("file", "old and longer", 14);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(cw_io_replace_file("link", "new", 3, 0600, NULL), 0);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(read_file("file", 20, 0, out), 0);
	assert_string_equal(out, "old and longer");
	assert_int_equal(cw_io_replace_file("file", "", 0, 0600, NULL), 0);
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_size, 0);
}

/* failures leave neither a change nor a temporary file (which would keep the directory from being removed) */
static void test_replace_fails(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	char path[5000];

	assert_int_equal(mkdir("d", 0700), 0);
	write_file("d/file", "x", 1);
	assert_int_equal(cw_io_replace_file("d", "data", 4, 0600, &err), CW_E_IO);
	assert_int_equal(cw_io_replace_file("absent/file", "data", 4, 0600, &err), CW_E_NOTFOUND);
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(cw_io_replace_file(path, "data", 4, 0600, &err), CW_E_IO);
	memcpy(path + 4500, "/", 1);
	assert_int_equal(cw_io_replace_file(path, "data", 4, 0600, &err), CW_E_LIMIT);
}

/* missing parents are made, existing directories and links to them are fine, files in the way are not */
static void test_mkdirs(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	struct stat st;

	assert_int_equal(cw_io_mkdirs("d/e//f/g/", 0700, NULL), 0);
	assert_int_equal(cw_io_mkdirs("d/e/f/g", 0700, NULL), 0);
	assert_int_equal(stat("d/e/f/g", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(symlink("e", "d/link"), 0);
	assert_int_equal(cw_io_mkdirs("d/link/f", 0700, NULL), 0);
	write_file("d/file", "x", 1);
	assert_int_equal(cw_io_mkdirs("d/file/x", 0700, &err), CW_E_INVALID);
	assert_string_equal(err.msg, "'d/file' is not a directory");
	assert_int_equal(cw_io_mkdirs("", 0700, NULL), CW_E_NOTFOUND);
	assert_int_equal(cw_io_mkdirs("/", 0700, NULL), 0);
}

#define IO_TEST(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IO_TEST(test_read_full),
		IO_TEST(test_bad_descriptor),
		IO_TEST(test_write_enospc),
		IO_TEST(test_transfer_interrupted),
		IO_TEST(test_transfer_nonblocking),
		IO_TEST(test_read_file_limit),
		IO_TEST(test_read_file_without_size),
		IO_TEST(test_read_fd),
		IO_TEST(test_read_into_small_buffer),
		IO_TEST(test_read_file_kinds),
		IO_TEST(test_nofollow),
		IO_TEST(test_trusted_mode),
		IO_TEST(test_trusted_directory),
		IO_TEST(test_trusted_owner),
		IO_TEST(test_is_trusted),
		IO_TEST(test_replace_new),
		IO_TEST(test_replace_old),
		IO_TEST(test_replace_fails),
		IO_TEST(test_mkdirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
