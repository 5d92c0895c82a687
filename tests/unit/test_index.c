/* tests/unit/test_index.c - index files built here byte by byte, then cut and damaged. Those that git writes are tested with real commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/index.h"

#define ID_LEN 20
#define SHARED "sharedindex.1111111111111111111111111111111111111111"

enum { EXTENDED = 0x4000, INTENT_TO_ADD = 0x2000 };

struct given { /* an entry as it is written */
	const char *path;
	uint32_t mode;
	uint8_t id; /* each byte of it */
	uint8_t stage;
	unsigned more; /* the second flags; 0: none */
};

static const struct given three[] = {
	{"a", 0100644, 1, 0, 0}, {"dir/b", 0100755, 2, 0, 0}, {"dir/c", 0120000, 3, 0, 0},
};

static char folder[] = "/tmp/cw-index.XXXXXX";

static void put32(struct cw_buf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		cw_buf_addc(b, (char)(n >> shift));
}

static void put64(struct cw_buf *b, uint64_t n)
{
	put32(b, (uint32_t)(n >> 32));
	put32(b, (uint32_t)n);
}

static void put_many(struct cw_buf *b, int byte, size_t n)
{
	while (n-- > 0)
		cw_buf_addc(b, (char)byte);
}

static void put_head(struct cw_buf *b, uint32_t version, uint32_t count)
{
	cw_buf_add(b, "DIRC", 4);
	put32(b, version);
	put32(b, count);
}

/* LAST (may be NULL) is the path before, for version 4. */
static void put_entry(struct cw_buf *b, uint32_t version, const struct given *g, const char *last)
{
	size_t start = b->len, len = strlen(g->path), same = 0;
	unsigned flags = (unsigned)g->stage << 12 | (unsigned)(len < 0xfff ? len : 0xfff) | (g->more ? EXTENDED : 0U);

	put_many(b, 0, 24);
	put32(b, g->mode);
	put_many(b, 0, 12);
	put_many(b, g->id, ID_LEN);
	put_many(b, (int)(flags >> 8), 1);
	put_many(b, (int)(flags & 0xff), 1);
	if (g->more) {
		put_many(b, (int)(g->more >> 8), 1);
		put_many(b, (int)(g->more & 0xff), 1);
	}
	if (version < 4) {
		cw_buf_add(b, g->path, len);
		put_many(b, 0, 8 - (b->len - start) % 8);
		return;
	}
	while (last && last[same] && last[same] == g->path[same])
		same++;
	put_many(b, last ? (int)(strlen(last) - same) : 0, 1);
	cw_buf_add(b, g->path + same, len - same + 1);
}

static void put_extension(struct cw_buf *b, const char *name, const struct cw_buf *content)
{
	cw_buf_add(b, name, 4);
	put32(b, (uint32_t)content->len);
	cw_buf_add(b, content->data, content->len);
}

static void put_entries(struct cw_buf *b, uint32_t version, const struct given *g, size_t n)
{
	put_head(b, version, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_entry(b, version, &g[i], i > 0 ? g[i - 1].path : NULL);
}

static void write_as(const char *name, const void *data, size_t len)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(cw_io_replace_file(path, data, len, 0600, NULL), 0);
}

/* Read the LEN bytes at DATA and the checksum behind them as an index. */
static int read_bytes(const char *data, size_t len, struct cw_index **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf file = CW_BUF_INIT;
	char path[256];

	cw_buf_add(&file, data, len);
	put_many(&file, 0x77, ID_LEN);
	write_as("index", file.data, file.len);
	snprintf(path, sizeof(path), "%s/index", folder);
	return cw_index_read(path, folder, ret, err);
}

static void refuse(const struct cw_buf *b, int code, const char *message)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_index *x = NULL;
	int rc = read_bytes(b->data, b->len, &x, &err);

	if (rc != code || !strstr(cw_err_msg(&err), message))
		fail_msg("%d '%s' instead of %d '%s'", rc, cw_err_msg(&err), code, message);
	assert_null(x);
}

static struct cw_index *accept(const struct cw_buf *b)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_index *x = NULL;

	if (read_bytes(b->data, b->len, &x, &err) != 0)
		fail_msg("%s", cw_err_msg(&err));
	return x;
}

static void check(const struct cw_index *x, const struct given *g, size_t n)
{
	const struct cw_vec *v = cw_index_entries(x);

	assert_int_equal(v->len, n);
	for (size_t i = 0; i < n; i++) {
		const struct cw_index_entry *e = &CW_VEC_AT(v, struct cw_index_entry, i);

		assert_string_equal(e->path, g[i].path);
		assert_int_equal(e->path_len, strlen(g[i].path));
		assert_int_equal(e->mode, g[i].mode);
		assert_int_equal(e->stage, g[i].stage);
		assert_int_equal(e->intent_to_add, (g[i].more & INTENT_TO_ADD) != 0);
		for (size_t k = 0; k < ID_LEN; k++)
			assert_int_equal(e->id[k], g[i].id);
	}
}

static void test_versions(void **state)
{
	/* the same entries in every version; a version that nobody knows yet */
	for (uint32_t version = 1; version <= 5; version++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
		struct cw_index *x;

		put_entries(&b, version, three, 3);
		if (version < 2 || version > 4) {
			refuse(&b, CW_E_UNSUPPORTED, "version");
			continue;
		}
		x = accept(&b);
		check(x, three, 3);
		assert_int_equal(cw_index_trees(x)->len, 0);
		cw_index_free(x);
	}
}

static void test_flags(void **state)
{
	/* a conflict, an entry that is only announced, a path longer than its length field can say */
	static char path[5000];
	const struct given g[] = {
		{"a", 0100644, 1, 1, 0}, {"a", 0100644, 2, 2, 0}, {"a", 0100644, 3, 3, 0}, {"b", 0100644, 4, 0, INTENT_TO_ADD},
		{path, 0100644, 5, 0, 0},
	};

	memset(path, 'x', sizeof(path) - 1);
	for (uint32_t version = 3; version <= 4; version++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
		struct cw_index *x;

		put_entries(&b, version, g, 5);
		x = accept(&b);
		check(x, g, 5);
		assert_null(cw_index_find(x, "a"));
		assert_null(cw_index_find(x, "b"));
		assert_null(cw_index_find(x, "bb"));
		assert_int_equal(cw_index_find(x, path)->id[0], 5);
		cw_index_free(x);
	}
}

static void test_find(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	struct cw_index *x = NULL;

	put_entries(&b, 2, three, 3);
	x = accept(&b);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(cw_index_find(x, three[i].path)->id[0], three[i].id);
	assert_null(cw_index_find(x, ""));
	assert_null(cw_index_find(x, "dir"));
	assert_null(cw_index_find(x, "z"));
	cw_index_free(x);
	/* no file: an empty index */
	x = NULL;
	assert_int_equal(cw_index_read("/nonexistent/index", folder, &x, NULL), 0);
	assert_int_equal(cw_index_entries(x)->len, 0);
	assert_null(cw_index_find(x, "a"));
	cw_index_free(x);
}

static void test_cut(void **state)
{
	/* wherever the file ends, it is damaged; never an index with fewer entries */
	for (uint32_t version = 2; version <= 4; version++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, tree = CW_BUF_INIT;
		size_t whole;

		put_entries(&b, version, three, 3);
		whole = b.len;
		cw_buf_add(&tree, "\0-1 0\n", 6);
		put_extension(&b, "TREE", &tree);
		for (size_t len = 0; len < b.len; len++) {
			struct cw_index *x = NULL;
			int rc = read_bytes(b.data, len, &x, NULL);

			assert_int_equal(rc, len == whole ? 0 : CW_E_CORRUPT);
			cw_index_free(x);
		}
	}
}

static void test_order(void **state)
{
	/* not sorted, twice the same, stages the wrong way round */
	static const struct given bad[][2] = {
		{{"b", 0100644, 1, 0, 0}, {"a", 0100644, 1, 0, 0}},
		{{"a", 0100644, 1, 0, 0}, {"a", 0100644, 1, 0, 0}},
		{{"a", 0100644, 1, 2, 0}, {"a", 0100644, 1, 1, 0}},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

		put_entries(&b, 2, bad[i], 2);
		refuse(&b, CW_E_CORRUPT, "not sorted");
	}
}

static void test_counts(void **state)
{
	/* more entries than there are; fewer: what follows is no extension */
	for (uint32_t count = 0; count < 10; count++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

		put_entries(&b, 2, three, 3);
		b.data[11] = (char)count;
		if (count != 3)
			refuse(&b, count < 3 ? CW_E_UNSUPPORTED : CW_E_CORRUPT, "index");
		b.data[8] = (char)0xff;
		refuse(&b, CW_E_CORRUPT, "fewer entries");
	}
}

static void test_long_name(void **state)
{
	/* the length of a name is larger than the name: by a NUL that only fills up */
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	put_entries(&b, 2, three, 1);
	b.data[12 + 40 + ID_LEN + 1]++;
	refuse(&b, CW_E_CORRUPT, "a name");
}

static void test_names_of_version_4(void **state)
{
	/* more is dropped than the name before has; a number that has no end or is too large */
	static const char *const drops[] = {"\x09", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"};

	for (size_t i = 0; i < sizeof(drops) / sizeof(drops[0]); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

		put_head(&b, 4, 2);
		put_entry(&b, 4, &three[0], NULL);
		put_entry(&b, 4, &three[1], NULL);
		cw_buf_truncate(&b, b.len - strlen(three[1].path) - 2);
		cw_buf_adds(&b, drops[i]);
		cw_buf_add(&b, "z", 2);
		refuse(&b, CW_E_CORRUPT, "a name");
	}
}

static void test_extensions(void **state)
{
	/* an optional one is passed over, one that must be understood is not, one that is longer than the file neither */
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, content = CW_BUF_INIT;
	size_t start;

	put_entries(&b, 2, three, 3);
	start = b.len;
	put_many(&content, 'x', 100);
	put_extension(&b, "ZZZZ", &content);
	put_extension(&b, "sdir", &content);
	cw_index_free(accept(&b));
	put_extension(&b, "zzzz", &content);
	refuse(&b, CW_E_UNSUPPORTED, "extension");
	cw_buf_truncate(&b, start);
	put_extension(&b, "ZZZZ", &content);
	b.data[start + 7]++;
	refuse(&b, CW_E_CORRUPT, "ends within an extension");
}

/* ---- the trees of folders ---- */

static void put_tree(struct cw_buf *b, const char *name, const char *numbers, int id)
{
	cw_buf_add(b, name, strlen(name) + 1);
	cw_buf_adds(b, numbers);
	if (id >= 0)
		put_many(b, id, ID_LEN);
}

static void put_trees(struct cw_buf *b, const struct cw_buf *trees)
{
	put_entries(b, 2, three, 3);
	put_extension(b, "TREE", trees);
}

static void test_trees(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, trees = CW_BUF_INIT;
	static const struct { const char *name; uint32_t entries; int id; size_t end; } want[] = {
		{"", 3, 9, 4}, {"dir", 2, 8, 3}, {"deep", 0, -1, 3}, {"e", 1, 7, 4},
	};
	const struct cw_vec *got;
	struct cw_index *x;

	put_tree(&trees, "", "3 2\n", 9);
	put_tree(&trees, "dir", "2 1\n", 8);
	put_tree(&trees, "deep", "-1 0\n", -1);
	put_tree(&trees, "e", "1 0\n", 7);
	put_trees(&b, &trees);
	x = accept(&b);
	got = cw_index_trees(x);
	assert_int_equal(got->len, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct cw_index_tree *t = &CW_VEC_AT(got, struct cw_index_tree, i);

		assert_int_equal(t->name_len, strlen(want[i].name));
		assert_memory_equal(t->name, want[i].name, t->name_len);
		assert_int_equal(t->entries, want[i].entries);
		assert_int_equal(t->end, want[i].end);
		if (want[i].id < 0)
			assert_null(t->id);
		else
			assert_int_equal(t->id[0], want[i].id);
	}
	cw_index_free(x);
}

static void test_bad_trees(void **state)
{
	/* a folder too many, no number, a number without an end, an id that is cut, a folder with fewer than none */
	static const char *const numbers[] = {"3 1\n", "x 0\n", "3 0", "3 0\nxxxx", "3 -1\n", "", "- 0\n", "3\n"};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, trees = CW_BUF_INIT;

		put_tree(&trees, "", numbers[i], i == 0 || i == 4 ? 9 : -1);
		put_trees(&b, &trees);
		refuse(&b, CW_E_CORRUPT, "list of its folders");
	}
}

static void test_deep_trees(void **state)
{
	/* more folders in folders than are followed */
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, trees = CW_BUF_INIT;

	for (size_t i = 0; i < 5000; i++)
		put_tree(&trees, "d", "-1 1\n", -1);
	put_trees(&b, &trees);
	refuse(&b, CW_E_LIMIT, "folders");
}

/* ---- an index in two files ---- */

/* One head and one plain word. */
static void put_bitmap(struct cw_buf *b, uint64_t word)
{
	put32(b, 64);
	put32(b, 2);
	put64(b, (uint64_t)1 << 33);
	put64(b, word);
	put32(b, 0);
}

static void put_split(struct cw_buf *b, uint64_t deleted, uint64_t replaced)
{
	/* of the shared a, dir/b and dir/c; an entry that replaces another has no name */
	static const struct given by = {"", 0100644, 6, 0, 0}, more = {"dir/bb", 0100644, 7, 0, 0};
	CW_CLEANUP(cw_buf_release) struct cw_buf link = CW_BUF_INIT;

	put_head(b, 2, 2);
	put_entry(b, 2, &by, NULL);
	put_entry(b, 2, &more, NULL);
	put_many(&link, 0x11, ID_LEN);
	put_bitmap(&link, deleted);
	put_bitmap(&link, replaced);
	put_extension(b, "link", &link);
}

static void write_shared(const struct cw_buf *content)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf file = CW_BUF_INIT;

	cw_buf_add(&file, content->data, content->len);
	put_many(&file, 0x77, ID_LEN);
	write_as(SHARED, file.data, file.len);
}

static void test_split(void **state)
{
	static const struct given want[] = {{"dir/b", 0100644, 6, 0, 0}, {"dir/bb", 0100644, 7, 0, 0}, {"dir/c", 0120000, 3, 0, 0}};
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, shared = CW_BUF_INIT;
	struct cw_index *x;

	put_entries(&shared, 4, three, 3);
	write_shared(&shared);
	put_split(&b, 1, 2);
	x = accept(&b);
	check(x, want, 3);
	assert_non_null(cw_index_find(x, "dir/bb"));
	cw_index_free(x);
}

static void test_bad_split(void **state)
{
	/* bits of entries that the shared part does not have; more that replace than there are; a shared part that is split, or gone */
	static const struct { uint64_t deleted, replaced; } bits[] = {{8, 2}, {1, 16}, {0, 7}, {(uint64_t)1 << 63, 2}};
	CW_CLEANUP(cw_buf_release) struct cw_buf shared = CW_BUF_INIT, split = CW_BUF_INIT;
	char path[256];

	put_entries(&shared, 2, three, 3);
	write_shared(&shared);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

		put_split(&b, bits[i].deleted, bits[i].replaced);
		refuse(&b, CW_E_CORRUPT, "its shared part");
	}
	put_split(&split, 1, 2);
	write_shared(&split);
	refuse(&split, CW_E_CORRUPT, "split again");
	snprintf(path, sizeof(path), "%s/" SHARED, folder);
	unlink(path);
	refuse(&split, CW_E_CORRUPT, "its shared part is not there");
}

static void test_cut_bitmaps(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf shared = CW_BUF_INIT, link = CW_BUF_INIT;

	put_entries(&shared, 2, three, 3);
	write_shared(&shared);
	put_many(&link, 0x11, ID_LEN);
	put_bitmap(&link, 1);
	put_bitmap(&link, 0);
	for (size_t len = 0; len < link.len; len++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, part = CW_BUF_INIT;
		struct cw_index *x = NULL;

		cw_buf_add(&part, link.data, len);
		put_head(&b, 2, 0);
		put_extension(&b, "link", &part);
		/* with the id alone nothing changed; else it is damaged */
		if (len != ID_LEN) {
			refuse(&b, CW_E_CORRUPT, "its shared part");
			continue;
		}
		x = accept(&b);
		check(x, three, 3);
		cw_index_free(x);
	}
}

static void test_bomb(void **state)
{
	/* a run of four thousand million words that are all 1, in 16 bytes */
	CW_CLEANUP(cw_buf_release) struct cw_buf shared = CW_BUF_INIT, link = CW_BUF_INIT, b = CW_BUF_INIT;

	put_entries(&shared, 2, three, 3);
	write_shared(&shared);
	put_many(&link, 0x11, ID_LEN);
	put32(&link, 64);
	put32(&link, 1);
	put64(&link, 0x1ffffffffULL);
	put32(&link, 0);
	put_bitmap(&link, 0);
	put_head(&b, 2, 0);
	put_extension(&b, "link", &link);
	refuse(&b, CW_E_CORRUPT, "its shared part");
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"index", SHARED};
	char path[256];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_names_of_version_4),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_bad_trees),
		cmocka_unit_test(test_deep_trees),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_bad_split),
		cmocka_unit_test(test_cut_bitmaps),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
