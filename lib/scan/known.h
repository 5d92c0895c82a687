/* scan/known.h - what earlier audits of a repository have found (lib/store), joined to this one.
 *
 * An audit asks in this order. cw_known_open(): is there anything. cw_known_replay(): has nothing changed; then the places of the
 * last audit are handed to the sink, and that is all. cw_known_mark(): which objects need not be scanned, and what they hold. Then
 * cw_known_take() is told what became of each object, the sink of cw_known_sink() sees the places, and cw_known_save() writes it all
 * down, unless the repository changed meanwhile or the audit was cut short: what is not written costs time, what is written
 * wrongly would be a lie.
 * A verdict belongs to the file that it was made of. An object is known if every copy that the store has of it stands in a pack or
 * loose file that was scanned, and that has not changed since in any way that can be seen.
 * Nothing about the store is ever an error of the audit; only want of memory is. Everywhere NULL stands for "no store".
 * Threads: one; cw_known_pointer() from several. */
#ifndef CW_SCAN_KNOWN_H
#define CW_SCAN_KNOWN_H

#include <stdint.h>

#include "base/cleanup.h"
#include "scan/coverage.h"
#include "scan/hit.h"
#include "scan/kept.h"
#include "vcs/repo.h"

/* Made when the library is built: differs whenever any source of it does. */
extern const char cw_engine_id[];

enum cw_known_mark { /* what became of an object: cw_object_ref.mark */
	CW_MARK_NONE,	 /* nothing yet */
	CW_MARK_TREE,	 /* is a tree, noted */
	CW_MARK_SOUND,	 /* scanned whole, every rule decided */
	CW_MARK_POINTER, /* the same, and it points to a large file elsewhere */
	CW_MARK_DOUBT,	 /* looked at, but not wholly scanned or decided; or it is not what its id says */
	CW_MARK_FAILED,	 /* could not be read */
	CW_MARK_KNOWN,	 /* need not be scanned; not counted yet */
	CW_MARK_CACHED,	 /* was known, and is counted as such */
};

struct cw_known_opts {
	const char *path; /* of the repository */
	const struct cw_set *set;
	const struct cw_sink *sink;
	uint64_t object_max;  /* bytes */
	struct cw_err *note;  /* what is wrong with the store, for the user; may be NULL */
};

struct cw_known;
/* All that OPTS names is borrowed for the life of *ret, which is NULL when there is no store to use. */
int cw_known_open(const struct cw_known_opts *opts, struct cw_known **ret, struct cw_err *err);
void cw_known_free(struct cw_known *k);
CW_DEFINE_CLEANUP(struct cw_known, cw_known_free)

/* If the repository is as it was, *ret_done: the sink has got all places, COVERAGE all counts. */
int cw_known_replay(struct cw_known *k, struct cw_coverage *coverage, bool *ret_done, struct cw_err *err);
/* OBJECTS (struct cw_object_ref) were listed just now: mark those that are known, and put what they hold into KEPT. Pointers among
 * them go to COVERAGE. */
int cw_known_mark(struct cw_known *k, struct cw_vec *objects, struct cw_kept_table *kept, struct cw_coverage *coverage,
		  struct cw_err *err);

/* Take down what became of OBJECTS, and what KEPT (not finished) holds of them. UNLESS: the store changed during the audit, or it was
 * cut short. */
int cw_known_take(struct cw_known *k, const struct cw_vec *objects, const struct cw_kept_table *kept, struct cw_err *err);
/* The sink for the places to come: K's, or the caller's own. MATCHER looks for secrets in what would be stored of them. */
const struct cw_sink *cw_known_sink(struct cw_known *k, struct cw_matcher *matcher, const struct cw_sink *own);
/* Write it all. COVERAGE is that of the whole audit. */
int cw_known_save(struct cw_known *k, const struct cw_coverage *coverage, struct cw_err *err);

#endif
