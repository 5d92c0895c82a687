/* scan/push.h - scan what a push brings, for a server's pre-receive hook, and find which of the secrets in it are new.
 *
 * Looked at: every object in the quarantine, whether or not something names it; every object that new tips make reachable, whether
 * or not it came with the push; the names of references that are new. New is a secret as scan/judge.h says for each commit; always
 * new are secrets in the text of commits and tags, in names of references, and in objects that no pushed commit names and that
 * were not there before. Threads: one. */
#ifndef CW_SCAN_PUSH_H
#define CW_SCAN_PUSH_H

#include <stdbool.h>

#include "scan/coverage.h"
#include "scan/hit.h"
#include "vcs/quarantine.h"
#include "vcs/range.h"

struct cw_push_opts { /* all borrowed */
	const struct cw_quarantine *quarantine;
	const struct cw_vec *refs; /* struct cw_push_ref */
	unsigned jobs;		   /* threads for a large push, >= 1: workers that SINK knows */
	uint64_t object_max;	   /* bytes; larger objects are unscanned (too large) */
	bool judge_all;		   /* all secrets count, new or not */
	/* For a push that goes out: struct cw_ref, sorted by name, what the other side has; nothing is in quarantine then. NULL: what
	 * the repository itself refers to. */
	const struct cw_vec *known;
	struct cw_range *range;	   /* out: the commits that the push brings; initialised and released by the caller */
};

/* SINK keeps every hit, then gets one place for each (secret, rule, path) that counts. Its origin names the first commit that
 * brings it; for the name of a reference `tip_ref` is that name, and there is neither path nor object. Once PROGRESS->cancel is set
 * no more is read: what is left becomes unscanned, and what could not be judged counts. COVERAGE (initialised by the caller) is
 * filled also after a failure. Returns 0 also when something is unscanned: ask cw_coverage_complete(). */
int cw_push_scan(const struct cw_set *set, const struct cw_push_opts *opts, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err);

#endif
