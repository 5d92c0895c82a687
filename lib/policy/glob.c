/* policy/glob.c - one matcher with two fallback points: the last '*' and the last "**". A later star of the same kind makes
 * going back to an earlier one pointless, so no recursion and no exponential case exists. */
#include "policy/glob.h"

#include <stddef.h>
#include <string.h>

struct fallback { /* where to go on when a byte does not match; glob NULL: nowhere */
	const char *glob, *path;
};

static bool is_globstar(const char *start, const char *g)
{
	return g[0] == '*' && g[1] == '*' && (g == start || g[-1] == '/') && (g[2] == '/' || !g[2]);
}

/* One byte of a class, which an escape may precede; moves *G behind it. */
static unsigned char class_byte(const char **g)
{
	if (**g == '\\' && (*g)[1])
		(*g)++;
	return (unsigned char)*(*g)++;
}

/* The class at G ('['); *RET_IN says whether C is in it. Returns its end, or NULL when it is not closed: '[' is then literal. */
static const char *match_class(const char *g, unsigned char c, bool *ret_in)
{
	bool negate = g[1] == '!' || g[1] == '^', in = false;
	const char *p = g + 1 + negate, *first = p;

	while (*p && (*p != ']' || p == first)) {
		unsigned char lo = class_byte(&p), hi = lo;

		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			hi = class_byte(&p);
		}
		in |= lo <= c && c <= hi;
	}
	if (!*p)
		return NULL;
	*ret_in = in != negate && c != '/';
	return p + 1;
}

/* Match one byte C against the element at G; returns what follows the element, or NULL. */
static const char *match_one(const char *g, char c)
{
	bool in = false;
	const char *end;

	switch (*g) {
	case '\0':
		return NULL;
	case '?':
		return c != '/' ? g + 1 : NULL;
	case '[':
		end = match_class(g, (unsigned char)c, &in);
		if (end)
			return in ? end : NULL;
		break;
	case '\\':
		if (g[1])
			g++;
		break;
	default:
		break;
	}
	return *g == c ? g + 1 : NULL;
}

/* Give the last '*' one more byte, or the last "**" one more folder. */
static bool fall_back(struct fallback *star, struct fallback *deep, const char **g, const char **p)
{
	if (star->glob && *star->path && *star->path != '/') {
		*p = ++star->path;
		*g = star->glob;
		return true;
	}
	star->glob = NULL;
	if (!deep->glob)
		return false;
	deep->path = strchr(deep->path, '/');
	if (!deep->path)
		return false;
	*p = ++deep->path;
	*g = deep->glob;
	return true;
}

static bool match_whole(const char *glob, const char *path)
{
	const char *g = glob, *p = path;
	struct fallback star = {0}, deep = {0};

	for (;;) {
		const char *next;

		if (is_globstar(glob, g)) {
			if (!g[2])
				return *p != '\0';
			g += 3;
			deep = (struct fallback){g, p};
			star.glob = NULL;
			continue;
		}
		if (*g == '*') {
			g++;
			star = (struct fallback){g, p};
			continue;
		}
		if (!*p && !*g)
			return true;
		next = *p ? match_one(g, *p) : NULL;
		if (next) {
			g = next;
			p++;
		} else if (!fall_back(&star, &deep, &g, &p)) {
			return false;
		}
	}
}

bool cw_glob_match(const char *glob, const char *path)
{
	const char *base;

	while (path[0] == '.' && path[1] == '/')
		path += 2;
	if (!strchr(glob, '/') && strcmp(glob, "**") != 0) {
		base = strrchr(path, '/');
		path = base ? base + 1 : path;
	}
	return match_whole(glob, path);
}
