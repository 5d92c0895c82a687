/* Tests of base/vec: growth, limits, sticky failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"

struct item {
	int a;
	char b[9];
};

/* items are zeroed and stay in order across growths */
static void test_push(void **state)
{
	struct cw_vec v = CW_VEC_INIT(struct item, 100000);

	for (int i = 0; i < 1000; i++) {
		struct item *item = cw_vec_push(&v);

		assert_non_null(item);
		assert_int_equal(item->a, 0);
		assert_int_equal(item->b[8], 0);
		item->a = i;
		item->b[8] = 'x';
	}
	assert_int_equal(v.len, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(CW_VEC_AT(&v, struct item, i).a, i);
	cw_vec_release(&v);
	assert_int_equal(v.len, 0);
}

/* an item that is pushed after clear is zeroed again */
static void test_clear(void **state)
{
	struct cw_vec v = CW_VEC_INIT(int, 10);

	*(int *)cw_vec_push(&v) = 7;
	cw_vec_clear(&v);
	assert_int_equal(*(int *)cw_vec_push(&v), 0);
	assert_int_equal(v.len, 1);
	cw_vec_release(&v);
}

/* the maximum can be reached but not passed, and the failure stays until clear */
static void test_limit(void **state)
{
	struct cw_vec v = CW_VEC_INIT(int, 3);
	struct cw_err err = CW_ERR_INIT;

	for (int i = 0; i < 3; i++)
		assert_non_null(cw_vec_push(&v));
	assert_int_equal(cw_vec_fail(&v, "x", &err), 0);
	assert_null(cw_vec_push(&v));
	assert_null(cw_vec_push(&v));
	assert_int_equal(v.len, 3);
	assert_int_equal(cw_vec_fail(&v, "hits", &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "hits: more than 3 items");
	cw_vec_clear(&v);
	assert_non_null(cw_vec_push(&v));
	cw_vec_release(&v);
}

/* a reservation beyond what memory can address is refused before any multiplication overflows */
static void test_huge(void **state)
{
	struct cw_vec v = CW_VEC_INIT(struct item, SIZE_MAX);

	assert_int_equal(cw_vec_reserve(&v, SIZE_MAX), CW_E_LIMIT);
	cw_vec_clear(&v);
	assert_int_equal(cw_vec_reserve(&v, SIZE_MAX / 2), CW_E_LIMIT);
	cw_vec_release(&v);
}

/* after reserve the items do not move */
static void test_reserve(void **state)
{
	struct cw_vec v = CW_VEC_INIT(int, 1000);
	const int *first;

	assert_int_equal(cw_vec_reserve(&v, 500), 0);
	first = cw_vec_push(&v);
	for (int i = 1; i < 500; i++)
		cw_vec_push(&v);
	assert_ptr_equal(first, v.items);
	cw_vec_release(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push), cmocka_unit_test(test_clear),   cmocka_unit_test(test_limit),
		cmocka_unit_test(test_huge), cmocka_unit_test(test_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
