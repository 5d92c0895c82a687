/* Fuzz target: images of compiled sets. The first byte chooses: the input is the whole image, which its sums refuse;
 * or it is the rules of an image whose database and sums are right, so that the reader of rules is reached. Databases
 * are never made up here, nor in production: Hyperscan is not proof against them, and the sums keep damaged ones away
 * from it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "fixture.h"
#include "rules/set.h"

/* Offsets in the header; see set.c. */
#define AT_DIGEST 64
#define AT_RULES_LEN 96
#define AT_SUM 144
#define HEADER_LEN 176

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static const struct fx_rule rules[] = {
	{"t.a", "aaa_[0-9]{8}", "(?<secret>aaa_[0-9]{8})", "aaa_12345678", 40, 9, "    references: [u, v]\n"},
	{"t.b", "bbb_[0-9]{8}", "(?<secret>bbb_(?<body>[0-9]{8}))", "bbb_12345678", 0, 0,
	 "    proof: [{check: luhn, of: body}]\n    parts: [{name: id, rule: t.a, lines: 3}]\n"},
};
static struct cw_buf image = CW_BUF_INIT;

static uint64_t rules_len(void)
{
	uint64_t n;

	memcpy(&n, image.data + AT_RULES_LEN, sizeof(n));
	return n;
}

static void make_image(void)
{
	struct cw_set *set = fx_set(rules, 2);

	require(cw_set_image(set, &image, NULL) == 0 && image.len > HEADER_LEN + rules_len());
	cw_set_unref(set);
}

/* Every string and list is read to its end. */
static size_t touch(const struct cw_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < cw_set_len(set); i++) {
		const struct cw_rule *r = cw_set_rule(set, i);

		n += strlen(r->id) + strlen(r->title) + strlen(r->anchor) + strlen(r->pattern) + strlen(r->provider);
		for (size_t k = 0; k < r->proofs_len; k++) {
			n += strlen(r->proofs[k].of) + strlen(cw_proof_check_name(r->proofs[k].check));
			for (size_t m = 0; m < r->proofs[k].params_len; m++)
				n += strlen(r->proofs[k].params[m].key) + strlen(r->proofs[k].params[m].value);
		}
		for (size_t k = 0; k < r->parts_len; k++)
			n += strlen(cw_set_rule(set, r->parts[k].rule_index)->id) + strlen(r->parts[k].name);
		for (size_t k = 0; k < r->labels_len; k++)
			n += strlen(r->labels[k].text) + strlen(r->labels[k].label);
		for (size_t k = 0; k < r->value.stopwords_len; k++)
			n += strlen(r->value.stopwords[k]);
		for (size_t k = 0; k < r->examples_len; k++)
			n += r->examples[k].len + strlen(r->examples[k].path);
	}
	return n;
}

static void read_image(const void *bytes, size_t len)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_set_from_image(bytes, len, &set, &err);

	require(rc == 0 || ((rc == CW_E_CORRUPT || rc == CW_E_NOMEM) && err.msg[0] != '\0' && !set));
	if (rc == 0)
		require(touch(set) < SIZE_MAX);
}

/* The image with DATA in place of its rules. */
static void read_rules(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	uint64_t n = len;
	uint8_t sum[CW_SHA256_LEN];

	cw_buf_add(&b, image.data, HEADER_LEN);
	cw_buf_add(&b, data, len);
	cw_buf_add(&b, image.data + HEADER_LEN + rules_len(), image.len - HEADER_LEN - rules_len());
	require(!b.fail);
	memcpy(b.data + AT_RULES_LEN, &n, sizeof(n));
	require(cw_sha256(data, len, sum, NULL) == 0);
	memcpy(b.data + AT_DIGEST, sum, sizeof(sum));
	require(cw_sha256(b.data + HEADER_LEN, b.len - HEADER_LEN, sum, NULL) == 0);
	memcpy(b.data + AT_SUM, sum, sizeof(sum));
	read_image(b.data, b.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (image.len == 0) {
		make_image();
		/* the offsets above are right */
		read_rules((const uint8_t *)image.data + HEADER_LEN, rules_len());
	}
	if (len > 0 && data[0] == 'i')
		read_image(data + 1, len - 1);
	else if (len > 0)
		read_rules(data + 1, len - 1);
	return 0;
}
