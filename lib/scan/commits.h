/* scan/commits.h - what a scan notes of commits, tags and trees while it has them in hand, and the graph made of it.
 * Threads: notes belong to one worker each; the graph is immutable once built but for what cw_commits_reach() marks. */
#ifndef CW_SCAN_COMMITS_H
#define CW_SCAN_COMMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "vcs/repo.h"

#define CW_COMMIT_NONE UINT32_MAX

struct cw_notes {
	struct cw_vec trees;   /* struct cw_object_ref */
	struct cw_vec commits; /* internal, as all below */
	struct cw_vec parents;
	struct cw_vec tags;
};

void cw_notes_init(struct cw_notes *n);
void cw_notes_release(struct cw_notes *n);
/* Note a tree by its reference alone, a commit or tag from its raw bytes. Blobs are nothing to note. */
int cw_notes_add(struct cw_notes *n, const struct cw_object_ref *ref, const struct cw_object *o, struct cw_err *err);
int cw_notes_add_tree(struct cw_notes *n, const struct cw_object_ref *ref, struct cw_err *err);
/* Move all of FROM into INTO. */
int cw_notes_merge(struct cw_notes *into, struct cw_notes *from, struct cw_err *err);

struct cw_commit {
	struct cw_oid oid, tree;
	int64_t time;	 /* of the committer */
	uint32_t parents; /* index of the first in cw_commits.parents */
	uint32_t parents_len; /* that are in the store and not cut off */
	bool reachable;	 /* from a reference */
	bool cut;	 /* some parent is neither in the store nor beyond a shallow boundary */
};

struct cw_tag {
	struct cw_oid oid, target;
	bool reachable;
};

struct cw_commits {
	struct cw_vec list;    /* struct cw_commit, by (time, id) */
	struct cw_vec parents; /* uint32_t, numbers of commits */
	struct cw_vec tags;    /* struct cw_tag, by id */
	struct cw_vec by_id;   /* uint32_t */
};

/* Build the graph out of N, which is emptied. SHALLOW (struct cw_oid, sorted): commits whose parents do not count. */
int cw_commits_build(struct cw_notes *n, const struct cw_vec *shallow, struct cw_commits *ret, struct cw_err *err);
void cw_commits_release(struct cw_commits *c);
static inline struct cw_commit *cw_commit_at(const struct cw_commits *c, uint32_t commit)
{
	return &CW_VEC_AT(&c->list, struct cw_commit, commit);
}
uint32_t cw_commits_find(const struct cw_commits *c, const struct cw_oid *oid);
/* The tag OID, or NULL. */
struct cw_tag *cw_commits_tag(const struct cw_commits *c, const struct cw_oid *oid);
/* What a reference to OID finally names, through tags, which are marked reachable. */
struct cw_oid cw_commits_peel(struct cw_commits *c, const struct cw_oid *oid);
/* Mark COMMIT and its ancestors. */
int cw_commits_reach(struct cw_commits *c, uint32_t commit, struct cw_err *err);

#endif
