/* vcs/quarantine.c - see quarantine.h. */
#include "vcs/quarantine.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/layout.h"
#include "vcs/quote.h"
#include "vcs/stores.h"

void cw_quarantine_release(struct cw_quarantine *q)
{
	free(q->git_dir);
	free(q->objects);
	cw_strings_release(&q->alternates);
	*q = (struct cw_quarantine)CW_QUARANTINE_INIT;
}

static bool is_set(const char *value)
{
	return value && *value;
}

static int real_path(const char *path, const char *variable, char **ret, struct cw_err *err)
{
	*ret = realpath(path, NULL);
	if (*ret)
		return 0;
	if (errno == ENOMEM)
		return cw_err_nomem(err);
	return cw_err_set(err, CW_E_CORRUPT, "%s names a directory that cannot be opened: %s", variable, strerror(errno));
}

/* Append the LEN bytes at PATH. */
static int add_alternate(struct cw_quarantine *q, const char *path, size_t len, struct cw_err *err)
{
	char **slot = len ? cw_vec_push(&q->alternates) : NULL;

	if (!len)
		return 0;
	if (!slot)
		return cw_vec_fail(&q->alternates, "alternate object directories", err);
	*slot = strndup(path, len);
	return *slot ? 0 : cw_err_nomem(err);
}

/* Each entry as git reads it: quoted, a comment, or plain up to the next ':'. What is not well quoted is plain. */
static int read_alternates(struct cw_quarantine *q, const char *list, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *text = malloc(strlen(list) + 1);
	int rc = text ? 0 : cw_err_nomem(err);

	for (const char *p = list; !rc && *p;) {
		const char *end = strchrnul(p, ':');

		if (*p == '"' && cw_unquote(p, text, &end))
			rc = add_alternate(q, text, strlen(text), err);
		else if (*p != '#')
			rc = add_alternate(q, p, (size_t)(end - p), err);
		p = *end == ':' ? end + 1 : end;
	}
	return rc;
}

/* Whether DIR is the repository's own object directory: then nothing is in quarantine. */
static bool is_own_store(const char *git_dir, const char *dir)
{
	CW_CLEANUP(cw_layout_release) struct cw_layout at = CW_LAYOUT_INIT;
	CW_CLEANUP(cw_freep) char *own = NULL;
	CW_CLEANUP(cw_freep) char *real = NULL;

	if (cw_layout_at(git_dir, &at, NULL))
		return false;
	own = cw_path_join(at.common_dir, "objects");
	real = own ? realpath(own, NULL) : NULL;
	return real && !strcmp(real, dir);
}

static int find_objects(const struct cw_quarantine_env *env, struct cw_quarantine *q, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *named = NULL;
	CW_CLEANUP(cw_freep) char *other = NULL;
	int rc = 0;

	if (is_set(env->object_directory))
		rc = real_path(env->object_directory, "GIT_OBJECT_DIRECTORY", &named, err);
	if (!rc && is_set(env->quarantine))
		rc = real_path(env->quarantine, "GIT_QUARANTINE_PATH", &other, err);
	if (rc)
		return rc;
	if (named && other && strcmp(named, other))
		return cw_err_set(err, CW_E_UNSUPPORTED, "GIT_OBJECT_DIRECTORY and GIT_QUARANTINE_PATH name different directories");
	if (!named)
		named = cw_steal(&other);
	if (named && !is_own_store(q->git_dir, named))
		q->objects = cw_steal(&named);
	return 0;
}

int cw_quarantine_find(const struct cw_quarantine_env *env, struct cw_quarantine *ret, struct cw_err *err)
{
	int rc;

	if (is_set(env->common_dir))
		return cw_err_set(err, CW_E_UNSUPPORTED, "GIT_COMMON_DIR is set, which git does not do for server hooks");
	rc = real_path(is_set(env->git_dir) ? env->git_dir : ".", "GIT_DIR", &ret->git_dir, err);
	rc = rc ? rc : find_objects(env, ret, err);
	if (!rc && is_set(env->alternates))
		rc = read_alternates(ret, env->alternates, err);
	return rc;
}
