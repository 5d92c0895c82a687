/* base/vec.c - owns: growth and limits of arrays. */
#include "base/vec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void cw_vec_release(struct cw_vec *v)
{
	free(v->items);
	v->items = NULL;
	v->len = v->cap = 0;
	v->fail = 0;
}

void cw_vec_clear(struct cw_vec *v)
{
	v->len = 0;
	v->fail = 0;
}

int cw_vec_reserve(struct cw_vec *v, size_t extra)
{
	size_t cap, bytes;
	void *items;

	assert(v->item_size > 0);
	if (v->fail != 0)
		return v->fail;
	if (extra <= v->cap - v->len)
		return 0;
	if (v->len > v->max || extra > v->max - v->len)
		return v->fail = CW_E_LIMIT;
	cap = v->cap > v->max / 2 ? v->max : v->cap * 2;
	if (cap < 8)
		cap = v->max < 8 ? v->max : 8;
	if (cap < v->len + extra)
		cap = v->len + extra;
	if (__builtin_mul_overflow(cap, v->item_size, &bytes))
		return v->fail = CW_E_LIMIT;
	items = realloc(v->items, bytes);
	if (items == NULL)
		return v->fail = CW_E_NOMEM;
	v->items = items;
	v->cap = cap;
	return 0;
}

void *cw_vec_push(struct cw_vec *v)
{
	void *item;

	if (cw_vec_reserve(v, 1) != 0)
		return NULL;
	item = (char *)v->items + v->len * v->item_size;
	memset(item, 0, v->item_size);
	v->len++;
	return item;
}

int cw_vec_fail(const struct cw_vec *v, const char *what, struct cw_err *err)
{
	if (v->fail == 0)
		return 0;
	if (v->fail == CW_E_NOMEM)
		return cw_err_set(err, CW_E_NOMEM, "%s: %s", what, cw_err_text(CW_E_NOMEM));
	return cw_err_set(err, (enum cw_code)v->fail, "%s: more than %zu items", what, v->max);
}
