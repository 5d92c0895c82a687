/* store/sights.h - what hits say of a secret, without the secret: each distinct description once, by number.
 * Threads: one owner at a time. */
#ifndef CW_STORE_SIGHTS_H
#define CW_STORE_SIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"
#include "store/code.h"

#define CW_STORED_SECRET_LEN 32 /* bytes */
#define CW_STORED_RULES_MAX ((uint64_t)1 << 24)
#define CW_STORED_SIGHTS_MAX ((size_t)1 << 26)

struct cw_stored_sight { /* all pointers are borrowed */
	uint8_t secret[CW_STORED_SECRET_LEN]; /* what tells secrets apart, from which none can be told */
	uint32_t rule;			      /* index in the set, as in `also` */
	uint8_t proof;
	bool cut;
	const char *redacted;
	const char *label, *decoded, *python; /* or NULL */
	const uint32_t *also;
	size_t also_len;
	const uint32_t *values; /* value conditions of the policy that hold */
	size_t values_len;
};

struct cw_sight_list {
	struct cw_vec items;   /* struct cw_stored_sight */
	struct cw_vec numbers; /* uint32_t: what `also` and `values` point into, once read */
};
#define CW_SIGHT_LIST_INIT                                                                                                      \
	{ .items = CW_VEC_INIT(struct cw_stored_sight, CW_STORED_SIGHTS_MAX),                                                   \
	  .numbers = CW_VEC_INIT(uint32_t, CW_STORED_SIGHTS_MAX) }

void cw_sight_list_release(struct cw_sight_list *l);
void cw_put_sights(struct cw_buf *out, const struct cw_sight_list *l);
/* Read what cw_put_sights() wrote into L, an empty list; texts point into what T reads. Damage makes T bad. */
int cw_take_sights(struct cw_take *t, struct cw_sight_list *l, struct cw_err *err);

/* An object id: cw_oid without lib/vcs. */
#define CW_STORED_ID_MAX 32
struct cw_stored_id {
	uint8_t len; /* 20 or 32; 0: none */
	uint8_t id[CW_STORED_ID_MAX]; /* zero beyond len */
};
void cw_put_id(struct cw_buf *out, const struct cw_stored_id *id);
struct cw_stored_id cw_take_id(struct cw_take *t);
int cw_stored_id_cmp(const struct cw_stored_id *a, const struct cw_stored_id *b);

struct cw_stored_at { /* where a hit stands */
	uint64_t line, column, end_line, end_column; /* 1-based, bytes */
	uint64_t more;				     /* further hits that were only counted */
	uint32_t mark;				     /* number of the inline mark, from 1; 0: none */
};
void cw_put_at(struct cw_buf *out, const struct cw_stored_at *at);
struct cw_stored_at cw_take_at(struct cw_take *t);

#endif
