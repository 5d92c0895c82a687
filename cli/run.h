/* cli/run.h - what scan and audit have in common: their options, and the way from rules to a report and an exit status. */
#ifndef CW_CLI_RUN_H
#define CW_CLI_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/exit.h"
#include "cli/opts.h"
#include "cli/ruleset.h"
#include "scan/audit.h"

struct cw_run_opts {
	const char *format; /* name */
	const char *output; /* NULL: standard output */
	struct cw_ruleset_opts rules;
	bool show_secrets, quiet, no_progress;
	uint64_t jobs; /* 0: one a core */
	uint64_t object_max; /* bytes */
	int colour;	     /* index into the choices of --colour: auto, always, never */
};

#define CW_RUN_OPTS_INIT { .format = "text", .rules = CW_RULESET_OPTS_INIT, .object_max = CW_OBJECT_MAX_DEFAULT }

extern const struct cw_opt cw_run_options[];
/* Formats and exit statuses for help: to be given as struct cw_usage.add_tail. */
void cw_run_tail(struct cw_buf *out);

/* Runs the scan proper; the arguments are those of cw_files_run() and cw_audit_run(). JOBS >= 1. */
struct cw_run_scan {
	int (*run)(void *payload, const struct cw_set *set, unsigned jobs, uint64_t object_max, const struct cw_sink *sink,
		   struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err);
	void *payload;
	const char *command, *target; /* for the report */
	bool git;		      /* TARGET is in a git repository */
};

/* Everything from the options to the exit status; errors are printed. */
enum cw_exit cw_run(const struct cw_run_opts *opts, const struct cw_run_scan *scan);

#endif
