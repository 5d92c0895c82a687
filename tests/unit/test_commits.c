/* tests/unit/test_commits.c - the graph of commits out of what workers noted: order, parents, boundaries, tags, reachability. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "scan/commits.h"

static struct cw_oid id_of(uint32_t n)
{
	return (struct cw_oid){ .len = 20, .id = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };
}

static void add(struct cw_notes *n, enum cw_object_type type, uint32_t id, const char *text, size_t len)
{
	struct cw_object_ref ref = { .oid = id_of(id) };
	struct cw_object o = { .type = type, .data = text, .len = len };

	assert_int_equal(cw_notes_add(n, &ref, &o, NULL), 0);
}

static void add_line(struct cw_buf *b, const char *key, uint32_t id)
{
	struct cw_oid oid = id_of(id);
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(&oid, hex);
	cw_buf_addf(b, "%s %s\n", key, hex);
}

/* Commit ID of TIME with the parents given, ended by 0; its tree is ID + 1000. */
static void commit(struct cw_notes *n, uint32_t id, int time, const uint32_t *parents)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	add_line(&b, "tree", id + 1000);
	for (; *parents; parents++)
		add_line(&b, "parent", *parents);
	cw_buf_addf(&b, "author A <a> 5 +0000\ncommitter C <c> %d +0000\n\nm\n", time);
	add(n, CW_OBJ_COMMIT, id, b.data, b.len);
}

static void tag(struct cw_notes *n, uint32_t id, uint32_t target)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	add_line(&b, "object", target);
	add(n, CW_OBJ_TAG, id, b.data, b.len);
}

#define PARENTS(...) ((const uint32_t[]){ __VA_ARGS__, 0 })

static struct cw_commits build(struct cw_notes *n, const struct cw_vec *shallow)
{
	const struct cw_vec none = CW_VEC_INIT(struct cw_oid, 1);
	struct cw_commits c;

	assert_int_equal(cw_commits_build(n, shallow ? shallow : &none, &c, NULL), 0);
	return c;
}

static uint32_t number(const struct cw_commits *c, uint32_t id)
{
	struct cw_oid oid = id_of(id);

	return cw_commits_find(c, &oid);
}

/* commits are numbered by (time, id), whoever noted them; parents, roots and trees are right */
static void graph(void **state)
{
	CW_CLEANUP(cw_notes_release) struct cw_notes a, b;
	CW_CLEANUP(cw_commits_release) struct cw_commits c;
	const struct cw_commit *merge;
	struct cw_oid tree = id_of(1004);

	cw_notes_init(&a);
	cw_notes_init(&b);
	commit(&a, 4, 30, PARENTS(2, 3));
	commit(&b, 3, 20, PARENTS(1));
	commit(&b, 2, 20, PARENTS(1));
	commit(&a, 1, 10, PARENTS(0));
	assert_int_equal(cw_notes_merge(&a, &b, NULL), 0);
	assert_int_equal(b.commits.len, 0);
	c = build(&a, NULL);
	for (uint32_t id = 1; id <= 4; id++)
		assert_int_equal(number(&c, id), id - 1);
	assert_int_equal(number(&c, 5), CW_COMMIT_NONE);
	merge = cw_commit_at(&c, 3);
	assert_int_equal(merge->parents_len, 2);
	assert_int_equal(CW_VEC_AT(&c.parents, uint32_t, merge->parents), 1);
	assert_int_equal(CW_VEC_AT(&c.parents, uint32_t, merge->parents + 1), 2);
	assert_int_equal(cw_oid_cmp(&merge->tree, &tree), 0);
	assert_int_equal(cw_commit_at(&c, 0)->parents_len, 0);
	assert_false(merge->cut);
}

/* a parent that is not there cuts a commit; one beyond a shallow boundary does not, and does not count even when it is there */
static void boundaries(void **state)
{
	CW_CLEANUP(cw_notes_release) struct cw_notes n;
	CW_CLEANUP(cw_commits_release) struct cw_commits c;
	CW_CLEANUP(cw_vec_release) struct cw_vec shallow = CW_VEC_INIT(struct cw_oid, 10);
	struct cw_oid *slot = cw_vec_push(&shallow);

	assert_non_null(slot);
	*slot = id_of(2);
	slot = cw_vec_push(&shallow);
	assert_non_null(slot);
	*slot = id_of(3);
	cw_notes_init(&n);
	commit(&n, 1, 1, PARENTS(0));
	commit(&n, 2, 2, PARENTS(99));
	commit(&n, 3, 3, PARENTS(1));
	commit(&n, 4, 4, PARENTS(1, 98));
	c = build(&n, &shallow);
	assert_false(cw_commit_at(&c, 1)->cut);
	assert_int_equal(cw_commit_at(&c, 1)->parents_len, 0);
	assert_false(cw_commit_at(&c, 2)->cut);
	assert_int_equal(cw_commit_at(&c, 2)->parents_len, 0);
	assert_true(cw_commit_at(&c, 3)->cut);
	assert_int_equal(cw_commit_at(&c, 3)->parents_len, 1);
}

/* what is no commit and no tag is nothing to note; a commit without a readable time is of time 0 */
static void malformed(void **state)
{
	static const char *const texts[] = { "", "tree", "tree 12\n", "parent x\n" };
	CW_CLEANUP(cw_notes_release) struct cw_notes n;
	CW_CLEANUP(cw_commits_release) struct cw_commits c;
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	cw_notes_init(&n);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		add(&n, CW_OBJ_COMMIT, 1, texts[i], strlen(texts[i]));
		add(&n, CW_OBJ_TAG, 2, texts[i], strlen(texts[i]));
		add(&n, CW_OBJ_BLOB, 3, texts[i], strlen(texts[i]));
	}
	add_line(&b, "tree", 7);
	cw_buf_adds(&b, "committer C <c> never\n");
	add(&n, CW_OBJ_COMMIT, 4, b.data, b.len);
	c = build(&n, NULL);
	assert_int_equal(c.list.len, 1);
	assert_int_equal(c.tags.len, 0);
	assert_int_equal(cw_commit_at(&c, 0)->time, 0);
}

/* a tag of a tag leads to what the last one names, and all on the way are reachable; a circle of tags has an end */
static void tags(void **state)
{
	CW_CLEANUP(cw_notes_release) struct cw_notes n;
	CW_CLEANUP(cw_commits_release) struct cw_commits c;
	struct cw_oid outer = id_of(12), blob = id_of(50), other = id_of(13), circle = id_of(20), got;

	cw_notes_init(&n);
	tag(&n, 12, 11);
	tag(&n, 10, 50);
	tag(&n, 11, 10);
	tag(&n, 13, 50);
	tag(&n, 20, 21);
	tag(&n, 21, 20);
	c = build(&n, NULL);
	got = cw_commits_peel(&c, &outer);
	assert_int_equal(cw_oid_cmp(&got, &blob), 0);
	got = cw_commits_peel(&c, &blob);
	assert_int_equal(cw_oid_cmp(&got, &blob), 0);
	for (uint32_t id = 10; id <= 12; id++) {
		struct cw_oid oid = id_of(id);

		assert_true(cw_commits_tag(&c, &oid)->reachable);
	}
	assert_false(cw_commits_tag(&c, &other)->reachable);
	assert_null(cw_commits_tag(&c, &blob));
	cw_commits_peel(&c, &circle);
}

/* a history of 100,000 commits, marked from its end: all ancestors and nothing else */
static void reach(void **state)
{
	CW_CLEANUP(cw_notes_release) struct cw_notes n;
	CW_CLEANUP(cw_commits_release) struct cw_commits c;
	const uint32_t len = 100000;

	cw_notes_init(&n);
	for (uint32_t id = 1; id <= len; id++)
		commit(&n, id, (int)id, PARENTS(id - 1));
	commit(&n, len + 1, (int)len + 1, PARENTS(len / 2));
	c = build(&n, NULL);
	assert_int_equal(cw_commits_reach(&c, number(&c, len), NULL), 0);
	for (uint32_t id = 1; id <= len; id++)
		assert_true(cw_commit_at(&c, number(&c, id))->reachable);
	assert_false(cw_commit_at(&c, number(&c, len + 1))->reachable);
	assert_int_equal(cw_commits_reach(&c, number(&c, len + 1), NULL), 0);
	assert_true(cw_commit_at(&c, number(&c, len + 1))->reachable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(graph), cmocka_unit_test(boundaries), cmocka_unit_test(malformed),
		cmocka_unit_test(tags),	 cmocka_unit_test(reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
