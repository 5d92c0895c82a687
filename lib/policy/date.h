/* policy/date.h - calendar days, for entries that expire. Threads: reentrant. */
#ifndef CW_POLICY_DATE_H
#define CW_POLICY_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define CW_DATE_SIZE 11 /* "YYYY-MM-DD" and NUL */
#define CW_DAY_SECONDS 86400

/* The day YYYY-MM-DD (years 1970 to 9999) as days since 1970-01-01; false when TEXT is no such day. */
bool cw_date_parse(const char *text, int64_t *ret_day);
/* The other way round; days outside 0001-01-01..9999-12-31 give "". */
void cw_date_format(int64_t day, char out[CW_DATE_SIZE]);

#endif
