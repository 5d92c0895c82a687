/* scan/staged.h - scan what is staged, for a client's hooks, and find which of the secrets in it are new (scan/judge.h).
 *
 * Looked at: every blob that the index adds or changes, and every name of a file or folder that is new. What it takes the place of
 * is read only when a secret was found. Threads: one. */
#ifndef CW_SCAN_STAGED_H
#define CW_SCAN_STAGED_H

#include <stdbool.h>

#include "scan/coverage.h"
#include "scan/hit.h"
#include "vcs/index.h"
#include "vcs/repo.h"

struct cw_staged_opts { /* all borrowed */
	struct cw_repo *repo;
	const struct cw_index *index;
	const struct cw_vec *parents; /* struct cw_oid: commits that the next one stands on; none before the first */
	uint64_t object_max;	      /* bytes; larger objects are unscanned (too large) */
	bool judge_all;		      /* all secrets count, new or not */
	const struct cw_asker *asker; /* takes everything, and nothing is found here: no set or sink is needed. NULL: it is scanned here */
};

/* SINK keeps every hit, then gets one place for each (secret, rule, path) that counts, with an origin that names no commit. *RET_FILES
 * is the number of files that differ. COVERAGE and PROGRESS as in scan/push.h. */
int cw_staged_scan(const struct cw_set *set, const struct cw_staged_opts *opts, const struct cw_sink *sink,
		   struct cw_progress *progress, struct cw_coverage *coverage, uint64_t *ret_files, struct cw_err *err);

#endif
