/* vcs/pack_places.c - see pack_places.h. */
#include "vcs/pack_places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/pack_file.h"

#define DIGIT_BITS 11
#define DIGITS ((size_t)1 << DIGIT_BITS)

void cw_pack_places_release(struct cw_pack_places *p)
{
	free(p->memory);
	*p = (struct cw_pack_places)CW_PACK_PLACES_INIT;
}

static int corrupt(struct cw_err *err, const char *why)
{
	return cw_err_set(err, CW_E_CORRUPT, "%s", why);
}

/* Sort by offset. A radix sort: a few passes cost less than all comparisons. SPARE has room for as many; returns where the result
 * is. */
static struct cw_pack_place *sort_places(struct cw_pack_place *places, struct cw_pack_place *spare, uint32_t count,
					 uint64_t size)
{
	for (unsigned shift = 0; shift < 64 && size >> shift; shift += DIGIT_BITS) {
		uint32_t start[DIGITS + 1] = { 0 };
		struct cw_pack_place *old = places;

		for (uint32_t i = 0; i < count; i++)
			start[(places[i].offset >> shift & (DIGITS - 1)) + 1]++;
		for (size_t i = 1; i < DIGITS; i++)
			start[i] += start[i - 1];
		for (uint32_t i = 0; i < count; i++)
			spare[start[places[i].offset >> shift & (DIGITS - 1)]++] = places[i];
		places = spare;
		spare = old;
	}
	return places;
}

/* The offsets of all entries; ids must not descend. */
static int list_places(const struct cw_pack_index *x, uint64_t trailer, struct cw_pack_place *out, struct cw_err *err)
{
	for (uint32_t i = 0; i < x->count; i++) {
		struct cw_oid oid;
		int rc = cw_pack_index_entry(x, i, &oid, &out[i].offset, err);

		if (rc)
			return rc;
		if (out[i].offset < CW_PACK_HEADER_LEN || out[i].offset >= trailer)
			return corrupt(err, "the index points to places outside the pack");
		if (i && memcmp(x->ids + (size_t)(i - 1) * x->id_step, oid.id, x->oid_len) > 0)
			return corrupt(err, "the ids of the index are not in order");
		out[i].nth = i;
	}
	return 0;
}

static int check_places(const struct cw_pack_place *places, uint32_t count, struct cw_err *err)
{
	if (count && places[0].offset != CW_PACK_HEADER_LEN)
		return corrupt(err, "the index does not name the first object of the pack");
	for (uint32_t i = 1; i < count; i++) {
		if (places[i].offset == places[i - 1].offset)
			return corrupt(err, "the index gives two objects the same place in the pack");
	}
	return 0;
}

int cw_pack_places_list(const struct cw_pack_index *x, uint64_t size, struct cw_pack_places *ret, struct cw_err *err)
{
	struct cw_pack_places p = { .memory = malloc((size_t)x->count * 2 * sizeof(*p.memory) + 1) };
	int rc = p.memory ? list_places(x, size - x->oid_len, p.memory, err) : cw_err_nomem(err);

	if (!rc) {
		p.items = sort_places(p.memory, p.memory + x->count, x->count, size);
		rc = check_places(p.items, x->count, err);
	}
	if (rc)
		cw_pack_places_release(&p);
	else
		*ret = p;
	return rc;
}
