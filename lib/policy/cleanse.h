/* policy/cleanse.h - takes secrets out of our own outgoing text: paths, reasons and targets are scanned like content, and what the
 * rules find in them is shown in its redacted form. A secret that only its surroundings give away is not seen in a path alone.
 * Threads: one owner at a time. */
#ifndef CW_POLICY_CLEANSE_H
#define CW_POLICY_CLEANSE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "policy/findings.h"
#include "rules/set.h"
#include "scan/coverage.h"

struct cw_cleanser;

/* A cleanser by the rules of SET (referenced). */
int cw_cleanser_new(const struct cw_set *set, struct cw_cleanser **ret, struct cw_err *err);
void cw_cleanser_free(struct cw_cleanser *c);
CW_DEFINE_CLEANUP(struct cw_cleanser, cw_cleanser_free)
/* What stands for a text in which not every secret can be found: one rule has more hits than are listed, or one is undecided. */
#define CW_CLEANSE_WITHHELD "[withheld: it may hold secrets that cannot all be found]"
/* Append the LEN bytes at TEXT with every secret redacted, or CW_CLEANSE_WITHHELD. On failure nothing has been appended. */
int cw_cleanse(struct cw_cleanser *c, const char *text, size_t len, struct cw_buf *out, struct cw_err *err);
/* Cleanse the paths of finished findings, and objects and reasons of a coverage. */
int cw_cleanse_findings(struct cw_cleanser *c, struct cw_findings *f, struct cw_err *err);
int cw_cleanse_coverage(struct cw_cleanser *c, struct cw_coverage *coverage, struct cw_err *err);
/* Cleanse the reasons of its entries. */
int cw_cleanse_policy(struct cw_cleanser *c, struct cw_policy *p, struct cw_err *err);

#endif
