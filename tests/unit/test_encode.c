/* Tests of base/encode.h: published vectors, both directions, and what must not decode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/encode.h"

/* RFC 4648 section 10. */
static const char *const rfc4648[][4] = {
	/* plain, base64, base32 without padding, base16 */
	{"", "", "", ""},
	{"f", "Zg==", "MY", "66"},
	{"fo", "Zm8=", "MZXQ", "666f"},
	{"foo", "Zm9v", "MZXW6", "666f6f"},
	{"foob", "Zm9vYg==", "MZXW6YQ", "666f6f62"},
	{"fooba", "Zm9vYmE=", "MZXW6YTB", "666f6f6261"},
	{"foobar", "Zm9vYmFy", "MZXW6YTBOI", "666f6f626172"},
};

static void expect(struct cw_buf *b, const char *want)
{
	assert_int_equal(b->fail, 0);
	assert_int_equal(b->len, strlen(want));
	assert_memory_equal(b->data, want, b->len);
	cw_buf_clear(b);
}

/* The catalogued check value of CRC-32/ISO-HDLC, and the empty input. */
static void test_crc32(void **state)
{
	assert_int_equal(cw_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(cw_crc32("", 0), 0);
	assert_int_equal(cw_crc32("\0\0\0\0", 4), 0x2144df1c);
}

/* Every vector of the RFC in both directions. */
static void test_rfc4648(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		const char *plain = rfc4648[i][0];
		cw_base64_encode(plain, strlen(plain), false, &b);
		expect(&b, rfc4648[i][1]);
		cw_base32_encode(plain, strlen(plain), &b);
		expect(&b, rfc4648[i][2]);
		cw_hex_encode(plain, strlen(plain), &b);
		expect(&b, rfc4648[i][3]);
		assert_true(cw_base64_decode(rfc4648[i][1], strlen(rfc4648[i][1]), &b));
		expect(&b, plain);
		assert_true(cw_base32_decode(rfc4648[i][2], strlen(rfc4648[i][2]), &b));
		expect(&b, plain);
		assert_true(cw_hex_decode(rfc4648[i][3], strlen(rfc4648[i][3]), &b));
		expect(&b, plain);
	}
}

/* Padding may be left out; URL-safe letters are understood; base32 and hex in either case, base32 with padding too. */
static void test_lenient_forms(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	assert_true(cw_base64_decode("Zm8", 3, &b));
	expect(&b, "fo");
	assert_true(cw_base64_decode("-_-_", 4, &b));
	expect(&b, "\xfb\xff\xbf");
	assert_true(cw_base64_decode("+/+/", 4, &b));
	expect(&b, "\xfb\xff\xbf");
	assert_true(cw_base32_decode("mzxw6ytboi======", 16, &b));
	expect(&b, "foobar");
	assert_true(cw_hex_decode("666F", 4, &b));
	expect(&b, "fo");
	cw_base64_encode("\xfb\xff\xbf\xff", 4, true, &b);
	expect(&b, "-_-__w");
}

/* What is no encoding appends nothing and leaves what was there. */
static void test_refusals(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	static const char *const no64[] = {
		"Zm9vY", "Zm9v!", "Zm=v", "Zm9vYg=", "Zm9vYg===", "=", "====", "Zm9v Zm9v", "Zm9\xc3"};
	static const char *const no32[] = {"M", "MZX", "MZXW6Y", "MZXW1", "MZXW6YTB=", "MY====="};
	static const char *const no16[] = {"6", "6g", "66 66", "0x66"};
	static const char *const no58[] = {"0", "O", "I", "l", "a b"};

	cw_buf_adds(&b, "keep");
	for (size_t i = 0; i < sizeof(no64) / sizeof(no64[0]); i++)
		assert_false(cw_base64_decode(no64[i], strlen(no64[i]), &b));
	for (size_t i = 0; i < sizeof(no32) / sizeof(no32[0]); i++)
		assert_false(cw_base32_decode(no32[i], strlen(no32[i]), &b));
	for (size_t i = 0; i < sizeof(no16) / sizeof(no16[0]); i++)
		assert_false(cw_hex_decode(no16[i], strlen(no16[i]), &b));
	for (size_t i = 0; i < sizeof(no58) / sizeof(no58[0]); i++)
		assert_false(cw_base58_decode(no58[i], strlen(no58[i]), &b));
	assert_string_equal(b.data, "keep");
	expect(&b, "keep");
}

/* A buffer that may not grow: false, and the failure sticks. */
static void test_no_room(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT_MAX(2);

	assert_false(cw_base64_decode("Zm9vYmFy", 8, &b));
	assert_int_equal(b.len, 0);
	assert_int_not_equal(b.fail, 0);
}

/* Every byte value survives each round trip at every length up to 70. */
static void test_round_trips(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, back = CW_BUF_INIT;
	unsigned char bytes[70];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37 + 200);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		cw_buf_clear(&text);
		cw_buf_clear(&back);
		cw_base64_encode(bytes, len, len % 2, &text);
		assert_true(cw_base64_decode(text.data, text.len, &back));
		cw_buf_clear(&text);
		cw_base32_encode(bytes, len, &text);
		assert_true(cw_base32_decode(text.data, text.len, &back));
		cw_buf_clear(&text);
		cw_hex_encode(bytes, len, &text);
		assert_true(cw_hex_decode(text.data, text.len, &back));
		assert_int_equal(back.len, 3 * len);
		for (size_t k = 0; k < 3; k++)
			assert_memory_equal(back.data + k * len, bytes, len);
	}
}

/* Widths: exact, padded, too narrow; both ends of the range; an unknown base. */
static void test_radix(void **state)
{
	char out[16];

	assert_true(cw_radix_u32(0, 62, 6, out));
	assert_string_equal(out, "000000");
	assert_true(cw_radix_u32(61, 62, 2, out));
	assert_string_equal(out, "0z");
	assert_true(cw_radix_u32(UINT32_MAX, 62, 6, out));
	assert_string_equal(out, "4gfFC3");
	assert_false(cw_radix_u32(UINT32_MAX, 62, 5, out));
	assert_true(cw_radix_u32(UINT32_MAX, 36, 7, out));
	assert_string_equal(out, "1z141z3");
	assert_false(cw_radix_u32(UINT32_MAX, 36, 6, out));
	assert_false(cw_radix_u32(1, 10, 4, out));
	assert_true(cw_radix_u32(0, 36, 0, out));
	assert_string_equal(out, "");
}

/* Vectors of the base58 draft (draft-msporny-base58), leading zeros, and the limit of length. */
static void test_base58(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	char longest[257];

	assert_true(cw_base58_decode("2NEpo7TZRRrLZSi2U", 17, &b));
	expect(&b, "Hello World!");
	assert_true(cw_base58_decode("11233QC4", 8, &b));
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.data, "\x00\x00\x28\x7f\xb4\xcd", 6);
	cw_buf_clear(&b);
	assert_true(cw_base58_decode("", 0, &b));
	assert_int_equal(b.len, 0);
	memset(longest, 'z', sizeof(longest));
	assert_false(cw_base58_decode(longest, 257, &b));
	assert_true(cw_base58_decode(longest, 256, &b));
	assert_int_equal(b.len, 188);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32),	 cmocka_unit_test(test_rfc4648), cmocka_unit_test(test_lenient_forms),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_no_room), cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_radix),	 cmocka_unit_test(test_base58),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
