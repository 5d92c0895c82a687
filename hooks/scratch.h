/* hooks/scratch.h - throw-away repositories in which hooks are tried with a canary. Threads: one. */
#ifndef CW_HOOKS_SCRATCH_H
#define CW_HOOKS_SCRATCH_H

#include <stdbool.h>

#include "base/err.h"

struct cw_scratch {
	char folder[64]; /* "" when there is none */
};
#define CW_SCRATCH_INIT { "" }

/* Make the folder that all tries stand in. */
int cw_scratch_make(struct cw_scratch *s, struct cw_err *err);
/* Let git work in a new repository there with the hooks of FOLDER (NULL: those it is set to) so that it runs HOOK: with a clean change, then with a canary.
 * CW_E_INVALID: it did not do what it should, and err says what; others: it could not be tried. */
int cw_scratch_try(struct cw_scratch *s, const char *folder, const char *hook, struct cw_err *err);
void cw_scratch_remove(struct cw_scratch *s);
/* Whether the file PATH speaks of credwatch at all; one that cannot be read does not. */
int cw_scratch_mentions(const char *path, bool *ret, struct cw_err *err);

#endif
