/* scan/family_mem.c - see family_mem.h. */
#include "scan/family_mem.h"

#include <stdatomic.h>
#include <stdlib.h>

static int too_much(uint64_t size, uint64_t max, struct cw_err *err)
{
	return cw_err_set(err, CW_E_LIMIT, "too large: %llu bytes do not fit into the memory allowed (%llu)",
			  (unsigned long long)size, (unsigned long long)max);
}

int cw_content_room(struct cw_content_budget *b, uint64_t size, struct cw_err *err)
{
	uint64_t used = atomic_load(&b->used);

	return used <= b->max && b->max - used >= size ? 0 : too_much(size, b->max, err);
}

void cw_content_grown(struct cw_content_budget *b, struct cw_content *c)
{
	size_t now = c->buf.cap > c->buf.len ? c->buf.cap : c->buf.len;

	if (now > c->counted)
		atomic_fetch_add(&b->used, now - c->counted);
	else
		atomic_fetch_sub(&b->used, c->counted - now);
	c->counted = now;
}

static void content_free(struct cw_content_budget *b, struct cw_content *c)
{
	atomic_fetch_sub(&b->used, c->counted);
	cw_buf_release(&c->buf);
	free(c);
}

/* A spare content with room for LEN bytes, not much too large; or the last one, to be grown; or NULL. */
static struct cw_content *take_spare(struct cw_content_pool *pool, uint64_t len)
{
	unsigned best = pool->len;
	struct cw_content *c;

	for (unsigned i = 0; i < pool->len; i++) {
		size_t cap = pool->spare[i]->buf.cap;

		if (cap >= len && (best == pool->len || cap < pool->spare[best]->buf.cap))
			best = i;
	}
	if (best == pool->len)
		return NULL;
	c = pool->spare[best];
	pool->spare[best] = pool->spare[--pool->len];
	return c;
}

int cw_content_new(struct cw_content_pool *pool, struct cw_content_budget *b, uint64_t len, struct cw_content **ret,
		   struct cw_err *err)
{
	struct cw_content *c = take_spare(pool, len);
	int rc;

	if (!c) {
		rc = cw_content_room(b, len, err);
		if (rc)
			return rc;
		c = calloc(1, sizeof(*c));
		if (!c)
			return cw_err_nomem(err);
		c->buf = (struct cw_buf)CW_BUF_INIT_MAX(SIZE_MAX / 2);
	}
	atomic_store(&c->refs, 1);
	rc = cw_buf_reserve(&c->buf, (size_t)len);
	cw_content_grown(b, c);
	if (rc) {
		content_free(b, c);
		return cw_err_nomem(err);
	}
	*ret = c;
	return 0;
}

bool cw_content_retain(struct cw_content_budget *b, struct cw_content *c)
{
	uint64_t size = c->counted + c->left.size, before = atomic_fetch_add(&b->retained, size);

	if (before + size > b->retain_max) {
		atomic_fetch_sub(&b->retained, size);
		return false;
	}
	c->retained = true;
	return true;
}

struct cw_content *cw_content_ref(struct cw_content *c)
{
	if (c)
		atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void cw_content_unref(struct cw_content_pool *pool, struct cw_content_budget *b, struct cw_content *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	if (c->retained)
		atomic_fetch_sub(&b->retained, c->counted + c->left.size);
	c->retained = false;
	if (c->left.what)
		pool->drop(c->left.what);
	c->left = (struct cw_left){ .what = NULL };
	cw_buf_clear(&c->buf);
	if (c->buf.cap > CW_POOL_CONTENT_MAX) {
		content_free(b, c);
		return;
	}
	if (pool->len == CW_POOL_MAX) { /* the smallest is the least worth */
		unsigned least = 0;

		for (unsigned i = 1; i < pool->len; i++)
			least = pool->spare[i]->buf.cap < pool->spare[least]->buf.cap ? i : least;
		if (pool->spare[least]->buf.cap >= c->buf.cap) {
			content_free(b, c);
			return;
		}
		content_free(b, pool->spare[least]);
		pool->spare[least] = pool->spare[--pool->len];
	}
	pool->spare[pool->len++] = c;
}

void cw_content_pool_release(struct cw_content_pool *pool, struct cw_content_budget *b)
{
	while (pool->len > 0)
		content_free(b, pool->spare[--pool->len]);
}
