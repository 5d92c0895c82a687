/* policy/audit_log.c - see audit_log.h. */
#include "policy/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define LOG_MODE 0640
#define LOG_FLAGS (O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static int sync_folder(const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf folder = CW_BUF_INIT;
	CW_CLEANUP(cw_closep) int fd = -1;
	size_t len = (size_t)(strrchr(path, '/') - path);

	cw_buf_add(&folder, path, len > 0 ? len : 1);
	if (cw_buf_fail(&folder, "path", err) != 0)
		return folder.fail;
	fd = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return cw_err_sys(err, errno, "cannot write to the folder of '%s'", path);
	return 0;
}

static int open_log(const char *path, int *ret_fd, bool *ret_new, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open(path, LOG_FLAGS | O_CREAT | O_EXCL, LOG_MODE);
	struct stat st;

	*ret_new = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(path, LOG_FLAGS);
	if (fd < 0)
		return cw_err_sys(err, errno, "cannot open the audit log '%s'", path);
	if (fstat(fd, &st) != 0 || (*ret_new && fchmod(fd, LOG_MODE) != 0))
		return cw_err_sys(err, errno, "cannot open the audit log '%s'", path);
	if (!S_ISREG(st.st_mode))
		return cw_err_set(err, CW_E_INVALID, "the audit log '%s' is not a regular file", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* *ret_fd, owned by the caller, is what the line was written to. */
static int write_line(const char *path, const struct cw_json *record, int *ret_fd, bool *ret_new, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT_MAX(CW_AUDIT_LINE_MAX);
	CW_CLEANUP(cw_closep) int fd = -1;
	ssize_t written;
	int rc = path[0] == '/' ? cw_json_print(record, false, &line, err) :
				  cw_err_set(err, CW_E_INVALID, "the audit log must be an absolute path");

	if (rc != 0)
		return rc;
	cw_buf_addc(&line, '\n');
	rc = cw_buf_fail(&line, "audit record", err);
	if (rc == 0)
		rc = open_log(path, &fd, ret_new, err);
	if (rc != 0)
		return rc;
	/* one call, so that lines of several processes do not mix */
	do
		written = write(fd, line.data, line.len);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return cw_err_sys(err, errno, "cannot write to the audit log '%s'", path);
	if ((size_t)written < line.len) {
		cw_io_write_full(fd, "\n", 1, NULL); /* the next record stands on its own line */
		return cw_err_set(err, CW_E_IO, "cannot write to the audit log '%s': it is full", path);
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int cw_audit_log_note(const char *path, const struct cw_json *record, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	bool is_new;

	return write_line(path, record, &fd, &is_new, err);
}

int cw_audit_log_add(const char *path, const struct cw_json *record, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	bool is_new = false;
	int rc = write_line(path, record, &fd, &is_new, err);

	if (rc != 0)
		return rc;
	if (fsync(fd) != 0)
		return cw_err_sys(err, errno, "cannot write to the audit log '%s'", path);
	return is_new ? sync_folder(path, err) : 0;
}
