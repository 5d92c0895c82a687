/* vcs/oid_hash.h - a hash table from object ids to numbers that grows while it is used. Its hash is keyed with random bytes: whoever
 * made the objects cannot aim at its chains. Nothing is ever removed. Threads: one owner at a time. */
#ifndef CW_VCS_OID_HASH_H
#define CW_VCS_OID_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vcs/oid.h"

struct cw_oid_hash { /* internal but for len */
	struct cw_oid_slot *slots;
	size_t len, cap;
	uint64_t seed[2];
};

#define CW_OID_HASH_INIT { .slots = NULL }

void cw_oid_hash_release(struct cw_oid_hash *h);
/* Forget all ids; a small table keeps its memory. */
void cw_oid_hash_clear(struct cw_oid_hash *h);
/* The number of OID (len > 0), or NULL; borrowed until the next cw_oid_hash_put(). */
uint32_t *cw_oid_hash_get(const struct cw_oid_hash *h, const struct cw_oid *oid);
/* The number of OID, which is added with VALUE when it is new (*ret_new, may be NULL). CW_E_NOMEM, CW_E_LIMIT. */
int cw_oid_hash_put(struct cw_oid_hash *h, const struct cw_oid *oid, uint32_t value, uint32_t **ret, bool *ret_new,
		    struct cw_err *err);

#endif
