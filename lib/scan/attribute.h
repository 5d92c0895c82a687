/* scan/attribute.h - when each secret came to each path, and whether it is still there.
 *
 * H(c) holds for (fact, path) if the tree of commit c has, at that path, a holder of the fact. c introduces it if H(c) and H(q) for
 * no parent q: a merge introduces only what no parent had. H is asked of facts, not of blobs: an edit beside a secret introduces
 * nothing. Commits are compared with all their parents at once, going down only into live trees (scan/forest.h) that no parent
 * has at the same path; so the work follows what changed, not the number of commits times paths.
 * Threads: one. */
#ifndef CW_SCAN_ATTRIBUTE_H
#define CW_SCAN_ATTRIBUTE_H

#include "scan/commits.h"
#include "scan/forest.h"
#include "scan/kept.h"
#include "scan/places.h"

struct cw_branch {
	const char *ref; /* borrowed */
	uint32_t tree;	 /* of its tip */
};

struct cw_attribution {
	const struct cw_forest *forest;
	size_t trees_len; /* of the forest */
	const struct cw_kept_table *kept;
	const struct cw_commits *commits; /* reachability is marked */
	const uint32_t *trees;		  /* of each commit; CW_TREE_NONE when it is not in the store */
	const struct cw_branch *branches; /* in the order in which they are tried */
	size_t branches_len;
	const bool *tree_reachable; /* of each tree no tree or commit names: by a tag, say */
	const uint32_t *loose;	  /* live trees that no tree and no commit names */
	size_t loose_len;
	const _Atomic int *cancel;
	struct cw_places places; /* out: indexed. To be released by the caller, also after a failure */
	bool exhausted;		 /* out: too many steps, some commits were not compared */
};

int cw_attribute(struct cw_attribution *a, struct cw_err *err);

#endif
