/* cli/cmd_scan.c - credwatch scan: files, folders and standard input. */
#include <sys/stat.h>

#include "cli/cmd.h"
#include "cli/run.h"
#include "hooks/ask.h"
#include "scan/files.h"

static const struct cw_usage usage = {
	.command = "scan",
	.synopsis = "[OPTION]... PATH...|-",
	.about = "Look for secrets in files, in all files below folders, or in standard input (-). Binary files are scanned too. Below "
		 "a folder symbolic links and special files are passed over, and .git folders are left to 'credwatch audit'.",
	.opts = cw_scan_options,
	.add_tail = cw_run_tail,
};

static bool is_excluded(const void *payload, const char *path)
{
	return cw_policy_excludes(payload, path);
}

/* A few small files, which are sooner asked about than scanned here. */
#define ASK_FILES_MAX 64
#define ASK_BYTES_MAX ((off_t)4 << 20)

static bool is_small(const struct cw_vec *paths)
{
	off_t bytes = 0;

	if (paths->len > ASK_FILES_MAX)
		return false;
	for (size_t i = 0; i < paths->len; i++) {
		struct stat st;

		/* Neither a folder nor standard input, which can be read but once. */
		if (stat(CW_VEC_AT(paths, const char *, i), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > ASK_BYTES_MAX)
			return false;
		bytes += st.st_size;
	}
	return bytes <= ASK_BYTES_MAX;
}

/* Whether a running daemon says that all files are clean; then COVERAGE counts them as scanned. What goes wrong with a file goes wrong
 * again, and is reported, when it is scanned. */
static int ask_daemon(const struct cw_files_opts *files, const struct cw_conf *conf, struct cw_coverage *coverage, bool *ret_clean,
		      struct cw_err *err)
{
	struct cw_files_opts opts = *files;
	struct cw_progress progress = {0};
	struct cw_coverage gathered;
	struct cw_ask ask;
	int rc = 0;

	cw_ask_init(&ask);
	cw_coverage_init(&gathered);
	opts.asker = &ask.asker;
	if (cw_files_run(NULL, &opts, NULL, &progress, &gathered, NULL) == 0 && cw_coverage_complete(&gathered))
		rc = cw_ask_settle(&ask, conf, ret_clean, NULL, err);
	if (*ret_clean)
		cw_coverage_merge(coverage, &gathered);
	cw_coverage_release(&gathered);
	cw_ask_release(&ask);
	return rc;
}

int cw_run_files(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	const struct cw_vec *paths = payload;
	struct cw_files_opts opts = {.paths = paths->items, .paths_len = paths->len, .jobs = limits->jobs,
				     .object_max = limits->object_max, .excluded = is_excluded,
				     .excluded_payload = limits->policy};
	bool ask = false, clean = false;
	int rc = limits->ask ? cw_ask_possible(limits->ask, &ask, err) : 0;

	if (rc == 0 && ask && is_small(paths))
		rc = ask_daemon(&opts, limits->ask, coverage, &clean, err);
	else if (rc == 0 && ask && limits->ask->daemon_use == CW_DAEMON_REQUIRE)
		rc = cw_err_set(err, CW_E_UNSUPPORTED, "a daemon is required, but is asked only about a few small files, not about folders or "
				"standard input: use --daemon=auto");
	if (rc != 0 || clean)
		return rc;
	return cw_files_run(set, &opts, sink, progress, coverage, err);
}

static int join(const struct cw_vec *paths, struct cw_buf *out, struct cw_err *err)
{
	for (size_t i = 0; i < paths->len; i++)
		cw_buf_addf(out, "%s%s", i > 0 ? " " : "", CW_VEC_AT(paths, const char *, i));
	return cw_buf_fail(out, "command line", err);
}

enum cw_exit cw_cmd_scan(int argc, char **argv)
{
	struct cw_run_opts opts = CW_RUN_OPTS_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec paths = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf target = CW_BUF_INIT;
	struct cw_run_scan scan = {.run = cw_run_files, .payload = &paths, .command = "scan", .may_ask = true};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &paths, &err);

	if (rc == 0 && paths.len == 0)
		rc = cw_err_set(&err, CW_E_USAGE, "scan needs a file, a folder, or '-' for standard input");
	if (rc == 0)
		rc = join(&paths, &target, &err);
	scan.target = target.data;
	scan.site = (struct cw_site){.paths = paths.items, .paths_len = paths.len};
	if (rc == CW_OPTS_HELP)
		status = cw_cmd_print_help(&usage);
	else
		status = rc == 0 ? cw_run(&opts, &scan) : cw_cmd_fail(&err);
	cw_vec_release(&opts.rules.paths);
	return status;
}
