/* policy/redact.c - what may be shown of a secret. When in doubt less: that is never wrong. */
#include "policy/redact.h"

#include <string.h>
#include <strings.h>

#define SHOWN_MAX 4	  /* bytes behind the public prefix */
#define SHOWN_SHARE 8	  /* and never more than one in so many */
#define SHORT_SECRET 16	  /* bytes: below, nothing is shown */

static size_t public_prefix(const struct cw_rule *rule, const char *secret, size_t len)
{
	size_t n = strlen(rule->prefix);

	return n < len && strncasecmp(rule->prefix, secret, n) == 0 ? n : 0;
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
