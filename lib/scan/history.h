/* scan/history.h - from what a scan of all objects kept to places: reads the trees, builds the graph of commits, attributes, and hands
 * the places to the sink. What is missing or cannot be known is said in the coverage. */
#ifndef CW_SCAN_HISTORY_H
#define CW_SCAN_HISTORY_H

#include "scan/commits.h"
#include "scan/coverage.h"
#include "scan/kept.h"
#include "scan/trees.h"

struct cw_history {
	const char *repo_path;
	struct cw_repo *repo;		/* as of now */
	const struct cw_vec *objects;	/* struct cw_object_ref: all of the store */
	const struct cw_vec *refs;	/* struct cw_ref, read before the objects were listed */
	struct cw_notes *notes;		/* of all workers; taken */
	struct cw_kept_table *kept;	/* of all blobs, commits and tags */
	struct cw_tree_worker *workers;
	unsigned workers_len;
	const struct cw_packs *packs;	/* or NULL */
	struct cw_family_stats *stats;
	uint64_t memory_max, object_max; /* bytes */
	const struct cw_sink *sink;
	struct cw_progress *progress;
	struct cw_coverage *coverage;
};

int cw_history_run(struct cw_history *h, struct cw_err *err);

#endif
