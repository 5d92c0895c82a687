/* Tests of match/stage1.h: candidates by windows, in batches, in floods; never one lost, never one twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/vec.h"
#include "fixture.h"
#include "match/stage1.h"

static const struct fx_rule rules[] = {
	{"t.a", "aaa", "(?<secret>aaa)", "aaa", 0, 0, NULL},
	{"t.b", "(?i)aaaa", "(?<secret>aaaa)", "aaaa", 0, 0, NULL},
	{"t.c", "\\bkey_[0-9]{3}\\b", "(?<secret>key)", "key_123", 0, 0, NULL},
	{"t.d", "^abc[0-9]$", "(?<secret>abc)", "abc1", 0, 0, NULL},
	{"t.e", "www[a-z]{253}", "(?<secret>w)",
	 "wwwabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
	 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
	 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", 300, 64, NULL},
};
enum { A, B, C, D, E }; /* their indexes: sorted by id */

static struct cw_set *set;
static struct cw_stage1 *stage1;

static int setup(void **state)
{
	set = fx_set(rules, sizeof(rules) / sizeof(rules[0]));
	return cw_stage1_new(set, &stage1, NULL);
}

static int teardown(void **state)
{
	cw_stage1_free(stage1);
	cw_set_unref(set);
	return 0;
}

/* Every candidate behind the one before it. */
static int collect(const struct cw_candidate *c, size_t n, void *payload)
{
	struct cw_vec *v = payload;

	assert_in_range(n, 1, 2 * CW_STAGE1_BATCH);
	for (size_t i = 0; i < n; i++) {
		const struct cw_candidate *last = v->len ? &CW_VEC_AT(v, struct cw_candidate, v->len - 1) : NULL;
		struct cw_candidate *slot;

		assert_true(!last || last->end < c[i].end || (last->end == c[i].end && last->rule < c[i].rule));
		slot = cw_vec_push(v);
		assert_non_null(slot);
		*slot = c[i];
	}
	return 0;
}

static void scan(struct cw_stage1 *s, const char *data, size_t len, size_t from, size_t to, struct cw_vec *out)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_stage1_scan(s, data, len, from, to, collect, out, &err) != 0)
		fail_msg("%s", cw_err_msg(&err));
}

/* The candidates of TEXT are exactly the N given. */
static void expect(const char *text, size_t n, const struct cw_candidate *want)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec got = CW_VEC_INIT(struct cw_candidate, 1000);

	scan(stage1, text, strlen(text), 0, strlen(text), &got);
	assert_int_equal(got.len, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(CW_VEC_AT(&got, struct cw_candidate, i).end, want[i].end);
		assert_int_equal(CW_VEC_AT(&got, struct cw_candidate, i).rule, want[i].rule);
	}
}

/* ends, in order of (end, rule), with overlapping matches */
static void test_ends(void **state)
{
	expect("xaaaaa", 5, (struct cw_candidate[]){{4, A}, {5, A}, {5, B}, {6, A}, {6, B}});
	expect("aaA aAaA", 1, (struct cw_candidate[]){{8, B}});
	expect(rules[E].example, 3 - 2, (struct cw_candidate[]){{256, E}});
	expect("nothing", 0, NULL);
}

/* word borders and line edges, at the data's edges too */
static void test_edges(void **state)
{
	expect("key_123", 1, (struct cw_candidate[]){{7, C}});
	expect("key_1234", 0, NULL);
	expect("xkey_123", 0, NULL);
	expect("-key_123-", 1, (struct cw_candidate[]){{8, C}});
	expect("abc1", 1, (struct cw_candidate[]){{4, D}});
	expect("\nabc1\n", 1, (struct cw_candidate[]){{5, D}});
	expect("abc1\r\n", 0, NULL);
	expect(" abc1", 0, NULL);
}

/* no bytes at all, no pointer, an empty range, one end */
static void test_nothing(void **state)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec got = CW_VEC_INIT(struct cw_candidate, 1000);

	scan(stage1, "", 0, 0, 0, &got);
	scan(stage1, NULL, 0, 0, 0, &got);
	scan(stage1, "aaaaaa", 6, 5, 4, &got);
	assert_int_equal(got.len, 0);
	scan(stage1, "aaaaaa", 6, 3, 3, &got);
	assert_int_equal(got.len, 1);
}

/* a window is no edge: bytes around it count */
static void test_window_edges(void **state)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec got = CW_VEC_INIT(struct cw_candidate, 1000);

	scan(stage1, "key_1234", 8, 7, 7, &got);
	scan(stage1, "abc12", 5, 4, 4, &got);
	assert_int_equal(got.len, 0);
	scan(stage1, "abc1\n2", 6, 4, 4, &got);
	scan(stage1, "key_123 ", 8, 7, 7, &got);
	assert_int_equal(got.len, 2);
}

/* Text from examples of all RULES, words and noise; each piece may be cut. */
static void random_text(const struct cw_set *from, struct fx_rng *rng, size_t len, struct cw_buf *out)
{
	static const char *const words[] = {"key_", "aaaa", "abc1", "\n", "\r\n", " = ", "secret", "\"", "return", "0123456789"};

	cw_buf_clear(out);
	while (out->len < len) {
		const struct cw_rule *r = cw_set_rule(from, fx_below(rng, cw_set_len(from)));
		const struct cw_example *e = &r->examples[fx_below(rng, r->examples_len)];
		size_t a = fx_below(rng, 4) ? 0 : fx_below(rng, e->len + 1), b = fx_below(rng, 4) ? e->len : fx_below(rng, e->len + 1);

		if (fx_below(rng, 2))
			cw_buf_adds(out, words[fx_below(rng, sizeof(words) / sizeof(words[0]))]);
		else if (fx_below(rng, 8) == 0)
			cw_buf_addc(out, (char)fx_next(rng));
		else if (b > a)
			cw_buf_add(out, e->text + a, b - a);
	}
	cw_buf_truncate(out, len);
}

/* The whole scan equals the union over windows that cut TEXT at random places. */
static void check_windows(struct cw_stage1 *s, const char *text, size_t len, struct fx_rng *rng)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec whole = CW_VEC_INIT(struct cw_candidate, 1 << 22);
	CW_CLEANUP(cw_vec_release) struct cw_vec parts = CW_VEC_INIT(struct cw_candidate, 1 << 22);

	scan(s, text, len, 0, len, &whole);
	for (size_t from = 0; from <= len;) {
		size_t to = from + fx_below(rng, fx_below(rng, 3) ? 20 : 2000);

		to = to < len ? to : len;
		scan(s, text, len, from, to, &parts);
		from = to + 1;
	}
	assert_int_equal(parts.len, whole.len);
	for (size_t i = 0; i < whole.len; i++) {
		const struct cw_candidate *a = &CW_VEC_AT(&parts, struct cw_candidate, i);
		const struct cw_candidate *b = &CW_VEC_AT(&whole, struct cw_candidate, i);

		assert_true(a->end == b->end && a->rule == b->rule);
	}
}

/* windows of any size put together give the whole, for the rules above and for the default ones */
static void test_windows(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *all = NULL;
	CW_CLEANUP(cw_stage1_free_p) struct cw_stage1 *s = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	uint64_t seeds[] = {1, 2, 3, fx_seed("stage1")};

	assert_int_equal(cw_set_default(&all, NULL), 0);
	assert_int_equal(cw_stage1_new(all, &s, NULL), 0);
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct fx_rng rng = {seeds[i]};

		random_text(set, &rng, 20000, &text);
		check_windows(stage1, text.data, text.len, &rng);
		random_text(all, &rng, 60000, &text);
		check_windows(s, text.data, text.len, &rng);
	}
}

/* batches that end just before, at and behind an end with two candidates */
static void test_batch_borders(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	assert_int_equal(cw_buf_reserve(&text, 4 * CW_STAGE1_BATCH), 0);
	memset(text.data, 'a', 4 * CW_STAGE1_BATCH);
	for (size_t extra = 0; extra < 8; extra++) {
		/* one candidate for "aaa", then two an end */
		for (size_t batches = 1; batches <= 2; batches++) {
			CW_CLEANUP(cw_vec_release) struct cw_vec got = CW_VEC_INIT(struct cw_candidate, 1 << 20);
			size_t len = batches * CW_STAGE1_BATCH / 2 + extra;

			scan(stage1, text.data, len, 0, len, &got);
			assert_int_equal(got.len, 2 * (len - 3) + 1);
		}
	}
}

struct count {
	uint64_t n, last;
	uint32_t last_rule;
	bool bad;
};

static int count(const struct cw_candidate *c, size_t n, void *payload)
{
	struct count *k = payload;

	for (size_t i = 0; i < n; i++) {
		k->bad |= c[i].end < k->last || (c[i].end == k->last && c[i].rule <= k->last_rule);
		k->last = c[i].end;
		k->last_rule = c[i].rule;
	}
	k->n += n;
	return 0;
}

/* fault 10: 64 MB of one long run give every one of their ends, in order */
static void test_flood(void **state)
{
	size_t len = (size_t)64 << 20;
	char *text = malloc(len);
	struct count k = {0};

	assert_non_null(text);
	memset(text, 'A', len); /* one rule ignores case, the other does not */
	assert_int_equal(cw_stage1_scan(stage1, text, len, 0, len, count, &k, NULL), 0);
	assert_false(k.bad);
	assert_int_equal(k.last, len);
	assert_int_equal(k.n, len - 3);
	free(text);
}

static int stop(const struct cw_candidate *c, size_t n, void *payload)
{
	return ++*(int *)payload == 2 ? 77 : 0;
}

/* what the batch function returns ends the scan and comes back; the next scan starts afresh */
static void test_stop(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int calls = 0;

	for (int i = 0; i < 10000; i++)
		cw_buf_adds(&text, "aaaaaaaaaa");
	assert_int_equal(cw_stage1_scan(stage1, text.data, text.len, 0, text.len, stop, &calls, NULL), 77);
	assert_int_equal(calls, 2);
	expect("aaa", 1, (struct cw_candidate[]){{3, A}});
}

static _Atomic int cancel;

static int cancel_at_first(const struct cw_candidate *c, size_t n, void *payload)
{
	++*(int *)payload;
	atomic_store(&cancel, 1);
	return 0;
}

/* a scan of a large text ends soon after it was cancelled, not at the end of the text; a clone goes its own way */
static void test_cancel(void **state)
{
	size_t len = (size_t)8 << 20;
	char *text = malloc(len);
	struct cw_stage1 *clone = NULL;
	int calls = 0;

	assert_non_null(text);
	memset(text, ' ', len);
	memcpy(text, "aaa", 3);
	memcpy(text + len - 3, "aaa", 3);
	cw_stage1_set_cancel(stage1, &cancel);
	assert_int_equal(cw_stage1_scan(stage1, text, len, 0, len, cancel_at_first, &calls, NULL), CW_E_CANCELLED);
	assert_int_equal(calls, 1);
	assert_int_equal(cw_stage1_scan(stage1, text, len, 0, len, cancel_at_first, &calls, NULL), CW_E_CANCELLED);
	assert_int_equal(calls, 1);
	assert_int_equal(cw_stage1_clone(stage1, &clone, NULL), 0);
	assert_int_equal(cw_stage1_scan(clone, text, len, 0, len, cancel_at_first, &calls, NULL), 0);
	assert_int_equal(calls, 3);
	cw_stage1_free(clone);
	cw_stage1_set_cancel(stage1, NULL);
	assert_int_equal(cw_stage1_scan(stage1, text, len, 0, len, cancel_at_first, &calls, NULL), 0);
	free(text);
}

/* a clone finds the same, and lives on without the original */
static void test_clone(void **state)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec got = CW_VEC_INIT(struct cw_candidate, 1000);
	struct cw_stage1 *original = NULL, *clone = NULL;

	assert_int_equal(cw_stage1_new(set, &original, NULL), 0);
	assert_int_equal(cw_stage1_clone(original, &clone, NULL), 0);
	cw_stage1_free(original);
	scan(clone, "aaaa", 4, 0, 4, &got);
	assert_int_equal(got.len, 3);
	cw_stage1_free(clone);
	cw_stage1_free(NULL);
}

/* the known-answer test names the rule that its example does not fire */
static void test_known_answer(void **state)
{
	static const struct fx_rule wrong[] = {{"t.good", "abc", "(?<secret>abc)", "abc", 0, 0, NULL},
					       {"t.wrong", "xyz", "(?<secret>xyz)", "abc", 0, 0, NULL}};
	CW_CLEANUP(cw_set_unref_p) struct cw_set *s = fx_set(wrong, 2);
	CW_CLEANUP(cw_stage1_free_p) struct cw_stage1 *one = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_stage1_known_answer(stage1, NULL), 0);
	assert_int_equal(cw_stage1_new(s, &one, NULL), 0);
	assert_int_equal(cw_stage1_known_answer(one, &err), CW_E_INTERNAL);
	assert_non_null(strstr(cw_err_msg(&err), "misses the first example of rule t.wrong"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),	     cmocka_unit_test(test_edges),   cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_window_edges), cmocka_unit_test(test_windows), cmocka_unit_test(test_batch_borders),
		cmocka_unit_test(test_flood),	     cmocka_unit_test(test_stop),    cmocka_unit_test(test_clone),
		cmocka_unit_test(test_known_answer), cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
