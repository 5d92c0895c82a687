/* scan/push_int.h - the state of one scan of a push, and its parts. Internal to scan/. */
#ifndef CW_SCAN_PUSH_INT_H
#define CW_SCAN_PUSH_INT_H

#include <stdatomic.h>

#include "scan/diff.h"
#include "scan/lookup.h"
#include "scan/judge.h"
#include "scan/names.h"
#include "scan/push.h"
#include "scan/push_trees.h"
#include "vcs/range.h"

struct cw_push_name { /* a name that holds something, in a tree of the quarantine */
	struct cw_oid tree;
	uint32_t holder;
};

struct cw_push_notes { /* of the objects of the quarantine, as one worker found them */
	struct cw_push *push;
	struct cw_coverage *coverage;
	cw_name_fn look; /* at a name that is new */
	void *looker;
	struct cw_pushed commits;
	struct cw_vec tree_names; /* struct cw_push_name */
	bool open;		  /* a tree of it names something that is not in it */
};

struct cw_push_record { /* a secret that counts, at one place of one commit */
	uint32_t fact, holder;
	char *path;	      /* owned; NULL: none */
	struct cw_oid object;
	enum cw_object_type type; /* tree: the name */
	struct cw_oid commit; /* len 0: none */
	int64_t date;
	size_t order;	      /* of the commit in the range */
	const char *ref;      /* borrowed; or NULL */
};

struct cw_push {
	const struct cw_push_opts *opts;
	const struct cw_sink *sink;
	struct cw_progress *progress;
	struct cw_coverage *coverage;
	struct cw_repo *repo, *old; /* with the pushed objects, and without */
	struct cw_lookup lookup;
	struct cw_judge judge;
	struct cw_names *names;
	struct cw_diff *diff;
	struct cw_range *range; /* the caller's */
	struct cw_vec refs, faults, shallow; /* of the repository as it was: struct cw_ref, struct cw_store_fault, struct cw_oid */
	/* Of the quarantine: */
	struct cw_oid_hash mine;   /* its objects */
	struct cw_push_notes notes;
	struct cw_push_trees trees; /* of a large push */
	struct cw_vec first;	   /* struct cw_oid: pre-images at the paths of the commit in hand */
	struct cw_vec records;	   /* struct cw_push_record */
};

static inline bool cw_push_stopped(const struct cw_push *p)
{
	return atomic_load_explicit(&p->progress->cancel, memory_order_relaxed) != 0;
}

/* Read and scan every object of the quarantine, the names in its trees included: fills lookup, names, mine and notes. */
int cw_push_read_quarantine(struct cw_push *p, struct cw_err *err);
/* Those of LIST (struct cw_object_ref) that stand in packs, by what changed in each version. What is not known to lookup afterwards
 * is to be read in another way. */
int cw_push_read_packs(struct cw_push *p, const struct cw_vec *list, struct cw_err *err);
void cw_push_notes_init(struct cw_push_notes *n, struct cw_push *p, struct cw_coverage *coverage, cw_name_fn look, void *looker);
void cw_push_notes_release(struct cw_push_notes *n);
/* Note a commit or a tree, which counts as scanned, and the names in it. */
int cw_push_note(struct cw_push_notes *n, const struct cw_oid *oid, const struct cw_object *o, struct cw_err *err);
/* A name in TREE holds HOLDER. */
int cw_push_note_name(struct cw_push_notes *n, const struct cw_oid *tree, uint32_t holder, struct cw_err *err);
/* Move all of FROM to INTO. */
int cw_push_notes_merge(struct cw_push_notes *into, struct cw_push_notes *from, struct cw_err *err);
/* What a name holds: to be looked at by a struct cw_lookup. */
int cw_push_look_at_name(void *lookup, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err);
/* What the name of a tree entry holds, looked at when it is new. */
int cw_push_name(struct cw_push *p, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err);
/* Compare the commits of the range with their parents and record what is new. */
int cw_push_judge_commits(struct cw_push *p, struct cw_err *err);
/* Everything below TREE, which a reference names without a commit. */
int cw_push_judge_tree(struct cw_push *p, const struct cw_oid *tree, struct cw_err *err);
/* Record AT with a copy of PATH, which may be NULL. */
int cw_push_record(struct cw_push *p, const struct cw_push_record *at, const char *path, struct cw_err *err);
/* Record every secret of HOLDER (may be none) at AT, without a path. */
int cw_push_record_all(struct cw_push *p, uint32_t holder, const struct cw_push_record *at, struct cw_err *err);
void cw_push_records_release(struct cw_vec *records);
/* Hand the records to the sink. */
int cw_push_emit(struct cw_push *p, struct cw_err *err);

#endif
