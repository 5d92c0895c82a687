/* policy/redact.c - reads the public prefix out of the rule's pattern. When in doubt there is none: showing less is never wrong. */
#include "policy/redact.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SECRET_GROUP "(?<secret>"
#define SHOWN_MAX 4	  /* bytes behind the public prefix */
#define SHOWN_SHARE 8	  /* and never more than one in so many */
#define SHORT_SECRET 16	  /* bytes: below, nothing is shown */
#define PREFIX_MAX 64	  /* bytes */

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
static size_t literal_prefix(const char *p, char out[PREFIX_MAX])
{
	size_t n = 0;

	while (*p && n < PREFIX_MAX) {
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

static size_t public_prefix(const struct cw_rule *rule, const char *secret, size_t len)
{
	char prefix[PREFIX_MAX];
	const char *group;
	size_t n;

	if (rule->cls != CW_CLASS_SPECIFIC)
		return 0;
	group = secret_group(rule->pattern);
	if (!group || has_alternatives(group))
		return 0;
	n = literal_prefix(group, prefix);
	return n < len && strncasecmp(prefix, secret, n) == 0 ? n : 0;
}

void cw_redact(const struct cw_rule *rule, const char *secret, size_t len, struct cw_buf *out)
{
	size_t prefix, more, shown;

	if (len < SHORT_SECRET) {
		cw_buf_adds(out, len < 8 ? "(1-7 characters)" : "(8-15 characters)");
		return;
	}
	prefix = public_prefix(rule, secret, len);
	more = (len - prefix) / SHOWN_SHARE;
	shown = prefix + (more < SHOWN_MAX ? more : SHOWN_MAX);
	for (size_t i = 0; i < shown; i++)
		cw_buf_addc(out, secret[i] >= 0x20 && secret[i] < 0x7f ? secret[i] : '?');
	cw_buf_addf(out, "\xe2\x80\xa6(%zu)", len);
}
