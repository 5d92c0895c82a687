/* store/replay.h - everything a finished audit said, to be said again while nothing has changed: its places before policy, and what
 * it counted. Threads: one owner at a time. */
#ifndef CW_STORE_REPLAY_H
#define CW_STORE_REPLAY_H

#include "base/crypto.h"
#include "store/sights.h"

struct cw_stored_place { /* all pointers are borrowed */
	uint32_t sight;	  /* number */
	const char *path; /* or NULL */
	struct cw_stored_id object;
	uint8_t type;
	struct cw_stored_at at;
	uint64_t objects, unlisted;
	uint8_t state;
	struct cw_stored_id commit, tip_blob;
	const char *author, *tip_ref; /* or NULL */
	int64_t date; /* seconds since the epoch */
	uint64_t introductions, tip_line;
};

struct cw_stored_counts { /* of a complete audit */
	uint64_t expected, submodules, lfs_pointers, malformed_trees;
};

struct cw_replay {
	uint8_t state[CW_SHA256_LEN]; /* of the repository: refs and object store */
	struct cw_stored_counts counts;
	struct cw_sight_list sights;
	struct cw_vec places; /* struct cw_stored_place */
	struct cw_buf text;   /* what all texts point into */
};
#define CW_STORED_PLACES_MAX ((size_t)1 << 26)
#define CW_REPLAY_INIT                                                                                                          \
	{ .sights = CW_SIGHT_LIST_INIT, .places = CW_VEC_INIT(struct cw_stored_place, CW_STORED_PLACES_MAX),                    \
	  .text = CW_BUF_INIT }

void cw_put_place(struct cw_buf *out, const struct cw_stored_place *p);
/* Append to OUT the part with N places that cw_put_place() wrote to PLACES; those in R do not count. An audit that cannot be replayed
 * is an empty part. */
int cw_replay_write(const struct cw_replay *r, uint64_t n, const struct cw_buf *places, struct cw_buf *out, struct cw_err *err);
/* Read a part out of R->text. CW_E_CORRUPT; CW_E_NOTFOUND: the part is empty, or STATE is another one. */
int cw_replay_read(struct cw_replay *r, const uint8_t state[CW_SHA256_LEN], struct cw_err *err);
void cw_replay_release(struct cw_replay *r);

#endif
