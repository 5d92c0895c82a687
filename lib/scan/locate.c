/* scan/locate.c - see locate.h. */
#include "scan/locate.h"

#include <string.h>

void cw_locator_init(struct cw_locator *l, const char *data, size_t len)
{
	*l = (struct cw_locator){ .data = data, .len = len, .line = 1 };
}

#define BLOCK 255 /* bytes whose line ends fit one byte: the compiler adds them up 16 at a time */

static uint64_t count_line_ends(const char *data, size_t len)
{
	uint64_t all = 0;

	while (len > 0) {
		size_t n = len < BLOCK ? len : BLOCK;
		uint8_t some = 0;

		for (size_t i = 0; i < n; i++)
			some = (uint8_t)(some + (data[i] == '\n'));
		all += some;
		data += n;
		len -= n;
	}
	return all;
}

void cw_locate(struct cw_locator *l, uint64_t offset, uint64_t *ret_line, uint64_t *ret_column)
{
	size_t target = offset < l->len ? (size_t)offset : l->len;
	const char *from, *last;

	if (target < l->line_start) {
		l->line_start = 0;
		l->line = 1;
	}
	from = l->data + l->line_start;
	last = target > l->line_start ? memrchr(from, '\n', target - l->line_start) : NULL;
	if (last) {
		l->line += count_line_ends(from, (size_t)(last - from) + 1);
		l->line_start = (size_t)(last - l->data) + 1;
	}
	*ret_line = l->line;
	*ret_column = target - l->line_start + 1;
}

struct cw_place cw_locate_range(struct cw_locator *l, uint64_t start, uint64_t end)
{
	struct cw_place p;

	cw_locate(l, start, &p.line, &p.column);
	if (end <= start) {
		p.end_line = p.line;
		p.end_column = p.column;
		return p;
	}
	cw_locate(l, end - 1, &p.end_line, &p.end_column);
	p.end_column++;
	return p;
}
