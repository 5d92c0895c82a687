/* rules/pool.c - see pool.h. */
#include "rules/pool.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define CHUNK_SIZE ((size_t)64 << 10)

struct cw_pool_chunk {
	struct cw_pool_chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

static struct cw_pool_chunk *chunk_new(struct cw_pool *p, size_t size)
{
	size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
	struct cw_pool_chunk *c = calloc(1, sizeof(*c) + room);

	if (!c) {
		p->fail = CW_E_NOMEM;
		return NULL;
	}
	c->size = room;
	c->next = p->chunks;
	p->chunks = c;
	return c;
}

void *cw_pool_alloc(struct cw_pool *p, size_t size)
{
	struct cw_pool_chunk *c = p->chunks;
	size_t align = alignof(max_align_t);
	void *ret;

	if (p->fail)
		return NULL;
	if (size > CW_POOL_MAX || p->total + size > CW_POOL_MAX) {
		p->fail = CW_E_LIMIT;
		return NULL;
	}
	size = (size + align - 1) / align * align;
	if (!c || c->size - c->used < size)
		c = chunk_new(p, size);
	if (!c)
		return NULL;
	ret = c->data + c->used;
	c->used += size;
	p->total += size;
	return ret;
}

void *cw_pool_array(struct cw_pool *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		p->fail = CW_E_LIMIT;
		return NULL;
	}
	return cw_pool_alloc(p, bytes);
}

char *cw_pool_strn(struct cw_pool *p, const char *s, size_t len)
{
	char *ret = len < SIZE_MAX ? cw_pool_alloc(p, len + 1) : NULL;

	if (ret && len)
		memcpy(ret, s, len);
	return ret;
}

void cw_pool_release(struct cw_pool *p)
{
	while (p->chunks) {
		struct cw_pool_chunk *next = p->chunks->next;

		free(p->chunks);
		p->chunks = next;
	}
	*p = (struct cw_pool){0};
}
