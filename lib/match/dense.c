/* match/dense.c - see dense.h.
 *
 * 64 bytes at a time: bit masks of piece characters, and where there is a run of them of digits and upper-case letters; shifting
 * and combining masks gives all starts of pieces of a block at once. A block needs the CW_DENSE_LEN - 1 bytes behind it, so
 * masks are taken of two blocks. */
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

/* The kinds of bytes that masks are made of. */
enum kind { PIECE, DIGIT, UPPER };

static bool is_kind(unsigned char c, enum kind kind)
{
	bool upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';

	if (kind == UPPER)
		return upper;
	if (kind == DIGIT)
		return digit;
	return upper || digit || (c >= 'a' && c <= 'z') || c == '+' || c == '/' || c == '_' || c == '-';
}

/* The mask of LEN (at most 64) bytes. */
static uint64_t mask_portable(const char *data, size_t len, enum kind kind)
{
	uint64_t m = 0;

	for (size_t i = 0; i < len; i++)
		m |= (uint64_t)is_kind((unsigned char)data[i], kind) << i;
	return m;
}

static uint64_t block_portable(const char *data, enum kind kind)
{
	return mask_portable(data, BLOCK, kind);
}

#if defined(__x86_64__)
/* Piece characters by their two half-bytes: each column of the ASCII table (high half) has a bit, and the row (low half) says in which
 * columns it holds one. Bits: 1 column 2 (+ - /), 2 column 3 (digits), 4 columns 4 and 6 (letters), 8 column 5, 16 column 7. */
#define COLUMNS 0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0
#define ROWS 26, 30, 30, 30, 30, 30, 30, 30, 30, 30, 28, 5, 4, 5, 4, 13

FAST static inline uint32_t pieces_avx2(__m256i v)
{
	const __m256i columns = _mm256_setr_epi8(COLUMNS, COLUMNS), rows = _mm256_setr_epi8(ROWS, ROWS);
	const __m256i half = _mm256_set1_epi8(0x0f);
	__m256i hi = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);
	/* shuffle gives 0 for bytes above 0x7f, which are no piece characters */
	__m256i both = _mm256_and_si256(_mm256_shuffle_epi8(columns, hi), _mm256_shuffle_epi8(rows, v));

	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(both, _mm256_setzero_si256()));
}

/* Bytes of V within [LO, LO + COUNT). */
FAST static inline uint32_t range_avx2(__m256i v, char lo, char count)
{
	__m256i off = _mm256_sub_epi8(v, _mm256_set1_epi8(lo));

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(off, _mm256_set1_epi8((char)(count - 1))), off));
}

FAST static inline uint64_t block_avx2(const char *data, enum kind kind)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)data);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));

	if (kind == PIECE)
		return pieces_avx2(a) | (uint64_t)pieces_avx2(b) << 32;
	if (kind == DIGIT)
		return range_avx2(a, '0', 10) | (uint64_t)range_avx2(b, '0', 10) << 32;
	return range_avx2(a, 'A', 26) | (uint64_t)range_avx2(b, 'A', 26) << 32;
}

static bool have_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}
#else
static uint64_t block_avx2(const char *data, enum kind kind)
{
	return block_portable(data, kind);
}

static bool have_avx2(void)
{
	return false;
}
#endif

typedef uint64_t (*block_fn)(const char *data, enum kind kind);

/* The mask of the block at AT; bytes behind the end are of no kind. */
INLINE uint64_t mask_at(const char *data, size_t len, size_t at, enum kind kind, block_fn block)
{
	if (at >= len)
		return 0;
	return len - at < BLOCK ? mask_portable(data + at, len - at, kind) : block(data + at, kind);
}

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

__extension__ typedef unsigned __int128 wide; /* a block and the one behind it */

/* Numbers of up to four bits, one at every position: bit k of b[i] is bit i of the number at k. */
struct counts {
	wide b[4];
};

/* The numbers at k plus those at k + N. */
INLINE struct counts add_shifted(struct counts x, struct counts y, unsigned n)
{
	wide carry = 0;

	for (int i = 0; i < 4; i++) {
		wide other = y.b[i] >> n, sum = x.b[i] ^ other ^ carry;

		carry = (x.b[i] & other) | (carry & (x.b[i] ^ other));
		x.b[i] = sum;
	}
	return x;
}

/* The windows that mix upper-case letters with others: all windows of a block are counted at once. */
INLINE uint64_t mixed_case(uint64_t upper, uint64_t next)
{
	struct counts one = {{(wide)next << 64 | upper}}, two, four, twelve;

	_Static_assert(CW_DENSE_LEN == 12 && CW_DENSE_CASE == 5, "the sums below are made for these");
	two = add_shifted(one, one, 1);
	four = add_shifted(two, two, 2);
	twelve = add_shifted(add_shifted(four, four, 4), four, 8);
	/* 5, 6 or 7 of 12 */
	return (uint64_t)(~twelve.b[3] & twelve.b[2] & (twelve.b[1] | twelve.b[0]));
}

/* The starts of pieces in the block at AT, whose piece characters are PIECE, those of the block behind it NEXT. */
INLINE uint64_t starts_at(const char *data, size_t len, size_t at, uint64_t piece, uint64_t next, block_fn block)
{
	uint64_t run = all_of(piece, next), digit, left;

	if (!run)
		return 0;
	digit = some_of(mask_at(data, len, at, DIGIT, block), mask_at(data, len, at + BLOCK, DIGIT, block));
	left = run & ~digit;
	if (left) {
		uint64_t upper = mask_at(data, len, at, UPPER, block), behind = mask_at(data, len, at + BLOCK, UPPER, block);

		/* names in one case are most of what is left: a window without a change of case mixes nothing */
		left &= some_of(upper ^ down(upper, behind, 1), behind ^ behind >> 1);
		if (left)
			left &= mixed_case(upper, behind);
	}
	return (run & digit) | left;
}

INLINE uint64_t bits(const char *data, size_t len, size_t at, block_fn block)
{
	return starts_at(data, len, at, mask_at(data, len, at, PIECE, block), mask_at(data, len, at + BLOCK, PIECE, block),
			 block);
}

uint64_t cw_dense_bits_portable(const char *data, size_t len, size_t at)
{
	return bits(data, len, at, block_portable);
}

FAST static uint64_t bits_avx2(const char *data, size_t len, size_t at)
{
	return bits(data, len, at, block_avx2);
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

INLINE int find_windows(const char *data, size_t len, struct window *w, block_fn block)
{
	size_t back = CW_DENSE_LEN + CW_DENSE_AFTER, at = w->from > back ? w->from - back : 0;
	uint64_t piece = mask_at(data, len, at, PIECE, block), next;

	for (; at < len && at <= w->to + CW_DENSE_BEFORE; at += BLOCK, piece = next) {
		uint64_t found;
		int rc;

		next = mask_at(data, len, at + BLOCK, PIECE, block);
		found = starts_at(data, len, at, piece, next, block);
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
	return find_windows(data, len, w, block_avx2);
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
