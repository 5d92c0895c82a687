/* vcs/index.h - the index of a repository: what the next commit will hold.
 *
 * Read here and not by libgit2, which knows neither a split nor a sparse index and hashes the whole file first. Versions 2, 3 and 4;
 * like git, this reader trusts the trees that the index says its folders have: a commit is made of them. Threads: immutable. */
#ifndef CW_VCS_INDEX_H
#define CW_VCS_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"

#define CW_INDEX_FILE_MAX ((size_t)1 << 30) /* bytes */

struct cw_index_entry {
	const uint8_t *id; /* 20 bytes */
	const char *path;  /* bytes, NUL-terminated; of a folder of a sparse index it ends in '/' */
	uint32_t path_len;
	uint32_t mode;
	uint8_t stage;	     /* 0; 1 to 3 in a conflict */
	bool intent_to_add;  /* nothing is staged */
};

struct cw_index_tree { /* a folder, as far as the index knows its tree; in the order of the file: each before those in it */
	const char *name;
	const uint8_t *id; /* 20 bytes; NULL: not known, something in it changed */
	uint32_t name_len;
	uint32_t entries; /* of the index, in it and below */
	size_t end;	  /* number of the first that is not in it */
};

struct cw_index;

/* Read the file PATH of the repository at GIT_DIR (for the shared part of a split index). A file that is not there is an empty
 * index. CW_E_CORRUPT, CW_E_LIMIT; CW_E_UNSUPPORTED for a version or an extension that would have to be understood. */
int cw_index_read(const char *path, const char *git_dir, struct cw_index **ret, struct cw_err *err);
void cw_index_free(struct cw_index *x);
CW_DEFINE_CLEANUP(struct cw_index, cw_index_free)
/* struct cw_index_entry, by path bytes and stage; borrowed. */
const struct cw_vec *cw_index_entries(const struct cw_index *x);
/* struct cw_index_tree, the root first; may be empty; borrowed. */
const struct cw_vec *cw_index_trees(const struct cw_index *x);
/* The entry of PATH that is staged without a conflict, or NULL. */
const struct cw_index_entry *cw_index_find(const struct cw_index *x, const char *path);
struct cw_oid cw_index_oid(const uint8_t *id);

#endif
