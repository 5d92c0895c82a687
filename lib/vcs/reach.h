/* vcs/reach.h - the folders that reading a repository needs, for who takes the right to all others away. Threads: pure. */
#ifndef CW_VCS_REACH_H
#define CW_VCS_REACH_H

#include "base/err.h"
#include "base/vec.h"
#include "vcs/repo.h"

/* Append to OUT (const char *, borrowed from R) the real paths of its git directory, of the main repository's where it is a linked work
 * tree, and of all its object directories, alternates too. */
int cw_repo_reach(const struct cw_repo *r, struct cw_vec *out, struct cw_err *err);
/* Append to OUT (char *, owned by it: cw_strings_release() of vcs/stores.h) the folders in which something changes whenever a reference
 * does: the git directories, refs and all below it, work trees, reftable; at most MAX. Links are not followed. */
int cw_repo_ref_folders(const struct cw_repo *r, size_t max, struct cw_vec *out, struct cw_err *err);

#endif
