/* base/clock.h - time. Deadlines and rates use the monotonic clock only; the wall clock is for report headers. */
#ifndef CW_BASE_CLOCK_H
#define CW_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t cw_clock_ms(void);
/* Seconds since the epoch. */
int64_t cw_clock_wall(void);
/* Write SECONDS since the epoch as "YYYY-MM-DDThh:mm:ssZ" (UTC) into OUT; years outside 0..9999 give "". */
#define CW_CLOCK_ISO_SIZE 21
void cw_clock_iso(int64_t seconds, char out[CW_CLOCK_ISO_SIZE]);

#endif
