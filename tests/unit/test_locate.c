/* tests/unit/test_locate.c - offsets to lines and columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scan/locate.h"

static const char text[] = "ab\ncd\r\n\nlast";

static void check(struct cw_locator *l, uint64_t offset, uint64_t line, uint64_t column)
{
	uint64_t got_line, got_column;

	cw_locate(l, offset, &got_line, &got_column);
	assert_int_equal(got_line, line);
	assert_int_equal(got_column, column);
}

/* ascending offsets: first byte, LF itself, after LF, CR counts as a column, empty line, last line without LF */
static void ascending(void **state)
{
	struct cw_locator l;

	cw_locator_init(&l, text, strlen(text));
	check(&l, 0, 1, 1);
	check(&l, 2, 1, 3);
	check(&l, 3, 2, 1);
	check(&l, 5, 2, 3);
	check(&l, 6, 2, 4);
	check(&l, 7, 3, 1);
	check(&l, 8, 4, 1);
	check(&l, 11, 4, 4);
}

/* going back gives the same answers */
static void descending(void **state)
{
	struct cw_locator l;

	cw_locator_init(&l, text, strlen(text));
	check(&l, 11, 4, 4);
	check(&l, 7, 3, 1);
	check(&l, 3, 2, 1);
	check(&l, 2, 1, 3);
	check(&l, 0, 1, 1);
}

/* at and beyond the end: one past the last byte */
static void beyond_the_end(void **state)
{
	struct cw_locator l;

	cw_locator_init(&l, text, strlen(text));
	check(&l, 12, 4, 5);
	check(&l, UINT64_MAX, 4, 5);
}

/* data that ends in LF, and no data at all */
static void edges(void **state)
{
	struct cw_locator l;

	cw_locator_init(&l, "a\n", 2);
	check(&l, 1, 1, 2);
	check(&l, 2, 2, 1);
	cw_locator_init(&l, "", 0);
	check(&l, 0, 1, 1);
}

/* NUL bytes are bytes like any other */
static void nul_bytes(void **state)
{
	struct cw_locator l;

	cw_locator_init(&l, "\0\0\n\0x", 5);
	check(&l, 4, 2, 2);
}

/* a range inside a line, over lines, ending with the LF, and empty */
static void ranges(void **state)
{
	struct cw_locator l;
	struct cw_place p;

	cw_locator_init(&l, text, strlen(text));
	p = cw_locate_range(&l, 3, 5);
	assert_int_equal(p.line, 2);
	assert_int_equal(p.column, 1);
	assert_int_equal(p.end_line, 2);
	assert_int_equal(p.end_column, 3);
	p = cw_locate_range(&l, 1, 9);
	assert_int_equal(p.line, 1);
	assert_int_equal(p.column, 2);
	assert_int_equal(p.end_line, 4);
	assert_int_equal(p.end_column, 2);
	p = cw_locate_range(&l, 0, 3);
	assert_int_equal(p.end_line, 1);
	assert_int_equal(p.end_column, 4);
	p = cw_locate_range(&l, 4, 4);
	assert_int_equal(p.end_line, 2);
	assert_int_equal(p.end_column, 2);
}

/* every offset of random lines agrees with counting */
static void agrees_with_counting(void **state)
{
	char data[500];
	struct cw_locator l;
	uint32_t seed = 7;
	uint64_t line = 1, column = 1;

	for (size_t i = 0; i < sizeof(data); i++) {
		seed = seed * 1103515245u + 12345u;
		data[i] = (seed >> 16) % 5 ? 'x' : '\n';
	}
	cw_locator_init(&l, data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++) {
		check(&l, i, line, column);
		column++;
		if (data[i] == '\n') {
			line++;
			column = 1;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascending), cmocka_unit_test(descending), cmocka_unit_test(beyond_the_end),
		cmocka_unit_test(edges),     cmocka_unit_test(nul_bytes),  cmocka_unit_test(ranges),
		cmocka_unit_test(agrees_with_counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
