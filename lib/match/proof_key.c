/* match/proof_key.c - private keys in a match: parsed by base/crypto.h, judged here. */
#include <string.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "match/proof_checks.h"

int cw_proof_judge_key(struct cw_proof_job *job, const char *data, size_t len, struct cw_err *err)
{
	enum cw_key_state state;
	int rc = cw_key_parse(data, len, &state, job->canonical, err);

	if (rc)
		return rc;
	switch (state) {
	case CW_KEY_BROKEN:
		job->result = CW_PROOF_FAIL;
		break;
	case CW_KEY_PUBLIC:
		job->result = CW_PROOF_NOT_SECRET;
		break;
	case CW_KEY_ENCRYPTED:
		job->result = CW_PROOF_WEAK;
		job->label = "encrypted";
		break;
	case CW_KEY_PLAIN:
		job->result = CW_PROOF_PASS;
		break;
	}
	if (state == CW_KEY_BROKEN || state == CW_KEY_PUBLIC)
		cw_buf_clear(job->canonical);
	return 0;
}

/* Base64 text that may be broken into lines, by real or written line ends, with quotes around. */
static void pack(const struct cw_proof_text *t, struct cw_buf *out)
{
	for (size_t i = 0; i < t->len; i++) {
		char c = t->s[i];
		if (c == '\\') {
			if (i + 1 < t->len && strchr("nrt", t->s[i + 1]))
				i++;
			continue;
		}
		if (!strchr(" \t\r\n\"'`,", c))
			cw_buf_addc(out, c);
	}
}

int cw_proof_key(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf packed = CW_BUF_INIT_SECRET, raw = CW_BUF_INIT_SECRET;

	if (strcmp(cw_proof_param_or(job, "encoding", "pem"), "base64") != 0)
		return cw_proof_judge_key(job, job->of.s, job->of.len, err);
	pack(&job->of, &packed);
	if (packed.fail)
		return cw_err_nomem(err);
	if (cw_base64_decode(packed.data, packed.len, &raw))
		return cw_proof_judge_key(job, raw.data, raw.len, err);
	return raw.fail ? cw_err_nomem(err) : 0;
}
