/* vcs/packs_int.h - what struct cw_packs is made of. Internal to vcs/. */
#ifndef CW_VCS_PACKS_INT_H
#define CW_VCS_PACKS_INT_H

#include "base/vec.h"
#include "vcs/pack_file.h"
#include "vcs/packs.h"

#define CW_PACK_ID_LEN 20 /* bytes of an id: SHA-1 */

struct cw_pack {
	struct cw_pack_file file;
	uint32_t first, count; /* its entries */
};

struct cw_pack_id {
	uint8_t id[CW_PACK_ID_LEN];
};

struct cw_pack_outside { /* an entry whose base is CW_ENTRY_OUTSIDE */
	uint32_t entry;
	struct cw_pack_id base;
};

struct cw_packs {
	struct cw_vec packs;   /* struct cw_pack */
	struct cw_vec entries; /* struct cw_entry */
	struct cw_vec ids;     /* struct cw_pack_id of each entry */
	struct cw_vec by_id;   /* uint32_t: entries in the order of their ids, then of their numbers */
	bool unordered;	       /* by_id is not in order yet */
	uint32_t *fan;	       /* where in by_id the ids begin whose first fan_bits bits are these; one more than 1 << fan_bits */
	unsigned fan_bits;     /* 8 to 16 */
	struct cw_vec outside; /* struct cw_pack_outside, ascending */
	struct cw_vec faults;  /* struct cw_store_fault */
};

/* Read the index INDEX_PATH and append its pack's entries (offset, end, pack), ids and order of ids to P. What may be read again
 * from P is as before after a failure. CW_E_CORRUPT, CW_E_UNSUPPORTED: the index or pack is wrong. */
int cw_packs_load(struct cw_packs *p, const char *index_path, struct cw_err *err);
/* Bring the ids of all packs in one order. */
int cw_packs_order(struct cw_packs *p, struct cw_err *err);
/* The first entry >= FROM with this id, or CW_ENTRY_NONE. */
uint32_t cw_packs_copy_from(const struct cw_packs *p, const struct cw_pack_id *id, uint32_t from);
/* Read the headers of all entries: size, head, delta, base, and the type of full objects. */
int cw_packs_heads(struct cw_packs *p, struct cw_err *err);
/* Make families of the bases: child, sibling, and the types and states of deltas. */
void cw_packs_families(struct cw_packs *p);

#endif
