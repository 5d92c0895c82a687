/* tests/unit/test_pushed.c - commits as they were read: trees, parents, and what is left of a damaged one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vcs/parse.h"
#include "vcs/pushed.h"

#define TAIL "committer A <a@example.org> 77 +0000\n\nx\n"

static struct cw_oid oid(char digit)
{
	char hex[CW_SHA1_HEX_LEN];
	struct cw_oid o;

	memset(hex, digit, sizeof(hex));
	assert_true(cw_oid_parse(hex, sizeof(hex), &o));
	return o;
}

static void add_line(char *text, const char *what, char digit)
{
	size_t len = strlen(text);

	len += (size_t)snprintf(text + len, 16, "%s ", what);
	memset(text + len, digit, CW_SHA1_HEX_LEN);
	memcpy(text + len + CW_SHA1_HEX_LEN, "\n", 2);
}

/* Add a commit named NAME of the tree TREE, with one parent a digit of PARENTS. */
static void add(struct cw_pushed *p, char name, char tree, const char *parents)
{
	struct cw_oid id = oid(name);
	char text[512] = "";

	add_line(text, "tree", tree);
	for (; *parents; parents++)
		add_line(text, "parent", *parents);
	memcpy(text + strlen(text), TAIL, sizeof(TAIL));
	assert_int_equal(cw_pushed_add(p, &id, text, strlen(text), NULL), 0);
}

static void check(const struct cw_pushed *p, char name, char tree, const char *parents)
{
	struct cw_oid id = oid(name), t = oid(tree);
	const struct cw_range_commit *c = cw_pushed_find(p, &id);

	assert_non_null(c);
	assert_int_equal(cw_oid_cmp(&c->tree, &t), 0);
	assert_int_equal(c->time, 77);
	assert_int_equal(c->parents_len, strlen(parents));
	for (uint32_t i = 0; i < c->parents_len; i++) {
		struct cw_oid parent = oid(parents[i]);

		assert_int_equal(cw_oid_cmp(cw_pushed_parent(p, c, i), &parent), 0);
	}
}

/* Two workers' commits in one list: each keeps its own parents. */
static void merged(void **state)
{
	struct cw_pushed all, other;
	struct cw_oid absent = oid('9');

	cw_pushed_init(&all);
	cw_pushed_init(&other);
	add(&all, '1', 'a', "");
	add(&all, '2', 'b', "1");
	add(&other, '3', 'c', "21");
	add(&other, '4', 'd', "3");
	assert_int_equal(cw_pushed_merge(&all, &other, NULL), 0);
	cw_pushed_release(&other);
	assert_int_equal(cw_pushed_index(&all, NULL), 0);
	check(&all, '1', 'a', "");
	check(&all, '2', 'b', "1");
	check(&all, '3', 'c', "21");
	check(&all, '4', 'd', "3");
	assert_null(cw_pushed_find(&all, &absent));
	cw_pushed_release(&all);
}

/* Bytes that are no commit: it is known, and has no tree. */
static void damaged(void **state)
{
	struct cw_pushed p;
	struct cw_oid id = oid('1');

	cw_pushed_init(&p);
	assert_int_equal(cw_pushed_add(&p, &id, "tree of apples\n", 15, NULL), 0);
	assert_int_equal(cw_pushed_index(&p, NULL), 0);
	assert_non_null(cw_pushed_find(&p, &id));
	assert_int_equal(cw_pushed_find(&p, &id)->tree.len, 0);
	assert_int_equal(cw_pushed_find(&p, &id)->parents_len, 0);
	cw_pushed_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(merged), cmocka_unit_test(damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
