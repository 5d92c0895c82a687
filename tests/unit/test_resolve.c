/* Tests of match/resolve.h: against a simple implementation of the same words, on random and on hostile hits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"
#include "match/resolve.h"

#define RULES 6
#define HITS_MAX 40

static struct cw_set *set;

static int setup(void **state)
{
	struct fx_rule rules[RULES];
	static const char *const ids[RULES] = {"generic.a", "generic.b", "t.a", "t.b", "t.c", "t.d"};

	for (int i = 0; i < RULES; i++)
		rules[i] = (struct fx_rule){ids[i], "abc", "(?<secret>abc)", "abc", 0, 0, NULL};
	set = fx_set(rules, RULES);
	return 0;
}

static int teardown(void **state)
{
	cw_set_unref(set);
	return 0;
}

static void add(struct cw_result *res, uint32_t rule, enum cw_proof_level proof, uint64_t start, uint64_t end)
{
	struct cw_hit *h = cw_vec_push(&res->hits);

	assert_non_null(h);
	h->rule = rule;
	h->proof = proof;
	h->start = start;
	h->end = end;
	h->secret_off = res->hits.len;
}

/* Whether X goes before Y: the words of the header, one by one. */
static bool stronger(const struct cw_hit *x, const struct cw_hit *y)
{
	enum cw_rule_class cx = cw_set_rule(set, x->rule)->cls, cy = cw_set_rule(set, y->rule)->cls;

	if (x->proof != y->proof)
		return x->proof > y->proof;
	if (cx != cy)
		return cx == CW_CLASS_SPECIFIC;
	if (x->end - x->start != y->end - y->start)
		return x->end - x->start > y->end - y->start;
	if (x->start != y->start)
		return x->start < y->start;
	if (x->rule != y->rule)
		return strcmp(cw_set_rule(set, x->rule)->id, cw_set_rule(set, y->rule)->id) < 0;
	return x->secret_off < y->secret_off;
}

struct slow {
	struct cw_hit hits[HITS_MAX];
	size_t n;
	int winner[HITS_MAX]; /* index of the hit that each lost to, or its own */
};

/* Greedy from the strongest; a loser goes to the first winner it shares a byte with. */
static void resolve_slowly(struct slow *s)
{
	bool done[HITS_MAX] = {false};

	for (size_t round = 0; round < s->n; round++) {
		int best = -1, first = -1;

		for (size_t i = 0; i < s->n; i++) {
			if (!done[i] && (best < 0 || stronger(&s->hits[i], &s->hits[best])))
				best = (int)i;
		}
		for (size_t i = 0; i < s->n; i++) {
			const struct cw_hit *w = &s->hits[i], *h = &s->hits[best];

			if (done[i] && s->winner[i] == (int)i && w->start < h->end && h->start < w->end &&
			    (first < 0 || w->start < s->hits[first].start))
				first = (int)i;
		}
		s->winner[best] = first < 0 ? best : first;
		done[best] = true;
	}
}

static void compare(const struct slow *s, const struct cw_result *res)
{
	size_t winners = 0;

	for (size_t i = 0; i < s->n; i++)
		winners += s->winner[i] == (int)i;
	assert_int_equal(res->hits.len, winners);
	for (size_t k = 0; k < res->hits.len; k++) {
		const struct cw_hit *h = &CW_VEC_AT(&res->hits, struct cw_hit, k);
		size_t w = h->secret_off - 1, lost = 0;
		bool also[RULES] = {false};

		assert_int_equal(s->winner[w], w);
		assert_true(k == 0 || CW_VEC_AT(&res->hits, struct cw_hit, k - 1).end <= h->start);
		for (size_t i = 0; i < s->n; i++) {
			if (s->winner[i] == (int)w && s->hits[i].rule != h->rule)
				also[s->hits[i].rule] = true;
		}
		for (uint32_t r = 0; r < RULES; r++) {
			if (also[r])
				assert_int_equal(CW_VEC_AT(&res->also, uint32_t, h->also_off + lost++), r);
		}
		assert_int_equal(h->also_len, lost);
	}
}

static void random_case(struct fx_rng *rng)
{
	struct slow slow = {.n = fx_below(rng, HITS_MAX + 1)};
	size_t room = 1 + fx_below(rng, fx_below(rng, 2) ? 20 : 300), longest = 1 + fx_below(rng, 30);
	struct cw_result res;

	cw_result_init(&res);
	for (size_t i = 0; i < slow.n; i++) {
		uint64_t start = fx_below(rng, room);

		add(&res, (uint32_t)fx_below(rng, RULES), (enum cw_proof_level)fx_below(rng, 4), start,
		    start + 1 + fx_below(rng, longest));
		slow.hits[i] = CW_VEC_AT(&res.hits, struct cw_hit, i);
	}
	resolve_slowly(&slow);
	assert_int_equal(cw_resolve(set, &res, NULL), 0);
	compare(&slow, &res);
	cw_result_release(&res);
}

/* thousands of random cases; the last thousand differ from run to run */
static void test_random(void **state)
{
	struct fx_rng rng = {1};

	for (int i = 0; i < 20000; i++)
		random_case(&rng);
	rng.state = fx_seed("resolve");
	for (int i = 0; i < 1000; i++)
		random_case(&rng);
}

/* none, and one */
static void test_few(void **state)
{
	struct cw_result res;

	cw_result_init(&res);
	assert_int_equal(cw_resolve(set, &res, NULL), 0);
	assert_int_equal(res.hits.len, 0);
	add(&res, 0, CW_PROOF_CONTEXT, 5, 6);
	assert_int_equal(cw_resolve(set, &res, NULL), 0);
	assert_int_equal(res.hits.len, 1);
	assert_int_equal(CW_VEC_AT(&res.hits, struct cw_hit, 0).also_len, 0);
	cw_result_release(&res);
}

static uint32_t winner_of(uint32_t rule_a, enum cw_proof_level proof_a, uint64_t start_a, uint64_t end_a, uint32_t rule_b,
			  enum cw_proof_level proof_b, uint64_t start_b, uint64_t end_b)
{
	struct cw_result res;
	uint32_t ret;

	cw_result_init(&res);
	add(&res, rule_b, proof_b, start_b, end_b);
	add(&res, rule_a, proof_a, start_a, end_a);
	assert_int_equal(cw_resolve(set, &res, NULL), 0);
	assert_int_equal(res.hits.len, 1);
	assert_int_equal(res.also.len, 1);
	ret = CW_VEC_AT(&res.hits, struct cw_hit, 0).rule;
	cw_result_release(&res);
	return ret;
}

/* each step of the order, the first named wins: proof, class, length, place, rule */
static void test_order(void **state)
{
	enum { GENERIC = 0, SPECIFIC = 2, LATER = 3 };

	assert_int_equal(winner_of(GENERIC, CW_PROOF_CHECKSUM, 5, 6, SPECIFIC, CW_PROOF_STRUCTURE, 0, 20), GENERIC);
	assert_int_equal(winner_of(GENERIC, CW_PROOF_STRUCTURE, 5, 6, SPECIFIC, CW_PROOF_PATTERN, 0, 20), GENERIC);
	assert_int_equal(winner_of(GENERIC, CW_PROOF_PATTERN, 5, 6, SPECIFIC, CW_PROOF_CONTEXT, 0, 20), GENERIC);
	assert_int_equal(winner_of(SPECIFIC, CW_PROOF_PATTERN, 5, 6, GENERIC, CW_PROOF_PATTERN, 0, 20), SPECIFIC);
	assert_int_equal(winner_of(LATER, CW_PROOF_PATTERN, 5, 9, SPECIFIC, CW_PROOF_PATTERN, 3, 6), LATER);
	assert_int_equal(winner_of(LATER, CW_PROOF_PATTERN, 3, 6, SPECIFIC, CW_PROOF_PATTERN, 5, 8), LATER);
	assert_int_equal(winner_of(SPECIFIC, CW_PROOF_PATTERN, 3, 6, LATER, CW_PROOF_PATTERN, 3, 6), SPECIFIC);
}

/* neighbours that share no byte do not compete */
static void test_neighbours(void **state)
{
	struct cw_result res;

	cw_result_init(&res);
	add(&res, 1, CW_PROOF_PATTERN, 5, 10);
	add(&res, 2, CW_PROOF_CHECKSUM, 10, 12);
	add(&res, 3, CW_PROOF_CHECKSUM, 0, 5);
	assert_int_equal(cw_resolve(set, &res, NULL), 0);
	assert_int_equal(res.hits.len, 3);
	assert_int_equal(CW_VEC_AT(&res.hits, struct cw_hit, 0).rule, 3);
	cw_result_release(&res);
}

static void run_hostile(struct cw_result *res)
{
	uint64_t last = 0;

	assert_int_equal(cw_resolve(set, res, NULL), 0);
	assert_true(res->hits.len > 0);
	for (size_t i = 0; i < res->hits.len; i++) {
		const struct cw_hit *h = &CW_VEC_AT(&res->hits, struct cw_hit, i);

		assert_true(h->start >= last);
		last = h->end;
	}
	cw_result_release(res);
}

/* 200,000 hits: all nested in each other, a chain of neighbours, many short ones under few long ones */
static void test_hostile(void **state)
{
	enum { N = 200000 };
	struct fx_rng rng = {7};
	struct cw_result res;

	cw_result_init(&res);
	for (uint64_t i = 0; i < N; i++)
		add(&res, i % RULES, (enum cw_proof_level)(i % 4), i, 2 * N - i + 1);
	run_hostile(&res);
	cw_result_init(&res);
	for (uint64_t i = 0; i < N; i++)
		add(&res, i % RULES, CW_PROOF_PATTERN, 2 * i, 2 * i + 3);
	run_hostile(&res);
	cw_result_init(&res);
	for (uint64_t i = 0; i < N; i++)
		add(&res, 2 + i % 4, i % 100 ? CW_PROOF_PATTERN : CW_PROOF_CONTEXT, fx_below(&rng, N),
		    N + 1 + (i % 100 ? 0 : fx_below(&rng, N)));
	run_hostile(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),	   cmocka_unit_test(test_few),	   cmocka_unit_test(test_order),
		cmocka_unit_test(test_neighbours), cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
