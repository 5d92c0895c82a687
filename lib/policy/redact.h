/* policy/redact.h - the form of a secret that may be shown: the rule's public prefix plus at most 4 characters and never more
 * than 1/8 of the secret; under 16 characters only the length class. */
#ifndef CW_POLICY_REDACT_H
#define CW_POLICY_REDACT_H

#include "base/buf.h"
#include "rules/rule.h"

/* Append the redacted form of the LEN bytes at SECRET found by RULE: "ghp_1a2b…(40)", or "(8-15 characters)". The public prefix is the
 * literal with which RULE's pattern makes every secret begin (none for generic rules). Valid printable ASCII but for '…'. */
void cw_redact(const struct cw_rule *rule, const char *secret, size_t len, struct cw_buf *out);

#endif
