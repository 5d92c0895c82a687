/* vcs/parse.c - see parse.h. */
#include "vcs/parse.h"

#include <string.h>
#include <strings.h>

#include "base/num.h"

#define PARENT_LINE_LEN (sizeof("parent ") - 1 + CW_SHA1_HEX_LEN + 1)

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool cw_oid_parse(const char *hex, size_t len, struct cw_oid *ret)
{
	struct cw_oid oid = { .len = CW_SHA1_LEN };

	if (len != CW_SHA1_HEX_LEN)
		return false;
	for (size_t i = 0; i < CW_SHA1_LEN; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		oid.id[i] = (uint8_t)(high << 4 | low);
	}
	*ret = oid;
	return true;
}

bool cw_tree_next(const char *data, size_t len, size_t *pos, struct cw_tree_entry *ret)
{
	const char *p = data + *pos, *end = data + len, *nul;
	unsigned digits = 0;

	*ret = (struct cw_tree_entry){ .oid.len = CW_SHA1_LEN };
	for (; p < end && *p >= '0' && *p <= '7' && digits < 8; p++, digits++)
		ret->mode = 8 * ret->mode + (uint32_t)(*p - '0');
	if (!digits || p == end || *p != ' ')
		return false;
	ret->name = ++p;
	nul = memchr(p, '\0', (size_t)(end - p));
	if (!nul || (size_t)(end - nul - 1) < CW_SHA1_LEN)
		return false;
	ret->name_len = (size_t)(nul - p);
	memcpy(ret->oid.id, nul + 1, CW_SHA1_LEN);
	*pos = (size_t)(nul + 1 + CW_SHA1_LEN - data);
	return true;
}

bool cw_tree_entry_is_odd(const struct cw_tree_entry *e)
{
	uint32_t type = e->mode & CW_MODE_TYPE;

	if (type != CW_MODE_TREE && type != CW_MODE_FILE && type != CW_MODE_LINK && type != CW_MODE_GITLINK)
		return true;
	return !e->name_len || !strcmp(e->name, ".") || !strcmp(e->name, "..") || !strcasecmp(e->name, ".git") ||
	       memchr(e->name, '/', e->name_len);
}

/* The id behind "KEY " in front of the line at P; *ret_next is the next line. */
static bool line_id(const char *p, const char *end, const char *key, struct cw_oid *ret, const char **ret_next)
{
	size_t n = strlen(key);

	if ((size_t)(end - p) < n + CW_SHA1_HEX_LEN + 1 || memcmp(p, key, n) || p[n + CW_SHA1_HEX_LEN] != '\n')
		return false;
	if (!cw_oid_parse(p + n, CW_SHA1_HEX_LEN, ret))
		return false;
	*ret_next = p + n + CW_SHA1_HEX_LEN + 1;
	return true;
}

/* Of a line "KEY Name <mail> time zone": the end of "Name <mail>", behind its last '>'. */
static const char *person_end(const char *p, const char *eol)
{
	const char *end = memrchr(p, '>', (size_t)(eol - p));

	return end ? end + 1 : NULL;
}

static int64_t time_after(const char *p, const char *eol)
{
	const char *digits;
	uint64_t time = 0;

	while (p < eol && *p == ' ')
		p++;
	for (digits = p; p < eol && *p >= '0' && *p <= '9';)
		p++;
	if (cw_num_u64(digits, (size_t)(p - digits), 0, INT64_MAX, "time", &time, NULL))
		return 0;
	return (int64_t)time;
}

/* The lines of author and committer, in the header that begins at P. */
static void read_people(const char *p, const char *end, struct cw_commit_head *ret)
{
	bool committer = false;

	while (p < end && *p != '\n' && !(ret->author && committer)) {
		const char *eol = memchr(p, '\n', (size_t)(end - p)), *stop;

		eol = eol ? eol : end;
		if (!ret->author && eol - p > 7 && !memcmp(p, "author ", 7)) {
			stop = person_end(p + 7, eol);
			ret->author = p + 7;
			ret->author_len = stop ? (size_t)(stop - p - 7) : (size_t)(eol - p - 7);
		} else if (!committer && eol - p > 10 && !memcmp(p, "committer ", 10)) {
			stop = person_end(p + 10, eol);
			ret->time = stop ? time_after(stop, eol) : 0;
			committer = true;
		}
		p = eol < end ? eol + 1 : end;
	}
}

bool cw_commit_parse(const char *data, size_t len, struct cw_commit_head *ret)
{
	const char *p = data, *end = data + len;
	struct cw_oid parent;

	*ret = (struct cw_commit_head){ .time = 0 };
	if (!line_id(p, end, "tree ", &ret->tree, &p))
		return false;
	ret->parents = p;
	while (line_id(p, end, "parent ", &parent, &p))
		ret->parents_len++;
	read_people(p, end, ret);
	return true;
}

struct cw_oid cw_commit_parent(const struct cw_commit_head *c, size_t i)
{
	const char *line = c->parents + i * PARENT_LINE_LEN, *next;
	struct cw_oid oid = { .len = 0 };

	line_id(line, line + PARENT_LINE_LEN, "parent ", &oid, &next);
	return oid;
}

bool cw_tag_parse(const char *data, size_t len, struct cw_oid *ret)
{
	const char *next;

	return line_id(data, data + len, "object ", ret, &next);
}
