/* rules/pattern.h - compiled patterns: the one home of PCRE2.
 *
 * Compiled without UTF and UCP, with MULTILINE; JIT when the system allows it. A pattern is compiled once and immutable;
 * match state is per thread. Limits: see CW_PATTERN_* ; a match that reaches one is retried once by the interpreter with
 * higher limits and is then CW_E_LIMIT, never "no match". */
#ifndef CW_RULES_PATTERN_H
#define CW_RULES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define CW_PATTERN_MATCH_LIMIT 1000000u	  /* PCRE2 match() calls, and the depth limit */
#define CW_PATTERN_HEAP_LIMIT_KIB 32768u  /* interpreter heap */
#define CW_PATTERN_RETRY_FACTOR 4u
#define CW_PATTERN_GROUPS_MAX 32

struct cw_pattern;
struct cw_pattern_state; /* match data and JIT stack of one thread */

/* Compile TEXT. CW_E_RULE: it does not compile (err says where and why) or has too many groups. */
int cw_pattern_compile(const char *text, struct cw_pattern **ret, struct cw_err *err);
void cw_pattern_free(struct cw_pattern *p);
CW_DEFINE_CLEANUP(struct cw_pattern, cw_pattern_free)
/* The number of the named group, or -1. */
int cw_pattern_group(const struct cw_pattern *p, const char *name);
/* Bytes the longest look-behind looks back. */
uint32_t cw_pattern_lookbehind(const struct cw_pattern *p);

int cw_pattern_state_new(struct cw_pattern_state **ret, struct cw_err *err);
void cw_pattern_state_free(struct cw_pattern_state *s);
CW_DEFINE_CLEANUP(struct cw_pattern_state, cw_pattern_state_free)

struct cw_span {
	size_t start, end; /* bytes, half-open; start == SIZE_MAX: group not set */
};

/* Search DATA from offset FROM. NOT_BOL / NOT_EOL say that the data is cut out of more at that edge. Returns 1 and
 * fills SPANS[0..n) (0 = whole match, *ret_n <= CW_PATTERN_GROUPS_MAX) on a match, 0 on none, CW_E_LIMIT when a limit was
 * reached twice, CW_E_NOMEM. Matches of no length are possible; callers advance themselves. */
int cw_pattern_match(const struct cw_pattern *p, struct cw_pattern_state *s, const char *data, size_t len, size_t from,
		     bool not_bol, bool not_eol, struct cw_span spans[CW_PATTERN_GROUPS_MAX], size_t *ret_n,
		     struct cw_err *err);
/* The same, but only for matches that begin in [FROM, LAST]: what stands behind is not tried at all. */
int cw_pattern_match_in(const struct cw_pattern *p, struct cw_pattern_state *s, const char *data, size_t len, size_t from,
			size_t last, bool not_bol, bool not_eol, struct cw_span spans[CW_PATTERN_GROUPS_MAX], size_t *ret_n,
			struct cw_err *err);
/* The share (0..1) of the match limit that matching DATA once takes; for rules check. */
double cw_pattern_cost(const struct cw_pattern *p, const char *data, size_t len);

#endif
