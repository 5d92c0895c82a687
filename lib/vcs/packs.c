/* vcs/packs.c - opens the packs of a repository, and looks entries up by their ids. See packs.h. */
#include "vcs/packs.h"

#include <stdlib.h>
#include <string.h>

#include "vcs/packs_int.h"
#include "vcs/repo_int.h"
#include "vcs/stores.h"

#define FAN_BITS_FEW 8
#define FAN_BITS_MANY 16
#define MANY 16384  /* entries that are worth the larger table */
#define SORT_FEW 24 /* items that are sorted by insertion */

void cw_packs_free(struct cw_packs *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->packs.len; i++)
		cw_pack_file_release(&CW_VEC_AT(&p->packs, struct cw_pack, i).file);
	cw_vec_release(&p->packs);
	cw_vec_release(&p->entries);
	cw_vec_release(&p->ids);
	cw_vec_release(&p->by_id);
	cw_vec_release(&p->outside);
	cw_store_faults_release(&p->faults);
	free(p->fan);
	free(p);
}

static const struct cw_pack_id *id_of(const struct cw_packs *p, uint32_t i)
{
	return &CW_VEC_AT(&p->ids, struct cw_pack_id, i);
}

static int by_id_and_number(const void *a, const void *b, void *packs)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int c = memcmp(id_of(packs, x), id_of(packs, y), CW_PACK_ID_LEN);

	return c ? c : (x > y) - (x < y);
}

static void sort_some(struct cw_packs *p, uint32_t *items, uint32_t len)
{
	if (len > SORT_FEW) {
		qsort_r(items, len, sizeof(*items), by_id_and_number, p);
		return;
	}
	for (uint32_t i = 1; i < len; i++) {
		uint32_t item = items[i], k = i;

		for (; k && by_id_and_number(&items[k - 1], &item, p) > 0; k--)
			items[k] = items[k - 1];
		items[k] = item;
	}
}

static size_t fan_slot(const struct cw_packs *p, const uint8_t *id)
{
	return ((size_t)id[0] << 8 | id[1]) >> (FAN_BITS_MANY - p->fan_bits);
}

/* Put the entries into the slots of the fan, which is counted already, in the order that they have. */
static int distribute(struct cw_packs *p, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) uint32_t *next = malloc(sizeof(*next) << p->fan_bits);
	CW_CLEANUP(cw_freep) uint32_t *old = malloc(p->by_id.len * sizeof(*old));
	uint32_t *items = p->by_id.items;

	if (!next || !old)
		return cw_err_nomem(err);
	memcpy(next, p->fan, sizeof(*next) << p->fan_bits);
	memcpy(old, items, p->by_id.len * sizeof(*old));
	for (size_t i = 0; i < p->by_id.len; i++)
		items[next[fan_slot(p, id_of(p, old[i])->id)]++] = old[i];
	return 0;
}

int cw_packs_order(struct cw_packs *p, struct cw_err *err)
{
	size_t slots;

	p->fan_bits = p->entries.len < MANY ? FAN_BITS_FEW : FAN_BITS_MANY;
	slots = (size_t)1 << p->fan_bits;
	p->fan = calloc(slots + 1, sizeof(*p->fan));
	if (!p->fan)
		return cw_err_nomem(err);
	for (size_t i = 0; i < p->ids.len; i++)
		p->fan[fan_slot(p, id_of(p, (uint32_t)i)->id) + 1]++;
	for (size_t i = 0; i < slots; i++)
		p->fan[i + 1] += p->fan[i];
	if (p->unordered) {
		int rc = distribute(p, err);

		if (rc)
			return rc;
		for (size_t i = 0; i < slots; i++)
			sort_some(p, (uint32_t *)p->by_id.items + p->fan[i], p->fan[i + 1] - p->fan[i]);
	}
	return 0;
}

uint32_t cw_packs_copy_from(const struct cw_packs *p, const struct cw_pack_id *id, uint32_t from)
{
	const uint32_t *items = p->by_id.items;
	size_t slot = fan_slot(p, id->id);
	uint32_t low = p->fan[slot], high = p->fan[slot + 1], end = high;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = memcmp(id_of(p, items[mid]), id, CW_PACK_ID_LEN);

		if (c < 0 || (!c && items[mid] < from))
			low = mid + 1;
		else
			high = mid;
	}
	return low < end && !memcmp(id_of(p, items[low]), id, CW_PACK_ID_LEN) ? items[low] : CW_ENTRY_NONE;
}

uint32_t cw_packs_find(const struct cw_packs *p, const struct cw_oid *oid)
{
	struct cw_pack_id id;

	if (oid->len != CW_PACK_ID_LEN)
		return CW_ENTRY_NONE;
	memcpy(id.id, oid->id, CW_PACK_ID_LEN);
	return cw_packs_copy_from(p, &id, 0);
}

uint32_t cw_packs_next_copy(const struct cw_packs *p, uint32_t i)
{
	return cw_packs_copy_from(p, id_of(p, i), i + 1);
}

/* A pack that is wrong is left out; what is not its fault ends the opening. */
static int load_or_fault(struct cw_packs *p, const char *index_path, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_packs_load(p, index_path, &why);

	if (!rc)
		return 0;
	if (rc == CW_E_NOTFOUND)
		return cw_err_set(err, CW_E_CHANGED, "the pack of '%s' went away", index_path);
	if (rc == CW_E_NOMEM || rc == CW_E_LIMIT || rc == CW_E_CHANGED)
		return cw_err_set(err, (enum cw_code)rc, "%s", cw_err_msg(&why));
	return cw_store_fault_add(&p->faults, index_path, cw_err_msg(&why), err);
}

static int load_store(struct cw_packs *p, const char *store, struct cw_err *err)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec indexes = CW_VEC_INIT(char *, CW_PACK_ENTRIES_MAX);
	int rc = cw_store_packs(store, &indexes, &p->faults, err);

	for (size_t i = 0; !rc && i < indexes.len; i++)
		rc = load_or_fault(p, CW_VEC_AT(&indexes, char *, i), err);
	return rc;
}

/* Those of the LEN object directories STORES. */
static int open_stores(char *const *stores, size_t len, struct cw_packs **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *p = calloc(1, sizeof(*p));
	int rc = 0;

	if (!p)
		return cw_err_nomem(err);
	p->packs = (struct cw_vec)CW_VEC_INIT(struct cw_pack, CW_PACK_ENTRIES_MAX);
	p->entries = (struct cw_vec)CW_VEC_INIT(struct cw_entry, CW_PACK_ENTRIES_MAX);
	p->ids = (struct cw_vec)CW_VEC_INIT(struct cw_pack_id, CW_PACK_ENTRIES_MAX);
	p->by_id = (struct cw_vec)CW_VEC_INIT(uint32_t, CW_PACK_ENTRIES_MAX);
	p->outside = (struct cw_vec)CW_VEC_INIT(struct cw_pack_outside, CW_PACK_ENTRIES_MAX);
	p->faults = (struct cw_vec)CW_VEC_INIT(struct cw_store_fault, CW_STORE_FAULTS_MAX);
	for (size_t i = 0; !rc && i < len; i++)
		rc = load_store(p, stores[i], err);
	rc = rc ? rc : cw_packs_order(p, err);
	rc = rc ? rc : cw_packs_heads(p, err);
	if (rc)
		return rc;
	cw_packs_families(p);
	*ret = cw_steal(&p);
	return 0;
}

int cw_packs_open(struct cw_repo *r, struct cw_packs **ret, struct cw_err *err)
{
	int rc = open_stores(r->stores.items, r->stores.len, ret, err);

	return rc ? cw_err_wrap(err, rc, "packs of '%s'", r->at.git_dir) : 0;
}

int cw_packs_open_in(const char *store, struct cw_packs **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *dir = strdup(store);
	int rc = dir ? open_stores(&dir, 1, ret, err) : cw_err_nomem(err);

	return rc ? cw_err_wrap(err, rc, "packs of '%s'", store) : 0;
}

const struct cw_vec *cw_packs_faults(const struct cw_packs *p)
{
	return &p->faults;
}

uint32_t cw_packs_len(const struct cw_packs *p)
{
	return (uint32_t)p->entries.len;
}

const struct cw_entry *cw_packs_entry(const struct cw_packs *p, uint32_t i)
{
	return &CW_VEC_AT(&p->entries, struct cw_entry, i);
}

static void oid_of(const struct cw_pack_id *id, struct cw_oid *ret)
{
	*ret = (struct cw_oid){ .len = CW_PACK_ID_LEN };
	memcpy(ret->id, id->id, CW_PACK_ID_LEN);
}

void cw_packs_oid(const struct cw_packs *p, uint32_t i, struct cw_oid *ret)
{
	oid_of(id_of(p, i), ret);
}

static int by_entry(const void *key, const void *item)
{
	uint32_t x = *(const uint32_t *)key, y = ((const struct cw_pack_outside *)item)->entry;

	return (x > y) - (x < y);
}

void cw_packs_outside_base(const struct cw_packs *p, uint32_t i, struct cw_oid *ret)
{
	const struct cw_pack_outside *o = p->outside.len ? bsearch(&i, p->outside.items, p->outside.len, sizeof(*o), by_entry) : NULL;

	if (o)
		oid_of(&o->base, ret);
}

uint32_t cw_packs_count(const struct cw_packs *p)
{
	return (uint32_t)p->packs.len;
}

const char *cw_packs_path(const struct cw_packs *p, uint32_t pack)
{
	return CW_VEC_AT(&p->packs, struct cw_pack, pack).file.path;
}
