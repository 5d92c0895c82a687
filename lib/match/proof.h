/* match/proof.h - offline proofs: what can be said about a token beyond its pattern.
 *
 * A proof is a pure function of the secret's groups and the rule: no clock, network, locale or file. Formats and their
 * sources are named in proof_*.c. Threads: reentrant. */
#ifndef CW_MATCH_PROOF_H
#define CW_MATCH_PROOF_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "rules/pattern.h"
#include "rules/set.h"

enum cw_proof_result {
	CW_PROOF_FAIL, /* the check does not hold */
	CW_PROOF_PASS,
	CW_PROOF_WEAK, /* it holds but proves nothing: an encrypted private key is well-formed, a JWT without a signature; the
			  finding stays, at level pattern */
	CW_PROOF_NOT_SECRET, /* well-formed and harmless, such as a public key: reject whatever on_fail says */
};

struct cw_proof_input {
	const struct cw_set *set;
	const struct cw_rule *rule;
	size_t proof;			 /* index into rule->proofs */
	const struct cw_pattern *pattern; /* the rule's, to look up group names */
	struct cw_pattern_state *state;	 /* for `matches` */
	const char *window;		 /* bytes that the spans refer to */
	const struct cw_span *spans;	 /* of the match; [0] is the whole */
	size_t spans_len;
};

/* Evaluate one proof. *ret_label is left alone or set to a string that lives as long as the set or for ever ("canary",
 * "encrypted", "expired" is not known here: no clock). CANONICAL (may be NULL) receives the canonical secret when it is not the
 * plain bytes (DER of a key), else is left empty. Returns 0, CW_E_NOMEM, CW_E_LIMIT or
 * CW_E_INTERNAL (libcrypto). */
int cw_proof_eval(const struct cw_proof_input *in, enum cw_proof_result *ret, const char **ret_label,
		  struct cw_buf *canonical, struct cw_err *err);

#endif
