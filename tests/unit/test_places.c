/* tests/unit/test_places.c - places of secrets: paths as a trie, a thousand listed a secret, the rest counted once each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scan/places.h"

/* Facts 0 and 1 are of secret 0, fact 2 of secret 1. */
static struct cw_kept_table kept;
static struct cw_places places;

static int setup(void **state)
{
	static const uint32_t secrets[] = { 0, 0, 1 };
	static const struct cw_rule rule = { .id = "t.a" };

	(void)state;
	if (cw_kept_init(&kept, NULL))
		return -1;
	for (size_t i = 0; i < 3; i++) {
		struct cw_fact *fact = cw_vec_push(&kept.facts);

		if (!fact)
			return -1;
		*fact = (struct cw_fact){ .rule = &rule, .secret_no = secrets[i] };
	}
	return cw_places_init(&places, 2, NULL);
}

static int teardown(void **state)
{
	(void)state;
	cw_places_release(&places);
	cw_kept_release(&kept);
	return 0;
}

static uint32_t path(uint32_t parent, uint32_t name, bool make)
{
	uint32_t ret = 0;

	assert_int_equal(cw_places_path(&places, parent, name, make, &ret, NULL), 0);
	return ret;
}

static struct cw_place_rec *make(uint32_t fact, uint32_t at)
{
	struct cw_place_rec *place = NULL;

	assert_int_equal(cw_places_make(&places, &kept, fact, at, 5, 10, &place, NULL), 0);
	return place;
}

/* a path is made once, and only when asked to; the same name below another folder is another path */
static void paths(void **state)
{
	uint32_t a = path(0, 7, true), b = path(a, 7, true);

	assert_int_equal(path(0, 8, false), CW_PATH_NONE);
	assert_int_equal(path(0, 7, true), a);
	assert_int_equal(path(0, 7, false), a);
	assert_int_equal(path(a, 7, false), b);
	assert_int_not_equal(a, b);
	assert_int_not_equal(a, 0);
	assert_int_equal(path(b, 7, false), CW_PATH_NONE);
}

/* a place is known by fact and path */
static void find(void **state)
{
	uint32_t a = path(0, 1, true), b = path(0, 2, true);
	struct cw_place_rec *place = make(1, a);

	assert_int_equal(place->holder, 5);
	assert_ptr_equal(cw_places_find(&places, 1, a), place);
	assert_null(cw_places_find(&places, 0, a));
	assert_null(cw_places_find(&places, 1, b));
}

/* a thousand places a secret, over all of its facts; other secrets have theirs */
static void limit(void **state)
{
	for (uint32_t i = 0; i < CW_PLACES_LISTED_MAX; i++) {
		assert_true(cw_places_may_list(&places, 0, 10));
		make(i % 2, path(0, i, true));
	}
	assert_false(cw_places_may_list(&places, 0, 10));
	assert_true(cw_places_may_list(&places, 1, 10));
	assert_false(cw_places_may_list(&places, 1, (size_t)1 << 40)); /* no room for so long a path */
}

/* what is only counted is counted once, and for its own secret */
static void count(void **state)
{
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t hash = 0; hash < 100; hash++)
			assert_int_equal(cw_places_count(&places, 0, hash << 40, NULL), 0);
		assert_int_equal(cw_places_count(&places, 1, 12345, NULL), 0);
	}
	assert_int_equal(places.unlisted[0], 100);
	assert_int_equal(places.unlisted[1], 1);
	assert_int_equal(cw_places_count(&places, 1, UINT64_MAX, NULL), 0); /* a hash that no key can be */
}

/* distinct objects at a place */
static void seen(void **state)
{
	struct cw_place_rec *place = make(0, path(0, 1, true));

	for (uint32_t holder = 0; holder < 10; holder++)
		assert_int_equal(cw_places_seen(&places, place, holder % 4, NULL), 0);
	assert_int_equal(place->objects, 4);
}

/* after sorting the children of a folder lie side by side, in the order of names, and each path has its places */
static void sorted(void **state)
{
	uint32_t z = path(0, 9, true), zb = path(z, 5, true), a = path(0, 2, true), za = path(z, 1, true);
	const struct cw_path_node *nodes;
	const struct cw_place_rec *list;

	make(2, zb);
	make(1, zb);
	make(0, za);
	make(0, a);
	assert_int_equal(cw_places_index(&places, NULL), 0);
	nodes = places.paths.items;
	list = places.list.items;
	assert_int_equal(nodes[0].children, 2);
	a = nodes[0].first_child;
	z = a + 1;
	assert_int_equal(nodes[a].name, 2);
	assert_int_equal(nodes[z].name, 9);
	assert_int_equal(nodes[a].children, 0);
	assert_int_equal(nodes[z].children, 2);
	za = nodes[z].first_child;
	assert_int_equal(nodes[za].name, 1);
	assert_int_equal(nodes[za + 1].name, 5);
	assert_int_equal(nodes[za + 1].parent, z);
	assert_int_equal(nodes[z].places, 0);
	assert_int_equal(nodes[za + 1].places, 2);
	assert_int_equal(list[nodes[za + 1].first_place].fact, 1);
	assert_int_equal(list[nodes[za + 1].first_place + 1].fact, 2);
	assert_int_equal(list[nodes[a].first_place].path, a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(paths, setup, teardown), cmocka_unit_test_setup_teardown(find, setup, teardown),
		cmocka_unit_test_setup_teardown(limit, setup, teardown), cmocka_unit_test_setup_teardown(count, setup, teardown),
		cmocka_unit_test_setup_teardown(seen, setup, teardown),	 cmocka_unit_test_setup_teardown(sorted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
