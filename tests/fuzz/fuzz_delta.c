/* Fuzz target: delta instructions. The input is the length of the base in two bytes, the base, and the delta. Both ways of reading
 * agree on the child or on the failure, and the ops cover the child. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "vcs/delta.h"

#define CHILD_MAX ((uint64_t)1 << 20)
#define OPS_MAX 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_ops(const struct cw_vec *ops, uint64_t base_len, size_t delta_len, uint64_t child_len)
{
	const struct cw_delta_op *op = ops->items;
	uint64_t at = 0;

	for (size_t i = 0; i < ops->len; i++) {
		uint64_t source = op[i].copy ? base_len : delta_len;

		if (op[i].at != at || !op[i].len || op[i].len > source || op[i].from > source - op[i].len)
			abort();
		if (i && op[i].copy && op[i - 1].copy && op[i - 1].from + op[i - 1].len == op[i].from)
			abort();
		at += op[i].len;
	}
	if (at != child_len)
		abort();
}

static void check_child(const uint8_t *base, size_t base_len, const uint8_t *delta, size_t len, const struct cw_vec *ops,
			uint64_t child_len)
{
	CW_CLEANUP(cw_freep) uint8_t *one = malloc(child_len + 1);
	CW_CLEANUP(cw_freep) uint8_t *other = malloc(child_len + 1);

	if (!one || !other)
		return;
	cw_delta_apply(delta, base, ops, one);
	if (cw_delta_build(delta, len, base, base_len, other, NULL) || memcmp(one, other, child_len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec ops = CW_VEC_INIT(struct cw_delta_op, OPS_MAX);
	size_t base_len = len < 2 ? 0 : (size_t)data[0] << 8 | data[1];
	uint64_t parsed = 0, stated = 0;
	uint8_t sink;
	int rc;

	if (len < 2 || base_len > len - 2)
		return 0;
	data += 2;
	len -= 2 + base_len;
	rc = cw_delta_parse(data + base_len, len, base_len, CHILD_MAX, &ops, &parsed, NULL);
	if (!rc) {
		check_ops(&ops, base_len, len, parsed);
		check_child(data, base_len, data + base_len, len, &ops, parsed);
		return 0;
	}
	if (rc != CW_E_CORRUPT && rc != CW_E_LIMIT && rc != CW_E_NOMEM)
		abort();
	if (!cw_delta_length(data + base_len, len, base_len, CHILD_MAX, &stated, NULL) && !stated &&
	    !cw_delta_build(data + base_len, len, data, base_len, &sink, NULL))
		abort();
	return 0;
}
