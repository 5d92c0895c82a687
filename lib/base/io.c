/* base/io.c - owns: whole reads and writes, atomic replacement, directories. Opening and trust are in trust.c. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define CHUNK ((size_t)64 << 10) /* bytes asked for at once when the size is unknown */

/* Wait until a descriptor that somebody made non-blocking is ready; whether to try again. */
static bool wait_ready(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

/* read() that is not interrupted; at most SSIZE_MAX bytes. */
static ssize_t read_some(int fd, void *data, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, data, len < SSIZE_MAX ? len : SSIZE_MAX);
	} while (n < 0 && wait_ready(fd, POLLIN));
	return n;
}

int cw_io_read_full(int fd, void *data, size_t len, size_t *ret_len, struct cw_err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read_some(fd, (char *)data + done, len - done);

		if (n < 0)
			return cw_err_sys(err, errno, "cannot read");
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return 0;
}

int cw_io_write_full(int fd, const void *data, size_t len, struct cw_err *err)
{
	size_t done = 0;

	while (done < len) {
		size_t want = len - done;
		ssize_t n = write(fd, (const char *)data + done, want < SSIZE_MAX ? want : SSIZE_MAX);

		if (n < 0 && !wait_ready(fd, POLLOUT))
			return cw_err_sys(err, errno, "cannot write");
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

static int too_large(const char *name, size_t max, struct cw_err *err)
{
	return cw_err_set(err, CW_E_LIMIT, "'%s' is larger than %zu bytes", name, max);
}

/* Bytes to ask for next: what a regular file says it still has, plus one to see its end at once. */
static size_t first_chunk(int fd, size_t room)
{
	struct stat st;
	size_t want = CHUNK;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 && (uintmax_t)st.st_size < room)
		want = (size_t)st.st_size + 1;
	return want < room ? want : room;
}

static int read_all(int fd, const char *name, size_t max, struct cw_buf *buf, struct cw_err *err)
{
	size_t want = buf->len < max ? first_chunk(fd, max - buf->len) : 0;

	for (;;) {
		char probe;
		ssize_t n;

		/* At the limit one more byte tells "exactly full" from "too large". */
		if (want > 0 && cw_buf_reserve(buf, want) != 0)
			return cw_buf_fail(buf, name, err);
		n = want > 0 ? read_some(fd, buf->data + buf->len, want) : read_some(fd, &probe, 1);
		if (n < 0)
			return cw_err_sys(err, errno, "cannot read '%s'", name);
		if (n == 0)
			return 0;
		if (want == 0)
			return too_large(name, max, err);
		cw_buf_commit(buf, (size_t)n);
		want = buf->cap > buf->len ? buf->cap - buf->len : CHUNK;
		want = want < max - buf->len ? want : max - buf->len;
	}
}

int cw_io_read_fd(int fd, const char *name, size_t max, struct cw_buf *buf, struct cw_err *err)
{
	size_t before = buf->len;
	int rc;

	if (before > max)
		return too_large(name, max, err);
	rc = read_all(fd, name, max, buf, err);
	if (rc != 0)
		cw_buf_truncate(buf, before);
	return rc;
}

int cw_io_read_file(const char *path, size_t max, unsigned flags, struct cw_buf *buf, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	struct stat st;
	int rc = cw_io_open_file(path, flags, &fd, err);

	if (rc != 0)
		return rc;
	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "cannot look at '%s'", path);
	if (st.st_size > 0 && (uintmax_t)st.st_size > max)
		return too_large(path, max, err);
	return cw_io_read_fd(fd, path, max, buf, err);
}

/* Append the directory of PATH as open() understands it. */
static void add_directory(struct cw_buf *out, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		cw_buf_addc(out, '.');
	else
		cw_buf_add(out, path, slash == path ? 1 : (size_t)(slash - path));
}

/* Write the data to FD, the new file that becomes PATH, and make it durable. */
static int fill_temporary(int fd, const char *path, const void *data, size_t len, mode_t mode, struct cw_err *err)
{
	int rc = cw_io_write_full(fd, data, len, err);

	if (rc != 0)
		return cw_err_wrap(err, rc, "'%s'", path);
	if (fchmod(fd, mode) != 0)
		return cw_err_sys(err, errno, "cannot set the mode of '%s'", path);
	if (fsync(fd) != 0)
		return cw_err_sys(err, errno, "cannot write '%s' to disk", path);
	return 0;
}

static int sync_directory(const char *dir, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL: a filesystem that cannot sync directories. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		return cw_err_sys(err, errno, "cannot write directory '%s' to disk", dir);
	return 0;
}

int cw_io_replace_file(const char *path, const void *data, size_t len, mode_t mode, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf dir = CW_BUF_INIT_MAX(PATH_MAX), temp = CW_BUF_INIT_MAX(PATH_MAX);
	CW_CLEANUP(cw_closep) int fd = -1;
	int rc;

	add_directory(&dir, path);
	cw_buf_adds(&temp, dir.data);
	cw_buf_adds(&temp, "/.cw-XXXXXX");
	if (cw_buf_fail(&dir, "path", err) != 0 || cw_buf_fail(&temp, "path", err) != 0)
		return dir.fail != 0 ? dir.fail : temp.fail;
	fd = mkostemp(temp.data, O_CLOEXEC);
	if (fd < 0)
		return cw_err_sys(err, errno, "cannot create a file in '%s'", dir.data);
	rc = fill_temporary(fd, path, data, len, mode, err);
	if (rc == 0 && rename(temp.data, path) != 0)
		rc = cw_err_sys(err, errno, "cannot replace '%s'", path);
	if (rc != 0) {
		unlink(temp.data);
		return rc;
	}
	return sync_directory(dir.data, err);
}

/* Create one directory unless it is there. */
static int make_directory(const char *path, mode_t mode, struct cw_err *err)
{
	struct stat st;
	int sys_errno;

	if (mkdir(path, mode) == 0)
		return 0;
	sys_errno = errno;
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : cw_err_set(err, CW_E_INVALID, "'%s' is not a directory", path);
	return cw_err_sys(err, sys_errno, "cannot create directory '%s'", path);
}

int cw_io_mkdirs(const char *path, mode_t mode, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf part = CW_BUF_INIT_MAX(PATH_MAX);
	size_t len = strlen(path);

	if (len == 0)
		return cw_err_sys(err, ENOENT, "cannot create directory ''");
	for (size_t i = 1; i <= len; i++) {
		int rc;

		if (i < len && path[i] != '/')
			continue;
		cw_buf_clear(&part);
		cw_buf_add(&part, path, i);
		rc = cw_buf_fail(&part, "path", err);
		if (rc == 0)
			rc = make_directory(part.data, mode, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}
