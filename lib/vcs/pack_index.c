/* vcs/pack_index.c - see pack_index.h. The layouts are those of gitformat-pack(5). */
#include "vcs/pack_index.h"

#include <string.h>

#define HEADER_LEN 8
#define FANOUT_LEN (256 * 4)
#define LARGE_OFFSET 0x80000000u
#define SUMS 2 /* checksums at the end: the pack's and the index's own */

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* The number of objects; the table must not descend. */
static int read_fanout(const uint8_t *table, uint32_t *ret_count, struct cw_err *err)
{
	uint32_t last = 0;

	for (size_t i = 0; i < 256; i++) {
		uint32_t n = be32(table + 4 * i);

		if (n < last)
			return cw_err_set(err, CW_E_CORRUPT, "the fan-out table of the pack index descends");
		last = n;
	}
	*ret_count = last;
	return 0;
}

static int cut_short(struct cw_err *err)
{
	return cw_err_set(err, CW_E_CORRUPT, "the pack index is cut short");
}

/* Version 1: no header; an entry is an offset and an id. */
static int parse_v1(const uint8_t *p, size_t len, uint8_t oid_len, struct cw_pack_index *ret, struct cw_err *err)
{
	uint8_t step = (uint8_t)(4 + oid_len);
	uint32_t count;
	int rc;

	if (len < FANOUT_LEN + SUMS * (size_t)oid_len)
		return cut_short(err);
	rc = read_fanout(p, &count, err);
	if (rc)
		return rc;
	if (len != FANOUT_LEN + (uint64_t)count * step + SUMS * (uint64_t)oid_len)
		return cw_err_set(err, CW_E_CORRUPT, "the pack index has not the length that its %u objects need", count);
	*ret = (struct cw_pack_index){ .version = 1, .count = count, .oid_len = oid_len, .id_step = step, .off_step = step };
	ret->off32 = p + FANOUT_LEN;
	ret->ids = ret->off32 + 4;
	ret->pack_sum = p + FANOUT_LEN + (size_t)count * step;
	return 0;
}

static int parse_v2(const uint8_t *p, size_t len, uint8_t oid_len, struct cw_pack_index *ret, struct cw_err *err)
{
	uint64_t trailer = SUMS * (uint64_t)oid_len, fixed, rest;
	uint32_t count;
	int rc;

	if (len < HEADER_LEN + FANOUT_LEN + trailer)
		return cut_short(err);
	rc = read_fanout(p + HEADER_LEN, &count, err);
	if (rc)
		return rc;
	/* at most 2^32 * (32 + 8): no overflow in 64 bits */
	fixed = HEADER_LEN + FANOUT_LEN + (uint64_t)count * (oid_len + 8u) + trailer;
	if (len < fixed)
		return cw_err_set(err, CW_E_CORRUPT, "the pack index is shorter than its %u objects need", count);
	rest = len - fixed;
	if (rest % 8 || rest / 8 > count)
		return cw_err_set(err, CW_E_CORRUPT, "the pack index is longer than its %u objects need", count);
	*ret = (struct cw_pack_index){ .version = 2, .count = count, .oid_len = oid_len, .id_step = oid_len, .off_step = 4 };
	ret->off64_count = (uint32_t)(rest / 8);
	ret->ids = p + HEADER_LEN + FANOUT_LEN;
	ret->off32 = ret->ids + (size_t)count * (oid_len + 4u); /* a CRC of 4 bytes an object stands between */
	ret->off64 = ret->off32 + (size_t)count * 4;
	ret->pack_sum = p + len - trailer;
	return 0;
}

int cw_pack_index_parse(const void *data, size_t len, uint8_t oid_len, struct cw_pack_index *ret, struct cw_err *err)
{
	static const uint8_t magic[4] = { 0xff, 't', 'O', 'c' };
	const uint8_t *p = data;

	if (len < HEADER_LEN)
		return cut_short(err);
	if (memcmp(p, magic, sizeof(magic)))
		return parse_v1(p, len, oid_len, ret, err);
	if (be32(p + sizeof(magic)) != 2)
		return cw_err_set(err, CW_E_UNSUPPORTED, "a pack index of version %u", (unsigned)be32(p + sizeof(magic)));
	return parse_v2(p, len, oid_len, ret, err);
}

uint64_t cw_pack_index_offset(const struct cw_pack_index *x, uint32_t i)
{
	uint32_t word = be32(x->off32 + (size_t)i * x->off_step), k = word & ~LARGE_OFFSET;

	if (x->version == 1 || !(word & LARGE_OFFSET))
		return word;
	return k < x->off64_count ? be64(x->off64 + (size_t)k * 8) : UINT64_MAX;
}

int cw_pack_index_entry(const struct cw_pack_index *x, uint32_t i, struct cw_oid *ret_oid, uint64_t *ret_offset,
			struct cw_err *err)
{
	uint64_t offset = cw_pack_index_offset(x, i);

	if (offset == UINT64_MAX)
		return cw_err_set(err, CW_E_CORRUPT, "entry %u of the pack index has no offset", i);
	*ret_oid = (struct cw_oid){ .len = x->oid_len };
	memcpy(ret_oid->id, x->ids + (size_t)i * x->id_step, x->oid_len);
	*ret_offset = offset;
	return 0;
}
