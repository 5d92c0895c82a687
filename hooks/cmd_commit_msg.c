/* hooks/cmd_commit_msg.c - credwatch commit-msg: git asks whether it may take the message of a commit. */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/opts.h"
#include "cli/cmd.h"
#include "hooks/client.h"
#include "hooks/hooks.h"
#include "scan/scanner.h"

#define MESSAGE_MAX ((size_t)256 << 20) /* bytes */
static const char scissors[] = " ------------------------ >8 ------------------------\n";

static const struct cw_opt options[] = {
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "commit-msg",
	.synopsis = "[OPTION]... FILE",
	.about = "Run by git with the file of a commit message: look for secrets in it, and stop the commit when there are any. What git "
		 "puts below its scissors line is left out, as git does.",
	.opts = options,
	.tail = "\nExit status:\n"
		"  0  the message may be taken\n"
		"  1  stopped: it holds secrets\n"
		"  2  stopped: wrong usage or configuration\n"
		"  3  stopped: it could not be scanned\n"
		"  4  stopped: internal error\n",
};

/* The length of the message: git's own scissors line ends it, that is one with another comment below it. What a line of this form
 * alone hides would be kept in the commit. */
static size_t message_len(const char *text, size_t len)
{
	for (const char *at = text; (at = memmem(at, len - (size_t)(at - text), scissors, sizeof(scissors) - 1)) != NULL; at++) {
		const char *line = memrchr(text, '\n', (size_t)(at - text)), *next = at + sizeof(scissors) - 1;
		size_t mark;

		line = line ? line + 1 : text;
		mark = (size_t)(at - line);
		if (mark > 0 && mark <= (size_t)(text + len - next) && memcmp(line, next, mark) == 0)
			return (size_t)(line - text);
	}
	return len;
}

static int scan(struct cw_client *c, const char *file, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = {.data = cw_buf_empty, .max = MESSAGE_MAX + 1, .wipe = true};
	struct cw_scanned s = {.name = "the message", .type = CW_OBJ_COMMIT};
	struct cw_sink sink = cw_findings_sink(c->gate.findings);
	struct cw_scanner scanner;
	int rc = cw_io_read_file(file, MESSAGE_MAX, 0, &text, err);

	if (rc == 0)
		rc = cw_scanner_init(&scanner, c->gate.set, &sink, &c->gate.progress, 0, NULL, err);
	if (rc != 0)
		return rc;
	s.data = text.data;
	s.len = message_len(text.data, text.len);
	rc = cw_scanner_scan(&scanner, &s, err);
	cw_scanner_finish(&scanner, &c->gate.coverage);
	return rc == 0 ? cw_gate_decide(&c->gate, NULL, NULL, err) : rc;
}

static int advise(struct cw_client *c, struct cw_err *err)
{
	cw_gate_say(&c->gate, "Write the message anew without it; git keeps this one in .git/COMMIT_EDITMSG:\n"
			      "    git commit -e -F .git/COMMIT_EDITMSG\n");
	return 0;
}

static enum cw_exit run(struct cw_client *c, const char *file)
{
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_client_open(c, &err);

	if (rc == 0)
		rc = scan(c, file, &err);
	return rc == 0 ? cw_client_conclude(c, advise, &err) : cw_client_fail(c, &err);
}

enum cw_exit cw_cmd_commit_msg(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct cw_err err = CW_ERR_INIT;
	struct cw_client c;
	enum cw_exit status;
	char none;
	int rc = cw_opts_parse(&usage, argc, argv, &none, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	cw_client_init(&c, "commit");
	if (rc == 0 && args.len != 1)
		rc = cw_err_set(&err, CW_E_USAGE, "commit-msg takes one file: that of the message");
	status = rc == 0 ? run(&c, CW_VEC_AT(&args, const char *, 0)) : cw_client_fail(&c, &err);
	cw_client_release(&c);
	return status;
}
