/* vcs/git_err.h - libgit2's errors translated at the one boundary. Internal to vcs/. */
#ifndef CW_VCS_GIT_ERR_H
#define CW_VCS_GIT_ERR_H

#include <stdbool.h>

#include <git2.h>

#include "base/err.h"
#include "vcs/oid.h"

/* Store libgit2's failure RC (negative) in ERR as "WHAT: message" and return the code for it. Call at once after the failure. */
int cw_git_err(struct cw_err *err, int rc, const char *what);

void cw_oid_from_git(struct cw_oid *out, const git_oid *oid);
/* False for an id that libgit2 cannot hold (not SHA-1). */
bool cw_oid_to_git(git_oid *out, const struct cw_oid *oid);
/* False for a type that is none of the four. */
bool cw_type_from_git(enum cw_object_type *out, git_object_t t);

#endif
