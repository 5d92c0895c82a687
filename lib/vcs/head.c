/* vcs/head.c - what HEAD names, read through libgit2's references without the repository's configuration. */
#include <errno.h>
#include <git2/sys/repository.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vcs/git_err.h"
#include "vcs/repo.h"
#include "vcs/repo_int.h"

#define SYMREFS_MAX 5 /* symbolic references that point to each other, as in git */

static void free_repository(git_repository **p)
{
	git_repository_free(*p);
}

static void free_config(git_config **p)
{
	git_config_free(*p);
}

static void free_reference(git_reference **p)
{
	git_reference_free(*p);
}

/* A libgit2 repository for references only, with an empty configuration. */
static int open_refs(const struct cw_repo *r, git_repository **ret, struct cw_err *err)
{
	CW_CLEANUP(free_repository) git_repository *repo = NULL;
	CW_CLEANUP(free_config) git_config *config = NULL;
	int rc = git_repository_open_bare(&repo, r->at.git_dir);

	if (rc >= 0)
		rc = git_config_new(&config);
	if (rc >= 0)
		rc = git_repository_set_config(repo, config);
	if (rc < 0)
		return cw_git_err(err, rc, r->at.git_dir);
	*ret = cw_steal(&repo);
	return 0;
}

/* A reference may be a file, or a folder that is empty or holds deeper names; anything else might block. */
static int check_ref_file(const char *dir, const char *name, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *path = cw_path_join(dir, name);
	struct stat st;

	if (!path)
		return cw_err_nomem(err);
	if (stat(path, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return 0;
	return cw_err_set(err, CW_E_INVALID, "'%s' is not a regular file", path);
}

/* Follow one step: an object id in *ret, or another name in *NAME, or neither for a reference that does not exist. */
static int follow(git_repository *repo, char **name, struct cw_oid *ret, struct cw_err *err)
{
	CW_CLEANUP(free_reference) git_reference *ref = NULL;
	CW_CLEANUP(cw_freep) char *old = cw_steal(name);
	int rc = git_reference_lookup(&ref, repo, old);

	if (rc == GIT_ENOTFOUND)
		return 0;
	if (rc < 0)
		return cw_git_err(err, rc, "unable to read HEAD");
	if (git_reference_type(ref) == GIT_REFERENCE_DIRECT) {
		cw_oid_from_git(ret, git_reference_target(ref));
		return 0;
	}
	*name = strdup(git_reference_symbolic_target(ref));
	return *name ? 0 : cw_err_nomem(err);
}

int cw_repo_head_oid(struct cw_repo *r, struct cw_oid *ret, struct cw_err *err)
{
	CW_CLEANUP(free_repository) git_repository *repo = NULL;
	CW_CLEANUP(cw_freep) char *name = strdup("HEAD");
	int rc = name ? open_refs(r, &repo, err) : cw_err_nomem(err);

	for (int i = 0; !rc && name; i++) {
		if (i > SYMREFS_MAX)
			return cw_err_set(err, CW_E_CORRUPT, "HEAD: too many symbolic references");
		rc = check_ref_file(r->at.git_dir, name, err);
		rc = rc ? rc : check_ref_file(r->at.common_dir, name, err);
		rc = rc ? rc : follow(repo, &name, ret, err);
	}
	return rc;
}
