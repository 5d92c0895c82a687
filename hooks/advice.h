/* hooks/advice.h - how to take the secrets out of the very commits that were pushed. */
#ifndef CW_HOOKS_ADVICE_H
#define CW_HOOKS_ADVICE_H

#include "hooks/gate.h"
#include "vcs/range.h"

/* Say it for the secrets of G that block. REFS (struct cw_push_ref) and RANGE are those of the push. */
int cw_advise_push(struct cw_gate *g, const struct cw_vec *refs, const struct cw_range *range, struct cw_err *err);

#endif
