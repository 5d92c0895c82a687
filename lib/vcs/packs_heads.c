/* vcs/packs_heads.c - reads the headers of all entries in one pass over each pack, and finds the bases that they name.
 *
 * A header is the type and the size; behind it stands, of a delta, how far before it its base begins (OFS_DELTA), or the base's id
 * (REF_DELTA). A header that is damaged makes one entry corrupt, not its pack. */
#include <stdlib.h>
#include <string.h>

#include "vcs/packs_int.h"

#define KIND_OFS_DELTA 6
#define KIND_REF_DELTA 7
#define SIZE_BYTES_MAX 10
#define HEAD_MAX (SIZE_BYTES_MAX + CW_PACK_ID_LEN) /* bytes; also of the longest distance */
/* Headers this far apart are read together with what stands between them; a call costs about as much as copying that. */
#define GAP_MAX 8192
#define READ_MAX ((size_t)256 << 10)

struct head {
	uint64_t size, distance; /* distance: of an OFS_DELTA */
	struct cw_pack_id base;	 /* of a REF_DELTA */
	unsigned kind, len;
};

/* Where in a pack an offset is looked up: slot N tells the first entry that begins at N << shift or later. */
struct offsets {
	const struct cw_entry *entries; /* of all packs */
	uint32_t *slots;
	uint32_t first, count;
	unsigned shift;
};

static void offsets_release(struct offsets *o)
{
	free(o->slots);
}

static int offsets_init(struct offsets *o, const struct cw_packs *p, const struct cw_pack *pack, struct cw_err *err)
{
	size_t count, slot = 0;

	*o = (struct offsets){ .entries = p->entries.items, .first = pack->first, .count = pack->count };
	while (pack->file.size >> o->shift > pack->count)
		o->shift++;
	count = (size_t)(pack->file.size >> o->shift) + 2;
	o->slots = malloc(count * sizeof(*o->slots));
	if (!o->slots)
		return cw_err_nomem(err);
	for (uint32_t i = 0; i < pack->count; i++) {
		while (slot <= o->entries[pack->first + i].offset >> o->shift)
			o->slots[slot++] = pack->first + i;
	}
	while (slot < count)
		o->slots[slot++] = pack->first + pack->count;
	return 0;
}

/* The entry that begins at OFFSET, which is within the pack, or CW_ENTRY_NONE. */
static uint32_t offsets_find(const struct offsets *o, uint64_t offset)
{
	uint32_t low = o->slots[offset >> o->shift], high = o->slots[(offset >> o->shift) + 1];

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (o->entries[mid].offset == offset)
			return mid;
		if (o->entries[mid].offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return CW_ENTRY_NONE;
}

/* The bytes of the size at P, which ends at END at the latest; false when it is cut short or too large. */
static bool parse_size(const uint8_t *p, const uint8_t *end, struct head *ret)
{
	const uint8_t *start = p;
	uint8_t byte = *p++;
	unsigned shift = 4;

	ret->kind = byte >> 4 & 7;
	ret->size = byte & 15;
	while (byte & 0x80) {
		if (p == end || p - start == SIZE_BYTES_MAX)
			return false;
		byte = *p++;
		if (shift > 57 && (byte & 0x7f) >> (64 - shift))
			return false;
		ret->size |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	}
	ret->len = (unsigned)(p - start);
	return true;
}

/* The distance of a base; each byte but the last adds 1 before the shift, so that no distance has two forms. */
static bool parse_distance(const uint8_t *p, const uint8_t *end, struct head *ret)
{
	const uint8_t *start = p;
	uint64_t n = 0;

	for (;; n++) {
		if (p == end || n > UINT64_MAX >> 8)
			return false;
		n = n << 7 | (*p & 0x7f);
		if (!(*p++ & 0x80))
			break;
	}
	ret->distance = n;
	ret->len += (unsigned)(p - start);
	return true;
}

static bool parse_head(const uint8_t *p, size_t len, struct head *ret)
{
	if (!parse_size(p, p + len, ret))
		return false;
	switch (ret->kind) {
	case CW_OBJ_COMMIT:
	case CW_OBJ_TREE:
	case CW_OBJ_BLOB:
	case CW_OBJ_TAG:
		return true;
	case KIND_OFS_DELTA:
		return parse_distance(p + ret->len, p + len, ret);
	case KIND_REF_DELTA:
		if (len - ret->len < CW_PACK_ID_LEN)
			return false;
		memcpy(ret->base.id, p + ret->len, CW_PACK_ID_LEN);
		ret->len += CW_PACK_ID_LEN;
		return true;
	default:
		return false;
	}
}

/* The base with this id of entry I: in the same pack if it is there. */
static uint32_t find_base(const struct cw_packs *p, const struct cw_pack *pack, uint32_t i, const struct cw_pack_id *id)
{
	uint32_t base = cw_packs_copy_from(p, id, pack->first);

	if (base == i)
		base = cw_packs_copy_from(p, id, i + 1);
	if (base == CW_ENTRY_NONE || base - pack->first >= pack->count)
		base = cw_packs_copy_from(p, id, 0);
	return base;
}

static int ref_base(struct cw_packs *p, const struct cw_pack *pack, uint32_t i, const struct cw_pack_id *id, struct cw_err *err)
{
	struct cw_entry *e = &CW_VEC_AT(&p->entries, struct cw_entry, i);
	struct cw_pack_outside *o;

	e->base = find_base(p, pack, i, id);
	if (e->base != CW_ENTRY_NONE)
		return 0;
	e->base = CW_ENTRY_OUTSIDE;
	o = cw_vec_push(&p->outside);
	if (!o)
		return cw_vec_fail(&p->outside, "delta bases", err);
	*o = (struct cw_pack_outside){ .entry = i, .base = *id };
	return 0;
}

/* Entry I has the header HEAD, or NULL when it is damaged. */
static int take_head(struct cw_packs *p, const struct cw_pack *pack, const struct offsets *o, uint32_t i, const struct head *head,
		     struct cw_err *err)
{
	struct cw_entry *e = &CW_VEC_AT(&p->entries, struct cw_entry, i);

	if (!head) {
		e->state = CW_ENTRY_CORRUPT;
		return 0;
	}
	e->size = head->size;
	e->head = (uint8_t)head->len;
	e->delta = head->kind == KIND_OFS_DELTA || head->kind == KIND_REF_DELTA;
	if (head->kind == KIND_REF_DELTA)
		return ref_base(p, pack, i, &head->base, err);
	if (!e->delta) {
		e->type = (uint8_t)head->kind;
		e->state = CW_ENTRY_GOOD;
		return 0;
	}
	if (head->distance <= e->offset)
		e->base = offsets_find(o, e->offset - head->distance);
	if (e->base == CW_ENTRY_NONE)
		e->state = CW_ENTRY_CORRUPT;
	return 0;
}

/* How many bytes to read at entry I: up to the last header that is worth reading together with it. */
static size_t stretch(const struct cw_entry *e, uint32_t i, uint32_t end)
{
	uint64_t from = e[i].offset, to = from + HEAD_MAX;

	while (++i < end && e[i].offset + HEAD_MAX - from <= READ_MAX && e[i].offset < to + GAP_MAX)
		to = e[i].offset + HEAD_MAX;
	return (size_t)(to - from);
}

static int read_pack(struct cw_packs *p, const struct cw_pack *pack, struct cw_pack_window *w, struct cw_err *err)
{
	CW_CLEANUP(offsets_release) struct offsets o;
	const struct cw_entry *entries = p->entries.items;
	uint32_t end = pack->first + pack->count;
	uint64_t ready = 0;
	int rc = offsets_init(&o, p, pack, err);

	for (uint32_t i = pack->first; !rc && i < end; i++) {
		uint64_t left = entries[i].end - entries[i].offset;
		size_t need = left < HEAD_MAX ? (size_t)left : HEAD_MAX, want = need;
		const uint8_t *bytes;
		struct head head;

		if (entries[i].offset + need > ready) {
			want = stretch(entries, i, end);
			ready = entries[i].offset + want;
		}
		rc = cw_pack_window_get(w, &pack->file, entries[i].offset, need, want, &bytes, err);
		if (!rc)
			rc = take_head(p, pack, &o, i, parse_head(bytes, need, &head) ? &head : NULL, err);
	}
	return rc;
}

int cw_packs_heads(struct cw_packs *p, struct cw_err *err)
{
	CW_CLEANUP(cw_pack_window_release) struct cw_pack_window w = CW_PACK_WINDOW_INIT;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->packs.len; i++)
		rc = read_pack(p, &CW_VEC_AT(&p->packs, struct cw_pack, i), &w, err);
	return rc;
}

/* Children are put in front, from the last entry to the first: so they ascend. */
static void link_children(struct cw_entry *entries, uint32_t count)
{
	for (uint32_t i = count; i-- > 0;) {
		struct cw_entry *e = &entries[i];

		if (e->base >= CW_ENTRY_OUTSIDE)
			continue;
		e->sibling = entries[e->base].child;
		entries[e->base].child = i;
	}
}

static void inherit(struct cw_entry *e, const struct cw_entry *base)
{
	e->type = base->type;
	e->state = base->state;
}

/* Give everything below ROOT its state: depth first, and back up by the bases, so that no depth needs memory. */
static void settle_below(struct cw_entry *entries, uint32_t root)
{
	uint32_t i = root;

	for (;;) {
		if (entries[i].child != CW_ENTRY_NONE) {
			i = entries[i].child;
		} else {
			while (i != root && entries[i].sibling == CW_ENTRY_NONE)
				i = entries[i].base;
			if (i == root)
				return;
			i = entries[i].sibling;
		}
		inherit(&entries[i], &entries[entries[i].base]);
	}
}

/* Bases that stand behind their deltas or in other packs: from the roots down. What no root leads to is a cycle or hangs on one. */
static void settle_all(struct cw_entry *entries, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (entries[i].base >= CW_ENTRY_OUTSIDE)
			settle_below(entries, i);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!entries[i].state)
			entries[i].state = CW_ENTRY_CORRUPT;
	}
}

void cw_packs_families(struct cw_packs *p)
{
	struct cw_entry *entries = p->entries.items;
	uint32_t count = (uint32_t)p->entries.len;
	bool settled = true;

	link_children(entries, count);
	for (uint32_t i = 0; i < count; i++) {
		if (entries[i].base == CW_ENTRY_OUTSIDE)
			entries[i].state = CW_ENTRY_ADRIFT;
		else if (entries[i].base < i)
			inherit(&entries[i], &entries[entries[i].base]);
		settled &= entries[i].state != 0;
	}
	if (!settled)
		settle_all(entries, count);
}
