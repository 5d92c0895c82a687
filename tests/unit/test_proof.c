/* Tests of match/proof.h, without keys (test_proof_key.c): every check with a published vector or a sum worked out
 * elsewhere, and its near misses. Tokens are joined at run time so that no line of this file holds one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "match/marvin.h"
#include "match/proof.h"
#include "rules/image.h"
#include "rules/load.h"

/* This test has no default rules. */
const unsigned char cw_default_image[1] = {0};
const size_t cw_default_image_len = 0;

struct proof { /* one proof of a rule */
	enum cw_proof_check check;
	const char *of;
	struct cw_param params[3]; /* up to the first without a key */
};

static struct cw_pattern *pattern_of(const char *text)
{
	struct cw_pattern *p = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (cw_pattern_compile(text, &p, &err))
		fail_msg("%s", cw_err_msg(&err));
	return p;
}

/* Evaluate PROOF on the first match of PATTERN in TEXT. */
static enum cw_proof_result prove(const struct proof *proof, const char *pattern, const char *text, const char **label)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = pattern_of(pattern);
	CW_CLEANUP(cw_pattern_state_free_p) struct cw_pattern_state *state = NULL;
	struct cw_proof_spec spec = {.check = proof->check, .of = proof->of, .params = proof->params};
	struct cw_rule rule = {.proofs = &spec, .proofs_len = 1};
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	struct cw_proof_input in = {.rule = &rule, .pattern = p, .window = text, .spans = spans};
	enum cw_proof_result result;
	const char *ignored;

	while (spec.params_len < 3 && proof->params[spec.params_len].key)
		spec.params_len++;
	assert_int_equal(cw_pattern_state_new(&state, NULL), 0);
	in.state = state;
	assert_int_equal(cw_pattern_match(p, state, text, strlen(text), 0, false, false, spans, &in.spans_len, NULL),
			 1);
	assert_int_equal(cw_proof_eval(&in, &result, label ? label : &ignored, NULL, NULL), 0);
	return result;
}

/* The whole TEXT as the secret. */
static enum cw_proof_result prove_all(const struct proof *proof, const char *text)
{
	return prove(proof, "(?s)\\A(?<secret>.+)\\z", text, NULL);
}

#define JOIN(a, b) (snprintf(joined, sizeof(joined), "%s%s", a, b), joined)
static char joined[4096];

/* The catalogued CRC-32 of "123456789" is cbf43926: in every encoding, order and width, and one character off. */
static void test_crc32(void **state)
{
	static const struct {
		const char *encoding, *order, *good, *bad;
	} cases[] = {
		{"hex", "big", "cbf43926", "cbf43927"},	      {"hex", "big", "CBF43926", "CBF43962"},
		{"hex", "little", "2639f4cb", "cbf43926"},    {"base62", NULL, "3jZRME", "3jZRMe"},
		{"base62", NULL, "03jZRME", "3jZRME0"},	      {"base36", NULL, "1kl8mjq", "1KL8MJQ"},
		{"base64", "big", "y/Q5Jg", "Y/Q5Jg"},	      {"base64", "big", "y_Q5Jg", "y_Q5Jh"},
		{"base64", "little", "Jjn0yw==", "Jjn0yw=A"}, {"hex", "big", "cbf4", "cbf4392600"},
	};
	struct proof p = {CW_CHECK_CRC32, "body", {{"equals", "sum"}, {"encoding", NULL}, {"order", "big"}}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.params[1].value = cases[i].encoding;
		p.params[2] = (struct cw_param){cases[i].order ? "order" : NULL, cases[i].order};
		const char *pattern = "(?<body>[0-9]{9})-(?<sum>\\S+)";
		assert_int_equal(prove(&p, pattern, JOIN("123456789-", cases[i].good), NULL), CW_PROOF_PASS);
		assert_int_equal(prove(&p, pattern, JOIN("123456789-", cases[i].bad), NULL), CW_PROOF_FAIL);
		assert_int_equal(prove(&p, pattern, JOIN("123456780-", cases[i].good), NULL), CW_PROOF_FAIL);
	}
}

/* A group that took no part in the match, or that the pattern has not, proves nothing. */
static void test_missing_group(void **state)
{
	struct proof p = {CW_CHECK_CRC32, "body", {{"equals", "sum"}, {"encoding", "hex"}}};

	assert_int_equal(prove(&p, "(?<body>[0-9]{9})(?:-(?<sum>\\S+))?", "123456789", NULL), CW_PROOF_FAIL);
	assert_int_equal(prove(&p, "(?<body>[0-9]{9})", "123456789", NULL), CW_PROOF_FAIL);
	p.of = "absent";
	assert_int_equal(prove(&p, "(?<body>[0-9]{9})-(?<sum>\\S+)", "123456789-cbf43926", NULL), CW_PROOF_FAIL);
}

/* SHA-256 of "abc" starts with ba7816bf8f: hex in either case, base32, base64. */
static void test_sha256(void **state)
{
	static const char *const cases[][3] = {
		{"hex", "BA7816bf", "ba7816be"},
		{"base32", "XJ4BNP4P", "XJ4BNP4Q"},
		{"base32", "xj4bnp4p",
		 "xj4bnp4"
		 "1"},
		{"base64", "ungWv48B", "UngWv48B"},
	};
	struct proof p = {CW_CHECK_SHA256, "body", {{"equals", "sum"}, {"encoding", NULL}}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.params[1].value = cases[i][0];
		assert_int_equal(prove(&p, "(?<body>abc)(?<sum>\\w+)", JOIN("abc", cases[i][1]), NULL), CW_PROOF_PASS);
		assert_int_equal(prove(&p, "(?<body>abc)(?<sum>\\w+)", JOIN("abc", cases[i][2]), NULL), CW_PROOF_FAIL);
	}
}

/* SymCrypt's known answer, and the vectors that the .NET implementations share: every length of the last word. */
static void test_marvin(void **state)
{
	static const struct {
		const char *data;
		uint64_t sum;
	} cases[] = {
		{"", 0x30ed35c100cd3c7d},
		{"\xaf", 0x48e73fc77d75ddc1},
		{"\xe7\x0f", 0xb5f6e1fc485dbff8},
		{"\x37\xf4\x95", 0xf0b07c789b8cf7e8},
		{"\x86\x42\xdc\x59", 0x7008f2e87e9cf556},
		{"\x15\x3f\xb7\x98\x26", 0xe6c08c6da2afa997},
		{"\x09\x32\xe6\x24\x6c\x47", 0x6f04bf1a5ea24060},
		{"\xab\x42\x7e\xa8\xd1\x0f\xc7", 0xe11847e4f0678c41},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(cw_marvin(0x004fb61a001bdbcc, cases[i].data, strlen(cases[i].data)) == cases[i].sum);
	assert_true(cw_marvin(0xd53cd9cecd0893b7, "abc", 3) == 0x22c74339492769bf);
	assert_int_equal(cw_marvin32(0xd53cd9cecd0893b7, "abc", 3), 0x6be02a86);
	assert_int_equal(cw_marvin32(0x0ddddeeeeffff000, "abcdefghijklmnopqrstuvwxyz", 26), 0xd34847dc);
}

/* A seed as eight characters or as a number; nothing else. */
static void test_marvin_seed(void **state)
{
	uint64_t seed = 0;

	assert_true(cw_marvin_seed("Default0", 8, &seed));
	assert_true(seed == 0x44656661756c7430);
	assert_true(cw_marvin_seed("0x4162416363743030", 18, &seed));
	assert_true(seed == 0x4162416363743030);
	assert_false(cw_marvin_seed("Default", 7, &seed));
	assert_false(cw_marvin_seed("0x41624163637430", 16, &seed));
	assert_false(cw_marvin_seed("0x416241636374303g", 18, &seed));
}

/* Identifiable keys made here: right, with another seed, one letter changed; a list of seeds; URL-safe letters. */
static void test_marvin32_keys(void **state)
{
	struct proof p = {CW_CHECK_MARVIN32, "secret", {{"seed", "Default0"}}};
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	uint8_t key[64];

	for (size_t len = 24; len <= sizeof(key); len += 8) {
		cw_buf_clear(&text);
		for (size_t i = 0; i < len; i++)
			key[i] = (uint8_t)(i * 89 + len);
		uint32_t sum = cw_marvin32(0x44656661756c7430, key, len - 4);
		for (unsigned i = 0; i < 4; i++)
			key[len - 4 + i] = (uint8_t)(sum >> (8 * i));
		cw_base64_encode(key, len, len % 16 == 0, &text);
		p.params[0].value = "Default0";
		assert_int_equal(prove_all(&p, text.data), CW_PROOF_PASS);
		p.params[0].value = "AbAcct00\nDefault0";
		assert_int_equal(prove_all(&p, text.data), CW_PROOF_PASS);
		p.params[0].value = "AbAcct00";
		assert_int_equal(prove_all(&p, text.data), CW_PROOF_FAIL);
		p.params[0].value = "Default0";
		text.data[5] = text.data[5] == 'A' ? 'B' : 'A';
		assert_int_equal(prove_all(&p, text.data), CW_PROOF_FAIL);
	}
	assert_int_equal(prove_all(&p, "no base64!"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "AAAA"), CW_PROOF_FAIL);
}

/* An Azure AD client secret ends with three letters of its checksum; upper and lower case differ. */
static void test_marvin32_aad(void **state)
{
	struct proof p = {CW_CHECK_MARVIN32, "secret", {{"seed", "0x4161645077643030"}, {"form", "aad"}}};
	char text[64] = "abc8Q~", sum[4] = "";

	memset(text + 6, 'x', 31);
	cw_marvin_aad(cw_marvin32(CW_MARVIN_AAD_SEED, text, 37), sum);
	assert_int_equal(strlen(sum), 3);
	assert_int_equal(prove_all(&p, JOIN(text, sum)), CW_PROOF_PASS);
	text[10] = 'X';
	assert_int_equal(prove_all(&p, JOIN(text, sum)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "ab"), CW_PROOF_FAIL);
	/* 66^3 * 3 + 66^2 * 2 + 66 + 4, most significant letter first: d c b e */
	cw_marvin_aad(66U * 66 * 66 * 3 + 66 * 66 * 2 + 66 + 4, sum);
	assert_string_equal(sum, "dcb");
}

/* Azure DevOps: 32 bytes in lower-case base32, sums of users and of applications, one letter off, one letter short. */
static void test_ado_pat(void **state)
{
	static const uint32_t seeds[] = {0xe0b9692d, 0x1019f92e};
	const struct proof p = {CW_CHECK_ADO_PAT, "secret", {{NULL, NULL}}};
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	uint8_t b[32], rest[28];
	size_t n = 0;

	for (size_t i = 0; i < 32; i++) {
		b[i] = (uint8_t)(i * 151 + 3);
		if (i != 2 && i != 7 && i != 8 && i != 22)
			rest[n++] = b[i];
	}
	for (size_t k = 0; k < 2; k++) {
		uint32_t sum = cw_crc32(rest, n) ^ seeds[k];
		b[22] = (uint8_t)sum;
		b[8] = (uint8_t)(sum >> 8);
		b[7] = (uint8_t)(sum >> 16);
		b[2] = (uint8_t)(sum >> 24);
		cw_buf_clear(&text);
		cw_base32_encode(b, sizeof(b), &text);
		assert_int_equal(text.len, 52);
		assert_int_equal(prove_all(&p, text.data), CW_PROOF_PASS);
		text.data[30] = text.data[30] == 'A' ? 'B' : 'A';
		assert_int_equal(prove_all(&p, text.data), CW_PROOF_FAIL);
		cw_buf_truncate(&text, 51);
		assert_int_equal(prove_all(&p, text.data), CW_PROOF_FAIL);
	}
}

/* Right sums plain and grouped, a wrong digit, swapped digits, letters, one repeated digit, too few digits. */
static void test_luhn(void **state)
{
	const struct proof p = {CW_CHECK_LUHN, "secret", {{NULL, NULL}}};

	assert_int_equal(prove_all(&p, "79927398713"), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, "4111"
				       " 1111 1111 1111"),
			 CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, "4111"
				       "-1111-1111-1111"),
			 CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, "79927398710"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "79927398731"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "7992739871x"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "0000000000000000"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "42"), CW_PROOF_FAIL);
}

/* The address of Bitcoin's first block; one letter off; a letter that base58 has not; too short. */
static void test_base58check(void **state)
{
	const struct proof p = {CW_CHECK_BASE58CHECK, "secret", {{NULL, NULL}}};

	assert_int_equal(prove_all(&p, JOIN("1A1zP1eP5QGefi2", "DMPTfTL5SLmv7DivfNa")), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, JOIN("1A1zP1eP5QGefi2", "DMPTfTL5SLmv7DivfNb")), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, JOIN("1A1zP1eP5QGefi2", "DMPTfTL5SLmv7DivfN0")), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "1111"), CW_PROOF_FAIL);
}

/* Vectors of BIP-173 and BIP-350: right, wrong, and the prefix that a rule asks for. */
static void test_bech32(void **state)
{
	static const char *const good[] = {
		"A12UEL5L",
		"a12uel5l",
		"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
		"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
		"?1ezyfcl",
		"A1LQFN3A",
		"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
		"?1v759aa",
	};
	static const char *const bad[] = {
		"A1G7SGD8",	"A12uEL5L",  "10a06t8",	 "1qzzfhee",
		"pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxx",
	};
	struct proof p = {CW_CHECK_BECH32, "secret", {{NULL, NULL}}};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(prove_all(&p, good[i]), CW_PROOF_PASS);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prove_all(&p, bad[i]), CW_PROOF_FAIL);
	p.params[0] = (struct cw_param){"prefix", "a"};
	assert_int_equal(prove_all(&p, "A12UEL5L"), CW_PROOF_PASS);
	p.params[0].value = "b";
	assert_int_equal(prove_all(&p, "A12UEL5L"), CW_PROOF_FAIL);
}

/* The account of a published canary key id, with and without that account in the list; an id of the old kind; no base32. */
static void test_aws_account(void **state)
{
	struct proof p = {CW_CHECK_AWS_ACCOUNT, "secret", {{NULL, NULL}}};
	const char *label = NULL, *all = "(?<secret>.+)";

	assert_int_equal(prove(&p, all, JOIN("AKIA", "YVP4CIPPERUVIFXG"), &label), CW_PROOF_PASS);
	assert_null(label);
	p.params[0] = (struct cw_param){"canary", "123456789012\n595918472158"};
	assert_int_equal(prove(&p, all, JOIN("AKIA", "YVP4CIPPERUVIFXG"), &label), CW_PROOF_PASS);
	assert_string_equal(label, "canary");
	label = NULL;
	assert_int_equal(prove(&p, all, JOIN("AKIA", "ZVP4CIPPERUVIFXG"), &label), CW_PROOF_PASS);
	assert_null(label);
	assert_int_equal(prove_all(&p, JOIN("AKIA", "IOSFODNN7EXAMPLE")), CW_PROOF_WEAK);
	assert_int_equal(prove_all(&p, JOIN("AKIA", "7777777777777777")), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, JOIN("AKIA", "YVP4CIPPERUVIF18")), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, JOIN("AKIA", "YVP4CIPPERUVIFX")), CW_PROOF_FAIL);
}

/* A token of header, payload and SIGNATURE_LEN letters of signature. */
static const char *jwt(const char *header, const char *payload, size_t signature_len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	cw_base64_encode(header, strlen(header), true, &b);
	cw_buf_addc(&b, '.');
	cw_base64_encode(payload, strlen(payload), true, &b);
	cw_buf_addc(&b, '.');
	for (size_t i = 0; i < signature_len; i++)
		cw_buf_addc(&b, "aZ09-_"[i % 6]);
	return JOIN(b.data, "");
}

/* Signed tokens: the RFC's example, each family's length, wrong lengths, unsigned, unknown algorithms, payloads. */
static void test_jwt(void **state)
{
	const struct proof p = {CW_CHECK_JWT, "secret", {{NULL, NULL}}};
	char rfc7515[512];

	snprintf(rfc7515, sizeof(rfc7515), "%s.%s.%s", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
		 "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
		 "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	assert_int_equal(prove_all(&p, rfc7515), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"HS256\"}", "{}", 42)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"HS512\"}", "{}", 86)), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"RS256\"}", "{}", 342)), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"PS384\"}", "{}", 43)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"ES256\"}", "{}", 86)), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"ES384\"}", "{}", 128)), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"EdDSA\"}", "{}", 86)), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"none\"}", "{}", 0)), CW_PROOF_WEAK);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"none\"}", "{}", 43)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"QQ999\"}", "{}", 86)), CW_PROOF_WEAK);
	/* A number beyond 2^53 in the payload must not hide the token. */
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"ES256\"}", "{\"jti\":12345678901234567890}", 86)),
			 CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"ES256\"}", "[1]", 86)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":\"ES256\"}", "text", 86)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, jwt("{\"typ\":\"JWT\"}", "{}", 86)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":5}", "{}", 86)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, jwt("{\"alg\":", "{}", 86)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "a.b"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "1.2.3"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "a.b.c.d.e.f"), CW_PROOF_FAIL);
}

/* Five parts: an encrypted token; without `enc`, or with a tag of the wrong length, it is none. */
static void test_jwe(void **state)
{
	const struct proof p = {CW_CHECK_JWT, "secret", {{NULL, NULL}}};
	CW_CLEANUP(cw_buf_release) struct cw_buf head = CW_BUF_INIT;
	const char *good = "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}", *bad = "{\"alg\":\"dir\"}";

	cw_base64_encode(good, strlen(good), true, &head);
	assert_int_equal(prove_all(&p, JOIN(head.data, "..AAAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAA")),
			 CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, JOIN(head.data, "..AAAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAA")), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, JOIN(head.data, "..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA")), CW_PROOF_FAIL);
	cw_buf_clear(&head);
	cw_base64_encode(bad, strlen(bad), true, &head);
	assert_int_equal(prove_all(&p, JOIN(head.data, "..AAAAAAAAAAAAAAAA.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAA")),
			 CW_PROOF_FAIL);
}

/* Objects in plain text and in base64: members, members with values, a missing one, no object at all. */
static void test_json(void **state)
{
	struct proof p = {CW_CHECK_JSON, "secret", {{"keys", "type=service\nid\nn=3\nok=true"}}};
	const char *text = "{\"type\": \"service\", \"id\": null, \"n\": 3, \"ok\": true}";
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	assert_int_equal(prove_all(&p, text), CW_PROOF_PASS);
	p.params[0].value = "type=other";
	assert_int_equal(prove_all(&p, text), CW_PROOF_FAIL);
	p.params[0].value = "missing";
	assert_int_equal(prove_all(&p, text), CW_PROOF_FAIL);
	p.params[0].value = "id";
	assert_int_equal(prove_all(&p, "{\"id\": 1"), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "[\"id\"]"), CW_PROOF_FAIL);
	p.params[1] = (struct cw_param){"encoding", "base64"};
	cw_base64_encode(text, strlen(text), true, &b);
	assert_int_equal(prove_all(&p, b.data), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, text), CW_PROOF_FAIL);
}

/* A macaroon of version 2 for LOCATION, its caveat, and CUT bytes less at the end. */
static const char *macaroon(const char *location, size_t cut)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT, text = CW_BUF_INIT;

	cw_buf_addf(&raw,
		    "\x02\x01%c%s\x02\x04"
		    "abcd",
		    (char)strlen(location), location);
	cw_buf_add(&raw,
		   "\0\x02\x03"
		   "cav\0\0\x06\x20",
		   10);
	for (int i = 0; i < 32; i++)
		cw_buf_addc(&raw, (char)(i * 7));
	cw_base64_encode(raw.data, raw.len - cut, true, &text);
	return JOIN(text.data, "");
}

/* Version 2 whole and cut; the location asked for; version 1 as in libmacaroons' README, and one letter of a length changed. */
static void test_macaroon(void **state)
{
	struct proof p = {CW_CHECK_MACAROON, "secret", {{NULL, NULL}}};
	const char *v1 =
		"xY2xvY2F0aW9uIGh0dHA6Ly9teWJhbmsvCjAwMjZpZGVudGlmaWVyIHdlIHVzZWQgb3VyIHNlY3JldCBrZXkKMDAyZnNpZ25h"
		"dHVyZSDj2eApCFJsTAA5rhURQRXZf91ovyujebNCqvD2F9BVLwo";

	assert_int_equal(prove_all(&p, macaroon("pypi.org", 0)), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, macaroon("pypi.org", 1)), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, macaroon("pypi.org", 40)), CW_PROOF_FAIL);
	p.params[0] = (struct cw_param){"location", "pypi.org"};
	assert_int_equal(prove_all(&p, macaroon("pypi.org", 0)), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, macaroon("pypi.orG", 0)), CW_PROOF_FAIL);
	p.params[0].value = "http://mybank/";
	assert_int_equal(prove_all(&p, JOIN("MDA", v1)), CW_PROOF_PASS);
	joined[2] = 'E';
	assert_int_equal(prove_all(&p, joined), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "Ag"), CW_PROOF_FAIL);
}

/* Encodings and exact lengths. */
static void test_decoded_length(void **state)
{
	struct proof p = {CW_CHECK_DECODED, "secret", {{"encoding", "base64"}, {"length", "6"}}};

	assert_int_equal(prove_all(&p, "Zm9vYmFy"), CW_PROOF_PASS);
	assert_int_equal(prove_all(&p, "Zm9vYmE="), CW_PROOF_FAIL);
	assert_int_equal(prove_all(&p, "Zm9v.mFy"), CW_PROOF_FAIL);
	p.params[0].value = "hex";
	assert_int_equal(prove_all(&p, "666f6f626172"), CW_PROOF_PASS);
	p.params[0].value = "base32";
	assert_int_equal(prove_all(&p, "MZXW6YTBOI"), CW_PROOF_PASS);
	p.params[0].value = "base58";
	assert_int_equal(prove_all(&p, "11233QC4"), CW_PROOF_PASS);
	p.params[1].key = NULL;
	assert_int_equal(prove_all(&p, "11233QC40"), CW_PROOF_FAIL);
}

static const char matching_rule[] =
	"provider: acme\n"
	"rules:\n"
	"  - id: acme.token\n"
	"    title: Token\n"
	"    class: specific\n"
	"    severity: high\n"
	"    anchor: 'acme_[A-Za-z0-9]{8}'\n"
	"    pattern: '(?<secret>acme_(?<body>[A-Za-z0-9]+))'\n"
	"    reach: {before: 64, after: 64}\n"
	"    proof: [{check: decoded, of: body, encoding: base64, matches: '^foo[a-c]ar$'}]\n"
	"    description: Opens doors.\n"
	"    remediation: Change the lock.\n"
	"    examples: ['acme_{+}Zm9vYmFy', 'acme_{+}Zm9vYWFy']\n"
	"    counterexamples: ['acme_{+}Zm9veGFy', 'acme_short']\n";

/* An expression on the decoded bytes, through a loaded and compiled rule. */
static void test_decoded_matches(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	CW_CLEANUP(cw_pattern_state_free_p) struct cw_pattern_state *ps = NULL;
	struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	static const struct {
		const char *text;
		enum cw_proof_result want;
	} cases[] = {{"acme_"
		      "Zm9vYmFy",
		      CW_PROOF_PASS},
		     {"acme_"
		      "Zm9veGFy",
		      CW_PROOF_FAIL}};

	assert_int_equal(cw_rulebook_new(&book, NULL), 0);
	if (cw_rulebook_add(book, "acme.yaml", matching_rule, strlen(matching_rule), &err) ||
	    cw_rulebook_finish(book, &err) || cw_set_compile(book, &set, &err))
		fail_msg("%s", cw_err_msg(&err));
	assert_int_equal(cw_pattern_state_new(&ps, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		const struct cw_pattern *pattern;
		struct cw_span spans[CW_PATTERN_GROUPS_MAX];
		struct cw_proof_input in = {
			.set = set, .rule = cw_set_rule(set, 0), .state = ps, .window = cases[i].text, .spans = spans};
		enum cw_proof_result result;
		const char *label = NULL;
		assert_int_equal(cw_set_pattern(set, 0, -1, &pattern, NULL), 0);
		in.pattern = pattern;
		assert_int_equal(cw_pattern_match(pattern, ps, cases[i].text, strlen(cases[i].text), 0, false, false,
						  spans, &in.spans_len, NULL),
				 1);
		assert_int_equal(cw_proof_eval(&in, &result, &label, NULL, NULL), 0);
		assert_int_equal(result, cases[i].want);
	}
	cw_set_unref(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32),
		cmocka_unit_test(test_missing_group),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_marvin),
		cmocka_unit_test(test_marvin_seed),
		cmocka_unit_test(test_marvin32_keys),
		cmocka_unit_test(test_marvin32_aad),
		cmocka_unit_test(test_ado_pat),
		cmocka_unit_test(test_luhn),
		cmocka_unit_test(test_base58check),
		cmocka_unit_test(test_bech32),
		cmocka_unit_test(test_aws_account),
		cmocka_unit_test(test_jwt),
		cmocka_unit_test(test_jwe),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_macaroon),
		cmocka_unit_test(test_decoded_length),
		cmocka_unit_test(test_decoded_matches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
