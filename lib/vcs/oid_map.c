/* vcs/oid_map.c - a sorted array and a table over the first two bytes. */
#include "vcs/oid_map.h"

#include <stdlib.h>
#include <string.h>

#define FAN ((size_t)1 << 16)

struct entry {
	struct cw_oid oid;
	uint32_t value;
};

void cw_oid_map_init(struct cw_oid_map *m, size_t max)
{
	*m = (struct cw_oid_map){ .entries = CW_VEC_INIT(struct entry, max) };
}

void cw_oid_map_release(struct cw_oid_map *m)
{
	cw_vec_release(&m->entries);
	free(m->fan);
	m->fan = NULL;
}

int cw_oid_map_add(struct cw_oid_map *m, const struct cw_oid *oid, uint32_t value, struct cw_err *err)
{
	struct entry *e = cw_vec_push(&m->entries);

	if (!e)
		return cw_vec_fail(&m->entries, "table of objects", err);
	*e = (struct entry){ .oid = *oid, .value = value };
	return 0;
}

static int by_oid(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int c = cw_oid_cmp(&a->oid, &b->oid);

	return c ? c : (a->value < b->value) - (a->value > b->value);
}

static size_t head(const struct cw_oid *oid)
{
	return (size_t)oid->id[0] << 8 | oid->id[1];
}

int cw_oid_map_sort(struct cw_oid_map *m, struct cw_err *err)
{
	struct entry *e = m->entries.items;
	size_t kept = 0, at = 0;

	m->fan = calloc(FAN + 1, sizeof(*m->fan));
	if (!m->fan)
		return cw_err_nomem(err);
	if (m->entries.len)
		qsort(e, m->entries.len, sizeof(*e), by_oid);
	for (size_t i = 0; i < m->entries.len; i++) {
		if (!kept || cw_oid_cmp(&e[i].oid, &e[kept - 1].oid))
			e[kept++] = e[i];
	}
	m->entries.len = kept;
	for (size_t h = 0; h <= FAN; h++) {
		while (at < kept && head(&e[at].oid) < h)
			at++;
		m->fan[h] = at;
	}
	return 0;
}

uint32_t cw_oid_map_get(const struct cw_oid_map *m, const struct cw_oid *oid)
{
	const struct entry *e = m->entries.items;
	size_t low = m->fan[head(oid)], high = m->fan[head(oid) + 1];

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = cw_oid_cmp(&e[mid].oid, oid);

		if (!c)
			return e[mid].value;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return CW_OID_NONE;
}
