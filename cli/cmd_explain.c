/* cli/cmd_explain.c - credwatch explain: finds the secret of a fingerprint and tells its tale. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "cli/cmd.h"
#include "cli/explain.h"
#include "cli/run.h"
#include "policy/baseline.h"

#define REPORT_MAX ((size_t)1 << 30) /* bytes */

struct explain_opts {
	struct cw_run_opts run;
	bool files;
};

#define RUN(name) .offset = offsetof(struct explain_opts, run.name)

static const struct cw_opt options[] = {
	{.kind = CW_OPT_FLAG, .name = "files", .offset = offsetof(struct explain_opts, files),
	 .help = "look into the files of a work tree, not into its history"},
	CW_RULESET_OPTIONS(struct explain_opts, run.rules),
	{.kind = CW_OPT_FLAG, .name = "no-inline-marks", RUN(policy.no_inline_marks),
	 .help = "comments such as credwatch:allow suppress nothing"},
	{.kind = CW_OPT_STRING, .name = "baseline", .arg = "FILE", RUN(policy.baseline),
	 .help = "the secrets in this baseline are known and do not count"},
	{.kind = CW_OPT_STRING, .name = "config", .arg = "FILE", RUN(policy.config),
	 .help = "read FILE in place of the repository's .credwatch.yaml"},
	{.kind = CW_OPT_FLAG, .name = "no-repository-config", RUN(policy.no_repository_config),
	 .help = "do not read the repository's .credwatch.yaml"},
	{.kind = CW_OPT_NUMBER, .letter = 'j', .name = "jobs", .arg = "N", RUN(jobs), .min = 1, .max = CW_JOBS_MAX,
	 .help = "threads (default: one for each processor that may be used)"},
	{.kind = CW_OPT_SIZE, .name = "object-max", .arg = "SIZE", RUN(object_max), .min = 1, .max = CW_OBJECT_MAX_MAX,
	 .help = "larger files or objects are not scanned (default 1G)"},
	{.kind = CW_OPT_FLAG, .letter = 'q', .name = "quiet", RUN(quiet),
	 .help = "print nothing but the explanation, errors and notes"},
	{.kind = CW_OPT_FLAG, .name = "no-progress", RUN(no_progress),
	 .help = "no progress line (it is only shown on a terminal)"},
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "explain",
	.synopsis = "[OPTION]... FINGERPRINT REPOSITORY|PATH|REPORT",
	.about = "Tell all about one finding: which checks it passed and with which values, why it has its severity and proof, where it "
		 "stands, what suppresses it, and what to do. The secret itself is not shown. The last argument is what was looked at: "
		 "a repository, a file or folder, or a report in the format json or jsonl (which holds no values of checks).",
	.opts = options,
	.tail = "Exit status:\n"
		"  0  explained\n"
		"  2  there is no such finding there, or wrong usage\n"
		"  3  incomplete: something could not be scanned, so there may be more places\n"
		"  4  internal error\n",
};

struct explain {
	const char *fingerprint;
	const char *target;
	bool git;
	struct cw_vec paths; /* const char *: the target alone, for a scan of files */
	struct cw_set *set;
	struct cw_key key;
};

/* ---- the tale ---- */

static int print(const struct cw_buf *out, struct cw_err *err)
{
	int rc = cw_buf_fail(out, "explanation", err);

	if (rc != 0)
		return rc;
	errno = 0;
	if (fputs(out->data, stdout) != EOF && fflush(stdout) == 0)
		return 0;
	cw_err_sys(err, errno ? errno : EIO, "cannot write to standard output");
	return cw_err_set(err, CW_E_IO, "cannot write to standard output");
}

/* A file or object that is not there any more is no failure to explain. */
static bool is_gone(int rc)
{
	return rc == CW_E_NOTFOUND || rc == CW_E_IO || rc == CW_E_CORRUPT || rc == CW_E_INVALID;
}

/* How the first place was judged. */
static int judge(const struct explain *e, struct cw_tale *t, struct cw_told *told, struct cw_err *err)
{
	int rc = cw_explain_judge(e->set, &e->key, t->places[0], e->git ? e->target : NULL, told, err);

	t->untold = rc != 0 ? "the place cannot be read again" : "the place does not hold it any more";
	return is_gone(rc) ? 0 : rc;
}

/* One tale for each rule that found the secret; PLACES are sorted by rule. */
static int tell(const struct explain *e, const struct cw_finding **places, size_t len, const char *source, bool judged,
		struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	for (size_t i = 0, n; i < len; i += n) {
		struct cw_tale t = {.places = places + i, .set = e->set, .source = source,
				    .untold = "the values of the checks are not in a report: name the repository or file to see them"};
		CW_CLEANUP(cw_told_release) struct cw_told told = CW_TOLD_INIT;
		int rc = 0;

		for (n = 1; i + n < len && places[i + n]->rule == places[i]->rule;)
			n++;
		t.len = n;
		t.told = &told;
		if (judged)
			rc = judge(e, &t, &told, err);
		if (rc != 0)
			return rc;
		if (i > 0)
			cw_buf_adds(&out, "\n\n");
		cw_explain_text(&t, &out);
	}
	return print(&out, err);
}

/* By rule, in the order in which the rules come first. */
static void sort_by_rule(const struct cw_finding **places, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		size_t k = i;

		while (k > 0 && places[k - 1]->rule != places[i]->rule)
			k--;
		if (k > 0 && k < i) {
			const struct cw_finding *f = places[i];

			memmove(places + k + 1, places + k, (i - k) * sizeof(*places));
			places[k] = f;
		}
	}
}

/* ---- out of a scan ---- */

static int run_scan(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		    struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	struct explain *e = payload;

	e->set = cw_set_ref(set);
	return e->git ? cw_run_audit((void *)e->target, set, limits, sink, progress, coverage, err) :
			cw_run_files(&e->paths, set, limits, sink, progress, coverage, err);
}

static int not_found(const struct explain *e, bool complete, struct cw_err *err)
{
	if (!complete)
		return cw_err_set(err, CW_E_CORRUPT, "no secret with this fingerprint in what could be scanned, and something could not");
	if (e->git)
		return cw_err_set(err, CW_E_NOTFOUND, "no secret with this fingerprint in the repository's history: for files that are not "
						      "committed add --files, and --rules for the rules that found it");
	return cw_err_set(err, CW_E_NOTFOUND, "no secret with this fingerprint there: if the file was changed or deleted name the "
					      "repository, for a report one in the format json or jsonl, and with --rules the "
					      "rules that found it");
}

static int finish_scan(void *payload, const struct cw_run_result *result, struct cw_err *err)
{
	const struct explain *e = payload;
	size_t len = cw_findings_len(result->findings), n = 0;
	CW_CLEANUP(cw_freep) const struct cw_finding **places = calloc(len + 1, sizeof(*places));

	if (!places)
		return cw_err_nomem(err);
	for (size_t i = 0; i < len; i++)
		if (strcmp(cw_findings_at(result->findings, i)->fingerprint, e->fingerprint) == 0)
			places[n++] = cw_findings_at(result->findings, i);
	if (n == 0)
		return not_found(e, result->complete, err);
	if (!result->complete)
		cw_cmd_note("something could not be scanned: there may be more places");
	sort_by_rule(places, n);
	return tell(e, places, n, e->git ? "the repository" : "the files", true, err);
}

static int check_key(struct explain *e, struct cw_err *err)
{
	int rc = cw_key_load(&e->key, err);

	if (rc != 0 || strncmp(e->key.id, e->fingerprint, CW_KEY_ID_SIZE - 1) == 0)
		return rc;
	return cw_err_set(err, CW_E_USAGE, "this fingerprint was made with the key %.4s, and yours is %s: name the other key file in "
					   "CREDWATCH_KEY_FILE", e->fingerprint, e->key.id);
}

static enum cw_exit explain_scan(struct explain *e, const struct explain_opts *opts)
{
	struct cw_run_scan scan = {.run = run_scan, .payload = e, .command = "explain", .target = e->target,
				   .finish = finish_scan, .site = {.git = e->git, .paths = &e->target, .paths_len = 1}};
	struct cw_err err = CW_ERR_INIT;
	const char **slot = cw_vec_push(&e->paths);
	int rc = slot ? check_key(e, &err) : cw_vec_fail(&e->paths, "command line", &err);

	if (rc != 0)
		return cw_cmd_fail(&err);
	*slot = e->target;
	return cw_run(&opts->run, &scan);
}

/* ---- out of a report ---- */

static int tell_report(struct explain *e, const struct cw_buf *text, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) const struct cw_finding **places = NULL;
	CW_CLEANUP(cw_reported_release) struct cw_reported reported;
	int rc;

	cw_reported_init(&reported);
	rc = cw_reported_read(text->data, text->len, e->fingerprint, e->set, &reported, err);
	if (rc == 0 && reported.findings.len == 0)
		rc = cw_err_set(err, CW_E_NOTFOUND, "the report has no finding with this fingerprint");
	if (rc != 0)
		return rc;
	places = calloc(reported.findings.len, sizeof(*places));
	if (!places)
		return cw_err_nomem(err);
	for (size_t i = 0; i < reported.findings.len; i++)
		places[i] = &CW_VEC_AT(&reported.findings, struct cw_finding, i);
	sort_by_rule(places, reported.findings.len);
	return tell(e, places, reported.findings.len, "the report", false, err);
}

/* Whether the target is a report, which then is read. */
static int read_report(const char *path, struct cw_buf *text, bool *ret, struct cw_err *err)
{
	char head[4096];
	CW_CLEANUP(cw_closep) int fd = -1;
	size_t len = 0;
	int rc = cw_io_open_file(path, 0, &fd, err);

	if (rc == 0)
		rc = cw_io_read_full(fd, head, sizeof(head), &len, err);
	if (rc == 0 && cw_reported_is(head, len)) {
		*ret = true;
		rc = cw_io_read_file(path, REPORT_MAX, 0, text, err);
	}
	return rc;
}

static enum cw_exit explain_report(struct explain *e, const struct explain_opts *opts, const struct cw_buf *text)
{
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_ruleset_load(&opts->run.rules, &e->set, &err);

	if (rc == 0)
		rc = tell_report(e, text, &err);
	return rc == 0 ? CW_EXIT_CLEAN : cw_cmd_fail(&err);
}

/* ---- which of them ---- */

static bool has(const char *folder, const char *name)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	struct stat st;

	cw_buf_addf(&path, "%s/%s", folder, name);
	return path.fail == 0 && stat(path.data, &st) == 0;
}

static bool is_repository(const char *path)
{
	return has(path, ".git") || (has(path, "HEAD") && has(path, "objects") && has(path, "refs"));
}

static enum cw_exit explain(struct explain *e, const struct explain_opts *opts)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	struct cw_err err = CW_ERR_INIT;
	bool report = false;
	struct stat st;

	if (stat(e->target, &st) != 0) {
		cw_err_sys(&err, errno, "unable to open '%s'", e->target);
		return cw_cmd_fail(&err);
	}
	if (S_ISREG(st.st_mode) && read_report(e->target, &text, &report, &err) != 0)
		return cw_cmd_fail(&err);
	if (report)
		return explain_report(e, opts, &text);
	e->git = S_ISDIR(st.st_mode) && !opts->files && is_repository(e->target);
	return explain_scan(e, opts);
}

enum cw_exit cw_cmd_explain(int argc, char **argv)
{
	struct explain_opts opts = {.run = CW_RUN_OPTS_INIT};
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct explain e = {.paths = CW_VEC_INIT(const char *, 1)};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == 0 && args.len != 2)
		rc = cw_err_set(&err, CW_E_USAGE, "explain needs a fingerprint, and the repository, path or report where it was found");
	if (rc == 0) {
		e.fingerprint = CW_VEC_AT(&args, const char *, 0);
		e.target = CW_VEC_AT(&args, const char *, 1);
		if (!cw_fingerprint_valid(e.fingerprint))
			rc = cw_err_set(&err, CW_E_USAGE, "the first argument must be a fingerprint as a report shows it: "
							  "4 hex digits, a colon, 32 hex digits");
	}
	if (rc == CW_OPTS_HELP)
		status = cw_cmd_print_help(&usage);
	else
		status = rc == 0 ? explain(&e, &opts) : cw_cmd_fail(&err);
	cw_set_unref(e.set);
	cw_key_wipe(&e.key);
	cw_vec_release(&e.paths);
	cw_vec_release(&opts.run.rules.paths);
	return status;
}
