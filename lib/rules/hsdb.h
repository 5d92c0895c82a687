/* rules/hsdb.h - the Hyperscan database of a set: compile, serialise, load.
 * Always block mode without SOM, flags MULTILINE only, compiled for the baseline processor: such a database loads everywhere
 * and scans as fast as a tuned one. */
#ifndef CW_RULES_HSDB_H
#define CW_RULES_HSDB_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct hs_database;

/* Compile COUNT anchors (at least one) whose expression ids are IDS. CW_E_RULE: *ret_bad is the index of the offending one, or
 * COUNT. */
int cw_hsdb_compile(const char *const *anchors, const unsigned *ids, size_t count, struct hs_database **ret, size_t *ret_bad,
		    struct cw_err *err);
void cw_hsdb_free(struct hs_database *db);
int cw_hsdb_save(const struct hs_database *db, struct cw_buf *out, struct cw_err *err);
int cw_hsdb_load(const char *data, size_t len, struct hs_database **ret, struct cw_err *err);
/* What ANCHOR alone takes on TEXT: nanoseconds a KiB, the best of several scans. */
int cw_hsdb_cost(const char *anchor, const char *text, size_t len, double *ret_ns_kib, struct cw_err *err);
/* Version of the Hyperscan in use, for cache keys. */
const char *cw_hsdb_version(void);

#endif
