/* cli/cmd_help.c - credwatch help and version. */
#include <string.h>

#include "base/cleanup.h"
#include "cli/cmd.h"
#include "cli/version.h"

bool cw_cmd_table = false;

static void add_commands(struct cw_buf *text, const struct cw_command *list)
{
	for (const struct cw_command *c = list; c->name; c++)
		cw_buf_addf(text, "  %-18s%s\n", c->name, c->about);
}

static enum cw_exit general_help(void)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	cw_buf_adds(&text, "Usage: credwatch COMMAND [OPTION]... [ARGUMENT]...\n"
			   "\n"
			   "Finds API keys, passwords and private keys in files and git repositories.\n"
			   "\n"
			   "Commands:\n");
	add_commands(&text, cw_commands);
	cw_buf_adds(&text, "\n'credwatch COMMAND --help' says more about a command. The report goes to\n"
			   "standard output, everything else to standard error.\n"
			   "\n"
			   "Environment:\n"
			   "  CREDWATCH_KEY_FILE  the key of fingerprints (default: /etc/credwatch/key, else\n"
			   "                      ~/.config/credwatch/key, made on first use)\n"
			   "  NO_COLOR            no colours\n");
	if (cw_buf_fail(&text, "help", &err) != 0)
		return cw_cmd_fail(&err);
	return cw_cmd_print(text.data);
}

/* For programs: a line "command NAME ABOUT" with tabs for each command of LIST, and what it says of itself. */
static enum cw_exit print_table(const char *group, const struct cw_command *list)
{
	enum cw_exit status = CW_EXIT_CLEAN;

	for (const struct cw_command *c = list; c->name && status == CW_EXIT_CLEAN; c++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT;
		struct cw_err err = CW_ERR_INIT;
		char name[] = "", help[] = "--help", *args[] = {name, help, NULL};

		cw_buf_addf(&line, "command\t%s%s%s\t%s\n", group, group[0] ? " " : "", c->name, c->about);
		if (cw_buf_fail(&line, "help", &err) != 0)
			return cw_cmd_fail(&err);
		status = cw_cmd_print(line.data);
		if (status == CW_EXIT_CLEAN && c->run != cw_cmd_help && c->run != cw_cmd_version)
			status = c->run(2, args);
	}
	return status;
}

/* "help rules list" is "rules list --help". */
static enum cw_exit help_of(const struct cw_command *c, int argc, char **argv)
{
	char help[] = "--help", *args[4] = {NULL};

	for (int i = 0; i < argc; i++)
		args[i] = argv[i];
	args[argc] = help;
	return c->run(argc + 1, args);
}

enum cw_exit cw_cmd_help(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;

	if (argc <= 1 || strcmp(argv[1], "--help") == 0)
		return general_help();
	if (argc == 2 && strcmp(argv[1], "--table") == 0) {
		cw_cmd_table = true;
		return print_table("", cw_commands);
	}
	for (const struct cw_command *c = cw_commands; c->name && argc <= 3; c++)
		if (strcmp(c->name, argv[1]) == 0)
			return c->run == cw_cmd_help ? general_help() : help_of(c, argc - 1, argv + 1);
	cw_err_set(&err, CW_E_USAGE, "help takes the name of a command: see 'credwatch help'");
	return cw_cmd_fail(&err);
}

static enum cw_exit group_help(const char *group, const struct cw_command *list)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	if (cw_cmd_table)
		return print_table(group, list);
	cw_buf_addf(&text, "Usage: credwatch %s COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n", group);
	add_commands(&text, list);
	cw_buf_addf(&text, "\n'credwatch %s COMMAND --help' says more about a command.\n", group);
	if (cw_buf_fail(&text, "help", &err) != 0)
		return cw_cmd_fail(&err);
	return cw_cmd_print(text.data);
}

static enum cw_exit wrong_member(const char *group, const struct cw_command *list)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf names = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	for (const struct cw_command *c = list; c->name; c++)
		cw_buf_addf(&names, "%s%s", c == list ? "" : c[1].name ? ", " : " or ", c->name);
	if (cw_buf_fail(&names, "help", &err) == 0)
		cw_err_set(&err, CW_E_USAGE, "%s needs one of %s: see 'credwatch %s --help'", group, names.data, group);
	return cw_cmd_fail(&err);
}

enum cw_exit cw_cmd_group(const char *group, const struct cw_command *list, int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return group_help(group, list);
	for (const struct cw_command *c = list; c->name && argc >= 2; c++)
		if (strcmp(c->name, argv[1]) == 0)
			return c->run(argc - 1, argv + 1);
	return wrong_member(group, list);
}

enum cw_exit cw_cmd_version(int argc, char **argv)
{
	return cw_cmd_print("credwatch " CW_VERSION "\n");
}
