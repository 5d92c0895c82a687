/* key_make.c - see key_make.h. */
#include "key_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/pem.h>

#include "base/cleanup.h"
#include "base/encode.h"

EVP_PKEY *make_rsa(void)
{
	static EVP_PKEY *key;

	key = key ? key : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	assert_non_null(key);
	return key;
}

EVP_PKEY *make_ec(void)
{
	static EVP_PKEY *key;

	key = key ? key : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	assert_non_null(key);
	return key;
}

EVP_PKEY *make_ed25519(void)
{
	static EVP_PKEY *key;

	key = key ? key : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(key);
	return key;
}

EVP_PKEY *make_dsa(void)
{
	static EVP_PKEY *key;
	EVP_PKEY *params = NULL;
	EVP_PKEY_CTX *ctx;

	if (key)
		return key;
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024), 1);
	assert_int_equal(EVP_PKEY_paramgen(ctx, &params), 1);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(params);
	return key;
}

static void take_bio(BIO *bio, struct cw_buf *out)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	assert_true(len > 0);
	cw_buf_add(out, data, (size_t)len);
	BIO_free(bio);
}

void make_pem(EVP_PKEY *key, enum make_form form, struct cw_buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const unsigned char *word = (const unsigned char *)"pass";
	int ok = 0;

	switch (form) {
	case MAKE_PKCS8:
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
		break;
	case MAKE_PKCS8_ENCRYPTED:
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), (const char *)word, 4, NULL, NULL);
		break;
	case MAKE_OLD:
		ok = PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
		break;
	case MAKE_OLD_ENCRYPTED:
		ok = PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(), word, 4, NULL, NULL);
		break;
	case MAKE_PUBLIC:
		ok = PEM_write_bio_PUBKEY(bio, key);
		break;
	}
	assert_int_equal(ok, 1);
	take_bio(bio, out);
}

void make_der(EVP_PKEY *key, enum make_form form, struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf pem = CW_BUF_INIT;
	BIO *bio;
	char *name, *header;
	unsigned char *data;
	long len;

	make_pem(key, form, &pem);
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	assert_int_equal(PEM_read_bio(bio, &name, &header, &data, &len), 1);
	cw_buf_add(out, data, (size_t)len);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	BIO_free(bio);
}

void make_line(struct cw_buf *out, const char *what, const char *label)
{
	cw_buf_addf(out, "-----%s %s-----\n", what, label);
}

size_t make_lines(struct cw_buf *out, const void *data, size_t len, size_t width)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	size_t lines = 0;

	cw_base64_encode(data, len, false, &text);
	for (size_t i = 0; i < text.len; i += width, lines++) {
		cw_buf_add(out, text.data + i, text.len - i < width ? text.len - i : width);
		cw_buf_addc(out, '\n');
	}
	return lines;
}

void wire_u32(struct cw_buf *out, size_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		cw_buf_addc(out, (char)(n >> shift));
}

void wire_string(struct cw_buf *out, const void *data, size_t len)
{
	wire_u32(out, len);
	cw_buf_add(out, data, len);
}

void wire_text(struct cw_buf *out, const char *s)
{
	wire_string(out, s, strlen(s));
}

void wire_number(struct cw_buf *out, EVP_PKEY *key, const char *name)
{
	unsigned char bytes[1024] = {0};
	BIGNUM *n = NULL;
	size_t len;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
	len = (size_t)BN_num_bits(n) / 8 + 1; /* one byte more when the topmost bit is set */
	assert_int_equal(BN_bn2binpad(n, bytes, (int)len), (int)len);
	wire_string(out, bytes, len);
	BN_clear_free(n);
}

enum cw_key_state parse(const void *data, size_t len, struct cw_buf *canon)
{
	enum cw_key_state state;

	assert_int_equal(cw_key_parse(data, len, &state, canon, NULL), 0);
	return state;
}
