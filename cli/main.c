/* cli/main.c - the program credwatch: protects the process, finds the command, checks that its output arrived. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/signals.h"
#include "hooks/hooks.h"

#define SHOWN_NAME_MAX 24

const struct cw_command cw_commands[] = {
	{"scan", "look for secrets in files, folders or standard input", cw_cmd_scan},
	{"audit", "look for secrets in the whole history of a git repository", cw_cmd_audit},
	{"explain", "tell why something was found, where it stands and what to do", cw_cmd_explain},
	{"pre-commit", "run by git: stop commits that bring secrets", cw_cmd_pre_commit},
	{"pre-merge-commit", "run by git: stop merges that bring secrets", cw_cmd_pre_merge_commit},
	{"commit-msg", "run by git: stop commits whose message holds secrets", cw_cmd_commit_msg},
	{"pre-push", "run by git: stop pushes before secrets leave", cw_cmd_pre_push},
	{"pre-receive", "run by git on a server: stop pushes that bring secrets", cw_cmd_pre_receive},
	{"install", "make git run this program as its hooks", cw_cmd_install},
	{"uninstall", "undo that, and put back what was there", cw_cmd_uninstall},
	{"doctor", "tell whether the hooks are in force, by trying them", cw_cmd_doctor},
	{"rules", "list, show, check, test or compile rules", cw_cmd_rules},
	{"baseline", "make known secrets a file, so that audits show new ones only", cw_cmd_baseline},
	{"allow", "add to the allow list of a configuration, or print it", cw_cmd_allow},
	{"key", "show, export or import the key of fingerprints", cw_cmd_key},
	{"config", "show the configuration, check a file of it, list all keys", cw_cmd_config},
	{"status", "show how the daemon is", cw_cmd_status},
	{"watch", "have the daemon watch repositories", cw_cmd_watch},
	{"findings", "list what the daemon found in watched repositories", cw_cmd_findings},
	{"sessions", "list or close connections to the daemon", cw_cmd_sessions},
	{"help", "show this text, or that of a command", cw_cmd_help},
	{"version", "show the version (also --version)", cw_cmd_version},
	{NULL, NULL, NULL},
};

/* No file that is opened later may take the place of a standard stream that the caller closed. What takes it here fails every
 * write, so that a report to a closed standard output is an error. */
static int fill_standard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return -1;
	return 0;
}

/* Memory that may hold secrets goes neither into a core file nor to a debugger of another process. */
static int protect_memory(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -1;
}

static enum cw_exit start(struct cw_err *err)
{
	if (fill_standard_streams() != 0)
		return CW_EXIT_INTERNAL;
	if (protect_memory() != 0)
		cw_err_sys(err, errno, "cannot protect the memory of the process");
	else if (cw_signals_start(err) == 0)
		return CW_EXIT_CLEAN;
	return cw_cmd_fail(err);
}

static const struct cw_command *find_command(const char *name)
{
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	for (const struct cw_command *c = cw_commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* What does not look like a command is not repeated: it might be a secret. */
static enum cw_exit unknown_command(const char *name, struct cw_err *err)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz-");

	if (len > 0 && len <= SHOWN_NAME_MAX && !name[len])
		cw_err_set(err, CW_E_USAGE, "unknown command '%s': see 'credwatch help'", name);
	else
		cw_err_set(err, CW_E_USAGE, "the first argument is not a command: see 'credwatch help'");
	return cw_cmd_fail(err);
}

static enum cw_exit close_stdout(enum cw_exit status)
{
	struct cw_err err = CW_ERR_INIT;

	if (fclose(stdout) == 0 || status == CW_EXIT_INTERNAL)
		return status;
	cw_err_sys(&err, errno, "cannot write to standard output");
	err.code = CW_E_IO;
	return cw_cmd_fail(&err);
}

int main(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;
	const struct cw_command *command;
	enum cw_exit status = start(&err);

	if (status != CW_EXIT_CLEAN)
		return (int)status;
	if (argc < 2) {
		cw_err_set(&err, CW_E_USAGE, "a command is needed: see 'credwatch help'");
		return (int)cw_cmd_fail(&err);
	}
	command = find_command(argv[1]);
	if (!command)
		return (int)unknown_command(argv[1], &err);
	return (int)close_stdout(command->run(argc - 1, argv + 1));
}
