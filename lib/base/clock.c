/* base/clock.c - owns: reading clocks and writing dates.
 * The date is computed here because the C library's gmtime_r() takes a lock and may read time zone files, which a
 * sandboxed worker cannot. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define SECONDS_PER_DAY 86400
#define YEAR_0_START INT64_C(-62167219200) /* 0000-01-01T00:00:00Z in seconds since the epoch */
#define YEAR_9999_END INT64_C(253402300799)

int64_t cw_clock_ms(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t cw_clock_wall(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

static int is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 0000-01-01 to the first day of YEAR. */
static int64_t days_before(int year)
{
	if (year == 0)
		return 0;
	return (int64_t)year * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1;
}

void cw_clock_iso(int64_t seconds, char out[CW_CLOCK_ISO_SIZE])
{
	static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t days, rest;
	int year, month = 0;

	out[0] = '\0';
	if (seconds < YEAR_0_START || seconds > YEAR_9999_END)
		return;
	days = (seconds - YEAR_0_START) / SECONDS_PER_DAY;
	rest = (seconds - YEAR_0_START) % SECONDS_PER_DAY;
	year = (int)(days / 366); /* never too large; at most a few years too small */
	while (days_before(year + 1) <= days)
		year++;
	days -= days_before(year);
	for (; month < 12; month++) {
		int length = lengths[month] + (month == 1 && is_leap(year));

		if (days < length)
			break;
		days -= length;
	}
	snprintf(out, CW_CLOCK_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000,
		 (unsigned)month % 12 + 1, (unsigned)days % 31 + 1, (unsigned)(rest / 3600) % 24,
		 (unsigned)(rest / 60) % 60, (unsigned)rest % 60);
}
