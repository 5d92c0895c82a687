/* tests/lib/fixture.h - small rule sets for tests, written as a few strings instead of whole rule files. */
#ifndef CW_TESTS_FIXTURE_H
#define CW_TESTS_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "rules/load.h"
#include "rules/set.h"

struct fx_rule {
	const char *id;	     /* "t.<kind>", or "generic.<kind>" */
	const char *anchor, *pattern;
	const char *example; /* fires the anchor; used as both examples */
	int before, after;   /* 0: 300 and 64 */
	const char *more;    /* further YAML at the indent of the rule's keys, lines ended by \n; or NULL */
};

/* Append the rule file of provider "t" with these N rules. */
void fx_yaml(const struct fx_rule *rules, size_t n, struct cw_buf *out);
/* A finished book of them; a failure ends the test. */
struct cw_rulebook *fx_book(const struct fx_rule *rules, size_t n);
struct cw_set *fx_set(const struct fx_rule *rules, size_t n);

/* Numbers that look random and are the same on every machine. */
struct fx_rng {
	uint64_t state;
};
uint64_t fx_next(struct fx_rng *r);
/* Below N. */
size_t fx_below(struct fx_rng *r, size_t n);
/* A seed that differs from run to run, printed so that a failure can be repeated: CW_TEST_SEED in the environment
 * wins. */
uint64_t fx_seed(const char *what);

#endif
