/* rules/hslib.h - the half of Hyperscan that compiles; private to rules/.
 *
 * Hyperscan comes as a whole (libhs, C++) and as the half that scans alone (libhs_runtime, C). To link and start the whole takes
 * longer than to scan a commit, and most runs compile nothing: so where there are both, the program is linked to the half that scans
 * and the whole is loaded by the first who compiles. It stays loaded. Threads: any. */
#ifndef CW_RULES_HSLIB_H
#define CW_RULES_HSLIB_H

#include "base/err.h"

struct hs_compile_error;
struct hs_database;
struct hs_expr_info;
struct hs_platform_info;

struct cw_hslib { /* as in hs_compile.h */
	int (*compile_multi)(const char *const *expressions, const unsigned *flags, const unsigned *ids, unsigned elements,
			     unsigned mode, const struct hs_platform_info *platform, struct hs_database **db,
			     struct hs_compile_error **error);
	int (*expression_info)(const char *expression, unsigned flags, struct hs_expr_info **info, struct hs_compile_error **error);
	int (*free_compile_error)(struct hs_compile_error *error);
};

/* CW_E_UNSUPPORTED: the library cannot be loaded, or is of another version than the half that scans. */
int cw_hslib(const struct cw_hslib **ret, struct cw_err *err);

#endif
