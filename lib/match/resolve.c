/* match/resolve.c - see resolve.h.
 *
 * Hits sorted by start get ranks. They are taken from the strongest on; the winners so far are disjoint, so a hit overlaps a
 * winner iff it overlaps the last winner before it or the first behind it. A two-level bit set over ranks finds those in
 * constant time for any realistic number of hits, so that a file made of overlapping hits cannot slow the scan down. */
#include "match/resolve.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	uint32_t rank;	 /* index in hits by start */
	uint32_t winner; /* rank of the winner it lost to, or its own */
	uint32_t rule;
};

struct bits {
	uint64_t *word, *summary;
	size_t words, summaries;
};

static int bits_init(struct bits *b, size_t n)
{
	b->words = n / 64 + 1;
	b->summaries = b->words / 64 + 1;
	b->word = calloc(b->words + b->summaries, sizeof(*b->word));
	b->summary = b->word + b->words;
	return b->word ? 0 : -1;
}

static void bits_set(struct bits *b, size_t i)
{
	b->word[i / 64] |= UINT64_C(1) << (i % 64);
	b->summary[i / 4096] |= UINT64_C(1) << (i / 64 % 64);
}

/* The highest set bit below I, or -1. */
static ptrdiff_t bits_before(const struct bits *b, size_t i)
{
	size_t w = i / 64, s = w / 64;
	uint64_t m = b->word[w] & ((UINT64_C(1) << (i % 64)) - 1);

	if (m)
		return (ptrdiff_t)(w * 64 + 63 - (size_t)__builtin_clzll(m));
	m = b->summary[s] & ((UINT64_C(1) << (w % 64)) - 1);
	while (!m && s > 0)
		m = b->summary[--s];
	if (!m)
		return -1;
	w = s * 64 + 63 - (size_t)__builtin_clzll(m);
	return (ptrdiff_t)(w * 64 + 63 - (size_t)__builtin_clzll(b->word[w]));
}

/* The lowest set bit above I, or -1. */
static ptrdiff_t bits_after(const struct bits *b, size_t i)
{
	size_t w = i / 64, s = w / 64;
	uint64_t m = i % 64 == 63 ? 0 : b->word[w] & ~UINT64_C(0) << (i % 64 + 1);

	if (m)
		return (ptrdiff_t)(w * 64 + (size_t)__builtin_ctzll(m));
	m = w % 64 == 63 ? 0 : b->summary[s] & ~UINT64_C(0) << (w % 64 + 1);
	while (!m && s + 1 < b->summaries)
		m = b->summary[++s];
	if (!m)
		return -1;
	w = s * 64 + (size_t)__builtin_ctzll(m);
	return (ptrdiff_t)(w * 64 + (size_t)__builtin_ctzll(b->word[w]));
}

static int by_place(const void *a, const void *b)
{
	const struct cw_hit *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	/* several decoded spans can map to the same bytes: keep the order total */
	return x->secret_off < y->secret_off ? -1 : x->secret_off > y->secret_off;
}

struct order {
	const struct cw_set *set;
	const struct cw_hit *hits;
};

static int by_strength(const void *a, const void *b, void *payload)
{
	const struct order *o = payload;
	const struct cw_hit *x = &o->hits[((const struct entry *)a)->rank], *y = &o->hits[((const struct entry *)b)->rank];
	enum cw_rule_class cx = cw_set_rule(o->set, x->rule)->cls, cy = cw_set_rule(o->set, y->rule)->cls;
	uint64_t lx = x->end - x->start, ly = y->end - y->start;

	if (x->proof != y->proof)
		return x->proof > y->proof ? -1 : 1;
	if (cx != cy)
		return cx > cy ? -1 : 1;
	if (lx != ly)
		return lx > ly ? -1 : 1;
	return by_place(x, y);
}

static bool overlap(const struct cw_hit *x, const struct cw_hit *y)
{
	return x->start < y->end && y->start < x->end;
}

/* Decide each entry in order of strength: winner of itself, or of the winner it overlaps. */
static void decide(const struct cw_hit *hits, struct entry *e, size_t n, struct bits *won)
{
	for (size_t i = 0; i < n; i++) {
		size_t r = e[i].rank;
		ptrdiff_t before = bits_before(won, r), after = bits_after(won, r);

		if (before >= 0 && overlap(&hits[before], &hits[r]))
			e[i].winner = (uint32_t)before;
		else if (after >= 0 && overlap(&hits[after], &hits[r]))
			e[i].winner = (uint32_t)after;
		else
			bits_set(won, e[i].winner = (uint32_t)r);
	}
}

static int by_winner(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->winner != y->winner)
		return x->winner < y->winner ? -1 : 1;
	/* the winner itself first, then losers by rule */
	if ((x->rank == x->winner) != (y->rank == y->winner))
		return x->rank == x->winner ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* Entries sorted by winner: move winners to the front of hits, write the losers' rules to also. */
static int collect(struct cw_result *res, const struct entry *e, size_t n, struct cw_err *err)
{
	struct cw_hit *hits = res->hits.items;
	size_t out = 0;

	for (size_t i = 0; i < n;) {
		struct cw_hit w = hits[e[i].winner];
		uint32_t last = w.rule;
		size_t k = i + 1;

		w.also_off = res->also.len;
		for (; k < n && e[k].winner == e[i].winner; k++) {
			uint32_t *slot;

			if (e[k].rule == last || e[k].rule == w.rule)
				continue;
			last = e[k].rule;
			slot = cw_vec_push(&res->also);
			if (!slot)
				return cw_vec_fail(&res->also, "overlapping rules", err);
			*slot = last;
		}
		w.also_len = res->also.len - w.also_off;
		i = k;
		hits[out++] = w; /* out <= rank of this winner, since ranks ascend */
	}
	res->hits.len = out;
	return 0;
}

int cw_resolve(const struct cw_set *set, struct cw_result *res, struct cw_err *err)
{
	size_t n = res->hits.len;
	struct order order = {.set = set, .hits = res->hits.items};
	struct bits won = {0};
	struct entry *e;
	int rc;

	if (n == 0)
		return 0;
	qsort(res->hits.items, n, sizeof(struct cw_hit), by_place);
	e = calloc(n, sizeof(*e));
	if (!e || bits_init(&won, n) < 0) {
		free(e);
		return cw_err_nomem(err);
	}
	for (size_t i = 0; i < n; i++)
		e[i] = (struct entry){.rank = (uint32_t)i, .rule = order.hits[i].rule};
	qsort_r(e, n, sizeof(*e), by_strength, &order);
	decide(order.hits, e, n, &won);
	qsort(e, n, sizeof(*e), by_winner);
	rc = collect(res, e, n, err);
	free(won.word);
	free(e);
	return rc;
}
