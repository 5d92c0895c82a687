/* unit/test_dense.c - dense pieces: the fast ways against a simple one, and windows against the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "match/dense.h"

static bool piece_at(const char *s, size_t len, size_t p)
{
	int digits = 0, upper = 0;

	if (p + CW_DENSE_LEN > len)
		return false;
	for (size_t i = p; i < p + CW_DENSE_LEN; i++) {
		bool up = s[i] >= 'A' && s[i] <= 'Z', digit = s[i] >= '0' && s[i] <= '9', low = s[i] >= 'a' && s[i] <= 'z';

		if (!up && !digit && !low && (s[i] == '\0' || !strchr("+/_-", s[i])))
			return false;
		digits += digit;
		upper += up;
	}
	return digits > 0 || (upper >= CW_DENSE_CASE && CW_DENSE_LEN - upper >= CW_DENSE_CASE);
}

/* Bytes of all kinds, with runs long enough to hold pieces. */
static void fill(char *s, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcABC+/_-";

	for (size_t i = 0; i < len; i++) {
		s[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		if (rand() % 29 == 0)
			s[i] = (char)('0' + rand() % 10);
		if (rand() % 17 == 0)
			s[i] = (char)(rand() % 256);
	}
}

static void test_bits(void **state)
{
	char s[400];

	(void)state;
	srand(7);
	for (int round = 0; round < 3000; round++) {
		size_t len = 1 + (size_t)rand() % sizeof(s), at = (size_t)rand() % len;
		uint64_t want = 0;

		fill(s, len);
		for (size_t k = 0; k < 64; k++)
			want |= (uint64_t)piece_at(s, len, at + k) << k;
		assert_int_equal(cw_dense_bits_portable(s, len, at), want);
		assert_int_equal(cw_dense_bits(s, len, at), want);
	}
}

static int mark(size_t a, size_t b, void *payload)
{
	unsigned char *near = payload;

	for (size_t e = a; e <= b; e++)
		near[e]++;
	return 0;
}

static bool near_by_definition(const char *s, size_t start, size_t end, size_t e)
{
	for (size_t p = start; p < end; p++) {
		if (piece_at(s, end, p) && e + CW_DENSE_BEFORE >= p && p + CW_DENSE_LEN + CW_DENSE_AFTER >= e)
			return true;
	}
	return false;
}

static void test_windows(void **state)
{
	/* sparse text with few pieces, so that windows have edges */
	static char s[3000];
	static unsigned char near[sizeof(s) + 1];

	(void)state;
	srand(11);
	for (int round = 0; round < 200; round++) {
		size_t from = (size_t)rand() % 500, to = sizeof(s) - (size_t)rand() % 500;

		memset(s, ' ', sizeof(s));
		for (int i = 0; i < 4; i++)
			fill(s + (size_t)rand() % (sizeof(s) - 40), 40);
		memset(near, 0, sizeof(near));
		assert_int_equal(cw_dense_windows(s, sizeof(s), from, to, mark, near), 0);
		for (size_t e = 0; e <= sizeof(s); e++) {
			bool want = e >= from && e <= to && near_by_definition(s, 0, sizeof(s), e);

			assert_int_equal(near[e], want); /* each end once */
		}
	}
}

static void test_near(void **state)
{
	char s[600];

	(void)state;
	srand(13);
	for (int round = 0; round < 2000; round++) {
		size_t start = (size_t)rand() % 300, end = start + (size_t)rand() % 300, e = (size_t)rand() % sizeof(s);

		memset(s, '.', sizeof(s));
		fill(s + start, end - start);
		assert_int_equal(cw_dense_near(s, start, end, e), near_by_definition(s, start, end, e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
