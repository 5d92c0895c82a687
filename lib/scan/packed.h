/* scan/packed.h - visits those of a list of objects that stand in packs, family by family (scan/families.h). What is loose, stands in
 * a pack that cannot be used, or could not be read is not visited: it is the caller's to read in another way. */
#ifndef CW_SCAN_PACKED_H
#define CW_SCAN_PACKED_H

#include "scan/families.h"

#define CW_MEMORY_MAX_DEFAULT ((uint64_t)4 << 30) /* bytes of content at a time */
#define CW_MEMORY_MAX_MIN ((uint64_t)16 << 20)

struct cw_packed {
	const struct cw_packs *packs;
	const struct cw_object_ref *list; /* sorted by `order`, or nearly: then it is only slower */
	size_t len;
	unsigned types; /* bits 1 << enum cw_object_type of what is visited */
	unsigned shared_types; /* likewise, only those objects that have several copies */
	unsigned workers;
	uint64_t object_max, memory_max; /* bytes, as in struct cw_families */
	const _Atomic int *cancel;
	/* Whether object I of the list is wanted, whose TYPE is one of those; NULL: all are. From one thread, before any visit. */
	bool (*take)(void *payload, size_t i, enum cw_object_type type);
	/* As in struct cw_families, for object I of the list. */
	int (*visit)(void *payload, unsigned worker, size_t i, const struct cw_version *v, struct cw_left *ret, struct cw_err *err);
	int (*fail)(void *payload, unsigned worker, size_t i, int rc, const struct cw_err *why, struct cw_err *err);
	void (*drop)(void *left);
	int (*other)(void *payload, size_t i, struct cw_err *err); /* an object of another type, a tree say, with a readable entry */
	void *payload;
};

/* STATS are added to. CW_E_NOMEM, or what a callback returned. */
int cw_packed_walk(const struct cw_packed *p, struct cw_family_stats *stats, struct cw_err *err);

#endif
