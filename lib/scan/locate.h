/* scan/locate.h - byte offsets to lines and columns. Threads: one locator per blob and thread. */
#ifndef CW_SCAN_LOCATE_H
#define CW_SCAN_LOCATE_H

#include <stddef.h>
#include <stdint.h>

struct cw_locator {
	const char *data; /* borrowed */
	size_t len;
	size_t line_start; /* offset of the line that the last answer lay in */
	uint64_t line;	   /* its number */
};

void cw_locator_init(struct cw_locator *l, const char *data, size_t len);
/* The 1-based line and byte column of OFFSET (0-based; beyond the end it is taken as the end). LF ends a line and belongs to it.
 * Ascending offsets cost one pass over the data in all; going back costs a pass from the start. */
void cw_locate(struct cw_locator *l, uint64_t offset, uint64_t *ret_line, uint64_t *ret_column);
/* Of a half-open range: where its first byte stands, and where its last byte stands with a column one past it. An empty range
 * begins and ends at START. */
struct cw_place {
	uint64_t line, column, end_line, end_column;
};
struct cw_place cw_locate_range(struct cw_locator *l, uint64_t start, uint64_t end);

#endif
