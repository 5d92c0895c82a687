/* vcs/staged.h - what is staged: how the index differs from the tree of a commit.
 *
 * A folder whose tree the index knows, and which the commit has too, is passed over without a look into it. Threads: one. */
#ifndef CW_VCS_STAGED_H
#define CW_VCS_STAGED_H

#include "vcs/index.h"
#include "vcs/repo.h"

struct cw_staged_entry { /* in the index and not, or not so, in the commit */
	const char *path; /* bytes, NUL-terminated; borrowed from the index */
	uint32_t path_len;
	uint32_t new_from; /* offset of the first component that the commit does not have; path_len: it has them all */
	uint32_t mode;	   /* CW_MODE_TREE: a folder that a sparse index does not list */
	struct cw_oid oid;
	struct cw_oid before; /* what the commit has at this path, of the same kind; len 0: nothing */
};

struct cw_staged_gone { /* in the commit and not, or not so, in the index */
	struct cw_oid oid;
	uint32_t mode;
};

struct cw_staged {
	struct cw_vec entries; /* struct cw_staged_entry, in the order of the index */
	struct cw_vec gone;    /* struct cw_staged_gone; what `before` says is not repeated */
};

void cw_staged_init(struct cw_staged *s);
void cw_staged_release(struct cw_staged *s);
/* Compare INDEX with the tree TREE (len 0: none, as before the first commit) of R. What git would not commit is left out; of a conflict
 * every side is there. RET: initialised; after a failure it holds a part. CW_E_NOTFOUND or CW_E_CORRUPT when the tree cannot be read. */
int cw_staged_find(struct cw_repo *r, const struct cw_index *index, const struct cw_oid *tree, struct cw_staged *ret,
		   struct cw_err *err);
/* Leave in S what OTHER has too, a comparison of the same index with another parent of a merge. What is gone in either is gone. */
int cw_staged_both(struct cw_staged *s, const struct cw_staged *other, struct cw_err *err);

#endif
