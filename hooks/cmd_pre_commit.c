/* hooks/cmd_pre_commit.c - credwatch pre-commit and pre-merge-commit: git on a developer's machine asks whether it may commit what is
 * staged.
 *
 * Whatever goes wrong here ends in a status that is not 0, and git does not commit, unless the policy says otherwise. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "base/opts.h"
#include "hooks/client.h"
#include "hooks/hooks.h"
#include "hooks/outgoing.h"
#include "hooks/paths.h"
#include "scan/staged.h"
#include "vcs/client.h"
#include "vcs/parse.h"

#define PARENTS_MAX 1000

static const struct cw_opt options[] = {
	{.kind = CW_OPT_END},
};

static const char exit_text[] = "\nExit status:\n"
				"  0  the commit may be made\n"
				"  1  stopped: it brings secrets\n"
				"  2  stopped: wrong usage or configuration\n"
				"  3  stopped: something could not be scanned\n"
				"  4  stopped: internal error\n";

static const struct cw_usage commit_usage = {
	.command = "pre-commit",
	.synopsis = "[OPTION]...",
	.about = "Run by git before a commit: look for new secrets in what is staged, and stop the commit when there are any, or when "
		 "something could not be scanned. The work tree is never looked at.",
	.opts = options,
	.tail = exit_text,
};

static const struct cw_usage merge_usage = {
	.command = "pre-merge-commit",
	.synopsis = "[OPTION]...",
	.about = "Run by git before the commit of a merge without conflicts: the same as pre-commit, against both sides of the merge.",
	.opts = options,
	.tail = exit_text,
};

extern char **environ;

static int add_parent(struct cw_vec *parents, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_oid *slot = cw_vec_push(parents);

	if (!slot)
		return cw_vec_fail(parents, "parents", err);
	*slot = *oid;
	return 0;
}

/* git merge writes MERGE_HEAD only after its hook, but names the commits in variables GITHEAD_<id>. */
static int add_announced(struct cw_vec *parents, struct cw_err *err)
{
	static const char prefix[] = "GITHEAD_";
	int rc = 0;

	for (char **e = environ; rc == 0 && e && *e; e++) {
		const char *id = *e + sizeof(prefix) - 1;
		struct cw_oid oid;

		if (strncmp(*e, prefix, sizeof(prefix) - 1) == 0 && cw_oid_parse(id, strcspn(id, "="), &oid))
			rc = add_parent(parents, &oid, err);
	}
	return rc;
}

static int find_parents(struct cw_client *c, bool merge, struct cw_vec *parents, struct cw_err *err)
{
	struct cw_oid head = {.len = 0};
	int rc = cw_repo_head_oid(c->repo, &head, err);

	if (rc == 0 && head.len > 0)
		rc = add_parent(parents, &head, err);
	if (rc == 0 && head.len > 0)
		rc = cw_repo_merge_heads(c->repo, parents, err);
	if (rc == 0 && merge && parents->len == 1)
		rc = add_announced(parents, err);
	return rc;
}

static int advise(struct cw_client *c, struct cw_err *err)
{
	struct cw_gate *g = &c->gate;

	cw_gate_say(g, "Take it out of what is staged, then commit again:\n");
	return cw_paths_say(g, "    git add", err);
}

static int scan(struct cw_client *c, bool merge, uint64_t *ret_files, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec parents = CW_VEC_INIT(struct cw_oid, PARENTS_MAX);
	struct cw_sink sink = cw_findings_sink(c->gate.findings);
	struct cw_staged_opts opts = {.repo = c->repo, .index = c->index, .parents = &parents,
				      .object_max = c->gate.conf->object_max,
				      .judge_all = c->gate.conf->hooks_judge == CW_JUDGE_ALL};
	int rc = find_parents(c, merge, &parents, err);

	if (rc == 0)
		rc = cw_staged_scan(c->gate.set, &opts, &sink, &c->gate.progress, &c->gate.coverage, ret_files, err);
	return rc == 0 ? cw_gate_decide(&c->gate, NULL, NULL, err) : rc;
}

/* `pre-commit run --from-ref A --to-ref B`: nothing is staged then, the commits between are meant. */
static int scan_range(struct cw_client *c, bool *ret_done, struct cw_err *err)
{
	struct cw_outgoing out;
	int rc;

	cw_outgoing_init(&out);
	rc = cw_outgoing_of_framework(&out, c, NULL, ret_done, err);
	if (rc == 0 && *ret_done)
		rc = cw_outgoing_scan(&out, c, err);
	cw_outgoing_release(&out);
	return rc;
}

static enum cw_exit run(struct cw_client *c, bool merge)
{
	struct cw_err err = CW_ERR_INIT;
	uint64_t files = 0;
	bool range = false;
	int rc = cw_client_open(c, &err);

	if (rc == 0)
		rc = scan_range(c, &range, &err);
	if (rc == 0 && !range)
		rc = scan(c, merge, &files, &err);
	if (rc != 0)
		return cw_client_fail(c, &err);
	/* `pre-commit run --all-files` has nothing staged: to be silent would look as if all files had been scanned. */
	if (files == 0 && !range && getenv("PRE_COMMIT"))
		cw_gate_say(&c->gate, "credwatch: nothing staged, so nothing was scanned; for all files: credwatch scan .\n");
	return cw_client_conclude(c, advise, &err);
}

static enum cw_exit command(const struct cw_usage *usage, bool merge, int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct cw_err err = CW_ERR_INIT;
	struct cw_client c;
	enum cw_exit status;
	char none;
	int rc = cw_opts_parse(usage, argc, argv, &none, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(usage);
	cw_client_init(&c, "commit");
	if (merge) {
		c.retry = "merge again";
		c.skip = "git merge --no-verify";
	}
	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "%s takes no arguments: it looks at what is staged", usage->command);
	status = rc == 0 ? run(&c, merge) : cw_client_fail(&c, &err);
	cw_client_release(&c);
	return status;
}

enum cw_exit cw_cmd_pre_commit(int argc, char **argv)
{
	return command(&commit_usage, false, argc, argv);
}

enum cw_exit cw_cmd_pre_merge_commit(int argc, char **argv)
{
	return command(&merge_usage, true, argc, argv);
}
