/* Every fact about a text depends on the bytes it names and on nothing else: the ground on which facts are inherited
 * from one version of a file by the next. All examples of the default rules are put into source-like text, also at
 * the file's very start and end; then everything outside a fact's dependency is replaced and moved, and the fact must
 * stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/vec.h"
#include "fixture.h"
#include "match/decode.h"
#include "match/stage1.h"
#include "match/verdict.h"

#define FILLINGS 3

static struct cw_set *set;
static struct cw_stage1 *stage1;
static struct cw_judge *judge, *judge_again;

/* Few default rules look at the bytes beside their anchors; these do. */
static const struct fx_rule edgy[] = {
	{"t.a", "\\bkey_[0-9]{4}\\b", "\\b(?<secret>key_[0-9]{4,})$", "key_1234", 20, 10, NULL},
	{"t.b", "^abc[0-9]{3}$", "^(?<secret>abc[0-9]{3})$", "abc123", 20, 10, NULL},
	{"t.c", "\\Bxyz[0-9]\\B", "(?<!-)(?<secret>xyz[0-9]+)(?!-)", "axyz12", 9, 4, NULL},
	{"t.d", "(?i)dense", "(?i)dense.{0,200}?(?<secret>[A-Za-z0-9]{12,40})", "dense a1b2c3d4e5f6", 40, 240, "    dense: true\n"},
};

static int make(void)
{
	if (cw_stage1_new(set, &stage1, NULL) < 0)
		return -1;
	return cw_judge_new(set, &judge, NULL) | cw_judge_new(set, &judge_again, NULL);
}

static int setup(void **state)
{
	return cw_set_default(&set, NULL) < 0 ? -1 : make();
}

static int setup_edgy(void **state)
{
	set = fx_set(edgy, sizeof(edgy) / sizeof(edgy[0]));
	return make();
}

static int teardown(void **state)
{
	cw_judge_free(judge);
	cw_judge_free(judge_again);
	cw_stage1_free(stage1);
	cw_set_unref(set);
	return 0;
}

/* Append LEN bytes of one kind of filler: source, noise, or one byte over and over, chosen to lie at borders of
 * words, lines, tokens and base64. */
static void fill(struct fx_rng *rng, size_t len, struct cw_buf *out)
{
	static const char source[] = "static int f(const char *name, size_t len)\n{\n\treturn len == 0x2a ? g(name) : \"text\"; // why\n}\n"
				     "key = os.environ[\"KEY_NAME\"]\n  - value: 'abc-def_123'\npassword: ${PASSWORD}\n";
	static const char bytes[] = "aZ0_-+/=\n\r\t \"'`:\0\xff.";
	size_t kind = fx_below(rng, 4), stop = out->len + len, at = fx_below(rng, sizeof(source) - 1);
	char c = bytes[fx_below(rng, sizeof(bytes) - 1)];

	while (out->len < stop) {
		if (kind == 0)
			cw_buf_addc(out, (char)fx_next(rng));
		else if (kind == 1)
			cw_buf_addc(out, c);
		else
			cw_buf_addc(out, source[at++ % (sizeof(source) - 1)]);
	}
	assert_int_equal(out->fail, 0);
}

/* TEXT[A, B) with other bytes around it: none where the text itself ends, else at least MIN. Returns where A went. */
static size_t surround(struct fx_rng *rng, const struct cw_buf *text, size_t a, size_t b, size_t min, struct cw_buf *out)
{
	size_t before;

	cw_buf_clear(out);
	if (a > 0)
		fill(rng, min + fx_below(rng, fx_below(rng, 4) ? 40 : 600), out);
	before = out->len;
	cw_buf_add(out, text->data + a, b - a);
	if (b < text->len)
		fill(rng, min + fx_below(rng, fx_below(rng, 4) ? 40 : 600), out);
	return before;
}

static int collect(const struct cw_candidate *c, size_t n, void *payload)
{
	for (size_t i = 0; i < n; i++) {
		struct cw_candidate *slot = cw_vec_push(payload);

		assert_non_null(slot);
		*slot = c[i];
	}
	return 0;
}

static void scan(const struct cw_buf *text, size_t from, size_t to, struct cw_vec *out)
{
	cw_vec_clear(out);
	assert_int_equal(cw_stage1_scan(stage1, text->data, text->len, from, to, collect, out, NULL), 0);
}

static size_t sub(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

/* A candidate depends on what stage1.h says. */
static void check_candidate(struct fx_rng *rng, const struct cw_buf *text, const struct cw_candidate *c)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec got = CW_VEC_INIT(struct cw_candidate, 1 << 16);
	CW_CLEANUP(cw_buf_release) struct cw_buf other = CW_BUF_INIT;
	const struct cw_rule *r = cw_set_rule(set, c->rule);
	size_t a = sub(c->end, r->dense ? CW_STAGE1_BACK : r->width + 1), b = c->end + (r->dense ? CW_STAGE1_AHEAD : 2);
	bool found = false;

	b = b < text->len ? b : text->len;
	size_t end = surround(rng, text, a, b, 0, &other) + c->end - a;
	scan(&other, end, end, &got);
	for (size_t i = 0; i < got.len; i++)
		found |= CW_VEC_AT(&got, struct cw_candidate, i).rule == c->rule;
	if (!found)
		fail_msg("%s: the candidate at %zu of %zu depends on more", r->id, (size_t)c->end, text->len);
}

/* No candidate comes or goes at END as long as the widest dependency around it stays. */
static void check_end(struct fx_rng *rng, const struct cw_buf *text, size_t end)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec want = CW_VEC_INIT(struct cw_candidate, 1 << 16);
	CW_CLEANUP(cw_vec_release) struct cw_vec got = CW_VEC_INIT(struct cw_candidate, 1 << 16);
	CW_CLEANUP(cw_buf_release) struct cw_buf other = CW_BUF_INIT;
	size_t a = sub(end, CW_STAGE1_BACK), b = end + CW_STAGE1_AHEAD < text->len ? end + CW_STAGE1_AHEAD : text->len;
	size_t moved = surround(rng, text, a, b, 0, &other) + end - a;

	scan(text, end, end, &want);
	scan(&other, moved, moved, &got);
	assert_int_equal(got.len, want.len);
	for (size_t i = 0; i < got.len; i++)
		assert_int_equal(CW_VEC_AT(&got, struct cw_candidate, i).rule, CW_VEC_AT(&want, struct cw_candidate, i).rule);
}

/* A verdict depends on its window, and on whether that touches the file's edges. */
static void check_verdict(struct fx_rng *rng, const struct cw_buf *text, const struct cw_candidate *c)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf other = CW_BUF_INIT;
	const struct cw_rule *r = cw_set_rule(set, c->rule);
	struct cw_verdict v, w;
	size_t a, b, to;

	cw_verdict_window(r, c->end, text->len, &a, &b);
	to = surround(rng, text, a, b, 1, &other);
	assert_int_equal(cw_judge_candidate(judge, c->rule, text->data, text->len, c->end, &v, NULL), 0);
	assert_int_equal(cw_judge_candidate(judge_again, c->rule, other.data, other.len, to + c->end - a, &w, NULL), 0);
	if (v.kind != w.kind || v.proof != w.proof || v.cut != w.cut || v.label != w.label ||
	    v.value_reason != w.value_reason || v.has_canonical != w.has_canonical)
		fail_msg("%s: the verdict at %zu of %zu depends on more: %s, %s", r->id, (size_t)c->end, text->len,
			 cw_verdict_name(v.kind), cw_verdict_name(w.kind));
	if (v.end > 0) {
		assert_int_equal(v.start - a, w.start - to);
		assert_int_equal(v.end - a, w.end - to);
	}
	assert_int_equal(cw_judge_canonical(judge)->len, cw_judge_canonical(judge_again)->len);
}

struct wanted { /* a decoded span looked for in another text */
	const struct cw_span_found *span;
	size_t shift; /* added to the offsets of the other text's spans */
	const struct cw_buf *other, *decoded;
	bool found;
};

static int same_span(const struct cw_span_found *s, void *payload)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct wanted *w = payload;

	if (s->start + w->shift != w->span->start)
		return 0;
	assert_int_equal(s->end + w->shift, w->span->end);
	assert_int_equal(s->run + w->shift, w->span->run);
	assert_int_equal(s->skip, w->span->skip);
	assert_int_equal(cw_decode_span(s, w->other->data, &out, NULL), 0);
	assert_int_equal(out.len, w->decoded->len);
	assert_memory_equal(out.data, w->decoded->data, out.len);
	w->found = true;
	return 0;
}

struct spans {
	struct fx_rng *rng;
	const struct cw_buf *text;
};

/* A decoded span depends on its run and one byte on each side. */
static int check_span(const struct cw_span_found *span, void *payload)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf other = CW_BUF_INIT, decoded = CW_BUF_INIT;
	struct spans *s = payload;
	size_t a = sub(span->run, 1), b = span->end + 1 < s->text->len ? span->end + 1 : s->text->len;

	assert_int_equal(cw_decode_span(span, s->text->data, &decoded, NULL), 0);
	for (int i = 0; i < FILLINGS; i++) {
		size_t to = surround(s->rng, s->text, a, b, 0, &other);
		struct wanted w = {.span = span, .shift = a - to, .other = &other, .decoded = &decoded};

		assert_int_equal(cw_decode_find(span->decoder, other.data, other.len, 0, other.len, same_span, &w), 0);
		assert_true(w.found);
	}
	return 0;
}

static void check_text(struct fx_rng *rng, const struct cw_buf *text, size_t limit)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec all = CW_VEC_INIT(struct cw_candidate, 1 << 16);
	struct spans spans = {rng, text};

	scan(text, 0, text->len, &all);
	for (size_t i = 0; i < all.len && i < limit; i++) {
		const struct cw_candidate *c = &CW_VEC_AT(&all, struct cw_candidate, all.len > limit ? fx_below(rng, all.len) : i);

		for (int k = 0; k < FILLINGS; k++) {
			check_candidate(rng, text, c);
			check_verdict(rng, text, c);
		}
		check_end(rng, text, c->end);
	}
	for (int i = 0; i < 4; i++)
		check_end(rng, text, fx_below(rng, text->len + 1));
	for (int d = 0; d < CW_DECODER_COUNT_; d++)
		assert_int_equal(cw_decode_find((enum cw_decoder)d, text->data, text->len, 0, text->len, check_span, &spans), 0);
}

/* Rule R's example E at the file's start, in the middle, at its end. */
static void check_example(struct fx_rng *rng, const struct cw_example *e)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	bool as_base64 = fx_below(rng, 8) == 0;

	for (int place = 0; place < 3; place++) {
		cw_buf_clear(&text);
		if (place > 0)
			fill(rng, 1 + fx_below(rng, fx_below(rng, 3) ? 100 : 1000), &text);
		if (as_base64)
			cw_base64_encode(e->text, e->len, false, &text);
		else
			cw_buf_add(&text, e->text, e->len);
		if (place < 2)
			fill(rng, 1 + fx_below(rng, fx_below(rng, 3) ? 100 : 1000), &text);
		check_text(rng, &text, 6);
	}
}

/* each example and counterexample of each rule by itself */
static void test_examples(void **state)
{
	struct fx_rng rng = {1};

	for (size_t i = 0; i < cw_set_len(set); i++) {
		const struct cw_rule *r = cw_set_rule(set, i);

		for (size_t k = 0; k < r->examples_len; k++)
			check_example(&rng, &r->examples[k]);
		check_example(&rng, &r->counterexamples[fx_below(&rng, r->counterexamples_len)]);
	}
}

/* many examples close together, some cut short; the last texts differ from run to run */
static void test_crowded(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct fx_rng rng = {2};

	for (int i = 0; i < 60; i++) {
		size_t len = i % 10 == 0 ? 50000 : 3000; /* longer than the widest window, now and then */

		if (i == 50)
			rng.state = fx_seed("exact");
		cw_buf_clear(&text);
		while (text.len < len) {
			const struct cw_rule *r = cw_set_rule(set, fx_below(&rng, cw_set_len(set)));
			const struct cw_example *e = &r->examples[fx_below(&rng, r->examples_len)];
			size_t from = fx_below(&rng, 3) ? 0 : fx_below(&rng, e->len + 1);

			cw_buf_add(&text, e->text + from, e->len - from);
			fill(&rng, fx_below(&rng, 60), &text);
		}
		check_text(&rng, &text, 60);
	}
}

/* anchors and patterns that look at the bytes beside them, with many fillings */
static void test_edges(void **state)
{
	struct fx_rng rng = {3};

	for (int i = 0; i < 300; i++) {
		for (size_t k = 0; k < cw_set_len(set); k++)
			check_example(&rng, &cw_set_rule(set, k)->examples[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_crowded)};
	const struct CMUnitTest edges[] = {cmocka_unit_test(test_edges), cmocka_unit_test(test_crowded)};

	return cmocka_run_group_tests(tests, setup, teardown) + cmocka_run_group_tests(edges, setup_edgy, teardown);
}
