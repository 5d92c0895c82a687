/* hooks/cmd_pre_commit.c - credwatch pre-commit and pre-merge-commit: git on a developer's machine asks whether it may commit what is
 * staged.
 *
 * Whatever goes wrong here ends in a status that is not 0, and git does not commit, unless the policy says otherwise. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/opts.h"
#include "cli/cmd.h"
#include "hooks/advice.h"
#include "hooks/ask.h"
#include "hooks/client.h"
#include "hooks/hooks.h"
#include "hooks/outgoing.h"
#include "hooks/paths.h"
#include "scan/staged.h"
#include "vcs/client.h"
#include "vcs/parse.h"

#define PARENTS_MAX 1000

struct opts {
	int daemon_use;
};

static const struct cw_opt options[] = {
	CW_ASK_OPTION(struct opts, daemon_use),
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
	/* the pre-commit framework runs one command for both hooks */
	if (rc == 0 && (merge || getenv("PRE_COMMIT")) && parents->len == 1)
		rc = add_announced(parents, err);
	return rc;
}

struct committing {
	struct cw_client client;
	struct cw_outgoing out;
	bool merge, range, all;
};

static int advise(struct cw_client *c, struct cw_err *err)
{
	struct committing *m = (struct committing *)c; /* its first member */
	struct cw_gate *g = &c->gate;

	if (m->range)
		return cw_advise_push(g, &m->out.refs, &m->out.range, err);
	if (m->all) {
		cw_gate_say(g, "Nothing is staged, so all files that git tracks were looked at.\n"
			       "Take it out and commit that; older commits keep it, so revoke it too.\n");
		return 0;
	}
	cw_gate_say(g, "Take it out of the file, stage that, and commit again:\n");
	return cw_paths_say(g, "    git add", err);
}

/* What the index holds that PARENTS do not. */
static int scan_against(struct cw_client *c, const struct cw_vec *parents, uint64_t *ret_files, struct cw_err *err)
{
	struct cw_sink sink = cw_findings_sink(c->gate.findings);
	struct cw_staged_opts opts = {.repo = c->repo, .index = c->index, .parents = parents,
				      .object_max = c->gate.conf->object_max,
				      .judge_all = c->gate.conf->hooks_judge == CW_JUDGE_ALL};

	return cw_staged_scan(c->gate.set, &opts, &sink, &c->gate.progress, &c->gate.coverage, ret_files, err);
}

/* `pre-commit run --all-files` has nothing staged: to let that pass would look as if all files had been scanned. git itself always
 * names the index to a hook. */
static bool is_by_hand(void)
{
	return getenv("PRE_COMMIT") && !getenv("GIT_INDEX_FILE");
}

/* What is staged, for a daemon. With ranges of commits, or all files, it is not asked. */
static int gather(void *payload, const struct cw_asker *asker, struct cw_coverage *coverage, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec parents = CW_VEC_INIT(struct cw_oid, PARENTS_MAX);
	struct committing *m = payload;
	struct cw_client *c = &m->client;
	struct cw_staged_opts opts = {.repo = c->repo, .index = c->index, .parents = &parents,
				      .object_max = c->gate.conf->object_max, .asker = asker};
	uint64_t files;
	int rc = find_parents(c, m->merge, &parents, err);

	return rc == 0 ? cw_staged_scan(NULL, &opts, NULL, &c->gate.progress, coverage, &files, err) : rc;
}

/* What is staged, and with `pre-commit run --from-ref A --to-ref B` the commits between. */
static int scan(struct committing *m, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec parents = CW_VEC_INIT(struct cw_oid, PARENTS_MAX);
	struct cw_client *c = &m->client;
	uint64_t files = 0;
	int rc = find_parents(c, m->merge, &parents, err);

	if (rc == 0)
		rc = scan_against(c, &parents, &files, err);
	if (rc == 0)
		rc = cw_outgoing_of_range(&m->out, &m->range, err);
	if (rc == 0 && m->range)
		rc = cw_outgoing_scan(&m->out, c, err);
	m->all = files == 0 && !m->range && is_by_hand();
	if (rc == 0 && m->all) {
		c->retry = "run it again";
		c->skip = NULL;
		cw_vec_clear(&parents);
		rc = scan_against(c, &parents, &files, err);
	}
	return rc == 0 ? cw_gate_decide(&c->gate, NULL, NULL, err) : rc;
}

static enum cw_exit run(struct committing *m)
{
	struct cw_err err = CW_ERR_INIT;
	bool clean = false;
	int rc = cw_client_look(&m->client, &err);

	if (rc == 0 && !is_by_hand() && !getenv("PRE_COMMIT_FROM_REF"))
		rc = cw_client_ask(&m->client, gather, m, &clean, &err);
	if (rc == 0 && !clean)
		rc = cw_client_prepare(&m->client, &err);
	if (rc == 0 && !clean)
		rc = scan(m, &err);
	return rc == 0 ? cw_client_conclude(&m->client, advise, &err) : cw_client_fail(&m->client, &err);
}

static enum cw_exit command(const struct cw_usage *usage, bool merge, int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct cw_err err = CW_ERR_INIT;
	struct committing m = {.merge = merge};
	enum cw_exit status;
	struct opts opts = {0};
	int rc = cw_opts_parse(usage, argc, argv, &opts, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(usage);
	cw_client_init(&m.client, "commit");
	m.client.daemon_use = opts.daemon_use;
	cw_outgoing_init(&m.out);
	if (merge) {
		m.client.retry = "merge again";
		m.client.skip = "git merge --no-verify";
	}
	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "%s takes no arguments: it looks at what is staged", usage->command);
	status = rc == 0 ? run(&m) : cw_client_fail(&m.client, &err);
	cw_outgoing_release(&m.out);
	cw_client_release(&m.client);
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
