/* scan/trees.h - reads every tree of the store once: its shape for attribution, its names as content.
 * Threads: the caller's, through cw_workers_run(). */
#ifndef CW_SCAN_TREES_H
#define CW_SCAN_TREES_H

#include "scan/families.h"
#include "scan/forest.h"
#include "scan/kept.h"
#include "scan/names.h"
#include "scan/scanner.h"
#include "vcs/oid_map.h"
#include "vcs/repo.h"

struct cw_tree_worker { /* all borrowed */
	struct cw_repo *repo;
	struct cw_scanner *scanner;
	struct cw_stage *stage; /* filled by the scanner's sink */
};

/* What the map of all objects says of one. */
#define CW_IS_TREE 0x40000000u	 /* | number of the tree */
#define CW_IS_HOLDER 0x80000000u /* | number of the holder */
#define CW_IS_OTHER 0u
#define CW_OBJECT_NUMBER(value) ((value) & 0x3fffffffu)

struct cw_absent { /* named by a tree, but not in the store */
	struct cw_oid oid;
	uint32_t tree; /* the one that names it */
	bool is_tree;
};

/* What is known of a tree of which only a part matters, and that can be read once more. */
enum cw_tree_sight {
	CW_TREE_UNREAD, /* it stands in no pack, or something is wrong with it */
	CW_TREE_OPEN,	/* its items do not say all: it names an object that is not in `objects`, a name in it holds something, or git
			 * would not have written it */
	CW_TREE_PLAIN,	/* what is not among its items leads to nothing */
};

struct cw_trees {
	const struct cw_object_ref *list; /* in reading order */
	size_t len;
	const struct cw_oid_map *objects; /* of the store */
	const struct cw_packs *packs;	  /* or NULL: each tree is read on its own */
	struct cw_family_stats *stats;	  /* added to */
	uint64_t memory_max;		  /* bytes, as in scan/packed.h */
	struct cw_kept_table *kept;	  /* gets the names that hold something */
	struct cw_progress *progress;
	struct cw_tree_worker *workers;
	unsigned workers_len;
	uint64_t object_max; /* bytes */
	const char *repo_path; /* to open it again for what could not be read */
	/* Of each tree, enum cw_tree_sight; NULL: all must be read. Otherwise only packs are read, `repo` and `repo_path` are not used,
	 * `absent` stays empty, and no tree becomes an unscanned entry: what is wrong with it is for another reader to say. */
	uint8_t *sights;
	struct cw_forest *forest; /* out: not yet finished; owned by the caller, as all below */
	struct cw_names *names;	  /* out */
	struct cw_vec absent;	  /* out: struct cw_absent, by (id, tree) */
};

/* Read them all. What cannot be read, and what was not when the scan was cancelled, becomes an unscanned entry in COVERAGE. */
int cw_trees_read(struct cw_trees *t, struct cw_coverage *coverage, struct cw_err *err);

#endif
