/* policy/source.c - see source.h. */
#include "policy/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/repo.h"

#define OPEN_FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)
#define OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC)

/* Relative, and every component a real name. */
static bool is_inside(const char *path)
{
	if (!*path)
		return false;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* Open PATH below ROOT component by component, so that no symbolic link is followed; the descriptor, or -1. */
static int open_below(const char *root, const char *path)
{
	CW_CLEANUP(cw_closep) int folder = open(root, OPEN_FOLDER);
	char name[NAME_MAX + 1];

	while (folder >= 0) {
		size_t len = strcspn(path, "/");
		int next;

		if (len >= sizeof(name)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		if (!path[len])
			return openat(folder, name, OPEN_FILE);
		next = openat(folder, name, OPEN_FOLDER | O_NOFOLLOW);
		cw_closep(&folder);
		folder = next;
		path += len + 1;
	}
	return -1;
}

static int read_folder(void *payload, const char *path, size_t max, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open_below(payload, path);
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		return cw_err_set(err, CW_E_INVALID, "'%s' is a symbolic link", path);
	if (fd < 0 && errno == ENOTDIR)
		return cw_err_set(err, CW_E_NOTFOUND, "'%s' does not exist", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return cw_err_set(err, CW_E_INVALID, "'%s' is not a regular file", path);
	return cw_io_read_fd(fd, path, out->len + max, out, err);
}

static int read_head(void *payload, const char *path, size_t max, struct cw_buf *out, struct cw_err *err)
{
	int rc = cw_repo_head_file(payload, path, max, out, err);

	return rc == 0 ? 0 : cw_err_wrap(err, rc, "'%s'", path);
}

struct cw_source cw_source_folder(const char *path)
{
	return (struct cw_source){.read = read_folder, .payload = (char *)path};
}

struct cw_source cw_source_head(struct cw_repo *r)
{
	return (struct cw_source){.read = read_head, .payload = r};
}

int cw_source_read(const struct cw_source *s, const char *path, size_t max, struct cw_buf *out, struct cw_err *err)
{
	if (!is_inside(path))
		return cw_err_set(err, CW_E_INVALID, "'%s' does not lie in the repository: write it relative to its root",
				  path);
	return s->read(s->payload, path, max, out, err);
}
