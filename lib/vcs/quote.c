/* vcs/quote.c - see quote.h. */
#include "vcs/quote.h"

#include <string.h>

/* The character behind a backslash; -1 when it is none. Advances *P beyond it. */
static int unescape(const char **p)
{
	static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
	const char *s = *p, *k;
	int c = 0;

	k = *s ? strchr(from, *s) : NULL;
	if (k) {
		*p = s + 1;
		return (unsigned char)to[k - from];
	}
	for (int i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -1;
		c = 8 * c + (s[i] - '0');
	}
	*p = s + 3;
	return c > 0 && c <= 255 ? c : -1;
}

bool cw_unquote(const char *s, char *out, const char **ret_end)
{
	const char *p = s + 1;

	while (*p && *p != '"') {
		int c = (unsigned char)*p++;

		if (c == '\\')
			c = unescape(&p);
		if (c < 0)
			return false;
		*out++ = (char)c;
	}
	if (*p != '"')
		return false;
	*ret_end = p + 1;
	*out = '\0';
	return true;
}
