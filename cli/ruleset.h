/* cli/ruleset.h - the rules a command works with: the default ones, files the user names, or both. */
#ifndef CW_CLI_RULESET_H
#define CW_CLI_RULESET_H

#include <stdbool.h>

#include "base/vec.h"
#include "cli/opts.h"
#include "policy/conf.h"
#include "rules/load.h"
#include "rules/set.h"

struct cw_ruleset_opts {
	struct cw_vec paths; /* const char *: files and folders */
	bool no_default;
	/* What the configuration adds and disables; NULL: nothing. REPOSITORY is where its files are, or NULL. Not options. */
	const struct cw_conf *conf;
	const struct cw_source *repository;
};

#define CW_RULESET_OPTS_INIT { .paths = CW_VEC_INIT(const char *, 1000) }

/* Rows of an option table for the member RULES of struct S. */
#define CW_RULESET_OPTIONS(s, member)                                                                                  \
	{.kind = CW_OPT_LIST, .letter = 'r', .name = "rules", .arg = "PATH", .offset = offsetof(s, member.paths),      \
	 .help = "add the rules of this file, or of all *.yaml files of this folder (may be repeated)"},               \
	{                                                                                                              \
		.kind = CW_OPT_FLAG, .name = "no-default-rules", .offset = offsetof(s, member.no_default),             \
		.help = "leave out the rules that the program brings along"                                            \
	}

/* The compiled set, from the cache where possible. CW_E_USAGE when no rules would be left. */
int cw_ruleset_load(const struct cw_ruleset_opts *opts, struct cw_set **ret, struct cw_err *err);
/* The same rules as a finished book. */
int cw_ruleset_book(const struct cw_ruleset_opts *opts, struct cw_rulebook **ret, struct cw_err *err);

#endif
