/* scan/push_trees.h - the trees of a push as far as they lead to something that was found, or that is not known.
 *
 * A large push has many trees and few secrets. So each tree is read once, what leads to nothing is thrown away, and commits are then
 * compared by what is left. Threads: cw_push_trees_read() runs its own; immutable afterwards. */
#ifndef CW_SCAN_PUSH_TREES_H
#define CW_SCAN_PUSH_TREES_H

#include "scan/trees.h"
#include "vcs/parse.h"

struct cw_push_trees {
	struct cw_vec list;	   /* struct cw_object_ref, in reading order: what to read, filled by the caller */
	uint8_t *sights;	   /* enum cw_tree_sight of each; NULL: nothing was read */
	struct cw_oid_map objects; /* internal, as all below */
	struct cw_forest *forest;
	struct cw_names *names;
	const struct cw_kept_table *kept;
};

enum cw_push_tree {
	CW_PUSH_TREE_UNKNOWN, /* read it */
	CW_PUSH_TREE_EMPTY,   /* it leads to nothing */
	CW_PUSH_TREE_KNOWN,
};

struct cw_push_trees_opts { /* all borrowed; kept, packs and the trees outlive what is read */
	const struct cw_packs *packs;
	/* Objects of the push that were scanned, trees among them or not (struct cw_oid); those that hold something are in KEPT. */
	const struct cw_vec *scanned;
	struct cw_kept_table *kept; /* gets the names that hold something */
	struct cw_tree_worker *workers;
	unsigned workers_len;
	uint64_t object_max; /* bytes */
	struct cw_progress *progress;
};

void cw_push_trees_init(struct cw_push_trees *t);
void cw_push_trees_release(struct cw_push_trees *t);
/* Read what stands in packs; the rest, and what is wrong in some way, stays CW_TREE_UNREAD and unknown. */
int cw_push_trees_read(struct cw_push_trees *t, const struct cw_push_trees_opts *opts, struct cw_coverage *coverage,
		       struct cw_err *err);
/* What is known of the tree OID. */
enum cw_push_tree cw_push_trees_find(const struct cw_push_trees *t, const struct cw_oid *oid);
/* The entries of a tree that is not unknown, by name, without those that lead to nothing: to be freed; their names are borrowed. */
int cw_push_trees_entries(const struct cw_push_trees *t, const struct cw_oid *oid, struct cw_tree_entry **ret, size_t *ret_len,
			  struct cw_err *err);
/* Call FN for each name in tree number TREE that holds something. */
int cw_push_trees_names(const struct cw_push_trees *t, uint32_t tree,
			int (*fn)(void *payload, const struct cw_oid *tree, uint32_t holder, struct cw_err *err), void *payload,
			struct cw_err *err);

#endif
