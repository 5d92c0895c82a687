/* match/proof_token.c - structure inside a token's text: AWS key ids, macaroons, decoded bytes.
 * Sources: AWS key ids as taken apart in public by A. Steele and T. Be'ery; libmacaroons' README and the macaroon v2 format
 * description in go-macaroon. */
#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/num.h"
#include "match/proof_checks.h"

#define MACAROON_SIGNATURE_LEN 32
#define AWS_ACCOUNT_MAX UINT64_C(999999999999)

static bool in_list(const char *list, uint64_t number)
{
	struct cw_proof_text item;
	uint64_t n;

	while (cw_proof_item(&list, &item)) {
		if (!cw_num_u64(item.s, item.len, 0, AWS_ACCOUNT_MAX, "account", &n, NULL) && n == number)
			return true;
	}
	return false;
}

/* Behind the four letters of the kind stand 16 base32 letters. The topmost bit is set in ids that hold the account number, in
 * the 40 bits behind it; older ids (AKIAI..., AKIAJ...) hold none and prove nothing. */
int cw_proof_aws_account(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT;
	struct cw_proof_text tail;
	uint64_t bits = 0;
	int rc;

	if (job->of.len != 20)
		return 0;
	tail = (struct cw_proof_text){.s = job->of.s + 4, .len = 16};
	rc = cw_proof_decode("base32", &tail, &raw);
	if (rc < 0)
		return cw_err_nomem(err);
	if (!rc)
		return 0;
	for (size_t i = 0; i < 6; i++)
		bits = bits << 8 | (uint8_t)raw.data[i];
	if (!(bits >> 47)) {
		job->result = CW_PROOF_WEAK;
		return 0;
	}
	bits = (bits & UINT64_C(0x7fffffffff80)) >> 7;
	if (bits > AWS_ACCOUNT_MAX)
		return 0;
	job->result = CW_PROOF_PASS;
	if (in_list(cw_proof_param_or(job, "canary", ""), bits))
		job->label = "canary";
	return 0;
}

int cw_proof_decoded(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET;
	const char *length = cw_proof_param(job->spec, "length");
	const struct cw_pattern *pattern;
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	size_t n;
	uint64_t want;
	int rc = cw_proof_decode(cw_proof_param_or(job, "encoding", "base64"), &job->of, &raw);

	if (rc < 0)
		return cw_err_nomem(err);
	if (!rc)
		return 0;
	if (length && (cw_num_u64(length, strlen(length), 0, UINT32_MAX, "length", &want, NULL) || raw.len != want))
		return 0;
	if (cw_proof_param(job->spec, "matches")) {
		assert(job->in->state);
		rc = cw_set_pattern(job->in->set, job->in->rule->index, (int)job->in->proof, &pattern, err);
		if (rc)
			return rc;
		rc = cw_pattern_match(pattern, job->in->state, raw.data, raw.len, 0, false, false, spans, &n, err);
		if (rc <= 0)
			return rc;
	}
	job->result = CW_PROOF_PASS;
	return 0;
}

struct bytes {
	const uint8_t *p;
	size_t len;
};

static bool varint(struct bytes *in, size_t *ret)
{
	size_t n = 0;

	for (unsigned shift = 0; shift < 28 && in->len > 0; shift += 7) {
		uint8_t b = *in->p;
		in->p++;
		in->len--;
		n |= (size_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = n;
			return true;
		}
	}
	return false;
}

/* A field of version 2: type, and unless it ends a section (type 0) length and content. */
enum field { FIELD_END = 0, FIELD_LOCATION = 1, FIELD_IDENTIFIER = 2, FIELD_VERIFIER = 4, FIELD_SIGNATURE = 6 };

static bool next_field(struct bytes *in, size_t *ret_type, struct bytes *ret)
{
	size_t type, len;

	if (!varint(in, &type))
		return false;
	*ret_type = type;
	if (type == FIELD_END)
		return true;
	if (!varint(in, &len) || len > in->len)
		return false;
	*ret = (struct bytes){.p = in->p, .len = len};
	in->p += len;
	in->len -= len;
	return true;
}

/* A section of fields in ascending order up to its end mark: the head, or one caveat. *RET_EMPTY: nothing stood in it. */
static bool section(struct bytes *in, struct bytes *ret_location, bool *ret_empty)
{
	size_t type, last = 0;
	struct bytes field;
	bool identifier = false;

	while (next_field(in, &type, &field)) {
		if (type == FIELD_END) {
			*ret_empty = last == 0;
			return last == 0 || identifier;
		}
		if (type <= last || type == FIELD_SIGNATURE)
			return false;
		if (type == FIELD_LOCATION)
			*ret_location = field;
		identifier = identifier || type == FIELD_IDENTIFIER;
		last = type;
	}
	return false;
}

static bool macaroon_v2(struct bytes in, struct bytes *ret_location)
{
	struct bytes third_party, signature;
	bool empty = false;
	size_t type;

	if (!section(&in, ret_location, &empty) || empty)
		return false;
	while (!empty) {
		if (!section(&in, &third_party, &empty))
			return false;
	}
	return next_field(&in, &type, &signature) && type == FIELD_SIGNATURE &&
	       signature.len == MACAROON_SIGNATURE_LEN && in.len == 0;
}

/* A packet of version 1: four hexadecimal digits of its whole length, "name value\n". */
static bool next_packet(struct bytes *in, struct cw_proof_text *ret_name, struct bytes *ret)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf head = CW_BUF_INIT;
	const uint8_t *blank;
	size_t len;

	if (in->len < 6 || !cw_hex_decode((const char *)in->p, 4, &head))
		return false;
	len = (size_t)(uint8_t)head.data[0] << 8 | (uint8_t)head.data[1];
	if (len < 6 || len > in->len || in->p[len - 1] != '\n')
		return false;
	blank = memchr(in->p + 4, ' ', len - 5);
	if (!blank)
		return false;
	*ret_name = (struct cw_proof_text){.s = (const char *)in->p + 4, .len = (size_t)(blank - in->p) - 4};
	*ret = (struct bytes){.p = blank + 1, .len = len - 1 - (size_t)(blank + 1 - in->p)};
	in->p += len;
	in->len -= len;
	return true;
}

static bool macaroon_v1(struct bytes in, struct bytes *ret_location)
{
	struct cw_proof_text name;
	struct bytes value;

	if (!next_packet(&in, &name, ret_location) || !cw_proof_text_is(&name, "location") ||
	    !next_packet(&in, &name, &value) || !cw_proof_text_is(&name, "identifier"))
		return false;
	while (next_packet(&in, &name, &value)) {
		if (cw_proof_text_is(&name, "signature"))
			return value.len == MACAROON_SIGNATURE_LEN && in.len == 0;
		if (!cw_proof_text_is(&name, "cid") && !cw_proof_text_is(&name, "vid") &&
		    !cw_proof_text_is(&name, "cl"))
			return false;
	}
	return false;
}

int cw_proof_macaroon(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET;
	const char *want = cw_proof_param(job->spec, "location");
	struct bytes all, location = {NULL, 0};
	bool ok;
	int rc = cw_proof_decode("base64", &job->of, &raw);

	if (rc < 0)
		return cw_err_nomem(err);
	if (!rc || raw.len == 0)
		return 0;
	all = (struct bytes){.p = (const uint8_t *)raw.data, .len = raw.len};
	if (all.p[0] == 2)
		ok = macaroon_v2((struct bytes){.p = all.p + 1, .len = all.len - 1}, &location);
	else
		ok = macaroon_v1(all, &location);
	if (ok && want)
		ok = location.len == strlen(want) && memcmp(location.p, want, location.len) == 0;
	job->result = ok ? CW_PROOF_PASS : CW_PROOF_FAIL;
	return 0;
}
