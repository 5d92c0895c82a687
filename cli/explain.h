/* cli/explain.h - what credwatch explain tells of one secret: how it was judged, where it stands, what to do. No secret is kept:
 * numbers, redacted forms and places only. Threads: one. */
#ifndef CW_CLI_EXPLAIN_H
#define CW_CLI_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "match/story.h"
#include "policy/findings.h"
#include "policy/key.h"
#include "rules/set.h"

/* How one place was judged. */
struct cw_told {
	bool found;
	size_t end;		  /* of the anchor, in the scanned text */
	size_t window_a, window_b; /* what the pattern could see of it */
	size_t start;		  /* of the secret */
	enum cw_proof_level proof;
	bool cut;
	struct cw_story story;
};
#define CW_TOLD_INIT { .story = CW_STORY_INIT }
void cw_told_release(struct cw_told *t);

/* Judge again where F was found, with the rules of SET, and keep the story of the verdict that gave F's fingerprint under KEY.
 * REPOSITORY: where its objects are; NULL: F's path is a file. RET->found is false when the place holds it no more.
 * Fails when the place cannot be read, and without memory. */
int cw_explain_judge(const struct cw_set *set, const struct cw_key *key, const struct cw_finding *f, const char *repository,
		     struct cw_told *ret, struct cw_err *err);

/* The places of one rule's findings of the secret. */
struct cw_tale {
	const struct cw_finding *const *places;
	size_t len; /* > 0 */
	const struct cw_told *told; /* for places[0]; found false: nothing could be judged again */
	const char *untold;	    /* why not */
	const char *source;	    /* "the repository", "the files", "the report" */
	const struct cw_set *set;
};
/* Append the tale as text for people. */
void cw_explain_text(const struct cw_tale *t, struct cw_buf *out);

/* Findings read from a report. */
struct cw_reported {
	struct cw_vec findings; /* struct cw_finding */
	struct cw_vec owned;	/* void *: what they point to */
};
/* The findings of FINGERPRINT in the report LEN bytes long at DATA (json or jsonl), with rules out of SET where it has them. Everything the
 * report says is cleansed by SET's rules. CW_E_INVALID with the line, CW_E_LIMIT, CW_E_NOMEM. */
int cw_reported_read(const char *data, size_t len, const char *fingerprint, const struct cw_set *set, struct cw_reported *ret,
		     struct cw_err *err);
/* Whether DATA begins as such a report does. */
bool cw_reported_is(const char *data, size_t len);
void cw_reported_init(struct cw_reported *r);
void cw_reported_release(struct cw_reported *r);

#endif
