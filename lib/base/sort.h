/* base/sort.h - sorts by numbers: for lists of a few hundred thousand items a comparison of each pair costs more than a few passes.
 * Threads: reentrant. */
#ifndef CW_BASE_SORT_H
#define CW_BASE_SORT_H

#include <stddef.h>
#include <stdint.h>

struct cw_sort_key {
	uint64_t key;
	uint64_t value; /* the caller's: the number of an item, say */
};

/* Sort the N KEYS, those with equal keys as they stood. SPARE has room for as many. Returns where the result is: KEYS or SPARE. */
struct cw_sort_key *cw_sort_keys(struct cw_sort_key *keys, struct cw_sort_key *spare, size_t n);

#endif
