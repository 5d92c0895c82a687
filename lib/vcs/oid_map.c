/* vcs/oid_map.c - an array of entries and a hash table of their numbers. Ids are hashes already, but a pack index may state any: hence
 * the random factor. */
#include "vcs/oid_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BITS_MIN 6

struct entry {
	struct cw_oid oid;
	uint32_t value;
};

void cw_oid_map_init(struct cw_oid_map *m, size_t max)
{
	*m = (struct cw_oid_map){ .entries = CW_VEC_INIT(struct entry, max < UINT32_MAX ? max : UINT32_MAX - 1) };
}

void cw_oid_map_release(struct cw_oid_map *m)
{
	cw_vec_release(&m->entries);
	free(m->slots);
	m->slots = NULL;
}

int cw_oid_map_add(struct cw_oid_map *m, const struct cw_oid *oid, uint32_t value, struct cw_err *err)
{
	struct entry *e = cw_vec_push(&m->entries);

	if (!e)
		return cw_vec_fail(&m->entries, "table of objects", err);
	*e = (struct entry){ .oid = *oid, .value = value };
	return 0;
}

/* The slot of OID: where it stands, or the free one where it would. */
static uint32_t *slot_of(const struct cw_oid_map *m, const struct cw_oid *oid)
{
	const struct entry *e = m->entries.items;
	size_t mask = ((size_t)1 << (64 - m->shift)) - 1, at;
	uint64_t a, b;

	memcpy(&a, oid->id, sizeof(a));
	memcpy(&b, oid->id + sizeof(a), sizeof(b));
	at = (size_t)(((a ^ m->seed) * (m->seed | 1) + b * UINT64_C(0x9e3779b97f4a7c15)) >> m->shift);
	while (m->slots[at] && cw_oid_cmp(&e[m->slots[at] - 1].oid, oid))
		at = (at + 1) & mask;
	return &m->slots[at];
}

int cw_oid_map_sort(struct cw_oid_map *m, struct cw_err *err)
{
	const struct entry *e = m->entries.items;
	unsigned bits = BITS_MIN;

	while ((size_t)1 << bits < 2 * m->entries.len)
		bits++;
	m->shift = 64 - bits;
	if (getrandom(&m->seed, sizeof(m->seed), GRND_NONBLOCK) != sizeof(m->seed))
		m->seed = (uint64_t)(uintptr_t)m ^ (uint64_t)(uintptr_t)m->entries.items << 20;
	m->slots = calloc((size_t)1 << bits, sizeof(*m->slots));
	if (!m->slots)
		return cw_err_nomem(err);
	for (size_t i = 0; i < m->entries.len; i++) {
		uint32_t *slot = slot_of(m, &e[i].oid);

		if (!*slot || e[*slot - 1].value < e[i].value)
			*slot = (uint32_t)i + 1;
	}
	return 0;
}

uint32_t cw_oid_map_get(const struct cw_oid_map *m, const struct cw_oid *oid)
{
	uint32_t slot = *slot_of(m, oid);

	return slot ? CW_VEC_AT(&m->entries, struct entry, slot - 1).value : CW_OID_NONE;
}
