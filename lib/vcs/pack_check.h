/* vcs/pack_check.h - does a pack index tell the truth about its pack, as far as that can be seen without reading the objects?
 * Internal to vcs/. */
#ifndef CW_VCS_PACK_CHECK_H
#define CW_VCS_PACK_CHECK_H

#include "base/err.h"
#include "vcs/pack_index.h"

/* INDEX_PATH is "X.idx" of the pack "X.pack", X the parsed index. CW_E_CORRUPT when there may be objects in the pack that the
 * index hides: another number of objects, two ids at one place, a place outside the pack, a pack that is another one or cut
 * short. Then each pack entry is not read exactly once, whatever ids the index gives them. */
int cw_pack_check(const char *index_path, const struct cw_pack_index *x, struct cw_err *err);

/* Whether the open pack FD of SIZE bytes is the one that X was made for, by its number of objects and its checksum; CW_E_CORRUPT. */
int cw_pack_check_ends(int fd, uint64_t size, const struct cw_pack_index *x, struct cw_err *err);

/* Whether libgit2 may be given this index: it reads outside the pack, and crashes, where an index points there. CW_E_CORRUPT when
 * not. */
int cw_pack_usable(const char *index_path, struct cw_err *err);

#endif
