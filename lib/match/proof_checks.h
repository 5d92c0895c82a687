/* match/proof_checks.h - the checks behind cw_proof_eval(); included by match/proof*.c only.
 *
 * Every check gets one job, whose result is FAIL at first, and returns 0 with the result set, CW_E_NOMEM or CW_E_LIMIT. */
#ifndef CW_MATCH_PROOF_CHECKS_H
#define CW_MATCH_PROOF_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "match/proof.h"

struct cw_proof_text { /* borrowed bytes */
	const char *s;
	size_t len;
};

struct cw_proof_job {
	const struct cw_proof_input *in;
	const struct cw_proof_spec *spec;
	struct cw_proof_text of; /* what is checked; not empty */
	enum cw_proof_result result;
	const char *label;	  /* NULL, or lives for ever */
	struct cw_buf *canonical; /* never NULL */
};

/* proof.c: the bytes of group NAME; false when the pattern has no such group or it took no part in the match. */
bool cw_proof_group(const struct cw_proof_input *in, const char *name, struct cw_proof_text *ret);
/* Parameter KEY, or WITHOUT when the rule does not give it. */
const char *cw_proof_param_or(const struct cw_proof_job *job, const char *key, const char *without);
/* Take the next line of a list parameter; false at the end. */
bool cw_proof_item(const char **list, struct cw_proof_text *ret);
bool cw_proof_text_is(const struct cw_proof_text *t, const char *s);
/* Decode by the name of an encoding (base64, base32, base58, hex): 1, 0 (not of this encoding) or CW_E_NOMEM. */
int cw_proof_decode(const char *encoding, const struct cw_proof_text *t, struct cw_buf *out);

int cw_proof_crc32(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_sha256(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_luhn(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_base58check(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_bech32(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_marvin32(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_ado_pat(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_aws_account(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_jwt(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_key(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_json(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_macaroon(struct cw_proof_job *job, struct cw_err *err);
int cw_proof_decoded(struct cw_proof_job *job, struct cw_err *err);

/* proof_key.c: judge a private key that stands in DATA; for proof_json.c too. */
int cw_proof_judge_key(struct cw_proof_job *job, const char *data, size_t len, struct cw_err *err);

#endif
