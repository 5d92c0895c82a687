/* Tests of base/text: UTF-8, escaping, repeated strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static bool valid(const char *s)
{
	return cw_utf8_valid(s, strlen(s));
}

/* the first and last code point of each length, and around the surrogates */
static void test_utf8_valid(void **state)
{
	assert_true(cw_utf8_valid("", 0));
	assert_true(cw_utf8_valid("a\0b", 3));
	assert_true(valid("\x7f\xc2\x80\xdf\xbf"));
	assert_true(valid("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
	assert_true(valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

/* overlong forms, surrogates, values beyond U+10FFFF, lone and missing continuation bytes */
static void test_utf8_invalid(void **state)
{
	static const char *const bad[] = {"\x80",
					  "\xbf",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xc2",
					  "\xc2\x41",
					  "\xe0\x80\x80",
					  "\xe0\x9f\xbf",
					  "\xed\xa0\x80",
					  "\xed\xbf\xbf",
					  "\xe2\x82",
					  "\xe2\x82\x41",
					  "\xf0\x80\x80\x80",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xf0\x90\x80",
					  "\xff",
					  "\xfe"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(valid(bad[i]));
	assert_int_equal(cw_utf8_span("ab\xff"
				      "c",
				      4),
			 2);
}

/* the code point that is reported */
static void test_utf8_next(void **state)
{
	uint32_t cp = 0;

	assert_int_equal(cw_utf8_next("\xf0\x9f\x94\x91", 4, &cp), 4);
	assert_int_equal(cp, 0x1f511);
	assert_int_equal(cw_utf8_next("\xe2\x82\xac", 3, &cp), 3);
	assert_int_equal(cp, 0x20ac);
	assert_int_equal(cw_utf8_next("\xe2\x82\xac", 2, &cp), 0);
	assert_int_equal(cw_utf8_next("", 0, &cp), 0);
}

static void check_escape(const char *s, size_t len, const char *expected)
{
	struct cw_buf b = CW_BUF_INIT;

	cw_escape(&b, s, len);
	assert_string_equal(b.data, expected);
	cw_buf_release(&b);
}

/* control bytes, DEL, backslash, invalid bytes, C1 and bidirectional controls; other text as it is */
static void test_escape(void **state)
{
	check_escape("", 0, "");
	check_escape("a\\b\n\t\r\0\x1b[2J\x7f", 12, "a\\\\b\\n\\t\\x0d\\x00\\x1b[2J\\x7f");
	check_escape("\xff\xc3", 2, "\\xff\\xc3");
	check_escape("\xc2\x9b", 2, "\\xc2\\x9b");
	check_escape("\xe2\x80\xaex\xe2\x81\xa6", 7, "\\xe2\\x80\\xaex\\xe2\\x81\\xa6");
	check_escape("\xd8\x9c\xe2\x80\x8f", 5, "\\xd8\\x9c\\xe2\\x80\\x8f");
	check_escape("caf\xc3\xa9 \xe2\x82\xac", 9, "caf\xc3\xa9 \xe2\x82\xac");
}

/* the first repetition among few and among many strings */
static void test_duplicates(void **state)
{
	static char names[100][8];
	const char *all[100];
	size_t index = 77;

	for (int i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "k%d", i);
		all[i] = names[i];
	}
	assert_int_equal(cw_text_find_duplicate(all, 0, &index), 0);
	assert_int_equal(cw_text_find_duplicate(all, 10, &index), 0);
	assert_int_equal(cw_text_find_duplicate(all, 100, &index), 0);
	assert_int_equal(index, 77);
	all[9] = "k3";
	assert_int_equal(cw_text_find_duplicate(all, 10, &index), 1);
	assert_int_equal(index, 9);
	all[99] = "k0";
	all[50] = "k3";
	assert_int_equal(cw_text_find_duplicate(all, 100, &index), 1);
	assert_int_equal(index, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_valid), cmocka_unit_test(test_utf8_invalid),
		cmocka_unit_test(test_utf8_next),  cmocka_unit_test(test_escape),
		cmocka_unit_test(test_duplicates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
