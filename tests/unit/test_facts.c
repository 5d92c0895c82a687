/* A version scanned by what changed in it gives what a scan of the whole gives: chains of versions made of copied pieces and new
 * bytes, with secrets at every kind of seam. A tenth of them break a rule of inheritance that a careless change would miss. */
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
#include "match/facts.h"

#define PIECES_MAX 4096
#define VERSIONS 8

static struct cw_set *set;
static struct cw_matcher *matcher, *oracle;
static uint64_t inherited, hits_seen, spans_seen;

static const struct fx_rule edgy[] = {
	{"t.a", "\\bkey_[0-9]{4}\\b", "\\b(?<secret>key_[0-9]{4,})$", "key_1234", 20, 10, NULL},
	{"t.b", "^abc[0-9]{3}$", "^(?<secret>abc[0-9]{3})$", "abc123", 20, 10, NULL},
	{"t.c", "\\Bxyz[0-9]\\B", "(?<!-)(?<secret>xyz[0-9]+)(?!-)", "axyz12", 9, 4, NULL},
	{"t.d", "(?i)dense", "(?i)dense.{0,200}?(?<secret>[A-Za-z0-9]{12,40})", "dense a1b2c3d4e5f6", 40, 240, "    dense: true\n"},
	{"t.f", "frontof", "(?<secret>[A-Za-z0-9]{12,16})[^A-Za-z0-9]{1,24}frontof", "a1b2c3d4e5f6 frontof", 60, 2, "    dense: true\n"},
	{"t.e", "far_[0-9]{4}", "(?s)(?<secret>far_[0-9]{4}).{1,3000}?END", "far_1234 END", 20, 3100, NULL},
};

static int make(void)
{
	return cw_matcher_new(set, &matcher, NULL) | cw_matcher_new(set, &oracle, NULL);
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
	cw_matcher_free(matcher);
	cw_matcher_free(oracle);
	cw_set_unref(set);
	return 0;
}

/* ---- content ---- */

static void add_example(struct fx_rng *rng, struct cw_buf *out)
{
	const struct cw_rule *r = cw_set_rule(set, fx_below(rng, cw_set_len(set)));
	const struct cw_example *e = &r->examples[fx_below(rng, r->examples_len)];
	size_t kind = fx_below(rng, 8);

	if (kind == 0) {
		CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

		cw_buf_adds(&text, "some words in front\n");
		cw_buf_add(&text, e->text, e->len);
		cw_base64_encode(text.data, text.len, false, out);
	} else if (kind == 1) {
		cw_buf_add(out, e->text, fx_below(rng, e->len + 1)); /* cut off */
	} else {
		cw_buf_add(out, e->text, e->len);
	}
}

/* Append one piece: a secret, source text, noise, or a NUL. */
static void add_piece(struct fx_rng *rng, struct cw_buf *out)
{
	static const char *const lines[] = {
		"\treturn len == 0x2a ? g(name) : \"text\";\n", "key = os.environ[\"KEY_NAME\"]\n", "password: ${PASSWORD}\n",
		"  - value: 'abc-def_123'\n", "key_1234", "\nabc123\n", "xyz12", "dense a1b2c3d4e5f6", "far_1234", "END", "\n", " ", "a", "=",
		"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo", "/* nothing of note happens in this line of source code at all */\n",
	};
	size_t kind = fx_below(rng, 12);

	if (kind < 3) {
		add_example(rng, out);
		if (fx_below(rng, 2))
			cw_buf_addc(out, '\n');
	} else if (kind == 3 && fx_below(rng, 40) == 0) {
		cw_buf_addc(out, '\0');
	} else if (kind == 4) {
		for (size_t n = fx_below(rng, 300); n > 0; n--)
			cw_buf_addc(out, "ab0_ \n=9Z"[fx_below(rng, 9)]);
	} else {
		cw_buf_adds(out, lines[fx_below(rng, sizeof(lines) / sizeof(lines[0]))]);
	}
}

static void add_content(struct fx_rng *rng, size_t len, struct cw_buf *out)
{
	for (size_t stop = out->len + len; out->len < stop;)
		add_piece(rng, out);
}

/* ---- versions ---- */

/* Where to cut: anywhere, or at, before or behind the border of a hit. */
static size_t cut_point(struct fx_rng *rng, const struct cw_buf *base, const struct cw_result *res)
{
	if (res->hits.len > 0 && fx_below(rng, 2)) {
		const struct cw_hit *h = &CW_VEC_AT(&res->hits, struct cw_hit, fx_below(rng, res->hits.len));
		size_t at = (size_t)(fx_below(rng, 2) ? h->start : h->end) + fx_below(rng, 5);

		at = at > 2 ? at - 2 : 0;
		return at < base->len ? at : base->len;
	}
	return fx_below(rng, base->len + 1);
}

static void copy(struct cw_vec *copies, struct cw_buf *out, const struct cw_buf *base, size_t from, size_t to)
{
	struct cw_copied *last = copies->len ? &CW_VEC_AT(copies, struct cw_copied, copies->len - 1) : NULL;
	struct cw_copied *c;

	if (from >= to)
		return;
	if (last && last->at + last->len == out->len && last->from + last->len == from) {
		last->len += to - from;
	} else {
		c = cw_vec_push(copies);
		assert_non_null(c);
		*c = (struct cw_copied){ .at = out->len, .from = from, .len = to - from };
	}
	cw_buf_add(out, base->data + from, to - from);
}

/* A child of BASE: in order with edits, or any pieces in any order. */
static void make_child(struct fx_rng *rng, const struct cw_buf *base, const struct cw_result *res, struct cw_buf *out,
		       struct cw_vec *copies)
{
	size_t steps = 1 + fx_below(rng, 6), at = fx_below(rng, 3) ? 0 : cut_point(rng, base, res);
	bool in_order = fx_below(rng, 4) > 0;

	cw_buf_clear(out);
	cw_vec_clear(copies);
	if (fx_below(rng, 4) == 0)
		add_content(rng, 1 + fx_below(rng, 40), out);
	for (size_t i = 0; i < steps; i++) {
		size_t to = cut_point(rng, base, res);

		if (!in_order)
			at = cut_point(rng, base, res);
		copy(copies, out, base, at, to);
		if (fx_below(rng, 3) == 0)
			cw_buf_addc(out, "x\n =A0\""[fx_below(rng, 7)]);
		else if (fx_below(rng, 2))
			add_content(rng, fx_below(rng, 60), out);
		if (to > at)
			at = to + (fx_below(rng, 2) ? fx_below(rng, 30) : 0);
		at = at < base->len ? at : base->len;
	}
	if (in_order && fx_below(rng, 3))
		copy(copies, out, base, at, base->len);
	assert_int_equal(out->fail, 0);
}

/* ---- comparing ---- */

static void assert_same(const struct cw_result *got, const struct cw_result *want, const struct cw_buf *text)
{
	assert_int_equal(got->hits.len, want->hits.len);
	assert_int_equal(got->unscannable.len, want->unscannable.len);
	assert_int_equal(got->more.len, want->more.len);
	assert_string_equal(got->cls, want->cls);
	for (size_t i = 0; i < got->hits.len; i++) {
		const struct cw_hit *g = &CW_VEC_AT(&got->hits, struct cw_hit, i), *w = &CW_VEC_AT(&want->hits, struct cw_hit, i);

		if (g->rule != w->rule || g->start != w->start || g->end != w->end || g->at != w->at || g->at_end != w->at_end ||
		    g->proof != w->proof || g->cut != w->cut || g->label != w->label || g->decoded != w->decoded ||
		    g->also_len != w->also_len || g->secret_len != w->secret_len || g->canon_len != w->canon_len)
			fail_msg("hit %zu of %zu bytes differs: rules %u and %u", i, text->len, g->rule, w->rule);
		assert_memory_equal(got->secrets.data + g->secret_off, want->secrets.data + w->secret_off, g->secret_len);
		assert_memory_equal(got->secrets.data + g->canon_off, want->secrets.data + w->canon_off, g->canon_len);
	}
}

struct chain {
	struct cw_buf text[2];
	struct cw_facts facts[2];
	struct cw_vec copies; /* struct cw_copied */
	struct cw_result got, want;
};

static void chain_init(struct chain *c)
{
	memset(c, 0, sizeof(*c));
	c->text[0] = c->text[1] = (struct cw_buf)CW_BUF_INIT;
	c->copies = (struct cw_vec)CW_VEC_INIT(struct cw_copied, PIECES_MAX);
	cw_result_init(&c->got);
	cw_result_init(&c->want);
}

static void chain_release(struct chain *c)
{
	for (int i = 0; i < 2; i++) {
		cw_buf_release(&c->text[i]);
		cw_facts_release(&c->facts[i]);
	}
	cw_vec_release(&c->copies);
	cw_result_release(&c->got);
	cw_result_release(&c->want);
}

static void check(struct chain *c, int which, const struct cw_facts *base)
{
	const struct cw_buf *text = &c->text[which];

	cw_facts_release(&c->facts[which]);
	assert_int_equal(cw_match_version(matcher, text->data, text->len, base, c->copies.items, c->copies.len, &c->got,
					  &c->facts[which], NULL), 0);
	assert_int_equal(cw_match_blob(oracle, text->data, text->len, &c->want, NULL), 0);
	assert_same(&c->got, &c->want, text);
	hits_seen += c->got.hits.len;
	spans_seen += c->facts[which].spans_len;
}

/* One chain: a first version and some that follow, each from the one before. */
static void run_chain(struct fx_rng *rng)
{
	struct chain c;
	int now = 0;

	chain_init(&c);
	add_content(rng, fx_below(rng, 20) ? 200 + fx_below(rng, 6000) : fx_below(rng, 40), &c.text[0]);
	check(&c, 0, NULL);
	for (int i = 1; i < VERSIONS; i++) {
		make_child(rng, &c.text[now], &c.want, &c.text[!now], &c.copies);
		check(&c, !now, &c.facts[now]);
		now = !now;
	}
	chain_release(&c);
}

static void run_chains(size_t n, const char *what)
{
	struct fx_rng fixed = { 20221 }, other = { fx_seed(what) };

	inherited = hits_seen = spans_seen = 0;
	for (size_t i = 0; i < n; i++)
		run_chain(i % 2 ? &fixed : &other);
	inherited = cw_matcher_stats(matcher).inherited;
	assert_true(inherited > n);
	assert_true(hits_seen > n);
}

/* The default rules, hits of all kinds, also in base64. */
static void test_default_rules(void **state)
{
	run_chains(600, "chains with the default rules");
	assert_true(spans_seen > 100);
}

/* Rules that look at everything they may look at. */
static void test_edgy_rules(void **state)
{
	run_chains(3000, "chains with rules that look around");
}

/* A piece that ends in the middle of base64 letters: the run is another one although every byte of the old one is there. */
static void test_run_goes_on(void **state)
{
	struct chain c;
	struct cw_copied *p;

	chain_init(&c);
	for (int i = 0; i < 40; i++)
		cw_buf_adds(&c.text[0], "nothing of note in this line at all\n");
	cw_base64_encode("words words words key_1234\nwords", 31, false, &c.text[0]);
	check(&c, 0, NULL);
	p = cw_vec_push(&c.copies);
	assert_non_null(p);
	*p = (struct cw_copied){ .len = c.text[0].len };
	cw_buf_add(&c.text[1], c.text[0].data, c.text[0].len);
	cw_buf_adds(&c.text[1], "QUJD");
	check(&c, 1, &c.facts[0]);
	chain_release(&c);
}

/* The base ends exactly at a secret, the child goes on behind it, and the reverse. */
static void test_ends_at_the_secret(void **state)
{
	for (int longer = 0; longer < 2; longer++) {
		struct chain c;
		struct cw_copied *p;

		chain_init(&c);
		for (int i = 0; i < 40; i++)
			cw_buf_adds(&c.text[0], "nothing of note in this line at all\n");
		cw_buf_adds(&c.text[0], "key_1234");
		cw_buf_add(&c.text[1], c.text[0].data, c.text[0].len);
		cw_buf_adds(&c.text[longer], "x");
		check(&c, 0, NULL);
		assert_int_equal(c.got.hits.len, longer ? 1 : 0);
		p = cw_vec_push(&c.copies);
		assert_non_null(p);
		*p = (struct cw_copied){ .len = c.text[1].len < c.text[0].len ? c.text[1].len : c.text[0].len };
		if (!longer)
			p->len = c.text[1].len;
		check(&c, 1, &c.facts[0]);
		assert_int_equal(c.got.hits.len, longer ? 0 : 1);
		chain_release(&c);
	}
}

/* A dense value comes in front of an anchor that is copied: the anchor counts now, although it is narrower than the gap. */
static void test_dense_in_front(void **state)
{
	static const char old[] = "abcdefabcdef", new[] = "a1b2c3d4e5f6";
	struct cw_copied *p;
	struct chain c;

	chain_init(&c);
	for (int i = 0; i < 12; i++)
		cw_buf_adds(&c.text[0], "nothing of note in this line at all\n");
	cw_buf_add(&c.text[1], c.text[0].data, c.text[0].len);
	cw_buf_adds(&c.text[0], old);
	cw_buf_adds(&c.text[1], new);
	for (int which = 0; which < 2; which++) {
		cw_buf_adds(&c.text[which], "....................frontof\n");
		for (int i = 0; i < 12; i++)
			cw_buf_adds(&c.text[which], "nothing of note in this line at all\n");
	}
	check(&c, 0, NULL);
	assert_int_equal(c.got.hits.len, 0);
	p = cw_vec_push(&c.copies);
	assert_non_null(p);
	*p = (struct cw_copied){ .len = 36 * 12 };
	p = cw_vec_push(&c.copies);
	assert_non_null(p);
	*p = (struct cw_copied){ .at = 36 * 12 + 12, .from = 36 * 12 + 12, .len = c.text[0].len - 36 * 12 - 12 };
	check(&c, 1, &c.facts[0]);
	assert_int_equal(c.got.hits.len, 1);
	chain_release(&c);
}

/* Facts of more candidates than are kept: the child is scanned whole, and nothing is lost. */
static void test_too_many(void **state)
{
	struct chain c;
	struct cw_copied *p;

	chain_init(&c);
	for (int i = 0; i < CW_FACTS_MAX + 10; i++)
		cw_buf_adds(&c.text[0], "far_1234 ");
	check(&c, 0, NULL);
	assert_false(c.facts[0].kept);
	cw_buf_add(&c.text[1], c.text[0].data, c.text[0].len);
	p = cw_vec_push(&c.copies);
	assert_non_null(p);
	*p = (struct cw_copied){ .len = c.text[0].len };
	check(&c, 1, &c.facts[0]);
	chain_release(&c);
}

/* A one-line edit in a large file costs the matcher a small window. */
static void test_window(void **state)
{
	struct chain c;
	struct cw_copied *p;
	uint64_t before;

	chain_init(&c);
	for (int i = 0; i < 4000; i++)
		cw_buf_adds(&c.text[0], "nothing of note in this line at all\n");
	check(&c, 0, NULL);
	copy(&c.copies, &c.text[1], &c.text[0], 0, 36 * 2000);
	cw_buf_adds(&c.text[1], "one more line\n");
	copy(&c.copies, &c.text[1], &c.text[0], 36 * 2000, c.text[0].len);
	p = c.copies.items;
	assert_int_equal(p[1].at, 36 * 2000 + 14);
	before = cw_matcher_stats(matcher).matched;
	check(&c, 1, &c.facts[0]);
	assert_true(cw_matcher_stats(matcher).matched - before <= 14 + 600);
	chain_release(&c);
}

int main(void)
{
	const struct CMUnitTest defaults[] = {
		cmocka_unit_test(test_default_rules),
	};
	const struct CMUnitTest looking[] = {
		cmocka_unit_test(test_edgy_rules),	  cmocka_unit_test(test_run_goes_on),
		cmocka_unit_test(test_ends_at_the_secret), cmocka_unit_test(test_dense_in_front),
		cmocka_unit_test(test_too_many),	  cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests_name("default rules", defaults, setup, teardown) +
	       cmocka_run_group_tests_name("rules that look around", looking, setup_edgy, teardown);
}
