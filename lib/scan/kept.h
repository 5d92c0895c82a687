/* scan/kept.h - the hits of a history until their places are known: which objects hold which secrets.
 *
 * Glossary: *fact* - a (secret, rule); *holder* - an object, or a name in a tree, in which some fact was found, with one hit a
 * fact, the one that would be shown. No secret is kept, only what the sink made of it.
 * Threads: a stage belongs to one worker; holders are added from several at once; everything else after cw_kept_finish(). */
#ifndef CW_SCAN_KEPT_H
#define CW_SCAN_KEPT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/vec.h"
#include "scan/hit.h"

#define CW_HOLDERS_MAX ((size_t)1 << 30)
#define CW_HOLDER_NONE UINT32_MAX

struct cw_fact {
	uint8_t secret[CW_SECRET_ID_LEN];
	const struct cw_rule *rule;
	uint32_t secret_no; /* equal for equal secrets, counted from 0; after finish */
};

struct cw_kept_hit {
	uint32_t fact;
	uint8_t proof;
	bool cut;
	const void *handle;
	uint64_t line, column, end_line, end_column, more;
	const char *mark; /* NULL when some hit of the fact in this holder has none */
};

struct cw_holder {
	struct cw_oid oid; /* len 0: a name */
	enum cw_object_type type;
	bool named;	/* by some tree */
	bool reachable; /* through some tree */
	size_t first;	/* hit */
	uint32_t count; /* hits, ascending by fact after finish */
};

struct cw_kept_table {
	struct cw_vec holders; /* struct cw_holder */
	struct cw_vec hits;    /* struct cw_kept_hit */
	struct cw_vec facts;   /* struct cw_fact; ascending by (secret, rule) after finish */
	void *fact_tree;       /* search.h: struct numbered fact; until finish */
	uint32_t secrets;      /* after finish */
	pthread_mutex_t lock;
};

struct cw_stage { /* the hits of the object that a worker scans now */
	struct cw_vec hits; /* internal */
};
#define CW_STAGE_INIT { .hits = { .item_size = 0 } }

int cw_kept_init(struct cw_kept_table *t, struct cw_err *err);
void cw_kept_release(struct cw_kept_table *t);
void cw_stage_release(struct cw_stage *s);
/* Note HIT, for which the sink gave KEPT. */
int cw_stage_add(struct cw_stage *s, const struct cw_scan_hit *hit, const struct cw_kept *kept, struct cw_err *err);
/* Make a holder of what is staged; *ret is its number, CW_HOLDER_NONE when nothing is. The stage is empty afterwards. */
int cw_kept_add(struct cw_kept_table *t, struct cw_stage *s, const struct cw_oid *oid, enum cw_object_type type,
		uint32_t *ret, struct cw_err *err);
/* Number facts in an order that does not depend on threads. Once, after the last holder. */
int cw_kept_finish(struct cw_kept_table *t, struct cw_err *err);
static inline struct cw_holder *cw_kept_holder(const struct cw_kept_table *t, uint32_t holder)
{
	return &CW_VEC_AT(&t->holders, struct cw_holder, holder);
}
static inline const struct cw_fact *cw_kept_fact(const struct cw_kept_table *t, uint32_t fact)
{
	return &CW_VEC_AT(&t->facts, struct cw_fact, fact);
}
/* The hits of HOLDER: *ret_len of them, borrowed. */
const struct cw_kept_hit *cw_kept_hits(const struct cw_kept_table *t, uint32_t holder, uint32_t *ret_len);
/* HOLDER's hit of FACT, or NULL. */
const struct cw_kept_hit *cw_kept_find(const struct cw_kept_table *t, uint32_t holder, uint32_t fact);

#endif
