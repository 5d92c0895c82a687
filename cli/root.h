/* cli/root.h - the folder whose files a command changes: the work tree of a repository, or a plain folder. */
#ifndef CW_CLI_ROOT_H
#define CW_CLI_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct cw_root {
	char *dir;     /* owned; NULL: a bare repository, which has no files */
	char *git_dir; /* owned; NULL: there is no repository */
};

#define CW_ROOT_INIT { NULL, NULL }

/* The root for PATH, a file or folder: that of the repository around it, else the folder itself. Names are as PATH has them where
 * that is possible. */
int cw_root_find(const char *path, struct cw_root *ret, struct cw_err *err);
/* The same without a look for a repository. */
int cw_root_folder(const char *path, struct cw_root *ret, struct cw_err *err);
void cw_root_release(struct cw_root *r);
/* Append the path of NAME ("a/b") below R, which has a folder. CW_E_INVALID when a folder between is a symbolic link, or missing. */
int cw_root_join(const struct cw_root *r, const char *name, struct cw_buf *out, struct cw_err *err);
/* Whether people get FILE together with what is below R: it lies there (what only lies in .git does not count), or the repository
 * has an object with its content. */
int cw_root_holds(const struct cw_root *r, const char *file, bool *ret, struct cw_err *err);

/* Append the file PATH, no symbolic link, at most MAX bytes. *ret_found is false (no failure) when there is none. */
int cw_root_read_file(const char *path, size_t max, struct cw_buf *out, bool *ret_found, struct cw_err *err);
/* Fail early: PATH is something else than a regular file, or its folder cannot be written to. */
int cw_root_check_file(const char *path, struct cw_err *err);
/* Replace PATH by TEXT whole or not at all. It keeps its mode; a new file gets 0644. */
int cw_root_write_file(const char *path, const struct cw_buf *text, struct cw_err *err);

#endif
