/* cli/root.c - see root.h. Files of a repository that somebody else made: no symbolic link in it is followed when one is changed. */
#include "cli/root.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/io.h"
#include "vcs/repo.h"

#define NEW_MODE 0644
#define HELD_MAX ((size_t)1 << 20) /* bytes of a file that is looked for in a repository */

/* ---- finding ---- */

int cw_root_folder(const char *path, struct cw_root *ret, struct cw_err *err)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *dir;

	if (stat(path, &st) != 0)
		return cw_err_sys(err, errno, "cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		dir = strdup(path);
	else
		dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!dir)
		return cw_err_nomem(err);
	ret->dir = dir;
	return 0;
}

static bool is_same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int take_names(const struct cw_repo *repo, const char *path, struct cw_root *ret, struct cw_err *err)
{
	const char *work = cw_repo_work_dir(repo);

	ret->git_dir = strdup(cw_repo_git_dir(repo));
	if (work)
		ret->dir = strdup(is_same_folder(path, work) ? path : work);
	return ret->git_dir && (ret->dir || !work) ? 0 : cw_err_nomem(err);
}

int cw_root_find(const char *path, struct cw_root *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_root_release) struct cw_root root = CW_ROOT_INIT;
	struct cw_repo *repo = NULL;
	int rc = cw_vcs_init(err);

	if (rc != 0)
		return rc;
	rc = cw_repo_open(path, &repo, err);
	if (rc == 0)
		rc = take_names(repo, path, &root, err);
	else if (rc == CW_E_NOTFOUND)
		rc = cw_root_folder(path, &root, err);
	cw_repo_free(repo);
	cw_vcs_shutdown();
	if (rc != 0)
		return rc;
	*ret = root;
	root = (struct cw_root)CW_ROOT_INIT;
	return 0;
}

void cw_root_release(struct cw_root *r)
{
	free(r->dir);
	free(r->git_dir);
	*r = (struct cw_root)CW_ROOT_INIT;
}

/* ---- what lies below ---- */

int cw_root_join(const struct cw_root *r, const char *name, struct cw_buf *out, struct cw_err *err)
{
	size_t len = strlen(r->dir);
	const char *slash = name;
	struct stat st;

	if (strcmp(r->dir, ".") != 0)
		cw_buf_addf(out, "%s%s", r->dir, len > 0 && r->dir[len - 1] == '/' ? "" : "/");
	for (const char *end; (end = strchr(slash, '/')); slash = end + 1) {
		cw_buf_add(out, slash, (size_t)(end - slash));
		if (cw_buf_fail(out, "path", err) != 0)
			return out->fail;
		if (lstat(out->data, &st) != 0)
			return cw_err_sys(err, errno, "cannot look at '%s'", out->data);
		if (!S_ISDIR(st.st_mode))
			return cw_err_set(err, CW_E_INVALID, "'%s' is no folder, or a symbolic link to one", out->data);
		cw_buf_addc(out, '/');
	}
	cw_buf_adds(out, slash);
	return cw_buf_fail(out, "path", err);
}

static bool is_below(const char *path, const char *dir)
{
	CW_CLEANUP(cw_freep) char *real = dir ? realpath(dir, NULL) : NULL;
	size_t len = real ? strlen(real) : 0;

	if (!real)
		return false;
	return strcmp(real, "/") == 0 || (strncmp(path, real, len) == 0 && path[len] == '/');
}

/* Whether the repository has a blob with TEXT, at whatever path. */
static int has_blob(const char *git_dir, const struct cw_buf *text, bool *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *repo = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf head = CW_BUF_INIT;
	struct cw_oid oid = {.len = CW_SHA1_LEN};
	struct cw_bytes pieces[2];
	int rc = cw_repo_open(git_dir, &repo, err);

	if (rc != 0)
		return rc;
	cw_buf_addf(&head, "blob %zu", text->len);
	cw_buf_addc(&head, '\0');
	rc = cw_buf_fail(&head, "object", err);
	pieces[0] = (struct cw_bytes){head.data, head.len};
	pieces[1] = (struct cw_bytes){text->data, text->len};
	if (rc == 0)
		rc = cw_sha1(pieces, 2, oid.id, err);
	if (rc == 0)
		*ret = cw_repo_has(repo, &oid);
	return rc;
}

int cw_root_holds(const struct cw_root *r, const char *file, bool *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *real = realpath(file, NULL);
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	const char *folder = r->dir ? r->dir : r->git_dir;
	int rc;

	if (!real)
		return cw_err_sys(err, errno, "cannot look at '%s'", file);
	*ret = is_below(real, folder) && !(r->dir && is_below(real, r->git_dir));
	if (*ret || !r->git_dir)
		return 0;
	rc = cw_io_read_file(real, HELD_MAX, 0, &text, err);
	if (rc == 0)
		rc = cw_vcs_init(err);
	if (rc != 0)
		return rc;
	rc = has_blob(r->git_dir, &text, ret, err);
	cw_vcs_shutdown();
	return rc;
}

/* ---- changing files ---- */

int cw_root_read_file(const char *path, size_t max, struct cw_buf *out, bool *ret_found, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_io_read_file(path, max, CW_IO_NOFOLLOW, out, &why);

	*ret_found = rc == 0;
	return rc == 0 || rc == CW_E_NOTFOUND ? 0 : cw_err_set(err, rc, "%s", cw_err_msg(&why));
}

int cw_root_check_file(const char *path, struct cw_err *err)
{
	const char *slash = strrchr(path, '/');
	CW_CLEANUP(cw_freep) char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct stat st;

	if (!dir)
		return cw_err_nomem(err);
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return cw_err_set(err, CW_E_INVALID, "'%s' is %s: it is not written to", path,
				  S_ISLNK(st.st_mode) ? "a symbolic link" : "no regular file");
	if (access(dir, W_OK) != 0)
		return cw_err_sys(err, errno, "cannot write '%s'", path);
	return 0;
}

int cw_root_write_file(const char *path, const struct cw_buf *text, struct cw_err *err)
{
	struct stat st;
	mode_t mode = NEW_MODE;
	int rc = cw_root_check_file(path, err);

	if (rc != 0)
		return rc;
	if (stat(path, &st) == 0)
		mode = st.st_mode & 0777;
	return cw_io_replace_file(path, text->data, text->len, mode, err);
}
