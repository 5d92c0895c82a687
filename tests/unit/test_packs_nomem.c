/* tests/unit/test_packs_nomem.c - each allocation of opening packs and reading from them fails in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "pack_make.h"
#include "vcs/packs.h"

#define MAX 1000

static void make_packs(struct made_store *s)
{
	struct made_pack m;

	made_store_init(s);
	made_pack_init(&m);
	made_pack_object(&m, 1, CW_OBJ_BLOB, "base");
	made_pack_ofs(&m, 2, 0, 4, "-one");
	made_pack_ref(&m, 3, 2, 8, "-two");
	made_pack_ref(&m, 4, 0xee, 8, "-three");
	made_store_add(s, "a", &m);
	made_pack_object(&m, 5, CW_OBJ_BLOB, "five");
	made_store_add(s, "b", &m);
}

/* With the N-th allocation failing (0: none): either all is there, or the failure says that memory is gone, or (of a directory that
 * cannot be listed) that something is missing. Returns how many allocations there were. */
static unsigned long open_once(struct made_store *s, unsigned long n)
{
	struct cw_packs *p = NULL;
	long live = cw_fail_alloc_live();
	unsigned long count;
	int rc;

	cw_fail_alloc_at(n);
	rc = cw_packs_open(&s->repo, &p, NULL);
	count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	assert_true(rc == 0 || (n && rc == CW_E_NOMEM));
	assert_true(!rc == (p != NULL));
	if (!rc && !cw_packs_faults(p)->len) /* qsort() can do without memory */
		assert_int_equal(cw_packs_len(p), 5);
	cw_packs_free(p);
	assert_int_equal(cw_fail_alloc_live(), live);
	return count;
}

static void test_open(void **state)
{
	CW_CLEANUP(made_store_release) struct made_store s;
	unsigned long count;

	make_packs(&s);
	count = open_once(&s, 0);
	assert_true(count > 10);
	for (unsigned long n = 1; n <= count; n++)
		open_once(&s, n);
}

static int read_all(const struct cw_packs *p)
{
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *r = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	enum cw_object_type type = 0;
	int rc = cw_pack_reader_new(p, &r, NULL);

	rc = rc ? rc : cw_pack_read(r, 4, MAX, &out, &type, NULL);
	rc = rc ? rc : cw_pack_read(r, 2, MAX, &out, &type, NULL);
	if (!rc)
		assert_string_equal(out.data, "base-one-two");
	return rc;
}

static void test_read(void **state)
{
	CW_CLEANUP(made_store_release) struct made_store s;
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *p = NULL;
	unsigned long count;
	long live;

	make_packs(&s);
	assert_int_equal(cw_packs_open(&s.repo, &p, NULL), 0);
	live = cw_fail_alloc_live();
	cw_fail_alloc_at(0);
	assert_int_equal(read_all(p), 0);
	count = cw_fail_alloc_count();
	assert_true(count > 5);
	for (unsigned long n = 1; n <= count; n++) {
		int rc;

		cw_fail_alloc_at(n);
		rc = read_all(p);
		cw_fail_alloc_at(0);
		assert_int_equal(rc, CW_E_NOMEM);
		assert_int_equal(cw_fail_alloc_live(), live);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_open), cmocka_unit_test(test_read) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
