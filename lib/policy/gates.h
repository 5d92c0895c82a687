/* policy/gates.h - what a rule's `paths` and labels do to a hit at a place. They are no part of a verdict: the same blob may lie at
 * many paths. PATH is NULL or "" when the place has none (objects that no tree names, standard input): then no gate applies.
 * Threads: reentrant. */
#ifndef CW_POLICY_GATES_H
#define CW_POLICY_GATES_H

#include <stdbool.h>

#include "rules/rule.h"

/* Whether RULE speaks at PATH: it has no `paths.only`, or one of them matches. */
bool cw_gate_applies(const struct cw_rule *rule, const char *path);
/* The severity there: low with a LABEL, one step lower where `paths.lower` matches, else the rule's own. */
enum cw_severity cw_gate_severity(const struct cw_rule *rule, const char *path, const char *label);

#endif
