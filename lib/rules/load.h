/* rules/load.h - rule files to validated rules. The schema is documented in patterns/README.md.
 *
 * Every error says file:line, the rule, what is wrong and what to do. Unknown keys are errors. Nothing is kept of a file
 * that has an error. Threads: a book belongs to one thread until it has been handed to cw_set_compile(). */
#ifndef CW_RULES_LOAD_H
#define CW_RULES_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "rules/rule.h"

struct cw_rulebook;
struct cw_set;

int cw_rulebook_new(struct cw_rulebook **ret, struct cw_err *err);
void cw_rulebook_free(struct cw_rulebook *book);
CW_DEFINE_CLEANUP(struct cw_rulebook, cw_rulebook_free)
/* Add one rule file from memory; NAME is shown in messages, its base name without ".yaml" must equal `provider` unless NAME is
 * "-". CW_E_RULE, CW_E_INVALID (YAML), CW_E_LIMIT, CW_E_NOMEM. */
int cw_rulebook_add(struct cw_rulebook *book, const char *name, const char *data, size_t len, struct cw_err *err);
/* Add PATH: a file, or every *.yaml of a directory in byte order (not recursive). */
int cw_rulebook_add_path(struct cw_rulebook *book, const char *path, struct cw_err *err);
/* Add all rules of a compiled set (the default rules, say). */
int cw_rulebook_add_set(struct cw_rulebook *book, const struct cw_set *set, struct cw_err *err);
/* Take out every rule for which DROP is true; before finish. CW_E_RULE when one that stays needs one that goes as a part. *RET_DROPPED
 * (may be NULL) is how many went. */
int cw_rulebook_remove(struct cw_rulebook *book, bool (*drop)(void *payload, const struct cw_rule *rule), void *payload,
		       size_t *ret_dropped, struct cw_err *err);
/* Sort by id, resolve parts, refuse duplicates: called once, after the last add and before anything below. */
int cw_rulebook_finish(struct cw_rulebook *book, struct cw_err *err);
size_t cw_rulebook_len(const struct cw_rulebook *book);
const struct cw_rule *cw_rulebook_rule(const struct cw_rulebook *book, size_t i);

#endif
