/* hooks/cmd_commit_msg.c - credwatch commit-msg: git asks whether it may take the message of a commit. */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/opts.h"
#include "cli/cmd.h"
#include "hooks/ask.h"
#include "hooks/client.h"
#include "hooks/hooks.h"
#include "scan/scanner.h"

#define MESSAGE_MAX ((size_t)256 << 20) /* bytes */
static const char scissors[] = " ------------------------ >8 ------------------------\n";

struct opts {
	int daemon_use;
};

static const struct cw_opt options[] = {
	CW_ASK_OPTION(struct opts, daemon_use),
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

struct message {
	struct cw_buf text;
	struct cw_scanned scanned; /* the text without what git leaves out */
};

static int read_message(const char *file, struct message *m, struct cw_err *err)
{
	int rc;

	m->text = (struct cw_buf){.data = cw_buf_empty, .max = MESSAGE_MAX + 1, .wipe = true};
	rc = cw_io_read_file(file, MESSAGE_MAX, 0, &m->text, err);
	m->scanned = (struct cw_scanned){.name = "the message", .type = CW_OBJ_COMMIT, .data = m->text.data,
					 .len = message_len(m->text.data, m->text.len)};
	return rc;
}

static int gather(void *payload, const struct cw_asker *asker, struct cw_coverage *coverage, struct cw_err *err)
{
	const struct message *m = payload;
	struct cw_progress progress = {0};
	struct cw_scanner scanner;
	int rc;

	cw_scanner_init_asking(&scanner, asker, &progress);
	rc = cw_scanner_scan(&scanner, &m->scanned, err);
	cw_scanner_finish(&scanner, coverage);
	return rc;
}

static int scan(struct cw_client *c, const struct message *m, struct cw_err *err)
{
	struct cw_scanner scanner;
	struct cw_sink sink;
	int rc = cw_client_prepare(c, err);

	if (rc != 0)
		return rc;
	sink = cw_findings_sink(c->gate.findings);
	rc = cw_scanner_init(&scanner, c->gate.set, &sink, &c->gate.progress, 0, NULL, err);
	if (rc != 0)
		return rc;
	rc = cw_scanner_scan(&scanner, &m->scanned, err);
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
	struct message m = {.text = CW_BUF_INIT};
	struct cw_err err = CW_ERR_INIT;
	bool clean = false;
	int rc = cw_client_look(c, &err);

	if (rc == 0)
		rc = read_message(file, &m, &err);
	if (rc == 0)
		rc = cw_client_ask(c, gather, &m, &clean, &err);
	if (rc == 0 && !clean)
		rc = scan(c, &m, &err);
	cw_buf_release(&m.text);
	return rc == 0 ? cw_client_conclude(c, advise, &err) : cw_client_fail(c, &err);
}

enum cw_exit cw_cmd_commit_msg(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct cw_err err = CW_ERR_INIT;
	struct opts opts = {0};
	struct cw_client c;
	enum cw_exit status;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	cw_client_init(&c, "commit");
	c.daemon_use = opts.daemon_use;
	if (rc == 0 && args.len != 1)
		rc = cw_err_set(&err, CW_E_USAGE, "commit-msg takes one file: that of the message");
	status = rc == 0 ? run(&c, CW_VEC_AT(&args, const char *, 0)) : cw_client_fail(&c, &err);
	cw_client_release(&c);
	return status;
}
