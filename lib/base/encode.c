/* base/encode.c - see encode.h. Owns the alphabets and the bit shuffling; no policy about what is worth decoding. */
#include "base/encode.h"

#include <string.h>

#define BASE58_LEN_MAX 256 /* characters: decoding takes quadratic time */

static const char base64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base32_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base58_btc[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char hex_lower[] = "0123456789abcdef";

uint32_t cw_crc32(const void *data, size_t len)
{
	/* The remainders of the 16 half bytes under the reflected polynomial 0xEDB88320. */
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}

static int base64_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static int base32_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Length without its '=' padding; SIZE_MAX when the padding does not fill the last group of GROUP characters. */
static size_t unpadded(const char *s, size_t len, size_t group)
{
	size_t end = len;

	while (end > 0 && s[end - 1] == '=')
		end--;
	if (end != len && (len % group != 0 || len - end >= group))
		return SIZE_MAX;
	return end;
}

/* Decode letters of BITS bits each: appended whole or not at all. Bits behind the last whole byte are not looked at. */
static bool decode_bits(const char *s, size_t len, unsigned bits, int (*value)(unsigned char), struct cw_buf *out)
{
	size_t mark = out->len, need = len / 8 * bits + len % 8 * bits / 8;
	uint32_t acc = 0;
	unsigned have = 0;

	if (cw_buf_reserve(out, need))
		return false;
	unsigned char *to = (unsigned char *)out->data + mark;
	for (size_t i = 0; i < len; i++) {
		int v = value((unsigned char)s[i]);
		if (v < 0) {
			out->data[mark] = '\0';
			return false;
		}
		acc = acc << bits | (uint32_t)v;
		have += bits;
		if (have >= 8) {
			have -= 8;
			*to++ = (unsigned char)(acc >> have);
		}
	}
	if (need > 0)
		cw_buf_commit(out, need);
	return true;
}

static void encode_bits(const void *data, size_t len, unsigned bits, const char *alphabet, struct cw_buf *out)
{
	const uint8_t *p = data;
	uint32_t acc = 0, mask = (1U << bits) - 1;
	unsigned have = 0;

	for (size_t i = 0; i < len; i++) {
		acc = acc << 8 | p[i];
		have += 8;
		while (have >= bits) {
			have -= bits;
			cw_buf_addc(out, alphabet[acc >> have & mask]);
		}
	}
	if (have > 0)
		cw_buf_addc(out, alphabet[acc << (bits - have) & mask]);
}

bool cw_base64_decode(const char *s, size_t len, struct cw_buf *out)
{
	len = unpadded(s, len, 4);
	if (len == SIZE_MAX || len % 4 == 1)
		return false;
	return decode_bits(s, len, 6, base64_value, out);
}

void cw_base64_encode(const void *data, size_t len, bool url, struct cw_buf *out)
{
	encode_bits(data, len, 6, url ? base64_url : base64_std, out);
	for (size_t i = len % 3; !url && i > 0 && i < 3; i++)
		cw_buf_addc(out, '=');
}

bool cw_hex_decode(const char *s, size_t len, struct cw_buf *out)
{
	return len % 2 == 0 && decode_bits(s, len, 4, hex_value, out);
}

void cw_hex_encode(const void *data, size_t len, struct cw_buf *out)
{
	encode_bits(data, len, 4, hex_lower, out);
}

bool cw_base32_decode(const char *s, size_t len, struct cw_buf *out)
{
	len = unpadded(s, len, 8);
	if (len == SIZE_MAX || len % 8 == 1 || len % 8 == 3 || len % 8 == 6)
		return false;
	return decode_bits(s, len, 5, base32_value, out);
}

void cw_base32_encode(const void *data, size_t len, struct cw_buf *out)
{
	encode_bits(data, len, 5, base32_std, out);
}

bool cw_radix_u32(uint32_t n, unsigned base, size_t width, char *out)
{
	static const char digits36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	static const char digits62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *digits = base == 62 ? digits62 : digits36;
	uint32_t rest = n;
	size_t need = 0;

	if (base != 36 && base != 62)
		return false;
	for (; rest > 0; rest /= base)
		need++;
	if (need > width)
		return false;
	out[width] = '\0';
	for (size_t i = width; i-- > 0; n /= base)
		out[i] = digits[n % base];
	return true;
}

bool cw_base58_decode(const char *s, size_t len, struct cw_buf *out)
{
	uint8_t num[BASE58_LEN_MAX]; /* big-endian, right-aligned; a letter holds less than a byte */
	size_t used = 0, zeros = 0;

	if (len > BASE58_LEN_MAX)
		return false;
	while (zeros < len && s[zeros] == '1')
		zeros++;
	for (size_t i = zeros; i < len; i++) {
		const char *at = s[i] != '\0' ? strchr(base58_btc, s[i]) : NULL;
		if (!at)
			return false;
		uint32_t carry = (uint32_t)(at - base58_btc);
		for (size_t k = 0; k < used || carry > 0; k++) {
			uint8_t *digit = &num[BASE58_LEN_MAX - 1 - k];
			carry += k < used ? *digit * 58U : 0;
			*digit = (uint8_t)carry;
			carry >>= 8;
			used = k < used ? used : k + 1;
		}
	}
	if (cw_buf_reserve(out, zeros + used))
		return false;
	for (size_t i = 0; i < zeros; i++)
		cw_buf_addc(out, '\0');
	cw_buf_add(out, num + BASE58_LEN_MAX - used, used);
	return true;
}
