/* policy/date.c - see date.h. */
#include "policy/date.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

static bool is_leap(uint64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint64_t month_days(uint64_t year, uint64_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Leap days of all years before YEAR. */
static uint64_t leaps_before(uint64_t year)
{
	return (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
}

bool cw_date_parse(const char *text, int64_t *ret_day)
{
	uint64_t year, month, day;

	if (strlen(text) != CW_DATE_SIZE - 1 || text[4] != '-' || text[7] != '-')
		return false;
	if (cw_num_u64(text, 4, 1970, 9999, "year", &year, NULL) != 0 ||
	    cw_num_u64(text + 5, 2, 1, 12, "month", &month, NULL) != 0 ||
	    cw_num_u64(text + 8, 2, 1, month_days(year, month), "day", &day, NULL) != 0)
		return false;
	for (uint64_t m = 1; m < month; m++)
		day += month_days(year, m);
	*ret_day = (int64_t)(365 * (year - 1970) + leaps_before(year) - leaps_before(1970) + day - 1);
	return true;
}

void cw_date_format(int64_t day, char out[CW_DATE_SIZE])
{
	char iso[CW_CLOCK_ISO_SIZE] = "";

	/* years are bounded by what the clock prints */
	if (day >= -1000000 && day <= 10000000)
		cw_clock_iso(day * CW_DAY_SECONDS, iso);
	snprintf(out, CW_DATE_SIZE, "%.10s", iso);
}
