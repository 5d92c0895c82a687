/* vcs/pack_places.h - what an index says of its pack, in the pack's own order, and whether that can be true. Internal to vcs/. */
#ifndef CW_VCS_PACK_PLACES_H
#define CW_VCS_PACK_PLACES_H

#include <stdint.h>

#include "base/err.h"
#include "vcs/pack_index.h"

struct cw_pack_place {
	uint64_t offset; /* in the pack */
	uint32_t nth;	 /* in the index */
};

struct cw_pack_places {
	struct cw_pack_place *items; /* one an entry of the index, by ascending offset */
	struct cw_pack_place *memory; /* owned: ITEMS is in it */
};

#define CW_PACK_PLACES_INIT { .items = NULL }
void cw_pack_places_release(struct cw_pack_places *p);

/* The places that X gives in a pack of SIZE bytes. CW_E_CORRUPT: one is outside the pack, two are the same, none is the first, or the
 * ids of X are not in order. */
int cw_pack_places_list(const struct cw_pack_index *x, uint64_t size, struct cw_pack_places *ret, struct cw_err *err);

#endif
