/* vcs/snapshot.h - what a repository is made of at one moment, without opening an object: its packs, loose objects, alternates and
 * references, each file by what the system and its trailer say of it.
 *
 * Two equal snapshots mean that no file was added, removed, replaced or written to in between, as far as sizes, inodes and times
 * of modification and of change can tell. Threads: immutable once taken; cw_vcs_init() first. */
#ifndef CW_VCS_SNAPSHOT_H
#define CW_VCS_SNAPSHOT_H

#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"

struct cw_file_state { /* of a regular file */
	uint64_t device, inode, size, modified, changed; /* bytes; nanoseconds */
};

#define CW_TRAILER_LEN 20 /* bytes */
struct cw_pack_state {
	struct cw_file_state index, pack;
	uint8_t index_sums[2 * CW_TRAILER_LEN], pack_sum[CW_TRAILER_LEN]; /* their last bytes: checksums */
};

struct cw_snapshot_pack {
	char *index; /* path; owned by the snapshot */
	struct cw_pack_state state;
};

struct cw_snapshot_loose {
	struct cw_oid oid;
	uint32_t store; /* which object directory, from 0 */
	struct cw_file_state state;
};

struct cw_snapshot {
	char *git_dir, *common_dir; /* real paths; owned, as all below */
	char *objects;		    /* the repository's own object directory */
	struct cw_vec stores;	    /* char *: all object directories */
	struct cw_vec packs;	    /* struct cw_snapshot_pack, in the order in which objects are listed */
	struct cw_vec loose;	    /* struct cw_snapshot_loose, by (id, store) */
	struct cw_vec faults;	    /* struct cw_store_fault: what could not be looked at. Then nothing follows from the rest */
	uint8_t files[CW_SHA256_LEN]; /* of stores, packs and loose objects */
	uint8_t all[CW_SHA256_LEN];   /* of these and of all references and the shallow boundary */
};

/* Of the repository that contains PATH; codes as of cw_repo_open(). *RET is to be released in any case. */
int cw_snapshot_take(const char *path, struct cw_snapshot *ret, struct cw_err *err);
void cw_snapshot_release(struct cw_snapshot *s);
#define CW_SNAPSHOT_INIT { .git_dir = NULL }

/* Append to OUT (struct cw_oid) the ids that the pack index at PATH names. */
int cw_snapshot_pack_ids(const char *path, struct cw_vec *out, struct cw_err *err);
/* The digest of all that the pack index at PATH and its pack hold. */
int cw_snapshot_pack_digest(const char *path, uint8_t ret[CW_SHA256_LEN], struct cw_err *err);

#endif
