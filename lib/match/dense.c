/* match/dense.c - see dense.h.
 *
 * 64 bytes at a time: bit masks of piece characters, digits and upper-case letters; shifting and combining them gives all starts of
 * pieces of a block at once. A block needs the CW_DENSE_LEN - 1 bytes behind it, so masks are kept for two blocks. */
#include "match/dense.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BLOCK 64
/* The passes are written once and compiled twice, for any processor and for those with AVX2. */
#define INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define FAST __attribute__((target("avx2,popcnt,bmi,lzcnt")))
#else
#define FAST
#endif

struct masks {
	uint64_t piece, digit, upper;
};

static bool is_upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_piece(unsigned char c)
{
	return is_upper(c) || is_digit(c) || (c >= 'a' && c <= 'z') || c == '+' || c == '/' || c == '_' || c == '-';
}

/* Masks of LEN (at most 64) bytes. */
static struct masks masks_portable(const char *data, size_t len)
{
	struct masks m = {0};

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		m.piece |= (uint64_t)is_piece(c) << i;
		m.digit |= (uint64_t)is_digit(c) << i;
		m.upper |= (uint64_t)is_upper(c) << i;
	}
	return m;
}

#if defined(__x86_64__)
/* Bytes of V within [LO, LO + COUNT): all ones. */
FAST static inline __m256i in_range(__m256i v, char lo, char count)
{
	__m256i off = _mm256_sub_epi8(v, _mm256_set1_epi8(lo));

	return _mm256_cmpeq_epi8(_mm256_min_epu8(off, _mm256_set1_epi8((char)(count - 1))), off);
}

FAST static inline void masks_half(const char *data, uint32_t *piece, uint32_t *digit, uint32_t *upper)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)data);
	__m256i letter = in_range(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), 'a', 26);
	__m256i num = in_range(v, '0', 10), up = in_range(v, 'A', 26);
	__m256i sign = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('+')),
						       _mm256_cmpeq_epi8(v, _mm256_set1_epi8('/'))),
				       _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('_')),
						       _mm256_cmpeq_epi8(v, _mm256_set1_epi8('-'))));

	*piece = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(letter, num), sign));
	*digit = (uint32_t)_mm256_movemask_epi8(num);
	*upper = (uint32_t)_mm256_movemask_epi8(up);
}

FAST static inline struct masks masks_avx2(const char *data)
{
	uint32_t p[2], d[2], u[2];

	masks_half(data, &p[0], &d[0], &u[0]);
	masks_half(data + 32, &p[1], &d[1], &u[1]);
	return (struct masks){.piece = p[0] | (uint64_t)p[1] << 32,
			      .digit = d[0] | (uint64_t)d[1] << 32,
			      .upper = u[0] | (uint64_t)u[1] << 32};
}

static bool have_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}
#else
static struct masks masks_avx2(const char *data)
{
	return masks_portable(data, BLOCK);
}

static bool have_avx2(void)
{
	return false;
}
#endif

/* M shifted down by N (1..63), filled up from the block behind. */
INLINE uint64_t down(uint64_t m, uint64_t next, unsigned n)
{
	return m >> n | next << (BLOCK - n);
}

/* Bit k: all of the CW_DENSE_LEN bits from k on are set. Runs of 2, 4, 8, then 12. */
INLINE uint64_t all_of(uint64_t m, uint64_t next)
{
	for (unsigned n = 1; n <= 4; n *= 2) {
		m &= down(m, next, n);
		next &= next >> n;
	}
	return m & down(m, next, 4);
}

/* Bit k: some of the CW_DENSE_LEN bits from k on are set. */
INLINE uint64_t some_of(uint64_t m, uint64_t next)
{
	for (unsigned n = 1; n <= 4; n *= 2) {
		m |= down(m, next, n);
		next |= next >> n;
	}
	return m | down(m, next, 4);
}

/* Of the piece-character windows STARTS without a digit those that mix upper and lower case enough. */
INLINE uint64_t mixed_case(uint64_t starts, const struct masks *a, const struct masks *b)
{
	uint64_t ret = 0;

	if (__builtin_popcountll(a->upper) + __builtin_popcountll(b->upper & 0x7ff) < CW_DENSE_CASE)
		return 0;
	for (uint64_t left = starts; left; left &= left - 1) {
		unsigned k = (unsigned)__builtin_ctzll(left);
		uint64_t up = k ? down(a->upper, b->upper, k) : a->upper;
		int n = __builtin_popcountll(up & 0xfff);

		/* what is neither upper case nor digit is lower case or one of four signs, which count as such */
		if (n >= CW_DENSE_CASE && CW_DENSE_LEN - n >= CW_DENSE_CASE)
			ret |= UINT64_C(1) << k;
	}
	return ret;
}

INLINE uint64_t starts_of(const struct masks *a, const struct masks *b)
{
	uint64_t run = all_of(a->piece, b->piece), digit;

	if (!run)
		return 0;
	digit = some_of(a->digit, b->digit);
	return (run & digit) | (run & ~digit ? mixed_case(run & ~digit, a, b) : 0);
}

typedef struct masks (*masks_fn)(const char *data);

static struct masks block_portable(const char *data)
{
	return masks_portable(data, BLOCK);
}

INLINE struct masks masks_at(const char *data, size_t len, size_t at, masks_fn block)
{
	if (at >= len)
		return (struct masks){0};
	return len - at < BLOCK ? masks_portable(data + at, len - at) : block(data + at);
}

INLINE uint64_t bits(const char *data, size_t len, size_t at, masks_fn block)
{
	struct masks a = masks_at(data, len, at, block), b = masks_at(data, len, at + BLOCK, block);

	return starts_of(&a, &b);
}

uint64_t cw_dense_bits_portable(const char *data, size_t len, size_t at)
{
	return bits(data, len, at, block_portable);
}

FAST static uint64_t bits_avx2(const char *data, size_t len, size_t at)
{
	return bits(data, len, at, masks_avx2);
}

uint64_t cw_dense_bits(const char *data, size_t len, size_t at)
{
	return have_avx2() ? bits_avx2(data, len, at) : cw_dense_bits_portable(data, len, at);
}

bool cw_dense_near(const char *data, size_t start, size_t end, size_t end_of_anchor)
{
	for (size_t at = start; at < end; at += BLOCK) {
		for (uint64_t left = cw_dense_bits_portable(data, end, at); left; left &= left - 1) {
			size_t p = at + (size_t)__builtin_ctzll(left);

			if (end_of_anchor + CW_DENSE_BEFORE >= p && p + CW_DENSE_LEN + CW_DENSE_AFTER >= end_of_anchor)
				return true;
		}
	}
	return false;
}

struct window { /* the range being grown; a > b: none */
	size_t a, b;
	size_t from, to;
	int (*emit)(size_t a, size_t b, void *payload);
	void *payload;
};

/* Add the anchor ends near pieces that begin in [FIRST, LAST], which are less than a block apart. */
static int add_window(struct window *w, size_t first, size_t last)
{
	size_t a = first > w->from + CW_DENSE_BEFORE ? first - CW_DENSE_BEFORE : w->from;
	size_t b = last + CW_DENSE_LEN + CW_DENSE_AFTER;
	int rc = 0;

	b = b < w->to ? b : w->to;
	if (a > b)
		return 0;
	if (w->a <= w->b && a <= w->b + 1) {
		w->b = b > w->b ? b : w->b;
		return 0;
	}
	if (w->a <= w->b)
		rc = w->emit(w->a, w->b, w->payload);
	w->a = a;
	w->b = b;
	return rc;
}

INLINE int find_windows(const char *data, size_t len, struct window *w, masks_fn block)
{
	size_t back = CW_DENSE_LEN + CW_DENSE_AFTER, at = w->from > back ? w->from - back : 0;
	struct masks a = masks_at(data, len, at, block), b;

	for (; at < len && at <= w->to + CW_DENSE_BEFORE; at += BLOCK, a = b) {
		uint64_t found;
		int rc;

		b = masks_at(data, len, at + BLOCK, block);
		found = starts_of(&a, &b);
		if (!found)
			continue;
		rc = add_window(w, at + (size_t)__builtin_ctzll(found), at + 63 - (size_t)__builtin_clzll(found));
		if (rc != 0)
			return rc;
	}
	return w->a <= w->b ? w->emit(w->a, w->b, w->payload) : 0;
}

FAST static int windows_avx2(const char *data, size_t len, struct window *w)
{
	return find_windows(data, len, w, masks_avx2);
}

static int windows_portable(const char *data, size_t len, struct window *w)
{
	return find_windows(data, len, w, block_portable);
}

int cw_dense_windows(const char *data, size_t len, size_t from, size_t to, int (*window)(size_t a, size_t b, void *payload),
		     void *payload)
{
	struct window w = {.a = 1, .b = 0, .from = from, .to = to, .emit = window, .payload = payload};

	return have_avx2() ? windows_avx2(data, len, &w) : windows_portable(data, len, &w);
}
