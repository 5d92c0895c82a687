/* Tests of base/buf: growth, limits, sticky failure, wiping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* an untouched buffer is an empty string and may be released */
static void test_empty(void **state)
{
	struct cw_buf b = CW_BUF_INIT;

	assert_string_equal(b.data, "");
	cw_buf_add(&b, NULL, 0);
	cw_buf_adds(&b, "");
	cw_buf_truncate(&b, 0);
	cw_buf_clear(&b);
	cw_buf_commit(&b, 0);
	assert_int_equal(b.cap, 0);
	cw_buf_release(&b);
	assert_string_equal(cw_buf_empty, "");
}

/* a zeroed buffer can be released and is then an ordinary one */
static void test_zeroed(void **state)
{
	struct cw_buf b = {0};

	cw_buf_release(&b);
	cw_buf_adds(&b, "x");
	assert_string_equal(b.data, "x");
	cw_buf_release(&b);
}

/* all ways to append, across several growths, with a NUL behind the content */
static void test_append(void **state)
{
	struct cw_buf b = CW_BUF_INIT;

	cw_buf_adds(&b, "ab");
	cw_buf_addc(&b, '\0');
	cw_buf_addf(&b, "%d-%s", 42, "x");
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.data,
			    "ab\0"
			    "42-x",
			    8);
	for (int i = 0; i < 10000; i++)
		cw_buf_addf(&b, "%04d", i);
	assert_int_equal(b.len, 7 + 40000);
	assert_memory_equal(b.data + 7 + 4 * 9999, "9999", 5);
	assert_true(b.len <= b.cap && b.cap <= b.max);
	cw_buf_release(&b);
}

/* exactly full is allowed; one byte more fails, keeps the content and stays failed */
static void test_limit(void **state)
{
	struct cw_buf b = CW_BUF_INIT_MAX(5);
	struct cw_err err = CW_ERR_INIT;

	cw_buf_adds(&b, "12345");
	assert_int_equal(cw_buf_fail(&b, "x", &err), 0);
	cw_buf_addc(&b, '6');
	assert_string_equal(b.data, "12345");
	cw_buf_truncate(&b, 1);
	cw_buf_addc(&b, '7');
	cw_buf_addf(&b, "%d", 8);
	assert_string_equal(b.data, "1");
	assert_int_equal(cw_buf_fail(&b, "the thing", &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "the thing: larger than 5 bytes");
	assert_int_equal(cw_buf_reserve(&b, 1), CW_E_LIMIT);
	cw_buf_clear(&b);
	cw_buf_addc(&b, '9');
	assert_string_equal(b.data, "9");
	cw_buf_release(&b);
}

/* a formatted text beyond the limit adds nothing */
static void test_limit_format(void **state)
{
	struct cw_buf b = CW_BUF_INIT_MAX(4);

	cw_buf_addf(&b, "%s", "12345");
	assert_int_equal(b.len, 0);
	assert_int_equal(b.fail, CW_E_LIMIT);
	cw_buf_release(&b);
}

/* sizes near SIZE_MAX do not overflow, whatever the maximum */
static void test_huge(void **state)
{
	struct cw_buf b = CW_BUF_INIT_MAX(SIZE_MAX);

	cw_buf_adds(&b, "abc");
	assert_int_equal(cw_buf_reserve(&b, SIZE_MAX), CW_E_LIMIT);
	cw_buf_clear(&b);
	assert_int_equal(cw_buf_reserve(&b, SIZE_MAX - 2), CW_E_LIMIT);
	cw_buf_release(&b);
}

/* bytes written behind the content count after commit */
static void test_commit(void **state)
{
	struct cw_buf b = CW_BUF_INIT;

	cw_buf_adds(&b, "a");
	assert_int_equal(cw_buf_reserve(&b, 3), 0);
	memcpy(b.data + b.len, "bcd", 3);
	cw_buf_commit(&b, 3);
	assert_string_equal(b.data, "abcd");
	cw_buf_release(&b);
}

/* detaching gives a string to free, also from an empty buffer, and leaves an empty one */
static void test_detach(void **state)
{
	struct cw_buf b = CW_BUF_INIT;
	char *s = cw_buf_detach(&b);

	assert_string_equal(s, "");
	free(s);
	cw_buf_adds(&b, "abc");
	s = cw_buf_detach(&b);
	assert_string_equal(s, "abc");
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	free(s);
}

/* after a failure there is nothing to detach, and the buffer is usable again */
static void test_detach_failed(void **state)
{
	struct cw_buf b = CW_BUF_INIT_MAX(2);

	cw_buf_adds(&b, "ab");
	cw_buf_adds(&b, "c");
	assert_null(cw_buf_detach(&b));
	cw_buf_adds(&b, "d");
	assert_string_equal(b.data, "d");
	cw_buf_release(&b);
}

/* a secret buffer clears what is cut off or forgotten */
static void test_wipe(void **state)
{
	static const char zeros[6];
	struct cw_buf b = CW_BUF_INIT_SECRET;

	cw_buf_adds(&b, "secret");
	cw_buf_truncate(&b, 2);
	assert_memory_equal(b.data + 2, zeros, 4);
	cw_buf_clear(&b);
	assert_memory_equal(b.data, zeros, 6);
	/* growth keeps the content */
	for (int i = 0; i < 1000; i++)
		cw_buf_adds(&b, "0123456789");
	assert_int_equal(b.len, 10000);
	assert_memory_equal(b.data + 9990, "0123456789", 11);
	cw_buf_release(&b);
	assert_true(b.wipe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),	      cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_append),	      cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_format),  cmocka_unit_test(test_huge),
		cmocka_unit_test(test_commit),	      cmocka_unit_test(test_detach),
		cmocka_unit_test(test_detach_failed), cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
