/* match/verdict.h - stage 2: a candidate to a verdict.
 *
 * verdict = f(rule, bytes [end - before, end + after), at_start, at_end) and nothing else; that window is its dependency.
 * Threads: one struct cw_judge per thread. */
#ifndef CW_MATCH_VERDICT_H
#define CW_MATCH_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "rules/set.h"

/* Why a candidate is no hit; names are shown by explain and tests. */
enum cw_verdict_kind {
	CW_VERDICT_ACCEPT,
	CW_VERDICT_NO_MATCH,	/* the pattern does not match around the anchor */
	CW_VERDICT_SPARSE,	/* a dense rule, and no dense piece near the anchor */
	CW_VERDICT_VALUE,	/* the value is a placeholder, code, a word ... (value_reason) */
	CW_VERDICT_VENDOR,	/* a generic rule, and a vendor's prefix in front: that vendor's rule has the say */
	CW_VERDICT_PROOF,	/* a proof failed */
	CW_VERDICT_NOT_SECRET,	/* well-formed and harmless */
	CW_VERDICT_PART,	/* a required companion is missing */
	CW_VERDICT_UNSCANNABLE, /* a limit was reached: undecided, never "no match" */
};
const char *cw_verdict_name(enum cw_verdict_kind k);

struct cw_verdict {
	enum cw_verdict_kind kind;
	size_t start, end; /* the secret in the scanned bytes, when the pattern matched */
	enum cw_proof_level proof;
	bool cut;
	const char *label;	  /* or NULL; static or owned by the set */
	const char *value_reason; /* with CW_VERDICT_VALUE; static */
	bool has_canonical;	  /* the judge's canonical buffer holds the canonical secret */
};

struct cw_judge;
int cw_judge_new(const struct cw_set *set, struct cw_judge **ret, struct cw_err *err);
void cw_judge_free(struct cw_judge *j);
CW_DEFINE_CLEANUP(struct cw_judge, cw_judge_free)

/* The bytes that the verdict on (RULE, END) in LEN bytes may look at: [*ret_a, *ret_b). */
void cw_verdict_window(const struct cw_rule *rule, size_t end, size_t len, size_t *ret_a, size_t *ret_b);
/* Judge the candidate (rule index RULE, END) in DATA. Returns 0 with *ret filled, CW_E_NOMEM. */
int cw_judge_candidate(struct cw_judge *j, uint32_t rule, const char *data, size_t len, size_t end, struct cw_verdict *ret,
		       struct cw_err *err);
/* The canonical form of the last accepted secret; valid until the next call. */
const struct cw_buf *cw_judge_canonical(const struct cw_judge *j);

#endif
