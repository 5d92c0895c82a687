/* base/io.h - files and descriptors: whole reads and writes, bounded file reading, atomic replacement.
 * All descriptors are opened O_CLOEXEC. EINTR and short transfers are handled here and nowhere else. */
#ifndef CW_BASE_IO_H
#define CW_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h" /* paths are shown with cw_escape() */

/* Read until LEN bytes or end of file. *ret_len (bytes read) may be smaller than LEN only at end of file. */
int cw_io_read_full(int fd, void *data, size_t len, size_t *ret_len, struct cw_err *err);
/* Write all LEN bytes. */
int cw_io_write_full(int fd, const void *data, size_t len, struct cw_err *err);
/* Append everything up to end of file to BUF; CW_E_LIMIT when it would hold more than MAX bytes in all. NAME is for
 * the message. */
int cw_io_read_fd(int fd, const char *name, size_t max, struct cw_buf *buf, struct cw_err *err);

enum cw_io_flags {
	CW_IO_NOFOLLOW = 1 << 0, /* refuse a symbolic link as the last component */
	CW_IO_TRUSTED = 1 << 1,	 /* refuse unless the file and its directory belong to root or the caller's effective uid and
				    nobody else may write to them */
};
/* Open the regular file PATH for reading; *ret_fd is owned by the caller. FLAGS and failures as below. */
int cw_io_open_file(const char *path, unsigned flags, int *ret_fd, struct cw_err *err);
/* Append the regular file PATH to BUF. Anything but a regular file is CW_E_INVALID (opened with O_NONBLOCK, so a FIFO
 * cannot block); larger than MAX bytes is CW_E_LIMIT; absent is CW_E_NOTFOUND; untrusted is CW_E_INVALID. */
int cw_io_read_file(const char *path, size_t max, unsigned flags, struct cw_buf *buf, struct cw_err *err);

/* Replace PATH by a file of MODE with the LEN bytes: written to a temporary file in the same directory, fsynced and
 * renamed, then the directory is fsynced. A symbolic link at PATH is replaced, not followed; the umask does not count.
 * On any failure nothing is left behind and PATH is as before, but for one: when only the fsync of the directory fails,
 * the new content stands and CW_E_IO says that it may not survive a power loss. */
int cw_io_replace_file(const char *path, const void *data, size_t len, mode_t mode, struct cw_err *err);

/* Create directory PATH and its missing parents with MODE less the umask (existing ones are left as they are).
 * CW_E_INVALID when a component is something else than a directory. */
int cw_io_mkdirs(const char *path, mode_t mode, struct cw_err *err);

/* Whether PATH (file or directory) and every parent directory up to / can be changed by nobody but root and the
 * effective uid (sticky directories such as /tmp count as safe parents of what the caller or root owns). */
bool cw_io_is_trusted(const char *path);

#endif
