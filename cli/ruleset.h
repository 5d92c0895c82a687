/* cli/ruleset.h - the options that name rules. */
#ifndef CW_CLI_RULESET_H
#define CW_CLI_RULESET_H

#include "cli/cmd.h"
#include "policy/ruleset.h"

#define CW_RULESET_OPTS_INIT { .paths = CW_VEC_INIT(const char *, CW_RULE_PATHS_MAX), .note = cw_cmd_note }

/* Rows of an option table for the member RULES of struct S. */
#define CW_RULESET_OPTIONS(s, member)                                                                                  \
	{.kind = CW_OPT_LIST, .letter = 'r', .name = "rules", .arg = "PATH", .offset = offsetof(s, member.paths),      \
	 .help = "add the rules of this file, or of all *.yaml files of this folder (may be repeated)"},               \
	{                                                                                                              \
		.kind = CW_OPT_FLAG, .name = "no-default-rules", .offset = offsetof(s, member.no_default),             \
		.help = "leave out the rules that the program brings along"                                            \
	}

#endif
