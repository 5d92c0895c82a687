/* vcs/delta.c - see delta.h.
 *
 * A delta is the length of the base, the length of the child, both 7 bits a byte with the lowest first, and instructions: a byte
 * below 128 is followed by so many bytes to insert (0 is reserved), any other one says which of 4 bytes of an offset and 3 bytes
 * of a length follow. */
#include "vcs/delta.h"

#include <string.h>

#define COPY_BIT 0x80u
#define COPY_ARGS_MAX 7		 /* bytes that follow a copy instruction */
#define COPY_LEN_DEFAULT 0x10000 /* of a copy whose length would be 0 */

struct cursor {
	const uint8_t *p, *end;
	const uint8_t *start;
	uint64_t base_len, child_len;
	uint64_t at; /* bytes of the child that the instructions before P make */
};

static int corrupt(struct cw_err *err, const char *why)
{
	return cw_err_set(err, CW_E_CORRUPT, "the delta is damaged: %s", why);
}

static bool read_length(struct cursor *c, uint64_t *ret)
{
	uint64_t n = 0;

	for (unsigned shift = 0; c->p < c->end && shift < 64; shift += 7) {
		uint8_t byte = *c->p++;

		if (shift == 63 && byte > 1)
			return false;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = n;
			return true;
		}
	}
	return false;
}

static int begin(struct cursor *c, const void *delta, size_t len, uint64_t base_len, struct cw_err *err)
{
	uint64_t stated;

	*c = (struct cursor){ .p = delta, .start = delta, .base_len = base_len };
	c->end = c->p + len;
	if (!read_length(c, &stated) || !read_length(c, &c->child_len))
		return corrupt(err, "it has no lengths");
	if (stated != base_len)
		return corrupt(err, "its base has another length");
	return 0;
}

static inline bool copy_args(struct cursor *c, unsigned op, struct cw_delta_op *ret)
{
	const uint8_t *p = c->p;
	uint32_t from = 0, len = 0;

	if (c->end - p < COPY_ARGS_MAX && c->end - p < __builtin_popcount(op & ~COPY_BIT))
		return false;
	if (op & 0x01)
		from = *p++;
	if (op & 0x02)
		from |= (uint32_t)*p++ << 8;
	if (op & 0x04)
		from |= (uint32_t)*p++ << 16;
	if (op & 0x08)
		from |= (uint32_t)*p++ << 24;
	if (op & 0x10)
		len = *p++;
	if (op & 0x20)
		len |= (uint32_t)*p++ << 8;
	if (op & 0x40)
		len |= (uint32_t)*p++ << 16;
	c->p = p;
	ret->from = from;
	ret->len = len ? len : COPY_LEN_DEFAULT;
	return true;
}

/* The instruction at the cursor, which is not at its end; NULL, or what is wrong with it. */
static inline const char *next_op(struct cursor *c, struct cw_delta_op *ret)
{
	unsigned op = *c->p++;

	ret->at = c->at;
	ret->copy = op & COPY_BIT;
	if (ret->copy) {
		if (!copy_args(c, op, ret))
			return "it is cut short";
		if (ret->from > c->base_len || ret->len > c->base_len - ret->from)
			return "it copies from outside its base";
	} else {
		if (!op)
			return "it has a reserved instruction";
		if ((size_t)(c->end - c->p) < op)
			return "it is cut short";
		ret->from = (uint64_t)(c->p - c->start);
		ret->len = op;
		c->p += op;
	}
	if (ret->len > c->child_len - c->at)
		return "it makes more than it says";
	c->at += ret->len;
	return NULL;
}

/* Add OP, or make the last op longer by it. */
static inline bool put_op(struct cw_vec *ops, const struct cw_delta_op *op)
{
	struct cw_delta_op *last = (struct cw_delta_op *)ops->items + ops->len;

	if (ops->len && op->copy && last[-1].copy && last[-1].from + last[-1].len == op->from) {
		last[-1].len += op->len;
		return true;
	}
	if (ops->len == ops->cap && cw_vec_reserve(ops, 1))
		return false;
	CW_VEC_AT(ops, struct cw_delta_op, ops->len++) = *op;
	return true;
}

int cw_delta_parse(const void *delta, size_t len, uint64_t base_len, uint64_t max, struct cw_vec *ops, uint64_t *ret_len,
		   struct cw_err *err)
{
	struct cursor c;
	uint64_t child_len;
	int rc = cw_delta_length(delta, len, base_len, max, &child_len, err);

	rc = rc ? rc : begin(&c, delta, len, base_len, err);
	if (rc)
		return rc;
	cw_vec_clear(ops);
	while (c.p < c.end) {
		struct cw_delta_op op;
		const char *wrong = next_op(&c, &op);

		if (wrong)
			return corrupt(err, wrong);
		if (!put_op(ops, &op))
			return cw_vec_fail(ops, "delta instructions", err);
	}
	if (c.at != c.child_len)
		return corrupt(err, "it makes less than it says");
	*ret_len = c.child_len;
	return 0;
}

void cw_delta_apply(const void *delta, const void *base, const struct cw_vec *ops, void *out)
{
	const struct cw_delta_op *op = ops->items;
	uint8_t *to = out;

	for (size_t i = 0; i < ops->len; i++) {
		const uint8_t *source = op[i].copy ? base : delta;

		memcpy(to + op[i].at, source + op[i].from, op[i].len);
	}
}

int cw_delta_length(const void *delta, size_t len, uint64_t base_len, uint64_t max, uint64_t *ret_len, struct cw_err *err)
{
	struct cursor c;
	int rc = begin(&c, delta, len, base_len, err);

	if (rc)
		return rc;
	if (c.child_len > max)
		return cw_err_set(err, CW_E_LIMIT, "the delta makes an object that is too large");
	*ret_len = c.child_len;
	return 0;
}

int cw_delta_build(const void *delta, size_t len, const void *base, uint64_t base_len, void *out, struct cw_err *err)
{
	struct cursor c;
	uint8_t *to = out;
	int rc = begin(&c, delta, len, base_len, err);

	if (rc)
		return rc;
	while (c.p < c.end) {
		struct cw_delta_op op;
		const char *wrong = next_op(&c, &op);

		if (wrong)
			return corrupt(err, wrong);
		memcpy(to + op.at, (op.copy ? (const uint8_t *)base : c.start) + op.from, op.len);
	}
	return c.at == c.child_len ? 0 : corrupt(err, "it makes less than it says");
}
