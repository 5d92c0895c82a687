/* match/resolve.h - overlap resolution: of hits that share a byte one wins, the others become its `also`.
 * Order: proof (checksum > structure > pattern > context), specific before generic, longer, earlier, rule id. */
#ifndef CW_MATCH_RESOLVE_H
#define CW_MATCH_RESOLVE_H

#include "match/blob.h"

/* Resolve RES->hits in place: winners stay, sorted by (start, end, rule), with also_off/also_len filled. Time is
 * O(n log n). CW_E_NOMEM. */
int cw_resolve(const struct cw_set *set, struct cw_result *res, struct cw_err *err);

#endif
