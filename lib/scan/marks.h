/* scan/marks.h - inline marks: comments by which people say that a finding on their line is meant to be there.
 *
 * The marks of other tools are understood beside credwatch's own. A mark counts on the lines of the finding, outside the
 * finding's own bytes (a password may hold such a word), or on the line above when it is one for the next line. Only
 * CW_MARK_REACH bytes on each side of the finding are looked at, so that a line without an end costs nothing.
 * Threads: reentrant. */
#ifndef CW_SCAN_MARKS_H
#define CW_SCAN_MARKS_H

#include <stddef.h>
#include <stdint.h>

#define CW_MARK_REACH 4096 /* bytes */

/* The mark that applies to the bytes [START, END) of DATA, as it is usually written, or NULL. */
const char *cw_mark_find(const char *data, size_t len, uint64_t start, uint64_t end);
/* The mark number I, counted from 0, or NULL: every pointer that cw_mark_find() may return is one of these. */
const char *cw_mark_name(size_t i);

#endif
