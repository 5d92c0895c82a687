/* vcs/range.h - which commits a push brings: those that can be reached from new tips and from no reference as it was before.
 *
 * Commits are read from the newest on, from both sides, until what is left can be reached from an old reference. With clocks that
 * went backwards too many may come out, never too few. What git holds of a push that no new reference names is looked at too.
 * Replace refs and grafts change nothing. Threads: one. */
#ifndef CW_VCS_RANGE_H
#define CW_VCS_RANGE_H

#include <stdbool.h>

#include "vcs/pushed.h"
#include "vcs/repo.h"

struct cw_range_opts { /* all borrowed */
	struct cw_repo *repo, *old;   /* with the pushed objects, and without */
	const struct cw_vec *refs;    /* struct cw_ref: as they were */
	const struct cw_vec *shallow; /* struct cw_oid, sorted: their parents do not count */
	const struct cw_vec *tips;    /* struct cw_oid: new values of references */
	const struct cw_pushed *pushed; /* commits among the pushed objects, indexed */
	bool (*stopped)(void *payload); /* asked now and then: whether to end early with CW_E_CANCELLED */
	void *payload;
};

struct cw_range_other {
	struct cw_oid oid;
	enum cw_object_type type; /* blob or tree */
};

struct cw_range {
	struct cw_vec commits; /* struct cw_range_commit: parents before their children, else by (time, id) */
	struct cw_vec parents; /* struct cw_oid */
	struct cw_vec tags;    /* struct cw_oid: tag objects between tips and what they name */
	struct cw_vec others;  /* struct cw_range_other: what tips name that is no commit */
	struct cw_vec faults;  /* struct cw_store_fault: what could not be read, so that something may be missing here */
};

void cw_range_init(struct cw_range *r);
void cw_range_release(struct cw_range *r);
/* Fill RET (initialised); after a failure it holds a part. */
int cw_range_find(const struct cw_range_opts *opts, struct cw_range *ret, struct cw_err *err);

#endif
