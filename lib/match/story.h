/* match/story.h - how a verdict came about: each check with its values and its result, written down by the very code that decides.
 *
 * A story holds numbers, names of checks and of groups, and never a byte of what was judged. Where nobody asks for one, a check
 * costs a comparison with NULL. Threads: one owner at a time. */
#ifndef CW_MATCH_STORY_H
#define CW_MATCH_STORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "match/verdict.h"

#define CW_STORY_STEPS_MAX 2048

enum cw_step_result {
	CW_STEP_PASSED,
	CW_STEP_FAILED,
	CW_STEP_SKIPPED, /* the check was not made; the text says why */
	CW_STEP_NOTE,	 /* a fact, neither for nor against */
};
/* "passed", "failed", "not asked", "note". */
const char *cw_step_result_name(enum cw_step_result r);

struct cw_step {
	const char *check; /* static */
	enum cw_step_result result;
	size_t text; /* offset in the story's texts */
};

struct cw_story { /* of one candidate */
	struct cw_vec steps; /* struct cw_step, in the order in which they were made */
	struct cw_buf texts;
};

#define CW_STORY_INIT { .steps = CW_VEC_INIT(struct cw_step, CW_STORY_STEPS_MAX), .texts = CW_BUF_INIT }
void cw_story_clear(struct cw_story *s);
void cw_story_release(struct cw_story *s);
/* Replace INTO by FROM. CW_E_NOMEM. */
int cw_story_copy(struct cw_story *into, const struct cw_story *from, struct cw_err *err);
/* One line about step I. */
const char *cw_story_text(const struct cw_story *s, size_t i);
/* 0, or what kept the story from being whole. */
int cw_story_fail(const struct cw_story *s, struct cw_err *err);

/* For those who decide. S may be NULL: then nothing happens. */
void cw_story_add(struct cw_story *s, const char *check, enum cw_step_result result, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* CHECK failed if WRONG, with the text for that, else it passed, with the other; returns WRONG. */
bool cw_story_fails(struct cw_story *s, const char *check, bool wrong, const char *if_wrong, const char *if_right);

struct cw_judged { /* one verdict; all pointers are borrowed for the call */
	uint32_t rule;
	size_t end; /* of the anchor */
	const struct cw_verdict *verdict;
	const char *data; /* the scanned text: the blob, or what was decoded of it */
	size_t len;
	const struct cw_buf *canonical; /* the canonical secret if verdict->has_canonical */
	const struct cw_story *story;
};

struct cw_recorder {
	/* Called after each verdict; anything but 0 ends the scan with it. */
	int (*verdict)(void *payload, const struct cw_judged *judged, struct cw_err *err);
	void *payload;
	struct cw_story story; /* of the verdict under way */
};

/* From now on J, or a matcher's judge in cw_match_blob(), tells R (borrowed) about each verdict; NULL: nobody. */
void cw_judge_set_recorder(struct cw_judge *j, struct cw_recorder *r);
struct cw_matcher;
void cw_matcher_set_recorder(struct cw_matcher *m, struct cw_recorder *r);

#endif
