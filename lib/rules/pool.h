/* rules/pool.h - memory of a rule set: allocated piece by piece, freed at once.
 * A rule is a few dozen small lists and strings with one lifetime; the pool gives them one owner. */
#ifndef CW_RULES_POOL_H
#define CW_RULES_POOL_H

#include <stddef.h>

struct cw_pool_chunk;
struct cw_pool {
	struct cw_pool_chunk *chunks;
	size_t total; /* bytes handed out */
	int fail;     /* sticky CW_E_NOMEM or CW_E_LIMIT */
};

#define CW_POOL_MAX ((size_t)256 << 20) /* bytes */

/* SIZE zeroed bytes aligned for any type, or NULL with `fail` set. */
void *cw_pool_alloc(struct cw_pool *p, size_t size);
/* An array of N items of SIZE bytes; overflow counts as too large. */
void *cw_pool_array(struct cw_pool *p, size_t n, size_t size);
/* A NUL-terminated copy of LEN bytes. */
char *cw_pool_strn(struct cw_pool *p, const char *s, size_t len);
void cw_pool_release(struct cw_pool *p);

#endif
