/* tests/unit/test_pack_index.c - indexes built here byte by byte, then cut and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vcs/pack_index.h"

#define HEAD_LEN (8 + 1024)
#define OBJECTS 3
#define SIZE(oid_len, large) (HEAD_LEN + OBJECTS * ((oid_len) + 8) + 8 * (large) + 2 * (oid_len))

static void put32(uint8_t *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> (24 - 8 * i));
}

/* Three objects whose ids begin with 0x10, 0x20, 0xff; offsets 12, 70 and, in the large table, 5 GiB. */
static size_t build(uint8_t *out, uint8_t oid_len)
{
	static const uint8_t first[OBJECTS] = { 0x10, 0x20, 0xff };
	uint8_t *p = out + HEAD_LEN;

	memset(out, 0, SIZE(oid_len, 1));
	memcpy(out, "\377tOc\0\0\0\2", 8);
	for (unsigned i = 0; i < 256; i++)
		put32(out + 8 + 4 * i, (i >= 0x10) + (i >= 0x20) + (i >= 0xff));
	for (int i = 0; i < OBJECTS; i++)
		memset(p + i * oid_len, first[i], oid_len);
	p += OBJECTS * (oid_len + 4);
	put32(p, 12);
	put32(p + 4, 70);
	put32(p + 8, 0x80000000u);
	put32(p + 12, 1);
	put32(p + 16, 0x40000000u);
	return SIZE(oid_len, 1);
}

static void check_entries(uint8_t oid_len)
{
	uint8_t data[SIZE(32, 1)];
	size_t len = build(data, oid_len);
	static const uint64_t offsets[OBJECTS] = { 12, 70, 0x140000000u };
	struct cw_pack_index x;
	struct cw_oid oid;
	uint64_t offset;

	assert_int_equal(cw_pack_index_parse(data, len, oid_len, &x, NULL), 0);
	assert_int_equal(x.count, OBJECTS);
	assert_int_equal(x.off64_count, 1);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		assert_int_equal(cw_pack_index_entry(&x, i, &oid, &offset, NULL), 0);
		assert_int_equal(offset, offsets[i]);
		assert_int_equal(oid.len, oid_len);
		assert_int_equal(oid.id[oid_len - 1], i == 0 ? 0x10 : i == 1 ? 0x20 : 0xff);
		if (oid_len < CW_OID_MAX)
			assert_int_equal(oid.id[oid_len], 0);
	}
}

/* ids and offsets of a well-formed index, the large offset too */
static void sha1_entries(void **state)
{
	check_entries(20);
}

/* the same with ids of 32 bytes */
static void sha256_entries(void **state)
{
	check_entries(32);
}

/* cut at every length: refused, and never read beyond the cut (the copy is exactly as long, for the sanitizer) */
static void cut_anywhere(void **state)
{
	uint8_t data[SIZE(20, 1)];
	size_t len = build(data, 20);

	for (size_t n = 0; n < len; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct cw_pack_index x;
		int rc;

		assert_non_null(copy);
		memcpy(copy, data, n);
		rc = cw_pack_index_parse(copy, n, 20, &x, NULL);
		/* without its large table it is still well-formed; the entry that needs the table is not */
		if (n == len - 8) {
			struct cw_oid oid;
			uint64_t offset;

			assert_int_equal(rc, 0);
			assert_int_equal(cw_pack_index_entry(&x, 2, &oid, &offset, NULL), CW_E_CORRUPT);
		} else {
			assert_true(rc < 0);
		}
		free(copy);
	}
}

/* bytes behind the end that no object needs */
static void too_long(void **state)
{
	uint8_t data[SIZE(20, 1) + 64] = { 0 };
	size_t len = build(data, 20);
	struct cw_pack_index x;

	assert_int_equal(cw_pack_index_parse(data, len + 1, 20, &x, NULL), CW_E_CORRUPT);
	assert_int_equal(cw_pack_index_parse(data, len + 8 * OBJECTS, 20, &x, NULL), CW_E_CORRUPT);
}

/* a fan-out table that descends */
static void descending_fanout(void **state)
{
	uint8_t data[SIZE(20, 1)];
	size_t len = build(data, 20);
	struct cw_pack_index x;

	put32(data + 8 + 4 * 0x30, 1);
	assert_int_equal(cw_pack_index_parse(data, len, 20, &x, NULL), CW_E_CORRUPT);
}

/* a count that asks for more than the file holds, up to the largest */
static void lying_count(void **state)
{
	static const uint32_t counts[] = { 4, 1000, 0x7fffffffu, UINT32_MAX };
	uint8_t data[SIZE(20, 1)];
	size_t len = build(data, 20);
	struct cw_pack_index x;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		put32(data + 8 + 4 * 255, counts[i]);
		assert_int_equal(cw_pack_index_parse(data, len, 20, &x, NULL), CW_E_CORRUPT);
	}
}

/* version 3 is not supported; text is taken for version 1, whose lengths it cannot have */
static void other_versions(void **state)
{
	uint8_t data[SIZE(20, 1)];
	size_t len = build(data, 20);
	struct cw_pack_index x;

	data[7] = 3;
	assert_int_equal(cw_pack_index_parse(data, len, 20, &x, NULL), CW_E_UNSUPPORTED);
	memset(data, 0, 8);
	assert_int_equal(cw_pack_index_parse(data, len, 20, &x, NULL), CW_E_CORRUPT);
	memcpy(data, "not an index", 12);
	assert_int_equal(cw_pack_index_parse(data, len, 20, &x, NULL), CW_E_CORRUPT);
}

/* version 1: offset and id side by side, an offset with the top bit is itself; one byte more or less is refused */
static void version_1(void **state)
{
	static const uint32_t offsets[2] = { 12, 0x80000001u };
	uint8_t data[1024 + 2 * 24 + 40 + 1] = { 0 };
	size_t len = sizeof(data) - 1;
	struct cw_pack_index x;
	struct cw_oid oid;
	uint64_t offset;

	for (unsigned i = 0; i < 256; i++)
		put32(data + 4 * i, (i >= 0x10) + (i >= 0x20));
	for (unsigned i = 0; i < 2; i++) {
		put32(data + 1024 + 24 * i, offsets[i]);
		memset(data + 1024 + 24 * i + 4, i ? 0x20 : 0x10, 20);
	}
	memset(data + 1024 + 48, 0xcc, 20);
	assert_int_equal(cw_pack_index_parse(data, len, 20, &x, NULL), 0);
	assert_int_equal(x.count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(cw_pack_index_entry(&x, i, &oid, &offset, NULL), 0);
		assert_int_equal(offset, offsets[i]);
		assert_int_equal(oid.id[0], i ? 0x20 : 0x10);
		assert_int_equal(oid.id[19], i ? 0x20 : 0x10);
	}
	assert_int_equal(x.pack_sum[0], 0xcc);
	assert_int_equal(cw_pack_index_parse(data, len + 1, 20, &x, NULL), CW_E_CORRUPT);
	assert_int_equal(cw_pack_index_parse(data, len - 1, 20, &x, NULL), CW_E_CORRUPT);
	assert_int_equal(cw_pack_index_parse(data, 1000, 20, &x, NULL), CW_E_CORRUPT);
}

/* no objects */
static void empty(void **state)
{
	uint8_t data[HEAD_LEN + 40] = { 0 };
	struct cw_pack_index x;

	memcpy(data, "\377tOc\0\0\0\2", 8);
	assert_int_equal(cw_pack_index_parse(data, sizeof(data), 20, &x, NULL), 0);
	assert_int_equal(x.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha1_entries),	     cmocka_unit_test(sha256_entries), cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(too_long),	     cmocka_unit_test(descending_fanout),
		cmocka_unit_test(lying_count),	     cmocka_unit_test(other_versions), cmocka_unit_test(version_1),
		cmocka_unit_test(empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
