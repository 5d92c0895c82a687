/* unit/test_oid_hash.c - ids and numbers: kept through growth, told apart in every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vcs/oid_hash.h"

#define MANY 5000u

/* An id that differs from others in its last bytes alone. */
static struct cw_oid id(uint32_t n)
{
	struct cw_oid oid = { .len = 20 };

	memcpy(oid.id + 16, &n, sizeof(n));
	return oid;
}

static void test_many(void **state)
{
	struct cw_oid_hash h = CW_OID_HASH_INIT;
	struct cw_oid oid = id(0);

	/* nothing is in an empty one */
	assert_null(cw_oid_hash_get(&h, &oid));
	for (uint32_t i = 0; i < MANY; i++) {
		bool is_new = false;

		oid = id(i);
		assert_int_equal(cw_oid_hash_put(&h, &oid, 2 * i, NULL, &is_new, NULL), 0);
		assert_true(is_new);
	}
	assert_int_equal(h.len, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		oid = id(i);
		assert_non_null(cw_oid_hash_get(&h, &oid));
		assert_int_equal(*cw_oid_hash_get(&h, &oid), 2 * i);
	}
	oid = id(MANY);
	assert_null(cw_oid_hash_get(&h, &oid));
	cw_oid_hash_release(&h);
}

static void test_again(void **state)
{
	struct cw_oid_hash h = CW_OID_HASH_INIT;
	struct cw_oid oid = id(7);
	uint32_t *value;
	bool is_new = true;

	/* the first number stays; it can be changed where it is */
	assert_int_equal(cw_oid_hash_put(&h, &oid, 1, NULL, NULL, NULL), 0);
	assert_int_equal(cw_oid_hash_put(&h, &oid, 2, &value, &is_new, NULL), 0);
	assert_false(is_new);
	assert_int_equal(*value, 1);
	*value = 3;
	assert_int_equal(*cw_oid_hash_get(&h, &oid), 3);
	/* cleared, small and large */
	cw_oid_hash_clear(&h);
	assert_null(cw_oid_hash_get(&h, &oid));
	for (uint32_t i = 0; i < MANY; i++) {
		oid = id(i);
		assert_int_equal(cw_oid_hash_put(&h, &oid, i, NULL, NULL, NULL), 0);
	}
	cw_oid_hash_clear(&h);
	assert_null(cw_oid_hash_get(&h, &oid));
	assert_int_equal(cw_oid_hash_put(&h, &oid, 9, NULL, &is_new, NULL), 0);
	assert_true(is_new);
	cw_oid_hash_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
