/* scan/leave.c - see leave.h. */
#include "scan/leave.h"

#include <stdlib.h>

int cw_leave_make(const struct cw_version *v, struct cw_facts **ret, struct cw_err *err)
{
	*ret = NULL;
	if (!v->parent || v->type != CW_OBJ_BLOB)
		return 0;
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : cw_err_nomem(err);
}

void cw_leave(struct cw_facts *facts, struct cw_left *ret)
{
	if (facts && facts->kept)
		*ret = (struct cw_left){ .what = facts, .size = sizeof(*facts) + cw_facts_size(facts) };
	else
		cw_leave_drop(facts);
}

void cw_leave_drop(void *facts)
{
	if (facts)
		cw_facts_release(facts);
	free(facts);
}
