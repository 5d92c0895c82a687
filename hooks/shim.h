/* hooks/shim.h - the scripts that git runs: each hands over to this program by its path, and stops git when the program is gone.
 *
 * A hook that is there already is kept beside it under another name and runs first, since it may change what is committed. */
#ifndef CW_HOOKS_SHIM_H
#define CW_HOOKS_SHIM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define CW_SHIM_CHAINED ".credwatch-chained"

/* The hooks there are a shim for, ended by NULL: those of a work tree, then pre-receive. */
extern const char *const cw_shim_hooks[];

/* The other hooks of git, ended by NULL: a folder for all repositories must not keep a repository's own from running. Left out are
 * those that change what git does by being there at all, or that git runs many times in one command. */
extern const char *const cw_shim_passed[];

enum cw_shim_state {
	CW_SHIM_NONE,	 /* no hook */
	CW_SHIM_PASSES,	 /* one that only hands over to the repository's own */
	CW_SHIM_FOREIGN, /* a hook, but not a shim */
	CW_SHIM_OLD,	 /* a shim that this program would write in another way */
	CW_SHIM_CURRENT,
};

struct cw_shim {
	const char *hook; /* "pre-commit" */
	char *path;	  /* the file; owned */
	char *chained;	  /* where another hook is kept; owned */
	bool global;	  /* it also runs the hook of the repository that git works in */
	bool passes;	  /* and nothing else */
};

/* The shim of HOOK in FOLDER. In a folder HOOK.d it is a file of its own beside others. */
int cw_shim_init(struct cw_shim *s, const char *folder, const char *hook, bool global, struct cw_err *err);
void cw_shim_release(struct cw_shim *s);
int cw_shim_look(const struct cw_shim *s, enum cw_shim_state *ret, struct cw_err *err);
/* Write it; a foreign hook is kept first. */
int cw_shim_install(const struct cw_shim *s, struct cw_err *err);
/* Take it away and put back what was kept. *RET_CHAINED: something was. CW_E_NOTFOUND when there is no shim. */
int cw_shim_remove(const struct cw_shim *s, bool *ret_chained, struct cw_err *err);
/* The path of this program, for shims. */
int cw_shim_program(struct cw_buf *out, struct cw_err *err);

#endif
