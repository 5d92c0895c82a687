/* match/blobclass.c - what a whole blob is, and the text of UTF-16 blobs.
 *
 * UTF-16 without a byte order mark is told by its NULs: text in Latin letters has one in every second byte. A blob taken for
 * UTF-16 by mistake costs a second pass over half its size and nothing else, because its raw bytes are scanned in any case. */
#include <assert.h>
#include <string.h>

#include "match/decode.h"

#define PAIRS_MIN 4 /* code units without a mark that say anything */

const char *cw_blob_class_name(enum cw_blob_class c)
{
	static const char *const names[] = {
		[CW_BLOB_PLAIN] = "plain", [CW_BLOB_UTF16LE] = "utf-16le", [CW_BLOB_UTF16BE] = "utf-16be"
	};

	assert((size_t)c < sizeof(names) / sizeof(*names));
	return names[c];
}

static bool is_text(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

/* At least half of the code units are ASCII text with their NUL at parity NUL_AT, and hardly any NUL stands at the other. */
static bool utf16_parity(const unsigned char *p, size_t pairs, unsigned nul_at)
{
	size_t text = 0, wrong = 0;

	for (size_t i = 0; i < pairs; i++) {
		unsigned char nul = p[2 * i + nul_at], letter = p[2 * i + !nul_at];

		text += nul == 0 && is_text(letter);
		wrong += letter == 0;
	}
	return text >= pairs - pairs / 2 && wrong <= pairs / 16;
}

enum cw_blob_class cw_blob_classify(const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	size_t n = len < CW_CLASS_PREFIX ? len : CW_CLASS_PREFIX;

	if (n >= 2 && p[0] == 0xff && p[1] == 0xfe)
		return CW_BLOB_UTF16LE;
	if (n >= 2 && p[0] == 0xfe && p[1] == 0xff)
		return CW_BLOB_UTF16BE;
	if (n / 2 < PAIRS_MIN || !memchr(p, 0, n)) /* nearly every blob ends here */
		return CW_BLOB_PLAIN;
	if (utf16_parity(p, n / 2, 1))
		return CW_BLOB_UTF16LE;
	if (utf16_parity(p, n / 2, 0))
		return CW_BLOB_UTF16BE;
	return CW_BLOB_PLAIN;
}

int cw_blob_utf16(enum cw_blob_class c, const char *data, size_t len, struct cw_buf *out, size_t *ret_bom,
		  struct cw_err *err)
{
	const unsigned char *p = (const unsigned char *)data;
	unsigned low = c == CW_BLOB_UTF16BE; /* which byte of a unit is the low one */
	size_t bom, units;
	char *to;
	int rc;

	if (c != CW_BLOB_UTF16LE && c != CW_BLOB_UTF16BE)
		return cw_err_set(err, CW_E_INVALID, "not UTF-16 text");
	bom = len >= 2 && p[low] == 0xff && p[!low] == 0xfe ? 2 : 0;
	units = (len - bom) / 2;
	rc = cw_buf_reserve(out, units);
	if (rc)
		return cw_buf_fail(out, "UTF-16 text", err);
	to = out->data + out->len;
	p += bom;
	for (size_t i = 0; i < units; i++)
		to[i] = p[2 * i + !low] ? 0x1a : (char)p[2 * i + low];
	cw_buf_commit(out, units);
	*ret_bom = bom;
	return 0;
}
