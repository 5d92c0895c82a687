/* vcs/quarantine.h - where git put what is being pushed, as the environment of a server hook says.
 *
 * git keeps pushed objects apart until the hooks agree: GIT_OBJECT_DIRECTORY (the same as GIT_QUARANTINE_PATH) names their
 * directory, GIT_ALTERNATE_OBJECT_DIRECTORIES the repository's own, ':' between them and C-quoted where a path needs it. Names
 * of the directory differ between versions and platforms and mean nothing. Threads: one owner at a time. */
#ifndef CW_VCS_QUARANTINE_H
#define CW_VCS_QUARANTINE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"

struct cw_quarantine_env { /* values of the variables, NULL when unset */
	const char *git_dir;	      /* GIT_DIR; NULL: the current folder */
	const char *common_dir;	      /* GIT_COMMON_DIR */
	const char *quarantine;	      /* GIT_QUARANTINE_PATH */
	const char *object_directory; /* GIT_OBJECT_DIRECTORY */
	const char *alternates;	      /* GIT_ALTERNATE_OBJECT_DIRECTORIES */
};

struct cw_quarantine {
	char *git_dir; /* owned, as all below */
	char *objects; /* real path of the directory of the pushed objects; NULL: git made none */
	struct cw_vec alternates; /* char *: the object directories beside it, unquoted */
};

#define CW_QUARANTINE_INIT { .alternates = CW_VEC_INIT(char *, 1000) }
void cw_quarantine_release(struct cw_quarantine *q);
/* Read ENV into RET (initialised). CW_E_UNSUPPORTED for variables with which hooks do not run, CW_E_CORRUPT when a directory that
 * they name cannot be opened. */
int cw_quarantine_find(const struct cw_quarantine_env *env, struct cw_quarantine *ret, struct cw_err *err);

#endif
