/* vcs/oid_map.h - object ids with a number each: filled once, sorted, then looked up. Threads: immutable once sorted. */
#ifndef CW_VCS_OID_MAP_H
#define CW_VCS_OID_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"

struct cw_oid_map {
	struct cw_vec entries; /* internal */
	uint32_t *slots;       /* hash table: number of an entry + 1, 0 is free */
	uint64_t seed;	       /* so that nobody can choose ids that meet in one place */
	unsigned shift;	       /* of the hash: the table has 2^(64 - shift) slots */
};

#define CW_OID_NONE UINT32_MAX /* no number: not in the map */

void cw_oid_map_init(struct cw_oid_map *m, size_t max);
void cw_oid_map_release(struct cw_oid_map *m);
int cw_oid_map_add(struct cw_oid_map *m, const struct cw_oid *oid, uint32_t value, struct cw_err *err);
/* To be called after the last cw_oid_map_add(). Of equal ids the greatest number stays. */
int cw_oid_map_sort(struct cw_oid_map *m, struct cw_err *err);
/* The number of OID, or CW_OID_NONE. */
uint32_t cw_oid_map_get(const struct cw_oid_map *m, const struct cw_oid *oid);

#endif
