/* vcs/client.h - the repository in which git runs a hook of a work tree. */
#ifndef CW_VCS_CLIENT_H
#define CW_VCS_CLIENT_H

#include "vcs/quarantine.h"
#include "vcs/repo.h"

/* Open the repository that ENV names, or else the one around the current folder, with the object directories that ENV adds. WHERE
 * (initialised) gets what ENV says. */
int cw_repo_open_client(const struct cw_quarantine_env *env, struct cw_quarantine *where, struct cw_repo **ret,
			struct cw_err *err);
/* Append to OUT (struct cw_oid) the commits that a merge under way brings in: those in MERGE_HEAD. */
int cw_repo_merge_heads(struct cw_repo *r, struct cw_vec *out, struct cw_err *err);

#endif
