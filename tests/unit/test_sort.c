/* base/sort: against qsort, on few and many keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/sort.h"

#define KEYS 5000

static struct cw_sort_key keys[KEYS], spare[KEYS], want[KEYS];

static int by_key(const void *a, const void *b)
{
	const struct cw_sort_key *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->value > y->value) - (x->value < y->value);
}

static void check(size_t n)
{
	struct cw_sort_key *got;

	for (size_t i = 0; i < n; i++)
		keys[i].value = i;
	memcpy(want, keys, sizeof(want));
	qsort(want, n, sizeof(*want), by_key);
	got = cw_sort_keys(keys, spare, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(got[i].key, want[i].key);
		assert_int_equal(got[i].value, want[i].value);
	}
}

/* None, one, and equal keys, which stay as they stood. */
static void test_few(void **state)
{
	check(0);
	keys[0].key = 7;
	check(1);
	for (size_t i = 0; i < KEYS; i++)
		keys[i].key = i % 3;
	check(KEYS);
}

/* Keys that differ in every digit, also the highest, and keys that differ in one. */
static void test_many(void **state)
{
	uint64_t x = 88172645463325252;

	for (unsigned shift = 0; shift < 60; shift += 20) {
		for (size_t i = 0; i < KEYS; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			keys[i].key = shift == 40 ? (x & 0xff) << 56 : x >> shift;
		}
		check(KEYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
