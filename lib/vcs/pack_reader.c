/* vcs/pack_reader.c - inflates entries of packs, and rebuilds objects from their deltas. See packs.h. */
#include <libdeflate.h>
#include <stdlib.h>

#include "vcs/delta.h"
#include "vcs/pack_stream.h"
#include "vcs/packs_int.h"

#define RATIO_MAX 1032	/* bytes that deflate can make of one */
#define ZLIB_LEN_MIN 8	/* bytes of an empty zlib stream */
#define READ_MIN ((size_t)4 << 10)
#define READ_MAX ((size_t)128 << 10)
#define WHOLE_MAX ((size_t)4 << 20) /* packed bytes that are read at once; longer entries are inflated piece by piece */
#define KEEP_MAX ((size_t)4 << 20)  /* bytes of memory kept for the next call */
#define GROW_MAX ((size_t)1 << 20)  /* bytes up to which buffers get room to spare */

struct cw_pack_reader {
	const struct cw_packs *packs;
	struct libdeflate_decompressor *inflater;
	struct cw_pack_window window;
	size_t ahead;	       /* bytes to read at once: more while entries are read one behind the other */
	struct cw_buf delta;   /* of cw_pack_read() */
	struct cw_buf other;   /* every second object of a chain */
	struct cw_vec chain;   /* uint32_t: entries from the one asked for to its root */
};

void cw_pack_reader_free(struct cw_pack_reader *r)
{
	if (!r)
		return;
	libdeflate_free_decompressor(r->inflater);
	cw_pack_window_release(&r->window);
	cw_buf_release(&r->delta);
	cw_buf_release(&r->other);
	cw_vec_release(&r->chain);
	free(r);
}

int cw_pack_reader_new(const struct cw_packs *p, struct cw_pack_reader **ret, struct cw_err *err)
{
	struct cw_pack_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return cw_err_nomem(err);
	r->packs = p;
	r->ahead = READ_MIN;
	r->window = (struct cw_pack_window)CW_PACK_WINDOW_INIT;
	r->delta = r->other = (struct cw_buf)CW_BUF_INIT_MAX(SIZE_MAX);
	r->chain = (struct cw_vec)CW_VEC_INIT(uint32_t, CW_PACK_ENTRIES_MAX);
	r->inflater = libdeflate_alloc_decompressor();
	if (!r->inflater) {
		cw_pack_reader_free(r);
		return cw_err_nomem(err);
	}
	*ret = r;
	return 0;
}

static const struct cw_pack_file *file_of(const struct cw_pack_reader *r, const struct cw_entry *e)
{
	return &CW_VEC_AT(&r->packs->packs, struct cw_pack, e->pack).file;
}

static int corrupt(struct cw_err *err, const char *why)
{
	return cw_err_set(err, CW_E_CORRUPT, "the pack entry is damaged: %s", why);
}

/* What can be seen without reading the entry. */
static int check_entry(const struct cw_entry *e, uint64_t max, struct cw_err *err)
{
	uint64_t packed = e->end - e->offset;

	if (!e->head)
		return corrupt(err, "its header is none");
	packed = packed > e->head ? packed - e->head : 0;
	if (packed < ZLIB_LEN_MIN)
		return corrupt(err, "it is cut short");
	if (e->size / RATIO_MAX > packed)
		return corrupt(err, "it cannot have the size that it states");
	if (e->size > max)
		return cw_err_set(err, CW_E_LIMIT, "the pack entry is too large");
	return 0;
}

/* Empty B and give it room for LEN bytes: for many of them exactly that, and never beside the old ones. */
static int make_room(struct cw_buf *b, uint64_t len, struct cw_err *err)
{
	if (len > GROW_MAX && len > b->cap)
		cw_buf_release(b);
	cw_buf_clear(b);
	cw_buf_reserve(b, (size_t)len);
	return cw_buf_fail(b, "object of a pack", err);
}

/* How many bytes to read for the NEED bytes at AT: the more, the longer entries are read one behind the other. */
static size_t read_ahead(struct cw_pack_reader *r, const struct cw_pack_file *f, uint64_t at, size_t need)
{
	const struct cw_pack_window *w = &r->window;

	if (w->file != f || at + READ_MAX < w->at || at > w->at + w->len + READ_MIN)
		r->ahead = READ_MIN;
	else if (r->ahead < READ_MAX && at >= w->at && at + need > w->at + w->len)
		r->ahead *= 2;
	return need > r->ahead ? need : r->ahead;
}

static int inflate_whole(struct cw_pack_reader *r, const struct cw_entry *e, size_t packed, struct cw_buf *out, struct cw_err *err)
{
	const struct cw_pack_file *f = file_of(r, e);
	uint64_t at = e->offset + e->head;
	size_t used = 0;
	const uint8_t *bytes;
	int rc = cw_pack_window_get(&r->window, f, at, packed, read_ahead(r, f, at, packed), &bytes, err);

	if (rc)
		return rc;
	/* NULL for the length that comes out: it must be this one. */
	if (libdeflate_zlib_decompress_ex(r->inflater, bytes, packed, out->data, (size_t)e->size, &used, NULL) != LIBDEFLATE_SUCCESS)
		return corrupt(err, "it cannot be inflated to its size");
	return used == packed ? 0 : corrupt(err, "other bytes stand behind it");
}

static int inflate_entry(struct cw_pack_reader *r, const struct cw_entry *e, struct cw_buf *out, struct cw_err *err)
{
	uint64_t packed = e->end - e->offset - e->head;
	int rc = make_room(out, e->size, err);

	if (rc)
		return rc;
	if (packed <= WHOLE_MAX)
		rc = inflate_whole(r, e, (size_t)packed, out, err);
	else
		rc = cw_pack_stream(&r->window, file_of(r, e), e->offset + e->head, packed, READ_MAX, out->data, e->size, err);
	if (!rc)
		cw_buf_commit(out, (size_t)e->size);
	return rc;
}

int cw_pack_inflate(struct cw_pack_reader *r, uint32_t i, uint64_t max, struct cw_buf *out, struct cw_err *err)
{
	const struct cw_entry *e = cw_packs_entry(r->packs, i);
	int rc = check_entry(e, max < PTRDIFF_MAX / 2 ? max : PTRDIFF_MAX / 2, err);

	rc = rc ? rc : inflate_entry(r, e, out, err);
	return rc ? cw_pack_window_blame(&r->window, file_of(r, e), rc, err) : 0;
}

static void trim(struct cw_buf *b)
{
	if (b->cap > KEEP_MAX)
		cw_buf_release(b);
}

/* List the entries from I to its root. */
static int list_chain(struct cw_pack_reader *r, uint32_t i, struct cw_err *err)
{
	const struct cw_entry *entries = r->packs->entries.items;

	cw_vec_clear(&r->chain);
	for (; i != CW_ENTRY_NONE; i = entries[i].base) {
		uint32_t *item = cw_vec_push(&r->chain);

		if (!item)
			return cw_vec_fail(&r->chain, "chain of deltas", err);
		*item = i;
	}
	return 0;
}

/* Put into CHILD what the delta entry I makes of BASE. */
static int apply_entry(struct cw_pack_reader *r, uint32_t i, uint64_t max, const struct cw_buf *base, struct cw_buf *child,
		       struct cw_err *err)
{
	struct cw_buf *delta = &r->delta;
	uint64_t len;
	int rc = cw_pack_inflate(r, i, max, delta, err);

	rc = rc ? rc : cw_delta_length(delta->data, delta->len, base->len, max, &len, err);
	if (rc)
		return rc;
	rc = make_room(child, len, err);
	rc = rc ? rc : cw_delta_build(delta->data, delta->len, base->data, base->len, child->data, err);
	if (!rc)
		cw_buf_commit(child, (size_t)len);
	return rc;
}

static int read_chain(struct cw_pack_reader *r, uint64_t max, struct cw_buf *out, struct cw_err *err)
{
	const uint32_t *chain = r->chain.items;
	size_t left = r->chain.len - 1;
	struct cw_buf *now = left % 2 ? &r->other : out, *next = left % 2 ? out : &r->other;
	int rc = cw_pack_inflate(r, chain[left], max, now, err);

	while (!rc && left) {
		struct cw_buf *swap = now;

		rc = apply_entry(r, chain[--left], max, now, next, err);
		now = next;
		next = swap;
	}
	return rc;
}

int cw_pack_read(struct cw_pack_reader *r, uint32_t i, uint64_t max, struct cw_buf *out, enum cw_object_type *ret_type,
		 struct cw_err *err)
{
	const struct cw_entry *e = cw_packs_entry(r->packs, i);
	int rc;

	if (e->state == CW_ENTRY_ADRIFT)
		return cw_err_set(err, CW_E_NOTFOUND, "the base of the delta is in no pack");
	if (e->state != CW_ENTRY_GOOD)
		return corrupt(err, "its header or its bases are");
	rc = list_chain(r, i, err);
	rc = rc ? rc : read_chain(r, max, out, err);
	trim(&r->delta);
	trim(&r->other);
	if (!rc)
		*ret_type = (enum cw_object_type)e->type;
	return rc;
}
