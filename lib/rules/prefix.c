/* rules/prefix.c - reads the public prefix out of a rule's pattern. */
#include "rules/prefix.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define SECRET_GROUP "(?<secret>"

/* Skip the character class that starts at P ('['); returns what follows its ']'. */
static const char *skip_class(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	while (*p && *p != ']') {
		if (p[0] == '\\' && p[1])
			p++;
		else if (p[0] == '[' && p[1] == ':' && strstr(p, ":]"))
			p = strstr(p, ":]") + 1;
		p++;
	}
	return *p ? p + 1 : p;
}

/* Behind the one group `secret` of PATTERN, or NULL when there is none, or more than one (then no prefix is common). */
static const char *secret_group(const char *pattern)
{
	const char *found = NULL;

	for (const char *p = pattern; *p;) {
		if (p[0] == '\\' && p[1]) {
			p += 2;
		} else if (*p == '[') {
			p = skip_class(p);
		} else if (strncmp(p, SECRET_GROUP, strlen(SECRET_GROUP)) == 0) {
			if (found)
				return NULL;
			p += strlen(SECRET_GROUP);
			found = p;
		} else {
			p++;
		}
	}
	return found;
}

/* Whether the group whose content starts at P has alternatives of its own. */
static bool has_alternatives(const char *p)
{
	int depth = 1;

	while (*p && depth > 0) {
		if (p[0] == '\\' && p[1]) {
			p += 2;
			continue;
		}
		if (*p == '[') {
			p = skip_class(p);
			continue;
		}
		if (*p == '|' && depth == 1)
			return true;
		depth += (*p == '(') - (*p == ')');
		p++;
	}
	return false;
}

/* The literal bytes with which the group's content at P begins. */
static size_t literal_prefix(const char *p, char out[CW_PREFIX_MAX])
{
	size_t n = 0;

	while (*p && n < CW_PREFIX_MAX) {
		bool escaped = *p == '\\';

		if (escaped && !ispunct((unsigned char)p[1]))
			break;
		if (!escaped && strchr("[](){}.*+?|^$", *p))
			break;
		out[n++] = p[escaped];
		p += 1 + escaped;
	}
	/* A quantifier that allows none takes the last byte back. */
	if (n > 0 && *p && strchr("*?{", *p))
		n--;
	return n;
}

size_t cw_prefix_of(const char *pattern, char out[CW_PREFIX_MAX])
{
	const char *group = secret_group(pattern);

	return !group || has_alternatives(group) ? 0 : literal_prefix(group, out);
}
