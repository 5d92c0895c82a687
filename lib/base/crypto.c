/* base/crypto.c - digests, HMAC, random bytes and wiping; see crypto.h. Private keys are parsed in key*.c.
 *
 * Digests are libcrypto's own low-level ones, deprecated as they are: the first digest through its EVP interface reads a configuration
 * file and starts a provider and its engines, 1 ms of a hook that takes 6. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "base/cleanup.h"

CW_DEFINE_CLEANUP(EVP_MAC, EVP_MAC_free)
CW_DEFINE_CLEANUP(EVP_MAC_CTX, EVP_MAC_CTX_free)

struct cw_sha256_ctx {
	SHA256_CTX sha;
};

/* libcrypto's functions fail only when memory is gone, which it does not always say, or when it cannot load its providers. */
static int failed(struct cw_err *err, const char *what)
{
	unsigned long e;
	bool nomem = ERR_peek_error() == 0;

	while ((e = ERR_get_error()) != 0)
		nomem = nomem || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return nomem ? cw_err_nomem(err) : cw_err_set(err, CW_E_INTERNAL, "%s: libcrypto failed", what);
}

int cw_sha256(const void *data, size_t len, uint8_t out[CW_SHA256_LEN], struct cw_err *err)
{
	struct cw_sha256_ctx c;
	int rc = SHA256_Init(&c.sha) == 1 ? 0 : failed(err, "SHA-256");

	if (rc == 0)
		rc = cw_sha256_add(&c, data, len, err);
	return rc == 0 ? cw_sha256_end(&c, out, err) : rc;
}

int cw_sha1(const struct cw_bytes *pieces, size_t count, uint8_t out[CW_SHA1_LEN], struct cw_err *err)
{
	SHA_CTX sha;
	bool ok = SHA1_Init(&sha) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = pieces[i].len == 0 || SHA1_Update(&sha, pieces[i].data, pieces[i].len) == 1;
	ok = ok && SHA1_Final(out, &sha) == 1;
	return ok ? 0 : failed(err, "SHA-1");
}

int cw_sha256_new(struct cw_sha256_ctx **ret, struct cw_err *err)
{
	struct cw_sha256_ctx *c = calloc(1, sizeof(*c));

	if (!c)
		return cw_err_nomem(err);
	if (SHA256_Init(&c->sha) != 1) {
		cw_sha256_free(c);
		return failed(err, "SHA-256");
	}
	*ret = c;
	return 0;
}

int cw_sha256_add(struct cw_sha256_ctx *c, const void *data, size_t len, struct cw_err *err)
{
	return len == 0 || SHA256_Update(&c->sha, data, len) == 1 ? 0 : failed(err, "SHA-256");
}

/* C and all that it was given, keys among that, are gone afterwards. */
int cw_sha256_end(struct cw_sha256_ctx *c, uint8_t out[CW_SHA256_LEN], struct cw_err *err)
{
	int rc = SHA256_Final(out, &c->sha) == 1 ? 0 : failed(err, "SHA-256");

	cw_wipe(&c->sha, sizeof(c->sha));
	return rc;
}

void cw_sha256_free(struct cw_sha256_ctx *c)
{
	if (!c)
		return;
	cw_wipe(c, sizeof(*c));
	free(c);
}

int cw_hmac_sha256(const void *key, size_t key_len, const struct cw_bytes *pieces, size_t count,
		   uint8_t out[CW_SHA256_LEN], struct cw_err *err)
{
	CW_CLEANUP(EVP_MAC_free_p) EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	CW_CLEANUP(EVP_MAC_CTX_free_p) EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
	uint8_t sum[CW_SHA256_LEN];
	size_t len = 0;

	/* A NULL key would mean "keep the last one". */
	if (!ctx || EVP_MAC_init(ctx, key_len > 0 ? key : (const void *)"", key_len, params) != 1)
		return failed(err, "HMAC");
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].len > 0 && EVP_MAC_update(ctx, pieces[i].data, pieces[i].len) != 1)
			return failed(err, "HMAC");
	}
	if (EVP_MAC_final(ctx, sum, &len, sizeof(sum)) != 1 || len != sizeof(sum))
		return failed(err, "HMAC");
	memcpy(out, sum, sizeof(sum));
	return 0;
}

int cw_random(void *out, size_t len, struct cw_err *err)
{
	unsigned char *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cw_err_sys(err, errno, "cannot get random bytes");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

void cw_wipe(void *data, size_t len)
{
	if (len > 0)
		OPENSSL_cleanse(data, len);
}
