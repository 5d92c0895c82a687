/* scan/emit.h - hands the hits of one scanned object or file to the sink, and its undecided rules to the coverage. */
#ifndef CW_SCAN_EMIT_H
#define CW_SCAN_EMIT_H

#include "scan/coverage.h"
#include "scan/hit.h"

struct cw_emitter { /* one per worker; all borrowed */
	const struct cw_set *set;
	const struct cw_sink *sink;
	struct cw_progress *progress;
	unsigned worker;
};

struct cw_scanned { /* what was scanned; all borrowed */
	const char *data;
	size_t len;
	const char *name; /* for messages: object id or path */
	struct cw_oid object; /* len 0 outside git */
	enum cw_object_type type;
	const char *const *paths; /* each hit goes to the sink once per path; without any, once with a NULL path */
	size_t paths_len;
};

/* Returns 0 or what the sink returned. */
int cw_emit_hits(const struct cw_emitter *e, const struct cw_scanned *s, const struct cw_result *res, struct cw_err *err);
/* An entry "<rule> in <name>" for each rule that could not be decided somewhere in the object. */
void cw_emit_undecided(const struct cw_emitter *e, const struct cw_scanned *s, const struct cw_result *res,
		       struct cw_coverage *coverage);

#endif
