/* scan/family_mem.h - the memory of a walk over delta families: versions that are counted, shared and used again.
 * Internal to families.c. Threads: a pool belongs to one worker; contents and the budget are shared. */
#ifndef CW_SCAN_FAMILY_MEM_H
#define CW_SCAN_FAMILY_MEM_H

#include "scan/families.h"

#define CW_POOL_MAX 8			     /* spare contents of a worker */
#define CW_POOL_CONTENT_MAX ((size_t)4 << 20) /* bytes of one */

struct cw_content { /* the bytes of one version */
	_Atomic uint32_t refs;
	bool retained; /* counted as such */
	struct cw_buf buf;
	size_t counted; /* bytes of it in the budget */
	struct cw_left left;
};

struct cw_content_budget {
	uint64_t max, retain_max; /* bytes */
	_Atomic uint64_t used, retained;
};

struct cw_content_pool {
	struct cw_content *spare[CW_POOL_MAX];
	unsigned len;
	void (*drop)(void *left);
};

/* CW_E_LIMIT when SIZE bytes more would be too many. Says nothing about the next moment. */
int cw_content_room(struct cw_content_budget *b, uint64_t size, struct cw_err *err);
/* A content with room for LEN bytes and one reference. CW_E_LIMIT, CW_E_NOMEM. */
int cw_content_new(struct cw_content_pool *pool, struct cw_content_budget *b, uint64_t len, struct cw_content **ret,
		   struct cw_err *err);
/* Count what C's buffer has become. */
void cw_content_grown(struct cw_content_budget *b, struct cw_content *c);
/* Whether C may wait for its children; counts it and what was left with it. */
bool cw_content_retain(struct cw_content_budget *b, struct cw_content *c);
/* C, or NULL for NULL. */
struct cw_content *cw_content_ref(struct cw_content *c);
void cw_content_unref(struct cw_content_pool *pool, struct cw_content_budget *b, struct cw_content *c);
void cw_content_pool_release(struct cw_content_pool *pool, struct cw_content_budget *b);

#endif
