/* vcs/delta.h - git's delta instructions: which bytes of a child stand in its base already (gitformat-pack, "deltified
 * representation").
 *
 * Pure functions on foreign bytes: whatever they are given, nothing outside the given memory is read or written. Threads:
 * reentrant. */
#ifndef CW_VCS_DELTA_H
#define CW_VCS_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

struct cw_delta_op { /* never empty; the ops of a delta stand in the child's order and cover it without gap or overlap */
	uint64_t at;   /* offset in the child */
	uint64_t from; /* offset in the base for a copy, in the delta for an insert */
	uint64_t len;  /* bytes */
	bool copy;
};

/* Parse the LEN bytes at DELTA, made for a base of BASE_LEN bytes. OPS (struct cw_delta_op) is cleared and filled; *ret_len is
 * the child's length. Copies that continue each other in base and child are one op, whatever their length; inserts are as
 * they stand there, at most 127 bytes each. An op needs at least one byte of the delta: OPS' own maximum bounds the memory.
 * CW_E_CORRUPT: cut short, another base length, a copy outside the base, a reserved instruction, more or fewer bytes than
 * the child's length. CW_E_LIMIT: a child of more than MAX bytes (said before anything is parsed), or more ops than OPS may
 * hold. CW_E_NOMEM. After a failure OPS holds nothing of use. */
int cw_delta_parse(const void *delta, size_t len, uint64_t base_len, uint64_t max, struct cw_vec *ops, uint64_t *ret_len,
		   struct cw_err *err);

/* Write the child into OUT, which has the length that cw_delta_parse() gave with these OPS, and overlaps neither DELTA nor BASE. */
void cw_delta_apply(const void *delta, const void *base, const struct cw_vec *ops, void *out);

/* Both at once without a list of ops. cw_delta_length() says how long the child is, with the failures of cw_delta_parse() that
 * can be seen in the delta's first bytes; OUT has this length, and is partly written when cw_delta_build() fails. */
int cw_delta_length(const void *delta, size_t len, uint64_t base_len, uint64_t max, uint64_t *ret_len, struct cw_err *err);
int cw_delta_build(const void *delta, size_t len, const void *base, uint64_t base_len, void *out, struct cw_err *err);

#endif
