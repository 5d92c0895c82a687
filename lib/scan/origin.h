/* scan/origin.h - where a place came from: what attribution (DESIGN: H(c), introductions, tips) says about it. */
#ifndef CW_SCAN_ORIGIN_H
#define CW_SCAN_ORIGIN_H

#include <stdint.h>

#include "vcs/oid.h"

enum cw_place_state {
	CW_STATE_TIP,	      /* the secret stands at this path at a refs/heads/, refs/remotes/ or HEAD tip */
	CW_STATE_HISTORY,     /* a commit that holds it is reachable from some ref */
	CW_STATE_UNREACHABLE, /* in the store, reachable from no ref */
};
/* "tip", "history", "unreachable". */
const char *cw_place_state_name(enum cw_place_state s);

struct cw_origin {
	enum cw_place_state state;
	struct cw_oid commit; /* the introduction with the smallest (committer time, id); len 0: no commit is known */
	const char *author;   /* "Name <mail>" as the commit has it, bytes; NULL without a commit; owned by whoever made the origin */
	int64_t date;	      /* committer time, seconds since the epoch */
	uint64_t introductions; /* commits that introduce this secret at this path */
	const char *tip_ref;  /* the first branch, in byte order, that holds it; NULL unless state is tip */
	struct cw_oid tip_blob;
	uint64_t tip_line; /* 1-based */
};

#endif
