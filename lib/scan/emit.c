/* scan/emit.c - see emit.h. */
#include "scan/emit.h"

#include <stdatomic.h>

#include "scan/locate.h"

/* Hits that were only counted go with the last listed hit of their rule, so that each is counted once. */
static uint64_t more_of(const struct cw_result *res, size_t i)
{
	uint32_t rule = CW_VEC_AT(&res->hits, struct cw_hit, i).rule;

	for (size_t k = 0; k < res->more.len; k++) {
		const struct cw_more *more = &CW_VEC_AT(&res->more, struct cw_more, k);

		if (more->rule != rule)
			continue;
		for (size_t later = i + 1; later < res->hits.len; later++) {
			if (CW_VEC_AT(&res->hits, struct cw_hit, later).rule == rule)
				return 0;
		}
		return more->count;
	}
	return 0;
}

static struct cw_scan_hit describe(const struct cw_emitter *e, const struct cw_scanned *s, const struct cw_result *res,
				   size_t i, struct cw_locator *locator)
{
	const struct cw_hit *h = &CW_VEC_AT(&res->hits, struct cw_hit, i);
	struct cw_place at = cw_locate_range(locator, h->at, h->at_end);
	struct cw_scan_hit hit = { .proof = h->proof, .cut = h->cut, .label = h->label, .decoded = h->decoded };

	hit.rule = cw_set_rule(e->set, h->rule);
	hit.secret = res->secrets.data + h->secret_off;
	hit.secret_len = h->secret_len;
	hit.canonical = res->secrets.data + h->canon_off;
	hit.canonical_len = h->canon_len;
	hit.also = h->also_len ? &CW_VEC_AT(&res->also, uint32_t, h->also_off) : NULL;
	hit.also_len = h->also_len;
	hit.object = s->object;
	hit.type = s->type;
	hit.line = at.line;
	hit.column = at.column;
	hit.end_line = at.end_line;
	hit.end_column = at.end_column;
	hit.start = h->start;
	hit.end = h->end;
	hit.more = more_of(res, i);
	return hit;
}

int cw_emit_hits(const struct cw_emitter *e, const struct cw_scanned *s, const struct cw_result *res, struct cw_err *err)
{
	struct cw_locator locator;
	size_t places = s->paths_len ? s->paths_len : 1;

	cw_locator_init(&locator, s->data, s->len);
	for (size_t i = 0; i < res->hits.len; i++) {
		struct cw_scan_hit hit = describe(e, s, res, i, &locator);

		for (size_t k = 0; k < places; k++) {
			int rc;

			hit.path = s->paths_len ? s->paths[k] : NULL;
			rc = e->sink->hit(e->sink->payload, e->worker, &hit, err);
			if (rc)
				return rc;
		}
		atomic_fetch_add_explicit(&e->progress->hits, places, memory_order_relaxed);
	}
	return 0;
}

/* Add RULE to the rules seen so far; false when it is there already. */
static bool first_time(struct cw_vec *seen, uint32_t rule)
{
	uint32_t *slot;

	for (size_t i = 0; i < seen->len; i++) {
		if (CW_VEC_AT(seen, uint32_t, i) == rule)
			return false;
	}
	slot = cw_vec_push(seen);
	if (slot)
		*slot = rule;
	return true;
}

void cw_emit_undecided(const struct cw_emitter *e, const struct cw_scanned *s, const struct cw_result *res,
		       struct cw_coverage *coverage)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec seen = CW_VEC_INIT(uint32_t, UINT32_MAX);

	for (size_t i = 0; i < res->unscannable.len; i++) {
		const struct cw_unscannable *u = &CW_VEC_AT(&res->unscannable, struct cw_unscannable, i);
		CW_CLEANUP(cw_buf_release) struct cw_buf what = CW_BUF_INIT;

		if (!first_time(&seen, u->rule))
			continue;
		cw_buf_addf(&what, "%s in %s", cw_set_rule(e->set, u->rule)->id, s->name);
		cw_coverage_unscanned(coverage, false, what.fail ? s->name : what.data, u->reason);
	}
}
