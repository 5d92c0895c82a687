/* cli/cmd_baseline.c - credwatch baseline: what is found now becomes a file of known secrets. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/root.h"
#include "cli/run.h"
#include "policy/baseline.h"

#define UNSCANNED_SHOWN 10

struct baseline_opts {
	struct cw_run_opts run;
	const char *file, *output; /* or NULL */
	bool replace, prune, incomplete;
};

#define FIELD(name) .offset = offsetof(struct baseline_opts, name)

#define SHARED_OPTIONS                                                                                                 \
	{.kind = CW_OPT_FLAG, .name = "allow-incomplete", FIELD(incomplete),                                           \
	 .help = "write the baseline also when something could not be scanned"},                                      \
	CW_RULESET_OPTIONS(struct baseline_opts, run.rules),                                                           \
	{.kind = CW_OPT_FLAG, .name = "no-inline-marks", FIELD(run.policy.no_inline_marks),                            \
	 .help = "comments such as credwatch:allow suppress nothing: such secrets enter the baseline too"},           \
	{.kind = CW_OPT_STRING, .name = "config", .arg = "FILE", FIELD(run.policy.config),                             \
	 .help = "read FILE in place of the repository's .credwatch.yaml"},                                            \
	{.kind = CW_OPT_FLAG, .name = "no-repository-config", FIELD(run.policy.no_repository_config),                  \
	 .help = "do not read the repository's .credwatch.yaml"},                                                      \
	{.kind = CW_OPT_NUMBER, .letter = 'j', .name = "jobs", .arg = "N", FIELD(run.jobs), .min = 1, .max = CW_JOBS_MAX, \
	 .help = "threads (default: one for each processor that may be used)"},                                        \
	{.kind = CW_OPT_SIZE, .name = "object-max", .arg = "SIZE", FIELD(run.object_max), .min = 1,                    \
	 .max = CW_OBJECT_MAX_MAX, .help = "larger files or objects are not scanned (default 1G)"},                       \
	{.kind = CW_OPT_SIZE, .name = "max-memory", .arg = "SIZE", FIELD(run.memory_max), .min = CW_MEMORY_MAX_MIN,            \
	 .max = CW_OBJECT_MAX_MAX, .help = "content in memory at a time, for an audit (default 4G)"},                  \
	{.kind = CW_OPT_FLAG, .name = "no-cache", FIELD(run.no_cache),                                                 \
	 .help = "do not use what earlier audits of the repository have found, and keep nothing for later ones"},     \
	{.kind = CW_OPT_FLAG, .letter = 'q', .name = "quiet", FIELD(run.quiet), .help = "print errors and notes only"}, \
	{.kind = CW_OPT_FLAG, .name = "no-progress", FIELD(run.no_progress),                                           \
	 .help = "no progress line (it is only shown on a terminal)"},                                                 \
	{.kind = CW_OPT_END}

static const struct cw_opt create_options[] = {
	{.kind = CW_OPT_STRING, .letter = 'o', .name = "output", .arg = "FILE", FIELD(output),
	 .help = "write FILE (default: the one that the repository's configuration names, else .credwatch.baseline at its root)"},
	{.kind = CW_OPT_STRING, .name = "baseline", .arg = "FILE", FIELD(file), .help = "the same"},
	{.kind = CW_OPT_FLAG, .name = "replace", FIELD(replace), .help = "replace a file that is there"},
	SHARED_OPTIONS,
};

static const struct cw_opt update_options[] = {
	{.kind = CW_OPT_STRING, .name = "baseline", .arg = "FILE", FIELD(file),
	 .help = "update FILE (default: the one that the repository's configuration names, else .credwatch.baseline at its root)"},
	{.kind = CW_OPT_STRING, .letter = 'o', .name = "output", .arg = "FILE", FIELD(output),
	 .help = "write the result to FILE and leave the old one as it is"},
	{.kind = CW_OPT_FLAG, .name = "prune", FIELD(prune),
	 .help = "drop entries whose secrets were not found any more; those of another key stay"},
	SHARED_OPTIONS,
};

static const char exit_text[] = "Exit status:\n"
				"  0  the baseline is written\n"
				"  2  wrong usage, configuration or baseline: nothing is written\n"
				"  3  something could not be scanned: nothing is written unless\n"
				"     --allow-incomplete is given\n"
				"  4  internal error, or the file could not be written\n";

static const struct cw_usage usage_create = {
	.command = "baseline create",
	.synopsis = "[OPTION]... [PATH]",
	.about = "Audit the repository at PATH (default: the current folder), or scan PATH where there is no repository, and write the "
		 "fingerprints of all secrets found to a baseline. With 'baseline: .credwatch.baseline' in the .credwatch.yaml of the "
		 "repository, or with --baseline, they do not count any more.",
	.opts = create_options,
	.tail = exit_text,
};

static const struct cw_usage usage_update = {
	.command = "baseline update",
	.synopsis = "[OPTION]... [PATH]",
	.about = "Audit or scan PATH as 'baseline create' does, and add what is new to the baseline that is there.",
	.opts = update_options,
	.tail = exit_text,
};

struct job {
	const struct baseline_opts *opts;
	bool update;
	const char *path; /* what is scanned */
	struct cw_vec paths;
	struct cw_root root;
	struct cw_buf file; /* the baseline: read by update, written unless there is an output */
	bool is_configured; /* the configuration names it */
	struct cw_baseline baseline;
	struct cw_buf summary; /* for standard output; empty: nothing was written */
};

static const char *target(const struct job *j)
{
	return j->opts->output ? j->opts->output : j->file.data;
}

/* ---- before the scan ---- */

/* The baseline that the repository's configuration names, if it names one. */
static int find_configured(const struct cw_conf *conf, const char **ret, struct cw_err *err)
{
	*ret = NULL;
	for (size_t i = 0; i < conf->baselines.len; i++) {
		const struct cw_conf_path *p = &CW_VEC_AT(&conf->baselines, struct cw_conf_path, i);

		if (p->from.level != CW_LEVEL_REPOSITORY)
			continue;
		if (*ret)
			return cw_err_set(err, CW_E_USAGE, "%s names several baselines: say which with '--baseline FILE'", p->from.file);
		*ret = p->path;
	}
	return 0;
}

static int choose_file(struct job *j, const struct cw_conf *conf, struct cw_err *err)
{
	const char *given = j->opts->file ? j->opts->file : j->update ? NULL : j->opts->output, *name;
	int rc;

	if (given) {
		cw_buf_adds(&j->file, given);
		return cw_buf_fail(&j->file, "path", err);
	}
	if (!j->root.dir)
		return cw_err_set(err, CW_E_USAGE, "a bare repository has no files: say where with '%s FILE'",
				  j->update ? "--baseline" : "--output");
	rc = find_configured(conf, &name, err);
	if (rc != 0)
		return rc;
	j->is_configured = name != NULL;
	return cw_root_join(&j->root, name ? name : CW_BASELINE_FILE, &j->file, err);
}

static int read_old(struct job *j, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	bool found;
	int rc = cw_root_read_file(j->file.data, CW_BASELINE_FILE_MAX, &text, &found, err);

	if (rc != 0)
		return rc;
	if (!found)
		return cw_err_set(err, CW_E_NOTFOUND, "there is no '%s' yet: 'credwatch baseline create' makes one", j->file.data);
	return cw_baseline_parse(&j->baseline, j->file.data, text.data, text.len, err);
}

static int start(void *payload, const struct cw_conf *conf, struct cw_err *err)
{
	struct job *j = payload;
	struct stat st;
	int rc = choose_file(j, conf, err);

	if (rc == 0 && j->update)
		rc = read_old(j, err);
	if (rc == 0)
		rc = cw_root_check_file(target(j), err);
	if (rc == 0 && !j->update && !j->opts->replace && lstat(target(j), &st) == 0)
		rc = cw_err_set(err, CW_E_INVALID, "there is a '%s' already: 'credwatch baseline update' adds to it", target(j));
	return rc;
}

static int run_scan(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		    struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	struct job *j = payload;

	if (j->root.git_dir)
		return cw_run_audit((void *)j->path, set, limits, sink, progress, coverage, err);
	return cw_run_files(&j->paths, set, limits, sink, progress, coverage, err);
}

/* ---- after it ---- */

static void note_incomplete(const struct job *j, const struct cw_run_result *result)
{
	const struct cw_vec *list = &result->coverage->list;

	if (result->interrupted)
		cw_cmd_note("the scan was interrupted");
	for (size_t i = 0; i < list->len && i < UNSCANNED_SHOWN; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(list, struct cw_unscanned, i);

		cw_cmd_note("not scanned: %s: %s", u->object ? u->object : "", u->reason ? u->reason : "");
	}
	if (result->coverage->unscanned > UNSCANNED_SHOWN)
		cw_cmd_note("%" PRIu64 " more were not scanned", result->coverage->unscanned - UNSCANNED_SHOWN);
	if (!j->opts->incomplete)
		cw_cmd_note("the scan is incomplete: no baseline is written ('--allow-incomplete' writes one)");
	else if (j->opts->prune)
		cw_cmd_note("the scan is incomplete: nothing is dropped");
}

static void note_change(const struct job *j, const struct cw_baseline_change *c, const struct cw_run_result *result)
{
	if (c->missing > 0)
		cw_cmd_note("entries that were not found any more and stay: %zu ('--prune' drops them)", c->missing);
	if (c->foreign > 0)
		cw_cmd_note("entries of another key than yours (%s), which stay as they are: %zu", result->key_id, c->foreign);
	if (c->weak > 0)
		cw_cmd_note("secrets of proof 'context' that are left out: %zu; the key '%s' comes with the repository, and who has both "
			    "can test guesses", c->weak, result->key_file);
	if (c->unsure > 0)
		cw_cmd_note("places that go on to be reported, since they stand for more hits than are listed: %zu", c->unsure);
	if (j->opts->output || j->opts->file)
		cw_cmd_note("to use it, give '--baseline %s', or name it in a configuration ('credwatch config --keys')", target(j));
	else if (!j->is_configured)
		cw_cmd_note("to use it, put 'baseline: %s' into %s%s", CW_BASELINE_FILE, CW_CONF_FILE,
			    j->root.git_dir ? ", and commit both: an audit reads them from HEAD" : "");
	else if (j->root.git_dir && (c->added > 0 || c->dropped > 0))
		cw_cmd_note("an audit reads it from HEAD: commit it");
}

static void add_summary(struct job *j, const struct cw_baseline_change *c)
{
	cw_escape(&j->summary, target(j), strlen(target(j)));
	cw_buf_addf(&j->summary, ": %zu secret%s: %zu added, %zu kept, %zu dropped\n", j->baseline.entries.len,
		    j->baseline.entries.len == 1 ? "" : "s", c->added, c->kept + c->foreign, c->dropped);
}

static int finish(void *payload, const struct cw_run_result *result, struct cw_err *err)
{
	struct job *j = payload;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_baseline_change change;
	bool shared, keep = !j->update || !j->opts->prune || !result->complete;
	int rc;

	if (!result->complete)
		note_incomplete(j, result);
	if (!result->complete && !j->opts->incomplete)
		return 0;
	rc = cw_root_holds(&j->root, result->key_file, &shared, err);
	if (rc == 0)
		rc = cw_baseline_update(&j->baseline, result->findings, result->key_id, keep, !shared, &change, err);
	if (rc == 0)
		rc = cw_baseline_print(&j->baseline, result->key_id, &text, err);
	if (rc == 0)
		rc = cw_root_write_file(target(j), &text, err);
	if (rc != 0)
		return rc;
	note_change(j, &change, result);
	add_summary(j, &change);
	return cw_buf_fail(&j->summary, "summary", err);
}

/* ---- the commands ---- */

static enum cw_exit run(struct job *j)
{
	struct cw_run_scan scan = {.run = run_scan, .payload = j, .command = j->root.git_dir ? "audit" : "scan", .target = j->path,
				   .start = start, .finish = finish};
	enum cw_exit status, printed;

	scan.site = (struct cw_site){.git = j->root.git_dir != NULL, .paths = &j->path, .paths_len = 1};
	status = cw_run(&j->opts->run, &scan);
	if (j->summary.len == 0 || j->opts->run.quiet || status == CW_EXIT_INTERNAL)
		return status;
	printed = cw_cmd_print_clean(j->summary.data);
	return printed == CW_EXIT_CLEAN ? status : printed;
}

static int find_root(struct job *j, const struct cw_vec *args, struct cw_err *err)
{
	const char **slot = cw_vec_push(&j->paths);

	if (!slot)
		return cw_vec_fail(&j->paths, "paths", err);
	if (args->len > 1)
		return cw_err_set(err, CW_E_USAGE, "a baseline is made of one PATH, not %zu", args->len);
	if (args->len == 1)
		j->path = CW_VEC_AT(args, const char *, 0);
	*slot = j->path;
	if (strcmp(j->path, "-") == 0)
		return cw_err_set(err, CW_E_USAGE, "a baseline is made of files, not of standard input");
	return cw_root_find(j->path, &j->root, err);
}

static enum cw_exit baseline(const struct cw_usage *usage, bool update, int argc, char **argv)
{
	struct baseline_opts opts = {.run = CW_RUN_OPTS_INIT};
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct job j = {.opts = &opts, .update = update, .path = ".", .paths = CW_VEC_INIT(const char *, 1), .file = CW_BUF_INIT,
			.summary = CW_BUF_INIT};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc = cw_opts_parse(usage, argc, argv, &opts, &args, &err);

	cw_baseline_init(&j.baseline);
	opts.run.policy.no_baselines = true;
	if (rc == 0)
		rc = find_root(&j, &args, &err);
	if (rc == CW_OPTS_HELP)
		status = cw_cmd_print_help(usage);
	else
		status = rc == 0 ? run(&j) : cw_cmd_fail(&err);
	cw_baseline_release(&j.baseline);
	cw_root_release(&j.root);
	cw_buf_release(&j.file);
	cw_buf_release(&j.summary);
	cw_vec_release(&j.paths);
	cw_vec_release(&opts.run.rules.paths);
	return status;
}

static enum cw_exit create(int argc, char **argv)
{
	return baseline(&usage_create, false, argc, argv);
}

static enum cw_exit update(int argc, char **argv)
{
	return baseline(&usage_update, true, argc, argv);
}

static const struct cw_command subcommands[] = {
	{"create", "write all secrets that are found now to a new baseline", create},
	{"update", "add new secrets to a baseline, drop what is gone", update},
	{NULL, NULL, NULL},
};

enum cw_exit cw_cmd_baseline(int argc, char **argv)
{
	return cw_cmd_group("baseline", subcommands, argc, argv);
}
