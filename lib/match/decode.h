/* match/decode.h - decoders: spans of a blob that hold other bytes, and what those are.
 *
 * A decoder finds maximal runs of its alphabet in the given bytes; each run is at most CW_DECODE_RUN_MAX (longer runs are
 * cut every CW_DECODE_RUN_MAX bytes from their start). A span depends on its run plus one byte on each side and nothing
 * else, so that it can be inherited through deltas. Decoded text that cannot hold a secret (not mostly printable text, shorter
 * than CW_DECODE_MIN) is dropped, by the run's bytes alone. Threads: reentrant. */
#ifndef CW_MATCH_DECODE_H
#define CW_MATCH_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CW_DECODE_RUN_MAX ((size_t)1 << 20) /* encoded bytes */
#define CW_DECODE_MIN 12		    /* decoded bytes worth scanning */
#define CW_DECODE_DEPTH_MAX 3		    /* decoders inside decoders */

enum cw_decoder { CW_DECODER_BASE64, CW_DECODER_COUNT_ };
const char *cw_decoder_name(enum cw_decoder d);

struct cw_span_found {
	enum cw_decoder decoder;
	size_t start, end; /* the run in the scanned bytes, half-open */
	size_t skip;	   /* bytes at the run's start that do not take part (misaligned base64) */
};

/* Call EMIT for each run of decoder D in DATA[FROM..TO), in ascending order of start; runs that begin before FROM or go on past
 * TO are found whole when they touch the range, never beyond [0, LEN). Stops and returns what EMIT returns when that is
 * not 0. */
int cw_decode_find(enum cw_decoder d, const char *data, size_t len, size_t from, size_t to,
		   int (*emit)(const struct cw_span_found *span, void *payload), void *payload);
/* Append the decoded bytes of a span found above. CW_E_NOMEM, CW_E_LIMIT. */
int cw_decode_span(const struct cw_span_found *span, const char *data, struct cw_buf *out, struct cw_err *err);
/* Map offset OFF of the decoded bytes to the offset in DATA of the encoded character that holds its first bit. */
size_t cw_decode_map(const struct cw_span_found *span, size_t off);

/* What a whole blob is, from its first 4 KiB (CW_CLASS_PREFIX). */
#define CW_CLASS_PREFIX 4096
enum cw_blob_class { CW_BLOB_PLAIN, CW_BLOB_UTF16LE, CW_BLOB_UTF16BE };
const char *cw_blob_class_name(enum cw_blob_class c);
enum cw_blob_class cw_blob_classify(const char *data, size_t len);
/* Append the text of a UTF-16 blob, one byte a code unit (code units beyond U+00FF become 0x1A), so that offset k of the result
 * is offset BOM + 2k of the blob, BOM being 2 when there is a byte order mark, else 0. */
int cw_blob_utf16(enum cw_blob_class c, const char *data, size_t len, struct cw_buf *out, size_t *ret_bom,
		  struct cw_err *err);

#endif
