/* vcs/pack_backend.h - one pack for libgit2, made safe: libgit2 follows a chain of deltas for ever when it is a circle. Internal to
 * vcs/. */
#ifndef CW_VCS_PACK_BACKEND_H
#define CW_VCS_PACK_BACKEND_H

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include "base/err.h"

/* The pack whose index is INDEX, which cw_pack_usable() accepts. An object whose chain of deltas does not end cannot be read from it.
 * *ret is owned by the caller until it is given to a git_odb. CW_E_CORRUPT when libgit2 does not take the pack; CW_E_NOMEM. */
int cw_pack_backend(const char *index, git_odb_backend **ret, struct cw_err *err);

#endif
