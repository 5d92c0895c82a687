/* match/proof_checksum.c - checksums that a token carries in its own text: CRC-32, SHA-256, Luhn, base58check, bech32.
 * Sources: ISO/IEC 7812-1 (Luhn), Bitcoin's base58check, BIP-173 and BIP-350 (bech32, bech32m); which token carries which
 * checksum over what is said by the rules. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "match/proof_checks.h"

#define LUHN_DIGITS_MIN 8
#define BECH32_LEN_MAX 1023 /* the checksum's theory ends there */
#define BECH32_SUM_LEN 6

/* Whether TEXT is the SUM in this encoding, cut to the length of TEXT: 1, 0 or CW_E_NOMEM. */
static int compare_sum(const struct cw_proof_text *text, const char *encoding, const uint8_t *sum, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf want = CW_BUF_INIT;
	bool any_case = true;

	if (!strcmp(encoding, "hex")) {
		cw_hex_encode(sum, len, &want);
	} else if (!strcmp(encoding, "base32")) {
		cw_base32_encode(sum, len, &want);
	} else if (!strcmp(encoding, "base64")) {
		cw_base64_encode(sum, len, memchr(text->s, '-', text->len) || memchr(text->s, '_', text->len), &want);
		any_case = false;
	}
	if (want.fail)
		return CW_E_NOMEM;
	if (text->len > want.len)
		return 0;
	return any_case ? strncasecmp(text->s, want.data, text->len) == 0 : memcmp(text->s, want.data, text->len) == 0;
}

static int settle(struct cw_proof_job *job, int holds, struct cw_err *err)
{
	if (holds < 0)
		return cw_err_nomem(err);
	job->result = holds ? CW_PROOF_PASS : CW_PROOF_FAIL;
	return 0;
}

int cw_proof_crc32(struct cw_proof_job *job, struct cw_err *err)
{
	const char *encoding = cw_proof_param_or(job, "encoding", "hex");
	bool little = !strcmp(cw_proof_param_or(job, "order", "big"), "little");
	uint32_t crc = cw_crc32(job->of.s, job->of.len);
	struct cw_proof_text sum;
	uint8_t bytes[4];
	char digits[16];

	if (!cw_proof_group(job->in, cw_proof_param_or(job, "equals", "sum"), &sum))
		return 0;
	if (!strcmp(encoding, "base62") || !strcmp(encoding, "base36")) {
		if (sum.len < sizeof(digits) && cw_radix_u32(crc, encoding[4] == '6' ? 62 : 36, sum.len, digits))
			return settle(job, memcmp(digits, sum.s, sum.len) == 0, err);
		return 0;
	}
	for (unsigned i = 0; i < 4; i++)
		bytes[little ? i : 3 - i] = (uint8_t)(crc >> (8 * i));
	return settle(job, compare_sum(&sum, encoding, bytes, sizeof(bytes)), err);
}

int cw_proof_sha256(struct cw_proof_job *job, struct cw_err *err)
{
	struct cw_proof_text sum;
	uint8_t digest[CW_SHA256_LEN];
	int rc;

	if (!cw_proof_group(job->in, cw_proof_param_or(job, "equals", "sum"), &sum))
		return 0;
	rc = cw_sha256(job->of.s, job->of.len, digest, err);
	if (rc)
		return rc;
	return settle(job, compare_sum(&sum, cw_proof_param_or(job, "encoding", "hex"), digest, sizeof(digest)), err);
}

/* Digits in groups parted by blanks or hyphens. Sixteen times the same digit is a placeholder, even if its sum is right. */
int cw_proof_luhn(struct cw_proof_job *job, struct cw_err *err)
{
	unsigned sum = 0, count = 0, digit, first = 10;
	bool differ = false;

	for (size_t i = job->of.len; i-- > 0;) {
		char c = job->of.s[i];
		if (c == ' ' || c == '-')
			continue;
		if (c < '0' || c > '9')
			return 0;
		digit = (unsigned)(c - '0');
		first = count == 0 ? digit : first;
		differ = differ || digit != first;
		if (count++ % 2 == 1)
			digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
		sum += digit;
	}
	return settle(job, count >= LUHN_DIGITS_MIN && differ && sum % 10 == 0, err);
}

int cw_proof_base58check(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET;
	uint8_t once[CW_SHA256_LEN], twice[CW_SHA256_LEN];
	int rc = cw_proof_decode("base58", &job->of, &raw);

	if (rc < 0)
		return cw_err_nomem(err);
	if (!rc || raw.len < 5)
		return 0;
	rc = cw_sha256(raw.data, raw.len - 4, once, err);
	rc = rc ? rc : cw_sha256(once, sizeof(once), twice, err);
	if (rc)
		return rc;
	return settle(job, memcmp(raw.data + raw.len - 4, twice, 4) == 0, err);
}

static uint32_t polymod(uint32_t sum, uint32_t value)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++) {
		if (top >> i & 1)
			sum ^= generator[i];
	}
	return sum;
}

static bool mixed_case(const struct cw_proof_text *t)
{
	bool upper = false, lower = false;

	for (size_t i = 0; i < t->len; i++) {
		upper = upper || isupper((unsigned char)t->s[i]);
		lower = lower || islower((unsigned char)t->s[i]);
	}
	return upper && lower;
}

/* The checksum over prefix and data; 0 when a character is not allowed. SPLIT is the length of the prefix. */
static uint32_t bech32_sum(const struct cw_proof_text *t, size_t split)
{
	static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint32_t sum = 1;

	for (size_t i = 0; i < split; i++)
		sum = polymod(sum, (uint32_t)tolower((unsigned char)t->s[i]) >> 5);
	sum = polymod(sum, 0);
	for (size_t i = 0; i < split; i++)
		sum = polymod(sum, (uint32_t)tolower((unsigned char)t->s[i]) & 31);
	for (size_t i = split + 1; i < t->len; i++) {
		const char *at = t->s[i] ? strchr(letters, tolower((unsigned char)t->s[i])) : NULL;
		if (!at)
			return 0;
		sum = polymod(sum, (uint32_t)(at - letters));
	}
	return sum;
}

int cw_proof_bech32(struct cw_proof_job *job, struct cw_err *err)
{
	const char *prefix = cw_proof_param_or(job, "prefix", "");
	const char *one = memrchr(job->of.s, '1', job->of.len);
	size_t split = one ? (size_t)(one - job->of.s) : 0;
	uint32_t sum;

	if (split == 0 || job->of.len > BECH32_LEN_MAX || job->of.len - split - 1 < BECH32_SUM_LEN ||
	    mixed_case(&job->of))
		return 0;
	if (*prefix && (strlen(prefix) != split || strncasecmp(prefix, job->of.s, split) != 0))
		return 0;
	sum = bech32_sum(&job->of, split);
	return settle(job, sum == 1 || sum == 0x2bc830a3, err);
}
