/* Tests of match/verdict.h: windows, edges, rejections, proofs, companions, labels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "fixture.h"
#include "match/verdict.h"

/* Rules by index: sorted by id. */
enum { GENERIC, EDGE, KEY, LABEL, LIMIT, NEED, PART, PROOF, SOFT, VALUE, WIDE, WORD };
static const struct fx_rule rules[] = {
	{"generic.a", "pass=", "pass=(?<secret>[a-z0-9]+)", "pass=x1", 20, 20,
	 "    parts: [{name: id, rule: t.part, lines: 0, required: false}]\n"},
	{"t.edge", "key=", "^key=(?<secret>[0-9]+)$", "key=1", 20, 20, NULL},
	{"t.key", "key_[0-9]{4}", "(?<![a-z])(?<secret>key_[0-9]{4,})", "key_1234", 20, 20, NULL},
	{"t.label", "lab_[0-9]{4}", "(?<secret>lab_[0-9]{4,})", "lab_1234", 20, 20,
	 "    labels: [{text: '0000', label: example}, {text: lab_1, label: canary}]\n"},
	{"t.limit", "lim_", "lim_(?<secret>(?:x+x+)+)y", "lim_xxy", 20, 4000, NULL},
	{"t.need", "need=", "need=(?<secret>[0-9]+)", "need=1", 60, 60,
	 "    parts: [{name: id, rule: t.part, lines: 2, required: true}]\n"},
	{"t.part", "part_[0-9]", "(?<secret>part_[0-9])", "part_1", 20, 20, NULL},
	{"t.proof", "card=", "card=(?<secret>[0-9]+)", "card=1", 20, 12, "    proof: [{check: luhn, on_fail: reject}]\n"},
	{"t.soft", "soft=", "soft=(?<secret>[0-9]+)", "soft=1", 20, 20, "    proof: [{check: luhn, on_fail: pattern}]\n"},
	{"t.value", "val=", "val=\"?(?<secret>[A-Za-z0-9]+)", "val=1", 20, 40,
	 "    value: {entropy: 3.0, stopwords: [Example]}\n"},
	{"t.wide", "wid[0-9]", "wid[0-9](?<secret>x?)", "wid1", 20, 20, NULL},
	{"t.word", "tok_[a-z]{3}", "\\btok_(?<secret>[a-z]{3})\\b", "tok_abc", 20, 0, NULL},
};

static struct cw_set *set;
static struct cw_judge *judge;

static int setup(void **state)
{
	set = fx_set(rules, sizeof(rules) / sizeof(rules[0]));
	return cw_judge_new(set, &judge, NULL);
}

static int teardown(void **state)
{
	cw_judge_free(judge);
	cw_set_unref(set);
	return 0;
}

static struct cw_verdict judge_at(uint32_t rule, const char *text, size_t len, size_t end)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_verdict v;

	if (cw_judge_candidate(judge, rule, text, len, end, &v, &err) != 0)
		fail_msg("%s", cw_err_msg(&err));
	return v;
}

/* The verdict on the anchor end right behind MARK in TEXT. */
static struct cw_verdict judge_text(uint32_t rule, const char *text, const char *mark)
{
	const char *at = strstr(text, mark);

	assert_non_null(at);
	return judge_at(rule, text, strlen(text), (size_t)(at - text) + strlen(mark));
}

static void expect(uint32_t rule, const char *text, const char *mark, enum cw_verdict_kind kind)
{
	struct cw_verdict v = judge_text(rule, text, mark);

	if (v.kind != kind)
		fail_msg("\"%s\": %s, not %s", text, cw_verdict_name(v.kind), cw_verdict_name(kind));
}

/* [end - before, end + after), cut at the file's edges */
static void test_window(void **state)
{
	const struct cw_rule *r = cw_set_rule(set, KEY);
	size_t a, b;

	cw_verdict_window(r, 100, 200, &a, &b);
	assert_true(a == 80 && b == 120);
	cw_verdict_window(r, 20, 40, &a, &b);
	assert_true(a == 0 && b == 40);
	cw_verdict_window(r, 8, 10, &a, &b);
	assert_true(a == 0 && b == 10);
	cw_verdict_window(r, 200, 200, &a, &b);
	assert_true(a == 180 && b == 200);
}

/* an accepted secret: its place, its proof, no label, no canonical form */
static void test_accept(void **state)
{
	struct cw_verdict v = judge_text(KEY, "a = key_123456;", "key_1234");

	assert_int_equal(v.kind, CW_VERDICT_ACCEPT);
	assert_int_equal(v.start, 4);
	assert_int_equal(v.end, 14);
	assert_int_equal(v.proof, CW_PROOF_PATTERN);
	assert_false(v.cut);
	assert_null(v.label);
	assert_false(v.has_canonical);
	assert_int_equal(cw_judge_canonical(judge)->len, 0);
}

/* the pattern's first match that covers the anchor's last byte counts: not one before, not one behind */
static void test_covering_match(void **state)
{
	const char *text = "key_1111 key_2222 key_3333";

	for (size_t i = 0; i < 3; i++) {
		struct cw_verdict v = judge_at(KEY, text, 26, 9 * i + 8);

		assert_int_equal(v.kind, CW_VERDICT_ACCEPT);
		assert_int_equal(v.start, 9 * i);
	}
	expect(KEY, "key_1111 xkey_2222 key_3333", "xkey_2222", CW_VERDICT_NO_MATCH);
	expect(KEY, "akey_1111", "key_1111", CW_VERDICT_NO_MATCH);
}

/* ^ and $ hold at the file's edges and at lines, not at the window's */
static void test_edges(void **state)
{
	expect(EDGE, "key=1", "key=", CW_VERDICT_ACCEPT);
	expect(EDGE, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nkey=1\n", "key=", CW_VERDICT_ACCEPT);
	expect(EDGE, "                                key=1", "key=", CW_VERDICT_NO_MATCH);
	expect(EDGE, "key=1 ", "key=", CW_VERDICT_NO_MATCH);
	/* the window ends inside the digits: no line ends there */
	expect(EDGE, "key=1234567890123456789012345678901234567890", "key=", CW_VERDICT_NO_MATCH);
	/* the window begins right at the word, which is no start of a line */
	expect(EDGE, "aaaaakey=1", "key=", CW_VERDICT_NO_MATCH);
}

/* a match at a cut edge is a hit with `cut`, at most proved by its pattern */
static void test_cut(void **state)
{
	struct cw_verdict v = judge_text(PROOF, "card=79927398713000000", "card=");

	assert_int_equal(v.kind, CW_VERDICT_ACCEPT);
	assert_true(v.cut);
	assert_int_equal(v.proof, CW_PROOF_PATTERN);
	assert_int_equal(v.end, 17);
	/* ended by the file, not by the window */
	v = judge_at(PROOF, "card=79927398713", 16, 5);
	assert_false(v.cut);
	assert_int_equal(v.proof, CW_PROOF_CHECKSUM);
	/* the window begins at the match */
	v = judge_at(WORD, "0123456789-tok_abc-", 19, 18);
	assert_int_equal(v.kind, CW_VERDICT_ACCEPT);
	assert_true(v.cut); /* its reach ends where the match does */
}

/* a group that took part with no byte is no secret */
static void test_empty_secret(void **state)
{
	expect(WIDE, "wid1 ", "wid1", CW_VERDICT_NO_MATCH);
	expect(WIDE, "wid1x", "wid1", CW_VERDICT_ACCEPT);
}

/* values: entropy, stop words */
static void test_value(void **state)
{
	struct cw_verdict v = judge_text(VALUE, "val=aaaaaaaaaaaa ", "val=");

	assert_int_equal(v.kind, CW_VERDICT_VALUE);
	assert_non_null(v.value_reason);
	assert_int_equal(v.start, 4);
	expect(VALUE, "val=a8Kx3Qz9Lw2P", "val=", CW_VERDICT_ACCEPT);
	expect(VALUE, "val=a8Kx3eXample9Lw2P", "val=", CW_VERDICT_VALUE);
}

/* proofs: passed, failed and rejecting, failed and not rejecting; 79927398713 is the Luhn example of everyone */
static void test_proof(void **state)
{
	struct cw_verdict v = judge_text(PROOF, "card=79927398713 ", "card=");

	assert_int_equal(v.kind, CW_VERDICT_ACCEPT);
	assert_int_equal(v.proof, CW_PROOF_CHECKSUM);
	expect(PROOF, "card=79927398714 ", "card=", CW_VERDICT_PROOF);
	v = judge_text(SOFT, "soft=79927398714 ", "soft=");
	assert_int_equal(v.kind, CW_VERDICT_ACCEPT);
	assert_int_equal(v.proof, CW_PROOF_PATTERN);
	v = judge_text(SOFT, "soft=79927398713 ", "soft=");
	assert_int_equal(v.proof, CW_PROOF_CHECKSUM);
}

/* companions: within so many lines, before or behind, and inside the window */
static void test_parts(void **state)
{
	expect(NEED, "need=1", "need=", CW_VERDICT_PART);
	expect(NEED, "part_1 need=1", "need=", CW_VERDICT_ACCEPT);
	expect(NEED, "need=1 part_1", "need=", CW_VERDICT_ACCEPT);
	expect(NEED, "need=1\n\npart_1", "need=", CW_VERDICT_ACCEPT);
	expect(NEED, "need=1\n\n\npart_1", "need=", CW_VERDICT_PART);
	expect(NEED, "part_1\n\nneed=1", "need=", CW_VERDICT_ACCEPT);
	expect(NEED, "part_1\n\n\nneed=1", "need=", CW_VERDICT_PART);
	/* a farther one does not hide a nearer one */
	expect(NEED, "part_1\n\n\nneed=1 part_2", "need=", CW_VERDICT_ACCEPT);
	expect(NEED, "part_1................................................................need=1", "need=", CW_VERDICT_PART);
}

/* a generic hit is context alone, and more with a companion */
static void test_generic(void **state)
{
	assert_int_equal(judge_text(GENERIC, "pass=a8Kx3", "pass=").proof, CW_PROOF_CONTEXT);
	assert_int_equal(judge_text(GENERIC, "pass=a8 part_1", "pass=").proof, CW_PROOF_PATTERN);
	assert_int_equal(judge_text(GENERIC, "pass=a8\npart_1", "pass=").proof, CW_PROOF_CONTEXT);
}

/* labels: the first that the secret holds */
static void test_labels(void **state)
{
	assert_null(judge_text(LABEL, "lab_2345", "lab_2345").label);
	assert_string_equal(judge_text(LABEL, "lab_1234", "lab_1234").label, "canary");
	assert_string_equal(judge_text(LABEL, "lab_20000", "lab_2000").label, "example");
	assert_string_equal(judge_text(LABEL, "lab_10000", "lab_1000").label, "example");
}

/* fault 11: a limit makes the verdict undecided, whatever comes after is judged as usual */
static void test_limit(void **state)
{
	char text[3500];

	memset(text, 'x', sizeof(text));
	memcpy(text, "lim_", 4);
	memcpy(text + sizeof(text) - 2, "!y", 2);
	assert_int_equal(judge_at(LIMIT, text, sizeof(text), 4).kind, CW_VERDICT_UNSCANNABLE);
	expect(LIMIT, "lim_xxy", "lim_", CW_VERDICT_ACCEPT);
	expect(LIMIT, "lim_xx", "lim_", CW_VERDICT_NO_MATCH);
}

/* every kind has a name of its own */
static void test_names(void **state)
{
	for (int i = 0; i <= CW_VERDICT_UNSCANNABLE; i++) {
		assert_string_not_equal(cw_verdict_name((enum cw_verdict_kind)i), "?");
		for (int k = 0; k < i; k++)
			assert_string_not_equal(cw_verdict_name((enum cw_verdict_kind)i), cw_verdict_name((enum cw_verdict_kind)k));
	}
	assert_string_equal(cw_verdict_name(CW_VERDICT_UNSCANNABLE), "unscannable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),	cmocka_unit_test(test_accept),	     cmocka_unit_test(test_covering_match),
		cmocka_unit_test(test_edges),	cmocka_unit_test(test_cut),	     cmocka_unit_test(test_empty_secret),
		cmocka_unit_test(test_value),	cmocka_unit_test(test_proof),	     cmocka_unit_test(test_parts),
		cmocka_unit_test(test_generic), cmocka_unit_test(test_labels),	     cmocka_unit_test(test_limit),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
