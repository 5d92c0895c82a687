/* match/decode_base64.c - which runs of base64 letters hold text, and the text.
 *
 * Most long runs in source code are identifiers, paths and hex digits, so a run is refused after a few letters when what it
 * decodes to cannot be text. A run need not begin where the base64 begins ("\nSGVs..." in JSON has an 'n' too many), so all four
 * alignments (`skip`) are tried; the letters before the right one decode to a few bytes of rubbish at worst.
 *
 * Exactness: worth() sees the letters of one span and nothing else; its sample positions depend on their number only. */
#include <string.h>

#include "match/decode_base64.h"

/* Letters of one sample: four groups for each of the four alignments. */
#define SAMPLE 19
#define SAMPLE_BYTES 12

/* Bit v: value v may be the first, second or third letter of a group whose three bytes are all below 0x80 and no
 * control byte but NUL, TAB, LF, CR (bytes 0x01-0x03, 0x08, 0x0b, 0x0c, 0x0e and 0x0f pass here and fail later). */
#define OK_FIRST UINT64_C(0x00000000ffffff0d)
#define OK_SECOND UINT64_C(0x00ff00ff00ff00ff)
#define OK_THIRD UINT64_C(0x3333333333333333)

/* Bit s, 0 <= s < 4: the letter of value V, I letters behind the start of a sample, can stand there if the first group of four
 * begins at letter s. */
static inline unsigned alignments(unsigned v, unsigned i)
{
	unsigned r = (unsigned)(OK_FIRST >> v & 1) | 2 | (unsigned)(OK_THIRD >> v & 1) << 2 |
		     (unsigned)(OK_SECOND >> v & 1) << 3;

	r |= r << 4;
	return r >> (4 - i % 4) & 15;
}

static unsigned sample_alignments(const char *letters)
{
	static const unsigned char outside[4] = { 14, 12, 8, 0 }; /* alignments that begin behind letter i */
	unsigned live = 15;

	for (unsigned i = 0; i < SAMPLE && live; i++) {
		unsigned ok = alignments(cw_b64_value[(unsigned char)letters[i]], i);

		live &= i < 4 ? ok | outside[i] : ok;
	}
	return live;
}

static inline void decode_group(const char *p, unsigned char *out)
{
	unsigned a = cw_b64_value[(unsigned char)p[0]], b = cw_b64_value[(unsigned char)p[1]];
	unsigned c = cw_b64_value[(unsigned char)p[2]], d = cw_b64_value[(unsigned char)p[3]];

	out[0] = (unsigned char)(a << 2 | b >> 4);
	out[1] = (unsigned char)(b << 4 | c >> 2);
	out[2] = (unsigned char)(c << 6 | d);
}

static inline bool is_text(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

struct tally {
	size_t bytes, text;
	size_t nul[2]; /* at even and odd offsets */
};

static void tally_groups(const char *letters, size_t groups, struct tally *t)
{
	for (size_t g = 0; g < groups; g++) {
		unsigned char b[3];

		decode_group(letters + 4 * g, b);
		for (unsigned i = 0; i < 3; i++, t->bytes++) {
			t->text += is_text(b[i]);
			t->nul[t->bytes & 1] += b[i] == 0;
		}
	}
}

/* At least three quarters of the bytes are text, or every second byte is NUL and most of the others are text. */
static bool mostly_text(const struct tally *t)
{
	size_t nul = t->nul[0] > t->nul[1] ? t->nul[0] : t->nul[1];

	if (t->text >= t->bytes - t->bytes / 4)
		return true;
	return nul >= t->bytes / 2 - t->bytes / 8 && t->text + nul >= t->bytes - t->bytes / 4;
}

/* Does the sample hold nothing but text (or UTF-16 text) at alignment SKIP? */
static bool sample_is_text(const char *letters, size_t skip)
{
	struct tally t = { 0 };

	tally_groups(letters + skip, SAMPLE_BYTES / 3, &t);
	return t.text == SAMPLE_BYTES || (t.text + t.nul[0] == SAMPLE_BYTES && t.nul[0] == SAMPLE_BYTES / 2) ||
	       (t.text + t.nul[1] == SAMPLE_BYTES && t.nul[1] == SAMPLE_BYTES / 2);
}

static bool worth_at(const char *letters, size_t n, size_t skip)
{
	struct tally t = { 0 };

	tally_groups(letters + skip, (n - skip) / 4, &t);
	return t.bytes >= CW_DECODE_MIN && mostly_text(&t);
}

/* Do N letters (at least CW_DECODE_RUN_MIN) hold text? Sets *ret_skip. Longer runs are sampled at several places, since text may
 * begin behind a prefix or with letters outside ASCII. */
static bool worth(const char *letters, size_t n, size_t *ret_skip)
{
	size_t samples = n < 48 ? 1 : n < 96 ? 2 : 4;
	unsigned tried = 0;

	for (size_t i = 0; i < samples; i++) {
		const char *sample = letters + (i * (n - SAMPLE) / samples & ~(size_t)3);
		unsigned live = sample_alignments(sample) & ~tried;

		for (size_t skip = 0; skip < 4; skip++) {
			if (!(live >> skip & 1) || !sample_is_text(sample, skip))
				continue;
			if (worth_at(letters, n, skip)) {
				*ret_skip = skip;
				return true;
			}
			tried |= 1u << skip;
		}
	}
	return false;
}

struct find {
	const char *data;
	size_t from;
	int (*emit)(const struct cw_span_found *span, void *payload);
	void *payload;
};

/* Emit the pieces of the run [START, END), of which the bytes from LETTERS_END on are padding. */
static int emit_run(const struct find *f, size_t start, size_t letters_end, size_t end)
{
	for (size_t piece = start; piece < end; piece += CW_DECODE_RUN_MAX) {
		size_t stop = end - piece < CW_DECODE_RUN_MAX ? end : piece + CW_DECODE_RUN_MAX;
		size_t letters = stop < letters_end ? stop - piece : letters_end > piece ? letters_end - piece : 0;
		struct cw_span_found span = { .decoder = CW_DECODER_BASE64, .start = piece, .end = stop, .run = start };
		int rc;

		if (stop < f->from || letters < CW_DECODE_RUN_MIN || !worth(f->data + piece, letters, &span.skip))
			continue;
		rc = f->emit(&span, f->payload);
		if (rc)
			return rc;
	}
	return 0;
}

/* Where to begin so that a run which ends at or behind FROM is seen whole. */
static size_t begin_of(const char *data, size_t from)
{
	size_t letters_end = from;

	while (letters_end > 0 && from - letters_end < 2 && data[letters_end - 1] == '=')
		letters_end--;
	size_t start = cw_b64_run_start(data, letters_end);

	return start < letters_end ? start : from;
}

int cw_b64_find(const char *data, size_t len, size_t from, size_t to,
		int (*emit)(const struct cw_span_found *span, void *payload), void *payload)
{
	struct find f = { .data = data, .from = from, .emit = emit, .payload = payload };
	struct cw_b64_scan scan = { .data = data,
				    .len = len,
				    .pos = begin_of(data, from),
				    .stop = to < len ? to + 1 : len, /* a run may begin at TO itself */
				    .masks = cw_b64_masks_best() };
	size_t start, letters_end;

	while ((start = cw_b64_next_run(&scan, &letters_end)) < len && start <= to) {
		size_t end = letters_end;
		int rc;

		while (end < len && end - letters_end < 2 && data[end] == '=')
			end++;
		rc = emit_run(&f, start, letters_end, end);
		if (rc)
			return rc;
	}
	return 0;
}

int cw_b64_span(const struct cw_span_found *span, const char *data, struct cw_buf *out, struct cw_err *err)
{
	const char *letters = data + span->start + span->skip;
	size_t n = span->end - span->start - span->skip;
	unsigned char group[3], *p;
	int rc;

	while (n > 0 && letters[n - 1] == '=')
		n--;
	rc = cw_buf_reserve(out, n / 4 * 3 + 3);
	if (rc)
		return cw_buf_fail(out, "decoded base64", err);
	p = (unsigned char *)out->data + out->len;
	for (size_t i = 0; i + 4 <= n; i += 4, p += 3)
		decode_group(letters + i, p);
	if (n % 4 >= 2) {
		char last[4] = { 'A', 'A', 'A', 'A' };

		memcpy(last, letters + n / 4 * 4, n % 4);
		decode_group(last, group);
		memcpy(p, group, n % 4 - 1);
		p += n % 4 - 1;
	}
	cw_buf_commit(out, (size_t)(p - (unsigned char *)out->data) - out->len);
	return 0;
}
