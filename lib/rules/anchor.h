/* rules/anchor.h - what makes an expression fit to be an anchor; checked without and with Hyperscan. */
#ifndef CW_RULES_ANCHOR_H
#define CW_RULES_ANCHOR_H

#include <stdint.h>

#include "base/err.h"

#define CW_ANCHOR_LITERAL_MIN 3	 /* bytes of the literal that every match must hold */
#define CW_ANCHOR_SLACK_MAX 8	 /* variable bytes allowed in front of it */
#define CW_ANCHOR_TEXT_MAX 4096	 /* bytes of the expression */

/* Static analysis of the expression TEXT: a literal of CW_ANCHOR_LITERAL_MIN bytes in every alternative (small character classes
 * count as literals), no open-ended text in front of it, no open repeat at the end, none of the forbidden constructs. Returns 0
 * or CW_E_RULE with what is wrong and what to do. */
int cw_anchor_lint(const char *text, struct cw_err *err);
/* Hyperscan's opinion: it compiles alone and *ret_width is its widest match in bytes (<= CW_ANCHOR_MAX). CW_E_RULE, CW_E_NOMEM. */
int cw_anchor_width(const char *text, uint32_t *ret_width, struct cw_err *err);

#endif
