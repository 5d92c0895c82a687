/* base/opts.h - options as tables: one table makes the parser and the help of a command.
 *
 * Long options: --name VALUE or --name=VALUE, never abbreviated. Short ones: -n VALUE or -nVALUE. "--" ends the options; "-" alone is
 * an argument. Options and arguments may be mixed. --help is understood everywhere. */
#ifndef CW_BASE_OPTS_H
#define CW_BASE_OPTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#define CW_ARGS_MAX 1000000 /* arguments of one command line */

enum cw_opt_kind {
	CW_OPT_END,    /* ends a table */
	CW_OPT_FLAG,   /* bool: set to true */
	CW_OPT_STRING, /* const char *: the last one counts; borrowed from argv */
	CW_OPT_LIST,   /* struct cw_vec of const char *: every one is appended */
	CW_OPT_NUMBER, /* uint64_t in [min, max] */
	CW_OPT_SIZE,   /* uint64_t, bytes with K, M or G, in [min, max] */
	CW_OPT_CHOICE, /* int: index into choices */
};

struct cw_opt {
	enum cw_opt_kind kind;
	char letter;	  /* or 0 */
	const char *name; /* without "--" */
	const char *arg;  /* name of the value in help; NULL for flags */
	const char *help; /* NULL: understood but not shown */
	size_t offset;	  /* of the value in the command's option struct */
	const char *const *choices; /* NULL-terminated */
	uint64_t min, max;
	void (*add_values)(struct cw_buf *out); /* of a string: appends what it may be, each with LF, for completion; or NULL */
};

struct cw_usage {
	const char *program;  /* NULL: "credwatch" */
	const char *command;  /* "scan"; NULL: the program has none */
	const char *synopsis; /* "[OPTION]... PATH..." */
	const char *about;    /* running text, wrapped */
	const struct cw_opt *opts;
	const char *tail; /* ready lines after the options, or NULL */
	void (*add_tail)(struct cw_buf *out); /* appends more of them, or NULL */
};

/* What cw_opts_parse() returns when --help was asked for. */
#define CW_OPTS_HELP 1

/* Parse ARGV[1..ARGC) into VALUES, a struct that the table's offsets refer to, and ARGS (const char *, borrowed from ARGV).
 * 0, CW_OPTS_HELP, CW_E_USAGE with one line that says what is wrong, CW_E_NOMEM. */
int cw_opts_parse(const struct cw_usage *usage, int argc, char **argv, void *values, struct cw_vec *args,
		  struct cw_err *err);
/* Append the help text, at most 80 columns wide. */
void cw_opts_help(const struct cw_usage *usage, struct cw_buf *out);
/* Append the same for programs, which make completions of it. Columns are ended by tabs, lines by LF:
 *   usage COMMAND SYNOPSIS
 *   option COMMAND LETTER NAME ARG CHOICES HELP     (of options without a letter, value or choices the column is empty) */
void cw_opts_table(const struct cw_usage *usage, struct cw_buf *out);
/* Append TEXT wrapped to WIDTH columns; lines after the first are indented by INDENT, COLUMN is where the first starts. */
void cw_opts_wrap(struct cw_buf *out, const char *text, size_t column, size_t indent, size_t width);

#endif
