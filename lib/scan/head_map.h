/* scan/head_map.h - which paths of HEAD's tree name a blob. Threads: immutable once built. */
#ifndef CW_SCAN_HEAD_MAP_H
#define CW_SCAN_HEAD_MAP_H

#include "scan/coverage.h"
#include "vcs/repo.h"

struct cw_head_map;

/* Read HEAD's tree into *ret. What cannot be read of it, and blobs that it names but the store lacks, become unscanned
 * entries in COVERAGE; its submodules are counted there. Fails only without memory. */
int cw_head_map_new(struct cw_repo *r, struct cw_coverage *coverage, struct cw_head_map **ret, struct cw_err *err);
void cw_head_map_free(struct cw_head_map *m);
CW_DEFINE_CLEANUP(struct cw_head_map, cw_head_map_free)
/* The paths of BLOB in byte order: *ret_len strings, borrowed; none gives 0. */
const char *const *cw_head_map_paths(const struct cw_head_map *m, const struct cw_oid *blob, size_t *ret_len);

#endif
