/* store/code.h - numbers, bytes and texts as the store's files hold them.
 * Numbers are little-endian groups of seven bits, the last one with its top bit clear. Reading never looks beyond the end: what
 * does not fit makes the reader `bad`, and from then on it gives zeros. Threads: one owner at a time. */
#ifndef CW_STORE_CODE_H
#define CW_STORE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

void cw_put_number(struct cw_buf *out, uint64_t n);
/* TEXT may be NULL. */
void cw_put_text(struct cw_buf *out, const char *text);

struct cw_take {
	const uint8_t *at, *end;
	bool bad;
};

/* A number of at most MAX. */
uint64_t cw_take_number(struct cw_take *t, uint64_t max);
/* LEN bytes, borrowed; NULL when they are not there. */
const void *cw_take_bytes(struct cw_take *t, size_t len);
/* A text, borrowed and NUL-terminated, or NULL. */
const char *cw_take_text(struct cw_take *t);
/* Whether all was read, and was good. */
bool cw_take_done(const struct cw_take *t);

#endif
