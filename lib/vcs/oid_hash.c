/* vcs/oid_hash.c - open addressing; see oid_hash.h. */
#include "vcs/oid_hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define CAP_MIN ((size_t)64)
#define CLEARED_MAX ((size_t)1024)
#define CAP_MAX ((size_t)1 << 29)

struct cw_oid_slot {
	struct cw_oid oid; /* len 0: free */
	uint32_t value;
};

void cw_oid_hash_release(struct cw_oid_hash *h)
{
	free(h->slots);
	*h = (struct cw_oid_hash)CW_OID_HASH_INIT;
}

void cw_oid_hash_clear(struct cw_oid_hash *h)
{
	if (h->cap > CLEARED_MAX) { /* cheaper than to clear it each time */
		cw_oid_hash_release(h);
		return;
	}
	if (h->len)
		memset(h->slots, 0, h->cap * sizeof(*h->slots));
	h->len = 0;
}

/* The product of two secret numbers' sums with the id, folded. */
static uint64_t hash(const struct cw_oid_hash *h, const struct cw_oid *oid)
{
	__extension__ typedef unsigned __int128 wide;
	uint64_t a, b;
	wide x;

	memcpy(&a, oid->id, sizeof(a));
	memcpy(&b, oid->id + sizeof(a), sizeof(b));
	x = (wide)(a ^ h->seed[0]) * (b ^ h->seed[1]);
	return (uint64_t)(x >> 64) ^ (uint64_t)x;
}

static struct cw_oid_slot *find(const struct cw_oid_hash *h, const struct cw_oid *oid)
{
	size_t i = (size_t)hash(h, oid) & (h->cap - 1);

	while (h->slots[i].oid.len && cw_oid_cmp(&h->slots[i].oid, oid))
		i = (i + 1) & (h->cap - 1);
	return &h->slots[i];
}

uint32_t *cw_oid_hash_get(const struct cw_oid_hash *h, const struct cw_oid *oid)
{
	struct cw_oid_slot *slot = h->len ? find(h, oid) : NULL;

	return slot && slot->oid.len ? &slot->value : NULL;
}

static int grow(struct cw_oid_hash *h, struct cw_err *err)
{
	struct cw_oid_hash bigger = *h;
	int rc = h->cap ? 0 : cw_random(bigger.seed, sizeof(bigger.seed), err);

	if (rc)
		return rc;
	bigger.cap = h->cap ? 2 * h->cap : CAP_MIN;
	if (bigger.cap > CAP_MAX)
		return cw_err_set(err, CW_E_LIMIT, "too many objects");
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return cw_err_nomem(err);
	for (size_t i = 0; i < h->cap; i++) {
		if (h->slots[i].oid.len)
			*find(&bigger, &h->slots[i].oid) = h->slots[i];
	}
	free(h->slots);
	*h = bigger;
	return 0;
}

int cw_oid_hash_put(struct cw_oid_hash *h, const struct cw_oid *oid, uint32_t value, uint32_t **ret, bool *ret_new,
		    struct cw_err *err)
{
	struct cw_oid_slot *slot;
	bool is_new;
	int rc = 2 * (h->len + 1) > h->cap ? grow(h, err) : 0;

	if (rc)
		return rc;
	slot = find(h, oid);
	is_new = !slot->oid.len;
	if (is_new) {
		*slot = (struct cw_oid_slot){ .oid = *oid, .value = value };
		h->len++;
	}
	if (ret)
		*ret = &slot->value;
	if (ret_new)
		*ret_new = is_new;
	return 0;
}
