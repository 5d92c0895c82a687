/* match/blob.h - bytes in, hits out: the whole matcher for one blob.
 *
 * Glossary: *candidate* - (rule, end) from stage 1; *verdict* - stage 2 on a candidate; *hit* - an accepted verdict after overlap
 * resolution. Everything here is a function of the bytes and the rule set alone: no path, clock, locale or policy.
 * Threads: one struct cw_matcher per thread; sets are shared. */
#ifndef CW_MATCH_BLOB_H
#define CW_MATCH_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "rules/set.h"

#define CW_HITS_PER_RULE_MAX 1000 /* hits of one rule in one blob; the rest is counted */

struct cw_matcher;

/* A matcher over SET (referenced until the matcher is freed). Runs the known-answer test of the set's database first:
 * CW_E_INTERNAL if it misses one. */
int cw_matcher_new(const struct cw_set *set, struct cw_matcher **ret, struct cw_err *err);
/* Another matcher over the same set for another thread, without the test. */
int cw_matcher_clone(const struct cw_matcher *m, struct cw_matcher **ret, struct cw_err *err);
void cw_matcher_free(struct cw_matcher *m);
CW_DEFINE_CLEANUP(struct cw_matcher, cw_matcher_free)
const struct cw_set *cw_matcher_set(const struct cw_matcher *m);
/* As soon as CANCEL is not 0, even in the middle of a blob, cw_match_blob() ends with CW_E_CANCELLED; NULL: never. It must live as
 * long as M; a clone has none. */
void cw_matcher_set_cancel(struct cw_matcher *m, const _Atomic int *cancel);

struct cw_hit {
	uint32_t rule;		   /* index in the set */
	enum cw_proof_level proof;
	bool cut;		   /* the match touched the edge of its window */
	uint64_t start, end;	   /* the secret's bytes in the blob, half-open; in a decoded span the encoded bytes */
	uint64_t at, at_end;	   /* where to show it: start/end, or the outermost decoded span */
	const char *label;	   /* "example", "canary", "encrypted" ..., or NULL; lives as long as the set */
	const char *decoded;	   /* "base64", "utf-16le", "utf-16le+base64" ..., or NULL; static */
	size_t secret_off, secret_len; /* the decoded secret in result.secrets */
	size_t canon_off, canon_len;   /* its canonical form for fingerprints, likewise (often the same bytes) */
	size_t also_off, also_len; /* rules that lost against this one: result.also[off .. off+len) (uint32_t) */
};

struct cw_unscannable { /* a rule that could not be decided at a place */
	uint32_t rule;
	uint64_t end;
	const char *reason; /* static */
};

struct cw_more { /* hits of a rule beyond CW_HITS_PER_RULE_MAX */
	uint32_t rule;
	uint64_t count;
};

struct cw_result {
	struct cw_vec hits;	   /* struct cw_hit, ascending (start, end, rule) */
	struct cw_vec also;	   /* uint32_t */
	struct cw_vec unscannable; /* struct cw_unscannable */
	struct cw_vec more;	   /* struct cw_more */
	struct cw_buf secrets;	   /* wiped */
	const char *cls;	   /* blob class name; static */
	uint64_t candidates;	   /* stage 1 candidates looked at */
};

void cw_result_init(struct cw_result *r);
void cw_result_clear(struct cw_result *r); /* keep the memory for the next blob */
void cw_result_release(struct cw_result *r);

/* Scan LEN bytes (any length) into RES, which is cleared first. Returns 0 (RES is complete but for what it lists as unscannable),
 * CW_E_NOMEM, CW_E_LIMIT, CW_E_CANCELLED, CW_E_INTERNAL (a Hyperscan error): then the blob counts as unscanned. */
int cw_match_blob(struct cw_matcher *m, const void *data, size_t len, struct cw_result *res, struct cw_err *err);

#endif
