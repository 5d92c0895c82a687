/* cli/cmd.h - the commands of the program. Each is one cmd_*.c: parse, call the library, report, return an exit status. */
#ifndef CW_CLI_CMD_H
#define CW_CLI_CMD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/opts.h"
#include "cli/exit.h"

struct cw_command {
	const char *name;
	const char *about; /* one line for help */
	/* ARGV[0] is the command's name. */
	enum cw_exit (*run)(int argc, char **argv);
};

/* All commands, ended by one whose name is NULL. */
extern const struct cw_command cw_commands[];

enum cw_exit cw_cmd_scan(int argc, char **argv);
enum cw_exit cw_cmd_audit(int argc, char **argv);
enum cw_exit cw_cmd_explain(int argc, char **argv);
enum cw_exit cw_cmd_rules(int argc, char **argv);
enum cw_exit cw_cmd_config(int argc, char **argv);
enum cw_exit cw_cmd_allow(int argc, char **argv);
enum cw_exit cw_cmd_baseline(int argc, char **argv);
enum cw_exit cw_cmd_status(int argc, char **argv);
enum cw_exit cw_cmd_sessions(int argc, char **argv);
enum cw_exit cw_cmd_watch(int argc, char **argv);
enum cw_exit cw_cmd_findings(int argc, char **argv);
enum cw_exit cw_cmd_key(int argc, char **argv);
enum cw_exit cw_cmd_help(int argc, char **argv);
enum cw_exit cw_cmd_version(int argc, char **argv);

/* Run the command of LIST, which ends with a NULL name, that ARGV[1] names; GROUP is the command that they are below. */
enum cw_exit cw_cmd_group(const char *group, const struct cw_command *list, int argc, char **argv);

/* Print "credwatch: <message>" on standard error, without any secret that the message quotes; the status for ERR. */
enum cw_exit cw_cmd_fail(const struct cw_err *err);
/* Print "credwatch: note: <message>" on standard error, without any secret that the message quotes. */
void cw_cmd_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Append MESSAGE without the secrets that the default rules find in it. */
int cw_cmd_cleanse(const char *message, struct cw_buf *out, struct cw_err *err);
/* Print TEXT on standard output; the status for that. */
enum cw_exit cw_cmd_print(const char *text);
/* The same without the secrets that the default rules find in TEXT. */
enum cw_exit cw_cmd_print_clean(const char *text);
/* Print a command's help on standard output, or its table under `help --table`; the status for that. */
enum cw_exit cw_cmd_print_help(const struct cw_usage *usage);
/* Whether this run is `credwatch help --table`, which asks every command for its help in turn. */
extern bool cw_cmd_table;

#endif
