/* match/facts.c - see facts.h.
 *
 * A mark is a candidate in one word: its end, its rule, and two bits: whether its verdict counts (a hit, or undecided), and whether
 * it must be judged. Rejected candidates stay in the list, since an edit beside them may change the verdict but not the candidate. */
#include "match/facts.h"

#include <stdlib.h>
#include <string.h>

#include "match/blob_int.h"

#define MARK_FOUND UINT64_C(1)
#define MARK_JUDGE UINT64_C(2)
#define MARK_RULE_SHIFT 2
#define MARK_END_SHIFT 16
#define MARK_LEN_MAX (UINT64_C(1) << (64 - MARK_END_SHIFT))
/* Clean stretches shorter than this are looked at again with what is dirty around them: two windows would cost more. */
#define CLEAN_MIN 128
#define SPANS_MAX 65536
#define OPEN_AHEAD 2

_Static_assert(CW_RULES_MAX <= 1 << (MARK_END_SHIFT - MARK_RULE_SHIFT), "a rule fits into a mark");

struct cw_facts_work {
	struct cw_vec old, fresh, marks; /* uint64_t */
	struct cw_vec spans;		 /* struct cw_span_found */
	struct cw_match_stats stats;
};

struct version { /* one call of cw_match_version() */
	struct cw_run run;
	struct cw_facts_work *w;
	const char *data;
	size_t len;
	const struct cw_facts *base; /* NULL: the whole is new */
	const struct cw_copied *copies;
	size_t n;
	bool overflow; /* too many facts to keep them */
};

void cw_facts_release(struct cw_facts *f)
{
	free(f->marks);
	*f = (struct cw_facts)CW_FACTS_INIT;
}

size_t cw_facts_size(const struct cw_facts *f)
{
	return f->marks_len * sizeof(*f->marks) + f->spans_len * sizeof(*f->spans);
}

void cw_facts_work_free(struct cw_facts_work *w)
{
	if (!w)
		return;
	cw_vec_release(&w->old);
	cw_vec_release(&w->fresh);
	cw_vec_release(&w->marks);
	cw_vec_release(&w->spans);
	free(w);
}

static struct cw_facts_work *work_of(struct cw_matcher *m)
{
	struct cw_facts_work *w = m->facts;

	if (w)
		return w;
	w = m->facts = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->old = w->fresh = (struct cw_vec)CW_VEC_INIT(uint64_t, CW_FACTS_MAX);
	w->marks = (struct cw_vec)CW_VEC_INIT(uint64_t, 2 * CW_FACTS_MAX);
	w->spans = (struct cw_vec)CW_VEC_INIT(struct cw_span_found, SPANS_MAX);
	return w;
}

struct cw_match_stats cw_matcher_stats(const struct cw_matcher *m)
{
	struct cw_match_stats s = m->facts ? m->facts->stats : (struct cw_match_stats){0};

	s.matched = cw_stage1_matched(m->stage1);
	return s;
}

/* ---- what is inside a copied piece ---- */

static bool from_start(const struct cw_copied *c)
{
	return c->at == 0 && c->from == 0;
}

static bool to_end(const struct version *v, const struct cw_copied *c)
{
	return c->at + c->len == v->len && c->from + c->len == v->base->len;
}

/* Whether the child's bytes [END - BEFORE, END + AFTER), one more on either side or else that edge of the file, are inside C. */
static bool is_inside(const struct version *v, const struct cw_copied *c, uint64_t end, uint64_t before, uint64_t after)
{
	return (from_start(c) || end > c->at + before) && (to_end(v, c) || end + after < c->at + c->len);
}

/* The ends of anchors of rules of KIND whose candidates C hands on: [*ret_a, *ret_b]; false when there are too few to be worth it. */
static bool clean_ends(const struct version *v, const struct cw_copied *c, unsigned kind, uint64_t *ret_a, uint64_t *ret_b)
{
	uint64_t ahead = kind == CW_STAGE1_DENSE ? CW_STAGE1_AHEAD : OPEN_AHEAD, end = c->at + c->len;
	uint64_t a = from_start(c) ? 0 : c->at + cw_stage1_back(v->run.m->stage1, kind) + 1;

	if (!to_end(v, c)) {
		if (end < ahead + 1)
			return false;
		end -= ahead + 1;
	}
	*ret_a = a;
	*ret_b = end;
	return end >= a && end - a >= CLEAN_MIN;
}

/* ---- candidates ---- */

static int push_mark(struct version *v, struct cw_vec *to, uint64_t mark)
{
	uint64_t *slot = cw_vec_push(to);

	if (slot) {
		*slot = mark;
		return 0;
	}
	v->overflow = to->fail == CW_E_LIMIT;
	return cw_vec_fail(to, "candidates of one blob", v->run.err);
}

static int on_fresh(const struct cw_candidate *c, size_t n, void *payload)
{
	struct version *v = payload;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = push_mark(v, &v->w->fresh, c[i].end << MARK_END_SHIFT | (uint64_t)c[i].rule << MARK_RULE_SHIFT | MARK_JUDGE);
	v->w->stats.recomputed += n;
	return rc;
}

/* Look at the ends of anchors in [A, B]. */
static int scan_ends(struct version *v, unsigned kinds, uint64_t a, uint64_t b)
{
	if (a > b)
		return 0;
	return cw_stage1_scan_kinds(v->run.m->stage1, kinds, v->data, v->len, (size_t)a, (size_t)b, on_fresh, v, v->run.err);
}

/* Look at all ends that no copied piece hands on, for rules of one kind. */
static int scan_dirty(struct version *v, unsigned kind)
{
	uint64_t next = 0, a, b;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < v->n; i++) {
		if (!clean_ends(v, &v->copies[i], kind, &a, &b))
			continue;
		rc = a > 0 ? scan_ends(v, kind, next, a - 1) : 0;
		next = b + 1;
	}
	return rc ? rc : scan_ends(v, kind, next, v->len);
}

/* The first mark of F whose end is END or behind. */
static size_t first_mark(const struct cw_facts *f, uint64_t end)
{
	size_t low = 0, high = f->marks_len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->marks[mid] >> MARK_END_SHIFT < end)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The base's candidates that piece C hands on. */
static int inherit_from(struct version *v, const struct cw_copied *c)
{
	const struct cw_facts *base = v->base;
	uint64_t shift = c->at - c->from, open_a = 0, open_b = 0, dense_a = 0, dense_b = 0; /* shift may wrap around */
	bool open = clean_ends(v, c, CW_STAGE1_OPEN, &open_a, &open_b);
	bool dense = clean_ends(v, c, CW_STAGE1_DENSE, &dense_a, &dense_b);
	uint64_t first = !open || (dense && dense_a < open_a) ? dense_a : open_a;
	int rc = 0;

	if (!open && !dense)
		return 0;
	for (size_t i = first_mark(base, first - shift); rc == 0 && i < base->marks_len; i++) {
		uint64_t mark = base->marks[i], end = (mark >> MARK_END_SHIFT) + shift;
		const struct cw_rule *rule;

		if (end > open_b && end > dense_b)
			break;
		rule = cw_set_rule(v->run.m->set, (mark & 0xffff) >> MARK_RULE_SHIFT);
		if (rule->dense ? !dense || end < dense_a || end > dense_b : !open || end < open_a || end > open_b)
			continue;
		mark = end << MARK_END_SHIFT | (mark & 0xffff);
		if (mark & MARK_FOUND || !is_inside(v, c, end, rule->before, rule->after)) {
			mark |= MARK_JUDGE;
			v->w->stats.recomputed++;
		} else {
			v->w->stats.inherited++;
		}
		rc = push_mark(v, &v->w->old, mark);
	}
	return rc;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Inherited and fresh marks as one ascending list. */
static int merge_marks(struct version *v)
{
	struct cw_facts_work *w = v->w;
	const uint64_t *old = w->old.items, *fresh = w->fresh.items;
	size_t i = 0, k = 0;
	uint64_t *out;

	if (cw_vec_reserve(&w->marks, w->old.len + w->fresh.len))
		return cw_vec_fail(&w->marks, "candidates of one blob", v->run.err);
	if (w->fresh.len > 1)
		qsort(w->fresh.items, w->fresh.len, sizeof(*fresh), by_value);
	for (out = w->marks.items; i < w->old.len || k < w->fresh.len; out++)
		*out = k == w->fresh.len || (i < w->old.len && old[i] < fresh[k]) ? old[i++] : fresh[k++];
	w->marks.len = i + k;
	return 0;
}

static int find_marks(struct version *v)
{
	int rc = 0;

	if (!v->base) {
		rc = scan_ends(v, CW_STAGE1_OPEN | CW_STAGE1_DENSE, 0, v->len);
	} else {
		for (size_t i = 0; rc == 0 && i < v->n; i++)
			rc = inherit_from(v, &v->copies[i]);
		rc = rc ? rc : scan_dirty(v, CW_STAGE1_OPEN);
		rc = rc ? rc : scan_dirty(v, CW_STAGE1_DENSE);
	}
	return rc ? rc : merge_marks(v);
}

static int judge_marks(struct version *v)
{
	uint64_t *marks = v->w->marks.items;

	v->run.res->candidates = v->w->marks.len;
	for (size_t i = 0; i < v->w->marks.len; i++) {
		struct cw_candidate c = {.end = marks[i] >> MARK_END_SHIFT, .rule = (marks[i] & 0xffff) >> MARK_RULE_SHIFT};
		uint64_t before = v->run.found;
		int rc;

		if (!(marks[i] & MARK_JUDGE))
			continue;
		rc = cw_run_candidate(&v->run, &c);
		if (rc)
			return rc;
		marks[i] &= ~(MARK_JUDGE | MARK_FOUND);
		marks[i] |= v->run.found > before ? MARK_FOUND : 0;
	}
	return 0;
}

/* ---- decoded spans ---- */

static int on_span(const struct cw_span_found *span, void *payload)
{
	struct version *v = payload;
	struct cw_span_found *slot = cw_vec_push(&v->w->spans);

	if (slot) {
		*slot = *span;
		return 0;
	}
	v->overflow = v->w->spans.fail == CW_E_LIMIT;
	return cw_vec_fail(&v->w->spans, "decoded spans of one blob", v->run.err);
}

/* The spans that touch what is not copied, or a seam between copied pieces. */
static int find_dirty_spans(struct version *v, enum cw_decoder d)
{
	uint64_t from = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < v->n; i++) {
		const struct cw_copied *c = &v->copies[i];

		if (i > 0 || !from_start(c))
			rc = cw_decode_find(d, v->data, v->len, (size_t)from, (size_t)c->at, on_span, v);
		from = c->at + c->len;
	}
	if (rc || (v->n > 0 && to_end(v, &v->copies[v->n - 1])))
		return rc;
	return cw_decode_find(d, v->data, v->len, (size_t)from, v->len, on_span, v);
}

/* The spans of the base that hold something and lie inside a copied piece. */
static int inherit_spans(struct version *v)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < v->n; i++) {
		const struct cw_copied *c = &v->copies[i];

		for (size_t k = 0; rc == 0 && k < v->base->spans_len; k++) {
			struct cw_span_found span = v->base->spans[k];
			size_t shift = (size_t)(c->at - c->from); /* may wrap around */

			if (span.run < c->from || span.end > c->from + c->len)
				continue;
			span.start += shift;
			span.end += shift;
			span.run += shift;
			if (is_inside(v, c, span.end, span.end - span.run, 0))
				rc = on_span(&span, v);
		}
	}
	return rc;
}

static int by_start(const void *a, const void *b)
{
	const struct cw_span_found *x = a, *y = b;

	if (x->decoder != y->decoder)
		return x->decoder < y->decoder ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* Sort by decoder and place; a span that touches two gaps was found twice. */
static void sort_spans(struct cw_vec *spans)
{
	struct cw_span_found *s = spans->items;
	size_t n = 0;

	if (spans->len > 1)
		qsort(s, spans->len, sizeof(*s), by_start);
	for (size_t i = 0; i < spans->len; i++) {
		if (i == 0 || by_start(&s[n - 1], &s[i]) != 0)
			s[n++] = s[i];
	}
	spans->len = n;
}

static int find_spans(struct version *v)
{
	int rc = 0;

	for (int d = 0; rc == 0 && d < CW_DECODER_COUNT_; d++) {
		if (v->base)
			rc = find_dirty_spans(v, (enum cw_decoder)d);
		else
			rc = cw_decode_find((enum cw_decoder)d, v->data, v->len, 0, v->len, on_span, v);
	}
	if (rc == 0 && v->base && v->base->spans_len > 0)
		rc = inherit_spans(v);
	sort_spans(&v->w->spans);
	return rc;
}

/* Scan the spans and keep those that hold something. */
static int scan_spans(struct version *v)
{
	struct cw_span_found *s = v->w->spans.items;
	size_t n = 0;

	for (size_t i = 0; i < v->w->spans.len; i++) {
		struct cw_span_found span = s[i];
		uint64_t before = v->run.found;
		int rc = cw_run_span(&span, &v->run);

		if (rc)
			return rc;
		if (v->run.found > before)
			s[n++] = span;
	}
	v->w->spans.len = n;
	return 0;
}

/* ---- the whole ---- */

static int keep(const struct version *v, struct cw_facts *ret)
{
	const struct cw_vec *marks = &v->w->marks, *spans = &v->w->spans;
	size_t marks_size = marks->len * sizeof(uint64_t);
	struct cw_facts f = {.marks_len = marks->len, .spans_len = spans->len, .len = v->len, .binary = v->run.binary};

	f.kept = marks->len <= CW_FACTS_MAX;
	if (!f.kept)
		f.marks_len = f.spans_len = 0;
	if (f.marks_len + f.spans_len > 0) {
		f.marks = malloc(marks_size + spans->len * sizeof(struct cw_span_found));
		if (!f.marks)
			return cw_err_nomem(v->run.err);
		f.spans = (struct cw_span_found *)(void *)(f.marks + f.marks_len);
		if (marks->len > 0)
			memcpy(f.marks, marks->items, marks_size);
		if (spans->len > 0)
			memcpy(f.spans, spans->items, spans->len * sizeof(*f.spans));
	}
	*ret = f;
	return 0;
}

static int scan_version(struct version *v, struct cw_facts *ret)
{
	struct cw_text text = {.data = v->data, .len = v->len, .cls = CW_BLOB_PLAIN, .unit = 1};
	int rc;

	cw_vec_clear(&v->w->old);
	cw_vec_clear(&v->w->fresh);
	cw_vec_clear(&v->w->marks);
	cw_vec_clear(&v->w->spans);
	cw_run_begin(&v->run, CW_BLOB_PLAIN);
	cw_run_text(&v->run, &text);
	rc = find_marks(v);
	rc = rc ? rc : judge_marks(v);
	rc = rc ? rc : find_spans(v);
	rc = rc ? rc : scan_spans(v);
	rc = rc ? rc : cw_run_end(&v->run);
	return rc || !ret ? rc : keep(v, ret);
}

int cw_match_version(struct cw_matcher *m, const void *data, size_t len, const struct cw_facts *base,
		     const struct cw_copied *copies, size_t n, struct cw_result *res, struct cw_facts *ret, struct cw_err *err)
{
	struct version v = {.run = {.m = m, .res = res, .err = err}, .w = work_of(m), .data = data, .len = len,
			    .copies = copies, .n = n};
	bool plain = cw_blob_classify(data, len) == CW_BLOB_PLAIN && len < MARK_LEN_MAX;
	int rc = 0;

	if (!v.w)
		return cw_err_nomem(err);
	v.run.binary = cw_blob_is_binary(data, len);
	if (base && base->kept && base->binary == v.run.binary)
		v.base = base;
	v.w->stats.whole += !plain || !v.base;
	if (plain) {
		rc = scan_version(&v, ret);
		if (!rc || !v.overflow)
			return rc;
	}
	if (ret)
		*ret = (struct cw_facts){.len = len};
	return cw_match_blob(m, data, len, res, err);
}
