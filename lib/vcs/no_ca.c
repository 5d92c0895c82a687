/* vcs/no_ca.c - keeps libgit2 from preparing for the network at start-up.
 *
 * git_libgit2_init() parses every CA certificate of the system, gathers entropy for TLS and starts libssh2, which starts libcrypto
 * with its engines: more than 5 ms, and a hook's whole run should take little more. This program never opens a network connection,
 * so definitions that do nothing take the place of mbedTLS's and libssh2's own. Should libgit2 open one all the same, it fails: there
 * are no certificates to trust and no random bytes.
 *
 * It works only when it is linked into the executable itself (the dynamic linker then prefers it), which is why this file is not
 * part of the library. With a libgit2 built on other libraries these are simply never called. */
#include <stddef.h>

#define NO_ENTROPY (-0x0034) /* MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED */

int mbedtls_x509_crt_parse_file(void *chain, const char *path);
void mbedtls_entropy_init(void *entropy);
void mbedtls_entropy_free(void *entropy);
int mbedtls_ctr_drbg_seed(void *drbg, int (*source)(void *, unsigned char *, size_t), void *entropy, const unsigned char *custom,
			  size_t len);
int mbedtls_ctr_drbg_random(void *drbg, unsigned char *out, size_t len);
int libssh2_init(int flags);

int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	return 0;
}

/* What stays uninitialised here is never read: only the functions below are given it. */
void mbedtls_entropy_init(void *entropy)
{
}

void mbedtls_entropy_free(void *entropy)
{
}

int mbedtls_ctr_drbg_seed(void *drbg, int (*source)(void *, unsigned char *, size_t), void *entropy, const unsigned char *custom,
			  size_t len)
{
	return 0;
}

int mbedtls_ctr_drbg_random(void *drbg, unsigned char *out, size_t len)
{
	return NO_ENTROPY;
}

/* A session would start it then. */
int libssh2_init(int flags)
{
	return 0;
}
