/* cli/run.c - one run: prepare (rules, key, output), scan, report. Nothing of the secrets outlives it. */
#include "cli/run.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "policy/cleanse.h"
#include "policy/findings.h"
#include "policy/key.h"
#include "report/report.h"

#define JOBS_MAX 256
#define OBJECT_MAX_MAX ((uint64_t)1 << 40) /* bytes */

enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };
static const char *const colours[] = {"auto", "always", "never", NULL};

#define FIELD(name) .offset = offsetof(struct cw_run_opts, name)

const struct cw_opt cw_run_options[] = {
	{.kind = CW_OPT_STRING, .letter = 'f', .name = "format", .arg = "FORMAT", FIELD(format),
	 .help = "form of the report: text (default) or jsonl"},
	{.kind = CW_OPT_STRING, .letter = 'o', .name = "output", .arg = "FILE", FIELD(output),
	 .help = "write the report to FILE, which is replaced when the report is complete"},
	{.kind = CW_OPT_FLAG, .name = "show-secrets", FIELD(show_secrets),
	 .help = "show the secrets themselves; without it only a redacted form is shown"},
	{.kind = CW_OPT_NUMBER, .letter = 'j', .name = "jobs", .arg = "N", FIELD(jobs), .min = 1, .max = JOBS_MAX,
	 .help = "threads (default: one for each processor that may be used)"},
	CW_RULESET_OPTIONS(struct cw_run_opts, rules),
	{.kind = CW_OPT_SIZE, .name = "object-max", .arg = "SIZE", FIELD(object_max), .min = 1, .max = OBJECT_MAX_MAX,
	 .help = "larger files or objects are not scanned, and reported as such: a number with K, M or G (default 1G)"},
	{.kind = CW_OPT_FLAG, .letter = 'q', .name = "quiet", FIELD(quiet),
	 .help = "print nothing but the report and errors"},
	{.kind = CW_OPT_FLAG, .name = "no-progress", FIELD(no_progress),
	 .help = "no progress line (it is only shown on a terminal)"},
	{.kind = CW_OPT_CHOICE, .name = "colour", .arg = "WHEN", FIELD(colour), .choices = colours,
	 .help = "auto (default: on a terminal, unless NO_COLOR is set), always or never"},
	{.kind = CW_OPT_CHOICE, .name = "color", .arg = "WHEN", FIELD(colour), .choices = colours},
	{.kind = CW_OPT_END},
};

const char cw_run_tail[] = "Formats:\n"
			   "  text    for people: one block a secret with all its places\n"
			   "  jsonl   for programs: one JSON object a line\n"
			   "\n"
			   "Exit status:\n"
			   "  0  everything was scanned, nothing was found\n"
			   "  1  findings\n"
			   "  2  wrong usage or configuration\n"
			   "  3  incomplete: something could not be scanned; the report says what and why\n"
			   "  4  internal error, or the report could not be written\n";

struct run {
	const struct cw_run_opts *opts;
	const struct cw_run_scan *scan;
	const struct cw_report_format *format;
	unsigned jobs;
	struct cw_output output;
	struct cw_set *set;
	struct cw_findings *findings;
	struct cw_cleanser *cleanser; /* NULL when secrets are shown */
	struct cw_coverage coverage;
	struct cw_progress progress;
	struct cw_meter *meter;
	bool interrupted;
};

static unsigned default_jobs(void)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : (int)sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

static bool use_colour(const struct cw_run_opts *opts)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	if (opts->colour != COLOUR_AUTO)
		return opts->colour == COLOUR_ALWAYS;
	return !opts->output && isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
}

static int prepare_findings(struct run *r, struct cw_err *err)
{
	struct cw_key key;
	int rc = cw_key_load(&key, err);

	if (rc == 0)
		rc = cw_findings_new(&key, r->jobs, r->opts->show_secrets, &r->findings, err);
	cw_key_wipe(&key);
	return rc;
}

static int prepare(struct run *r, struct cw_err *err)
{
	int rc;

	r->format = cw_report_find(r->opts->format);
	if (!r->format)
		return cw_err_set(err, CW_E_USAGE, "option '--format' must be text or jsonl");
	rc = cw_output_open(r->opts->output, &r->output, err);
	if (rc == 0)
		rc = cw_signals_catch(&r->progress, err);
	if (rc != 0)
		return rc;
	if (!r->opts->quiet && !r->opts->no_progress && cw_meter_possible())
		r->meter = cw_meter_start(&r->progress);
	cw_meter_phase(r->meter, "loading rules");
	rc = cw_ruleset_load(&r->opts->rules, &r->set, err);
	if (rc == 0)
		rc = prepare_findings(r, err);
	if (rc == 0 && !r->opts->show_secrets)
		rc = cw_cleanser_new(r->set, &r->cleanser, err);
	return rc;
}

/* The message of a failed scan may quote a path that only the user's own rules know to be a secret. */
static void cleanse_error(struct run *r, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;

	if (r->cleanser && cw_cleanse(r->cleanser, err->msg, strlen(err->msg), &clean, NULL) == 0)
		cw_err_set(err, err->code, "%s", clean.data);
}

static int scan(struct run *r, struct cw_err *err)
{
	struct cw_sink sink = cw_findings_sink(r->findings);
	int rc;

	cw_meter_phase(r->meter, "scanning");
	rc = r->scan->run(r->scan->payload, r->set, r->jobs, r->opts->object_max, &sink, &r->progress, &r->coverage, err);
	r->interrupted = atomic_load(&r->progress.cancel) != 0 || rc == CW_E_CANCELLED;
	if (rc == CW_E_CANCELLED)
		rc = 0;
	if (rc != 0)
		cleanse_error(r, err);
	return rc;
}

static int write_report(struct run *r, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf target = CW_BUF_INIT;
	struct cw_report_input in = {.command = r->scan->command, .version = CW_VERSION, .set = r->set,
				     .findings = r->findings, .coverage = &r->coverage, .interrupted = r->interrupted,
				     .show_secrets = r->opts->show_secrets, .colour = use_colour(r->opts)};
	int rc = 0;

	if (r->cleanser)
		rc = cw_cleanse(r->cleanser, r->scan->target, strlen(r->scan->target), &target, err);
	else
		cw_buf_adds(&target, r->scan->target);
	if (rc == 0)
		rc = cw_buf_fail(&target, "report", err);
	if (rc != 0)
		return rc;
	in.target = target.data;
	rc = r->format->write(&in, r->output.file, err);
	return rc == 0 ? cw_output_commit(&r->output, err) : rc;
}

static int report(struct run *r, struct cw_err *err)
{
	int rc;

	cw_meter_phase(r->meter, "writing the report");
	rc = cw_findings_finish(r->findings, err);
	if (rc == 0 && r->cleanser)
		rc = cw_cleanse_findings(r->cleanser, r->findings, err);
	if (rc == 0 && r->cleanser)
		rc = cw_cleanse_coverage(r->cleanser, &r->coverage, err);
	if (rc != 0)
		return rc;
	cw_coverage_sort(&r->coverage);
	/* The line must be gone before a report appears on the same terminal. */
	cw_meter_stop(cw_steal(&r->meter));
	return write_report(r, err);
}

static void release(struct run *r)
{
	cw_meter_stop(r->meter);
	cw_signals_restore();
	cw_output_release(&r->output);
	cw_cleanser_free(r->cleanser);
	cw_findings_free(r->findings);
	cw_coverage_release(&r->coverage);
	cw_set_unref(r->set);
}

enum cw_exit cw_run(const struct cw_run_opts *opts, const struct cw_run_scan *what)
{
	struct run r = {.opts = opts, .scan = what, .output = CW_OUTPUT_INIT};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc;

	r.jobs = opts->jobs > 0 ? (unsigned)opts->jobs : default_jobs();
	cw_coverage_init(&r.coverage);
	rc = prepare(&r, &err);
	if (rc == 0)
		rc = scan(&r, &err);
	if (rc == 0)
		rc = report(&r, &err);
	if (rc == 0 && (r.interrupted || !cw_coverage_complete(&r.coverage)))
		status = CW_EXIT_INCOMPLETE;
	else
		status = rc == 0 && cw_findings_len(r.findings) > 0 ? CW_EXIT_FINDINGS : CW_EXIT_CLEAN;
	release(&r);
	return rc == 0 ? status : cw_cmd_fail(&err);
}
