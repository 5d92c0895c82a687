/* vcs/objects.c - lists every object of a repository, in an order that reads fast.
 *
 * The ids come from the pack indexes, which give the offset, hence the order, and from the loose objects. A multi-pack-index is not
 * read: it repeats what the indexes of the packs say. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sort.h"
#include "vcs/git_err.h"
#include "vcs/loose.h"
#include "vcs/map.h"
#include "vcs/pack_check.h"
#include "vcs/pack_index.h"
#include "vcs/repo.h"
#include "vcs/repo_int.h"
#include "vcs/stores.h"

/* `order` is the number of the pack above, the offset in it below; loose objects come last. */
#define OFFSET_BITS 40
#define OFFSET_MASK (((uint64_t)1 << OFFSET_BITS) - 1)
#define PACKS_MAX ((uint64_t)1 << 23)

/* ---- sorting ---- */

static int by_oid(const void *a, const void *b)
{
	const struct cw_object_ref *x = a, *y = b;
	int c = cw_oid_cmp(&x->oid, &y->oid);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b)
{
	const struct cw_object_ref *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return cw_oid_cmp(&x->oid, &y->oid);
}

static uint64_t key_of_oid(const struct cw_object_ref *ref)
{
	uint64_t key = 0;

	for (unsigned i = 0; i < sizeof(key); i++)
		key = key << 8 | ref->oid.id[i];
	return key;
}

static uint64_t key_of_order(const struct cw_object_ref *ref)
{
	return ref->order;
}

/* Sort the N items by KEY_OF, those with equal keys by COMPARE. */
static int sort_items(struct cw_object_ref *items, size_t n, uint64_t (*key_of)(const struct cw_object_ref *ref),
		      int (*compare)(const void *a, const void *b), struct cw_err *err)
{
	CW_CLEANUP(cw_freep) struct cw_sort_key *keys = malloc((2 * n + 1) * sizeof(*keys));
	CW_CLEANUP(cw_freep) struct cw_object_ref *sorted = malloc((n + 1) * sizeof(*sorted));
	struct cw_sort_key *from;

	if (!keys || !sorted)
		return cw_err_nomem(err);
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct cw_sort_key){ .key = key_of(&items[i]), .value = i };
	from = cw_sort_keys(keys, keys + n, n);
	for (size_t i = 0; i < n; i++)
		sorted[i] = items[from[i].value];
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && from[end].key == from[i].key;)
			end++;
		if (end - i > 1)
			qsort(sorted + i, end - i, sizeof(*sorted), compare);
	}
	if (n)
		memcpy(items, sorted, n * sizeof(*items));
	return 0;
}

/* Sort the items from FROM on by id and keep the first of equal ones. */
static int sort_unique(struct cw_vec *v, size_t from, struct cw_err *err)
{
	struct cw_object_ref *items = v->items;
	size_t kept = from;
	bool sorted = true;
	int rc;

	for (size_t i = from + 1; sorted && i < v->len; i++)
		sorted = cw_oid_cmp(&items[i - 1].oid, &items[i].oid) < 0;
	if (sorted) /* as one index gives them */
		return 0;
	rc = sort_items(items + from, v->len - from, key_of_oid, by_oid, err);
	for (size_t i = from; !rc && i < v->len; i++) {
		if (i == from || cw_oid_cmp(&items[i].oid, &items[kept - 1].oid))
			items[kept++] = items[i];
		else
			items[kept - 1].shared = true;
	}
	v->len = rc ? v->len : kept;
	return rc;
}

/* ---- what is listed ---- */

static int push_ref(struct cw_vec *out, const struct cw_oid *oid, uint64_t order, struct cw_err *err)
{
	struct cw_object_ref *ref = cw_vec_push(out);

	if (!ref)
		return cw_vec_fail(out, "list of objects", err);
	ref->oid = *oid;
	ref->order = order;
	return 0;
}

/* The objects of one index, as pack number NTH. They are listed also when the index lies, and that is the failure. */
static int list_pack(const char *path, uint64_t nth, struct cw_vec *out, struct cw_err *err)
{
	CW_CLEANUP(cw_map_release) struct cw_map map = CW_MAP_INIT;
	struct cw_pack_index x;
	int rc = cw_map_file(path, &map, err);

	rc = rc ? rc : cw_pack_index_parse(map.data, map.len, GIT_OID_RAWSZ, &x, err);
	if (!rc && cw_vec_reserve(out, x.count))
		rc = cw_vec_fail(out, "list of objects", err);
	for (uint32_t i = 0; !rc && i < x.count; i++) {
		struct cw_oid oid;
		uint64_t offset;

		rc = cw_pack_index_entry(&x, i, &oid, &offset, err);
		if (!rc)
			rc = push_ref(out, &oid, nth << OFFSET_BITS | (offset & OFFSET_MASK), err);
	}
	return rc ? rc : cw_pack_check(path, &x, err);
}

/* A failure that means "this part is unreadable" becomes a fault; without memory or room nothing can go on. */
static int fault_or_fail(struct cw_repo *r, const char *what, int rc, const struct cw_err *why, struct cw_err *err)
{
	if (!rc)
		return 0;
	if (rc == CW_E_NOMEM || rc == CW_E_LIMIT)
		return cw_err_set(err, rc, "%s: %s", what, cw_err_msg(why));
	return cw_store_fault_add(&r->faults, what, cw_err_msg(why), err);
}

static int list_packs(struct cw_repo *r, const char *store, uint64_t *nth, struct cw_vec *out, struct cw_err *err)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec packs = CW_VEC_INIT(char *, CW_OBJECTS_MAX);
	int rc = cw_store_packs(store, &packs, &r->faults, err);

	for (size_t i = 0; !rc && i < packs.len; i++) {
		const char *path = CW_VEC_AT(&packs, char *, i);
		struct cw_err why = CW_ERR_INIT;

		rc = list_pack(path, *nth < PACKS_MAX - 2 ? (*nth)++ : *nth, out, &why);
		rc = fault_or_fail(r, path, rc, &why, err);
	}
	return rc;
}

struct listing { /* what the indexes did not name */
	struct cw_vec *out;
	size_t known; /* items of out that are sorted by id: those from the indexes */
	struct cw_err *err;
};

/* Add a loose object unless an index named it. */
static int on_loose(const struct cw_oid *oid, void *payload)
{
	struct listing *l = payload;
	struct cw_object_ref *items = l->out->items;
	size_t low = 0, high = l->known;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cw_oid_cmp(&items[mid].oid, oid) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < l->known && !cw_oid_cmp(&items[low].oid, oid)) {
		items[low].shared = true;
		return 0;
	}
	return push_ref(l->out, oid, CW_ORDER_LOOSE, l->err);
}

/* All objects of the LEN object directories STORES. */
static int list_all(struct cw_repo *r, char *const *stores, size_t len, struct cw_vec *out, struct cw_err *err)
{
	struct listing l = { .out = out, .err = err };
	uint64_t nth = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < len; i++)
		rc = list_packs(r, stores[i], &nth, out, err);
	if (rc)
		return rc;
	rc = sort_unique(out, 0, err);
	l.known = out->len;
	for (size_t i = 0; !rc && i < len; i++)
		rc = cw_loose_list(stores[i], on_loose, &l, &r->faults, err);
	if (rc)
		return rc;
	rc = sort_unique(out, l.known, err);
	return rc ? rc : sort_items(out->items, out->len, key_of_order, by_order, err);
}

/* Start a new list of faults with those of the alternates. */
static int reset_faults(struct cw_repo *r, struct cw_err *err)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec stores = CW_VEC_INIT(char *, CW_STORES_MAX);

	cw_store_faults_release(&r->faults);
	return cw_stores_find(r->at.common_dir, &r->extra, &stores, &r->faults, err);
}

int cw_repo_objects(struct cw_repo *r, struct cw_vec *out, struct cw_err *err)
{
	int rc = reset_faults(r, err);

	rc = rc ? rc : list_all(r, r->stores.items, r->stores.len, out, err);
	return rc ? cw_err_wrap(err, rc, "objects of '%s'", r->at.git_dir) : 0;
}

int cw_repo_objects_in(struct cw_repo *r, const char *store, struct cw_vec *out, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *dir = strdup(store);
	int rc = dir ? reset_faults(r, err) : cw_err_nomem(err);

	rc = rc ? rc : list_all(r, &dir, 1, out, err);
	return rc ? cw_err_wrap(err, rc, "objects of '%s'", store) : 0;
}
