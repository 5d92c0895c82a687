/* scan/diff.h - what a commit's tree has that the trees of its parents have not, and the other way round.
 *
 * An entry is the same when one parent has the same name with the same object, of the same kind, in the same folder: so what a
 * commit adds or changes is what differs from every parent. Walks keep their own stack and look at the same pair of folders once,
 * since trees are foreign: deep, or equal many times over. Threads: one. */
#ifndef CW_SCAN_DIFF_H
#define CW_SCAN_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "scan/coverage.h"
#include "scan/push_trees.h"
#include "vcs/parse.h"
#include "vcs/repo.h"

struct cw_diff;

/* Trees are read from REPO (borrowed). What cannot be read of a new tree is counted in COVERAGE (borrowed); an old tree that cannot
 * be read is taken for empty. */
int cw_diff_new(struct cw_repo *repo, struct cw_coverage *coverage, struct cw_diff **ret, struct cw_err *err);
void cw_diff_free(struct cw_diff *d);
/* Take trees from T (borrowed, or NULL) where it knows them: then entries that lead to nothing may be left out. */
void cw_diff_use(struct cw_diff *d, const struct cw_push_trees *t);
CW_DEFINE_CLEANUP(struct cw_diff, cw_diff_free)

enum cw_entry_kind { CW_ENTRY_BLOB, CW_ENTRY_TREE, CW_ENTRY_GITLINK };

struct cw_diff_entry { /* all borrowed for the call */
	const char *path; /* bytes */
	const char *name; /* its last component */
	size_t name_len;
	enum cw_entry_kind kind;
	struct cw_oid oid;
	bool new_name; /* no parent has an entry of this name in this folder */
	const struct cw_oid *before; /* blobs that parents have at this path */
	size_t before_len;
};

/* A non-zero return ends the walk with it. */
typedef int (*cw_diff_fn)(void *payload, const struct cw_diff_entry *e, struct cw_err *err);

/* Call FN for each entry below TREE that none of the LEN trees PARENTS has, folders before what is in them. */
int cw_diff_after(struct cw_diff *d, const struct cw_oid *tree, const struct cw_oid *parents, size_t len, cw_diff_fn fn,
		  void *payload, struct cw_err *err);
/* Call FN for each entry below the tree PARENT that TREE has not; new_name and before are not set. */
int cw_diff_before(struct cw_diff *d, const struct cw_oid *parent, const struct cw_oid *tree, cw_diff_fn fn, void *payload,
		   struct cw_err *err);
/* Whether some cw_diff_after() went into the tree. */
bool cw_diff_saw(const struct cw_diff *d, const struct cw_oid *tree);

#endif
