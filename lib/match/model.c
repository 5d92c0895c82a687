/* match/model.c - reading the rarity tables. */
#include "match/model.h"

#define DIGIT_BITS 3.3219 /* log2(10): which digit it is */
#define SIGN_BITS 3.0	  /* which sign it is; those that join words (_ - . and space) are free */
#define CASE_BITS 2.0	  /* the case changes inside a word; a capital behind small letters, as in camelCase, is one of them */

static inline unsigned symbol(unsigned char c)
{
	unsigned letter = (c | 0x20u) - 'a';

	if (letter < 26)
		return letter + 1;
	return c >= '0' && c <= '9' ? 27 : 0;
}

static inline double surprise(unsigned a, unsigned b, unsigned c)
{
	size_t i = ((size_t)a * CW_MODEL_SYMBOLS + b) * CW_MODEL_SYMBOLS + c;

	return (double)(cw_model_surprise[i] - '#') / CW_MODEL_STEPS;
}

static bool upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool joins(unsigned char c)
{
	return c == '_' || c == '-' || c == '.' || c == ' ';
}

/* What the table does not know about S[I]: its digit, its sign, its case. */
static double extra_bits(const char *s, size_t i, unsigned sym, unsigned before)
{
	unsigned char c = (unsigned char)s[i];

	if (sym == 27)
		return DIGIT_BITS;
	if (sym == 0)
		return joins(c) ? 0 : SIGN_BITS;
	if (before == 0 || before == 27 || upper(c) == upper((unsigned char)s[i - 1]))
		return 0;
	/* a capitalised word: the small letter behind its first capital is expected */
	if (!upper(c) && (i < 2 || !upper((unsigned char)s[i - 2])))
		return 0;
	return CASE_BITS;
}

double cw_model_bits(const char *s, size_t len)
{
	double bits = 0;
	unsigned a = 0, b = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned c = symbol((unsigned char)s[i]);

		bits += surprise(a, b, c) + extra_bits(s, i, c, b);
		a = b;
		b = c;
	}
	return bits;
}

double cw_model_word_bits(const char *s, size_t len)
{
	double bits = 0;
	unsigned a = 0, b = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned c = symbol((unsigned char)s[i]);

		bits += surprise(a, b, c);
		a = b;
		b = c;
	}
	return bits;
}

bool cw_model_common_word(const char *s, size_t len)
{
	uint32_t h = 0x811c9dc5u; /* FNV-1a of the small letters */
	size_t lo = 0, hi = CW_MODEL_WORDS;

	if (len < 3)
		return false;
	for (size_t i = 0; i < len; i++)
		h = (h ^ ((unsigned char)s[i] | 0x20u)) * 0x01000193u;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cw_model_words[mid] == h)
			return true;
		if (cw_model_words[mid] < h)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}
