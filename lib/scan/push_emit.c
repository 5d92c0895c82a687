/* scan/push_emit.c - keeps what counts of a push, and hands it to the sink: one place for each (secret, rule, path). */
#include <stdlib.h>
#include <string.h>

#include "scan/push_int.h"

void cw_push_records_release(struct cw_vec *records)
{
	for (size_t i = 0; i < records->len; i++)
		free(CW_VEC_AT(records, struct cw_push_record, i).path);
	cw_vec_release(records);
}

int cw_push_record(struct cw_push *p, const struct cw_push_record *at, const char *path, struct cw_err *err)
{
	struct cw_push_record *slot = cw_vec_push(&p->records);

	if (!slot)
		return cw_vec_fail(&p->records, "findings", err);
	*slot = *at;
	slot->path = path ? strdup(path) : NULL;
	return path && !slot->path ? cw_err_nomem(err) : 0;
}

int cw_push_record_all(struct cw_push *p, uint32_t holder, const struct cw_push_record *at, struct cw_err *err)
{
	struct cw_push_record one = *at;
	uint32_t len;
	const struct cw_kept_hit *hits = cw_lookup_hits(&p->lookup, holder, &len);
	int rc = 0;

	one.holder = holder;
	for (uint32_t i = 0; !rc && i < len; i++) {
		one.fact = hits[i].fact;
		rc = cw_push_record(p, &one, NULL, err);
	}
	return rc;
}

static int text_cmp(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* Whether two records are of one place. */
static int place_cmp(const struct cw_push_record *a, const struct cw_push_record *b)
{
	int c = (a->fact > b->fact) - (a->fact < b->fact);

	c = c ? c : text_cmp(a->path, b->path);
	return c ? c : text_cmp(a->ref, b->ref);
}

/* By place, the first commit first; what belongs to none comes last. */
static int record_cmp(const void *va, const void *vb)
{
	const struct cw_push_record *a = va, *b = vb;
	int c = place_cmp(a, b);

	c = c ? c : (int)(b->commit.len > 0) - (int)(a->commit.len > 0);
	c = c ? c : (a->order > b->order) - (a->order < b->order);
	return c ? c : cw_oid_cmp(&a->object, &b->object);
}

static const struct cw_kept_hit *hit_of(const struct cw_push *p, const struct cw_push_record *r)
{
	uint32_t len;
	const struct cw_kept_hit *hits = cw_lookup_hits(&p->lookup, r->holder, &len);

	for (uint32_t i = 0; i < len; i++)
		if (hits[i].fact == r->fact)
			return &hits[i];
	return NULL;
}

/* The N records of one place. */
static int emit_place(struct cw_push *p, const struct cw_push_record *r, size_t n, struct cw_err *err)
{
	const struct cw_kept_hit *hit = hit_of(p, r);
	struct cw_origin origin = { .state = r->commit.len ? CW_STATE_HISTORY : CW_STATE_UNREACHABLE, .commit = r->commit,
				    .date = r->date, .tip_ref = r->ref };
	struct cw_scan_place place = { .path = r->path, .object = r->object, .type = r->type, .origin = &origin };

	if (!hit)
		return cw_err_set(err, CW_E_INTERNAL, "a finding of the push is lost");
	place.handle = hit->handle;
	place.line = hit->line;
	place.column = hit->column;
	place.end_line = hit->end_line;
	place.end_column = hit->end_column;
	place.more = hit->more;
	place.mark = hit->mark;
	for (size_t i = 0; i < n; i++) {
		const struct cw_kept_hit *each = hit_of(p, &r[i]);

		origin.introductions += r[i].commit.len > 0;
		place.objects += !i || cw_oid_cmp(&r[i].object, &r[i - 1].object) != 0;
		if (!each || !each->mark)
			place.mark = NULL;
	}
	return p->sink->place(p->sink->payload, &place, err);
}

int cw_push_emit(struct cw_push *p, struct cw_err *err)
{
	const struct cw_push_record *all = p->records.items;
	int rc = 0;

	if (!p->records.len)
		return 0;
	qsort(p->records.items, p->records.len, p->records.item_size, record_cmp);
	for (size_t i = 0, end; !rc && i < p->records.len; i = end) {
		for (end = i + 1; end < p->records.len && !place_cmp(&all[i], &all[end]);)
			end++;
		rc = emit_place(p, &all[i], end - i, err);
	}
	return rc;
}
