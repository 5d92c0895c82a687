/* proto/frame.h - Varlink's framing: JSON objects, each ended by a NUL byte, over a stream that may come in pieces.
 *
 * Source: https://varlink.org/Method-Call. Threads: one owner at a time. */
#ifndef CW_PROTO_FRAME_H
#define CW_PROTO_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define CW_FRAME_MAX_DEFAULT ((size_t)16 << 20) /* bytes, without the NUL */

struct cw_framer {
	struct cw_buf buf; /* wiped: messages hold content */
	size_t start;	   /* of the first byte that was not handed out */
	size_t seen;	   /* up to where no NUL stands */
	size_t max;	   /* bytes of one message */
};

void cw_framer_init(struct cw_framer *f, size_t max);
void cw_framer_release(struct cw_framer *f);
/* Where the next bytes may be put, and how many (at least one, never so many that a message could pass the limit by more than
 * a read's length); then how many came. CW_E_NOMEM, CW_E_LIMIT: the message is longer than the maximum. */
int cw_framer_space(struct cw_framer *f, char **ret, size_t *ret_len, struct cw_err *err);
void cw_framer_commit(struct cw_framer *f, size_t len);
/* The next whole message, borrowed until the next call of cw_framer_space(); false when there is none yet. */
bool cw_framer_next(struct cw_framer *f, const char **ret, size_t *ret_len);
/* Wipe what was handed out, if nothing else is there; a large buffer is given back. */
void cw_framer_trim(struct cw_framer *f);
/* How many messages, whole or not, begin in what was not handed out. */
size_t cw_framer_count(const struct cw_framer *f);
/* Whether part of a message has come. */
bool cw_framer_partial(const struct cw_framer *f);

#endif
