/* scan/lookup.h - which secrets an object holds: each is read and scanned when it is first asked for, then known.
 *
 * What cannot be read or scanned is counted in the scanner's coverage, but for pre-images: not to know what an old version held makes
 * more of a new one count, never less. Threads: one. */
#ifndef CW_SCAN_LOOKUP_H
#define CW_SCAN_LOOKUP_H

#include "scan/kept.h"
#include "scan/scanner.h"
#include "vcs/oid_hash.h"
#include "vcs/repo.h"

#define CW_HOLDER_TREE (UINT32_MAX - 1) /* the object is a tree */

/* Whether HOLDER stands for something that was found. */
static inline bool cw_lookup_holds(uint32_t holder)
{
	return holder != CW_HOLDER_NONE && holder != CW_HOLDER_TREE;
}

struct cw_lookup {
	struct cw_repo *repo; /* borrowed, as the sink */
	const struct cw_sink *sink;
	uint64_t object_max;	 /* bytes */
	struct cw_sink stage_sink; /* internal, as all below but kept and scanner */
	struct cw_stage stage;
	struct cw_oid_hash known; /* holders */
	struct cw_kept_table kept; /* never finished: facts keep the number that they got first */
	struct cw_scanner scanner;
};

/* F must stay where it is. */
int cw_lookup_init(struct cw_lookup *f, const struct cw_set *set, const struct cw_sink *sink, struct cw_progress *progress,
		  struct cw_repo *repo, uint64_t object_max, struct cw_err *err);
/* A lookup that finds nothing and hands all it reads to ASKER. */
int cw_lookup_init_asking(struct cw_lookup *f, const struct cw_asker *asker, struct cw_progress *progress, struct cw_repo *repo,
			 uint64_t object_max, struct cw_err *err);
/* Move the coverage to INTO and free the rest. */
void cw_lookup_release(struct cw_lookup *f, struct cw_coverage *into);

/* What the object REF holds: *ret is its holder, CW_HOLDER_NONE when that is nothing or cannot be known, CW_HOLDER_TREE for a tree. With
 * PRE_IMAGE it does not count as expected. Only a failure of the sink, or of memory, is returned. */
int cw_lookup_of(struct cw_lookup *f, const struct cw_object_ref *ref, bool pre_image, uint32_t *ret, struct cw_err *err);
/* The same for O, which was read. */
int cw_lookup_of_object(struct cw_lookup *f, const struct cw_object_ref *ref, const struct cw_object *o, uint32_t *ret,
		       struct cw_err *err);
/* Note that the object holds HOLDER, which another scanner added to `kept`. */
int cw_lookup_learn(struct cw_lookup *f, const struct cw_oid *oid, uint32_t holder, struct cw_err *err);
/* What LEN bytes of TEXT hold that are no object: a name, called WHAT in messages. */
int cw_lookup_of_text(struct cw_lookup *f, const char *text, size_t len, const char *what, uint32_t *ret, struct cw_err *err);
/* Whether the object was asked for before. */
bool cw_lookup_known(const struct cw_lookup *f, const struct cw_oid *oid);
/* The hits of HOLDER, *ret_len of them; borrowed until the next object. */
const struct cw_kept_hit *cw_lookup_hits(const struct cw_lookup *f, uint32_t holder, uint32_t *ret_len);

#endif
