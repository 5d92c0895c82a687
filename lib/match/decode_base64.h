/* match/decode_base64.h - parts of the base64 decoder that decode.c and the tests use. Not for other modules.
 *
 * Alphabet: A-Z a-z 0-9 + / and the URL-safe - _, mixed at will; up to two '=' behind the letters belong to a run.
 * A run of fewer than CW_DECODE_RUN_MIN letters is not looked at. Threads: reentrant. */
#ifndef CW_MATCH_DECODE_BASE64_H
#define CW_MATCH_DECODE_BASE64_H

#include "match/decode.h"

/* Set bit k of MASKS[w] iff the byte at DATA[64 * w + k] is a letter of the alphabet, for LEN bytes; the bits of the last word
 * behind LEN are 0. MASKS has room for LEN / 64 words, rounded up. */
typedef void cw_b64_mask_fn(const char *data, size_t len, uint64_t *masks);

/* The portable one; it defines the result. */
void cw_b64_masks_scalar(const char *data, size_t len, uint64_t *masks);
/* The fastest one that this processor runs. */
cw_b64_mask_fn *cw_b64_masks_best(void);
/* All that this processor runs, ended by NULL; the scalar one is first. */
cw_b64_mask_fn *const *cw_b64_masks_all(void);

#define CW_B64_BATCH 1024 /* bytes classified at a time */

struct cw_b64_scan {
	const char *data;
	size_t len;
	size_t stop; /* runs that begin at or behind it are not wanted; at most len */
	size_t pos;  /* where to go on; at first not inside a run */
	cw_b64_mask_fn *masks;
	size_t batch, filled; /* offset and bytes of what `words` describes; 0 at first */
	uint64_t words[CW_B64_BATCH / 64];
};

/* Find the next run with at least CW_DECODE_RUN_MIN letters that begins before `stop`. Returns its start and sets *ret_end to the
 * end of its letters (at most len); returns len when there is none. It may also return a run that begins a little later. */
size_t cw_b64_next_run(struct cw_b64_scan *scan, size_t *ret_end);
/* The first of the letters that end at POS without a gap: POS when DATA[POS - 1] is no letter. */
size_t cw_b64_run_start(const char *data, size_t pos);

/* The value of letter C, or 0xff. */
extern const unsigned char cw_b64_value[256];

int cw_b64_find(const char *data, size_t len, size_t from, size_t to,
		int (*emit)(const struct cw_span_found *span, void *payload), void *payload);
int cw_b64_span(const struct cw_span_found *span, const char *data, struct cw_buf *out, struct cw_err *err);

#endif
