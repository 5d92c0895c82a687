/* Tests of base/num and base/clock: numbers from text, numbers and dates as text. */
#include <float.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/num.h"

static int u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	return cw_num_u64(s, strlen(s), min, max, "n", ret, NULL);
}

/* digits within the range, both ends included, up to the largest 64-bit number */
static void test_u64(void **state)
{
	uint64_t n = 0;

	assert_int_equal(u64("0", 0, 9, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(u64("007", 7, 7, &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(u64("18446744073709551615", 0, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
}

/* everything else is refused and leaves the result alone */
static void test_u64_invalid(void **state)
{
	static const char *const bad[] = {"",
					  " 1",
					  "1 ",
					  "+1",
					  "-1",
					  "0x10",
					  "1e3",
					  "1.0",
					  "18446744073709551616",
					  "99999999999999999999999999",
					  "1\n"};
	uint64_t n = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(u64(bad[i], 0, UINT64_MAX, &n), CW_E_INVALID);
	assert_int_equal(u64("4", 5, 10, &n), CW_E_INVALID);
	assert_int_equal(u64("11", 5, 10, &n), CW_E_INVALID);
	assert_int_equal(n, 77);
}

/* only LEN bytes count, and messages name the value */
static void test_u64_len(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	uint64_t n = 0;

	assert_int_equal(cw_num_u64("12345", 2, 0, 100, "n", &n, NULL), 0);
	assert_int_equal(n, 12);
	assert_int_equal(cw_num_u64("x", 1, 0, 1, "limits.jobs", &n, &err), CW_E_INVALID);
	assert_string_equal(err.msg, "limits.jobs must be a whole number");
	assert_int_equal(cw_num_u64("5", 1, 1, 4, "limits.jobs", &n, &err), CW_E_INVALID);
	assert_string_equal(err.msg, "limits.jobs must be between 1 and 4");
}

static int size(const char *s, uint64_t max, uint64_t *ret)
{
	return cw_num_size(s, strlen(s), 1, max, "n", ret, NULL);
}

/* sizes with and without a unit; a product beyond 64 bits is out of range */
static void test_size(void **state)
{
	uint64_t n = 0;

	assert_int_equal(size("512", UINT64_MAX, &n), 0);
	assert_int_equal(n, 512);
	assert_int_equal(size("3K", UINT64_MAX, &n), 0);
	assert_int_equal(n, 3072);
	assert_int_equal(size("2M", UINT64_MAX, &n), 0);
	assert_int_equal(n, 2097152);
	assert_int_equal(size("1G", (uint64_t)1 << 30, &n), 0);
	assert_int_equal(n, 1073741824);
	assert_int_equal(size("1G", ((uint64_t)1 << 30) - 1, &n), CW_E_INVALID);
	assert_int_equal(size("17179869184G", UINT64_MAX, &n), CW_E_INVALID);
	assert_int_equal(size("K", UINT64_MAX, &n), CW_E_INVALID);
	assert_int_equal(size("1k", UINT64_MAX, &n), CW_E_INVALID);
	assert_int_equal(size("1KB", UINT64_MAX, &n), CW_E_INVALID);
	assert_int_equal(size("", UINT64_MAX, &n), CW_E_INVALID);
	assert_int_equal(n, 1073741824);
}

static int decimal(const char *s, double *ret)
{
	return cw_num_decimal(s, strlen(s), 0, 1e15, "n", ret, NULL);
}

/* decimals are rounded as the compiler rounds them */
static void test_decimal(void **state)
{
	double n = 0;

	assert_int_equal(decimal("3", &n), 0);
	assert_true(n == 3.0);
	assert_int_equal(decimal("3.1", &n), 0);
	assert_true(n == 3.1);
	assert_int_equal(decimal("0.00000000000001", &n), 0);
	assert_true(n == 0.00000000000001);
	assert_int_equal(decimal("123456789.012345", &n), 0);
	assert_true(n == 123456789.012345);
}

/* no sign, no exponent, no lone point, no second point, no more digits than are exact, nothing out of range */
static void test_decimal_invalid(void **state)
{
	static const char *const bad[] = {
		"", ".", "1.", ".5", "1..2", "1.2.3", "-1", "+1", "1e3", "1,5", "nan", "inf", "0.1234567890123456"};
	double n = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decimal(bad[i], &n), CW_E_INVALID);
	assert_int_equal(cw_num_decimal("8.1", 3, 0, 8, "n", &n, NULL), CW_E_INVALID);
	assert_true(n == 77);
}

/* the fewest digits that read back as the same number */
static void test_format(void **state)
{
	char out[CW_NUM_FORMAT_SIZE];

	cw_num_format(0.1, out);
	assert_string_equal(out, "0.1");
	cw_num_format(1.0 / 3, out);
	assert_string_equal(out, "0.3333333333333333");
	cw_num_format(-DBL_MAX, out);
	assert_string_equal(out, "-1.7976931348623157e+308");
	cw_num_format(0.1 + 0.2, out);
	assert_string_equal(out, "0.30000000000000004");
}

/* the decimal point does not follow the locale */
static void test_format_locale(void **state)
{
	char out[CW_NUM_FORMAT_SIZE];

	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
		skip();
	cw_num_format(1.5, out);
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(out, "1.5");
}

/* dates around the epoch, leap days, centuries and the ends of the range */
static void test_iso(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{951782399, "2000-02-28T23:59:59Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{951868800, "2000-03-01T00:00:00Z"},
		{1704067199, "2023-12-31T23:59:59Z"},
		{1735603200, "2024-12-31T00:00:00Z"},
		{4107542400, "2100-03-01T00:00:00Z"},
		{4107456000, "2100-02-28T00:00:00Z"},
		{INT64_C(-62167219200), "0000-01-01T00:00:00Z"},
		{INT64_C(253402300799), "9999-12-31T23:59:59Z"},
		{INT64_C(-62167219201), ""},
		{INT64_C(253402300800), ""},
		{INT64_MIN, ""},
		{INT64_MAX, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[CW_CLOCK_ISO_SIZE];

		cw_clock_iso(cases[i].seconds, out);
		assert_string_equal(out, cases[i].text);
	}
}

/* the monotonic clock does not go back, the wall clock is later than this source */
static void test_clocks(void **state)
{
	int64_t before = cw_clock_ms();

	assert_true(cw_clock_ms() >= before);
	assert_true(cw_clock_wall() > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),	cmocka_unit_test(test_u64_invalid),
		cmocka_unit_test(test_u64_len), cmocka_unit_test(test_size),
		cmocka_unit_test(test_decimal), cmocka_unit_test(test_decimal_invalid),
		cmocka_unit_test(test_format),	cmocka_unit_test(test_format_locale),
		cmocka_unit_test(test_iso),	cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
