/* Fuzz target: base64 spans and UTF-16 blobs. The first two bytes choose a range; what it finds must be part of what the whole finds, and every
 * span must decode to the length and the places that it says. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "match/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

struct found {
	struct cw_span_found v[256];
	size_t n;
};

static int collect(const struct cw_span_found *span, void *payload)
{
	struct found *f = payload;

	if (f->n == sizeof(f->v) / sizeof(*f->v))
		return 1;
	require(f->n == 0 || span->start >= f->v[f->n - 1].end);
	f->v[f->n++] = *span;
	return 0;
}

static void check_span(const struct cw_span_found *s, const char *text, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	require(s->run <= s->start && s->start < s->end && s->end <= len && s->end - s->start <= CW_DECODE_RUN_MAX);
	require(s->skip < 4 && s->end - s->start >= CW_DECODE_RUN_MIN);
	require(cw_decode_span(s, text, &out, NULL) == 0);
	require(out.len >= CW_DECODE_MIN && out.len <= (s->end - s->start) / 4 * 3 + 2);
	for (size_t i = 0; i < out.len; i++) {
		size_t at = cw_decode_map(s, i);

		require(at >= s->start + s->skip && at + 2 <= s->end && text[at] != '=' && text[at + 1] != '=');
	}
}

static void check_range(const char *text, size_t len, size_t from, size_t to, const struct found *whole)
{
	struct found part = { .n = 0 };
	size_t k = 0;

	require(cw_decode_find(CW_DECODER_BASE64, text, len, from, to, collect, &part) == 0);
	for (size_t i = 0; i < whole->n; i++) {
		if (whole->v[i].run > to || whole->v[i].end < from)
			continue;
		require(k < part.n && part.v[k].start == whole->v[i].start && part.v[k].end == whole->v[i].end);
		require(part.v[k].skip == whole->v[i].skip && part.v[k].run == whole->v[i].run);
		k++;
	}
	require(k == part.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf wide = CW_BUF_INIT;
	struct found whole = { .n = 0 };
	const char *text = (const char *)data + 2;
	enum cw_blob_class c;
	size_t from, to, bom;

	if (len < 2)
		return 0;
	len -= 2;
	c = cw_blob_classify(text, len);
	if (c != CW_BLOB_PLAIN) {
		require(cw_blob_utf16(c, text, len, &wide, &bom, NULL) == 0);
		require(wide.len == (len - bom) / 2);
	}
	if (cw_decode_find(CW_DECODER_BASE64, text, len, 0, len, collect, &whole) != 0)
		return 0;
	for (size_t i = 0; i < whole.n; i++)
		check_span(&whole.v[i], text, len);
	from = len * data[0] / 256;
	to = from + (len - from) * data[1] / 255;
	check_range(text, len, from, to, &whole);
	return 0;
}
