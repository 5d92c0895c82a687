/* report/report.h - findings and coverage in a format; one file per format. Formats write to a FILE of the caller and never hold
 * the whole report in memory. A report holds no time of day and no duration: the same content gives the same bytes, whatever the
 * number of threads. Whether the bytes arrived is the caller's to check when it closes the FILE (ferror, fflush). */
#ifndef CW_REPORT_REPORT_H
#define CW_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "policy/findings.h"
#include "scan/coverage.h"

struct cw_report_input {
	const char *command; /* "audit", "scan" */
	const char *target;  /* what was scanned, as given */
	const char *version; /* of the program */
	const struct cw_set *set;
	const struct cw_findings *findings;
	const struct cw_coverage *coverage;
	bool interrupted;
	bool show_secrets;
	bool colour; /* text only */
};

struct cw_report_format {
	const char *name;  /* as in --format */
	const char *about; /* one line for --help */
	/* 0; CW_E_IO when writing failed; CW_E_NOMEM. */
	int (*write)(const struct cw_report_input *in, FILE *out, struct cw_err *err);
};

/* The format called NAME, or NULL; all formats, ended by one whose name is NULL. */
const struct cw_report_format *cw_report_find(const char *name);
extern const struct cw_report_format cw_report_formats[];

#endif
