/* cli/run.c - one run: prepare (rules, key, output), scan, report. Nothing of the secrets outlives it. */
#include "cli/run.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "hooks/ask.h"
#include "hooks/tell.h"
#include "policy/cleanse.h"
#include "policy/findings.h"
#include "policy/key.h"
#include "report/report.h"
#include "vcs/repo.h"


enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };
static const char *const colours[] = {"auto", "always", "never", NULL};

#define FIELD(name) .offset = offsetof(struct cw_run_opts, name)

static void add_formats(struct cw_buf *out)
{
	for (const struct cw_report_format *f = cw_report_formats; f->name; f++)
		cw_buf_addf(out, "%s\n", f->name);
}

#define COMMON_OPTIONS \
	{.kind = CW_OPT_STRING, .letter = 'f', .name = "format", .arg = "FORMAT", FIELD(format), .add_values = add_formats, \
	 .help = "form of the report (default: text); the list is below"}, \
	{.kind = CW_OPT_STRING, .letter = 'o', .name = "output", .arg = "FILE", FIELD(output), \
	 .help = "write the report to FILE, which is replaced when the report is complete"}, \
	{.kind = CW_OPT_FLAG, .name = "show-secrets", FIELD(show_secrets), \
	 .help = "show the secrets themselves; without it only a redacted form is shown"}, \
	{.kind = CW_OPT_NUMBER, .letter = 'j', .name = "jobs", .arg = "N", FIELD(jobs), .min = 1, .max = CW_JOBS_MAX, \
	 .help = "threads (default: one for each processor that may be used)"}, \
	CW_RULESET_OPTIONS(struct cw_run_opts, rules), \
	CW_POLICY_OPTIONS(struct cw_run_opts, policy), \
	{.kind = CW_OPT_SIZE, .name = "object-max", .arg = "SIZE", FIELD(object_max), .min = 1, .max = CW_OBJECT_MAX_MAX, \
	 .help = "larger files or objects are not scanned, and reported as such: a number with K, M or G (default 1G)"}, \
	{.kind = CW_OPT_FLAG, .letter = 'q', .name = "quiet", FIELD(quiet), \
	 .help = "print nothing but the report, errors and notes"}, \
	{.kind = CW_OPT_FLAG, .name = "no-progress", FIELD(no_progress), \
	 .help = "no progress line (it is only shown on a terminal)"}, \
	{.kind = CW_OPT_CHOICE, .name = "colour", .arg = "WHEN", FIELD(colour), .choices = colours, \
	 .help = "auto (default: on a terminal, unless NO_COLOR is set), always or never"}, \
	{.kind = CW_OPT_CHOICE, .name = "color", .arg = "WHEN", FIELD(colour), .choices = colours}

const struct cw_opt cw_run_options[] = {
	COMMON_OPTIONS,
	{.kind = CW_OPT_END},
};

const struct cw_opt cw_scan_options[] = {
	COMMON_OPTIONS,
	CW_ASK_OPTION(struct cw_run_opts, daemon_use),
	{.kind = CW_OPT_END},
};

const struct cw_opt cw_audit_options[] = {
	COMMON_OPTIONS,
	{.kind = CW_OPT_SIZE, .name = "max-memory", .arg = "SIZE", FIELD(memory_max), .min = CW_MEMORY_MAX_MIN,
	 .max = CW_OBJECT_MAX_MAX,
	 .help = "content in memory at a time (default 4G); an object that needs more is not scanned, and reported as such"},
	{.kind = CW_OPT_FLAG, .name = "no-cache", FIELD(no_cache),
	 .help = "do not use what earlier audits of the repository have found, and keep nothing for later ones"},
	{.kind = CW_OPT_FLAG, .name = "exhaustive", FIELD(exhaustive),
	 .help = "scan every version of every file whole: slow, and the same findings"},
	{.kind = CW_OPT_FLAG, .name = "stats", FIELD(stats), .help = "say on standard error how much was read and matched"},
	{.kind = CW_OPT_FLAG, .name = "dump-verdicts", FIELD(dump)},
	{.kind = CW_OPT_END},
};

void cw_run_tail(struct cw_buf *out)
{
	cw_buf_adds(out, "\nFormats:\n");
	for (const struct cw_report_format *f = cw_report_formats; f->name; f++)
		cw_buf_addf(out, "  %-8s%s\n", f->name, f->about);
	cw_buf_adds(out, "\nExit status:\n"
			 "  0  everything was scanned, no finding counts (see --fail-on)\n"
			 "  1  findings that count\n"
			 "  2  wrong usage or configuration\n"
			 "  3  incomplete: something could not be scanned; the report says what and why\n"
			 "  4  internal error, or the report could not be written\n");
}

struct run {
	const struct cw_run_opts *opts;
	const struct cw_run_scan *scan;
	const struct cw_report_format *format;
	struct cw_site_policy site;
	struct cw_run_limits limits;
	char key_id[CW_KEY_ID_SIZE];
	struct cw_buf key_file;
	struct cw_output output;
	struct cw_set *set;
	struct cw_findings *findings;
	struct cw_cleanser *cleanser; /* NULL when secrets are shown */
	struct cw_coverage coverage;
	struct cw_progress progress;
	struct cw_meter *meter;
	int64_t started; /* wall clock, only if the format needs it */
	bool interrupted;
};

static unsigned default_jobs(void)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : (int)sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > CW_JOBS_MAX ? CW_JOBS_MAX : (unsigned)n;
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
	int rc = cw_key_load_from(&key, &r->key_file, err);

	if (rc == 0)
		rc = cw_findings_new(&key, r->limits.jobs, r->opts->show_secrets, &r->findings, err);
	memcpy(r->key_id, key.id, sizeof(r->key_id));
	cw_key_wipe(&key);
	if (rc == 0)
		rc = cw_site_policy_judge(&r->site, r->key_id, err);
	if (rc == 0) /* a scan that does not report wants to see all */
		rc = cw_findings_set_policy(r->findings, r->site.policy, r->opts->policy.show_suppressed || r->scan->finish,
					    err);
	r->limits.policy = r->site.policy;
	return rc;
}

static int unknown_format(const struct cw_conf_from *from, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf names = CW_BUF_INIT;

	cw_report_names(&names);
	if (cw_buf_fail(&names, "help", err) != 0)
		return names.fail;
	if (from)
		return cw_err_set(err, CW_E_USAGE, "%s:%d: 'format' must be %s", from->file, from->line, names.data);
	return cw_err_set(err, CW_E_USAGE, "option '--format' must be %s", names.data);
}

/* What the command line leaves open the configuration says. */
static int prepare_limits(struct run *r, struct cw_err *err)
{
	const struct cw_run_opts *o = r->opts;
	const struct cw_conf *c = r->site.conf;
	uint64_t jobs = o->jobs > 0 ? o->jobs : c->jobs;

	r->limits.jobs = jobs > 0 ? (unsigned)jobs : default_jobs();
	r->limits.memory_max = o->memory_max;
	r->limits.exhaustive = o->exhaustive;
	r->limits.use_store = !o->no_cache;
	if (o->daemon_use > 0)
		r->site.conf->daemon_use = o->daemon_use - 1;
	/* Nobody else knows rules of the command line. */
	if (r->scan->may_ask && o->rules.paths.len == 0 && !o->rules.no_default)
		r->limits.ask = c;
	r->limits.object_max = o->object_max > 0 ? o->object_max : c->object_max;
	r->format = cw_report_find(o->format ? o->format : c->format);
	if (!r->format)
		return unknown_format(o->format ? NULL : &c->from[CW_CONF_FORMAT], err);
	if (r->format->needs & CW_REPORT_TIMES)
		r->started = cw_clock_wall();
	return 0;
}

static int prepare_rules(struct run *r, struct cw_err *err)
{
	struct cw_ruleset_opts rules = r->opts->rules;

	rules.conf = r->site.conf;
	rules.repository = r->site.source.read ? &r->site.source : NULL;
	return cw_ruleset_load(&rules, &r->set, err);
}

static int prepare(struct run *r, struct cw_err *err)
{
	int rc = cw_site_policy_load(&r->site, &r->scan->site, &r->opts->policy, err);

	if (rc == 0)
		rc = prepare_limits(r, err);
	if (rc == 0 && r->scan->start)
		rc = r->scan->start(r->scan->payload, r->site.conf, err);
	if (rc == 0 && !r->scan->finish)
		rc = cw_output_open(r->opts->output, &r->output, err);
	if (rc == 0)
		rc = cw_signals_catch(&r->progress, err);
	if (rc != 0)
		return rc;
	if (!r->opts->quiet && !r->opts->no_progress && cw_meter_possible())
		r->meter = cw_meter_start(&r->progress);
	cw_meter_phase(r->meter, "loading rules");
	rc = prepare_rules(r, err);
	if (rc == 0)
		rc = prepare_findings(r, err);
	if (rc == 0 && !r->opts->show_secrets)
		rc = cw_cleanser_new(r->set, &r->cleanser, err);
	if (rc == 0 && r->cleanser)
		rc = cw_cleanse_policy(r->cleanser, r->site.policy, err);
	cw_site_policy_close(&r->site);
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
	rc = r->scan->run(r->scan->payload, r->set, &r->limits, &sink, &r->progress, &r->coverage, err);
	r->interrupted = atomic_load(&r->progress.cancel) != 0 || rc == CW_E_CANCELLED;
	if (rc == CW_E_CANCELLED)
		rc = 0;
	if (rc != 0)
		cleanse_error(r, err);
	return rc;
}

/* TEXT without any secret, or as it is when secrets are shown. */
static int clean_text(struct run *r, const char *text, struct cw_buf *out, struct cw_err *err)
{
	int rc = r->cleanser ? cw_cleanse(r->cleanser, text, strlen(text), out, err) : 0;

	if (!r->cleanser)
		cw_buf_adds(out, text);
	return rc == 0 ? cw_buf_fail(out, "report", err) : rc;
}

/* Where the repository is and what HEAD names. What cannot be told is left out: the scan has said what is wrong with it. */
static int find_revision(struct run *r, struct cw_buf *path, struct cw_oid *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *repo = NULL;
	CW_CLEANUP(cw_freep) char *real = NULL;
	const char *dir;

	if (cw_repo_open(r->scan->target, &repo, NULL) != 0)
		return 0;
	dir = cw_repo_work_dir(repo) ? cw_repo_work_dir(repo) : cw_repo_git_dir(repo);
	real = realpath(dir, NULL);
	if (cw_repo_head_oid(repo, ret, NULL) != 0)
		ret->len = 0;
	return clean_text(r, real ? real : dir, path, err);
}

static int write_report(struct run *r, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf target = CW_BUF_INIT, repository = CW_BUF_INIT;
	struct cw_oid revision = {0};
	struct cw_report_input in = {.command = r->scan->command, .version = CW_VERSION, .set = r->set,
				     .findings = r->findings, .coverage = &r->coverage, .interrupted = r->interrupted,
				     .show_secrets = r->opts->show_secrets, .colour = use_colour(r->opts),
				     .started = r->started};
	int rc = clean_text(r, r->scan->target, &target, err);

	if (rc == 0 && r->scan->site.git && (r->format->needs & CW_REPORT_REVISION) && cw_vcs_init(NULL) == 0) {
		rc = find_revision(r, &repository, &revision, err);
		cw_vcs_shutdown();
	}
	if (rc != 0)
		return rc;
	in.target = target.data;
	if (repository.len > 0)
		in.repository = repository.data;
	if (revision.len > 0)
		in.revision = &revision;
	if (r->format->needs & CW_REPORT_TIMES)
		in.ended = cw_clock_wall();
	rc = r->format->write(&in, r->output.file, err);
	return rc == 0 ? cw_output_commit(&r->output, err) : rc;
}

static bool is_complete(const struct run *r)
{
	return !r->interrupted && cw_coverage_complete(&r->coverage);
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
	if (r->scan->finish) {
		struct cw_run_result result = {.findings = r->findings, .coverage = &r->coverage, .complete = is_complete(r),
						.interrupted = r->interrupted, .key_file = r->key_file.data};

		memcpy(result.key_id, r->key_id, sizeof(result.key_id));
		return r->scan->finish(r->scan->payload, &result, err);
	}
	return write_report(r, err);
}

static void release(struct run *r)
{
	cw_meter_stop(r->meter);
	cw_signals_restore();
	cw_output_release(&r->output);
	cw_cleanser_free(r->cleanser);
	cw_findings_free(r->findings);
	cw_site_policy_release(&r->site);
	cw_coverage_release(&r->coverage);
	cw_set_unref(r->set);
	cw_buf_release(&r->key_file);
}

static enum cw_exit status_of(const struct run *r)
{
	if (!is_complete(r))
		return CW_EXIT_INCOMPLETE;
	if (r->scan->finish)
		return CW_EXIT_CLEAN;
	return cw_findings_counted(r->findings, (enum cw_severity)r->site.conf->fail_on) > 0 ? CW_EXIT_FINDINGS :
											       CW_EXIT_CLEAN;
}

static void tell(struct run *r, enum cw_exit status)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf target = CW_BUF_INIT;
	CW_CLEANUP(cw_freep) char *real = realpath(r->scan->target, NULL);
	struct cw_outcome outcome = {.command = r->scan->command, .status = status, .findings = r->findings, .coverage = &r->coverage};

	if (r->opts->show_secrets || !cw_tell_wanted(r->site.conf, false) || clean_text(r, real ? real : r->scan->target, &target, NULL) != 0)
		return;
	outcome.repository = target.data;
	cw_tell_daemon(r->site.conf, &outcome);
}

enum cw_exit cw_run(const struct cw_run_opts *opts, const struct cw_run_scan *what)
{
	struct run r = {.opts = opts, .scan = what, .output = CW_OUTPUT_INIT, .key_file = CW_BUF_INIT};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc;

	cw_coverage_init(&r.coverage);
	rc = prepare(&r, &err);
	if (rc == 0)
		rc = scan(&r, &err);
	if (rc == 0)
		rc = report(&r, &err);
	status = rc == 0 ? status_of(&r) : CW_EXIT_INTERNAL;
	if (rc == 0 && what->tells)
		tell(&r, status);
	release(&r);
	return rc == 0 ? status : cw_cmd_fail(&err);
}
