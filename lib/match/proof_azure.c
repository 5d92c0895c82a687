/* match/proof_azure.c - checksums of Microsoft's tokens: identifiable keys and AAD client secrets (Marvin32), and Azure DevOps
 * tokens. Source: what github.com/microsoft/security-utilities documents of these formats. */
#include <string.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "match/marvin.h"
#include "match/proof_checks.h"

#define ADO_BYTES 32
#define ADO_SEED_USER UINT32_C(0xe0b9692d)
#define ADO_SEED_APP UINT32_C(0x1019f92e)

static bool aad_holds(const struct cw_proof_text *t, uint64_t seed)
{
	char want[CW_MARVIN_AAD_LEN];

	if (t->len <= sizeof(want))
		return false;
	cw_marvin_aad(cw_marvin32(seed, t->s, t->len - sizeof(want)), want);
	return memcmp(t->s + t->len - sizeof(want), want, sizeof(want)) == 0;
}

/* The last four bytes are the checksum of those before, little-endian. */
static bool his_holds(const struct cw_buf *key, uint64_t seed)
{
	const uint8_t *sum;
	uint32_t want;

	if (key->len < 24) /* Microsoft makes none shorter */
		return false;
	sum = (const uint8_t *)key->data + key->len - 4;
	want = cw_marvin32(seed, key->data, key->len - 4);
	return (sum[0] | (uint32_t)sum[1] << 8 | (uint32_t)sum[2] << 16 | (uint32_t)sum[3] << 24) == want;
}

int cw_proof_marvin32(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf key = CW_BUF_INIT_SECRET;
	bool aad = !strcmp(cw_proof_param_or(job, "form", "his"), "aad");
	const char *seeds = cw_proof_param_or(job, "seed", "");
	struct cw_proof_text item;
	uint64_t seed;

	if (!aad) {
		int rc = cw_proof_decode("base64", &job->of, &key);
		if (rc < 0)
			return cw_err_nomem(err);
		if (!rc)
			return 0;
	}
	/* A service may have a seed for each of its kinds of key: one must fit. */
	while (job->result == CW_PROOF_FAIL && cw_proof_item(&seeds, &item)) {
		if (cw_marvin_seed(item.s, item.len, &seed) &&
		    (aad ? aad_holds(&job->of, seed) : his_holds(&key, seed)))
			job->result = CW_PROOF_PASS;
	}
	return 0;
}

/* Of the 32 bytes four are the checksum of the others, in the order 22, 8, 7, 2 from the least significant. */
int cw_proof_ado_pat(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET;
	uint8_t rest[ADO_BYTES - 4];
	const uint8_t *b;
	uint32_t crc, sum;
	int rc = cw_proof_decode("base32", &job->of, &raw);

	if (rc < 0)
		return cw_err_nomem(err);
	if (!rc || raw.len != ADO_BYTES)
		return 0;
	b = (const uint8_t *)raw.data;
	memcpy(rest, b, 2);
	memcpy(rest + 2, b + 3, 4);
	memcpy(rest + 6, b + 9, 13);
	memcpy(rest + 19, b + 23, 9);
	crc = cw_crc32(rest, sizeof(rest));
	sum = b[22] | (uint32_t)b[8] << 8 | (uint32_t)b[7] << 16 | (uint32_t)b[2] << 24;
	if (sum == (crc ^ ADO_SEED_USER) || sum == (crc ^ ADO_SEED_APP))
		job->result = CW_PROOF_PASS;
	return 0;
}
