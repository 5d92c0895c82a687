/* scan/emit.h - hands finished places to the sink, with their origins. */
#ifndef CW_SCAN_EMIT_H
#define CW_SCAN_EMIT_H

#include "scan/attribute.h"
#include "scan/history.h"

struct cw_emission {
	struct cw_history *history;
	const struct cw_attribution *attribution;
	struct cw_commits *commits;
	const struct cw_object_ref *trees; /* by number */
	const struct cw_vec *targets;	   /* struct cw_oid, sorted: what references name, through tags */
	const struct cw_oid_map *objects;  /* with the numbers of trees */
	char **authors;			   /* of each commit, read when needed; internal */
};

/* Every place at a path; and for what no tree names, and for what is at no listed place, one place without a path a fact. */
int cw_emit_places(struct cw_emission *e, struct cw_err *err);

#endif
