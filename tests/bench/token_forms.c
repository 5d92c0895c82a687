/* token_forms.c - see token_forms.h. Formats: match/proof_*.c. */
#include "token_forms.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/num.h"
#include "match/marvin.h"

#define BYTES_MAX 256

const char token_forms_usage[] =
	"       make-token [-p] marvin32 SEED SIGNATURE BYTES   (Azure key, e.g. Default0 +ASt 64)\n"
	"       make-token [-p] aad | ado-pat | luhn PREFIX LEN | aws-account PREFIX ACCOUNT\n"
	"       make-token [-p] base58check BYTES | bech32 PREFIX BYTES | jwt ALG | macaroon LOCATION\n";

/* Microsoft's layout: random bytes, the signature's three bytes where they show as its four letters, four bytes of checksum. */
static void make_marvin32(struct token *t, char **arg)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf sign = CW_BUF_INIT;
	size_t len = number(arg[3], strlen(arg[3]));
	unsigned shift;
	uint8_t key[BYTES_MAX];
	uint32_t word, sum;
	uint64_t seed;

	if (len < 24 || len > sizeof(key) || strlen(arg[2]) != 4 || !cw_base64_decode(arg[2], 4, &sign) ||
	    !cw_marvin_seed(arg[1], strlen(arg[1]), &seed))
		die("marvin32 takes a seed, four base64 letters and 24..256 bytes", NULL);
	random_bytes(key, len);
	shift = (unsigned)((len - 7) * 8 % 6); /* bits between the signature's end and the checksum */
	word = (uint32_t)key[len - 8] << 24 & ~((UINT32_C(1) << (24 + shift)) - 1);
	word |= ((uint32_t)(uint8_t)sign.data[0] << 16 | (uint32_t)(uint8_t)sign.data[1] << 8 | (uint8_t)sign.data[2])
		<< shift;
	for (unsigned i = 0; i < 4; i++)
		key[len - 8 + i] = (uint8_t)(word >> (24 - 8 * i));
	sum = cw_marvin32(seed, key, len - 4);
	for (unsigned i = 0; i < 4; i++)
		key[len - 4 + i] = (uint8_t)(sum >> (8 * i));
	cw_base64_encode(key, len, false, &t->text);
	t->mark = 8;
}

static void make_aad(struct token *t, char **arg)
{
	char sum[CW_MARVIN_AAD_LEN];

	add_random(&t->text, 3, "base62", 6);
	cw_buf_adds(&t->text, "8Q~");
	t->mark = t->text.len;
	add_random(&t->text, 31, "base62", 6);
	cw_marvin_aad(cw_marvin32(CW_MARVIN_AAD_SEED, t->text.data, t->text.len), sum);
	cw_buf_add(&t->text, sum, sizeof(sum));
}

static void make_ado_pat(struct token *t, char **arg)
{
	uint8_t b[32], rest[28];
	uint32_t sum;
	size_t n = 0;

	random_bytes(b, sizeof(b));
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i != 2 && i != 7 && i != 8 && i != 22)
			rest[n++] = b[i];
	}
	sum = cw_crc32(rest, n) ^ UINT32_C(0xe0b9692d);
	b[22] = (uint8_t)sum;
	b[8] = (uint8_t)(sum >> 8);
	b[7] = (uint8_t)(sum >> 16);
	b[2] = (uint8_t)(sum >> 24);
	cw_base32_encode(b, sizeof(b), &t->text);
	for (size_t i = 0; i < t->text.len; i++) {
		if (t->text.data[i] >= 'A' && t->text.data[i] <= 'Z')
			t->text.data[i] = (char)(t->text.data[i] + 32);
	}
	t->mark = 8;
}

static void make_luhn(struct token *t, char **arg)
{
	unsigned sum = 0, digit;
	size_t have = strlen(arg[1]), len = number(arg[2], strlen(arg[2]));

	if (have + 2 > len)
		die("the prefix leaves no room", arg[1]);
	cw_buf_adds(&t->text, arg[1]);
	add_random(&t->text, len - 1 - have, "digits", 6);
	t->mark = have;
	for (size_t i = 0; i < len - 1; i++) {
		digit = (unsigned)(t->text.data[len - 2 - i] - '0');
		sum += i % 2 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
	}
	cw_buf_addc(&t->text, (char)('0' + (10 - sum % 10) % 10));
}

static void make_aws_account(struct token *t, char **arg)
{
	uint64_t account;
	uint8_t b[10];

	if (strlen(arg[1]) != 4 ||
	    cw_num_u64(arg[2], strlen(arg[2]), 0, UINT64_C(999999999999), "account", &account, NULL))
		die("aws-account takes four letters (AKIA, ASIA) and an account number", NULL);
	random_bytes(b, sizeof(b));
	account = UINT64_C(1) << 47 | account << 7 | (b[5] & 0x7f);
	for (unsigned i = 0; i < 6; i++)
		b[i] = (uint8_t)(account >> (40 - 8 * i));
	cw_buf_adds(&t->text, arg[1]);
	t->mark = 4;
	cw_base32_encode(b, sizeof(b), &t->text);
}

static void make_base58check(struct token *t, char **arg)
{
	static const char letters[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	size_t len = number(arg[1], strlen(arg[1])), n = 0;
	uint8_t b[BYTES_MAX], once[CW_SHA256_LEN], twice[CW_SHA256_LEN];
	char out[2 * BYTES_MAX];

	if (len < 1 || len + 4 > 180)
		die("base58check takes 1..176 bytes", arg[1]);
	random_bytes(b, len);
	b[0] |= 0x80; /* no leading zero byte, so no leading '1' */
	if (cw_sha256(b, len, once, NULL) || cw_sha256(once, sizeof(once), twice, NULL))
		die("SHA-256 failed", NULL);
	memcpy(b + len, twice, 4);
	for (bool more = true; more;) {
		unsigned rest = 0;
		more = false;
		for (size_t i = 0; i < len + 4; i++) {
			rest = rest << 8 | b[i];
			b[i] = (uint8_t)(rest / 58);
			rest %= 58;
			more = more || b[i] != 0;
		}
		out[n++] = letters[rest];
	}
	while (n > 0)
		cw_buf_addc(&t->text, out[--n]);
	t->mark = 4;
}

static uint32_t bech32_step(uint32_t sum, uint32_t v)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ v;
	for (unsigned i = 0; i < 5; i++)
		sum ^= top >> i & 1 ? generator[i] : 0;
	return sum;
}

/* An upper-case prefix (age) makes an upper-case token. */
static void make_bech32(struct token *t, char **arg)
{
	static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	size_t digits = (number(arg[2], strlen(arg[2])) * 8 + 4) / 5, prefix = strlen(arg[1]);
	bool upper = strpbrk(arg[1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
	uint32_t sum = 1, r;

	if (digits < 1 || digits > 512)
		die("bech32 takes 1..320 bytes", arg[2]);
	for (size_t i = 0; i <= 2 * prefix; i++) {
		uint32_t c = i == prefix ? 0 : (uint8_t)arg[1][i < prefix ? i : i - prefix - 1];
		c = c >= 'A' && c <= 'Z' ? c + 32 : c;
		sum = bech32_step(sum, i < prefix ? c >> 5 : c & 31);
	}
	cw_buf_addf(&t->text, "%s1", arg[1]);
	t->mark = t->text.len;
	for (size_t i = 0; i < digits; i++) {
		random_bytes(&r, sizeof(r));
		r = i + 1 == digits ? 0 : r & 31; /* the last digit may be padding, whose bits are zero */
		sum = bech32_step(sum, r);
		cw_buf_addc(&t->text, letters[r]);
	}
	for (unsigned i = 0; i < 6; i++)
		sum = bech32_step(sum, 0);
	for (unsigned i = 0; i < 6; i++)
		cw_buf_addc(&t->text, letters[(sum ^ 1) >> (25 - 5 * i) & 31]);
	for (size_t i = t->mark; upper && i < t->text.len; i++) {
		if (t->text.data[i] >= 'a' && t->text.data[i] <= 'z')
			t->text.data[i] = (char)(t->text.data[i] - 32);
	}
}

static void make_jwt(struct token *t, char **arg)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf json = CW_BUF_INIT;
	const char *bits = arg[1] + strlen(arg[1]);
	uint8_t signature[BYTES_MAX];
	size_t len = arg[1][0] == 'H' ? 32 : arg[1][0] == 'R' || arg[1][0] == 'P' ? 256 : 64;

	if (bits - arg[1] > 3 && !strcmp(bits - 3, "384"))
		len = arg[1][0] == 'H' ? 48 : arg[1][0] == 'E' ? 96 : len;
	else if (bits - arg[1] > 3 && !strcmp(bits - 3, "512"))
		len = arg[1][0] == 'H' ? 64 : arg[1][0] == 'E' ? 132 : len;
	random_bytes(signature, sizeof(signature));
	cw_buf_addf(&json, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", arg[1]);
	cw_base64_encode(json.data, json.len, true, &t->text);
	t->mark = 3;
	cw_buf_addc(&t->text, '.');
	cw_buf_clear(&json);
	cw_buf_addf(&json, "{\"sub\":\"%02x%02x%02x%02x\",\"iat\":1700000000}", signature[0], signature[1],
		    signature[2], signature[3]);
	cw_base64_encode(json.data, json.len, true, &t->text);
	cw_buf_addc(&t->text, '.');
	cw_base64_encode(signature, len, true, &t->text);
}

static void add_field(struct cw_buf *out, uint8_t type, const void *data, size_t len)
{
	if (len > 127)
		die("field too long", NULL);
	cw_buf_addc(out, (char)type);
	cw_buf_addc(out, (char)len);
	cw_buf_add(out, data, len);
}

static void make_macaroon(struct token *t, char **arg)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT;
	uint8_t random[68];

	random_bytes(random, sizeof(random));
	cw_buf_addc(&raw, 2);
	add_field(&raw, 1, arg[1], strlen(arg[1]));
	add_field(&raw, 2, random, 36);
	cw_buf_add(&raw, "\0\0", 2); /* end of the head, end of the caveats */
	add_field(&raw, 6, random + 36, 32);
	cw_base64_encode(raw.data, raw.len, true, &t->text);
	t->mark = 4;
}

static const struct {
	const char *name;
	int argc; /* with the name */
	void (*make)(struct token *t, char **arg);
} forms[] = {
	{"marvin32", 4, make_marvin32},	      {"aad", 1, make_aad},
	{"ado-pat", 1, make_ado_pat},	      {"luhn", 3, make_luhn},
	{"aws-account", 3, make_aws_account}, {"base58check", 2, make_base58check},
	{"bech32", 3, make_bech32},	      {"jwt", 2, make_jwt},
	{"macaroon", 2, make_macaroon},
};

int make_form(struct token *t, int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].argc == argc && !strcmp(forms[i].name, argv[0])) {
			forms[i].make(t, argv);
			return 0;
		}
	}
	return -1;
}
