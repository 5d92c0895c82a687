/* base/map64.h - a hash table from 64-bit keys to 32-bit values, for keys made of the program's own numbers (a stranger who chose keys
 * could make it slow). Nothing is ever removed. Threads: one owner at a time. */
#ifndef CW_BASE_MAP64_H
#define CW_BASE_MAP64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cw_map64 {
	uint64_t *keys;	  /* key + 1; 0: free */
	uint32_t *values;
	size_t len, cap;  /* cap: 0 or a power of two */
	size_t max;	  /* entries it may ever hold */
};

#define CW_MAP64_INIT(max_entries) { .max = (max_entries) }
#define CW_MAP64_PAIR(high, low) ((uint64_t)(high) << 32 | (uint32_t)(low))

void cw_map64_release(struct cw_map64 *m);
/* The value of KEY (not UINT64_MAX), or NULL; borrowed until the next cw_map64_put(). */
uint32_t *cw_map64_get(const struct cw_map64 *m, uint64_t key);
/* The value of KEY, which is added with VALUE if it is new (*ret_new, may be NULL). CW_E_NOMEM, CW_E_LIMIT. */
int cw_map64_put(struct cw_map64 *m, uint64_t key, uint32_t value, uint32_t **ret, bool *ret_new, struct cw_err *err);

#endif
