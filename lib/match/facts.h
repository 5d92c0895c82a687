/* match/facts.h - scan a version of a file by what changed in it.
 *
 * Facts are what a scan of a blob leaves for the next version: its candidates, which of them count, and the decoded spans that
 * hold something. A child made of pieces of its base inherits every fact whose dependency lies inside one copied piece; the
 * rest is computed from the child's own bytes. An edge of the file counts as inside only where the piece touches that same
 * edge in base and child. The hits are the same as those of cw_match_blob(), whatever the base: that is tested, and
 * everything that a fact may depend on is named in stage1.h, verdict.h and decode.h.
 * Threads: facts are immutable once made; a matcher belongs to one thread. */
#ifndef CW_MATCH_FACTS_H
#define CW_MATCH_FACTS_H

#include "match/blob.h"
#include "match/decode.h"

#define CW_FACTS_MAX 65536 /* candidates; facts of a blob with more are not kept */

struct cw_copied { /* bytes [at, at + len) of the child are bytes [from, from + len) of the base */
	uint64_t at, from, len;
};

struct cw_facts {
	uint64_t *marks; /* candidates, ascending; owned, one block with the spans */
	size_t marks_len;
	struct cw_span_found *spans;
	size_t spans_len;
	uint64_t len; /* bytes of the blob */
	bool kept;    /* false: nothing can be inherited, children are scanned whole */
	bool binary;
};

#define CW_FACTS_INIT { .marks = NULL }
void cw_facts_release(struct cw_facts *f);
/* Bytes that F holds. */
size_t cw_facts_size(const struct cw_facts *f);

/* Scan DATA[0..LEN) into RES as cw_match_blob() does. BASE: the facts of the blob that COPIES (N of them, ascending by `at`, not
 * touching each other in the child) refer to, or NULL to scan the whole. *ret (may be NULL: this version has no children) gets its
 * facts, owned by the caller. Errors as cw_match_blob(). */
int cw_match_version(struct cw_matcher *m, const void *data, size_t len, const struct cw_facts *base,
		     const struct cw_copied *copies, size_t n, struct cw_result *res, struct cw_facts *ret, struct cw_err *err);

struct cw_match_stats { /* of one matcher since it was made */
	uint64_t matched;    /* bytes that Hyperscan looked at, for rules of both kinds together */
	uint64_t whole;	     /* blobs that were scanned whole */
	uint64_t inherited;  /* candidates taken over */
	uint64_t recomputed; /* candidates judged anew */
};
struct cw_match_stats cw_matcher_stats(const struct cw_matcher *m);

#endif
