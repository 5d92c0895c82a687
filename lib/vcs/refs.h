/* vcs/refs.h - every reference of a repository, and where a shallow clone ends.
 *
 * They are read here and not by libgit2, which passes over damaged references in silence and waits for ever at a FIFO.
 * Replace refs and grafts change nothing: nobody here looks at them. */
#ifndef CW_VCS_REFS_H
#define CW_VCS_REFS_H

#include "base/err.h"
#include "base/vec.h"
#include "vcs/repo.h"

#define CW_REFS_MAX ((size_t)1 << 22)

struct cw_ref {
	char *name; /* bytes: "refs/heads/main", "HEAD"; "worktrees/NAME/HEAD" for a linked work tree; owned */
	struct cw_oid oid;
};

/* Fill OUT (an empty vector of struct cw_ref) with all references to objects, in byte order; symbolic ones are left out but for
 * HEAD, since what they point to is listed. What cannot be read goes to FAULTS (struct cw_store_fault). */
int cw_repo_refs(struct cw_repo *r, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err);
void cw_refs_release(struct cw_vec *refs);

/* Fill OUT (an empty vector of struct cw_oid) with the commits whose parents are cut off, sorted. */
int cw_repo_shallow(struct cw_repo *r, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err);

#endif
