/* match/proof.c - which check a proof names, and the bytes that it gets; see proof.h. The checks are in proof_*.c. */
#include "match/proof.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "match/proof_checks.h"

static int (*const checks[CW_CHECK_COUNT_])(struct cw_proof_job *job, struct cw_err *err) = {
	[CW_CHECK_CRC32] = cw_proof_crc32,	 [CW_CHECK_SHA256] = cw_proof_sha256,
	[CW_CHECK_MARVIN32] = cw_proof_marvin32, [CW_CHECK_ADO_PAT] = cw_proof_ado_pat,
	[CW_CHECK_LUHN] = cw_proof_luhn,	 [CW_CHECK_BASE58CHECK] = cw_proof_base58check,
	[CW_CHECK_BECH32] = cw_proof_bech32,	 [CW_CHECK_AWS_ACCOUNT] = cw_proof_aws_account,
	[CW_CHECK_JWT] = cw_proof_jwt,		 [CW_CHECK_KEY] = cw_proof_key,
	[CW_CHECK_JSON] = cw_proof_json,	 [CW_CHECK_MACAROON] = cw_proof_macaroon,
	[CW_CHECK_DECODED] = cw_proof_decoded,
};

bool cw_proof_group(const struct cw_proof_input *in, const char *name, struct cw_proof_text *ret)
{
	int group = cw_pattern_group(in->pattern, name);

	if (group < 0 || (size_t)group >= in->spans_len)
		return false;
	const struct cw_span *span = &in->spans[group];
	if (span->start == SIZE_MAX || span->end <= span->start)
		return false;
	*ret = (struct cw_proof_text){.s = in->window + span->start, .len = span->end - span->start};
	return true;
}

const char *cw_proof_param_or(const struct cw_proof_job *job, const char *key, const char *without)
{
	const char *value = cw_proof_param(job->spec, key);

	return value ? value : without;
}

bool cw_proof_item(const char **list, struct cw_proof_text *ret)
{
	size_t len;

	while (**list == '\n')
		(*list)++;
	len = strcspn(*list, "\n");
	*ret = (struct cw_proof_text){.s = *list, .len = len};
	*list += len;
	return len > 0;
}

bool cw_proof_text_is(const struct cw_proof_text *t, const char *s)
{
	return t->len == strlen(s) && memcmp(t->s, s, t->len) == 0;
}

int cw_proof_decode(const char *encoding, const struct cw_proof_text *t, struct cw_buf *out)
{
	bool ok = false;

	if (!strcmp(encoding, "base64"))
		ok = cw_base64_decode(t->s, t->len, out);
	else if (!strcmp(encoding, "base32"))
		ok = cw_base32_decode(t->s, t->len, out);
	else if (!strcmp(encoding, "base58"))
		ok = cw_base58_decode(t->s, t->len, out);
	else if (!strcmp(encoding, "hex"))
		ok = cw_hex_decode(t->s, t->len, out);
	return out->fail ? CW_E_NOMEM : ok;
}

int cw_proof_eval(const struct cw_proof_input *in, enum cw_proof_result *ret, const char **ret_label,
		  struct cw_buf *canonical, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf canon = CW_BUF_INIT_SECRET;
	struct cw_proof_job job = {.in = in, .spec = &in->rule->proofs[in->proof], .canonical = &canon};
	int rc;

	/* A group that took no part proves nothing, and a proof that cannot be made has failed. */
	if (cw_proof_group(in, job.spec->of, &job.of)) {
		rc = checks[job.spec->check](&job, err);
		if (rc)
			return rc;
	}
	if (canonical && job.result != CW_PROOF_FAIL)
		cw_buf_add(canonical, canon.data, canon.len);
	if (canon.fail || (canonical && canonical->fail))
		return cw_err_nomem(err);
	*ret = job.result;
	if (job.label)
		*ret_label = job.label;
	return 0;
}
