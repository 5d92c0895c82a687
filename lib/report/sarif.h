/* report/sarif.h - the two halves of the SARIF format: the tool (sarif_tool.c) and the run with its results (sarif.c). */
#ifndef CW_REPORT_SARIF_H
#define CW_REPORT_SARIF_H

#include "report/format.h"
#include "rules/set.h"

#define CW_SARIF_RESULTS_MAX 25000 /* GitHub refuses a run with more */
#define CW_SARIF_NO_RULE UINT32_MAX

const char *cw_sarif_level(enum cw_severity s);
/* Fill RULE_INDEX (one for each rule of the set) with the place of each rule that the first LEN findings name, in the order of the
 * set, or CW_SARIF_NO_RULE. */
void cw_sarif_number_rules(const struct cw_report_input *in, size_t len, uint32_t *rule_index);
/* Write the run's "tool" value: this program and the numbered rules. */
int cw_sarif_write_tool(const struct cw_report_input *in, const uint32_t *rule_index, FILE *out, struct cw_err *err);
/* Append TEXT, which holds no controls, as a SARIF message has it: brackets and braces made plain characters. */
void cw_sarif_add_message(struct cw_buf *b, const char *text);

#endif
