/* vcs/index_ext.c - the two extensions of an index that matter: the trees of its folders, and the link to a shared part. */
#include <string.h>

#include "vcs/index_int.h"

#define DEPTH_MAX 4096 /* folders in folders */
#define BITS_MAX ((size_t)1 << 26)

/* ---- TREE ---- */

/* A decimal number, -1 allowed, at *P up to the byte STOP, behind which *P moves. */
static bool read_number(const char **p, const char *end, char stop, int64_t *ret)
{
	bool minus = *p < end && **p == '-';
	int64_t n = 0;
	size_t digits = 0;

	*p += minus;
	for (; *p < end && **p >= '0' && **p <= '9' && n < INT32_MAX; ++*p, digits++)
		n = n * 10 + (**p - '0');
	if (!digits || *p == end || **p != stop)
		return false;
	++*p;
	*ret = minus ? -n : n;
	return true;
}

static bool read_tree(const char **p, const char *end, struct cw_index_tree *t, int64_t *ret_folders)
{
	const char *nul = memchr(*p, '\0', (size_t)(end - *p));
	int64_t entries;

	if (!nul)
		return false;
	t->name = *p;
	t->name_len = (uint32_t)(nul - *p);
	*p = nul + 1;
	if (!read_number(p, end, ' ', &entries) || !read_number(p, end, '\n', ret_folders) || *ret_folders < 0)
		return false;
	if (entries < 0)
		return true;
	if ((size_t)(end - *p) < CW_INDEX_ID_LEN)
		return false;
	t->entries = (uint32_t)entries;
	t->id = (const uint8_t *)*p;
	*p += CW_INDEX_ID_LEN;
	return true;
}

struct open_tree { /* a folder whose folders are being read */
	size_t number;
	int64_t left;
};

int cw_index_read_trees(const char *data, size_t len, struct cw_vec *trees, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec open = CW_VEC_INIT(struct open_tree, DEPTH_MAX);
	const char *p = data, *end = data + len;

	do {
		struct cw_index_tree *t = cw_vec_push(trees);
		struct open_tree *o = t ? cw_vec_push(&open) : NULL;

		if (!t)
			return cw_vec_fail(trees, "folders of the index", err);
		if (!o)
			return cw_vec_fail(&open, "folders in folders", err);
		o->number = trees->len - 1;
		if (!read_tree(&p, end, t, &o->left))
			return cw_index_bad(err, "the list of its folders");
		while (open.len && !CW_VEC_AT(&open, struct open_tree, open.len - 1).left) {
			CW_VEC_AT(trees, struct cw_index_tree, CW_VEC_AT(&open, struct open_tree, --open.len).number).end =
				trees->len;
		}
		if (open.len)
			CW_VEC_AT(&open, struct open_tree, open.len - 1).left--;
	} while (open.len);
	return 0;
}

/* ---- link ---- */

/* Append to SET (uint32_t) the numbers of the bits of WORD, the lowest of which is FIRST. */
static int add_bits(struct cw_vec *set, uint64_t word, uint64_t first, struct cw_err *err)
{
	for (unsigned i = 0; i < 64 && word >> i; i++) {
		uint32_t *slot;

		if (!(word >> i & 1))
			continue;
		slot = cw_vec_push(set);
		if (!slot)
			return cw_vec_fail(set, "entries of the index", err);
		*slot = (uint32_t)(first + i);
	}
	return 0;
}

static uint64_t u64(const char *p)
{
	return (uint64_t)cw_index_u32(p) << 32 | cw_index_u32(p + 4);
}

/* The compressed words (EWAH): each run has a head that says how many words are all 0 or all 1, and how many stand as they are. */
static int read_words(const char *p, size_t words, struct cw_vec *set, struct cw_err *err)
{
	uint64_t bit = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < words;) {
		uint64_t head = u64(p + 8 * i++), same = head >> 1 & 0xffffffff, plain = head >> 33;

		if (plain > words - i || same > BITS_MAX / 64 || bit + 64 * (same + plain) > BITS_MAX)
			return cw_index_bad(err, "its shared part");
		for (; !rc && same; same--, bit += 64)
			rc = head & 1 ? add_bits(set, UINT64_MAX, bit, err) : 0;
		for (; !rc && plain; plain--, bit += 64)
			rc = add_bits(set, u64(p + 8 * i++), bit, err);
	}
	return rc;
}

/* A bitmap at *POS of the LEN bytes at DATA: bits, words, the words, the place of the last head. */
static int read_bitmap(const char *data, size_t len, size_t *pos, struct cw_vec *set, struct cw_err *err)
{
	size_t words;
	int rc;

	if (len - *pos < 8)
		return cw_index_bad(err, "its shared part");
	words = cw_index_u32(data + *pos + 4);
	if (words > (len - *pos - 8) / 8 || len - *pos - 8 - 8 * words < 4)
		return cw_index_bad(err, "its shared part");
	rc = read_words(data + *pos + 8, words, set, err);
	*pos += 8 + 8 * words + 4;
	return rc;
}

static int entry_cmp(const struct cw_index_entry *a, const struct cw_index_entry *b)
{
	int c = strcmp(a->path, b->path);

	return c ? c : a->stage - b->stage;
}

static int push_entry(struct cw_index *x, const struct cw_index_entry *e, struct cw_err *err)
{
	struct cw_index_entry *slot = cw_vec_push(&x->joined);

	if (!slot)
		return cw_vec_fail(&x->joined, "entries of the index", err);
	*slot = *e;
	return 0;
}

/* Whether N is the next of SET at *POS, which moves behind it then. */
static bool is_next(const struct cw_vec *set, size_t *pos, size_t n)
{
	bool yes = *pos < set->len && CW_VEC_AT(set, uint32_t, *pos) == n;

	*pos += yes;
	return yes;
}

/* What stays of the shared part, with REPLACED and without DELETED, and among it what is new. The first of X's own entries are those that
 * replace others, in their order and without a name. */
static int join(struct cw_index *x, const struct cw_vec *deleted, const struct cw_vec *replaced, struct cw_err *err)
{
	const struct cw_vec *own = &x->own.entries, *shared = &x->shared.entries;
	size_t next = 0, add = replaced->len, d = 0, r = 0;
	int rc = 0;

	if (replaced->len > own->len)
		return cw_index_bad(err, "its shared part");
	for (size_t i = 0; !rc && i < shared->len; i++) {
		struct cw_index_entry e = CW_VEC_AT(shared, struct cw_index_entry, i);
		bool gone = is_next(deleted, &d, i);

		if (is_next(replaced, &r, i)) {
			const struct cw_index_entry *by = &CW_VEC_AT(own, struct cw_index_entry, next++);

			e.id = by->id;
			e.mode = by->mode;
			e.stage = by->stage;
			e.intent_to_add = by->intent_to_add;
		}
		if (gone)
			continue;
		for (; !rc && add < own->len && entry_cmp(&CW_VEC_AT(own, struct cw_index_entry, add), &e) < 0; add++)
			rc = push_entry(x, &CW_VEC_AT(own, struct cw_index_entry, add), err);
		rc = rc ? rc : push_entry(x, &e, err);
	}
	for (; !rc && add < own->len; add++)
		rc = push_entry(x, &CW_VEC_AT(own, struct cw_index_entry, add), err);
	if (!rc && (d < deleted->len || r < replaced->len))
		rc = cw_index_bad(err, "its shared part");
	return rc;
}

int cw_index_join(struct cw_index *x, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec deleted = CW_VEC_INIT(uint32_t, BITS_MAX);
	CW_CLEANUP(cw_vec_release) struct cw_vec replaced = CW_VEC_INIT(uint32_t, BITS_MAX);
	size_t pos = CW_INDEX_ID_LEN;
	int rc = 0;

	if (x->own.link_len > pos) {
		rc = read_bitmap(x->own.link, x->own.link_len, &pos, &deleted, err);
		rc = rc ? rc : read_bitmap(x->own.link, x->own.link_len, &pos, &replaced, err);
	}
	return rc ? rc : join(x, &deleted, &replaced, err);
}
