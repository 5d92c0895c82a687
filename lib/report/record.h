/* report/record.h - one finding as a JSON object, for who writes no report: the daemon's answers. */
#ifndef CW_REPORT_RECORD_H
#define CW_REPORT_RECORD_H

#include "base/json.h"
#include "policy/findings.h"
#include "rules/set.h"

/* Fill the empty object O (which has the failure of what is added to it) with the members of a finding's line of `--format jsonl`,
 * without the secret. SET is that of its rule. CW_E_NOMEM. */
int cw_report_record(const struct cw_set *set, const struct cw_finding *f, struct cw_json *o, struct cw_err *err);

#endif
