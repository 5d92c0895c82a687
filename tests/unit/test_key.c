/* Tests of cw_key_parse(): DER and PEM, whole, cut, scrambled, and as keys stand in source code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "key_make.h"

static enum cw_key_state parse_pem(EVP_PKEY *key, enum make_form form)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf pem = CW_BUF_INIT;

	make_pem(key, form, &pem);
	return parse(pem.data, pem.len, NULL);
}

static enum cw_key_state parse_der(EVP_PKEY *key, enum make_form form)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf der = CW_BUF_INIT;

	make_der(key, form, &der);
	return parse(der.data, der.len, NULL);
}

/* Every algorithm in every form, PEM and DER. */
static void test_forms(void **state)
{
	EVP_PKEY *keys[] = {make_rsa(), make_ec(), make_dsa(), make_ed25519()};

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(parse_pem(keys[i], MAKE_PKCS8), CW_KEY_PLAIN);
		assert_int_equal(parse_der(keys[i], MAKE_PKCS8), CW_KEY_PLAIN);
		assert_int_equal(parse_pem(keys[i], MAKE_PKCS8_ENCRYPTED), CW_KEY_ENCRYPTED);
		assert_int_equal(parse_der(keys[i], MAKE_PKCS8_ENCRYPTED), CW_KEY_ENCRYPTED);
		assert_int_equal(parse_pem(keys[i], MAKE_PUBLIC), CW_KEY_PUBLIC);
		assert_int_equal(parse_der(keys[i], MAKE_PUBLIC), CW_KEY_PUBLIC);
		if (i == 3)
			continue; /* Ed25519 has no older form */
		assert_int_equal(parse_pem(keys[i], MAKE_OLD), CW_KEY_PLAIN);
		assert_int_equal(parse_der(keys[i], MAKE_OLD), CW_KEY_PLAIN);
		assert_int_equal(parse_pem(keys[i], MAKE_OLD_ENCRYPTED), CW_KEY_ENCRYPTED);
	}
}

/* A PKCS#12 store counts as encrypted, even behind an empty pass phrase. */
static void test_pkcs12(void **state)
{
	char word[] = "";
	PKCS12 *p12 = PKCS12_create(word, "key", make_rsa(), NULL, NULL, 0, 0, 1, 1, 0);
	unsigned char *der = NULL;
	int len = i2d_PKCS12(p12, &der);

	assert_true(len > 0);
	assert_int_equal(parse(der, (size_t)len, NULL), CW_KEY_ENCRYPTED);
	assert_int_equal(parse(der, (size_t)len - 1, NULL), CW_KEY_BROKEN);
	OPENSSL_free(der);
	PKCS12_free(p12);
}

/* The canonical form of an RSA key is its PKCS#1 DER, whatever it was wrapped in, and however its lines were broken. */
static void test_canonical(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf want = CW_BUF_INIT, pem = CW_BUF_INIT, canon = CW_BUF_INIT;

	make_der(make_rsa(), MAKE_OLD, &want);
	for (int form = 0; form < 2; form++) {
		cw_buf_clear(&pem);
		cw_buf_clear(&canon);
		make_pem(make_rsa(), form ? MAKE_OLD : MAKE_PKCS8, &pem);
		assert_int_equal(parse(pem.data, pem.len, &canon), CW_KEY_PLAIN);
		assert_int_equal(canon.len, want.len);
		assert_memory_equal(canon.data, want.data, want.len);
	}
	cw_buf_clear(&pem);
	cw_buf_clear(&canon);
	make_line(&pem, "BEGIN", "RSA PRIVATE KEY");
	make_lines(&pem, want.data, want.len, 76);
	make_line(&pem, "END", "RSA PRIVATE KEY");
	assert_int_equal(parse(pem.data, pem.len, &canon), CW_KEY_PLAIN);
	assert_memory_equal(canon.data, want.data, want.len);
	cw_buf_clear(&canon);
	cw_buf_addc(&canon, '=');
	assert_int_equal(parse(want.data, want.len, &canon), CW_KEY_PLAIN); /* appended, not replaced */
	assert_int_equal(canon.len, want.len + 1);
}

/* Cut at any byte, DER is no key; neither is it with a byte too many. */
static void test_truncated_der(void **state)
{
	EVP_PKEY *keys[] = {make_rsa(), make_ec(), make_dsa()};

	for (size_t i = 0; i < 3; i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf der = CW_BUF_INIT;
		make_der(keys[i], MAKE_OLD, &der);
		for (size_t len = 0; len < der.len; len++) {
			/* A copy of the exact size: a read beyond it is caught by the sanitizer. */
			char *copy = malloc(len + 1);
			assert_non_null(copy);
			memcpy(copy, der.data, len);
			char *exact = realloc(copy, len ? len : 1);
			assert_int_equal(parse(exact, len, NULL), CW_KEY_BROKEN);
			free(exact);
		}
		cw_buf_addc(&der, 'x');
		assert_int_equal(parse(der.data, der.len, NULL), CW_KEY_BROKEN);
	}
}

/* The body of the first block of PEM. */
static void body_of(const struct cw_buf *pem, size_t *ret_from, size_t *ret_to)
{
	const char *from = strchr(pem->data, '\n') + 1, *to = strstr(from, "-----END");

	assert_non_null(to);
	*ret_from = (size_t)(from - pem->data);
	*ret_to = (size_t)(to - pem->data) - 1;
}

/* Change each base64 letter in turn: no key, unless the change did not touch the bytes of the key. */
static void test_scrambled(void **state)
{
	EVP_PKEY *keys[] = {make_rsa(), make_ec(), make_dsa()};

	for (size_t i = 0; i < 3; i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf pem = CW_BUF_INIT, want = CW_BUF_INIT, canon = CW_BUF_INIT;
		size_t from, to, survivors = 0;
		make_pem(keys[i], MAKE_OLD, &pem);
		assert_int_equal(parse(pem.data, pem.len, &want), CW_KEY_PLAIN);
		body_of(&pem, &from, &to);
		for (size_t at = from; at < to; at += i == 0 ? 7 : 1) {
			char was = pem.data[at];
			if (was == '\n' || was == '=')
				continue;
			pem.data[at] = was == 'A' ? 'B' : 'A';
			cw_buf_clear(&canon);
			if (parse(pem.data, pem.len, &canon) != CW_KEY_BROKEN) {
				survivors++;
				assert_memory_equal(canon.data, want.data, want.len);
			}
			pem.data[at] = was;
		}
		assert_true(survivors <= 1); /* the unused bits of the last letter */
	}
}

/* Cut in the middle of the body, with its END line or without; another label at the end; no body at all. */
static void test_truncated_pem(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf pem = CW_BUF_INIT, cut = CW_BUF_INIT;
	size_t from, to;

	make_pem(make_rsa(), MAKE_OLD, &pem);
	body_of(&pem, &from, &to);
	for (size_t at = from; at < to; at += 61) {
		assert_int_equal(parse(pem.data, at, NULL), CW_KEY_BROKEN);
		cw_buf_clear(&cut);
		cw_buf_add(&cut, pem.data, at);
		cw_buf_addc(&cut, '\n');
		make_line(&cut, "END", "RSA PRIVATE KEY");
		assert_int_equal(parse(cut.data, cut.len, NULL), CW_KEY_BROKEN);
	}
	cw_buf_clear(&cut);
	cw_buf_add(&cut, pem.data, to + 1);
	make_line(&cut, "END", "DSA PRIVATE KEY");
	assert_int_equal(parse(cut.data, cut.len, NULL), CW_KEY_BROKEN);
	assert_int_equal(parse("", 0, NULL), CW_KEY_BROKEN);
}

/* Placeholders between the lines are no keys. */
static void test_placeholders(void **state)
{
	static const char *const bodies[] = {"", "...", "<your key>", "xxxx", "MIIEpAIBAAKCAQEA...", "${KEY}", "\\n"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf pem = CW_BUF_INIT;
		make_line(&pem, "BEGIN", "RSA PRIVATE KEY");
		cw_buf_addf(&pem, "%s\n", bodies[i]);
		make_line(&pem, "END", "RSA PRIVATE KEY");
		assert_int_equal(parse(pem.data, pem.len, NULL), CW_KEY_BROKEN);
	}
}

/* PEM with every line end replaced by GLUE; SLASH and PLUS, when given, replace these letters. */
static void embed(const struct cw_buf *pem, const char *glue, const char *slash, const char *plus, struct cw_buf *out)
{
	cw_buf_clear(out);
	for (size_t i = 0; i + 1 < pem->len; i++) {
		char c = pem->data[i];
		if (c == '\n')
			cw_buf_adds(out, glue);
		else if (c == '/' && slash)
			cw_buf_adds(out, slash);
		else if (c == '+' && plus)
			cw_buf_adds(out, plus);
		else
			cw_buf_addc(out, c);
	}
}

/* As keys stand in source text: what is between the lines must not matter. */
static void test_embedded(void **state)
{
	static const char *const glue[] = {
		"\\n",
		"\\\\n",
		"\\r\\n",
		"\r\n",
		"\n    ",
		"\n\t",
		" ",
		"", /* JSON, CRLF, YAML, one line, no line ends */
		"\\n\"\n\t\"",
		"\\n\" +\n    \"",
		"\" + \n\"",
		"\\n' +\n'",
		"\\n'\n    b'",
		"\\n\\\n",
		"\\\n", /* C, Java, JS, Python, make */
		"\",\n  \"",
		"\\n\",\n\"",
		"\\n'.\n '",
		"\" & _\n   \"",
		"\\n\" \\\n\"", /* lists, PHP, VB, shell */
		"\n# ",
		"\n// ",
		"\n * ",
		"\n; ",
		"\n-- ",
		"\n> ", /* comments, quoted mail */
	};
	EVP_PKEY *keys[] = {make_rsa(), make_ec(), make_rsa()};
	CW_CLEANUP(cw_buf_release) struct cw_buf pem = CW_BUF_INIT, text = CW_BUF_INIT;

	for (size_t k = 0; k < 3; k++) {
		cw_buf_clear(&pem);
		make_pem(keys[k], k == 2 ? MAKE_OLD_ENCRYPTED : MAKE_OLD, &pem);
		for (size_t i = 0; i < sizeof(glue) / sizeof(glue[0]); i++) {
			if (k == 2 && !*glue[i])
				continue; /* where its header ends cannot be told */
			embed(&pem, glue[i], NULL, NULL, &text);
			assert_int_equal(parse(text.data, text.len, NULL), k == 2 ? CW_KEY_ENCRYPTED : CW_KEY_PLAIN);
		}
	}
	/* Escapes of JSON and of property files. */
	cw_buf_clear(&pem);
	make_pem(make_rsa(), MAKE_PKCS8, &pem);
	embed(&pem, "\\n", "\\/", "\\u002B", &text);
	assert_int_equal(parse(text.data, text.len, NULL), CW_KEY_PLAIN);
	embed(&pem, "\\n\\\n    ", NULL, "\\u002b", &text);
	assert_int_equal(parse(text.data, text.len, NULL), CW_KEY_PLAIN);
}

/* Parameters or a certificate in front of a private key; text around it; only public blocks. */
static void test_several_blocks(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	make_pem(make_rsa(), MAKE_PUBLIC, &text);
	make_pem(make_ec(), MAKE_PUBLIC, &text);
	assert_int_equal(parse(text.data, text.len, NULL), CW_KEY_PUBLIC);
	make_pem(make_ec(), MAKE_OLD, &text);
	assert_int_equal(parse(text.data, text.len, NULL), CW_KEY_PLAIN);
	cw_buf_adds(&text, "trailing text\n");
	assert_int_equal(parse(text.data, text.len, NULL), CW_KEY_PLAIN);
}

/* Numbers that do not belong together, in well-formed DER: an RSA key with another key's modulus. */
static void test_mixed_rsa(void **state)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	CW_CLEANUP(cw_buf_release) struct cw_buf a = CW_BUF_INIT, b = CW_BUF_INIT;

	do { /* until both have the same length, which is most often so */
		cw_buf_clear(&a);
		cw_buf_clear(&b);
		EVP_PKEY_free(other);
		other = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
		make_der(other, MAKE_OLD, &b);
		EVP_PKEY_free(other);
		other = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
		make_der(other, MAKE_OLD, &a);
	} while (a.len != b.len);
	assert_int_equal(parse(a.data, a.len, NULL), CW_KEY_PLAIN);
	memcpy(a.data + 12, b.data + 12, 120); /* inside the modulus */
	assert_int_equal(parse(a.data, a.len, NULL), CW_KEY_BROKEN);
	EVP_PKEY_free(other);
}

/* Lengths that lie: in DER, larger than the input, indefinite, and of 8 bytes. */
static void test_lying_lengths(void **state)
{
	static const char *const lies[] = {
		"\x30\x84\xff\xff\xff\xff\x02\x01", "\x30\x80\x02\x01\x00\x00\x00\x00",
		"\x30\x88\x7f\xff\xff\xff\xff\xff", "\x30\x06\x02\x84\x7f\xff\xff\xff",
		"\x30\x06\x02\x01\x01\x04\x7f\x41",
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_int_equal(parse(lies[i], 8, NULL), CW_KEY_BROKEN);
}

/* A key beyond 1 MiB is none; no call leaves an error queued in libcrypto. */
static void test_limits(void **state)
{
	size_t len = ((size_t)1 << 20) + 1;
	char *big = calloc(1, len);

	assert_non_null(big);
	memset(big, '0', len);
	assert_int_equal(parse(big, len, NULL), CW_KEY_BROKEN);
	free(big);
	ERR_clear_error();
	assert_int_equal(parse("\x30\x03\x02\x01", 4, NULL), CW_KEY_BROKEN);
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	       cmocka_unit_test(test_pkcs12),
		cmocka_unit_test(test_canonical),      cmocka_unit_test(test_truncated_der),
		cmocka_unit_test(test_scrambled),      cmocka_unit_test(test_truncated_pem),
		cmocka_unit_test(test_placeholders),   cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_several_blocks), cmocka_unit_test(test_mixed_rsa),
		cmocka_unit_test(test_lying_lengths),  cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
