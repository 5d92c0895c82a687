/* Tests of base/crypto.h without its keys (test_key.c): digests, HMAC, random bytes, wiping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/encode.h"

static void expect_hex(const uint8_t *sum, const char *want)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf hex = CW_BUF_INIT;

	cw_hex_encode(sum, CW_SHA256_LEN, &hex);
	assert_string_equal(hex.data, want);
}

/* FIPS 180-4: "abc" and the empty message. */
static void test_sha256(void **state)
{
	uint8_t sum[CW_SHA256_LEN];

	assert_int_equal(cw_sha256("abc", 3, sum, NULL), 0);
	expect_hex(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(cw_sha256("", 0, sum, NULL), 0);
	expect_hex(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* FIPS 180-4: "abc", here in pieces, and the empty message. */
static void test_sha1(void **state)
{
	static const struct cw_bytes pieces[] = {{"a", 1}, {"", 0}, {"bc", 2}};
	CW_CLEANUP(cw_buf_release) struct cw_buf hex = CW_BUF_INIT;
	uint8_t sum[CW_SHA1_LEN];

	assert_int_equal(cw_sha1(pieces, 3, sum, NULL), 0);
	cw_hex_encode(sum, CW_SHA1_LEN, &hex);
	assert_int_equal(cw_sha1(pieces, 0, sum, NULL), 0);
	cw_hex_encode(sum, CW_SHA1_LEN, &hex);
	assert_string_equal(hex.data, "a9993e364706816aba3e25717850c26c9cd0d89dda39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* In pieces, an empty one among them, as at once. */
static void test_sha256_pieces(void **state)
{
	struct cw_sha256_ctx *c = NULL;
	uint8_t sum[CW_SHA256_LEN];

	assert_int_equal(cw_sha256_new(&c, NULL), 0);
	assert_int_equal(cw_sha256_add(c, "a", 1, NULL), 0);
	assert_int_equal(cw_sha256_add(c, "", 0, NULL), 0);
	assert_int_equal(cw_sha256_add(c, "bc", 2, NULL), 0);
	assert_int_equal(cw_sha256_end(c, sum, NULL), 0);
	expect_hex(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	cw_sha256_free(c);
	cw_sha256_free(NULL);
}

/* RFC 4231 case 2, cut into pieces; and an empty key, which is a key like any other. */
static void test_hmac(void **state)
{
	const struct cw_bytes pieces[] = {{"what do ya ", 11}, {NULL, 0}, {"want for nothing?", 17}};
	uint8_t sum[CW_SHA256_LEN];

	assert_int_equal(cw_hmac_sha256("Jefe", 4, pieces, 3, sum, NULL), 0);
	expect_hex(sum, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_int_equal(cw_hmac_sha256(NULL, 0, NULL, 0, sum, NULL), 0);
	expect_hex(sum, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* Two draws differ, and every byte is written. */
static void test_random(void **state)
{
	uint8_t a[512] = {0}, b[512] = {0};
	size_t zeros = 0;

	assert_int_equal(cw_random(a, sizeof(a), NULL), 0);
	assert_int_equal(cw_random(b, sizeof(b), NULL), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	assert_true(zeros < 32);
	assert_int_equal(cw_random(NULL, 0, NULL), 0);
}

/* Wiping writes zeros, and takes nothing at all too. */
static void test_wipe(void **state)
{
	char text[] = "secret";

	cw_wipe(text, sizeof(text));
	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(text[i], 0);
	cw_wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha1),
		cmocka_unit_test(test_sha256), cmocka_unit_test(test_sha256_pieces), cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_random), cmocka_unit_test(test_wipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
