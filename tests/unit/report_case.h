/* unit/report_case.h - a report of findings made by hand: the rules acme.one (high) and acme.two (low), and what was written. */
#ifndef CW_UNIT_REPORT_CASE_H
#define CW_UNIT_REPORT_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/report.h"
#include "rules/set.h"

#define SECRET_A "secret_of_the_first_kind_xyz"
#define SECRET_B "\xff\xfe not utf-8, twenty bytes"

struct report_case {
	struct cw_set *set;
	struct cw_findings *findings;
	struct cw_coverage coverage;
	struct cw_report_input in;
	char *text; /* of the last report */
	size_t len;
};

/* For cmocka: *STATE is a struct report_case, without findings, of a scan. */
int report_setup(void **state);
int report_teardown(void **state);
/* A hit of RULE with SECRET at PATH, line 3, column 5. */
struct cw_scan_hit report_hit(struct report_case *f, const char *rule, const char *secret, const char *path);
void report_send(struct report_case *f, const struct cw_scan_hit *hit);
/* Write the report into F->text. Findings must be finished. */
void report_write(struct report_case *f, const char *format);
/* Whether the last report holds WORD. */
void report_has(struct report_case *f, const char *word);
void report_has_not(struct report_case *f, const char *word);

#endif
