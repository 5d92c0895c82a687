/* base/crypto.h - digests, MACs and key parsing: the one home of libcrypto (OpenSSL 3).
 * Threads: all functions may be called from any thread. No function writes to stderr or leaves errors queued. */
#ifndef CW_BASE_CRYPTO_H
#define CW_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CW_SHA256_LEN 32 /* bytes */

int cw_sha256(const void *data, size_t len, uint8_t out[CW_SHA256_LEN], struct cw_err *err);
/* SHA-256 in pieces. */
struct cw_sha256_ctx;
int cw_sha256_new(struct cw_sha256_ctx **ret, struct cw_err *err);
int cw_sha256_add(struct cw_sha256_ctx *c, const void *data, size_t len, struct cw_err *err);
int cw_sha256_end(struct cw_sha256_ctx *c, uint8_t out[CW_SHA256_LEN], struct cw_err *err);
void cw_sha256_free(struct cw_sha256_ctx *c);
struct cw_bytes {
	const void *data;
	size_t len;
};
/* SHA-1 over the concatenation of the COUNT pieces: git's object ids, nothing else. */
#define CW_SHA1_LEN 20 /* bytes */
int cw_sha1(const struct cw_bytes *pieces, size_t count, uint8_t out[CW_SHA1_LEN], struct cw_err *err);
/* HMAC-SHA-256 over the concatenation of the COUNT pieces. */
int cw_hmac_sha256(const void *key, size_t key_len, const struct cw_bytes *pieces, size_t count,
		   uint8_t out[CW_SHA256_LEN], struct cw_err *err);
/* LEN random bytes from the operating system. */
int cw_random(void *out, size_t len, struct cw_err *err);
/* Overwrite memory in a way that the compiler may not drop. */
void cw_wipe(void *data, size_t len);

/* What a private key is, once parsed. */
enum cw_key_state {
	CW_KEY_BROKEN,	  /* it cannot be a key: parsing or the consistency check failed */
	CW_KEY_PUBLIC,	  /* a well-formed public key or certificate: no secret */
	CW_KEY_ENCRYPTED, /* a well-formed private key behind a pass phrase */
	CW_KEY_PLAIN,	  /* a usable private key; for RSA p * q = n was checked, for EC that the point is on the curve */
};
/* Parse one private key: LEN bytes (at most 1 MiB) of
 *   DER: PKCS#1, SEC1, DSA, PKCS#8, encrypted PKCS#8, PKCS#12 (sniffed);
 *   PEM: text from its BEGIN to its END line, any of the above, "OPENSSH PRIVATE KEY" (openssh-key-v1), "PGP PRIVATE
 *        KEY BLOCK" (packet structure only), lines ended by LF, CRLF or the two characters \n as in source text, with
 *        indentation, quotes and string concatenation marks between lines removed;
 *   PuTTY: a PuTTY-User-Key-File-2 or -3 (structure; MAC not checked).
 * DER_OUT (may be NULL) receives the canonical form for fingerprints: the unencrypted DER for PLAIN, the raw bytes of the
 * body otherwise. Returns 0 with *ret_state set, or CW_E_NOMEM. */
int cw_key_parse(const void *data, size_t len, enum cw_key_state *ret_state, struct cw_buf *der_out,
		 struct cw_err *err);

#endif
