/* base/encode.h - base64, hex, base32, base36, base58, base62 and CRC-32: plain encodings without a policy.
 * Sources: RFC 4648 (base16/32/64), IEEE 802.3 CRC-32 as in zlib, Bitcoin's base58check and BIP-173 bech32. */
#ifndef CW_BASE_ENCODE_H
#define CW_BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* CRC-32 (IEEE, reflected, as zlib's crc32()) of LEN bytes. */
uint32_t cw_crc32(const void *data, size_t len);

/* Append the LEN bytes decoded from base64. Standard and URL-safe letters are both understood, padding is optional;
 * false (nothing appended) on any other byte, on an impossible length or on no memory. */
bool cw_base64_decode(const char *s, size_t len, struct cw_buf *out);
/* Append the base64 (standard alphabet, padded; URL-safe unpadded when URL) of LEN bytes. */
void cw_base64_encode(const void *data, size_t len, bool url, struct cw_buf *out);
bool cw_hex_decode(const char *s, size_t len, struct cw_buf *out);
void cw_hex_encode(const void *data, size_t len, struct cw_buf *out); /* lower case */
bool cw_base32_decode(const char *s, size_t len, struct cw_buf *out); /* RFC 4648 letters, either case, padding optional */
/* Append base32 (RFC 4648, upper case, unpadded). */
void cw_base32_encode(const void *data, size_t len, struct cw_buf *out);
/* Write N in BASE (36: 0-9a-z, 62: 0-9A-Za-z), left-padded with '0' to exactly WIDTH characters plus NUL;
 * false if it does not fit. */
bool cw_radix_u32(uint32_t n, unsigned base, size_t width, char *out);
/* Append the bytes of a base58 (Bitcoin alphabet) string of at most 256 characters. */
bool cw_base58_decode(const char *s, size_t len, struct cw_buf *out);

#endif
