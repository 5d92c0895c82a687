/* vcs/index.c - see index.h: the file, its entries and its extensions. */
#include "vcs/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "vcs/index_int.h"
#include "vcs/layout.h"

#define HEADER_LEN 12 /* bytes */
#define STAT_LEN 40   /* bytes of an entry before its id */
#define ENTRIES_MAX ((size_t)1 << 26)
#define NAMES_MAX ((size_t)4 << 30) /* bytes */
#define PATH_LEN_MAX ((size_t)1 << 20)

enum { FLAG_EXTENDED = 0x4000, FLAG_STAGE = 0x3000, FLAG_NAME = 0x0fff, MORE_INTENT_TO_ADD = 0x2000 };

uint32_t cw_index_u32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static unsigned u16(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (unsigned)u[0] << 8 | u[1];
}

int cw_index_bad(struct cw_err *err, const char *what)
{
	return cw_err_set(err, CW_E_CORRUPT, "the index is damaged: %s", what);
}

struct cw_oid cw_index_oid(const uint8_t *id)
{
	struct cw_oid oid = { .len = CW_INDEX_ID_LEN };

	memcpy(oid.id, id, CW_INDEX_ID_LEN);
	return oid;
}

/* ---- entries ---- */

/* How many bytes of the name before are dropped, of a name of version 4; the bytes read, 0 when there are none. */
static size_t read_drop(const char *p, const char *end, size_t *ret)
{
	const char *start = p;
	size_t value;

	if (p == end)
		return 0;
	value = (unsigned char)*p & 0x7f;
	while (*p++ & 0x80) {
		if (p == end || value > PATH_LEN_MAX)
			return 0;
		value = (value + 1) << 7 | ((unsigned char)*p & 0x7f);
	}
	*ret = value;
	return (size_t)(p - start);
}

/* Append the name at P (version 4) to the part's names; *ret_len is its length in the file, without what follows the NUL. The path of E is
 * its offset for now: the names may move. */
static int unpack_name(struct cw_index_part *part, const char *p, const char *end, struct cw_index_entry *e,
		       const struct cw_index_entry *last, size_t *ret_len, struct cw_err *err)
{
	size_t drop = 0, head = read_drop(p, end, &drop), start = part->names.len, keep, add;
	const char *nul = head ? memchr(p + head, '\0', (size_t)(end - p) - head) : NULL;

	if (!nul || drop > (last ? last->path_len : 0))
		return cw_index_bad(err, "a name");
	add = (size_t)(nul - p) - head;
	keep = last ? last->path_len - drop : 0;
	if (keep + add > PATH_LEN_MAX)
		return cw_index_bad(err, "a name");
	if (cw_buf_reserve(&part->names, keep + add + 1))
		return cw_buf_fail(&part->names, "the names of the index", err);
	if (keep)
		cw_buf_add(&part->names, part->names.data + (uintptr_t)last->path, keep);
	cw_buf_add(&part->names, p + head, add + 1);
	e->path = (const char *)(uintptr_t)start;
	e->path_len = (uint32_t)(keep + add);
	*ret_len = head + add + 1;
	return cw_buf_fail(&part->names, "the names of the index", err);
}

/* The name at P of versions 2 and 3; *ret_len with the NULs behind it. HEAD bytes stand before it. */
static int read_name(const char *p, const char *end, size_t head, unsigned flags, struct cw_index_entry *e, size_t *ret_len,
		     struct cw_err *err)
{
	size_t len = flags & FLAG_NAME;
	const char *nul;

	if (len == FLAG_NAME) {
		nul = memchr(p, '\0', (size_t)(end - p));
		len = nul ? (size_t)(nul - p) : (size_t)(end - p);
	}
	if (len >= (size_t)(end - p) || p[len] || len > PATH_LEN_MAX || memchr(p, '\0', len))
		return cw_index_bad(err, "a name");
	e->path = p;
	e->path_len = (uint32_t)len;
	*ret_len = ((head + len + 8) & ~(size_t)7) - head;
	return 0;
}

/* The entry at *POS, which moves behind it. */
static int read_entry(struct cw_index_part *part, unsigned version, size_t *pos, struct cw_index_entry *e,
		      const struct cw_index_entry *last, struct cw_err *err)
{
	const char *p = part->data.data + *pos, *end = part->data.data + part->data.len;
	size_t head = STAT_LEN + CW_INDEX_ID_LEN + 2, name;
	unsigned flags, more = 0;
	int rc;

	if ((size_t)(end - p) < head + 2)
		return cw_index_bad(err, "it ends within an entry");
	e->mode = cw_index_u32(p + 24);
	e->id = (const uint8_t *)p + STAT_LEN;
	flags = u16(p + STAT_LEN + CW_INDEX_ID_LEN);
	if (flags & FLAG_EXTENDED && version > 2) {
		more = u16(p + head);
		head += 2;
	}
	e->stage = (uint8_t)((flags & FLAG_STAGE) >> 12);
	e->intent_to_add = (more & MORE_INTENT_TO_ADD) != 0;
	if (version == 4)
		rc = unpack_name(part, p + head, end, e, last, &name, err);
	else
		rc = read_name(p + head, end, head, flags, e, &name, err);
	if (!rc && head + name > (size_t)(end - p))
		rc = cw_index_bad(err, "it ends within an entry");
	*pos += rc ? 0 : head + name;
	return rc;
}

static int read_entries(struct cw_index_part *part, size_t *pos, struct cw_err *err)
{
	unsigned version = cw_index_u32(part->data.data + 4);
	size_t count = cw_index_u32(part->data.data + 8);
	int rc;

	if (version < 2 || version > 4)
		return cw_err_set(err, CW_E_UNSUPPORTED, "the index is of version %u, which this program does not know", version);
	if (count > part->data.len / (STAT_LEN + CW_INDEX_ID_LEN))
		return cw_index_bad(err, "it has fewer entries than it says");
	rc = cw_vec_reserve(&part->entries, count);
	if (rc)
		return cw_vec_fail(&part->entries, "entries of the index", err);
	for (size_t i = 0; i < count; i++) {
		struct cw_index_entry *e = cw_vec_push(&part->entries);

		if (!e)
			return cw_vec_fail(&part->entries, "entries of the index", err);
		rc = read_entry(part, version, pos, e, i ? e - 1 : NULL, err);
		if (rc)
			return rc;
	}
	for (size_t i = 0; version == 4 && i < count; i++) {
		struct cw_index_entry *e = &CW_VEC_AT(&part->entries, struct cw_index_entry, i);

		e->path = part->names.data + (uintptr_t)e->path;
	}
	return 0;
}

/* ---- extensions ---- */

static int read_extension(struct cw_index *x, struct cw_index_part *part, const char *name, const char *data, size_t len,
			  struct cw_err *err)
{
	if (!memcmp(name, "TREE", 4))
		return part == &x->own && !x->trees.len ? cw_index_read_trees(data, len, &x->trees, err) : 0;
	if (!memcmp(name, "link", 4)) {
		part->link = data;
		part->link_len = len;
		return 0;
	}
	if (!memcmp(name, "sdir", 4) || (*name >= 'A' && *name <= 'Z'))
		return 0;
	return cw_err_set(err, CW_E_UNSUPPORTED, "the index has an extension that this program does not know");
}

static int read_part(struct cw_index *x, struct cw_index_part *part, struct cw_err *err)
{
	const char *data = part->data.data;
	size_t pos = HEADER_LEN, end = part->data.len;
	int rc;

	if (end < HEADER_LEN + CW_INDEX_ID_LEN || memcmp(data, "DIRC", 4))
		return cw_index_bad(err, "it does not begin as an index");
	part->data.len -= CW_INDEX_ID_LEN; /* the checksum of all, which git does not check either */
	end = part->data.len;
	rc = read_entries(part, &pos, err);
	while (!rc && pos < end) {
		size_t len;

		if (end - pos < 8)
			return cw_index_bad(err, "it ends within an extension");
		len = cw_index_u32(data + pos + 4);
		if (len > end - pos - 8)
			return cw_index_bad(err, "it ends within an extension");
		rc = read_extension(x, part, data + pos, data + pos + 8, len, err);
		pos += 8 + len;
	}
	return rc;
}

/* ---- the whole ---- */

/* A split index holds what changed since another file, which its extension names. */
static int read_shared(struct cw_index *x, const char *git_dir, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *path = NULL;
	char name[sizeof("sharedindex.") + CW_OID_HEX_SIZE] = "sharedindex.";
	char hex[CW_OID_HEX_SIZE];
	struct cw_oid oid;
	int rc;

	if (x->own.link_len < CW_INDEX_ID_LEN)
		return cw_index_bad(err, "its shared part is not named");
	oid = cw_index_oid((const uint8_t *)x->own.link);
	cw_oid_hex(&oid, hex);
	memcpy(name + strlen(name), hex, strlen(hex) + 1);
	path = cw_path_join(git_dir, name);
	if (!path)
		return cw_err_nomem(err);
	rc = cw_io_read_file(path, CW_INDEX_FILE_MAX, 0, &x->shared.data, err);
	if (rc == CW_E_NOTFOUND)
		rc = cw_index_bad(err, "its shared part is not there");
	rc = rc ? rc : read_part(x, &x->shared, err);
	if (!rc && x->shared.link)
		rc = cw_index_bad(err, "its shared part is split again");
	return rc ? rc : cw_index_join(x, err);
}

/* Everything that looks for an entry trusts their order. */
static int check_order(const struct cw_vec *v, struct cw_err *err)
{
	for (size_t i = 1; i < v->len; i++) {
		const struct cw_index_entry *e = &CW_VEC_AT(v, struct cw_index_entry, i);
		int c = strcmp(e[-1].path, e->path);

		if (c > 0 || (c == 0 && e[-1].stage >= e->stage))
			return cw_index_bad(err, "its entries are not sorted");
	}
	return 0;
}

static void part_init(struct cw_index_part *part)
{
	part->data = (struct cw_buf)CW_BUF_INIT_MAX(CW_INDEX_FILE_MAX + 1);
	part->names = (struct cw_buf)CW_BUF_INIT_MAX(NAMES_MAX);
	part->entries = (struct cw_vec)CW_VEC_INIT(struct cw_index_entry, ENTRIES_MAX);
}

int cw_index_read(const char *path, const char *git_dir, struct cw_index **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_index_free_p) struct cw_index *x = calloc(1, sizeof(*x));
	static const uint8_t none[CW_INDEX_ID_LEN];
	int rc;

	if (!x)
		return cw_err_nomem(err);
	part_init(&x->own);
	part_init(&x->shared);
	x->joined = x->own.entries;
	x->trees = (struct cw_vec)CW_VEC_INIT(struct cw_index_tree, ENTRIES_MAX);
	rc = cw_io_read_file(path, CW_INDEX_FILE_MAX, 0, &x->own.data, err);
	if (rc == CW_E_NOTFOUND) {
		*ret = cw_steal(&x);
		return 0;
	}
	rc = rc ? rc : read_part(x, &x->own, err);
	if (!rc && x->own.link && (x->own.link_len < CW_INDEX_ID_LEN || memcmp(x->own.link, none, CW_INDEX_ID_LEN)))
		rc = read_shared(x, git_dir, err);
	rc = rc ? rc : check_order(cw_index_entries(x), err);
	if (!rc)
		*ret = cw_steal(&x);
	return rc;
}

static void part_release(struct cw_index_part *part)
{
	cw_buf_release(&part->data);
	cw_buf_release(&part->names);
	cw_vec_release(&part->entries);
}

void cw_index_free(struct cw_index *x)
{
	if (!x)
		return;
	part_release(&x->own);
	part_release(&x->shared);
	cw_vec_release(&x->joined);
	cw_vec_release(&x->trees);
	free(x);
}

const struct cw_vec *cw_index_entries(const struct cw_index *x)
{
	return x->shared.data.len ? &x->joined : &x->own.entries;
}

const struct cw_vec *cw_index_trees(const struct cw_index *x)
{
	return &x->trees;
}

const struct cw_index_entry *cw_index_find(const struct cw_index *x, const char *path)
{
	const struct cw_vec *v = cw_index_entries(x);
	size_t lo = 0, hi = v->len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(CW_VEC_AT(v, struct cw_index_entry, mid).path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < v->len) {
		const struct cw_index_entry *e = &CW_VEC_AT(v, struct cw_index_entry, lo);

		if (!strcmp(e->path, path) && e->stage == 0 && !e->intent_to_add)
			return e;
	}
	return NULL;
}
