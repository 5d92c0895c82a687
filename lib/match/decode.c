/* match/decode.c - the list of decoders. */
#include <assert.h>

#include "match/decode.h"
#include "match/decode_base64.h"

struct decoder {
	const char *name;
	unsigned bits; /* of content in one encoded character */
	int (*find)(const char *data, size_t len, size_t from, size_t to,
		    int (*emit)(const struct cw_span_found *span, void *payload), void *payload);
	int (*decode)(const struct cw_span_found *span, const char *data, struct cw_buf *out, struct cw_err *err);
};

static const struct decoder decoders[CW_DECODER_COUNT_] = {
	[CW_DECODER_BASE64] = { "base64", 6, cw_b64_find, cw_b64_span },
};

const char *cw_decoder_name(enum cw_decoder d)
{
	assert(d < CW_DECODER_COUNT_);
	return decoders[d].name;
}

int cw_decode_find(enum cw_decoder d, const char *data, size_t len, size_t from, size_t to,
		   int (*emit)(const struct cw_span_found *span, void *payload), void *payload)
{
	assert(d < CW_DECODER_COUNT_ && from <= to && to <= len);
	return decoders[d].find(data, len, from, to, emit, payload);
}

int cw_decode_span(const struct cw_span_found *span, const char *data, struct cw_buf *out, struct cw_err *err)
{
	return decoders[span->decoder].decode(span, data, out, err);
}

size_t cw_decode_map(const struct cw_span_found *span, size_t off)
{
	return span->start + span->skip + off * 8 / decoders[span->decoder].bits;
}
