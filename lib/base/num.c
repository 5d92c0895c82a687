/* base/num.c - owns: text to numbers and back. Depends on no locale. */
#include "base/num.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Append one decimal digit to *n; false when it would overflow. */
static bool push_digit(uint64_t *n, char c)
{
	return !__builtin_mul_overflow(*n, 10, n) && !__builtin_add_overflow(*n, (uint64_t)(c - '0'), n);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int not_a_number(const char *what, const char *kind, struct cw_err *err)
{
	return cw_err_set(err, CW_E_INVALID, "%s must be %s", what, kind);
}

static int out_of_range(const char *what, uint64_t min, uint64_t max, struct cw_err *err)
{
	return cw_err_set(err, CW_E_INVALID, "%s must be between %" PRIu64 " and %" PRIu64, what, min, max);
}

/* Parse digits times UNIT. KIND says for the message what was expected. */
static int parse_scaled(const char *s, size_t len, uint64_t unit, uint64_t min, uint64_t max, const char *what,
			const char *kind, uint64_t *ret, struct cw_err *err)
{
	uint64_t n = 0;
	bool fits = true;

	if (len == 0)
		return not_a_number(what, kind, err);
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(s[i]))
			return not_a_number(what, kind, err);
		fits = fits && push_digit(&n, s[i]);
	}
	if (!fits || __builtin_mul_overflow(n, unit, &n) || n < min || n > max)
		return out_of_range(what, min, max, err);
	*ret = n;
	return 0;
}

int cw_num_u64(const char *s, size_t len, uint64_t min, uint64_t max, const char *what, uint64_t *ret,
	       struct cw_err *err)
{
	return parse_scaled(s, len, 1, min, max, what, "a whole number", ret, err);
}

int cw_num_size(const char *s, size_t len, uint64_t min, uint64_t max, const char *what, uint64_t *ret,
		struct cw_err *err)
{
	uint64_t unit = 1;

	if (len > 0 && s[len - 1] == 'K')
		unit = (uint64_t)1 << 10;
	else if (len > 0 && s[len - 1] == 'M')
		unit = (uint64_t)1 << 20;
	else if (len > 0 && s[len - 1] == 'G')
		unit = (uint64_t)1 << 30;
	return parse_scaled(s, unit == 1 ? len : len - 1, unit, min, max, what,
			    "a number of bytes, with K, M or G behind it if wanted", ret, err);
}

/* With at most 15 digits both the digits and the power of ten are exact, so the division rounds correctly. */
#define DECIMAL_DIGITS_MAX 15

int cw_num_decimal(const char *s, size_t len, double min, double max, const char *what, double *ret, struct cw_err *err)
{
	uint64_t digits = 0, scale = 1;
	size_t count = 0;
	bool fraction = false;
	double n;

	if (len == 0 || !is_digit(s[0]) || !is_digit(s[len - 1]))
		return not_a_number(what, "a number such as 3 or 3.5", err);
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (!is_digit(s[i]))
			return not_a_number(what, "a number such as 3 or 3.5", err);
		if (++count > DECIMAL_DIGITS_MAX)
			return cw_err_set(err, CW_E_INVALID, "%s has more than %d digits", what, DECIMAL_DIGITS_MAX);
		push_digit(&digits, s[i]);
		if (fraction)
			scale *= 10;
	}
	n = (double)digits / (double)scale;
	if (n < min || n > max)
		return cw_err_set(err, CW_E_INVALID, "%s must be between %g and %g", what, min, max);
	*ret = n;
	return 0;
}

void cw_num_format(double n, char out[CW_NUM_FORMAT_SIZE])
{
	char text[CW_NUM_FORMAT_SIZE];
	size_t len = 0;
	bool in_point = false;

	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, n);
		if (strtod(text, NULL) == n)
			break;
	}
	/* The locale's decimal point may be any character, of several bytes too. */
	for (const char *p = text; *p != '\0'; p++) {
		bool plain = is_digit(*p) || *p == '-' || *p == '+' || *p == 'e';

		if (plain)
			out[len++] = *p;
		else if (!in_point)
			out[len++] = '.';
		in_point = !plain;
	}
	out[len] = '\0';
}
