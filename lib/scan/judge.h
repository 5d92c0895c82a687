/* scan/judge.h - which secrets of one change are new: those that something it adds or changes holds, and nothing does that it takes
 * away or changes. So a secret that was moved, renamed with its file or indented anew is not new, and a secret of old does not
 * stand in the way of other work on its file.
 *
 * A change is a commit against its parents, or the index against HEAD. Usage: clear, add what is there after the change, then ask
 * cw_judge_wants() and give what was there before until it wants no more. Threads: one. */
#ifndef CW_SCAN_JUDGE_H
#define CW_SCAN_JUDGE_H

#include "base/buf.h"
#include "scan/lookup.h"

struct cw_judged { /* something that stands there after the change and holds secrets */
	size_t path; /* offset in cw_judge.paths */
	uint32_t holder;
	struct cw_oid object; /* the blob; for a name the object that it names */
	bool is_name;
};

struct cw_judge {
	struct cw_lookup *lookup; /* borrowed */
	struct cw_vec after;	/* struct cw_judged */
	struct cw_vec secrets;	/* internal, as below */
	struct cw_buf paths;
	size_t open; /* secrets that are new as far as is known */
	bool sorted;
};

void cw_judge_init(struct cw_judge *j, struct cw_lookup *lookup);
void cw_judge_release(struct cw_judge *j);
/* For the next change. */
void cw_judge_clear(struct cw_judge *j);
/* HOLDER stands at PATH after the change. */
int cw_judge_after(struct cw_judge *j, const char *path, uint32_t holder, const struct cw_oid *object, bool is_name,
		   struct cw_err *err);
/* Whether there are secrets that nothing given so far had before. */
bool cw_judge_wants(const struct cw_judge *j);
/* HOLDER (may be none) stood somewhere before the change. After the last cw_judge_after(). */
void cw_judge_before(struct cw_judge *j, uint32_t holder);
/* Whether the secret of FACT is new. */
bool cw_judge_is_new(struct cw_judge *j, uint32_t fact);
static inline const char *cw_judge_path(const struct cw_judge *j, const struct cw_judged *at)
{
	return j->paths.data + at->path;
}

#endif
