/* cli/cmd_rules.c - credwatch rules: finds the command below it. */
#include "cli/cmd_rules.h"

#include <stddef.h>

#include "cli/cmd.h"

static const struct cw_command subcommands[] = {
	{"list", "list all rules: id, severity, class and title", cw_cmd_rules_list},
	{"show", "show everything about one rule", cw_cmd_rules_show},
	{"check", "check rule files: schema, anchors, examples, cost", cw_cmd_rules_check},
	{"test", "run the examples of all rules through the matcher", cw_cmd_rules_test},
	{"compile", "compile rules and store them in the cache", cw_cmd_rules_compile},
	{NULL, NULL, NULL},
};

enum cw_exit cw_cmd_rules(int argc, char **argv)
{
	return cw_cmd_group("rules", subcommands, argc, argv);
}
