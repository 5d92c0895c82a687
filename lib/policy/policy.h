/* policy/policy.h - whether a hit counts: allow entries, excluded paths, baselines and inline marks.
 *
 * The policy sees no secret but for a moment: which value conditions hold is asked when a hit comes in, the rest when its places are
 * known. A place that stands for hits or places that were only counted is suppressed by such conditions alone as hold for those too.
 * Under `repository_policy: audit` what the repository itself suppresses is `advisory`: it is said, and counts.
 * Threads: immutable once made; patterns are matched with a state of the caller's. */
#ifndef CW_POLICY_POLICY_H
#define CW_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "policy/conf.h"
#include "rules/pattern.h"

enum cw_suppressed_by { CW_BY_ALLOW, CW_BY_EXCLUDE, CW_BY_BASELINE, CW_BY_MARK, CW_BY_COUNT_ };
/* "allow", "exclude", "baseline", "mark". */
const char *cw_suppressed_by_name(enum cw_suppressed_by by);

struct cw_suppression { /* lives as long as its policy */
	enum cw_suppressed_by by;
	const char *reason;	  /* of the entry; the mark; NULL for baselines */
	struct cw_conf_from from; /* the entry; file NULL for marks */
	bool advisory;
};

struct cw_policy;

struct cw_policy_opts {
	const struct cw_conf *conf;	    /* borrowed for the policy's life */
	const struct cw_source *repository; /* for its baselines; NULL: there is none. Borrowed for the call */
	const char *key_id;		    /* of the fingerprints */
	int64_t now;			    /* seconds since the epoch */
	const char *const *roots; /* folders that path globs are relative to, the longest match counts; borrowed for its life */
	size_t roots_len;
	bool no_baselines; /* those configured are not read, for who makes one */
};

/* Fails when a baseline cannot be read. */
int cw_policy_new(const struct cw_policy_opts *opts, struct cw_policy **ret, struct cw_err *err);
void cw_policy_free(struct cw_policy *p);
CW_DEFINE_CLEANUP(struct cw_policy, cw_policy_free)
/* What the user should know: expired entries, fingerprints under another key (char *, borrowed). */
const struct cw_vec *cw_policy_notes(const struct cw_policy *p);
/* Replace every reason by what FN appends to OUT for it. */
int cw_policy_rewrite_reasons(struct cw_policy *p,
			      int (*fn)(void *payload, const char *text, struct cw_buf *out, struct cw_err *err), void *payload,
			      struct cw_err *err);
/* Whether there are value conditions at all. */
bool cw_policy_has_values(const struct cw_policy *p);
/* Append what tells their numbers and patterns from those of any other policy. */
void cw_policy_put_values(const struct cw_policy *p, struct cw_buf *out);
/* Append to OUT (uint32_t, ascending) the numbers of the value conditions that hold for the LEN bytes at SECRET. One that reaches a
 * limit does not hold. */
int cw_policy_values(const struct cw_policy *p, struct cw_pattern_state *state, const char *secret, size_t len,
		    struct cw_vec *out, struct cw_err *err);

struct cw_case { /* one hit at one place; all borrowed for the call */
	const char *rule;	 /* id */
	const char *fingerprint;
	const char *path, *mark; /* or NULL */
	const uint32_t *values;	 /* from cw_policy_values() */
	size_t values_len;
	bool more;     /* it stands for further hits of the rule that were only counted */
	bool unlisted; /* it stands for further places of the secret that were only counted */
};
/* What suppresses it, or NULL. */
const struct cw_suppression *cw_policy_case(const struct cw_policy *p, const struct cw_case *c);
/* Whether the file at PATH is not to be read. */
bool cw_policy_excludes(const struct cw_policy *p, const char *path);

#endif
