/* Tests of match/decode.h: runs, spans, their independence of the range asked for, blob classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/encode.h"
#include "match/decode.h"
#include "match/decode_base64.h"

#define SPANS_MAX 4096

struct spans {
	struct cw_span_found v[SPANS_MAX];
	size_t n;
};

static uint32_t rng_state;

static uint32_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 17;
	rng_state ^= rng_state << 5;
	return rng_state;
}

/* Keep the span unless it is there already. */
static int collect(const struct cw_span_found *span, void *payload)
{
	struct spans *s = payload;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].start == span->start) {
			assert_int_equal(s->v[i].end, span->end);
			assert_int_equal(s->v[i].skip, span->skip);
			assert_int_equal(s->v[i].run, span->run);
			return 0;
		}
	assert_true(s->n < SPANS_MAX);
	s->v[s->n++] = *span;
	return 0;
}

static void find_in(const char *data, size_t len, size_t from, size_t to, struct spans *s)
{
	assert_int_equal(cw_decode_find(CW_DECODER_BASE64, data, len, from, to, collect, s), 0);
}

static void find(const char *data, size_t len, struct spans *s)
{
	s->n = 0;
	find_in(data, len, 0, len, s);
}

static int by_start(const void *a, const void *b)
{
	const struct cw_span_found *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void assert_same(const struct spans *a, const struct spans *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_int_equal(a->v[i].start, b->v[i].start);
		assert_int_equal(a->v[i].end, b->v[i].end);
		assert_int_equal(a->v[i].skip, b->v[i].skip);
		assert_int_equal(a->v[i].run, b->v[i].run);
	}
}

static void add_base64(struct cw_buf *b, const char *text, size_t len, bool url)
{
	struct cw_buf e = CW_BUF_INIT;

	cw_base64_encode(text, len, url, &e);
	cw_buf_add(b, e.data, e.len);
	cw_buf_release(&e);
}

static const char text[] = "user = admin\npassword = not a real one, only some text\n";

/* Bytes that look like source code with encoded text, long names, padding and rubbish in between. */
static void make_soup(struct cw_buf *b, size_t len)
{
	static const char *const pieces[] = { " ", "\n", "=", "==", "===", "a", "return value;", "/usr/share/doc/some/long/path",
					      "an_identifier_that_is_rather_long", "\xc3\xa4", "-----------------------------",
					      "0123456789abcdef0123456789abcdef", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };

	while (b->len < len) {
		size_t n;

		switch (rng() % 4) {
		case 0:
			n = rng() % sizeof(text);
			add_base64(b, text + n / 3, n - n / 3, rng() % 2);
			break;
		case 1:
			cw_buf_addc(b, (char)rng());
			break;
		default:
			cw_buf_adds(b, pieces[rng() % (sizeof(pieces) / sizeof(*pieces))]);
		}
	}
	assert_int_equal(b->fail, 0);
}

/* Every implementation gives the portable one's masks, for every byte value and every length of the last word. */
static void test_masks_agree(void **state)
{
	char data[512];
	uint64_t want[8], got[8];

	for (int round = 0; round < 200; round++) {
		size_t len = round < 130 ? (size_t)round : rng() % sizeof(data);

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = round == 0 || round > 100 ? (char)i : (char)rng();
		cw_b64_masks_scalar(data, len, want);
		for (cw_b64_mask_fn *const *f = cw_b64_masks_all(); *f; f++) {
			(*f)(data, len, got);
			assert_memory_equal(got, want, (len + 63) / 64 * sizeof(*got));
		}
	}
}

/* The runs found are exactly those of a byte by byte search, under every implementation. */
static void test_runs_are_exact(void **state)
{
	static char data[8192];

	for (int round = 0; round < 60; round++) {
		for (size_t i = 0; i < sizeof(data);) {
			size_t n = 1 + (rng() % 8 ? rng() % 40 : rng() % 3000);

			for (; n > 0 && i + 1 < sizeof(data); n--)
				data[i++] = 'a';
			data[i++] = ' ';
		}
		for (cw_b64_mask_fn *const *f = cw_b64_masks_all(); *f; f++) {
			struct cw_b64_scan scan = { .data = data, .len = sizeof(data), .stop = sizeof(data), .masks = *f };
			size_t at = 0, end, got, got_end;

			for (; at < sizeof(data); at = end + 1) {
				for (end = at; data[end] == 'a'; end++)
					;
				if (end - at < CW_DECODE_RUN_MIN)
					continue;
				got = cw_b64_next_run(&scan, &got_end);
				assert_int_equal(got, at);
				assert_int_equal(got_end, end);
				assert_int_equal(cw_b64_run_start(data, end), at);
				assert_int_equal(cw_b64_run_start(data, at + 7), at);
			}
			assert_int_equal(cw_b64_next_run(&scan, &got_end), sizeof(data));
		}
	}
}

/* Text encoded in either alphabet, padded or not, is found with its padding and decodes to itself. */
static void test_text_is_found(void **state)
{
	struct spans s;

	for (size_t n = 18; n < sizeof(text); n++)
		for (int url = 0; url < 2; url++) {
			struct cw_buf b = CW_BUF_INIT, out = CW_BUF_INIT;

			cw_buf_adds(&b, "key: \"");
			add_base64(&b, text, n, url);
			cw_buf_adds(&b, "\"");
			find(b.data, b.len, &s);
			assert_int_equal(s.n, 1);
			assert_int_equal(s.v[0].start, 6);
			assert_int_equal(s.v[0].run, 6);
			assert_int_equal(s.v[0].end, b.len - 1);
			assert_int_equal(s.v[0].skip, 0);
			assert_int_equal(cw_decode_span(&s.v[0], b.data, &out, NULL), 0);
			assert_int_equal(out.len, n);
			assert_memory_equal(out.data, text, n);
			cw_buf_release(&b);
			cw_buf_release(&out);
		}
}

/* One to three letters too many in front do not hide the text. */
static void test_misaligned(void **state)
{
	static const char *const before[] = { "", "n", "/n", "abn" };
	struct spans s;

	for (size_t skip = 0; skip < 4; skip++) {
		struct cw_buf b = CW_BUF_INIT, out = CW_BUF_INIT;

		cw_buf_adds(&b, before[skip]);
		add_base64(&b, text, 42, false);
		find(b.data, b.len, &s);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.v[0].start, 0);
		assert_int_equal(s.v[0].skip, skip);
		assert_int_equal(cw_decode_span(&s.v[0], b.data, &out, NULL), 0);
		assert_memory_equal(out.data, text, 42);
		cw_buf_release(&b);
		cw_buf_release(&out);
	}
}

/* A prefix that is longer than the first sample, and text that opens with letters outside ASCII. */
static void test_long_prefix(void **state)
{
	static const char umlauts[] = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc: ";
	struct cw_buf b = CW_BUF_INIT, plain = CW_BUF_INIT;
	struct spans s;

	cw_buf_adds(&b, "/v1/some/path-of_a_url/");
	add_base64(&b, text, sizeof(text) - 1, false);
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal((s.v[0].skip + 1) % 4, 0); /* the prefix has 23 letters */
	cw_buf_clear(&b);
	cw_buf_adds(&plain, umlauts);
	cw_buf_adds(&plain, text);
	add_base64(&b, plain.data, plain.len, false);
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 1);
	cw_buf_release(&b);
	cw_buf_release(&plain);
}

/* Base64 of UTF-16LE text, as PowerShell takes it. */
static void test_utf16_inside(void **state)
{
	char wide[2 * 40];
	struct cw_buf b = CW_BUF_INIT, out = CW_BUF_INIT;
	struct spans s;

	for (size_t i = 0; i < 40; i++) {
		wide[2 * i] = text[i];
		wide[2 * i + 1] = 0;
	}
	add_base64(&b, wide, sizeof(wide), false);
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(cw_decode_span(&s.v[0], b.data, &out, NULL), 0);
	assert_memory_equal(out.data, wide, sizeof(wide));
	assert_int_equal(cw_blob_classify(out.data, out.len), CW_BLOB_UTF16LE);
	cw_buf_release(&b);
	cw_buf_release(&out);
}

/* Names, paths, rulers, hex and encoded binary are no text. */
static void test_not_text(void **state)
{
	static const char *const no[] = {
		"cw_this_is_a_long_identifier_of_c", "AbstractSingletonProxyFactoryBeanGenerator",
		"/usr/lib/python3/dist-packages/pkg_resources/extern", "----------------------------------------",
		"________________________________", "0123456789abcdef0123456789abcdef01234567",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "////////////////////////////////",
		"deadbeefdeadbeefdeadbeefdeadbeef", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct cw_buf b = CW_BUF_INIT;
	struct spans s;

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		find(no[i], strlen(no[i]), &s);
		assert_int_equal(s.n, 0);
	}
	for (int round = 0; round < 500; round++) {
		char binary[300];

		for (size_t i = 0; i < sizeof(binary); i++)
			binary[i] = (char)rng();
		cw_buf_clear(&b);
		add_base64(&b, binary, sizeof(binary), false);
		find(b.data, b.len, &s);
		assert_int_equal(s.n, 0);
	}
	cw_buf_release(&b);
}

/* 24 letters are looked at, 23 are not; padding does not count. */
static void test_shortest(void **state)
{
	struct cw_buf b = CW_BUF_INIT;
	struct spans s;

	add_base64(&b, text, 18, false);
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 1);
	cw_buf_clear(&b);
	add_base64(&b, text, 17, false); /* 23 letters and one '=' */
	assert_int_equal(b.len, 24);
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 0);
	find("", 0, &s);
	assert_int_equal(s.n, 0);
	cw_buf_release(&b);
}

/* The union over the parts of any partition is what one call finds. */
static void test_partitions(void **state)
{
	static struct spans whole, parts;

	for (int round = 0; round < 300; round++) {
		struct cw_buf b = CW_BUF_INIT;

		make_soup(&b, 1 + rng() % 6000);
		find(b.data, b.len, &whole);
		parts.n = 0;
		for (size_t at = 0, next; at < b.len; at = next) {
			next = at + 1 + rng() % (round % 2 ? 30 : 900);
			if (next > b.len)
				next = b.len;
			find_in(b.data, b.len, at, next, &parts);
		}
		qsort(parts.v, parts.n, sizeof(*parts.v), by_start);
		assert_same(&whole, &parts);
		cw_buf_release(&b);
	}
}

/* A range finds exactly the spans that touch it, borders included, and an empty one those at its seam. */
static void test_range_touches(void **state)
{
	static struct spans whole, part;

	for (int round = 0; round < 300; round++) {
		struct cw_buf b = CW_BUF_INIT;
		size_t from, to, n = 0;

		make_soup(&b, 1 + rng() % 3000);
		find(b.data, b.len, &whole);
		from = rng() % (b.len + 1);
		to = round % 3 ? from + rng() % (b.len - from + 1) : from;
		part.n = 0;
		find_in(b.data, b.len, from, to, &part);
		for (size_t i = 0; i < whole.n; i++)
			if (whole.v[i].run <= to && whole.v[i].end >= from)
				whole.v[n++] = whole.v[i];
		whole.n = n;
		assert_same(&whole, &part);
		cw_buf_release(&b);
	}
}

/* Cut down to its span and one byte on each side, the data gives the same span. */
static void test_depends_on_span_only(void **state)
{
	static struct spans whole, cut;
	struct cw_buf b = CW_BUF_INIT;

	make_soup(&b, 20000);
	find(b.data, b.len, &whole);
	assert_true(whole.n > 20);
	for (size_t i = 0; i < whole.n; i++) {
		size_t lo = whole.v[i].run ? whole.v[i].run - 1 : 0, hi = whole.v[i].end;
		bool found = false;

		hi += hi < b.len;
		find(b.data + lo, hi - lo, &cut);
		for (size_t k = 0; k < cut.n; k++)
			found |= cut.v[k].start + lo == whole.v[i].start && cut.v[k].end + lo == whole.v[i].end &&
				 cut.v[k].skip == whole.v[i].skip;
		assert_true(found);
	}
	cw_buf_release(&b);
}

/* A run beyond the limit is cut every CW_DECODE_RUN_MAX bytes from its start, from wherever it is asked for. */
static void test_long_run_is_cut(void **state)
{
	static struct spans s;
	size_t lead = 5, total = 2 * CW_DECODE_RUN_MAX + 4096;
	struct cw_buf plain = CW_BUF_INIT, b = CW_BUF_INIT;

	while (plain.len < total / 4 * 3)
		cw_buf_add(&plain, text, 48);
	cw_buf_truncate(&plain, total / 4 * 3);
	cw_buf_adds(&b, "key: ");
	add_base64(&b, plain.data, plain.len, false);
	cw_buf_adds(&b, "\n");
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(s.v[i].run, lead);
		assert_int_equal(s.v[i].start, lead + i * CW_DECODE_RUN_MAX);
		assert_int_equal(s.v[i].end, i < 2 ? lead + (i + 1) * CW_DECODE_RUN_MAX : lead + total);
	}
	/* a change in the first piece may move all later ones: they come too */
	s.n = 0;
	find_in(b.data, b.len, 100, 101, &s);
	assert_int_equal(s.n, 3);
	/* one in the last piece leaves the first two alone */
	s.n = 0;
	find_in(b.data, b.len, b.len - 20, b.len, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.v[0].start, lead + 2 * CW_DECODE_RUN_MAX);
	assert_int_equal(s.v[0].run, lead);
	cw_buf_release(&plain);
	cw_buf_release(&b);
}

/* Each decoded byte maps to the letter that holds its first bit: changing the letters before it does not change it. */
static void test_map(void **state)
{
	struct cw_buf b = CW_BUF_INIT, out = CW_BUF_INIT, other = CW_BUF_INIT;
	struct spans s;

	cw_buf_adds(&b, "  xy");
	add_base64(&b, text, 47, false);
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(cw_decode_span(&s.v[0], b.data, &out, NULL), 0);
	assert_int_equal(out.len, 47);
	for (size_t off = 0; off < out.len; off++) {
		size_t at = cw_decode_map(&s.v[0], off);
		char saved[2];

		memcpy(saved, b.data + at, 2);
		b.data[at] = saved[0] == 'A' ? 'p' : 'A'; /* its first bits change ... */
		cw_buf_clear(&other);
		assert_int_equal(cw_decode_span(&s.v[0], b.data, &other, NULL), 0);
		assert_true(off == 0 || memcmp(out.data, other.data, off - 1) == 0);
		assert_true(memcmp(out.data + off + 1, other.data + off + 1, 47 - off - 1) == 0);
		memcpy(b.data + at, saved, 2);
		assert_int_equal(at, 4 + off / 3 * 4 + off % 3);
	}
	cw_buf_release(&b);
	cw_buf_release(&out);
	cw_buf_release(&other);
}

static int refuse(const struct cw_span_found *span, void *payload)
{
	++*(int *)payload;
	return CW_E_NOMEM;
}

/* What emit returns ends the search and is returned; a buffer's limit is an error. */
static void test_failures(void **state)
{
	struct cw_buf b = CW_BUF_INIT, small = CW_BUF_INIT_MAX(10);
	struct cw_err err = CW_ERR_INIT;
	struct spans s;
	int calls = 0;

	add_base64(&b, text, 42, false);
	cw_buf_adds(&b, " ");
	add_base64(&b, text, 42, false);
	assert_int_equal(cw_decode_find(CW_DECODER_BASE64, b.data, b.len, 0, b.len, refuse, &calls), CW_E_NOMEM);
	assert_int_equal(calls, 1);
	find(b.data, b.len, &s);
	assert_int_equal(s.n, 2);
	assert_int_equal(cw_decode_span(&s.v[1], b.data, &small, &err), CW_E_LIMIT);
	assert_int_equal(err.code, CW_E_LIMIT);
	assert_int_equal(small.len, 0);
	cw_buf_release(&b);
	cw_buf_release(&small);
}

static void widen(const char *s, size_t n, bool big, bool mark, struct cw_buf *out)
{
	if (mark)
		cw_buf_add(out, big ? "\xfe\xff" : "\xff\xfe", 2);
	for (size_t i = 0; i < n; i++) {
		char pair[2] = { big ? 0 : s[i], big ? s[i] : 0 };

		cw_buf_add(out, pair, 2);
	}
}

/* UTF-16 is known by its mark or by its NULs, and its text comes out byte for byte. */
static void test_utf16_blob(void **state)
{
	for (int k = 0; k < 4; k++) {
		bool big = k & 1, mark = k & 2;
		enum cw_blob_class want = big ? CW_BLOB_UTF16BE : CW_BLOB_UTF16LE;
		struct cw_buf b = CW_BUF_INIT, out = CW_BUF_INIT;
		size_t bom = 99;

		widen(text, sizeof(text) - 1, big, mark, &b);
		assert_int_equal(cw_blob_classify(b.data, b.len), want);
		cw_buf_addc(&b, 'x'); /* half a code unit */
		cw_buf_adds(&out, "+");
		assert_int_equal(cw_blob_utf16(want, b.data, b.len, &out, &bom, NULL), 0);
		assert_int_equal(bom, mark ? 2 : 0);
		assert_int_equal(out.len, sizeof(text));
		assert_memory_equal(out.data + 1, text, sizeof(text) - 1);
		cw_buf_release(&b);
		cw_buf_release(&out);
	}
}

/* A code unit beyond U+00FF keeps its place. */
static void test_utf16_wide(void **state)
{
	struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	size_t bom = 99;

	assert_int_equal(cw_blob_utf16(CW_BLOB_UTF16LE, "a\0\x11\x04\xe4\0b\0", 8, &out, &bom, &err), 0);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.data, "a\x1a\xe4" "b", 4);
	assert_int_equal(bom, 0);
	bom = 99;
	assert_int_equal(cw_blob_utf16(CW_BLOB_PLAIN, "ab", 2, &out, &bom, &err), CW_E_INVALID);
	assert_int_equal(bom, 99);
	assert_int_equal(cw_blob_utf16(CW_BLOB_UTF16BE, "", 0, &out, &bom, &err), 0);
	assert_int_equal(out.len, 4);
	cw_buf_release(&out);
}

/* Plain text, binary and tiny blobs are plain; bytes behind the prefix do not matter. */
static void test_plain_blob(void **state)
{
	static char big[CW_CLASS_PREFIX * 2];
	struct cw_buf b = CW_BUF_INIT;

	assert_int_equal(cw_blob_classify("", 0), CW_BLOB_PLAIN);
	assert_int_equal(cw_blob_classify("a\0b\0", 4), CW_BLOB_PLAIN);
	assert_int_equal(cw_blob_classify(text, sizeof(text) - 1), CW_BLOB_PLAIN);
	assert_int_equal(cw_blob_classify("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\76\0\1\0\0\0", 24), CW_BLOB_PLAIN);
	assert_int_equal(cw_blob_classify(big, sizeof(big)), CW_BLOB_PLAIN);
	while (b.len < CW_CLASS_PREFIX)
		cw_buf_adds(&b, text);
	widen(text, sizeof(text) - 1, false, false, &b);
	assert_int_equal(cw_blob_classify(b.data, b.len), CW_BLOB_PLAIN);
	cw_buf_release(&b);
}

/* Names of decoders and classes, as reports show them. */
static void test_names(void **state)
{
	assert_string_equal(cw_decoder_name(CW_DECODER_BASE64), "base64");
	assert_string_equal(cw_blob_class_name(CW_BLOB_PLAIN), "plain");
	assert_string_equal(cw_blob_class_name(CW_BLOB_UTF16LE), "utf-16le");
	assert_string_equal(cw_blob_class_name(CW_BLOB_UTF16BE), "utf-16be");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks_agree),	 cmocka_unit_test(test_runs_are_exact),
		cmocka_unit_test(test_text_is_found),	 cmocka_unit_test(test_misaligned),
		cmocka_unit_test(test_long_prefix),	 cmocka_unit_test(test_utf16_inside),
		cmocka_unit_test(test_not_text),	 cmocka_unit_test(test_shortest),
		cmocka_unit_test(test_partitions),	 cmocka_unit_test(test_range_touches),
		cmocka_unit_test(test_depends_on_span_only), cmocka_unit_test(test_long_run_is_cut),
		cmocka_unit_test(test_map),		 cmocka_unit_test(test_failures),
		cmocka_unit_test(test_utf16_blob),	 cmocka_unit_test(test_utf16_wide),
		cmocka_unit_test(test_plain_blob),	 cmocka_unit_test(test_names),
	};

	rng_state = 2463534242u;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
