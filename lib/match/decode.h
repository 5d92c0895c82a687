/* match/decode.h - decoders: spans of a blob that hold other bytes, and what those are.
 *
 * A decoder finds maximal runs of its alphabet in the given bytes; each span is at most CW_DECODE_RUN_MAX bytes (a longer run is
 * cut every CW_DECODE_RUN_MAX bytes from its start). What is emitted for a run, and what it decodes to, is a function of the
 * run's bytes plus one byte on each side and of nothing else, so that it can be inherited through deltas: a span depends on
 * [run - 1, end + 1), `run` being its run's start. Decoded text that cannot hold a secret (not mostly printable text, shorter
 * than CW_DECODE_MIN) is dropped, by the span's bytes alone. Threads: reentrant. */
#ifndef CW_MATCH_DECODE_H
#define CW_MATCH_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CW_DECODE_RUN_MAX ((size_t)1 << 20) /* encoded bytes; a multiple of 4 */
#define CW_DECODE_RUN_MIN 24		    /* letters of the alphabet in a run worth looking at */
#define CW_DECODE_MIN 12		    /* decoded bytes worth scanning */
#define CW_DECODE_DEPTH_MAX 3		    /* decoders inside decoders */

enum cw_decoder { CW_DECODER_BASE64, CW_DECODER_COUNT_ };
const char *cw_decoder_name(enum cw_decoder d);

struct cw_span_found {
	enum cw_decoder decoder;
	size_t start, end; /* the span in the scanned bytes, half-open; base64's padding is inside */
	size_t skip;	   /* bytes at the span's start that do not take part (misaligned base64), 0..3 */
	size_t run;	   /* start of the maximal run; less than `start` in the later pieces of a cut run */
};

/* Call EMIT for each span of decoder D whose dependency touches DATA[FROM..TO), in ascending order of start: those with
 * run <= TO and end >= FROM, so a span that only borders the range counts, and an empty range means the seam at FROM. Spans are
 * found whole, never beyond [0, LEN); FROM <= TO <= LEN. The union over any ranges that cover [0, LEN) equals one call for
 * the whole. Stops and returns what EMIT returns when that is not 0. Cost: TO - FROM plus the runs that touch the range. */
int cw_decode_find(enum cw_decoder d, const char *data, size_t len, size_t from, size_t to,
		   int (*emit)(const struct cw_span_found *span, void *payload), void *payload);
/* Append the decoded bytes of a span found above. CW_E_NOMEM, CW_E_LIMIT. */
int cw_decode_span(const struct cw_span_found *span, const char *data, struct cw_buf *out, struct cw_err *err);
/* Map offset OFF of the decoded bytes to the offset in DATA of the encoded character that holds its first bit. The exclusive
 * end of decoded bytes [a, b) is cw_decode_map(span, b - 1) + 2. */
size_t cw_decode_map(const struct cw_span_found *span, size_t off);

/* What a whole blob is, from its first 4 KiB (CW_CLASS_PREFIX). */
#define CW_CLASS_PREFIX 4096
enum cw_blob_class { CW_BLOB_PLAIN, CW_BLOB_UTF16LE, CW_BLOB_UTF16BE };
const char *cw_blob_class_name(enum cw_blob_class c);
enum cw_blob_class cw_blob_classify(const char *data, size_t len);
/* Append the text of a UTF-16 blob, one byte a code unit (code units beyond U+00FF become 0x1A), so that offset k of the appended
 * text is offset *ret_bom + 2k of the blob, *ret_bom being 2 when there is a byte order mark, else 0. An odd last byte is left out.
 * CW_E_NOMEM, CW_E_LIMIT; CW_E_INVALID for a plain blob. */
int cw_blob_utf16(enum cw_blob_class c, const char *data, size_t len, struct cw_buf *out, size_t *ret_bom,
		  struct cw_err *err);

#endif
