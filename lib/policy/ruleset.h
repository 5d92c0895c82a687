/* policy/ruleset.h - the rules a program works with: the default ones, files that the user or the configuration names, less those that the
 * configuration disables. */
#ifndef CW_POLICY_RULESET_H
#define CW_POLICY_RULESET_H

#include <stdbool.h>

#include "base/vec.h"
#include "policy/conf.h"
#include "rules/load.h"
#include "rules/set.h"

#define CW_RULE_PATHS_MAX 1000

struct cw_ruleset_opts {
	struct cw_vec paths; /* const char *: files and folders */
	bool no_default;
	/* What the configuration adds and disables; NULL: nothing. REPOSITORY is where its files are, or NULL. Not options. */
	const struct cw_conf *conf;
	const struct cw_source *repository;
	/* Told what is no error but may be a mistake; NULL: nobody. */
	void (*note)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
};

/* The compiled set, from the cache where possible. CW_E_USAGE when no rules would be left. */
int cw_ruleset_load(const struct cw_ruleset_opts *opts, struct cw_set **ret, struct cw_err *err);
/* The same rules as a finished book. */
int cw_ruleset_book(const struct cw_ruleset_opts *opts, struct cw_rulebook **ret, struct cw_err *err);

#endif
