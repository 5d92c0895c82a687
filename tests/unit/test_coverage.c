/* tests/unit/test_coverage.c - the arithmetic of "nothing unscanned is called clean". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "scan/coverage.h"

#define ENTRY(c, i) CW_VEC_AT(&(c).list, struct cw_unscanned, i)

/* nothing was expected: an empty scan is complete */
static void empty_is_complete(void **state)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage c;

	cw_coverage_init(&c);
	assert_true(cw_coverage_complete(&c));
}

/* all scanned or known: complete; one object that nobody accounted for: not */
static void numbers_must_add_up(void **state)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage c;

	cw_coverage_init(&c);
	c.expected = 3;
	c.scanned = 2;
	assert_false(cw_coverage_complete(&c));
	c.cached = 1;
	assert_true(cw_coverage_complete(&c));
}

/* an unscanned object keeps the sum right and the scan incomplete */
static void unscanned_object(void **state)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage c;

	cw_coverage_init(&c);
	c.expected = c.scanned = 1;
	cw_coverage_unscanned(&c, true, "0123", "corrupt");
	assert_int_equal(c.expected, c.scanned + c.cached + c.unscanned - c.beside);
	assert_int_equal(c.expected, 2);
	assert_false(cw_coverage_complete(&c));
	assert_string_equal(ENTRY(c, 0).object, "0123");
	assert_string_equal(ENTRY(c, 0).reason, "corrupt");
}

/* a rule that could not be decided is no object, yet the scan is incomplete */
static void undecided_rule(void **state)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage c;

	cw_coverage_init(&c);
	c.expected = c.scanned = 1;
	cw_coverage_unscanned(&c, false, "a.rule in 0123", "limit");
	assert_int_equal(c.expected, 1);
	assert_int_equal(c.beside, 1);
	assert_int_equal(c.expected, c.scanned + c.cached + c.unscanned - c.beside);
	assert_false(cw_coverage_complete(&c));
}

/* merging adds every number, moves the list and leaves the source empty but usable */
static void merge_moves(void **state)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage a, b;

	cw_coverage_init(&a);
	cw_coverage_init(&b);
	a.expected = a.scanned = 5;
	b.expected = 2;
	b.scanned = b.cached = 1;
	b.bytes = 7;
	b.skipped = 1;
	b.submodules = 2;
	b.lfs_pointers = 3;
	b.repositories = 4;
	cw_coverage_unscanned(&b, true, "x", "why");
	cw_coverage_merge(&a, &b);
	assert_int_equal(a.expected, 8);
	assert_int_equal(a.scanned, 6);
	assert_int_equal(a.cached, 1);
	assert_int_equal(a.unscanned, 1);
	assert_int_equal(a.bytes, 7);
	assert_int_equal(a.skipped, 1);
	assert_int_equal(a.submodules, 2);
	assert_int_equal(a.lfs_pointers, 3);
	assert_int_equal(a.repositories, 4);
	assert_int_equal(a.list.len, 1);
	assert_int_equal(b.expected, 0);
	assert_int_equal(b.list.len, 0);
	cw_coverage_unscanned(&b, true, "y", "again");
	assert_int_equal(b.list.len, 1);
}

/* the order of workers does not show: sorted by object, then reason */
static void sort_by_object_and_reason(void **state)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage c;

	cw_coverage_init(&c);
	cw_coverage_unscanned(&c, true, "b", "1");
	cw_coverage_unscanned(&c, true, "a", "2");
	cw_coverage_unscanned(&c, true, "a", "1");
	cw_coverage_sort(&c);
	assert_string_equal(ENTRY(c, 0).object, "a");
	assert_string_equal(ENTRY(c, 0).reason, "1");
	assert_string_equal(ENTRY(c, 1).reason, "2");
	assert_string_equal(ENTRY(c, 2).object, "b");
}

/* the list is bounded, the count is not */
static void list_is_cut_but_counted(void **state)
{
	CW_CLEANUP(cw_coverage_release) struct cw_coverage c;

	cw_coverage_init(&c);
	for (int i = 0; i < CW_UNSCANNED_LISTED_MAX + 10; i++)
		cw_coverage_unscanned(&c, true, i < 10 ? "z" : "a", "same");
	cw_coverage_sort(&c);
	assert_int_equal(c.list.len, CW_UNSCANNED_LISTED_MAX);
	assert_int_equal(c.unscanned, CW_UNSCANNED_LISTED_MAX + 10);
	assert_string_equal(ENTRY(c, CW_UNSCANNED_LISTED_MAX - 1).object, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_is_complete),	     cmocka_unit_test(numbers_must_add_up),
		cmocka_unit_test(unscanned_object),	     cmocka_unit_test(undecided_rule),
		cmocka_unit_test(merge_moves),		     cmocka_unit_test(sort_by_object_and_reason),
		cmocka_unit_test(list_is_cut_but_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
