/* rules/cache.h - compiled sets on disk.
 *
 * Looked for in /var/cache/credwatch (written by root), then in $XDG_CACHE_HOME/credwatch or ~/.cache/credwatch. A file is
 * used only if it and all its parents belong to root or the caller and nobody else may write to them; its name holds the
 * key. An unusable cache is never an error: the rules are compiled again. */
#ifndef CW_RULES_CACHE_H
#define CW_RULES_CACHE_H

#include "base/err.h"
#include "rules/load.h"
#include "rules/set.h"

/* The compiled set of BOOK: from a cache, else compiled and (best effort) stored in the user's cache. */
int cw_cache_set(const struct cw_rulebook *book, struct cw_set **ret, struct cw_err *err);
/* Compile BOOK and store it: in /var/cache/credwatch (0644) for root, else in the user's cache (0600). *ret_path (free it) is the
 * file written. Unlike cw_cache_set() this reports what goes wrong. */
int cw_cache_store(const struct cw_rulebook *book, char **ret_path, struct cw_err *err);

#endif
