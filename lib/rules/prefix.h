/* rules/prefix.h - the public prefix of a rule's secrets: what the vendor puts in front of every one, such as ghp_. */
#ifndef CW_RULES_PREFIX_H
#define CW_RULES_PREFIX_H

#include <stddef.h>

#define CW_PREFIX_MAX 64 /* bytes */

/* The literal with which the group `secret` of PATTERN begins, without NUL, into OUT; returns its length, 0 when there is none or when in
 * doubt: showing less of a secret is never wrong. */
size_t cw_prefix_of(const char *pattern, char out[CW_PREFIX_MAX]);

#endif
