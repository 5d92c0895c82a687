/* vcs/pushed.h - the commits among pushed objects, as they were read: so none of them is read a second time.
 * Threads: one owner at a time; immutable once indexed. */
#ifndef CW_VCS_PUSHED_H
#define CW_VCS_PUSHED_H

#include "vcs/oid_hash.h"
#include "vcs/repo.h"

struct cw_range_commit {
	struct cw_oid oid, tree; /* tree.len 0: the commit is damaged */
	int64_t time;	 /* of the committer */
	size_t parents;	 /* index of the first in the list of parents beside it */
	uint32_t parents_len;
};

struct cw_pushed {
	struct cw_vec commits; /* struct cw_range_commit; one commit may be there more than once */
	struct cw_vec parents; /* struct cw_oid */
	struct cw_oid_hash index; /* internal */
};

void cw_pushed_init(struct cw_pushed *p);
void cw_pushed_release(struct cw_pushed *p);
/* Add the commit OID, whose raw bytes are the LEN at DATA. */
int cw_pushed_add(struct cw_pushed *p, const struct cw_oid *oid, const char *data, size_t len, struct cw_err *err);
/* Add all of FROM to INTO. */
int cw_pushed_merge(struct cw_pushed *into, const struct cw_pushed *from, struct cw_err *err);
/* To be called after the last commit was added. */
int cw_pushed_index(struct cw_pushed *p, struct cw_err *err);
/* The commit OID, or NULL. Borrowed. */
const struct cw_range_commit *cw_pushed_find(const struct cw_pushed *p, const struct cw_oid *oid);
static inline const struct cw_oid *cw_pushed_parent(const struct cw_pushed *p, const struct cw_range_commit *c, uint32_t i)
{
	return &CW_VEC_AT(&p->parents, struct cw_oid, c->parents + i);
}

#endif
