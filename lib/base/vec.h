/* base/vec.h - growable array of equal items with a hard maximum and a sticky failure.
 *
 * Items are plain memory: they are moved by realloc and not destroyed by the vector; whoever knows the item type
 * releases what items own before cw_vec_release(). Threads: one owner at a time. */
#ifndef CW_BASE_VEC_H
#define CW_BASE_VEC_H

#include <stddef.h>

#include "base/err.h"

struct cw_vec {
	void *items;
	size_t len, cap, max; /* in items */
	size_t item_size;     /* bytes */
	int fail;	      /* 0, CW_E_NOMEM or CW_E_LIMIT */
};

/* An empty vector of TYPE that never holds more than MAX_ITEMS. */
#define CW_VEC_INIT(type, max_items) { .items = NULL, .max = (max_items), .item_size = sizeof(type) }
/* Item I of vector V as a TYPE lvalue; I must be < len. */
#define CW_VEC_AT(v, type, i) (((type *)(v)->items)[i])

void cw_vec_release(struct cw_vec *v);
/* Forget items and failure, keep the memory. */
void cw_vec_clear(struct cw_vec *v);
/* A new zeroed item at the end (borrowed, valid until the next push), or NULL with `fail` set. */
void *cw_vec_push(struct cw_vec *v);
int cw_vec_reserve(struct cw_vec *v, size_t extra);
/* 0, or the sticky failure stored into ERR (may be NULL). */
int cw_vec_fail(const struct cw_vec *v, const char *what, struct cw_err *err);

#endif
