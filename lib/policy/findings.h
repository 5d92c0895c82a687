/* policy/findings.h - hits become findings: fingerprinted, redacted, gated by path, one per (secret, rule, path), sorted.
 *
 * The collector is a struct cw_sink; with SHOW_SECRETS unset no secret outlives the call of its hit. Of the hits at one place the
 * one with the strongest proof is shown, then the first by object, line and column. Threads: hits may come from several workers at
 * once (one shard each); everything else is single-threaded. */
#ifndef CW_POLICY_FINDINGS_H
#define CW_POLICY_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "policy/key.h"
#include "policy/policy.h"
#include "scan/hit.h"
#include "scan/origin.h"

struct cw_finding { /* one place: (secret, winning rule, path); pointers are owned by the collector */
	const struct cw_rule *rule;
	enum cw_severity severity; /* after labels and paths.lower */
	enum cw_proof_level proof;
	bool cut;
	const char *label, *decoded; /* or NULL */
	const char *python; /* the line as it should be if the file is Python (policy/rewrite.h), or NULL */
	char fingerprint[CW_FINGERPRINT_SIZE];
	const char *redacted;
	const char *secret; /* NULL unless SHOW_SECRETS */
	size_t secret_len;
	const char *path; /* bytes; NULL: no tree names the object */
	struct cw_oid object; /* len 0 outside git */
	enum cw_object_type type;
	uint64_t line, column, end_line, end_column; /* 1-based, bytes */
	uint64_t objects; /* distinct objects that hold this secret at this place (1 outside git) */
	uint64_t unlisted; /* further places of this secret that are only counted: on its last listed place, else 0 */
	uint64_t more;	 /* further hits of the rule in the object that were only counted */
	const struct cw_origin *origin; /* NULL: not a git audit, or not attributed */
	const uint32_t *also;
	size_t also_len;
	const struct cw_suppression *suppression; /* what policy says of it, or NULL; belongs to the policy */
	bool suppressed; /* it does not count: there is a suppression, and it is not advisory */
};

struct cw_findings;
/* A collector for workers 0..WORKERS-1. KEY is copied. The set whose rules hits refer to must outlive the collector. */
int cw_findings_new(const struct cw_key *key, unsigned workers, bool show_secrets, struct cw_findings **ret,
		    struct cw_err *err);
void cw_findings_free(struct cw_findings *f);
CW_DEFINE_CLEANUP(struct cw_findings, cw_findings_free)
/* Let POLICY (borrowed, must outlive the collector) say which findings count; before the first hit. Suppressed ones are counted, and
 * listed only if SHOW. A place is suppressed if every hit at it is. */
int cw_findings_set_policy(struct cw_findings *f, const struct cw_policy *policy, bool show, struct cw_err *err);
struct cw_sink cw_findings_sink(struct cw_findings *f);
/* Merge the shards, drop duplicates, sort: severity descending, rule, path bytes, introducing (time, commit), line, column, object.
 * Once, after the scan. */
int cw_findings_finish(struct cw_findings *f, struct cw_err *err);
/* The listed ones: those that count, and with SHOW those that do not. */
size_t cw_findings_len(const struct cw_findings *f);
const struct cw_finding *cw_findings_at(const struct cw_findings *f, size_t i);
/* Replace the path of every finding, its author and its branch by what FN appends to OUT for them; the order stays. After finish. */
int cw_findings_rewrite_paths(struct cw_findings *f,
			      int (*fn)(void *payload, const char *text, struct cw_buf *out, struct cw_err *err),
			      void *payload, struct cw_err *err);
/* Findings of SEVERITY and above that count. */
size_t cw_findings_counted(const struct cw_findings *f, enum cw_severity severity);
/* Number of distinct fingerprints among those that count. */
size_t cw_findings_secrets(const struct cw_findings *f);
/* Places that BY suppresses, listed or not. */
uint64_t cw_findings_suppressed(const struct cw_findings *f, enum cw_suppressed_by by);

#endif
