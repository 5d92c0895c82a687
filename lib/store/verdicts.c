/* store/verdicts.c - see verdicts.h. */
#include "store/verdicts.h"

#include <stdlib.h>
#include <string.h>

void cw_verdicts_release(struct cw_verdicts *v)
{
	cw_vec_release(&v->packs);
	cw_vec_release(&v->loose);
	cw_vec_release(&v->doubtful);
	cw_vec_release(&v->shared);
	cw_vec_release(&v->objects);
	cw_vec_release(&v->hits);
	cw_sight_list_release(&v->sights);
	cw_buf_release(&v->text);
}

/* ---- order ---- */

static int by_stamp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cw_stored_stamp));
}

static int by_pack(const void *a, const void *b)
{
	return by_stamp(&((const struct cw_stored_pack *)a)->file, &((const struct cw_stored_pack *)b)->file);
}

static int by_id(const void *a, const void *b)
{
	return cw_stored_id_cmp(a, b);
}

static int by_object(const void *a, const void *b)
{
	return cw_stored_id_cmp(&((const struct cw_stored_object *)a)->id, &((const struct cw_stored_object *)b)->id);
}

static void sort_unique(struct cw_vec *v, int (*cmp)(const void *a, const void *b))
{
	char *items = v->items;
	size_t kept = 0;

	if (!v->len)
		return;
	qsort(items, v->len, v->item_size, cmp);
	for (size_t i = 1; i < v->len; i++) {
		if (cmp(items + i * v->item_size, items + kept * v->item_size))
			memmove(items + ++kept * v->item_size, items + i * v->item_size, v->item_size);
	}
	v->len = kept + 1;
}

void cw_verdicts_sort(struct cw_verdicts *v)
{
	sort_unique(&v->packs, by_pack);
	sort_unique(&v->loose, by_stamp);
	sort_unique(&v->doubtful, by_id);
	sort_unique(&v->shared, by_id);
	sort_unique(&v->objects, by_object);
}

const struct cw_stored_pack *cw_verdicts_pack(const struct cw_verdicts *v, const struct cw_stored_stamp *file)
{
	const struct cw_stored_pack key = { .file = *file };

	return v->packs.len ? bsearch(&key, v->packs.items, v->packs.len, v->packs.item_size, by_pack) : NULL;
}

bool cw_verdicts_has_loose(const struct cw_verdicts *v, const struct cw_stored_stamp *stamp)
{
	return v->loose.len && bsearch(stamp, v->loose.items, v->loose.len, v->loose.item_size, by_stamp);
}

const struct cw_stored_object *cw_verdicts_find(const struct cw_verdicts *v, const struct cw_stored_id *id)
{
	const struct cw_stored_object key = { .id = *id };

	return v->objects.len ? bsearch(&key, v->objects.items, v->objects.len, v->objects.item_size, by_object) : NULL;
}

/* ---- writing ---- */

static void put_pack(struct cw_buf *out, const struct cw_stored_pack *p)
{
	cw_buf_add(out, p->file.bytes, sizeof(p->file.bytes));
	for (int i = 0; i < CW_STORED_TIMES; i++)
		cw_put_number(out, p->times[i]);
	cw_buf_add(out, p->content, sizeof(p->content));
}

static void put_ids(struct cw_buf *out, const struct cw_vec *ids)
{
	cw_put_number(out, ids->len);
	for (size_t i = 0; i < ids->len; i++)
		cw_put_id(out, &CW_VEC_AT(ids, struct cw_stored_id, i));
}

static void put_object(struct cw_buf *out, const struct cw_verdicts *v, const struct cw_stored_object *o)
{
	cw_put_id(out, &o->id);
	cw_put_number(out, (uint64_t)o->type << 1 | o->pointer);
	cw_put_number(out, o->count);
	for (uint32_t i = 0; i < o->count; i++) {
		const struct cw_stored_hit *hit = &CW_VEC_AT(&v->hits, struct cw_stored_hit, o->first + i);

		cw_put_number(out, hit->sight);
		cw_put_at(out, &hit->at);
	}
}

int cw_verdicts_write(const struct cw_verdicts *v, struct cw_buf *out, struct cw_err *err)
{
	cw_put_number(out, v->packs.len);
	for (size_t i = 0; i < v->packs.len; i++)
		put_pack(out, &CW_VEC_AT(&v->packs, struct cw_stored_pack, i));
	cw_put_number(out, v->loose.len);
	if (v->loose.len)
		cw_buf_add(out, v->loose.items, v->loose.len * v->loose.item_size);
	put_ids(out, &v->doubtful);
	put_ids(out, &v->shared);
	cw_put_sights(out, &v->sights);
	cw_put_number(out, v->objects.len);
	for (size_t i = 0; i < v->objects.len; i++)
		put_object(out, v, &CW_VEC_AT(&v->objects, struct cw_stored_object, i));
	return cw_buf_fail(out, "verdict store", err);
}

/* ---- reading ---- */

static int no_room(const struct cw_vec *v, struct cw_err *err)
{
	return cw_vec_fail(v, "verdict store", err);
}

/* Everything that is looked up later must be in order: what is not found would count as never seen. */
static bool is_ascending(const struct cw_vec *v, int (*cmp)(const void *a, const void *b))
{
	const char *items = v->items;

	for (size_t i = 1; i < v->len; i++) {
		if (cmp(items + (i - 1) * v->item_size, items + i * v->item_size) >= 0)
			return false;
	}
	return true;
}

static void take_digest(struct cw_take *t, uint8_t out[CW_SHA256_LEN])
{
	const void *bytes = cw_take_bytes(t, CW_SHA256_LEN);

	if (bytes)
		memcpy(out, bytes, CW_SHA256_LEN);
}

static int take_files(struct cw_take *t, struct cw_verdicts *v, struct cw_err *err)
{
	size_t n = (size_t)cw_take_number(t, CW_STORED_OBJECTS_MAX);

	for (size_t i = 0; !t->bad && i < n; i++) {
		struct cw_stored_pack *slot = cw_vec_push(&v->packs);

		if (!slot)
			return no_room(&v->packs, err);
		take_digest(t, slot->file.bytes);
		for (int k = 0; k < CW_STORED_TIMES; k++)
			slot->times[k] = cw_take_number(t, UINT64_MAX);
		take_digest(t, slot->content);
	}
	n = (size_t)cw_take_number(t, CW_STORED_OBJECTS_MAX);
	for (size_t i = 0; !t->bad && i < n; i++) {
		struct cw_stored_stamp *slot = cw_vec_push(&v->loose);

		if (!slot)
			return no_room(&v->loose, err);
		take_digest(t, slot->bytes);
	}
	return 0;
}

static int take_ids(struct cw_take *t, struct cw_vec *out, struct cw_err *err)
{
	size_t n = (size_t)cw_take_number(t, CW_STORED_OBJECTS_MAX);

	for (size_t i = 0; !t->bad && i < n; i++) {
		struct cw_stored_id *slot = cw_vec_push(out);

		if (!slot)
			return no_room(out, err);
		*slot = cw_take_id(t);
	}
	return 0;
}

static int take_hit(struct cw_take *t, struct cw_verdicts *v, struct cw_err *err)
{
	struct cw_stored_hit *hit = cw_vec_push(&v->hits);

	if (!hit)
		return no_room(&v->hits, err);
	hit->sight = (uint32_t)cw_take_number(t, CW_STORED_SIGHTS_MAX);
	hit->at = cw_take_at(t);
	t->bad = t->bad || hit->sight >= v->sights.items.len;
	return 0;
}

static int take_object(struct cw_take *t, struct cw_verdicts *v, struct cw_err *err)
{
	struct cw_stored_object *o = cw_vec_push(&v->objects);
	uint64_t type;
	int rc = 0;

	if (!o)
		return no_room(&v->objects, err);
	o->id = cw_take_id(t);
	type = cw_take_number(t, UINT8_MAX);
	o->type = (uint8_t)(type >> 1);
	o->pointer = type & 1;
	o->first = v->hits.len;
	o->count = (uint32_t)cw_take_number(t, UINT32_MAX);
	for (uint32_t i = 0; !rc && !t->bad && i < o->count; i++)
		rc = take_hit(t, v, err);
	return rc;
}

int cw_verdicts_read(struct cw_verdicts *v, struct cw_err *err)
{
	struct cw_take t = { .at = (const uint8_t *)v->text.data, .end = (const uint8_t *)v->text.data + v->text.len };
	uint64_t n;
	int rc = take_files(&t, v, err);

	rc = rc ? rc : take_ids(&t, &v->doubtful, err);
	rc = rc ? rc : take_ids(&t, &v->shared, err);
	rc = rc ? rc : cw_take_sights(&t, &v->sights, err);
	n = cw_take_number(&t, CW_STORED_OBJECTS_MAX);
	for (uint64_t i = 0; !rc && !t.bad && i < n; i++)
		rc = take_object(&t, v, err);
	if (rc)
		return rc;
	if (!cw_take_done(&t) || !is_ascending(&v->packs, by_pack) || !is_ascending(&v->loose, by_stamp) || !is_ascending(&v->doubtful, by_id) ||
	    !is_ascending(&v->shared, by_id) || !is_ascending(&v->objects, by_object))
		return cw_err_set(err, CW_E_CORRUPT, "the verdict store is damaged: verdicts cannot be read");
	return 0;
}
