/* vcs/stores.h - the object directories of a repository: its own and its alternates, and the packs in them.
 *
 * Alternates are read here and not by libgit2, which does not understand git's quoting of them and then reports nothing.
 * What is there but cannot be used becomes a fault, never silence. Internal to vcs/. */
#ifndef CW_VCS_STORES_H
#define CW_VCS_STORES_H

#include "base/err.h"
#include "base/vec.h"
#include "vcs/repo.h"

#define CW_STORES_MAX 1000	  /* object directories of one repository */
#define CW_STORES_DEPTH_MAX 5	  /* alternates of alternates, as in git */
#define CW_STORE_FAULTS_MAX 10000

/* Fill OUT (char *, owned by it) with the real paths of COMMON_DIR/objects, of EXTRA (char *: object directories that git's
 * environment names) and of each permitted alternate, each once. What is missing or unreadable goes to FAULTS (struct cw_store_fault). */
int cw_stores_find(const char *common_dir, const struct cw_vec *extra, struct cw_vec *out, struct cw_vec *faults,
		   struct cw_err *err);
/* Add WHAT with REASON to FAULTS. */
int cw_store_fault_add(struct cw_vec *faults, const char *what, const char *reason, struct cw_err *err);

/* Release a vector of owned strings. */
void cw_strings_release(struct cw_vec *v);

/* Append to OUT (char *, owned by it), sorted, the paths of STORE's pack indexes whose pack is there; whatever else looks like a
 * pack or an index goes to FAULTS. */
int cw_store_packs(const char *store, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err);

#endif
