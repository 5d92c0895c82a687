/* hooks/cmd_pre_push.c - credwatch pre-push: git on a developer's machine asks whether it may push. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/opts.h"
#include "cli/cmd.h"
#include "hooks/advice.h"
#include "hooks/hooks.h"
#include "hooks/outgoing.h"
#include "hooks/tell.h"
#include "vcs/push.h"

static const struct cw_opt options[] = {
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "pre-push",
	.synopsis = "[OPTION]... [REMOTE [URL]]",
	.about = "Run by git before a push, with the references on standard input: look for new secrets in all commits that REMOTE does not "
		 "have yet, and stop the push when there are any, or when something could not be scanned. For a URL without a name, what "
		 "any remote has counts as known.",
	.opts = options,
	.tail = "\nExit status:\n"
		"  0  the push may go on\n"
		"  1  stopped: it brings secrets\n"
		"  2  stopped: wrong usage or configuration\n"
		"  3  stopped: something could not be scanned\n"
		"  4  stopped: internal error\n",
};

struct pushing {
	struct cw_client client;
	struct cw_outgoing out;
};

static int advise(struct cw_client *c, struct cw_err *err)
{
	struct pushing *p = (struct pushing *)c; /* its first member */

	return cw_advise_push(&c->gate, &p->out.refs, &p->out.range, err);
}

/* git says on standard input what is pushed. Under the pre-commit framework there is nothing left to read, and the range is in the
 * environment; variables alone, which a hook around this one may have left, do not count. */
static int find_outgoing(struct pushing *p, const char *remote, bool *ret_any, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_MAX(CW_PUSH_INPUT_MAX);
	int rc = 0;

	if (!isatty(STDIN_FILENO))
		rc = cw_io_read_fd(STDIN_FILENO, "standard input", CW_PUSH_INPUT_MAX, &text, err);
	if (rc != 0)
		return rc;
	if (text.len == 0)
		return cw_outgoing_of_framework(&p->out, &p->client, remote, ret_any, err);
	*ret_any = true;
	return cw_outgoing_read(&p->out, &p->client, remote, text.data, text.len, err);
}

static void tell(struct cw_client *c, enum cw_exit status)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf name = CW_BUF_INIT;
	struct cw_outcome outcome = {.command = "pre-push", .status = (int)status, .findings = c->gate.findings, .coverage = &c->gate.coverage};

	if (!cw_tell_wanted(c->gate.conf, false) || cw_gate_cleanse(&c->gate, cw_repo_git_dir(c->repo), &name, NULL) != 0)
		return;
	outcome.repository = name.data;
	cw_tell_daemon(c->gate.conf, &outcome);
}

static enum cw_exit run(struct pushing *p, const char *remote)
{
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	bool any = false;
	int rc = cw_client_open(&p->client, &err);

	if (rc == 0)
		rc = find_outgoing(p, remote, &any, &err);
	if (rc == 0 && any)
		rc = cw_outgoing_scan(&p->out, &p->client, &err);
	if (rc == 0)
		rc = cw_gate_decide(&p->client.gate, NULL, NULL, &err);
	if (rc != 0)
		return cw_client_fail(&p->client, &err);
	status = cw_client_conclude(&p->client, advise, &err);
	tell(&p->client, status);
	return status;
}

enum cw_exit cw_cmd_pre_push(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	const char *remote = getenv("PRE_COMMIT_REMOTE_NAME"), *url = getenv("PRE_COMMIT_REMOTE_URL");
	struct cw_err err = CW_ERR_INIT;
	struct pushing p;
	enum cw_exit status;
	char none;
	int rc = cw_opts_parse(&usage, argc, argv, &none, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	cw_client_init(&p.client, "push");
	cw_outgoing_init(&p.out);
	p.client.retry = "push again";
	p.client.skip = "git push --no-verify";
	if (rc == 0 && args.len > 2)
		rc = cw_err_set(&err, CW_E_USAGE, "pre-push takes the remote's name and its URL, and no more");
	if (args.len > 0)
		remote = CW_VEC_AT(&args, const char *, 0);
	if (args.len > 1)
		url = CW_VEC_AT(&args, const char *, 1);
	if (!remote)
		remote = "origin";
	else if (url && strcmp(remote, url) == 0) /* so git says that it is no remote with a name */
		remote = NULL;
	status = rc == 0 ? run(&p, remote) : cw_client_fail(&p.client, &err);
	cw_outgoing_release(&p.out);
	cw_client_release(&p.client);
	return status;
}
