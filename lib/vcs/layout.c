/* vcs/layout.c - finds a repository and refuses formats and file types that would read as empty or block. */
#include "vcs/layout.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "vcs/format.h"

#define CONFIG_MAX ((size_t)16 << 20) /* bytes of a repository's config */
#define POINTER_MAX ((size_t)2 * PATH_MAX) /* bytes of a `.git` or `commondir` file */

void cw_layout_release(struct cw_layout *l)
{
	free(l->git_dir);
	free(l->common_dir);
	free(l->work_dir);
	*l = (struct cw_layout)CW_LAYOUT_INIT;
}

char *cw_path_join(const char *dir, const char *name)
{
	char *s = NULL;
	size_t len = strlen(dir);
	const char *slash = len && dir[len - 1] == '/' ? "" : "/";

	return asprintf(&s, "%s%s%s", dir, slash, name) < 0 ? NULL : s;
}

int cw_require_regular(const char *path, bool *ret_there, struct cw_err *err)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (!there && errno != ENOENT && errno != ENOTDIR)
		return cw_err_sys(err, errno, "unable to look at '%s'", path);
	if (there && !S_ISREG(st.st_mode))
		return cw_err_set(err, CW_E_INVALID, "'%s' is not a regular file", path);
	if (ret_there)
		*ret_there = there;
	return 0;
}

static bool is_dir(const char *dir, const char *name)
{
	CW_CLEANUP(cw_freep) char *path = cw_path_join(dir, name);
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The path in the one-line file DIR/NAME after PREFIX, made absolute; *ret stays NULL when there is no such file. */
static int read_pointer(const char *dir, const char *name, const char *prefix, char **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_freep) char *file = cw_path_join(dir, name);
	CW_CLEANUP(cw_freep) char *full = NULL;
	char *target;
	int rc;

	if (!file)
		return cw_err_nomem(err);
	rc = cw_io_read_file(file, POINTER_MAX, 0, &text, err);
	if (rc == CW_E_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	while (text.len && strchr("\r\n", text.data[text.len - 1]))
		cw_buf_truncate(&text, text.len - 1);
	if (strncmp(text.data, prefix, strlen(prefix)) || memchr(text.data, '\0', text.len))
		return cw_err_set(err, CW_E_CORRUPT, "'%s' does not name a directory", file);
	target = text.data + strlen(prefix);
	full = *target == '/' ? strdup(target) : cw_path_join(dir, target);
	if (!full)
		return cw_err_nomem(err);
	*ret = realpath(full, NULL);
	/* What the file says is not repeated: it may be a link to a private one. */
	return *ret ? 0 : cw_err_set(err, CW_E_CORRUPT, "'%s' names a directory that cannot be opened", file);
}

/* Whether DIR looks like a git directory; *ret_common gets the directory of its objects and refs. */
static int is_git_dir(const char *dir, bool *ret_is, char **ret_common, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *head = cw_path_join(dir, "HEAD");
	CW_CLEANUP(cw_freep) char *common = NULL;
	struct stat st;
	int rc;

	if (!head)
		return cw_err_nomem(err);
	*ret_is = false;
	if (lstat(head, &st) != 0 || S_ISDIR(st.st_mode))
		return 0;
	rc = read_pointer(dir, "commondir", "", &common, err);
	if (rc)
		return rc;
	if (!common)
		common = strdup(dir);
	if (!common)
		return cw_err_nomem(err);
	*ret_is = is_dir(common, "objects") && is_dir(common, "refs");
	if (*ret_is)
		*ret_common = cw_steal(&common);
	return 0;
}

/* Take GIT_DIR (owned by this call) as the repository if it is one. WORK_DIR may be NULL. */
static int take(char *git_dir, const char *work_dir, struct cw_layout *l, bool *ret_found, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *owned = git_dir;
	char *common = NULL;
	int rc = is_git_dir(git_dir, ret_found, &common, err);

	if (rc || !*ret_found)
		return rc;
	l->git_dir = cw_steal(&owned);
	l->common_dir = common;
	l->work_dir = work_dir ? strdup(work_dir) : NULL;
	return work_dir && !l->work_dir ? cw_err_nomem(err) : 0;
}

/* DIR/.git: a directory, or a file that points to one. When it is neither, the search ends: to look at a repository further up
 * instead would answer for another one than the user named. */
static int try_dot_git(const char *dir, struct cw_layout *l, bool *ret_found, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *dot = cw_path_join(dir, ".git");
	char *target = NULL;
	struct stat st;
	int rc;

	if (!dot)
		return cw_err_nomem(err);
	if (lstat(dot, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (stat(dot, &st) != 0)
		return cw_err_set(err, CW_E_CORRUPT, "unable to look at '%s': %s", dot, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		target = realpath(dot, NULL);
		rc = target ? 0 : cw_err_sys(err, errno, "unable to open '%s'", dot);
	} else {
		rc = read_pointer(dir, ".git", "gitdir: ", &target, err);
	}
	if (rc || !target)
		return rc;
	rc = take(target, dir, l, ret_found, err);
	if (!rc && !*ret_found)
		rc = cw_err_set(err, CW_E_CORRUPT, "'%s' is not a usable git directory", dot);
	return rc;
}

/* DIR itself: bare, or a .git directory given as such. */
static int try_itself(const char *dir, struct cw_layout *l, bool *ret_found, struct cw_err *err)
{
	const char *name = strrchr(dir, '/');
	bool dot_git = name && !strcmp(name, "/.git") && name != dir;
	CW_CLEANUP(cw_freep) char *parent = dot_git ? strndup(dir, (size_t)(name - dir)) : NULL;
	char *copy = strdup(dir);

	if (!copy || (dot_git && !parent)) {
		free(copy);
		return cw_err_nomem(err);
	}
	return take(copy, parent, l, ret_found, err);
}

static int search_upwards(char *dir, struct cw_layout *l, bool *ret_found, struct cw_err *err)
{
	for (;;) {
		char *slash = strrchr(dir, '/');
		int rc = try_dot_git(dir, l, ret_found, err);

		if (!rc && !*ret_found)
			rc = try_itself(dir, l, ret_found, err);
		if (rc || *ret_found || !slash || !dir[1])
			return rc;
		slash[slash == dir ? 1 : 0] = '\0';
	}
}

/* The repository at PATH, or with UPWARDS the one that contains it; *ret_found says whether there is one. */
static int look(const char *path, bool upwards, struct cw_layout *ret, bool *ret_found, struct cw_err *err)
{
	CW_CLEANUP(cw_layout_release) struct cw_layout l = CW_LAYOUT_INIT;
	CW_CLEANUP(cw_freep) char *dir = realpath(path, NULL);
	int rc;

	if (!dir)
		return cw_err_sys(err, errno, "unable to open '%s'", path);
	rc = upwards ? search_upwards(dir, &l, ret_found, err) : try_itself(dir, &l, ret_found, err);
	if (rc || !*ret_found)
		return rc;
	*ret = l;
	l = (struct cw_layout)CW_LAYOUT_INIT;
	return 0;
}

int cw_layout_find(const char *path, struct cw_layout *ret, struct cw_err *err)
{
	bool found = false;
	int rc = look(path, true, ret, &found, err);

	return rc || found ? rc : cw_err_set(err, CW_E_NOTFOUND, "'%s' is not in a git repository", path);
}

int cw_layout_at(const char *path, struct cw_layout *ret, struct cw_err *err)
{
	bool found = false;
	int rc = look(path, false, ret, &found, err);

	return rc || found ? rc : cw_err_set(err, CW_E_CORRUPT, "'%s' is not a usable git directory", path);
}

static int check_config(const struct cw_layout *l, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_freep) char *file = cw_path_join(l->common_dir, "config");
	int rc;

	if (!file)
		return cw_err_nomem(err);
	rc = cw_io_read_file(file, CONFIG_MAX, 0, &text, err);
	if (rc == CW_E_NOTFOUND)
		return 0;
	rc = rc ? rc : cw_format_check(text.data, text.len, err);
	return rc ? cw_err_wrap(err, rc, "'%s'", l->git_dir) : 0;
}

static int check_file(const char *dir, const char *name, bool *ret_there, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *path = cw_path_join(dir, name);

	return path ? cw_require_regular(path, ret_there, err) : cw_err_nomem(err);
}

int cw_layout_check(const struct cw_layout *l, struct cw_err *err)
{
	bool reftable = false;
	int rc = check_config(l, err);

	rc = rc ? rc : check_file(l->git_dir, "HEAD", NULL, err);
	rc = rc ? rc : check_file(l->common_dir, "packed-refs", NULL, err);
	rc = rc ? rc : check_file(l->common_dir, "reftable/tables.list", &reftable, err);
	if (!rc && reftable)
		rc = cw_err_set(err, CW_E_UNSUPPORTED, "'%s': unsupported repository format: reftable", l->git_dir);
	return rc;
}
