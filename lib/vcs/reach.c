/* vcs/reach.c - see reach.h. */
#include "vcs/reach.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vcs/layout.h"
#include "vcs/repo_int.h"
#include "vcs/stores.h"

static int add(struct cw_vec *out, const char *path, struct cw_err *err)
{
	const char **slot = cw_vec_push(out);

	if (!slot)
		return cw_vec_fail(out, "folders", err);
	*slot = path;
	return 0;
}

int cw_repo_reach(const struct cw_repo *r, struct cw_vec *out, struct cw_err *err)
{
	int rc = add(out, r->at.git_dir, err);

	if (!rc && strcmp(r->at.common_dir, r->at.git_dir) != 0)
		rc = add(out, r->at.common_dir, err);
	for (size_t i = 0; !rc && i < r->stores.len; i++)
		rc = add(out, CW_VEC_AT(&r->stores, char *, i), err);
	return rc;
}

/* Append DIR/NAME, or DIR itself when NAME is empty, if it is a folder and not a link to one. */
static int add_folder(struct cw_vec *out, size_t max, const char *dir, const char *name, struct cw_err *err)
{
	char *path = *name ? cw_path_join(dir, name) : strdup(dir), **slot;
	struct stat st;

	if (!path)
		return cw_err_nomem(err);
	if (out->len >= max || lstat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		free(path);
		return 0;
	}
	slot = cw_vec_push(out);
	if (!slot) {
		free(path);
		return cw_vec_fail(out, "folders", err);
	}
	*slot = path;
	return 0;
}

/* Append all folders in folder DIR. */
static int add_children(struct cw_vec *out, size_t max, const char *dir, struct cw_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), rc = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	/* One that cannot be read is watched itself, and the timer sees to the rest. */
	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (!rc && (e = readdir(d)) != NULL) {
		if ((e->d_type == DT_DIR || e->d_type == DT_UNKNOWN) && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = add_folder(out, max, dir, e->d_name, err);
	}
	closedir(d);
	return rc;
}

int cw_repo_ref_folders(const struct cw_repo *r, size_t max, struct cw_vec *out, struct cw_err *err)
{
	int rc = add_folder(out, max, r->at.git_dir, "", err);
	size_t next;

	if (!rc && strcmp(r->at.common_dir, r->at.git_dir) != 0)
		rc = add_folder(out, max, r->at.common_dir, "", err);
	next = out->len;
	rc = rc ? rc : add_folder(out, max, r->at.common_dir, "refs", err);
	rc = rc ? rc : add_folder(out, max, r->at.common_dir, "reftable", err);
	rc = rc ? rc : add_folder(out, max, r->at.common_dir, "worktrees", err);
	for (; !rc && next < out->len; next++)
		rc = add_children(out, max, CW_VEC_AT(out, char *, next), err);
	return rc;
}
