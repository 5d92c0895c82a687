/* scan/audit.h - scan every object of a repository: blobs, raw commits, raw tags and the names in trees, each once; then say where each
 * secret stands in history. Packed files are scanned by what their versions changed, with the same findings as if each were scanned
 * whole. */
#ifndef CW_SCAN_AUDIT_H
#define CW_SCAN_AUDIT_H

#include "scan/coverage.h"
#include "scan/hit.h"
#include "scan/packed.h"

#define CW_OBJECT_MAX_DEFAULT ((uint64_t)1 << 30) /* bytes; larger objects are unscanned (too large) */

struct cw_audit_opts {
	const char *path; /* as given by the user */
	unsigned jobs;	  /* threads, >= 1 */
	uint64_t object_max; /* bytes */
	uint64_t memory_max; /* bytes of content in memory at a time; 0: CW_MEMORY_MAX_DEFAULT */
	bool exhaustive;     /* scan every version of every file whole: slow, and the same findings */
	struct cw_audit_stats *stats; /* filled when not NULL */
	bool use_store;	     /* what earlier audits have found is not looked for again (scan/known.h); not if exhaustive */
	struct cw_err *note; /* what is wrong with that store, if anything: nothing that the audit suffers from. May be NULL */
};

struct cw_audit_stats {
	struct cw_family_stats packs;
	struct cw_match_stats match;
};

/* SINK keeps every hit while objects are scanned, then gets the places, once every tree is read and history is known: one for each
 * (secret, rule, path), and one with a NULL path for what no tree names. COVERAGE (initialised by the caller) is filled also when the
 * scan ends early. Returns 0 also when some objects are unscanned: ask cw_coverage_complete(). */
int cw_audit_run(const struct cw_set *set, const struct cw_audit_opts *opts, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err);

#endif
