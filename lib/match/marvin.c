/* match/marvin.c - see marvin.h. */
#include "match/marvin.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"

static uint32_t rotate(uint32_t v, unsigned by)
{
	return v << by | v >> (32 - by);
}

static void mix(uint32_t s[2], uint32_t word)
{
	s[0] += word;
	s[1] ^= s[0];
	s[0] = rotate(s[0], 20) + s[1];
	s[1] = rotate(s[1], 9) ^ s[0];
	s[0] = rotate(s[0], 27) + s[1];
	s[1] = rotate(s[1], 19);
}

uint64_t cw_marvin(uint64_t seed, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t s[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)}, last = 0;

	for (; len >= 4; p += 4, len -= 4)
		mix(s, (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
	for (size_t i = 0; i < len; i++)
		last |= (uint32_t)p[i] << (8 * i);
	mix(s, last | UINT32_C(0x80) << (8 * len)); /* one bit ends the data */
	mix(s, 0);
	return (uint64_t)s[1] << 32 | s[0];
}

uint32_t cw_marvin32(uint64_t seed, const void *data, size_t len)
{
	uint64_t sum = cw_marvin(seed, data, len);

	return (uint32_t)(sum >> 32) ^ (uint32_t)sum;
}

bool cw_marvin_seed(const char *s, size_t len, uint64_t *ret)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf bytes = CW_BUF_INIT;
	uint64_t seed = 0;

	if (len == 18 && s[0] == '0' && s[1] == 'x') {
		if (!cw_hex_decode(s + 2, 16, &bytes))
			return false;
	} else {
		cw_buf_add(&bytes, s, len);
	}
	if (bytes.len != 8)
		return false;
	for (size_t i = 0; i < 8; i++)
		seed = seed << 8 | (uint8_t)bytes.data[i];
	*ret = seed;
	return true;
}

void cw_marvin_aad(uint32_t sum, char out[CW_MARVIN_AAD_LEN])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~";
	char digits[8] = {0};
	size_t n = 0;

	for (; sum > 0; sum /= sizeof(letters) - 1)
		digits[n++] = letters[sum % (sizeof(letters) - 1)];
	for (size_t i = 0; i < CW_MARVIN_AAD_LEN; i++)
		out[i] = i < n ? digits[n - 1 - i] : '\0';
}
