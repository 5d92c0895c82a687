/* tests/unit/test_packs.c - what vcs/packs.h says of entries: places, families, types, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pack_make.h"
#include "vcs/packs.h"

#define MAX 1000

static struct cw_oid oid(uint8_t id)
{
	struct cw_oid o = { .len = 20 };

	memset(o.id, id, o.len);
	return o;
}

static uint32_t find(const struct cw_packs *p, uint8_t id)
{
	struct cw_oid o = oid(id);

	return cw_packs_find(p, &o);
}

static void reads_as(const struct cw_packs *p, uint32_t i, enum cw_object_type type, const char *want)
{
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *r = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	enum cw_object_type got = 0;

	assert_int_equal(cw_pack_reader_new(p, &r, NULL), 0);
	assert_int_equal(cw_pack_read(r, i, MAX, &out, &got, NULL), 0);
	assert_int_equal(got, type);
	assert_string_equal(out.data, want);
}

/* One pack: a tree with children and grandchildren, given in the order of their places. */
static void test_family(void **state)
{
	CW_CLEANUP(made_store_release) struct made_store s;
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *p = NULL;
	struct made_pack m;
	const struct cw_entry *e;

	made_store_init(&s);
	made_pack_init(&m);
	made_pack_object(&m, 0x90, CW_OBJ_BLOB, "base");
	made_pack_ofs(&m, 0x10, 0, 4, "-one");
	made_pack_ofs(&m, 0x70, 0, 4, "-two");
	made_pack_ofs(&m, 0x20, 1, 8, "-three");
	made_pack_ref(&m, 0x30, 0x90, 4, "-four");
	made_pack_object(&m, 0x40, CW_OBJ_COMMIT, "commit");
	made_store_add(&s, "a", &m);
	assert_int_equal(cw_packs_open(&s.repo, &p, NULL), 0);
	assert_int_equal(cw_packs_len(p), 6);
	assert_int_equal(cw_packs_count(p), 1);
	assert_int_equal(cw_packs_faults(p)->len, 0);
	assert_non_null(strstr(cw_packs_path(p, 0), "pack/pack-a.pack"));
	/* places without gaps */
	e = cw_packs_entry(p, 0);
	assert_int_equal(e[0].offset, 12);
	for (int i = 0; i < 5; i++)
		assert_int_equal(e[i].end, e[i + 1].offset);
	/* families in ascending order */
	assert_int_equal(e[0].child, 1);
	assert_int_equal(e[1].sibling, 2);
	assert_int_equal(e[2].sibling, 4);
	assert_int_equal(e[4].sibling, CW_ENTRY_NONE);
	assert_int_equal(e[1].child, 3);
	assert_int_equal(e[3].sibling, CW_ENTRY_NONE);
	assert_int_equal(e[3].base, 1);
	assert_int_equal(e[4].base, 0);
	assert_int_equal(e[0].base, CW_ENTRY_NONE);
	assert_int_equal(e[5].child, CW_ENTRY_NONE);
	/* types and states, without reading anything */
	for (int i = 0; i < 6; i++) {
		assert_int_equal(e[i].type, i < 5 ? CW_OBJ_BLOB : CW_OBJ_COMMIT);
		assert_int_equal(e[i].state, CW_ENTRY_GOOD);
		assert_int_equal(e[i].delta, i > 0 && i < 5);
	}
	assert_int_equal(e[0].size, 4);
	/* ids */
	assert_int_equal(find(p, 0x20), 3);
	assert_int_equal(find(p, 0x90), 0);
	assert_int_equal(find(p, 0x91), CW_ENTRY_NONE);
	assert_int_equal(find(p, 0xff), CW_ENTRY_NONE);
	assert_int_equal(find(p, 0), CW_ENTRY_NONE);
	assert_int_equal(cw_packs_next_copy(p, 3), CW_ENTRY_NONE);
	reads_as(p, 3, CW_OBJ_BLOB, "base-one-three");
	reads_as(p, 4, CW_OBJ_BLOB, "base-four");
	reads_as(p, 5, CW_OBJ_COMMIT, "commit");
}

/* Three packs: copies, a base in another pack, a base behind its delta, bases in none. */
static void test_packs(void **state)
{
	CW_CLEANUP(made_store_release) struct made_store s;
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *p = NULL;
	struct made_pack m;
	const struct cw_entry *e;
	struct cw_oid base;

	made_store_init(&s);
	made_pack_init(&m);
	made_pack_ref(&m, 0x01, 0x05, 6, "+");	    /* 0: its base is in the last pack */
	made_pack_object(&m, 0x02, CW_OBJ_TAG, "t"); /* 1 */
	made_store_add(&s, "a", &m);
	made_pack_ref(&m, 0x03, 0x02, 1, "x");	     /* 2: its base stands in pack a, and behind it in this one */
	made_pack_object(&m, 0x02, CW_OBJ_BLOB, "b"); /* 3: says it is the same as 1 */
	made_pack_ref(&m, 0x04, 0xee, 1, "y");	     /* 4: its base is nowhere */
	made_pack_ofs(&m, 0x06, 2, 2, "z");	     /* 5: nor is the base of this one's base */
	made_store_add(&s, "b", &m);
	made_pack_object(&m, 0x05, CW_OBJ_TREE, "a tree"); /* 6 */
	made_pack_object(&m, 0x02, CW_OBJ_TAG, "t");	    /* 7 */
	made_pack_object(&m, 0x02, CW_OBJ_TAG, "t");	    /* 8 */
	made_store_add(&s, "c", &m);
	assert_int_equal(cw_packs_open(&s.repo, &p, NULL), 0);
	assert_int_equal(cw_packs_len(p), 9);
	assert_int_equal(cw_packs_count(p), 3);
	e = cw_packs_entry(p, 0);
	assert_int_equal(e[0].base, 6);
	assert_int_equal(e[0].type, CW_OBJ_TREE);
	assert_int_equal(e[6].child, 0);
	assert_int_equal(e[2].base, 3);
	assert_int_equal(e[2].type, CW_OBJ_BLOB);
	reads_as(p, 0, CW_OBJ_TREE, "a tree+");
	reads_as(p, 2, CW_OBJ_BLOB, "bx");
	/* copies, from the first to the last */
	assert_int_equal(find(p, 0x02), 1);
	assert_int_equal(cw_packs_next_copy(p, 1), 3);
	assert_int_equal(cw_packs_next_copy(p, 3), 7);
	assert_int_equal(cw_packs_next_copy(p, 7), 8);
	assert_int_equal(cw_packs_next_copy(p, 8), CW_ENTRY_NONE);
	/* what stands on something outside */
	assert_int_equal(e[4].base, CW_ENTRY_OUTSIDE);
	assert_int_equal(e[4].child, 5);
	for (int i = 4; i <= 5; i++) {
		assert_int_equal(e[i].state, CW_ENTRY_ADRIFT);
		assert_int_equal(e[i].type, 0);
	}
	cw_packs_outside_base(p, 4, &base);
	assert_int_equal(base.len, 20);
	assert_int_equal(base.id[0], 0xee);
	assert_int_equal(base.id[19], 0xee);
}

/* A pack whose index is wrong is left out, and said to be. */
static void test_fault(void **state)
{
	CW_CLEANUP(made_store_release) struct made_store s;
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *p = NULL;
	struct made_pack m;

	made_store_init(&s);
	made_pack_init(&m);
	made_pack_object(&m, 1, CW_OBJ_BLOB, "one");
	made_pack_object(&m, 2, CW_OBJ_BLOB, "two");
	m.offset[1] = m.offset[0];
	made_store_add(&s, "a", &m);
	made_pack_object(&m, 3, CW_OBJ_BLOB, "three");
	made_store_add(&s, "b", &m);
	assert_int_equal(cw_packs_open(&s.repo, &p, NULL), 0);
	assert_int_equal(cw_packs_len(p), 1);
	assert_int_equal(cw_packs_faults(p)->len, 1);
	assert_non_null(strstr(CW_VEC_AT(cw_packs_faults(p), struct cw_store_fault, 0).what, "pack-a.idx"));
	assert_int_equal(find(p, 1), CW_ENTRY_NONE);
	reads_as(p, find(p, 3), CW_OBJ_BLOB, "three");
}

/* The limits of what is asked for, and that a failure does not spoil the reader. */
static void test_limits(void **state)
{
	CW_CLEANUP(made_store_release) struct made_store s;
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *p = NULL;
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *r = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf small = CW_BUF_INIT_MAX(3);
	enum cw_object_type type = 0;
	struct made_pack m;

	made_store_init(&s);
	made_pack_init(&m);
	made_pack_object(&m, 1, CW_OBJ_BLOB, "base");
	made_pack_ofs(&m, 2, 0, 4, "0123456789");
	made_store_add(&s, "a", &m);
	assert_int_equal(cw_packs_open(&s.repo, &p, NULL), 0);
	assert_int_equal(cw_pack_reader_new(p, &r, NULL), 0);
	/* a full object of just the limit, and of one byte more */
	assert_int_equal(cw_pack_inflate(r, 0, 4, &out, NULL), 0);
	assert_string_equal(out.data, "base");
	assert_int_equal(cw_pack_inflate(r, 0, 3, &out, NULL), CW_E_LIMIT);
	/* the buffer's own limit */
	assert_int_equal(cw_pack_inflate(r, 0, 4, &small, NULL), CW_E_LIMIT);
	/* a delta inflates to its instructions: here they are longer than what they make */
	assert_int_equal(cw_pack_inflate(r, 1, 15, &out, NULL), 0);
	assert_int_equal(out.len, 15);
	assert_int_equal(cw_pack_read(r, 1, 15, &out, &type, NULL), 0);
	assert_string_equal(out.data, "base0123456789");
	assert_int_equal(cw_pack_read(r, 1, 13, &out, &type, NULL), CW_E_LIMIT);
	assert_int_equal(cw_pack_read(r, 1, UINT64_MAX, &out, &type, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_packs),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
