/* cli/run.h - what scan and audit have in common: their options, and the way from rules to a report and an exit status. */
#ifndef CW_CLI_RUN_H
#define CW_CLI_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opts.h"
#include "cli/exit.h"
#include "cli/policy.h"
#include "cli/ruleset.h"
#include "policy/findings.h"
#include "scan/audit.h"

#define CW_JOBS_MAX 256
#define CW_OBJECT_MAX_MAX ((uint64_t)1 << 40) /* bytes */

struct cw_run_opts {
	const char *format; /* name; NULL: as configured */
	const char *output; /* NULL: standard output */
	struct cw_ruleset_opts rules;
	struct cw_policy_args policy;
	bool show_secrets, quiet, no_progress;
	uint64_t jobs; /* 0: as configured */
	uint64_t object_max; /* bytes; 0: as configured */
	uint64_t memory_max; /* bytes; 0: the default */
	bool exhaustive, stats, dump, no_cache; /* of audit */
	int colour;	     /* index into the choices of --colour: auto, always, never */
	int daemon_use;	     /* of scan: index into cw_ask_uses */
};

#define CW_RUN_OPTS_INIT { .rules = CW_RULESET_OPTS_INIT }

extern const struct cw_opt cw_run_options[];
extern const struct cw_opt cw_scan_options[], cw_audit_options[]; /* the same and more */
/* Formats and exit statuses for help: to be given as struct cw_usage.add_tail. */
void cw_run_tail(struct cw_buf *out);

struct cw_run_result {
	const struct cw_findings *findings; /* cleansed, sorted */
	const struct cw_coverage *coverage; /* cleansed, sorted */
	bool complete;			    /* all was scanned */
	bool interrupted;
	char key_id[CW_KEY_ID_SIZE];
	const char *key_file; /* where that key is */
};

struct cw_run_limits {
	unsigned jobs; /* >= 1 */
	uint64_t object_max; /* bytes */
	const struct cw_policy *policy; /* for excluded files */
	uint64_t memory_max; /* bytes; 0: the default */
	bool exhaustive;
	bool use_store; /* what earlier audits have found counts */
	const struct cw_conf *ask; /* a daemon may be asked, as this says; NULL: none is */
};

struct cw_run_scan {
	/* Runs the scan proper: cw_run_audit() or cw_run_files(). */
	int (*run)(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		   struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err);
	void *payload;
	const char *command, *target; /* for the report */
	bool may_ask; /* a daemon */
	bool tells;   /* one what came of it */
	struct cw_site site;
	/* Called with the configuration before anything is scanned; may be NULL. */
	int (*start)(void *payload, const struct cw_conf *conf, struct cw_err *err);
	/* Takes the finished findings, suppressed ones among them, in place of a report; NULL: a report is written. */
	int (*finish)(void *payload, const struct cw_run_result *result, struct cw_err *err);
};

/* Audit the repository whose path PAYLOAD is; scan the paths in PAYLOAD, a struct cw_vec of const char *. */
int cw_run_audit(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err);
int cw_run_files(void *payload, const struct cw_set *set, const struct cw_run_limits *limits, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err);

/* Everything from the options to the exit status; errors are printed. */
enum cw_exit cw_run(const struct cw_run_opts *opts, const struct cw_run_scan *scan);

#endif
