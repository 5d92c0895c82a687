/* scan/leave.h - the facts that a version of a file leaves for those that are made of it (scan/families.h, match/facts.h). */
#ifndef CW_SCAN_LEAVE_H
#define CW_SCAN_LEAVE_H

#include "scan/families.h"

/* Room for the facts of V in *ret, NULL if nobody can use them. */
int cw_leave_make(const struct cw_version *v, struct cw_facts **ret, struct cw_err *err);
/* Leave FACTS (may be NULL), which are taken over, in *ret. */
void cw_leave(struct cw_facts *facts, struct cw_left *ret);
/* What was left: for struct cw_packed.drop. */
void cw_leave_drop(void *facts);

#endif
