/* base/num.h - checked number parsing: the only place that turns text into numbers. */
#ifndef CW_BASE_NUM_H
#define CW_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Parse the LEN bytes at S as a decimal number without sign, blanks or leading '+', and require MIN <= n <= MAX.
 * WHAT names the value for the message. Returns 0, or CW_E_INVALID with *ret untouched. */
int cw_num_u64(const char *s, size_t len, uint64_t min, uint64_t max, const char *what, uint64_t *ret,
	       struct cw_err *err);
/* Parse a decimal fraction such as "3", "3.5" (at most 15 digits and one '.', independent of the locale). */
int cw_num_decimal(const char *s, size_t len, double min, double max, const char *what, double *ret,
		   struct cw_err *err);
/* Parse a size in bytes: a number with an optional suffix K, M or G (powers of 1024). */
int cw_num_size(const char *s, size_t len, uint64_t min, uint64_t max, const char *what, uint64_t *ret,
		struct cw_err *err);
/* Write finite N with the fewest digits that read back as the same number, with '.' in every locale. */
#define CW_NUM_FORMAT_SIZE 32 /* bytes; the text is at most 24 long */
void cw_num_format(double n, char out[CW_NUM_FORMAT_SIZE]);

#endif
