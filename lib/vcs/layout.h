/* vcs/layout.h - where a repository's files are: its directories, its object directories, its well-known files.
 *
 * Everything here looks at names and types of files before anybody opens them, so that a FIFO or a device in place of a
 * repository's file is refused and cannot block. Internal to vcs/. */
#ifndef CW_VCS_LAYOUT_H
#define CW_VCS_LAYOUT_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"

struct cw_layout {
	char *git_dir;	  /* real path; owned, as all below */
	char *common_dir; /* of a linked work tree, the main repository; else the same */
	char *work_dir;	  /* or NULL */
};

#define CW_LAYOUT_INIT { .git_dir = NULL }
void cw_layout_release(struct cw_layout *l);
/* Find the repository that contains PATH. CW_E_NOTFOUND: none; CW_E_CORRUPT: a `.git` that is none. Messages here and below never
 * hold what a file says. */
int cw_layout_find(const char *path, struct cw_layout *ret, struct cw_err *err);
/* The repository whose git directory is PATH itself: no other is looked for. CW_E_CORRUPT: it is none. */
int cw_layout_at(const char *path, struct cw_layout *ret, struct cw_err *err);
/* Refuse what this program cannot read (CW_E_UNSUPPORTED) and what might block (CW_E_INVALID). */
int cw_layout_check(const struct cw_layout *l, struct cw_err *err);

/* 0 when PATH is a regular file or absent (*ret_there, may be NULL, says which); CW_E_INVALID for anything else. */
int cw_require_regular(const char *path, bool *ret_there, struct cw_err *err);
/* "DIR/NAME" as a new string, NULL without memory. */
char *cw_path_join(const char *dir, const char *name);

#endif
