/* vcs/format.h - can this program read the format of a repository? Internal to vcs/.
 *
 * libgit2 opens some repositories that it cannot read as if they were empty (SHA-256, reftable). This is the check that
 * stands in front of it. Includes of the configuration are not followed, as git does not follow them for this either. */
#ifndef CW_VCS_FORMAT_H
#define CW_VCS_FORMAT_H

#include <stddef.h>

#include "base/err.h"

/* Judge the text of a repository's `config`. 0; CW_E_UNSUPPORTED names the extension or version; CW_E_CORRUPT the line. */
int cw_format_check(const char *config, size_t len, struct cw_err *err);

#endif
