/* match/stage1.c - see stage1.h. */
#include "match/stage1.h"

#include <hs_runtime.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT ((size_t)128 << 10) /* bytes scanned at a time: small enough to stay in the processor's cache for all passes */

struct list {
	struct cw_candidate *items; /* CW_STAGE1_BATCH */
	size_t len;
	bool full;
};

struct cw_stage1 {
	const struct cw_set *set;
	hs_scratch_t *scratch;
	struct list found[2]; /* of the rules that are not dense, and of those that are */
	/* of the Hyperscan call under way */
	struct list *list;
	uint64_t base, from, to;
	uint64_t matched;
	unsigned kinds, back[2];
	/* of the segment under way */
	const char *data;
	size_t len;
	struct cw_err *err;
	const _Atomic int *cancel; /* or NULL */
};

static int scratch_error(hs_error_t e, struct cw_err *err)
{
	return e == HS_NOMEM ? cw_err_nomem(err) : cw_err_set(err, CW_E_INTERNAL, "cannot prepare the matcher (%d)", e);
}

static int finish_new(struct cw_stage1 *s, hs_error_t e, struct cw_stage1 **ret, struct cw_err *err)
{
	if (e != HS_SUCCESS) {
		cw_stage1_free(s);
		return scratch_error(e, err);
	}
	s->back[true] = CW_DENSE_LEN + CW_DENSE_AFTER;
	for (size_t i = 0; i < cw_set_len(s->set); i++) {
		const struct cw_rule *r = cw_set_rule(s->set, i);

		s->back[r->dense] = r->width + 2 > s->back[r->dense] ? r->width + 2 : s->back[r->dense];
	}
	/* one block: the second half is used while merging too */
	s->found[0].items = malloc(2 * CW_STAGE1_BATCH * sizeof(struct cw_candidate));
	s->found[1].items = s->found[0].items + (s->found[0].items ? CW_STAGE1_BATCH : 0);
	if (!s->found[0].items) {
		cw_stage1_free(s);
		return cw_err_nomem(err);
	}
	*ret = s;
	return 0;
}

int cw_stage1_new(const struct cw_set *set, struct cw_stage1 **ret, struct cw_err *err)
{
	struct cw_stage1 *s = calloc(1, sizeof(*s));
	hs_error_t e = HS_SUCCESS;

	if (!s)
		return cw_err_nomem(err);
	s->set = set;
	for (int i = 0; i < 2 && e == HS_SUCCESS; i++) {
		if (cw_set_db(set, i))
			e = hs_alloc_scratch(cw_set_db(set, i), &s->scratch);
	}
	return finish_new(s, e, ret, err);
}

int cw_stage1_clone(const struct cw_stage1 *from, struct cw_stage1 **ret, struct cw_err *err)
{
	struct cw_stage1 *s = calloc(1, sizeof(*s));

	if (!s)
		return cw_err_nomem(err);
	s->set = from->set;
	return finish_new(s, hs_clone_scratch(from->scratch, &s->scratch), ret, err);
}

void cw_stage1_free(struct cw_stage1 *s)
{
	if (!s)
		return;
	hs_free_scratch(s->scratch);
	free(s->found[0].items);
	free(s);
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *payload)
{
	struct cw_stage1 *s = payload;
	struct list *l = s->list;
	uint64_t end = s->base + to;

	(void)from;
	(void)flags;
	if (end < s->from || end > s->to)
		return 0;
	if (l->len == CW_STAGE1_BATCH) {
		l->full = true;
		return 1;
	}
	l->items[l->len].end = end;
	l->items[l->len++].rule = id;
	return 0;
}

static int by_end(const void *a, const void *b)
{
	const struct cw_candidate *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* Sort by (end, rule) and drop duplicates. Hyperscan's order within one end is arbitrary. */
static size_t normalise(struct cw_candidate *c, size_t n)
{
	size_t out = 0;
	bool sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = by_end(&c[i - 1], &c[i]) < 0;
	if (sorted)
		return n;
	qsort(c, n, sizeof(*c), by_end);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || by_end(&c[out - 1], &c[i]) != 0)
			c[out++] = c[i];
	}
	return out;
}

/* Drop the candidates from the end E on. */
static void cut_at(struct list *l, uint64_t e)
{
	while (l->len > 0 && l->items[l->len - 1].end >= e)
		l->len--;
}

/* One Hyperscan call for the ends in [A, B], into the list of dense rules or of the others. */
static int scan_ends(struct cw_stage1 *s, bool dense, uint64_t a, uint64_t b)
{
	uint64_t stop = s->len - b > 2 ? b + 2 : s->len;
	hs_error_t e;

	s->list = &s->found[dense];
	s->base = a > s->back[dense] ? a - s->back[dense] : 0;
	s->from = a;
	s->to = b;
	s->matched += stop - s->base;
	e = hs_scan(cw_set_db(s->set, dense), s->data + s->base, (unsigned)(stop - s->base), 0, s->scratch, on_match, s);
	if (e == HS_SUCCESS || (e == HS_SCAN_TERMINATED && s->list->full))
		return s->list->full ? 1 : 0;
	return cw_err_set(s->err, CW_E_INTERNAL, "the matcher failed (%d)", e);
}

static int on_window(size_t a, size_t b, void *payload)
{
	return scan_ends(payload, true, a, b);
}

/* The list became full at some end: what it holds of that end may be only a part, so the segment is cut in front of it. */
static void cut_segment(struct cw_stage1 *s, struct list *full, uint64_t *to)
{
	uint64_t e;

	full->len = normalise(full->items, full->len);
	e = full->items[full->len - 1].end;
	cut_at(&s->found[0], e);
	cut_at(&s->found[1], e);
	*to = e - 1;
}

/* Fill both lists with the ends in [FROM, *TO]; *TO becomes smaller when a list gets full. */
static int scan_segment(struct cw_stage1 *s, uint64_t from, uint64_t *to)
{
	int rc = 0;

	s->found[0].len = s->found[1].len = 0;
	s->found[0].full = s->found[1].full = false;
	if (s->kinds & CW_STAGE1_OPEN && cw_set_db(s->set, false))
		rc = scan_ends(s, false, from, *to);
	if (rc == 1)
		cut_segment(s, &s->found[0], to);
	if (rc >= 0 && s->kinds & CW_STAGE1_DENSE && cw_set_db(s->set, true))
		rc = cw_dense_windows(s->data, s->len, from, *to, on_window, s);
	if (rc == 1 && s->found[1].full)
		cut_segment(s, &s->found[1], to);
	return rc < 0 ? rc : 0;
}

static bool is_cancelled(const struct cw_stage1 *s)
{
	return s->cancel && atomic_load_explicit(s->cancel, memory_order_relaxed);
}

/* Both lists as one, in the first's memory: the second follows it directly when that is full, else it is moved up. */
static size_t join(struct cw_stage1 *s)
{
	struct cw_candidate *all = s->found[0].items;
	size_t n = s->found[0].len + s->found[1].len;

	if (s->found[1].len > 0)
		memmove(all + s->found[0].len, s->found[1].items, s->found[1].len * sizeof(*all));
	return normalise(all, n);
}

int cw_stage1_scan(struct cw_stage1 *s, const char *data, size_t len, size_t from, size_t to,
		   int (*batch)(const struct cw_candidate *c, size_t n, void *payload), void *payload, struct cw_err *err)
{
	return cw_stage1_scan_kinds(s, CW_STAGE1_OPEN | CW_STAGE1_DENSE, data, len, from, to, batch, payload, err);
}

unsigned cw_stage1_back(const struct cw_stage1 *s, unsigned kind)
{
	return s->back[kind == CW_STAGE1_DENSE];
}

uint64_t cw_stage1_matched(const struct cw_stage1 *s)
{
	return s->matched;
}

int cw_stage1_scan_kinds(struct cw_stage1 *s, unsigned kinds, const char *data, size_t len, size_t from, size_t to,
			 int (*batch)(const struct cw_candidate *c, size_t n, void *payload), void *payload,
			 struct cw_err *err)
{
	s->kinds = kinds;
	s->data = data;
	s->len = len;
	s->err = err;
	for (uint64_t at = from; at <= to && len > 0;) {
		uint64_t last = to - at < SEGMENT ? to : at + SEGMENT - 1;
		int rc = is_cancelled(s) ? cw_err_set(err, CW_E_CANCELLED, "interrupted") : scan_segment(s, at, &last);
		size_t n;

		if (rc < 0)
			return rc;
		n = join(s);
		rc = n > 0 ? batch(s->found[0].items, n, payload) : 0;
		if (rc != 0)
			return rc;
		at = last + 1;
	}
	return 0;
}

static int mark(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *payload)
{
	unsigned char *fired = payload;

	(void)from;
	(void)to;
	(void)flags;
	fired[id] = 1;
	return 0;
}

int cw_stage1_known_answer(struct cw_stage1 *s, struct cw_err *err)
{
	unsigned char *fired = calloc(cw_set_len(s->set) + 1, 1);
	int rc = 0;

	if (!fired)
		return cw_err_nomem(err);
	for (int i = 0; rc == 0 && i < 2; i++) {
		struct cw_bytes text = cw_set_answers(s->set, i);

		if (cw_set_db(s->set, i) &&
		    hs_scan(cw_set_db(s->set, i), text.data, (unsigned)text.len, 0, s->scratch, mark, fired) != HS_SUCCESS)
			rc = cw_err_set(err, CW_E_INTERNAL, "known-answer test: the matcher failed");
	}
	for (size_t i = 0; rc == 0 && i < cw_set_len(s->set); i++) {
		const struct cw_rule *r = cw_set_rule(s->set, i);

		if (!fired[i] && r->examples_len > 0)
			rc = cw_err_set(err, CW_E_INTERNAL, "known-answer test: the matcher misses the first example of rule %s",
					r->id);
	}
	free(fired);
	return rc;
}

void cw_stage1_set_cancel(struct cw_stage1 *s, const _Atomic int *cancel)
{
	s->cancel = cancel;
}
