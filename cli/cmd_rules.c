/* cli/cmd_rules.c - credwatch rules: finds the command below it. */
#include "cli/cmd_rules.h"

#include <string.h>

#include "base/cleanup.h"
#include "cli/cmd.h"

static const struct cw_command subcommands[] = {
	{"list", "list all rules: id, severity, class and title", cw_cmd_rules_list},
	{"show", "show everything about one rule", cw_cmd_rules_show},
	{"check", "check rule files: schema, anchors, examples, cost", cw_cmd_rules_check},
	{"test", "run the examples of all rules through the matcher", cw_cmd_rules_test},
	{"compile", "compile rules and store them in the cache", cw_cmd_rules_compile},
	{NULL, NULL, NULL},
};

static enum cw_exit help(void)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	cw_buf_adds(&text, "Usage: credwatch rules COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n");
	for (const struct cw_command *c = subcommands; c->name; c++)
		cw_buf_addf(&text, "  %-10s%s\n", c->name, c->about);
	cw_buf_adds(&text, "\n'credwatch rules COMMAND --help' says more about a command.\n");
	if (cw_buf_fail(&text, "help", &err) != 0)
		return cw_cmd_fail(&err);
	return cw_cmd_print(text.data);
}

enum cw_exit cw_cmd_rules(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return help();
	for (const struct cw_command *c = subcommands; c->name && argc >= 2; c++)
		if (strcmp(c->name, argv[1]) == 0)
			return c->run(argc - 1, argv + 1);
	cw_err_set(&err, CW_E_USAGE, "rules needs one of list, show, check, test or compile: see 'credwatch rules --help'");
	return cw_cmd_fail(&err);
}
