/* vcs/repo_int.h - what struct cw_repo is made of. Internal to vcs/. */
#ifndef CW_VCS_REPO_INT_H
#define CW_VCS_REPO_INT_H

#include <git2.h>

#include "base/vec.h"
#include "vcs/layout.h"
#include "vcs/oid.h"

struct cw_copies;

struct cw_repo {
	struct cw_layout at;
	struct cw_vec extra;  /* char *: object directories that git's environment names */
	struct cw_vec stores; /* char *: real paths of object directories, its own first */
	struct cw_vec packs;  /* char *: the index files of the packs in odb, and of those that cannot be used */
	struct cw_vec faults; /* struct cw_store_fault */
	struct cw_vec unusable; /* char *: the packs of which libgit2 must not know */
	const struct cw_repo *known; /* while it is opened: another view of the same stores, whose packs were looked at; or NULL */
	git_odb *odb;
	struct cw_copies *copies; /* NULL until an object could not be read */
};

#endif
