/* scan/marks.c - see marks.h. */
#include "scan/marks.h"

#include <stdbool.h>
#include <string.h>

#define BLANKS " \t"

struct mark {
	const char *text;
	bool next_line; /* it speaks for the line below its own */
	bool comment;	/* a word so short that it counts only directly behind the sign that opens a comment */
};

static const struct mark marks[] = {
	{"credwatch:allow", false, false},
	{"credwatch:allow-next-line", true, false},
	{"gitleaks:allow", false, false},
	{"pragma: allowlist secret", false, false},
	{"pragma: allowlist nextline secret", true, false},
	{"trufflehog:ignore", false, false},
	{"kingfisher:ignore", false, false},
	{"nosec", false, true},
};

#define MARKS (sizeof(marks) / sizeof(*marks))

const char *cw_mark_name(size_t i)
{
	return i < MARKS ? marks[i].text : NULL;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether the text that ends at P (not before START) ends with the opening of a comment and blanks. */
static bool opens_comment(const char *start, const char *p)
{
	while (p > start && strchr(BLANKS, p[-1]))
		p--;
	if (p > start && p[-1] == '#')
		return true;
	return p - start >= 2 && (!memcmp(p - 2, "//", 2) || !memcmp(p - 2, "/*", 2) || !memcmp(p - 2, "--", 2));
}

static bool holds(const char *s, size_t len, const struct mark *m)
{
	size_t n = strlen(m->text);
	const char *end = s + len, *p = s;

	while ((p = memmem(p, (size_t)(end - p), m->text, n))) {
		bool whole = (p == s || !is_word(p[-1])) && (p + n == end || !(is_word(p[n]) || p[n] == '-'));

		if (whole && (!m->comment || opens_comment(s, p)))
			return true;
		p++;
	}
	return false;
}

static const char *find(const char *s, size_t len, bool next_line)
{
	for (size_t i = 0; i < MARKS; i++)
		if (marks[i].next_line == next_line && holds(s, len, &marks[i]))
			return marks[i].text;
	return NULL;
}

/* Where the line that holds AT begins, or what can be seen of it. */
static size_t line_start(const char *data, size_t at)
{
	size_t low = at > CW_MARK_REACH ? at - CW_MARK_REACH : 0;
	const char *lf = at > low ? memrchr(data + low, '\n', at - low) : NULL;

	return lf ? (size_t)(lf - data) + 1 : low;
}

static size_t line_end(const char *data, size_t len, size_t at)
{
	size_t high = len - at > CW_MARK_REACH ? at + CW_MARK_REACH : len;
	const char *lf = memchr(data + at, '\n', high - at);

	return lf ? (size_t)(lf - data) : high;
}

const char *cw_mark_find(const char *data, size_t len, uint64_t start, uint64_t end)
{
	size_t from = start < len ? (size_t)start : len, to = end < len ? (size_t)end : len;
	size_t line = line_start(data, from), above;
	const char *found = find(data + line, from - line, false);

	if (to < from)
		to = from;
	if (!found && !(to > from && data[to - 1] == '\n'))
		found = find(data + to, line_end(data, len, to) - to, false);
	/* What is seen of a line that reaches further back begins with no LF. */
	if (found || line == 0 || data[line - 1] != '\n')
		return found;
	above = line_start(data, line - 1);
	return find(data + above, line - 1 - above, true);
}
