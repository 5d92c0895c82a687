/* cli/cmd_audit.c - credwatch audit: every object of a git repository. */
#include "cli/cmd.h"
#include "cli/run.h"
#include "vcs/repo.h"

static const struct cw_usage usage = {
	.command = "audit",
	.synopsis = "[OPTION]... [REPOSITORY]",
	.about = "Look for secrets in the whole history of a git repository: every file version, commit and tag in its object store, "
		 "reachable or not. REPOSITORY is a folder in it, or a bare repository (default: the current folder).",
	.opts = cw_run_options,
	.add_tail = cw_run_tail,
};

int cw_run_audit(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	struct cw_audit_opts opts = {.path = payload, .jobs = limits->jobs, .object_max = limits->object_max};
	int rc = cw_vcs_init(err);

	if (rc != 0)
		return rc;
	rc = cw_audit_run(set, &opts, sink, progress, coverage, err);
	cw_vcs_shutdown();
	return rc;
}

enum cw_exit cw_cmd_audit(int argc, char **argv)
{
	struct cw_run_opts opts = CW_RUN_OPTS_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct cw_run_scan scan = {.run = cw_run_audit, .command = "audit", .target = "."};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == 0 && args.len > 1)
		rc = cw_err_set(&err, CW_E_USAGE, "audit takes one repository, not %zu", args.len);
	if (rc == 0 && args.len == 1)
		scan.target = CW_VEC_AT(&args, const char *, 0);
	scan.payload = (void *)scan.target;
	scan.site = (struct cw_site){.git = true, .paths = &scan.target, .paths_len = 1};
	if (rc == CW_OPTS_HELP)
		status = cw_cmd_print_help(&usage);
	else
		status = rc == 0 ? cw_run(&opts, &scan) : cw_cmd_fail(&err);
	cw_vec_release(&opts.rules.paths);
	return status;
}
