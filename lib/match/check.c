/* match/check.c - see check.h. */
#include "match/check.h"

#include <stdio.h>
#include <string.h>

#include "match/blob.h"
#include "match/stage1.h"
#include "rules/hsdb.h"
#include "rules/pattern.h"

#define COST_TEXT ((size_t)256 << 10) /* bytes */

struct check {
	const struct cw_set *set;
	const struct cw_rule *rule;
	const struct cw_check_opts *opts;
	struct cw_matcher *matcher;
	struct cw_result res;
	struct cw_err *err;
	int faults;
};

static void fault(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct check *c, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->faults++;
	c->opts->fault(c->rule, text, c->opts->payload);
}

/* Whether the rule stands among the hits, winning or not. */
static bool is_hit(const struct check *c)
{
	for (size_t i = 0; i < c->res.hits.len; i++) {
		const struct cw_hit *h = &CW_VEC_AT(&c->res.hits, struct cw_hit, i);

		if (h->rule == c->rule->index)
			return true;
		for (size_t k = 0; k < h->also_len; k++) {
			if (CW_VEC_AT(&c->res.also, uint32_t, h->also_off + k) == c->rule->index)
				return true;
		}
	}
	return false;
}

static bool applies(const struct check *c, const struct cw_example *e)
{
	return !e->path[0] || !c->opts->applies || c->opts->applies(c->rule, e->path);
}

static int check_examples(struct check *c)
{
	const struct cw_rule *r = c->rule;

	for (size_t i = 0; i < r->examples_len + r->counterexamples_len; i++) {
		bool positive = i < r->examples_len;
		const struct cw_example *e = positive ? &r->examples[i] : &r->counterexamples[i - r->examples_len];
		int rc = cw_match_blob(c->matcher, e->text, e->len, &c->res, c->err);

		if (rc < 0)
			return rc;
		if (c->res.unscannable.len > 0)
			fault(c, "%s %zu: a pattern reached its match limit", positive ? "example" : "counterexample",
			      positive ? i + 1 : i - r->examples_len + 1);
		if (positive && !(is_hit(c) && applies(c, e)))
			fault(c, "example %zu is not found", i + 1);
		if (!positive && is_hit(c) && applies(c, e))
			fault(c, "counterexample %zu is found", i - r->examples_len + 1);
	}
	return 0;
}

struct ends {
	uint32_t rule;
	size_t start, end; /* of a match */
	bool inside;
};

static int find_inside(const struct cw_candidate *cand, size_t n, void *payload)
{
	struct ends *e = payload;

	for (size_t i = 0; i < n; i++) {
		if (cand[i].rule == e->rule && cand[i].end > e->start && cand[i].end <= e->end)
			e->inside = true;
	}
	return 0;
}

/* Every match of the pattern holds an anchor end: otherwise stage 1 would never lead to it. */
static int check_pair(struct check *c, struct cw_stage1 *stage1, const struct cw_pattern *p, struct cw_pattern_state *state,
		      size_t number)
{
	const struct cw_example *e = &c->rule->examples[number];
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	size_t n;

	for (size_t from = 0; from <= e->len;) {
		struct ends ends = {.rule = c->rule->index};
		int rc = cw_pattern_match(p, state, e->text, e->len, from, false, false, spans, &n, c->err);

		if (rc <= 0)
			return rc == CW_E_LIMIT ? 0 : rc;
		ends.start = spans[0].start;
		ends.end = spans[0].end;
		rc = cw_stage1_scan(stage1, e->text, e->len, 0, e->len, find_inside, &ends, c->err);
		if (rc < 0)
			return rc;
		if (!ends.inside)
			fault(c, "example %zu: a match of the pattern holds no end of the anchor", number + 1);
		from = spans[0].end > from ? spans[0].end : from + 1;
	}
	return 0;
}

static int check_pattern(struct check *c, double *ret_share)
{
	CW_CLEANUP(cw_stage1_free_p) struct cw_stage1 *stage1 = NULL;
	CW_CLEANUP(cw_pattern_state_free_p) struct cw_pattern_state *state = NULL;
	const struct cw_pattern *p;
	int rc = cw_set_pattern(c->set, c->rule->index, -1, &p, c->err);

	if (rc == 0)
		rc = cw_stage1_new(c->set, &stage1, c->err);
	if (rc == 0)
		rc = cw_pattern_state_new(&state, c->err);
	*ret_share = 0;
	for (size_t i = 0; rc == 0 && i < c->rule->examples_len; i++) {
		const struct cw_example *e = &c->rule->examples[i];
		size_t window = (size_t)c->rule->before + c->rule->after;
		double share = cw_pattern_cost(p, e->text, e->len < window ? e->len : window);

		*ret_share = share > *ret_share ? share : *ret_share;
		rc = check_pair(c, stage1, p, state, i);
	}
	if (*ret_share > CW_CHECK_PATTERN_SHARE_MAX)
		fault(c, "the pattern takes more than 1 %% of the match limit on its own example: simplify it");
	return rc;
}

/* Source-like text: the prose and expressions of the rules themselves, without their examples. */
static void fill_text(const struct cw_set *set, struct cw_buf *out, size_t len)
{
	while (!out->fail && out->len < len) {
		size_t had = out->len;

		for (size_t i = 0; i < cw_set_len(set) && out->len < len; i++) {
			const struct cw_rule *r = cw_set_rule(set, i);

			cw_buf_addf(out, "def check_%zu(self, value):\n    # %s\n    if value.%s != None:\n        return \"%s\"\n", i,
				    r->description, r->provider, r->title);
			cw_buf_addf(out, "static int %s(const char *name, size_t len) { return memcmp(name, \"%s\", len) == 0; }\n",
				    r->provider, r->remediation);
		}
		if (out->len == had)
			break;
	}
}

static int anchor_cost(struct check *c, double *ret)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc;

	fill_text(c->set, &text, COST_TEXT);
	rc = cw_buf_fail(&text, "text to measure on", c->err);
	return rc < 0 ? rc : cw_hsdb_cost(c->rule->anchor, text.data, text.len, ret, c->err);
}

int cw_check_rule(const struct cw_set *set, size_t i, const struct cw_check_opts *opts, struct cw_err *err)
{
	struct check c = {.set = set, .rule = cw_set_rule(set, i), .opts = opts, .err = err};
	double share = 0, ns = 0;
	int rc = cw_matcher_new(set, &c.matcher, err);

	cw_result_init(&c.res);
	if (rc == 0)
		rc = check_examples(&c);
	if (rc == 0)
		rc = check_pattern(&c, &share);
	if (rc == 0 && opts->cost)
		rc = anchor_cost(&c, &ns);
	if (rc == 0 && opts->cost)
		opts->cost(c.rule, ns, share, opts->payload);
	cw_result_release(&c.res);
	cw_matcher_free(c.matcher);
	return rc < 0 ? rc : c.faults;
}
