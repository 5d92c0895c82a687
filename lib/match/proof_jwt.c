/* match/proof_jwt.c - signed and encrypted tokens: RFC 7515 (JWS), 7516 (JWE), 7518 and 8037 (algorithms), 7519 (JWT).
 * No signature is checked and no time is read: whether a token has expired is said elsewhere. */
#include <string.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/io.h"
#include "base/json.h"
#include "match/proof_checks.h"

#define JSON_MAX ((size_t)1 << 16) /* bytes; a window holds less */
#define PARTS_MAX 5

static const struct {
	const char *alg;
	size_t min, max; /* bytes of the signature */
} algorithms[] = {
	{"HS256", 32, 32},    {"HS384", 48, 48},    {"HS512", 64, 64},	  {"RS256", 128, 1024}, {"RS384", 128, 1024},
	{"RS512", 128, 1024}, {"PS256", 128, 1024}, {"PS384", 128, 1024}, {"PS512", 128, 1024}, {"ES256", 64, 64},
	{"ES384", 96, 96},    {"ES512", 132, 132},  {"ES256K", 64, 64},	  {"EdDSA", 64, 114},	{"Ed25519", 64, 64},
};

/* Split at the dots; the number of parts, or 0 when there are more than PARTS_MAX. */
static size_t split(const struct cw_proof_text *t, struct cw_proof_text parts[PARTS_MAX])
{
	const char *at = t->s, *end = t->s + t->len;

	for (size_t n = 0; n < PARTS_MAX; n++) {
		const char *dot = memchr(at, '.', (size_t)(end - at));
		parts[n] = (struct cw_proof_text){.s = at, .len = (size_t)((dot ? dot : end) - at)};
		if (!dot)
			return n + 1;
		at = dot + 1;
	}
	return 0;
}

/* The JSON object in a part: 1, 0, or an error. */
static int parse_part(const struct cw_proof_text *part, struct cw_buf *raw, struct cw_json **ret, struct cw_err *err)
{
	int rc = cw_proof_decode("base64", part, raw);

	if (rc < 0)
		return cw_err_nomem(err);
	if (!rc)
		return 0;
	rc = cw_json_parse(raw->data, raw->len, JSON_MAX, ret, err);
	if (rc == CW_E_INVALID)
		return 0;
	return rc ? rc : cw_json_type(*ret) == CW_JSON_OBJECT;
}

/* Bytes that a base64url part decodes to; SIZE_MAX when it is none. */
static size_t part_bytes(const struct cw_proof_text *part)
{
	size_t len = part->len;

	while (len > 0 && part->s[len - 1] == '=')
		len--;
	return len % 4 == 1 ? SIZE_MAX : len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0);
}

static enum cw_proof_result judge_signature(const char *alg, const struct cw_proof_text *signature)
{
	size_t bytes = part_bytes(signature);

	if (bytes == SIZE_MAX)
		return CW_PROOF_FAIL;
	if (!strcasecmp(alg, "none"))
		return bytes == 0 ? CW_PROOF_WEAK : CW_PROOF_FAIL;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (!strcmp(alg, algorithms[i].alg))
			return bytes >= algorithms[i].min && bytes <= algorithms[i].max ? CW_PROOF_PASS : CW_PROOF_FAIL;
	}
	return bytes >= 16 ? CW_PROOF_WEAK : CW_PROOF_FAIL; /* an algorithm of tomorrow */
}

/* A payload is a JSON object. The strict parser also refuses harmless oddities (a number beyond 2^53, a name given
 * twice), which must not hide a token. */
static int check_payload(const struct cw_proof_text *part, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET;
	CW_CLEANUP(cw_json_free_p) struct cw_json *json = NULL;
	int rc = parse_part(part, &raw, &json, err);

	if (rc != 0 || json)
		return rc;
	return raw.len >= 2 && raw.data[0] == '{' && raw.data[raw.len - 1] == '}' && cw_utf8_valid(raw.data, raw.len);
}

static int check_jws(struct cw_proof_job *job, const struct cw_json *header, const struct cw_proof_text *parts,
		     struct cw_err *err)
{
	const char *alg = cw_json_str(cw_json_get(header, "alg"));
	int rc;

	if (!alg)
		return 0;
	rc = check_payload(&parts[1], err);
	if (rc == 1)
		job->result = judge_signature(alg, &parts[2]);
	return rc < 0 ? rc : 0;
}

/* Encrypted key (may be empty), initialisation vector, ciphertext, tag. */
static void check_jwe(struct cw_proof_job *job, const struct cw_json *header, const struct cw_proof_text *parts)
{
	size_t vector = part_bytes(&parts[2]), tag = part_bytes(&parts[4]);

	if (cw_json_str(cw_json_get(header, "alg")) && cw_json_str(cw_json_get(header, "enc")) &&
	    part_bytes(&parts[1]) != SIZE_MAX && (vector == 12 || vector == 16 || vector == 24) && parts[3].len > 0 &&
	    part_bytes(&parts[3]) != SIZE_MAX && (tag == 16 || tag == 24 || tag == 32))
		job->result = CW_PROOF_PASS;
}

int cw_proof_jwt(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT;
	CW_CLEANUP(cw_json_free_p) struct cw_json *header = NULL;
	struct cw_proof_text parts[PARTS_MAX];
	size_t count = split(&job->of, parts);
	int rc;

	if (count != 3 && count != 5)
		return 0;
	rc = parse_part(&parts[0], &raw, &header, err);
	if (rc <= 0)
		return rc;
	if (count == 3)
		return check_jws(job, header, parts, err);
	check_jwe(job, header, parts);
	return 0;
}
