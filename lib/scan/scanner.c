/* scan/scanner.c - see scanner.h. */
#include "scan/scanner.h"

#include <stdatomic.h>
#include <string.h>

#include "scan/locate.h"
#include "scan/marks.h"

#define LFS_POINTER_MAX 1024 /* bytes */

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

static struct cw_scan_hit describe(const struct cw_scanner *e, const struct cw_scanned *s, size_t i,
				   struct cw_locator *locator)
{
	const struct cw_result *res = &e->res;
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
	if (h->at <= s->len) {
		hit.before_len = at.column - 1 < CW_BEFORE_MAX ? (size_t)(at.column - 1) : CW_BEFORE_MAX;
		hit.before = s->data + h->at - hit.before_len;
	}
	if (s->type == CW_OBJ_BLOB) /* anybody may write commit and tag messages */
		hit.mark = cw_mark_find(s->data, s->len, h->at, h->at_end);
	return hit;
}

static int emit_hits(const struct cw_scanner *e, const struct cw_scanned *s, struct cw_err *err)
{
	const struct cw_result *res = &e->res;
	struct cw_locator locator;
	size_t places = s->paths_len ? s->paths_len : 1;

	cw_locator_init(&locator, s->data, s->len);
	for (size_t i = 0; i < res->hits.len; i++) {
		struct cw_scan_hit hit = describe(e, s, i, &locator);

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

/* An entry "<rule> in <name>" for each rule that could not be decided somewhere in the object. */
static void note_undecided(struct cw_scanner *e, const struct cw_scanned *s)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec seen = CW_VEC_INIT(uint32_t, UINT32_MAX);

	for (size_t i = 0; i < e->res.unscannable.len; i++) {
		const struct cw_unscannable *u = &CW_VEC_AT(&e->res.unscannable, struct cw_unscannable, i);
		CW_CLEANUP(cw_buf_release) struct cw_buf what = CW_BUF_INIT;

		if (!first_time(&seen, u->rule))
			continue;
		cw_buf_addf(&what, "%s in %s", cw_set_rule(e->set, u->rule)->id, s->name);
		cw_coverage_unscanned(&e->coverage, false, what.fail ? s->name : what.data, u->reason);
	}
}

static bool is_lfs_pointer(const struct cw_scanned *s)
{
	static const char head[] = "version https://git-lfs";

	return s->type == CW_OBJ_BLOB && s->len < LFS_POINTER_MAX && s->len >= sizeof(head) - 1 &&
	       !memcmp(s->data, head, sizeof(head) - 1);
}

static int match(struct cw_scanner *e, const struct cw_scanned *s, struct cw_err *why)
{
	const struct cw_version *v = s->version;

	if (!v)
		return cw_match_blob(e->matcher, s->data, s->len, &e->res, why);
	return cw_match_version(e->matcher, s->data, s->len, v->base, v->copies, v->copies_len, &e->res, s->facts, why);
}

int cw_scanner_scan(struct cw_scanner *e, const struct cw_scanned *s, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc;

	atomic_fetch_add_explicit(&e->progress->bytes, s->len, memory_order_relaxed);
	e->coverage.lfs_pointers += is_lfs_pointer(s);
	if (e->asker) {
		rc = e->asker->add(e->asker->payload, s->data, s->len, err);
		if (rc)
			return rc;
	} else {
		rc = match(e, s, &why);
	}
	if (rc == CW_E_CANCELLED) {
		cw_coverage_interrupted(&e->coverage, !s->beside, s->name);
		return 0;
	}
	if (rc) {
		cw_coverage_unscanned(&e->coverage, !s->beside, s->name, cw_err_msg(&why));
		return 0;
	}
	e->coverage.expected += !s->beside;
	e->coverage.scanned += !s->beside;
	e->coverage.bytes += s->len;
	note_undecided(e, s);
	return emit_hits(e, s, err);
}

void cw_scanner_too_large(struct cw_scanner *e, const char *name, uint64_t size, uint64_t max)
{
	struct cw_err why = CW_ERR_INIT;

	if (size)
		cw_err_set(&why, CW_E_LIMIT, "too large: %llu bytes, the limit is %llu", (unsigned long long)size,
			   (unsigned long long)max);
	else
		cw_err_set(&why, CW_E_LIMIT, "too large: the limit is %llu bytes", (unsigned long long)max);
	cw_coverage_unscanned(&e->coverage, true, name, cw_err_msg(&why));
}

int cw_scanner_init(struct cw_scanner *e, const struct cw_set *set, const struct cw_sink *sink,
		    struct cw_progress *progress, unsigned worker, const struct cw_scanner *first, struct cw_err *err)
{
	struct cw_matcher *matcher = NULL;
	int rc = first ? cw_matcher_clone(first->matcher, &matcher, err) : cw_matcher_new(set, &matcher, err);

	if (rc)
		return rc;
	cw_matcher_set_cancel(matcher, &progress->cancel);
	*e = (struct cw_scanner){ .set = set, .sink = sink, .progress = progress, .worker = worker, .matcher = matcher };
	cw_result_init(&e->res);
	cw_coverage_init(&e->coverage);
	return 0;
}

void cw_scanner_init_asking(struct cw_scanner *e, const struct cw_asker *asker, struct cw_progress *progress)
{
	*e = (struct cw_scanner){ .asker = asker, .progress = progress };
	cw_result_init(&e->res);
	cw_coverage_init(&e->coverage);
}

void cw_scanner_finish(struct cw_scanner *e, struct cw_coverage *into)
{
	cw_coverage_merge(into, &e->coverage);
	cw_result_release(&e->res);
	cw_matcher_free(e->matcher);
	e->matcher = NULL;
}
