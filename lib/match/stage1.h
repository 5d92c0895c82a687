/* match/stage1.h - bytes to candidates with Hyperscan.
 *
 * A candidate is (rule, end): an anchor of the rule ends at that byte. Its dependency is [end - width - 1, end + 2): the anchor's
 * widest match, one byte before for \b and ^, one behind for \b and $. An anchor of a dense rule (match/dense.h) counts only near
 * a dense piece: its dependency is [end - CW_STAGE1_BACK, end + CW_STAGE1_AHEAD). Candidates come in ascending order of (end, rule), each
 * once, whatever the batches. Nothing is truncated: when the batch is full the scan stops at an end E, the batch is handed
 * out, and the scan starts again at E - CW_STAGE1_BACK taking ends >= E. Time stays linear in the input.
 * Threads: one struct cw_stage1 per thread; scans never nest. */
#ifndef CW_MATCH_STAGE1_H
#define CW_MATCH_STAGE1_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "match/dense.h"
#include "rules/set.h"

#define CW_STAGE1_BACK 258	/* bytes: CW_ANCHOR_MAX and one on either side */
#define CW_STAGE1_AHEAD (CW_DENSE_BEFORE + CW_DENSE_LEN) /* bytes */
#define CW_STAGE1_BATCH 32768u	/* candidates */

struct cw_candidate {
	uint64_t end; /* offset of the byte behind the anchor's match */
	uint32_t rule;
};

struct cw_stage1;
int cw_stage1_new(const struct cw_set *set, struct cw_stage1 **ret, struct cw_err *err);
int cw_stage1_clone(const struct cw_stage1 *s, struct cw_stage1 **ret, struct cw_err *err);
void cw_stage1_free(struct cw_stage1 *s);
CW_DEFINE_CLEANUP(struct cw_stage1, cw_stage1_free)

/* Take the candidates whose end is in [FROM, TO] out of DATA[0..LEN) (TO <= LEN) and hand them to BATCH in one or more calls, the
 * array being borrowed for the call. BATCH returns 0 to go on; anything else ends the scan with it. CW_E_NOMEM,
 * CW_E_INTERNAL (Hyperscan failed: the bytes count as unscanned). */
int cw_stage1_scan(struct cw_stage1 *s, const char *data, size_t len, size_t from, size_t to,
		   int (*batch)(const struct cw_candidate *c, size_t n, void *payload), void *payload, struct cw_err *err);

/* The same for rules of some kinds only: CW_STAGE1_OPEN, CW_STAGE1_DENSE or both. */
#define CW_STAGE1_OPEN 1u
#define CW_STAGE1_DENSE 2u
int cw_stage1_scan_kinds(struct cw_stage1 *s, unsigned kinds, const char *data, size_t len, size_t from, size_t to,
			 int (*batch)(const struct cw_candidate *c, size_t n, void *payload), void *payload,
			 struct cw_err *err);

/* How far in front of an anchor's end a candidate of some KIND depends on the bytes: at most CW_STAGE1_BACK, less when the set has no
 * anchor as wide as may be. */
unsigned cw_stage1_back(const struct cw_stage1 *s, unsigned kind);

/* Bytes that Hyperscan was given so far, those that were given twice (for rules of both kinds) counted twice. */
uint64_t cw_stage1_matched(const struct cw_stage1 *s);

/* One scan with each database over what makes its anchors fire of all rules' first examples, joined; CW_E_INTERNAL naming the first rule
 * whose anchor does not. A database that misses one must not be used. */
int cw_stage1_known_answer(struct cw_stage1 *s, struct cw_err *err);

/* As soon as CANCEL is not 0, scans end with CW_E_CANCELLED; NULL: never. It must live as long as S; a clone has none. */
void cw_stage1_set_cancel(struct cw_stage1 *s, const _Atomic int *cancel);

#endif
