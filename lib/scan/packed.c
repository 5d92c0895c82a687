/* scan/packed.c - see packed.h. */
#include "scan/packed.h"

#include <stdlib.h>

#include "vcs/oid_map.h"

#define NOT_LISTED UINT32_MAX
#define RETAIN_SHARE 4			   /* of the memory, at most */
#define RETAIN_MAX ((uint64_t)96 << 20) /* bytes */

struct table {
	const struct cw_packed *p;
	uint32_t *of;	 /* of each entry: its place in the list */
	uint8_t *wanted; /* of each entry */
	uint8_t *found;	 /* of each object of the list: an entry is wanted for it */
};

/* The list and the packs usually stand in the same order. What does not is looked up. */
static int match_up(struct table *t, struct cw_err *err)
{
	CW_CLEANUP(cw_oid_map_release) struct cw_oid_map map;
	uint32_t len = cw_packs_len(t->p->packs);
	size_t next = 0;
	int rc = 0;

	cw_oid_map_init(&map, UINT32_MAX - 1);
	for (uint32_t i = 0; !rc && i < len; i++) {
		uint8_t type = cw_packs_entry(t->p->packs, i)->type;
		struct cw_oid oid;

		t->of[i] = NOT_LISTED;
		if (!t->p->other && type && !(t->p->types >> type & 1))
			continue;
		cw_packs_oid(t->p->packs, i, &oid);
		if (next < t->p->len && !cw_oid_cmp(&oid, &t->p->list[next].oid)) {
			t->of[i] = (uint32_t)next++;
			continue;
		}
		for (size_t k = 0; !rc && !map.entries.len && k < t->p->len; k++)
			rc = cw_oid_map_add(&map, &t->p->list[k].oid, (uint32_t)k, err);
		rc = rc || map.slots || !map.entries.len ? rc : cw_oid_map_sort(&map, err);
		t->of[i] = rc || !map.slots ? NOT_LISTED : cw_oid_map_get(&map, &oid);
		if (t->of[i] != NOT_LISTED)
			next = (size_t)t->of[i] + 1;
	}
	return rc;
}

/* Not left to be read in the other way, one by one: there may be 100,000 of them in one circle. */
static int fail_header(const struct table *t, uint32_t k, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc;

	if (t->p->take && !t->p->take(t->p->payload, k, CW_OBJ_BLOB))
		return 0;
	rc = cw_err_set(&why, CW_E_CORRUPT, "the pack entry or one that it is made of is damaged, or its deltas are a circle");
	return t->p->fail(t->p->payload, 0, k, rc, &why, err);
}

static bool is_visited(const struct cw_packed *p, uint32_t k, uint8_t type)
{
	return p->types >> type & 1 || (p->list[k].shared && p->shared_types >> type & 1);
}

static int choose(struct table *t, struct cw_err *err)
{
	uint32_t len = cw_packs_len(t->p->packs);
	int rc = 0;

	_Static_assert(NOT_LISTED == CW_OID_NONE, "what the map does not hold is not listed");
	for (uint32_t i = 0; !rc && i < len; i++) {
		const struct cw_entry *e = cw_packs_entry(t->p->packs, i);
		uint32_t k = t->of[i];

		if (k == NOT_LISTED || e->state == CW_ENTRY_ADRIFT)
			continue;
		if (e->state == CW_ENTRY_CORRUPT) {
			rc = fail_header(t, k, err);
			continue;
		}
		if (!is_visited(t->p, k, e->type)) {
			rc = t->p->other ? t->p->other(t->p->payload, k, err) : 0;
		} else if (!t->found[k] && (!t->p->take || t->p->take(t->p->payload, k, e->type))) {
			t->found[k] = 1;
			t->wanted[i] = CW_WANTED;
		} else if (e->child != CW_ENTRY_NONE) {
			t->wanted[i] = CW_WANTED_FOR_OTHERS;
		}
	}
	return rc;
}

static int visit(void *payload, unsigned worker, const struct cw_version *v, struct cw_left *ret, struct cw_err *err)
{
	const struct table *t = payload;

	return t->p->visit(t->p->payload, worker, t->of[v->entry], v, ret, err);
}

static int fail(void *payload, unsigned worker, uint32_t entry, int rc, const struct cw_err *why, struct cw_err *err)
{
	const struct table *t = payload;

	return t->p->fail(t->p->payload, worker, t->of[entry], rc, why, err);
}

int cw_packed_walk(const struct cw_packed *p, struct cw_family_stats *stats, struct cw_err *err)
{
	uint32_t len = cw_packs_len(p->packs);
	CW_CLEANUP(cw_freep) uint32_t *of = calloc((size_t)len + 1, sizeof(*of));
	CW_CLEANUP(cw_freep) uint8_t *wanted = calloc((size_t)len + 1, 1), *found = calloc(p->len + 1, 1);
	struct table t = { .p = p, .of = of, .wanted = wanted, .found = found };
	struct cw_families f = { .packs = p->packs, .wanted = wanted, .workers = p->workers, .object_max = p->object_max,
				 .memory_max = p->memory_max,
				 .cancel = p->cancel, .visit = visit, .drop = p->drop, .fail = fail, .payload = &t };
	int rc;

	if (!of || !wanted || !found)
		return cw_err_nomem(err);
	f.retain_max = p->memory_max / RETAIN_SHARE < RETAIN_MAX ? p->memory_max / RETAIN_SHARE : RETAIN_MAX;
	rc = match_up(&t, err);
	if (rc)
		return rc;
	rc = choose(&t, err);
	return rc ? rc : cw_families_walk(&f, stats, err);
}
