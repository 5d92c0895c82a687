/* match/value_repeat.c - values that a finger makes: aaaa, abcabc, 12345678, qwerty. */
#include <string.h>

#include "match/value_checks.h"

#define PERIOD_MAX 64

static char fold(char c)
{
	return cw_is_upper(c) ? (char)(c | 0x20) : c;
}

/* Letters and digits of the value, folded, into OUT; returns how many. */
static size_t significant(const struct cw_view *v, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < v->len && n < max; i++)
		if (cw_is_letter(v->s[i]) || cw_is_digit(v->s[i]))
			out[n++] = fold(v->s[i]);
	return n;
}

static size_t distinct(const char *s, size_t len)
{
	bool seen[256] = { false };
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		n += !seen[(unsigned char)s[i]];
		seen[(unsigned char)s[i]] = true;
	}
	return n;
}

/* Made of one piece at least three times over (twice for pieces of up to four characters). */
static bool periodic(const char *s, size_t len)
{
	for (size_t p = 1; p <= PERIOD_MAX && 2 * p <= len; p++) {
		size_t i = p;

		while (i < len && s[i] == s[i - p])
			i++;
		if (i == len && (p <= 4 || 3 * p <= len))
			return true;
	}
	return false;
}

static bool next_to(char a, char b)
{
	return a - b == 1 || b - a == 1 || (a == '9' && (b == 'a' || b == '0')) || (a == 'f' && b == '0') ||
	       (a == 'z' && b == '0');
}

/* Neighbours on a row of the keyboard (American and German), the same key, or the next sign of the alphabet. */
static bool same_row(char a, char b)
{
	static const char rows[] = "qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm 1234567890";

	if (a == b)
		return true;
	for (const char *p = strchr(rows, a); a != ' ' && p; p = strchr(p + 1, a))
		if (p[1] == b || (p > rows && p[-1] == b))
			return true;
	return false;
}

bool cw_value_is_repeated(const struct cw_view *v, bool token)
{
	char s[512];
	size_t n = significant(v, s, sizeof(s)), kinds, steps = 0, rows = 0;
	bool keyboard = token || v->digits == 0 || v->lower + v->upper == 0; /* else a password that people use */

	if (n < 4 || v->foreign > 0)
		return false;
	kinds = distinct(s, n);
	if (kinds <= 2 || (n >= 16 && kinds <= 4) || periodic(s, n))
		return true;
	for (size_t i = 1; i < n; i++)
		steps += next_to(s[i - 1], s[i]) || s[i - 1] == s[i];
	if (steps * 4 >= (n - 1) * 3)
		return true;
	for (size_t i = 1; keyboard && i < n && (i - 1 - rows) * 5 <= n - 1; i++)
		rows += same_row(s[i - 1], s[i]);
	return keyboard && rows * 5 >= (n - 1) * 4;
}
