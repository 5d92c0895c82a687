/* base/key_pgp.c - "PGP PRIVATE KEY BLOCK": armour with its CRC-24 and the packets inside (RFC 9580, and RFC 4880).
 * Packet structure only: nothing is decrypted, no signature is checked. */
#include <string.h>

#include "base/encode.h"
#include "base/cleanup.h"
#include "base/key_forms.h"

enum packet { PACKET_SECRET_KEY = 5, PACKET_PUBLIC_KEY = 6, PACKET_SECRET_SUBKEY = 7 };

struct bytes {
	const uint8_t *p;
	size_t len;
};

static uint32_t crc24(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xb704ce;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint32_t)p[i] << 16;
		for (int k = 0; k < 8; k++)
			crc = crc << 1 ^ (crc & 0x800000 ? 0x1864cfb : 0);
	}
	return crc & 0xffffff;
}

static bool skip(struct bytes *in, size_t len)
{
	if (in->len < len)
		return false;
	in->p += len;
	in->len -= len;
	return true;
}

static bool number(struct bytes *in, size_t width, size_t *ret)
{
	size_t n = 0;

	if (in->len < width)
		return false;
	for (size_t i = 0; i < width; i++)
		n = n << 8 | in->p[i];
	*ret = n;
	return skip(in, width);
}

static bool skip_mpi(struct bytes *in)
{
	size_t bits;

	return number(in, 2, &bits) && skip(in, (bits + 7) / 8);
}

/* A byte count, then that many bytes: curve ids and ECDH's parameters. */
static bool skip_counted(struct bytes *in)
{
	size_t len;

	return number(in, 1, &len) && len > 0 && len < 0xff && skip(in, len);
}

/* The length of a packet body; false for partial and indeterminate lengths, which no key may have. */
static bool body_len(struct bytes *in, unsigned head, size_t *ret)
{
	size_t first, second;

	if (!(head & 0x40))
		return (head & 3) != 3 && number(in, (size_t)1 << (head & 3), ret);
	if (!number(in, 1, &first))
		return false;
	if (first == 255)
		return number(in, 4, ret);
	if (first >= 224)
		return false;
	*ret = first;
	if (first < 192)
		return true;
	if (!number(in, 1, &second))
		return false;
	*ret = ((first - 192) << 8) + second + 192;
	return true;
}

static bool next_packet(struct bytes *in, unsigned *ret_tag, struct bytes *ret_body)
{
	unsigned head;
	size_t len;

	if (in->len == 0 || !(in->p[0] & 0x80))
		return false;
	head = in->p[0];
	skip(in, 1);
	if (!body_len(in, head, &len) || len > in->len)
		return false;
	*ret_tag = head & 0x40 ? head & 0x3f : head >> 2 & 0x0f;
	*ret_body = (struct bytes){.p = in->p, .len = len};
	return skip(in, len);
}

/* Step over the public numbers of a version 4 key. */
static bool skip_public(struct bytes *in, size_t algorithm)
{
	int mpis = 0;

	switch (algorithm) {
	case 1:
	case 2:
	case 3:
		mpis = 2;
		break; /* RSA */
	case 16:
		mpis = 3;
		break; /* Elgamal */
	case 17:
		mpis = 4;
		break; /* DSA */
	case 18:
		return skip_counted(in) && skip_mpi(in) && skip_counted(in); /* ECDH */
	case 19:
	case 22:
		return skip_counted(in) && skip_mpi(in); /* ECDSA, EdDSA */
	case 25:
	case 27:
		return skip(in, 32); /* X25519, Ed25519 */
	case 26:
		return skip(in, 56); /* X448 */
	case 28:
		return skip(in, 57); /* Ed448 */
	default:
		return false;
	}
	while (mpis > 0 && skip_mpi(in))
		mpis--;
	return mpis == 0;
}

/* The sum of all secret bytes stands behind them (version 4). */
static bool plain_sum_ok(const struct bytes *secret)
{
	size_t sum = 0, want = 0;
	struct bytes tail;

	if (secret->len < 4)
		return false;
	for (size_t i = 0; i < secret->len - 2; i++)
		sum += secret->p[i];
	tail = (struct bytes){.p = secret->p + secret->len - 2, .len = 2};
	return number(&tail, 2, &want) && want == (sum & 0xffff);
}

/* GnuPG's stubs: the secret was taken off (offline main key) or lives on a card. */
static bool is_stub(struct bytes in)
{
	size_t cipher, type;

	return number(&in, 1, &cipher) && number(&in, 1, &type) && type == 101 && in.len >= 4 &&
	       memcmp(in.p + 1, "GNU", 3) == 0;
}

/* What one secret-key packet is. */
static enum cw_key_state secret_packet(struct bytes in)
{
	size_t version, algorithm, usage, public_len;

	if (!number(&in, 1, &version) || !skip(&in, 4) || !number(&in, 1, &algorithm))
		return CW_KEY_BROKEN;
	if (version == 5 || version == 6) {
		if (!number(&in, 4, &public_len) || !skip(&in, public_len))
			return CW_KEY_BROKEN;
	} else if (version == 3) {
		return CW_KEY_ENCRYPTED; /* of 1995 and long refused by all programs: its fields are not read */
	} else if (version != 4 || !skip_public(&in, algorithm)) {
		return CW_KEY_BROKEN;
	}
	if (!number(&in, 1, &usage) || in.len < 4)
		return CW_KEY_BROKEN;
	if (usage == 0)
		return version != 4 || plain_sum_ok(&in) ? CW_KEY_PLAIN : CW_KEY_BROKEN;
	if (usage >= 253 && is_stub(in))
		return CW_KEY_PUBLIC;
	return CW_KEY_ENCRYPTED;
}

/* All packets to the last byte; the most dangerous key counts: plain before encrypted before a stub. */
static enum cw_key_state packets(struct bytes in)
{
	enum cw_key_state found = CW_KEY_BROKEN, one;
	struct bytes body;
	unsigned tag;

	for (bool first = true; in.len > 0; first = false) {
		if (!next_packet(&in, &tag, &body))
			return CW_KEY_BROKEN;
		if (first && tag == PACKET_PUBLIC_KEY)
			found = CW_KEY_PUBLIC;
		else if (first && tag != PACKET_SECRET_KEY)
			return CW_KEY_BROKEN;
		if (tag != PACKET_SECRET_KEY && tag != PACKET_SECRET_SUBKEY)
			continue;
		one = secret_packet(body);
		if (one == CW_KEY_BROKEN)
			return CW_KEY_BROKEN;
		found = one > found ? one : found;
	}
	return found;
}

/* Whether OUT has the checksum that the four base64 characters at SUM say: 1, 0 or CW_E_NOMEM. */
static int check_sum(const char *sum, const struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf want = CW_BUF_INIT;
	uint32_t crc = crc24((const uint8_t *)out->data, out->len);
	uint8_t have[3] = {(uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};

	if (!cw_base64_decode(sum, 4, &want))
		return want.fail ? CW_E_NOMEM : 0;
	return want.len == sizeof(have) && memcmp(want.data, have, sizeof(have)) == 0;
}

/* Armour lines to bytes: 1, 0 or CW_E_NOMEM. */
static int armour(struct cw_key_text rest, struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	struct cw_key_text line;
	const char *sum = NULL;
	size_t len;

	while (cw_key_line(&rest, &line)) {
		if (!memchr(line.s, ':', line.len))
			cw_key_add_packed(&text, line.s, line.len);
	}
	if (text.fail)
		return CW_E_NOMEM;
	len = text.len;
	/* Padding stands at the very end of base64, so a '=' with four letters behind it starts the sum; RFC 9580 makes it
	 * optional. */
	if (len > 5 && text.data[len - 5] == '=' && !memchr(text.data + len - 4, '=', 4)) {
		sum = text.data + len - 4;
		len -= 5;
	}
	if (!cw_base64_decode(text.data, len, out))
		return out->fail ? CW_E_NOMEM : 0;
	return sum ? check_sum(sum, out) : 1;
}

int cw_key_from_pgp(const char *s, size_t len, enum cw_key_state *ret_state, struct cw_buf *canon)
{
	int ok = armour((struct cw_key_text){.s = s, .len = len}, canon);

	*ret_state = CW_KEY_BROKEN;
	if (ok < 0)
		return ok;
	if (ok)
		*ret_state = packets((struct bytes){.p = (const uint8_t *)canon->data, .len = canon->len});
	return 0;
}
