/* hooks/git.h - runs git itself, to ask where its hooks are and to try them. Threads: one. */
#ifndef CW_HOOKS_GIT_H
#define CW_HOOKS_GIT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Run `git ARGS` (ended by NULL) in FOLDER (NULL: the current one) and wait. OUT gets its standard output and, with BOTH, its standard
 * error; it reads nothing. *ret_status is its exit status, 128 and the signal when one ended it. */
int cw_git_run(const char *folder, const char *const *args, bool both, struct cw_buf *out, int *ret_status, struct cw_err *err);
/* The same, and any other status than 0 is CW_E_NOTFOUND. Without the line end. */
int cw_git_ask(const char *folder, const char *const *args, struct cw_buf *out, struct cw_err *err);
/* Forget which repository a caller of this program meant. */
void cw_git_forget(void);

struct cw_hooks_at { /* where the hooks of a repository are */
	char *folder;  /* where git looks for them: core.hooksPath, or the repository's own; owned, as all below */
	char *own;     /* the repository's own */
	char *top;     /* of the work tree; NULL: a bare repository */
};
#define CW_HOOKS_AT_INIT { NULL, NULL, NULL }
/* Of the repository around PATH. */
int cw_hooks_find(const char *path, struct cw_hooks_at *ret, struct cw_err *err);
void cw_hooks_at_release(struct cw_hooks_at *at);

#endif
