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
/* The LEN bytes that a database takes in memory, for a program to embed: append to OUT, whose length must be a multiple of
 * CW_HSDB_ALIGN. Wherever they are at such an address, cw_hsdb_at() is the database; it is borrowed. CW_E_CORRUPT: they are not. */
#define CW_HSDB_ALIGN 64 /* bytes */
int cw_hsdb_save_raw(const struct hs_database *db, struct cw_buf *out, struct cw_err *err);
int cw_hsdb_at(const void *bytes, size_t len, const struct hs_database **ret, struct cw_err *err);

/* Looks for single expressions of DB, which is borrowed. */
struct cw_hsdb_probe;
int cw_hsdb_probe_new(const struct hs_database *db, struct cw_hsdb_probe **ret, struct cw_err *err);
/* Where the first match of expression ID in TEXT ends; *ret_end stays as it is when there is none. */
int cw_hsdb_find(struct cw_hsdb_probe *p, unsigned id, const char *text, size_t len, size_t *ret_end, struct cw_err *err);
void cw_hsdb_probe_free(struct cw_hsdb_probe *p);

/* What ANCHOR alone takes on TEXT: nanoseconds a KiB, the best of several scans. */
int cw_hsdb_cost(const char *anchor, const char *text, size_t len, double *ret_ns_kib, struct cw_err *err);
/* Version of the Hyperscan in use, for cache keys. */
const char *cw_hsdb_version(void);

#endif
