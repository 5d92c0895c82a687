/* base/sort.c - a radix sort from the lowest digit up; digits in which no two keys differ cost nothing. */
#include "base/sort.h"

#define DIGIT_BITS 11
#define DIGITS ((size_t)1 << DIGIT_BITS)

static void sort_digit(const struct cw_sort_key *from, struct cw_sort_key *to, size_t n, unsigned shift)
{
	size_t at[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[from[i].key >> shift & (DIGITS - 1)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

struct cw_sort_key *cw_sort_keys(struct cw_sort_key *keys, struct cw_sort_key *spare, size_t n)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= keys[i].key ^ keys[0].key;
	for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
		struct cw_sort_key *old = keys;

		if (!(differ >> shift & (DIGITS - 1)))
			continue;
		sort_digit(keys, spare, n, shift);
		keys = spare;
		spare = old;
	}
	return keys;
}
