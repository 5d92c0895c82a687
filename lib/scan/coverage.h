/* scan/coverage.h - the promise that nothing unscanned is called clean, as numbers.
 * expected = scanned + cached + unscanned - beside; each unscanned item with its reason. `beside` counts the entries that are
 * no object of this scan: a rule that could not be decided in an object that was scanned otherwise, a pack that cannot be listed.
 * Skipped items (symbolic links, special files), excluded files and notes (submodules, LFS pointers) are counted apart: they are not content of
 * this scan. Not thread-safe: one per worker, merged. */
#ifndef CW_SCAN_COVERAGE_H
#define CW_SCAN_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

struct cw_unscanned {
	char *object; /* object id, path or "<rule> in <object>"; owned */
	char *reason; /* one line; owned */
};

#define CW_UNSCANNED_LISTED_MAX 10000 /* listed with reasons; the rest is counted */

struct cw_coverage {
	uint64_t expected, scanned, cached, unscanned;
	uint64_t beside; /* of unscanned: not counted in expected */
	uint64_t interrupted; /* of unscanned: only because the scan was told to end */
	uint64_t bytes; /* scanned */
	uint64_t skipped, submodules, lfs_pointers;
	uint64_t repositories; /* git repositories below the folders of a scan: their files are scanned, their history is not */
	uint64_t excluded; /* files that policy keeps from being read */
	uint64_t malformed_trees; /* with entries that git would refuse; read all the same */
	struct cw_vec list; /* struct cw_unscanned */
};

void cw_coverage_init(struct cw_coverage *c);
void cw_coverage_release(struct cw_coverage *c);
/* Count one unscanned item (it also counts as expected if EXPECTED). Never loses the count, even without memory for the text. */
void cw_coverage_unscanned(struct cw_coverage *c, bool expected, const char *object, const char *reason);
/* The same for one that the scan had no time for. */
void cw_coverage_interrupted(struct cw_coverage *c, bool expected, const char *object);
/* Add FROM to INTO and empty FROM. */
void cw_coverage_merge(struct cw_coverage *into, struct cw_coverage *from);
/* Sort the list by object and reason, so that output does not depend on threads, and cut it to CW_UNSCANNED_LISTED_MAX. */
void cw_coverage_sort(struct cw_coverage *c);
/* Whether all that was expected was scanned, every rule was decided, and the numbers add up. */
bool cw_coverage_complete(const struct cw_coverage *c);

#endif
