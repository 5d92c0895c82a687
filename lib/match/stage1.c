/* match/stage1.c - see stage1.h. */
#include "match/stage1.h"

#include <hs_runtime.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define CHUNK_MAX ((size_t)1 << 30) /* hs_scan takes an unsigned int */

struct cw_stage1 {
	const struct cw_set *set;
	hs_scratch_t *scratch;
	struct cw_candidate *batch; /* CW_STAGE1_BATCH */
	/* of the scan under way */
	size_t n;
	uint64_t base, from, to;
	bool full;
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
	s->batch = malloc(CW_STAGE1_BATCH * sizeof(*s->batch));
	if (!s->batch) {
		cw_stage1_free(s);
		return cw_err_nomem(err);
	}
	*ret = s;
	return 0;
}

int cw_stage1_new(const struct cw_set *set, struct cw_stage1 **ret, struct cw_err *err)
{
	struct cw_stage1 *s = calloc(1, sizeof(*s));

	if (!s)
		return cw_err_nomem(err);
	s->set = set;
	return finish_new(s, hs_alloc_scratch(cw_set_db(set), &s->scratch), ret, err);
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
	free(s->batch);
	free(s);
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *payload)
{
	struct cw_stage1 *s = payload;
	uint64_t end = s->base + to;

	(void)from;
	(void)flags;
	if (end < s->from || end > s->to)
		return 0;
	if (s->n == CW_STAGE1_BATCH) {
		s->full = true;
		return 1;
	}
	s->batch[s->n].end = end;
	s->batch[s->n++].rule = id;
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
static void normalise(struct cw_stage1 *s)
{
	size_t out = 0;
	bool sorted = true;

	for (size_t i = 1; i < s->n && sorted; i++)
		sorted = by_end(&s->batch[i - 1], &s->batch[i]) < 0;
	if (sorted)
		return;
	qsort(s->batch, s->n, sizeof(*s->batch), by_end);
	for (size_t i = 0; i < s->n; i++) {
		if (i == 0 || by_end(&s->batch[out - 1], &s->batch[i]) != 0)
			s->batch[out++] = s->batch[i];
	}
	s->n = out;
}

/* The batch is full at some end E: what it holds of E may be only a part, so E itself is left for the next scan. */
static uint64_t cut_at_last_end(struct cw_stage1 *s)
{
	uint64_t last = s->batch[s->n - 1].end;

	while (s->n > 0 && s->batch[s->n - 1].end == last)
		s->n--;
	return last;
}

int cw_stage1_scan(struct cw_stage1 *s, const char *data, size_t len, size_t from, size_t to,
		   int (*batch)(const struct cw_candidate *c, size_t n, void *payload), void *payload, struct cw_err *err)
{
	uint64_t next = from;
	bool more = from <= to && len > 0; /* no anchor matches nothing, and there may be no DATA at all */

	while (more) {
		uint64_t base = next > CW_STAGE1_BACK ? next - CW_STAGE1_BACK : 0, stop = to < len ? to + 2 : len, limit = to;
		hs_error_t e;
		int rc;

		if (stop > len)
			stop = len;
		more = stop - base > CHUNK_MAX;
		if (more) {
			stop = base + CHUNK_MAX;
			limit = stop - 2; /* later ends would be judged at an edge that is none */
		}
		s->base = base;
		s->from = next;
		s->to = limit;
		s->n = 0;
		s->full = false;
		e = hs_scan(cw_set_db(s->set), data + base, (unsigned)(stop - base), 0, s->scratch, on_match, s);
		if (e != HS_SUCCESS && !(e == HS_SCAN_TERMINATED && s->full))
			return cw_err_set(err, CW_E_INTERNAL, "the matcher failed (%d)", e);
		normalise(s);
		next = limit + 1;
		if (s->full) {
			next = cut_at_last_end(s);
			more = true;
		}
		rc = s->n > 0 ? batch(s->batch, s->n, payload) : 0;
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int mark(const struct cw_candidate *c, size_t n, void *payload)
{
	unsigned char *fired = payload;

	for (size_t i = 0; i < n; i++)
		fired[c[i].rule] = 1;
	return 0;
}

int cw_stage1_known_answer(struct cw_stage1 *s, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	unsigned char *fired = calloc(cw_set_len(s->set) + 1, 1);
	int rc;

	if (!fired)
		return cw_err_nomem(err);
	for (size_t i = 0; i < cw_set_len(s->set); i++) {
		const struct cw_rule *r = cw_set_rule(s->set, i);

		if (r->examples_len > 0)
			cw_buf_add(&text, r->examples[0].text, r->examples[0].len);
		cw_buf_adds(&text, "\n\n");
	}
	rc = cw_buf_fail(&text, "the known-answer test", err);
	if (rc == 0)
		rc = cw_stage1_scan(s, text.data, text.len, 0, text.len, mark, fired, err);
	for (size_t i = 0; rc == 0 && i < cw_set_len(s->set); i++) {
		const struct cw_rule *r = cw_set_rule(s->set, i);

		if (!fired[i] && r->examples_len > 0)
			rc = cw_err_set(err, CW_E_INTERNAL, "known-answer test: the matcher misses the first example of rule %s",
					r->id);
	}
	free(fired);
	return rc;
}
