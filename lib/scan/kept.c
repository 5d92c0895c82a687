/* scan/kept.c - see kept.h. */
#include "scan/kept.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define HITS_MAX ((size_t)1 << 26)
#define FACTS_MAX ((size_t)1 << 26)

struct staged {
	struct cw_fact fact;
	struct cw_kept_hit hit;
};

struct node { /* of the tree of facts */
	struct cw_fact fact;
	uint32_t number;
};

int cw_kept_init(struct cw_kept_table *t, struct cw_err *err)
{
	*t = (struct cw_kept_table){ .holders = CW_VEC_INIT(struct cw_holder, CW_HOLDERS_MAX),
				     .hits = CW_VEC_INIT(struct cw_kept_hit, HITS_MAX),
				     .facts = CW_VEC_INIT(struct cw_fact, FACTS_MAX) };
	return pthread_mutex_init(&t->lock, NULL) ? cw_err_nomem(err) : 0;
}

void cw_kept_release(struct cw_kept_table *t)
{
	cw_vec_release(&t->holders);
	cw_vec_release(&t->hits);
	cw_vec_release(&t->facts);
	tdestroy(t->fact_tree, free);
	t->fact_tree = NULL;
	pthread_mutex_destroy(&t->lock);
}

void cw_stage_release(struct cw_stage *s)
{
	cw_vec_release(&s->hits);
}

int cw_stage_add(struct cw_stage *s, const struct cw_scan_hit *hit, const struct cw_kept *kept, struct cw_err *err)
{
	struct staged *slot;

	if (!s->hits.item_size)
		s->hits = (struct cw_vec)CW_VEC_INIT(struct staged, HITS_MAX);
	slot = cw_vec_push(&s->hits);
	if (!slot)
		return cw_vec_fail(&s->hits, "hits", err);
	memcpy(slot->fact.secret, kept->secret, sizeof(slot->fact.secret));
	slot->fact.rule = hit->rule;
	slot->hit = (struct cw_kept_hit){ .proof = (uint8_t)hit->proof, .cut = hit->cut, .handle = kept->handle,
					  .line = hit->line, .column = hit->column, .end_line = hit->end_line,
					  .end_column = hit->end_column, .more = hit->more, .mark = hit->mark };
	return 0;
}

static int fact_cmp(const void *va, const void *vb)
{
	const struct cw_fact *a = va, *b = vb;
	int c = memcmp(a->secret, b->secret, sizeof(a->secret));

	return c ? c : strcmp(a->rule->id, b->rule->id);
}

static int u64_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By fact, then the one to be shown first: the strongest proof, not cut, the first in the object. */
static int staged_cmp(const void *va, const void *vb)
{
	const struct staged *a = va, *b = vb;
	int c = fact_cmp(&a->fact, &b->fact);

	c = c ? c : (int)b->hit.proof - (int)a->hit.proof;
	c = c ? c : (int)a->hit.cut - (int)b->hit.cut;
	c = c ? c : u64_cmp(a->hit.line, b->hit.line);
	c = c ? c : u64_cmp(a->hit.column, b->hit.column);
	c = c ? c : u64_cmp(a->hit.end_line, b->hit.end_line);
	return c ? c : u64_cmp(a->hit.end_column, b->hit.end_column);
}

/* Sort what is staged and leave one hit a fact. */
static void settle(struct cw_stage *s)
{
	struct staged *items = s->hits.items;
	size_t kept = 0;

	qsort(items, s->hits.len, sizeof(*items), staged_cmp);
	for (size_t i = 0; i < s->hits.len; i++) {
		struct cw_kept_hit *shown = kept ? &items[kept - 1].hit : NULL;

		if (!kept || fact_cmp(&items[i].fact, &items[kept - 1].fact)) {
			items[kept++] = items[i];
			continue;
		}
		if (items[i].hit.more > shown->more)
			shown->more = items[i].hit.more;
		if (!items[i].hit.mark)
			shown->mark = NULL;
	}
	s->hits.len = kept;
}

/* Under the lock. */
static int number_of(struct cw_kept_table *t, const struct cw_fact *fact, uint32_t *ret, struct cw_err *err)
{
	struct node **found = tfind(fact, &t->fact_tree, fact_cmp), *node;
	struct cw_fact *slot;

	if (found) {
		*ret = (*found)->number;
		return 0;
	}
	node = malloc(sizeof(*node));
	if (!node)
		return cw_err_nomem(err);
	*node = (struct node){ .fact = *fact, .number = (uint32_t)t->facts.len };
	slot = cw_vec_push(&t->facts);
	if (!slot || !tsearch(node, &t->fact_tree, fact_cmp)) {
		free(node);
		return slot ? cw_err_nomem(err) : cw_vec_fail(&t->facts, "secrets", err);
	}
	*slot = *fact;
	*ret = node->number;
	return 0;
}

/* Under the lock. */
static int add_holder(struct cw_kept_table *t, const struct cw_stage *s, const struct cw_oid *oid,
		      enum cw_object_type type, uint32_t *ret, struct cw_err *err)
{
	struct cw_holder *holder;
	size_t first = t->hits.len;

	for (size_t i = 0; i < s->hits.len; i++) {
		const struct staged *staged = &CW_VEC_AT(&s->hits, struct staged, i);
		struct cw_kept_hit *slot = cw_vec_push(&t->hits);
		int rc;

		if (!slot)
			return cw_vec_fail(&t->hits, "hits", err);
		*slot = staged->hit;
		rc = number_of(t, &staged->fact, &slot->fact, err);
		if (rc)
			return rc;
	}
	holder = cw_vec_push(&t->holders);
	if (!holder)
		return cw_vec_fail(&t->holders, "objects with hits", err);
	*holder = (struct cw_holder){ .oid = *oid, .type = type, .first = first, .count = (uint32_t)s->hits.len };
	*ret = (uint32_t)(t->holders.len - 1);
	return 0;
}

int cw_kept_add(struct cw_kept_table *t, struct cw_stage *s, const struct cw_oid *oid, enum cw_object_type type,
		uint32_t *ret, struct cw_err *err)
{
	int rc;

	*ret = CW_HOLDER_NONE;
	if (!s->hits.len)
		return 0;
	settle(s);
	pthread_mutex_lock(&t->lock);
	rc = add_holder(t, s, oid, type, ret, err);
	pthread_mutex_unlock(&t->lock);
	cw_vec_clear(&s->hits);
	return rc;
}

static int by_fact(const void *a, const void *b)
{
	const struct cw_kept_hit *x = a, *y = b;

	return (x->fact > y->fact) - (x->fact < y->fact);
}

struct numbering {
	uint32_t *map; /* old number -> new */
	uint32_t next;
};

static void renumber(const void *nodep, VISIT which, void *payload)
{
	const struct node *node = *(const struct node *const *)nodep;
	struct numbering *n = payload;

	if (which == postorder || which == leaf)
		n->map[node->number] = n->next++;
}

int cw_kept_finish(struct cw_kept_table *t, struct cw_err *err)
{
	size_t n = t->facts.len;
	CW_CLEANUP(cw_freep) uint32_t *map = calloc(n + 1, sizeof(*map));
	struct numbering numbering = { .map = map };
	struct cw_fact *facts = t->facts.items;

	if (!map)
		return cw_err_nomem(err);
	twalk_r(t->fact_tree, renumber, &numbering);
	tdestroy(t->fact_tree, free);
	t->fact_tree = NULL;
	if (n)
		qsort(facts, n, sizeof(*facts), fact_cmp);
	for (size_t i = 0; i < n; i++) {
		t->secrets += i && memcmp(facts[i].secret, facts[i - 1].secret, sizeof(facts[i].secret)) != 0;
		facts[i].secret_no = t->secrets;
	}
	t->secrets += n > 0;
	for (size_t i = 0; i < t->hits.len; i++) {
		struct cw_kept_hit *hit = &CW_VEC_AT(&t->hits, struct cw_kept_hit, i);

		hit->fact = map[hit->fact];
	}
	for (size_t i = 0; i < t->holders.len; i++) {
		const struct cw_holder *h = &CW_VEC_AT(&t->holders, struct cw_holder, i);

		qsort(&CW_VEC_AT(&t->hits, struct cw_kept_hit, h->first), h->count, sizeof(struct cw_kept_hit), by_fact);
	}
	return 0;
}

const struct cw_kept_hit *cw_kept_hits(const struct cw_kept_table *t, uint32_t holder, uint32_t *ret_len)
{
	const struct cw_holder *h = cw_kept_holder(t, holder);

	*ret_len = h->count;
	return &CW_VEC_AT(&t->hits, struct cw_kept_hit, h->first);
}

const struct cw_kept_hit *cw_kept_find(const struct cw_kept_table *t, uint32_t holder, uint32_t fact)
{
	const struct cw_kept_hit key = { .fact = fact };
	const struct cw_holder *h = cw_kept_holder(t, holder);

	return bsearch(&key, &CW_VEC_AT(&t->hits, struct cw_kept_hit, h->first), h->count, sizeof(key), by_fact);
}
