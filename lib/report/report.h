/* report/report.h - findings and coverage in a format; one file per format. Formats write to a FILE of the caller and never hold
 * the whole report in memory. A report holds no time of day and no duration, but where its schema demands it: the same content
 * gives the same bytes, whatever the number of threads. Whether the bytes arrived is the caller's to check when it closes the FILE
 * (ferror, fflush). */
#ifndef CW_REPORT_REPORT_H
#define CW_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
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
	/* Only for formats that need them. */
	int64_t started, ended;	      /* CW_REPORT_TIMES: wall clock, seconds since the epoch */
	const char *repository;	      /* CW_REPORT_REVISION: absolute path, bytes; NULL outside git */
	const struct cw_oid *revision; /* CW_REPORT_REVISION: the commit of HEAD; NULL outside git or when there is none */
};

enum cw_report_needs {
	CW_REPORT_TIMES = 1 << 0,
	CW_REPORT_REVISION = 1 << 1,
};

struct cw_report_format {
	const char *name;  /* as in --format */
	const char *about; /* one line for --help */
	unsigned needs;	   /* enum cw_report_needs: what must be set in the input */
	/* 0; CW_E_IO when writing failed; CW_E_NOMEM. */
	int (*write)(const struct cw_report_input *in, FILE *out, struct cw_err *err);
};

/* The format called NAME, or NULL; all formats, ended by one whose name is NULL. */
const struct cw_report_format *cw_report_find(const char *name);
extern const struct cw_report_format cw_report_formats[];
/* Append "text, json or ...". */
void cw_report_names(struct cw_buf *out);

#endif
