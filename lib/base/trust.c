/* base/trust.c - owns: opening files, and the question who could have changed one.
 * Trusted owners are root and the effective uid. A directory that others may write to is a safe parent only when it is
 * sticky: then nobody else can rename or delete what a trusted owner put there. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LINKS_MAX 40 /* symbolic links on one path, as in the kernel */

static bool owner_is_trusted(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool others_may_write(const struct stat *st)
{
	return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static bool is_safe_parent(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && owner_is_trusted(st) && (!others_may_write(st) || (st->st_mode & S_ISVTX) != 0);
}

/* Replace the first PREFIX_LEN bytes of PATH, a symbolic link, by what it points to. */
static bool follow_link(char path[PATH_MAX], size_t prefix_len)
{
	char target[PATH_MAX], joined[PATH_MAX];
	size_t dir_len = prefix_len, rest_len = strlen(path + prefix_len);
	char saved = path[prefix_len];
	ssize_t n;

	path[prefix_len] = '\0';
	n = readlink(path, target, sizeof(target));
	path[prefix_len] = saved;
	if (n <= 0 || (size_t)n >= sizeof(target))
		return false;
	while (dir_len > 0 && path[dir_len - 1] != '/')
		dir_len--;
	if (target[0] == '/')
		dir_len = 0;
	if (dir_len + (size_t)n + rest_len >= sizeof(joined))
		return false;
	memcpy(joined, path, dir_len);
	memcpy(joined + dir_len, target, (size_t)n);
	memcpy(joined + dir_len + (size_t)n, path + prefix_len, rest_len + 1);
	memcpy(path, joined, dir_len + (size_t)n + rest_len + 1);
	return true;
}

/* End of the component that starts behind the slashes at *pos; *pos moves there. */
static size_t next_component(const char *path, size_t pos)
{
	pos += strspn(path + pos, "/");
	return pos + strcspn(path + pos, "/");
}

enum step { STEP_OK, STEP_LINK, STEP_BAD };

/* Judge the first PREFIX_LEN bytes of PATH; LAST when nothing follows. */
static enum step judge_prefix(char path[PATH_MAX], size_t prefix_len, bool last)
{
	char saved = path[prefix_len];
	struct stat st;
	int rc;

	path[prefix_len] = '\0';
	rc = lstat(path, &st);
	path[prefix_len] = saved;
	if (rc != 0 || !owner_is_trusted(&st))
		return STEP_BAD;
	if (S_ISLNK(st.st_mode))
		return STEP_LINK;
	if (last)
		return others_may_write(&st) ? STEP_BAD : STEP_OK;
	return is_safe_parent(&st) ? STEP_OK : STEP_BAD;
}

/* PATH as an absolute path, its symbolic links kept. */
static bool make_absolute(const char *path, char out[PATH_MAX])
{
	size_t len = strlen(path), dir_len = 0;

	if (len == 0)
		return false;
	if (path[0] != '/') {
		if (getcwd(out, PATH_MAX) == NULL || out[0] != '/')
			return false;
		dir_len = strlen(out);
	}
	if (dir_len + 1 + len >= PATH_MAX)
		return false;
	if (dir_len > 0)
		out[dir_len++] = '/';
	memcpy(out + dir_len, path, len + 1);
	return true;
}

bool cw_io_is_trusted(const char *path)
{
	char full[PATH_MAX];
	size_t pos = 1;
	int links = 0;

	if (!make_absolute(path, full))
		return false;
	for (;;) {
		bool last = full[pos + strspn(full + pos, "/")] == '\0';
		enum step step = judge_prefix(full, pos, last);

		if (step == STEP_BAD)
			return false;
		if (step == STEP_LINK) {
			/* Start again: where the link leads has parents of its own. */
			if (++links > LINKS_MAX || !follow_link(full, pos))
				return false;
			pos = 1;
			continue;
		}
		if (last)
			return true;
		pos = next_component(full, pos);
	}
}

/* What open() says about PATH, translated. */
static int open_failed(const char *path, int sys_errno, struct cw_err *err)
{
	if (sys_errno == ELOOP)
		return cw_err_set(err, CW_E_INVALID, "'%s' is a symbolic link", path);
	if (sys_errno == ENXIO || sys_errno == ENODEV)
		return cw_err_set(err, CW_E_INVALID, "'%s' is not a regular file", path);
	return cw_err_sys(err, sys_errno, "cannot open '%s'", path);
}

static int untrusted(const char *path, const char *why, struct cw_err *err)
{
	return cw_err_set(err, CW_E_INVALID, "'%s' is not trusted: %s", path, why);
}

/* Open the directory that holds PATH into *ret_fd; it must be a safe parent. */
static int open_safe_parent(const char *path, int *ret_fd, struct cw_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	char dir[PATH_MAX] = ".";
	CW_CLEANUP(cw_closep) int fd = -1;
	struct stat st;

	if (len >= sizeof(dir))
		return cw_err_sys(err, ENAMETOOLONG, "cannot open '%s'", path);
	if (slash != NULL) {
		memcpy(dir, path, len + 1);
		dir[len == 0 ? 1 : len] = '\0';
	}
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "cannot open '%s'", dir);
	if (!is_safe_parent(&st))
		return untrusted(path, "others may write to its directory", err);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Open PATH relative to its checked directory, so that no rename in between leads elsewhere. */
static int open_in_safe_parent(const char *path, int *ret_fd, struct cw_err *err)
{
	const char *slash = strrchr(path, '/');
	CW_CLEANUP(cw_closep) int dir = -1;
	int fd, rc = open_safe_parent(path, &dir, err);

	if (rc != 0)
		return rc;
	fd = openat(dir, slash != NULL ? slash + 1 : path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0)
		return open_failed(path, errno, err);
	*ret_fd = fd;
	return 0;
}

/* The directory of a link and that of the file it leads to must both be safe. */
static int open_trusted(const char *path, unsigned flags, int *ret_fd, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *real = NULL;
	CW_CLEANUP(cw_closep) int link_dir = -1, fd = -1;
	struct stat st;
	int rc;

	if (!(flags & CW_IO_NOFOLLOW)) {
		rc = open_safe_parent(path, &link_dir, err);
		if (rc != 0)
			return rc;
		real = realpath(path, NULL);
		if (real == NULL)
			return cw_err_sys(err, errno, "cannot open '%s'", path);
	}
	rc = open_in_safe_parent(real != NULL ? real : path, &fd, err);
	if (rc != 0)
		return rc;
	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "cannot look at '%s'", path);
	if (!owner_is_trusted(&st))
		return untrusted(path, "it belongs to somebody else", err);
	if (others_may_write(&st))
		return untrusted(path, "others may write to it", err);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int cw_io_open_file(const char *path, unsigned flags, int *ret_fd, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	struct stat st;

	if (flags & CW_IO_TRUSTED) {
		int rc = open_trusted(path, flags, &fd, err);

		if (rc != 0)
			return rc;
	} else {
		/* Without O_NONBLOCK a FIFO would block here until somebody writes. */
		fd = open(path,
			  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags & CW_IO_NOFOLLOW ? O_NOFOLLOW : 0));
		if (fd < 0)
			return open_failed(path, errno, err);
	}
	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return cw_err_set(err, CW_E_INVALID, "'%s' is not a regular file", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}
