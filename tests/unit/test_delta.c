/* tests/unit/test_delta.c - deltas built here instruction by instruction, then cut and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "vcs/delta.h"

#define OPS_MAX 100000
#define MAX 1000000
#define CHUNK 0x10000 /* the longest copy that git writes */

static void put_length(struct cw_buf *b, uint64_t n)
{
	for (; n > 0x7f; n >>= 7)
		cw_buf_addc(b, (char)((n & 0x7f) | 0x80));
	cw_buf_addc(b, (char)n);
}

static void put_copy(struct cw_buf *b, uint32_t from, uint32_t len)
{
	unsigned op = 0x80;
	struct cw_buf args = CW_BUF_INIT;

	for (unsigned i = 0; i < 4; i++) {
		if (from >> 8 * i & 0xff) {
			op |= 1u << i;
			cw_buf_addc(&args, (char)(from >> 8 * i & 0xff));
		}
	}
	for (unsigned i = 0; len != CHUNK && i < 3; i++) {
		if (len >> 8 * i & 0xff) {
			op |= 0x10u << i;
			cw_buf_addc(&args, (char)(len >> 8 * i & 0xff));
		}
	}
	cw_buf_addc(b, (char)op);
	cw_buf_add(b, args.data, args.len);
	cw_buf_release(&args);
}

static void put_insert(struct cw_buf *b, const char *text)
{
	cw_buf_addc(b, (char)strlen(text));
	cw_buf_adds(b, text);
}

/* Parse DELTA in memory of exactly its size, so that a sanitizer sees any step outside. */
static int parse(const struct cw_buf *delta, uint64_t base_len, struct cw_vec *ops, uint64_t *ret_len, struct cw_err *err)
{
	char *exact = test_malloc(delta->len + !delta->len);
	int rc;

	memcpy(exact, delta->data, delta->len);
	rc = cw_delta_parse(exact, delta->len, base_len, MAX, ops, ret_len, err);
	test_free(exact);
	return rc;
}

/* The delta must be refused with CODE, by both ways of reading it, and because of WHY. */
static void refused(const struct cw_buf *delta, uint64_t base_len, int code, const char *why)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec ops = CW_VEC_INIT(struct cw_delta_op, OPS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf base = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	uint64_t len = 77;
	char *out;
	int rc;

	assert_int_equal(parse(delta, base_len, &ops, &len, &err), code);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.msg, why));
	assert_int_equal(len, 77);
	for (uint64_t i = 0; i < base_len; i++)
		cw_buf_addc(&base, 'b');
	err = (struct cw_err)CW_ERR_INIT;
	rc = cw_delta_length(delta->data, delta->len, base_len, MAX, &len, &err);
	if (!rc) {
		out = test_malloc(len + 1);
		rc = cw_delta_build(delta->data, delta->len, base.data, base_len, out, &err);
		test_free(out);
	}
	assert_int_equal(rc, code);
	assert_non_null(strstr(err.msg, why));
}

/* The delta makes WANT of BASE, in OPS ops, and both ways of reading it agree. */
static void makes(const struct cw_buf *delta, const char *base, size_t base_len, const char *want, size_t want_len, size_t ops_len)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec ops = CW_VEC_INIT(struct cw_delta_op, OPS_MAX);
	uint64_t len = 0, at = 0;
	char *out;

	assert_int_equal(parse(delta, base_len, &ops, &len, NULL), 0);
	assert_int_equal(len, want_len);
	assert_int_equal(ops.len, ops_len);
	for (size_t i = 0; i < ops.len; i++) {
		const struct cw_delta_op *op = &CW_VEC_AT(&ops, struct cw_delta_op, i);

		assert_int_equal(op->at, at);
		assert_true(op->len > 0);
		assert_true(op->from + op->len <= (op->copy ? base_len : delta->len));
		at += op->len;
	}
	assert_int_equal(at, len);
	out = test_malloc(len + 1);
	cw_delta_apply(delta->data, base, &ops, out);
	assert_memory_equal(out, want, want_len);
	memset(out, 0, len);
	assert_int_equal(cw_delta_length(delta->data, delta->len, base_len, MAX, &len, NULL), 0);
	assert_int_equal(cw_delta_build(delta->data, delta->len, base, base_len, out, NULL), 0);
	assert_memory_equal(out, want, want_len);
	test_free(out);
}

static void start(struct cw_buf *b, uint64_t base_len, uint64_t len)
{
	cw_buf_clear(b);
	put_length(b, base_len);
	put_length(b, len);
}

static void test_good(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf d = CW_BUF_INIT;

	/* nothing of nothing, and nothing of something */
	start(&d, 0, 0);
	makes(&d, "", 0, "", 0, 0);
	start(&d, 5, 0);
	makes(&d, "abcde", 5, "", 0, 0);
	/* inserts only; adjacent ones stay two */
	start(&d, 0, 5);
	put_insert(&d, "ab");
	put_insert(&d, "cde");
	makes(&d, "", 0, "abcde", 5, 2);
	/* the whole base */
	start(&d, 5, 5);
	put_copy(&d, 0, 5);
	makes(&d, "abcde", 5, "abcde", 5, 1);
	/* copies in another order, the last byte, the same part twice */
	start(&d, 5, 8);
	put_copy(&d, 4, 1);
	put_copy(&d, 0, 2);
	put_insert(&d, "x");
	put_copy(&d, 1, 3);
	put_copy(&d, 1, 1);
	makes(&d, "abcde", 5, "eabxbcdb", 8, 5);
	/* the longest insert */
	start(&d, 0, 127);
	cw_buf_addc(&d, 127);
	for (int i = 0; i < 127; i++)
		cw_buf_addc(&d, 'i');
	makes(&d, "", 0, d.data + 3, 127, 1);
	/* a length written with more bytes than it needs is none that git writes, but says the same */
	cw_buf_clear(&d);
	cw_buf_add(&d, "\x80\x00\x81\x00\x01y", 6);
	makes(&d, "", 0, "y", 1, 1);
}

static void test_joins(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf d = CW_BUF_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf base = CW_BUF_INIT;

	for (int i = 0; i < 3 * CHUNK; i++)
		cw_buf_addc(&base, (char)(i * 31 + i / 257));
	/* copies that continue each other are one, whatever their length */
	start(&d, base.len, 2 * CHUNK + 9);
	put_copy(&d, 0, CHUNK);
	put_copy(&d, CHUNK, CHUNK);
	put_copy(&d, 2 * CHUNK, 4);
	put_copy(&d, 2 * CHUNK + 4, 5);
	makes(&d, base.data, base.len, base.data, 2 * CHUNK + 9, 1);
	/* one byte left out or taken twice: two */
	start(&d, 7, 6);
	put_copy(&d, 0, 3);
	put_copy(&d, 4, 3);
	makes(&d, "abcdefg", 7, "abcefg", 6, 2);
	start(&d, 7, 6);
	put_copy(&d, 0, 3);
	put_copy(&d, 2, 3);
	makes(&d, "abcdefg", 7, "abccde", 6, 2);
	/* an insert between them: three, though they continue each other in the base */
	start(&d, 7, 7);
	put_copy(&d, 0, 3);
	put_insert(&d, "x");
	put_copy(&d, 3, 3);
	makes(&d, "abcdefg", 7, "abcxdef", 7, 3);
	/* a copy from where an insert ended in the delta's bytes is no continuation */
	start(&d, 7, 4);
	put_insert(&d, "x"); /* its bytes are 3 to 4 of the delta */
	put_copy(&d, 4, 3);
	makes(&d, "abcdefg", 7, "xefg", 4, 2);
	/* a copy with a 3-byte length */
	start(&d, base.len, 2 * CHUNK + 2);
	put_copy(&d, 1, 2 * CHUNK + 2);
	makes(&d, base.data, base.len, base.data + 1, 2 * CHUNK + 2, 1);
	/* a lone copy byte is 64 KiB from the start */
	start(&d, base.len, CHUNK);
	cw_buf_addc(&d, (char)0x80);
	makes(&d, base.data, base.len, base.data, CHUNK, 1);
}

static void test_lengths(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf d = CW_BUF_INIT;
	uint64_t len;

	/* no length, one length, a length that never ends */
	refused(&d, 0, CW_E_CORRUPT, "lengths");
	cw_buf_addc(&d, 0);
	refused(&d, 0, CW_E_CORRUPT, "lengths");
	cw_buf_addc(&d, (char)0x80);
	refused(&d, 0, CW_E_CORRUPT, "lengths");
	cw_buf_clear(&d);
	for (int i = 0; i < 20; i++)
		cw_buf_addc(&d, (char)0xff);
	refused(&d, 0, CW_E_CORRUPT, "lengths");
	/* 2^64 - 1 is a length, 2^64 is none */
	cw_buf_clear(&d);
	put_length(&d, UINT64_MAX);
	put_length(&d, 0);
	assert_int_equal(cw_delta_length(d.data, d.len, UINT64_MAX, MAX, &len, NULL), 0);
	d.data[9] = 2;
	refused(&d, 0, CW_E_CORRUPT, "lengths");
	/* a base of another length */
	start(&d, 4, 0);
	refused(&d, 5, CW_E_CORRUPT, "another length");
	refused(&d, 3, CW_E_CORRUPT, "another length");
	/* the largest child that is wanted, and one byte more; a bomb */
	start(&d, 0, MAX);
	assert_int_equal(cw_delta_length(d.data, d.len, 0, MAX, &len, NULL), 0);
	start(&d, 0, MAX + 1);
	refused(&d, 0, CW_E_LIMIT, "too large");
	start(&d, 0, (uint64_t)1 << 40);
	refused(&d, 0, CW_E_LIMIT, "too large");
}

static void test_instructions(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf d = CW_BUF_INIT;

	/* the reserved instruction */
	start(&d, 5, 5);
	cw_buf_addc(&d, 0);
	refused(&d, 5, CW_E_CORRUPT, "reserved");
	/* a copy that begins at the base's end, ends behind it, begins behind it, is longer than the base */
	start(&d, 5, 1);
	put_copy(&d, 5, 1);
	refused(&d, 5, CW_E_CORRUPT, "outside");
	start(&d, 5, 2);
	put_copy(&d, 4, 2);
	refused(&d, 5, CW_E_CORRUPT, "outside");
	start(&d, 5, 1);
	put_copy(&d, UINT32_MAX, 1);
	refused(&d, 5, CW_E_CORRUPT, "outside");
	start(&d, 5, 6);
	put_copy(&d, 0, 6);
	refused(&d, 5, CW_E_CORRUPT, "outside");
	/* a copy of nothing is one of 64 KiB */
	start(&d, 5, 5);
	cw_buf_addc(&d, (char)0x80);
	refused(&d, 5, CW_E_CORRUPT, "outside");
	/* more than the child holds: by a copy, by an insert, after the end */
	start(&d, 5, 4);
	put_copy(&d, 0, 5);
	refused(&d, 5, CW_E_CORRUPT, "more than it says");
	start(&d, 5, 1);
	put_insert(&d, "xy");
	refused(&d, 5, CW_E_CORRUPT, "more than it says");
	start(&d, 5, 5);
	put_copy(&d, 0, 5);
	put_insert(&d, "x");
	refused(&d, 5, CW_E_CORRUPT, "more than it says");
	/* less */
	start(&d, 5, 6);
	put_copy(&d, 0, 5);
	refused(&d, 5, CW_E_CORRUPT, "less than it says");
	start(&d, 5, 1);
	refused(&d, 5, CW_E_CORRUPT, "less than it says");
}

/* Every instruction cut short at every byte, with all 127 kinds of copy. */
static void test_cut(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf d = CW_BUF_INIT;

	for (int op = 0x81; op <= 0xff; op++) {
		for (int have = 0; have < __builtin_popcount(op & 0x7f); have++) {
			start(&d, 100, 1);
			cw_buf_addc(&d, (char)op);
			for (int i = 0; i < have; i++)
				cw_buf_addc(&d, 0);
			refused(&d, 100, CW_E_CORRUPT, "cut short");
		}
	}
	for (int op = 1; op <= 127; op++) {
		start(&d, 0, (uint64_t)op);
		cw_buf_addc(&d, (char)op);
		for (int i = 0; i < op - 1; i++)
			cw_buf_addc(&d, 'x');
		refused(&d, 0, CW_E_CORRUPT, "cut short");
	}
}

/* All 127 kinds of copy with the bytes that they need read the right ones. */
static void test_copy_forms(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf d = CW_BUF_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec ops = CW_VEC_INIT(struct cw_delta_op, OPS_MAX);
	const uint64_t base_len = (uint64_t)1 << 40;
	const unsigned max = 0x808080;

	for (unsigned kind = 0; kind <= 0x7f; kind++) {
		uint64_t from = 0, len = 0, got = 0;

		for (unsigned i = 0; i < 7; i++) {
			if (kind >> i & 1 && i < 4)
				from |= (uint64_t)(0x81 + i) << 8 * i;
			if (kind >> i & 1 && i >= 4)
				len |= (uint64_t)(i - 3) << 8 * (i - 4);
		}
		start(&d, base_len, len ? len : CHUNK);
		cw_buf_addc(&d, (char)(0x80 | kind));
		for (unsigned i = 0; i < 7; i++) {
			if (kind >> i & 1)
				cw_buf_addc(&d, (char)(i < 4 ? 0x81 + i : i - 3));
		}
		assert_int_equal(cw_delta_parse(d.data, d.len, base_len, max, &ops, &got, NULL), 0);
		assert_int_equal(got, len ? len : CHUNK);
		assert_int_equal(ops.len, 1);
		assert_int_equal(CW_VEC_AT(&ops, struct cw_delta_op, 0).from, from);
		assert_int_equal(CW_VEC_AT(&ops, struct cw_delta_op, 0).len, got);
		assert_true(CW_VEC_AT(&ops, struct cw_delta_op, 0).copy);
	}
}

static void test_limits(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf d = CW_BUF_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec few = CW_VEC_INIT(struct cw_delta_op, 3);
	struct cw_err err = CW_ERR_INIT;
	uint64_t len = 0;

	/* as many ops as there is room for */
	start(&d, 0, 3);
	for (int i = 0; i < 3; i++)
		put_insert(&d, "x");
	assert_int_equal(cw_delta_parse(d.data, d.len, 0, MAX, &few, &len, &err), 0);
	assert_int_equal(few.len, 3);
	/* one more */
	start(&d, 0, 4);
	for (int i = 0; i < 4; i++)
		put_insert(&d, "x");
	assert_int_equal(cw_delta_parse(d.data, d.len, 0, MAX, &few, &len, &err), CW_E_LIMIT);
	/* the list may be used again after that, and joined copies need room for one */
	start(&d, 9, 9);
	for (unsigned i = 0; i < 9; i++)
		put_copy(&d, i, 1);
	assert_int_equal(cw_delta_parse(d.data, d.len, 9, MAX, &few, &len, &err), 0);
	assert_int_equal(few.len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	     cmocka_unit_test(test_joins),
		cmocka_unit_test(test_lengths),	     cmocka_unit_test(test_instructions),
		cmocka_unit_test(test_cut),	     cmocka_unit_test(test_copy_forms),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
