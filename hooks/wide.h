/* hooks/wide.h - hooks for many repositories at once: a folder of hooks, and the setting by which git uses it.
 *
 * What this program has set is noted beside the setting (credwatch.hooksPath, credwatch.templateDir), so that only that is taken back.
 * Threads: one. */
#ifndef CW_HOOKS_WIDE_H
#define CW_HOOKS_WIDE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum cw_wide_kind {
	CW_WIDE_GLOBAL,	  /* all repositories of the user */
	CW_WIDE_SYSTEM,	  /* all repositories of this machine */
	CW_WIDE_TEMPLATE, /* those that the user makes later */
};

enum cw_wide_state {
	CW_WIDE_UNSET,
	CW_WIDE_IN_FORCE,
	CW_WIDE_FOREIGN, /* git is set to something else */
};

struct cw_wide {
	enum cw_wide_kind kind;
	char *folder; /* of the hooks; owned */
	char *value;  /* of the setting; owned */
};
#define CW_WIDE_INIT { CW_WIDE_GLOBAL, NULL, NULL }

/* DIR is the folder of the hooks (NULL: the usual one), or the template. */
int cw_wide_init(struct cw_wide *w, enum cw_wide_kind kind, const char *dir, struct cw_err *err);
void cw_wide_release(struct cw_wide *w);
/* "core.hooksPath" or "init.templateDir" */
const char *cw_wide_key(const struct cw_wide *w);
/* What git is set to: VALUE gets it, empty when it is set to nothing. */
int cw_wide_look(const struct cw_wide *w, enum cw_wide_state *ret, struct cw_buf *value, struct cw_err *err);
int cw_wide_set(const struct cw_wide *w, struct cw_err *err);
/* Take back what cw_wide_set() did; *RET: there was something. */
int cw_wide_unset(const struct cw_wide *w, bool *ret, struct cw_err *err);

#endif
