/* cli/cmd_audit.c - credwatch audit: every object of a git repository. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/dump.h"
#include "cli/run.h"
#include "vcs/repo.h"

static const struct cw_usage usage = {
	.command = "audit",
	.synopsis = "[OPTION]... [REPOSITORY]",
	.about = "Look for secrets in the whole history of a git repository: every file version, commit and tag in its object store, "
		 "reachable or not. REPOSITORY is a folder in it, or a bare repository (default: the current folder).",
	.opts = cw_audit_options,
	.add_tail = cw_run_tail,
};

static int audit(const char *path, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_audit_stats *stats, struct cw_err *err)
{
	struct cw_err note = CW_ERR_INIT;
	struct cw_audit_opts opts = {.path = path, .jobs = limits->jobs, .object_max = limits->object_max,
				     .memory_max = limits->memory_max, .exhaustive = limits->exhaustive, .stats = stats,
				     .use_store = limits->use_store, .note = &note};
	int rc = cw_vcs_init(err);

	if (rc != 0)
		return rc;
	rc = cw_audit_run(set, &opts, sink, progress, coverage, err);
	cw_vcs_shutdown();
	if (note.code != CW_OK)
		cw_cmd_note("the store of verdicts is not used: %s", cw_err_msg(&note));
	return rc;
}

int cw_run_audit(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	return audit(payload, set, limits, sink, progress, coverage, NULL, err);
}

struct job { /* one audit as a user asked for it */
	const struct cw_run_opts *opts;
	const char *path;
	struct cw_dump dump;
};

static void print_stats(const struct cw_audit_stats *s, const struct cw_coverage *c)
{
	fprintf(stderr,
		"objects: %" PRIu64 " scanned, %" PRIu64 " bytes\n"
		"packs: %" PRIu64 " families, %" PRIu64 " bytes inflated, %" PRIu64 " bytes rebuilt, %" PRIu64 " versions given up\n"
		"matcher: %" PRIu64 " bytes matched, %" PRIu64 " blobs scanned whole, candidates: %" PRIu64 " inherited, %" PRIu64
		" judged\n",
		c->scanned, c->bytes, s->packs.families, s->packs.inflated, s->packs.rebuilt, s->packs.given_up, s->match.matched,
		s->match.whole, s->match.inherited, s->match.recomputed);
}

static int run_job(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		   struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	struct job *j = payload;
	struct cw_sink dump = cw_dump_sink(&j->dump, sink);
	struct cw_audit_stats stats = {0};
	int rc = audit(j->path, set, limits, j->opts->dump ? &dump : sink, progress, coverage, &stats, err);

	if (j->opts->stats)
		print_stats(&stats, coverage);
	return rc;
}

static int write_dump(void *payload, const struct cw_run_result *result, struct cw_err *err)
{
	struct job *j = payload;

	return cw_dump_write(&j->dump, result->coverage, stdout, err);
}

enum cw_exit cw_cmd_audit(int argc, char **argv)
{
	struct cw_run_opts opts = CW_RUN_OPTS_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct job job = {.opts = &opts, .path = "."};
	struct cw_run_scan scan = {.run = run_job, .payload = &job, .command = "audit", .tells = true};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	cw_dump_init(&job.dump);
	if (rc == 0 && args.len > 1)
		rc = cw_err_set(&err, CW_E_USAGE, "audit takes one repository, not %zu", args.len);
	if (rc == 0 && args.len == 1)
		job.path = CW_VEC_AT(&args, const char *, 0);
	scan.target = job.path;
	scan.finish = opts.dump ? write_dump : NULL;
	scan.site = (struct cw_site){.git = true, .paths = &scan.target, .paths_len = 1};
	if (rc == CW_OPTS_HELP)
		status = cw_cmd_print_help(&usage);
	else
		status = rc == 0 ? cw_run(&opts, &scan) : cw_cmd_fail(&err);
	cw_vec_release(&opts.rules.paths);
	cw_dump_release(&job.dump);
	return status;
}
