/* cli/cmd_help.c - help, version, and what every command prints in the same way. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cmd.h"
#include "cli/version.h"

enum cw_exit cw_exit_of(const struct cw_err *err)
{
	switch (err->code) {
	case CW_E_USAGE:
	case CW_E_RULE:
	case CW_E_INVALID:
	case CW_E_NOTFOUND:
		return CW_EXIT_USAGE;
	case CW_E_UNSUPPORTED: /* nothing of it could be read: never "clean" */
	case CW_E_CORRUPT:
	case CW_E_CANCELLED:
		return CW_EXIT_INCOMPLETE;
	default:
		return CW_EXIT_INTERNAL;
	}
}

enum cw_exit cw_cmd_fail(const struct cw_err *err)
{
	fprintf(stderr, "credwatch: %s\n", cw_err_msg(err));
	return cw_exit_of(err);
}

enum cw_exit cw_cmd_print(const char *text)
{
	struct cw_err err = CW_ERR_INIT;

	errno = 0;
	if (fputs(text, stdout) != EOF && fflush(stdout) == 0)
		return CW_EXIT_CLEAN;
	cw_err_sys(&err, errno ? errno : EIO, "cannot write to standard output");
	err.code = CW_E_IO;
	return cw_cmd_fail(&err);
}

enum cw_exit cw_cmd_print_help(const struct cw_usage *usage)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	cw_opts_help(usage, &text);
	if (cw_buf_fail(&text, "help", &err) != 0)
		return cw_cmd_fail(&err);
	return cw_cmd_print(text.data);
}

static void add_commands(struct cw_buf *text)
{
	for (const struct cw_command *c = cw_commands; c->name; c++)
		cw_buf_addf(text, "  %-10s%s\n", c->name, c->about);
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
	add_commands(&text);
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

enum cw_exit cw_cmd_help(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;

	if (argc <= 1 || strcmp(argv[1], "--help") == 0)
		return general_help();
	for (const struct cw_command *c = cw_commands; c->name && argc == 2; c++) {
		char help[] = "--help", *args[] = {argv[1], help, NULL};

		if (strcmp(c->name, argv[1]) == 0)
			return strcmp(c->name, "help") == 0 ? general_help() : c->run(2, args);
	}
	cw_err_set(&err, CW_E_USAGE, "help takes the name of a command: see 'credwatch help'");
	return cw_cmd_fail(&err);
}

enum cw_exit cw_cmd_version(int argc, char **argv)
{
	return cw_cmd_print("credwatch " CW_VERSION "\n");
}
