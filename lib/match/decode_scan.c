/* match/decode_scan.c - where runs of base64 letters are: one vectorised pass over the bytes.
 *
 * Every byte of every blob goes through here, so it must cost far less than the matching itself. Bytes are turned into bit masks
 * (a byte is a letter iff two nibble tables agree on a bit), and words of 64 bits are searched for 24 set bits in a row. */
#include <string.h>

#include "match/decode_base64.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#define HAVE_X86 1
#endif

const unsigned char cw_b64_value[256] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  62, 255,  62, 255,  63,
	 52,  53,  54,  55,  56,  57,  58,  59,  60,  61, 255, 255, 255, 255, 255, 255,
	255,   0,   1,   2,   3,   4,   5,   6,   7,   8,   9,  10,  11,  12,  13,  14,
	 15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25, 255, 255, 255, 255,  63,
	255,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,  39,  40,
	 41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

void cw_b64_masks_scalar(const char *data, size_t len, uint64_t *masks)
{
	for (size_t i = 0; i < len; i += 64) {
		size_t n = len - i < 64 ? len - i : 64;
		uint64_t m = 0;

		for (size_t k = 0; k < n; k++)
			m |= (uint64_t)(cw_b64_value[(unsigned char)data[i + k]] != 0xff) << k;
		masks[i / 64] = m;
	}
}

#ifdef HAVE_X86
/* A byte is a letter iff low_bits[low nibble] & high_bits[high nibble] is not 0. Bits: 1 = row 2 (+ - /), 2 = row 3 (digits),
 * 4 = rows 4 and 6 (A-O a-o), 8 = row 5 (P-Z _), 16 = row 7 (p-z). A byte above 0x7f selects 0 in the first shuffle. */
#define LOW_BITS                                                                                                       \
	2 + 8 + 16, 2 + 4 + 8 + 16, 2 + 4 + 8 + 16, 2 + 4 + 8 + 16, 2 + 4 + 8 + 16, 2 + 4 + 8 + 16, 2 + 4 + 8 + 16,    \
		2 + 4 + 8 + 16, 2 + 4 + 8 + 16, 2 + 4 + 8 + 16, 4 + 8 + 16, 1 + 4, 4, 1 + 4, 4, 1 + 4 + 8
#define HIGH_BITS 0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0

/* The last, incomplete word: a copy padded with bytes that are no letters. */
#define MASK_TAIL(mask64, data, done, len, masks)                                                                      \
	do {                                                                                                           \
		if ((done) < (len)) {                                                                                  \
			char tail[64] = { 0 };                                                                         \
			memcpy(tail, (data) + (done), (len) - (done));                                                 \
			(masks)[(done) / 64] = mask64(tail);                                                           \
		}                                                                                                      \
	} while (0)

__attribute__((target("ssse3"))) static inline uint64_t mask16_ssse3(const char *p)
{
	const __m128i low = _mm_setr_epi8(LOW_BITS), high = _mm_setr_epi8(HIGH_BITS);
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i nibble = _mm_and_si128(_mm_srli_epi16(v, 4), _mm_set1_epi8(0x0f));
	__m128i both = _mm_and_si128(_mm_shuffle_epi8(low, v), _mm_shuffle_epi8(high, nibble));

	return (uint64_t)(~_mm_movemask_epi8(_mm_cmpeq_epi8(both, _mm_setzero_si128())) & 0xffff);
}

__attribute__((target("ssse3"))) static inline uint64_t mask64_ssse3(const char *p)
{
	return mask16_ssse3(p) | mask16_ssse3(p + 16) << 16 | mask16_ssse3(p + 32) << 32 | mask16_ssse3(p + 48) << 48;
}

__attribute__((target("ssse3"))) static void masks_ssse3(const char *data, size_t len, uint64_t *masks)
{
	size_t done = 0;

	for (; done + 64 <= len; done += 64)
		masks[done / 64] = mask64_ssse3(data + done);
	MASK_TAIL(mask64_ssse3, data, done, len, masks);
}

__attribute__((target("avx2"))) static inline uint64_t mask32_avx2(const char *p)
{
	const __m256i low = _mm256_setr_epi8(LOW_BITS, LOW_BITS), high = _mm256_setr_epi8(HIGH_BITS, HIGH_BITS);
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i nibble = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));
	__m256i both = _mm256_and_si256(_mm256_shuffle_epi8(low, v), _mm256_shuffle_epi8(high, nibble));

	return (uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(both, _mm256_setzero_si256()));
}

__attribute__((target("avx2"))) static inline uint64_t mask64_avx2(const char *p)
{
	return mask32_avx2(p) | mask32_avx2(p + 32) << 32;
}

__attribute__((target("avx2"))) static void masks_avx2(const char *data, size_t len, uint64_t *masks)
{
	size_t done = 0;

	for (; done + 64 <= len; done += 64)
		masks[done / 64] = mask64_avx2(data + done);
	MASK_TAIL(mask64_avx2, data, done, len, masks);
}
#endif

cw_b64_mask_fn *const *cw_b64_masks_all(void)
{
#ifdef HAVE_X86
	static cw_b64_mask_fn *const with_avx2[] = { cw_b64_masks_scalar, masks_ssse3, masks_avx2, NULL };
	static cw_b64_mask_fn *const with_ssse3[] = { cw_b64_masks_scalar, masks_ssse3, NULL };

	if (__builtin_cpu_supports("avx2"))
		return with_avx2;
	if (__builtin_cpu_supports("ssse3"))
		return with_ssse3;
#endif
	static cw_b64_mask_fn *const portable[] = { cw_b64_masks_scalar, NULL };

	return portable;
}

cw_b64_mask_fn *cw_b64_masks_best(void)
{
	cw_b64_mask_fn *const *all = cw_b64_masks_all();

	while (all[1])
		all++;
	return *all;
}

/* The words before the current one at each step: bit k of m[i] says that a run of 2^i letters ends at letter k. */
struct carry {
	uint64_t m[4];
};

/* Bit k of the result says that at least 24 letters in a row end at bit k of M. */
static inline uint64_t runs_of_24(uint64_t m, struct carry *c)
{
	uint64_t r2 = m & (m << 1 | c->m[0] >> 63);
	uint64_t r4 = r2 & (r2 << 2 | c->m[1] >> 62);
	uint64_t r8 = r4 & (r4 << 4 | c->m[2] >> 60);
	uint64_t r16 = r8 & (r8 << 8 | c->m[3] >> 56);
	uint64_t r24 = r16 & (r8 << 16 | c->m[3] >> 48);

	_Static_assert(CW_DECODE_RUN_MIN == 24, "the steps above add up to 24");
	c->m[0] = m;
	c->m[1] = r2;
	c->m[2] = r4;
	c->m[3] = r8;
	return r24;
}

/* The end of the letters that go on at POS. */
static size_t run_end(const struct cw_b64_scan *s, size_t pos)
{
	while (pos < s->len) {
		size_t n = s->len - pos < 64 ? s->len - pos : 64;
		uint64_t m;

		s->masks(s->data + pos, n, &m);
		if (m != UINT64_MAX)
			return pos + (size_t)__builtin_ctzll(~m);
		pos += 64;
	}
	return pos;
}

size_t cw_b64_run_start(const char *data, size_t pos)
{
	cw_b64_mask_fn *masks = cw_b64_masks_best();
	uint64_t m = UINT64_MAX;

	while (pos >= 64) {
		masks(data + pos - 64, 64, &m);
		if (m != UINT64_MAX)
			return pos - (size_t)__builtin_clzll(~m);
		pos -= 64;
	}
	while (pos > 0 && cw_b64_value[(unsigned char)data[pos - 1]] != 0xff)
		pos--;
	return pos;
}

/* Classify the next bytes; false at the end. The 24th letter of a run that begins before `stop` is before the limit. */
static bool refill(struct cw_b64_scan *s)
{
	size_t limit = s->len - s->stop < CW_DECODE_RUN_MIN ? s->len : s->stop + CW_DECODE_RUN_MIN;

	if (s->pos >= limit)
		return false;
	s->batch = s->pos;
	s->filled = limit - s->pos < CW_B64_BATCH ? limit - s->pos : CW_B64_BATCH;
	s->masks(s->data + s->pos, s->filled, s->words);
	return true;
}

size_t cw_b64_next_run(struct cw_b64_scan *s, size_t *ret_end)
{
	struct carry carry = { { 0 } };

	while (s->pos < s->batch + s->filled || refill(s)) {
		size_t w = (s->pos - s->batch) / 64;

		s->words[w] &= UINT64_MAX << ((s->pos - s->batch) % 64); /* what stands before belongs to the last run */
		for (; w < (s->filled + 63) / 64; w++) {
			uint64_t ends = runs_of_24(s->words[w], &carry);

			if (ends) {
				size_t at = s->batch + w * 64 + (size_t)__builtin_ctzll(ends);

				s->pos = *ret_end = run_end(s, at + 1);
				return at + 1 - CW_DECODE_RUN_MIN;
			}
		}
		s->pos = s->batch + s->filled;
	}
	return s->len;
}
