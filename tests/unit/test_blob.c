/* Tests of match/blob.h: one blob through the whole matcher, plain, encoded, binary, flooded. */
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
#include "fixture.h"
#include "match/blob.h"
#include "match/decode.h"

#define TOKEN "tok_a1b2c3d4e5"

/* Rules by index: sorted by id. */
enum { GENERIC, DUP, LIMIT, TOK };
static const struct fx_rule rules[] = {
	{"generic.a", "pass=", "pass=(?<secret>[a-z0-9_]+)", "pass=x1", 20, 40, NULL},
	{"t.dup", "dup", "(?<secret>(?:dup)+)", "dup", 40, 40, NULL},
	{"t.limit", "lim_", "lim_(?<secret>(?:x+x+)+)y", "lim_xxy", 20, 4000, NULL},
	{"t.tok", "tok_[0-9a-z]{8}", "(?<![a-z0-9_])(?<secret>tok_[0-9a-z]{8,})", "tok_12345678", 20, 20, NULL},
};

static struct cw_set *set;
static struct cw_matcher *matcher;
static struct cw_result res;

static int setup(void **state)
{
	set = fx_set(rules, sizeof(rules) / sizeof(rules[0]));
	cw_result_init(&res);
	return cw_matcher_new(set, &matcher, NULL);
}

static int teardown(void **state)
{
	cw_result_release(&res);
	cw_matcher_free(matcher);
	cw_set_unref(set);
	return 0;
}

/* Scan; what must hold for every result is checked. */
static size_t scan(const void *data, size_t len)
{
	struct cw_err err = CW_ERR_INIT;
	uint64_t last = 0;

	if (cw_match_blob(matcher, data, len, &res, &err) != 0)
		fail_msg("%s", cw_err_msg(&err));
	for (size_t i = 0; i < res.hits.len; i++) {
		const struct cw_hit *h = &CW_VEC_AT(&res.hits, struct cw_hit, i);

		assert_true(h->start >= last && h->start < h->end && h->end <= len);
		assert_true(h->at <= h->start && h->end <= h->at_end && h->at_end <= len);
		assert_true(h->secret_len > 0 && h->secret_off + h->secret_len <= res.secrets.len);
		assert_true(h->canon_len > 0 && h->canon_off + h->canon_len <= res.secrets.len);
		assert_true(h->also_off + h->also_len <= res.also.len);
		last = h->end;
	}
	return res.hits.len;
}

static const struct cw_hit *hit(size_t i)
{
	assert_true(i < res.hits.len);
	return &CW_VEC_AT(&res.hits, struct cw_hit, i);
}

static void assert_secret(const struct cw_hit *h, const char *text)
{
	assert_int_equal(h->secret_len, strlen(text));
	assert_memory_equal(res.secrets.data + h->secret_off, text, h->secret_len);
}

/* The one hit of DATA is the token at [START, START + its length). */
static void expect_token_at(const char *data, size_t len, size_t start)
{
	assert_int_equal(scan(data, len), 1);
	assert_int_equal(hit(0)->rule, TOK);
	assert_int_equal(hit(0)->start, start);
	assert_int_equal(hit(0)->end, start + strlen(TOKEN));
	assert_int_equal(hit(0)->at, start);
	assert_null(hit(0)->decoded);
	assert_secret(hit(0), TOKEN);
}

/* plain text: its place, its bytes; nothing in nothing */
static void test_plain(void **state)
{
	expect_token_at("a = " TOKEN ";\n", 20, 4);
	assert_string_equal(res.cls, "plain");
	assert_int_equal(hit(0)->proof, CW_PROOF_PATTERN);
	assert_int_equal(res.candidates, 1);
	assert_int_equal(scan("", 0), 0);
	assert_int_equal(scan(NULL, 0), 0);
	assert_int_equal(res.candidates, 0);
	assert_int_equal(scan("nothing here", 12), 0);
}

/* fault 24: CRLF, a last line without its newline, the first byte, behind NULs */
static void test_lines(void **state)
{
	expect_token_at("x\r\n" TOKEN "\r\ny", 20, 3);
	expect_token_at("x\n" TOKEN, 16, 2);
	expect_token_at(TOKEN, 14, 0);
	expect_token_at("x\0\0" TOKEN "\0", 18, 3);
	expect_token_at("\0" TOKEN, 15, 1);
}

/* binary files: generic rules are silent when a NUL stands in the first 4 KiB, specific rules never */
static void test_binary(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	assert_int_equal(scan("pass=hunter2 ", 13), 1);
	assert_int_equal(scan("\0pass=hunter2 ", 14), 0);
	assert_int_equal(scan("pass=hunter2 " TOKEN "\0", 28), 1);
	assert_int_equal(hit(0)->rule, TOK);
	for (size_t at = CW_CLASS_PREFIX - 1; at <= CW_CLASS_PREFIX; at++) {
		cw_buf_clear(&b);
		cw_buf_adds(&b, "pass=hunter2 ");
		while (b.len < at)
			cw_buf_addc(&b, '.');
		cw_buf_addc(&b, '\0');
		assert_int_equal(scan(b.data, b.len), at == CW_CLASS_PREFIX);
	}
}

/* of a specific and a generic rule on the same bytes the specific one wins and names the other */
static void test_also(void **state)
{
	assert_int_equal(scan("pass=" TOKEN, 19), 1);
	assert_int_equal(hit(0)->rule, TOK);
	assert_int_equal(hit(0)->also_len, 1);
	assert_int_equal(CW_VEC_AT(&res.also, uint32_t, hit(0)->also_off), GENERIC);
}

/* several anchor ends in one secret make one hit */
static void test_one_hit(void **state)
{
	assert_int_equal(scan("dupdupdup dup", 13), 2);
	assert_int_equal(res.candidates, 4);
	assert_secret(hit(0), "dupdupdup");
	assert_secret(hit(1), "dup");
	assert_int_equal(res.more.len, 0);
}

/* The letters of base64 that decoded bytes [A, B) touch. */
static size_t first_letter(size_t a)
{
	return 8 * a / 6;
}

static size_t behind_last_letter(size_t b)
{
	return (8 * b + 5) / 6;
}

/* base64: the encoded letters of the secret, whatever its alignment; shown at the whole span */
static void test_base64(void **state)
{
	for (size_t pad = 0; pad < 6; pad++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, inner = CW_BUF_INIT;
		size_t start = strlen("key: \"");

		for (size_t i = 0; i < 8 + pad; i++)
			cw_buf_addc(&inner, '.');
		cw_buf_adds(&inner, TOKEN);
		for (size_t i = 0; i < 5 - pad; i++)
			cw_buf_addc(&inner, '.');
		cw_buf_adds(&b, "key: \"");
		cw_base64_encode(inner.data, inner.len, pad % 2, &b);
		cw_buf_adds(&b, "\"\n");
		assert_int_equal(scan(b.data, b.len), 1);
		assert_secret(hit(0), TOKEN);
		assert_string_equal(hit(0)->decoded, "base64");
		assert_int_equal(hit(0)->start, start + first_letter(8 + pad));
		assert_int_equal(hit(0)->end, start + behind_last_letter(8 + pad + strlen(TOKEN)));
		assert_int_equal(hit(0)->at, start);
		assert_int_equal(hit(0)->at_end, b.len - 2);
	}
}

/* base64 in base64 in base64 is found, one more is not; each is shown at the outermost span */
static void test_nested(void **state)
{
	static const char *const names[] = {"base64", "base64+base64", "base64+base64+base64"};
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	cw_buf_adds(&text, "the value: " TOKEN " and more of it");
	for (int depth = 0; depth <= CW_DECODE_DEPTH_MAX; depth++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf next = CW_BUF_INIT;

		cw_buf_adds(&next, "  ");
		cw_base64_encode(text.data, text.len, false, &next);
		cw_buf_release(&text);
		text = next;
		next = (struct cw_buf)CW_BUF_INIT;
		assert_int_equal(scan(text.data, text.len), depth < CW_DECODE_DEPTH_MAX);
		if (depth == CW_DECODE_DEPTH_MAX)
			break;
		assert_string_equal(hit(0)->decoded, names[depth]);
		assert_secret(hit(0), TOKEN);
		assert_int_equal(hit(0)->at, 2);
		assert_int_equal(hit(0)->at_end, text.len);
	}
}

static void utf16(const char *text, bool big, bool mark, struct cw_buf *out)
{
	cw_buf_clear(out);
	if (mark)
		cw_buf_add(out, big ? "\xfe\xff" : "\xff\xfe", 2);
	for (; *text; text++) {
		cw_buf_addc(out, big ? '\0' : *text);
		cw_buf_addc(out, big ? *text : '\0');
	}
}

/* UTF-16 in both orders, with and without a mark: found once, by generic rules too, at the bytes of the blob */
static void test_utf16(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	for (int i = 0; i < 4; i++) {
		bool big = i & 1, mark = i & 2;

		utf16("name, " TOKEN "\r\npass=hunter2\r\n", big, mark, &b);
		assert_int_equal(scan(b.data, b.len), 2);
		assert_string_equal(res.cls, big ? "utf-16be" : "utf-16le");
		assert_string_equal(hit(0)->decoded, res.cls);
		assert_secret(hit(0), TOKEN);
		assert_int_equal(hit(0)->start, 2 * mark + 12);
		assert_int_equal(hit(0)->end, 2 * mark + 12 + 2 * strlen(TOKEN));
		assert_int_equal(hit(0)->at, hit(0)->start);
		assert_int_equal(hit(1)->rule, GENERIC);
		/* an odd byte behind the text changes nothing */
		cw_buf_addc(&b, 'x');
		assert_int_equal(scan(b.data, b.len), 2);
	}
}

/* base64 in UTF-16: shown at the span's bytes in the blob */
static void test_utf16_base64(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT, text = CW_BUF_INIT;

	cw_buf_adds(&text, "data: ");
	cw_base64_encode("the value: " TOKEN " and more", 34, false, &text);
	utf16(text.data, false, true, &b);
	assert_int_equal(scan(b.data, b.len), 1);
	assert_string_equal(hit(0)->decoded, "utf-16le+base64");
	assert_int_equal(hit(0)->at, 2 + 2 * 6);
	assert_int_equal(hit(0)->at_end, b.len);
	assert_int_equal(hit(0)->start, 2 + 2 * (6 + first_letter(11)));
	assert_int_equal(hit(0)->end, 2 + 2 * (6 + behind_last_letter(11 + strlen(TOKEN))));
}

/* fault 10: a thousand hits of a rule, the rest counted, other rules unaffected; the next blob starts afresh */
static void test_many_hits(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	for (int i = 0; i < 1500; i++)
		cw_buf_addf(&b, "tok_%08d ", i);
	cw_buf_adds(&b, "dup");
	assert_int_equal(scan(b.data, b.len), CW_HITS_PER_RULE_MAX + 1);
	assert_int_equal(hit(CW_HITS_PER_RULE_MAX)->rule, DUP);
	assert_int_equal(res.more.len, 1);
	assert_int_equal(CW_VEC_AT(&res.more, struct cw_more, 0).rule, TOK);
	assert_int_equal(CW_VEC_AT(&res.more, struct cw_more, 0).count, 500);
	assert_int_equal(scan(b.data, (size_t)CW_HITS_PER_RULE_MAX * 13), CW_HITS_PER_RULE_MAX);
	assert_int_equal(res.more.len, 0);
	assert_int_equal(scan(TOKEN, 14), 1);
}

/* megabytes of one run in which every third byte ends an anchor: a thousand hits at most, nothing else */
static void test_flood(void **state)
{
	size_t len = (size_t)8 << 20;
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = "dup"[i % 3];
	assert_true(scan(text, len) > 0);
	assert_int_equal(res.candidates, len / 3);
	assert_true(res.hits.len <= CW_HITS_PER_RULE_MAX);
	assert_true(hit(0)->cut || hit(0)->start == 0);
	free(text);
}

/* fault 11: what could not be decided is listed with rule and place, and the rest is found */
static void test_unscannable(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	const struct cw_unscannable *u;

	cw_buf_adds(&b, TOKEN " lim_");
	for (int i = 0; i < 3000; i++)
		cw_buf_addc(&b, 'x');
	cw_buf_adds(&b, "!y");
	assert_int_equal(scan(b.data, b.len), 1);
	assert_int_equal(res.unscannable.len, 1);
	u = &CW_VEC_AT(&res.unscannable, struct cw_unscannable, 0);
	assert_int_equal(u->rule, LIMIT);
	assert_int_equal(u->end, 19);
	assert_true(u->reason[0] != '\0');
	assert_int_equal(scan(TOKEN, 14), 1);
	assert_int_equal(res.unscannable.len, 0);
}

/* a clone finds the same; a set whose database misses an example makes no matcher */
static void test_matcher(void **state)
{
	static const struct fx_rule wrong = {"t.wrong", "xyz", "(?<secret>xyz)", "abc", 0, 0, NULL};
	CW_CLEANUP(cw_set_unref_p) struct cw_set *bad = fx_set(&wrong, 1);
	struct cw_matcher *clone = NULL, *none = NULL;

	assert_int_equal(cw_matcher_clone(matcher, &clone, NULL), 0);
	assert_ptr_equal(cw_matcher_set(clone), set);
	assert_int_equal(cw_match_blob(clone, TOKEN, 14, &res, NULL), 0);
	assert_int_equal(res.hits.len, 1);
	cw_matcher_free(clone);
	cw_matcher_free(NULL);
	assert_int_equal(cw_matcher_new(bad, &none, NULL), CW_E_INTERNAL);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	    cmocka_unit_test(test_lines),  cmocka_unit_test(test_binary),
		cmocka_unit_test(test_also),	    cmocka_unit_test(test_one_hit), cmocka_unit_test(test_base64),
		cmocka_unit_test(test_nested),	    cmocka_unit_test(test_utf16),  cmocka_unit_test(test_utf16_base64),
		cmocka_unit_test(test_many_hits),   cmocka_unit_test(test_flood),  cmocka_unit_test(test_unscannable),
		cmocka_unit_test(test_matcher),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
