/* vcs/index_int.h - the parts of the reader of index files. Internal to vcs/. */
#ifndef CW_VCS_INDEX_INT_H
#define CW_VCS_INDEX_INT_H

#include "base/buf.h"
#include "vcs/index.h"

#define CW_INDEX_ID_LEN 20 /* bytes */

struct cw_index_part { /* one file */
	struct cw_buf data;
	struct cw_buf names;   /* of version 4, which stores only how they differ */
	struct cw_vec entries; /* struct cw_index_entry */
	const char *link;      /* content of the extension, or NULL */
	size_t link_len;
};

struct cw_index {
	struct cw_index_part own, shared;
	struct cw_vec joined; /* struct cw_index_entry, of a split index */
	struct cw_vec trees;  /* struct cw_index_tree */
};

uint32_t cw_index_u32(const char *p);
int cw_index_bad(struct cw_err *err, const char *what);
/* Append to TREES what the LEN bytes at DATA, the extension TREE, say. */
int cw_index_read_trees(const char *data, size_t len, struct cw_vec *trees, struct cw_err *err);
/* Join what X's own part changes in its shared part. */
int cw_index_join(struct cw_index *x, struct cw_err *err);

#endif
