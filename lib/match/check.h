/* match/check.h - do rules do what their examples say? Every example goes through the whole pipeline. */
#ifndef CW_MATCH_CHECK_H
#define CW_MATCH_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "rules/set.h"

struct cw_check_opts {
	/* Whether RULE speaks at PATH (its path gates); may be NULL: always. */
	bool (*applies)(const struct cw_rule *rule, const char *path);
	/* Called for each fault, in the order of rules; TEXT is one line without any secret. */
	void (*fault)(const struct cw_rule *rule, const char *text, void *payload);
	/* Called for each rule checked, with what it costs: nanoseconds a KiB that its anchor alone takes on source-like text, and the
	 * share (0..1) of the match limit that its pattern takes on its worst example. May be NULL. */
	void (*cost)(const struct cw_rule *rule, double anchor_ns_kib, double pattern_share, void *payload);
	void *payload;
};

#define CW_CHECK_PATTERN_SHARE_MAX 0.01

/* Check rule I of SET: every example hits it (alone or as `also` of another), no counterexample does, an anchor ends inside
 * every match of its pattern on its examples (found without Hyperscan), the pattern stays under CW_CHECK_PATTERN_SHARE_MAX.
 * Returns the number of faults, or a negative code. */
int cw_check_rule(const struct cw_set *set, size_t i, const struct cw_check_opts *opts, struct cw_err *err);

#endif
