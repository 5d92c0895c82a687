/* tests/unit/test_forest.c - the graph of trees: what leads to a holder stays, in byte order, whatever its depth or shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <stdlib.h>

#include "scan/forest.h"
#include "scan/kept.h"

static struct cw_names *names;

static int setup(void **state)
{
	(void)state;
	return cw_names_new((size_t)8 << 20, &names, NULL);
}

static int teardown(void **state)
{
	(void)state;
	cw_names_free(names);
	return 0;
}

static int look(void *payload, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	*ret_holder = CW_HOLDER_NONE;
	return 0;
}

static struct cw_tree_item item(const char *name, uint32_t target)
{
	struct cw_tree_item i = { .target = target };
	uint32_t holder;

	assert_int_equal(cw_names_add(names, name, strlen(name), look, NULL, &i.name, &holder, NULL), 0);
	return i;
}

#define HOLDER(n) ((n) | CW_ITEM_HOLDER)
#define ADD(forest, tree, links, ...)                                                                                    \
	do {                                                                                                             \
		struct cw_tree_item items_[] = { __VA_ARGS__ };                                                          \
		assert_int_equal(cw_forest_add(forest, (tree) % 2, tree, items_, sizeof(items_) / sizeof(items_[0]), links, NULL), 0); \
	} while (0)

static struct cw_forest *new_forest(size_t trees)
{
	struct cw_forest *f = NULL;

	assert_int_equal(cw_forest_new(trees, 2, &f, NULL), 0);
	return f;
}

/* a tree that is kept stays live without a holder, as does what leads to it; so does one that was never given */
static void keeping(void **state)
{
	struct cw_forest *f = new_forest(4);
	size_t n;

	ADD(f, 0, 0, item("a", 1), item("b", 3));
	ADD(f, 1, 0, item("c", 2));
	cw_forest_keep(f, 2);
	assert_int_equal(cw_forest_finish(f, names, NULL), 0);
	assert_true(cw_forest_is_live(f, 0) && cw_forest_is_live(f, 1) && cw_forest_is_live(f, 2));
	assert_false(cw_forest_is_live(f, 3));
	assert_int_equal(cw_forest_items(f, 0, &n)->target, 1);
	assert_int_equal(n, 1);
	cw_forest_items(f, 2, &n);
	assert_int_equal(n, 0);
	cw_forest_free(f);
}

/* trees that lead to a holder are live, with their live items only; the others are not */
static void pruning(void **state)
{
	CW_CLEANUP(cw_forest_free_p) struct cw_forest *f = new_forest(5);
	size_t len;

	ADD(f, 0, 0, item("dead", 1), item("live", 2));
	ADD(f, 1, 0, item("deader", 4));
	ADD(f, 2, 0, item("file", HOLDER(9)), item("dead", 1));
	/* 3 was never read, 4 is empty */
	assert_int_equal(cw_forest_add(f, 0, 4, NULL, 0, 0, NULL), 0);
	assert_int_equal(cw_forest_finish(f, names, NULL), 0);
	assert_true(cw_forest_is_live(f, 0) && cw_forest_is_live(f, 2));
	assert_false(cw_forest_is_live(f, 1) || cw_forest_is_live(f, 3) || cw_forest_is_live(f, 4));
	assert_true(cw_forest_is_named(f, 1) && cw_forest_is_named(f, 4));
	assert_false(cw_forest_is_named(f, 0) || cw_forest_is_named(f, 3));
	assert_int_equal(cw_forest_items(f, 0, &len)->target, 2);
	assert_int_equal(len, 1);
	assert_int_equal(cw_forest_items(f, 2, &len)->target, HOLDER(9));
	assert_int_equal(len, 1);
	cw_forest_items(f, 1, &len);
	assert_int_equal(len, 0);
}

/* names become ranks in byte order; a name that a tree has twice is found with both targets */
static void ranks(void **state)
{
	CW_CLEANUP(cw_forest_free_p) struct cw_forest *f = new_forest(1);
	const struct cw_tree_item *items;
	size_t len;

	ADD(f, 0, 0, item("b", HOLDER(1)), item("\xff", HOLDER(2)), item("B", HOLDER(3)), item("b", HOLDER(0)), item("a", HOLDER(4)),
	    item("ab", HOLDER(5)));
	item("not in use", 0);
	assert_int_equal(cw_forest_finish(f, names, NULL), 0);
	items = cw_forest_items(f, 0, &len);
	assert_int_equal(len, 6);
	for (size_t i = 1; i < len; i++)
		assert_true(strcmp(cw_forest_name(f, items[i - 1].name), cw_forest_name(f, items[i].name)) <= 0);
	assert_string_equal(cw_forest_name(f, 0), "B");
	assert_string_equal(cw_forest_name(f, 4), "\xff");
	items = cw_forest_find(f, 0, 3, &len);
	assert_int_equal(len, 2);
	assert_int_equal(items[0].target, HOLDER(0));
	assert_int_equal(items[1].target, HOLDER(1));
	assert_null(cw_forest_find(f, 0, 5, &len));
	assert_int_equal(len, 0);
}

/* heights, and submodules counted at each path */
static void measures(void **state)
{
	CW_CLEANUP(cw_forest_free_p) struct cw_forest *f = new_forest(4);
	size_t len;
	const uint32_t *order;

	ADD(f, 0, 1, item("x", 1), item("y", 1), item("z", 2));
	ADD(f, 1, 2, item("x", 3));
	ADD(f, 2, 0, item("f", HOLDER(0)));
	ADD(f, 3, 5, item("f", HOLDER(1)));
	assert_int_equal(cw_forest_finish(f, names, NULL), 0);
	assert_int_equal(cw_forest_height(f, 0), 3);
	assert_int_equal(cw_forest_height(f, 1), 2);
	assert_int_equal(cw_forest_height(f, 3), 1);
	assert_int_equal(cw_forest_gitlinks(f, 0), 1 + 2 * (2 + 5));
	order = cw_forest_order(f, &len);
	assert_int_equal(len, 4);
	assert_int_equal(order[3], 0); /* after all that it contains */
}

/* a chain of 100,000 trees: no recursion; and one of equal entries whose submodules are more than a number holds */
static void chains(void **state)
{
	const uint32_t len = 100000;
	CW_CLEANUP(cw_forest_free_p) struct cw_forest *f = new_forest(len), *bomb = new_forest(70);
	bool *seen = calloc(len, sizeof(*seen));

	assert_non_null(seen);
	for (uint32_t t = 0; t + 1 < len; t++)
		ADD(f, t, 0, item("d", t + 1));
	ADD(f, len - 1, 0, item("f", HOLDER(0)));
	assert_int_equal(cw_forest_mark(f, 1, seen, NULL), 0);
	assert_false(seen[0]);
	assert_true(seen[1] && seen[len - 1]);
	assert_int_equal(cw_forest_finish(f, names, NULL), 0);
	assert_int_equal(cw_forest_height(f, 0), len);
	assert_true(cw_forest_is_live(f, 0));
	free(seen);
	for (uint32_t t = 0; t < 69; t++)
		ADD(bomb, t, 0, item("a", t + 1), item("b", t + 1));
	ADD(bomb, 69, 1, item("f", HOLDER(0)));
	assert_int_equal(cw_forest_finish(bomb, names, NULL), 0);
	assert_true(cw_forest_gitlinks(bomb, 0) == UINT64_MAX);
	assert_int_equal(cw_forest_gitlinks(bomb, 49), 1 << 20);
}

/* trees that contain each other, and one that contains itself, as only a store that lies can hold: every walk ends */
static void circles(void **state)
{
	CW_CLEANUP(cw_forest_free_p) struct cw_forest *f = new_forest(3);
	bool seen[3] = { false };

	ADD(f, 0, 1, item("a", 1), item("f", HOLDER(0)));
	ADD(f, 1, 1, item("b", 0));
	ADD(f, 2, 1, item("c", 2), item("d", 0));
	assert_int_equal(cw_forest_mark(f, 2, seen, NULL), 0);
	assert_true(seen[0] && seen[1] && seen[2]);
	assert_int_equal(cw_forest_finish(f, names, NULL), 0);
	assert_true(cw_forest_is_live(f, 0) && cw_forest_is_live(f, 2));
	assert_false(cw_forest_is_named(f, 2));
	cw_forest_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pruning, setup, teardown),  cmocka_unit_test_setup_teardown(ranks, setup, teardown),
		cmocka_unit_test_setup_teardown(measures, setup, teardown), cmocka_unit_test_setup_teardown(chains, setup, teardown),
		cmocka_unit_test_setup_teardown(circles, setup, teardown), cmocka_unit_test_setup_teardown(keeping, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
