/* scan/locate.c - see locate.h. */
#include "scan/locate.h"

#include <string.h>

void cw_locator_init(struct cw_locator *l, const char *data, size_t len)
{
	*l = (struct cw_locator){ .data = data, .len = len, .line = 1 };
}

void cw_locate(struct cw_locator *l, uint64_t offset, uint64_t *ret_line, uint64_t *ret_column)
{
	size_t target = offset < l->len ? (size_t)offset : l->len;

	if (target < l->line_start) {
		l->line_start = 0;
		l->line = 1;
	}
	for (;;) {
		const char *from = l->data + l->line_start;
		const char *lf = target > l->line_start ? memchr(from, '\n', target - l->line_start) : NULL;

		if (!lf)
			break;
		l->line_start = (size_t)(lf - l->data) + 1;
		l->line++;
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
