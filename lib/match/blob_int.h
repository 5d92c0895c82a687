/* match/blob_int.h - what a matcher is made of, for the two ways to scan a blob: whole (blob.c) and by what changed (facts.c).
 * Internal to match/. */
#ifndef CW_MATCH_BLOB_INT_H
#define CW_MATCH_BLOB_INT_H

#include "match/blob.h"
#include "match/decode.h"
#include "match/stage1.h"
#include "match/verdict.h"

struct cw_facts_work; /* facts.c's memory */

struct cw_rule_state { /* of one rule during one blob */
	uint64_t blob, text; /* serial numbers these values belong to */
	uint64_t start, end; /* last hit in that text */
	uint64_t hits;	     /* in that blob */
};

struct cw_matcher {
	struct cw_set *set;
	struct cw_stage1 *stage1;
	struct cw_judge *judge;
	struct cw_rule_state *rules;
	uint64_t blob_serial, text_serial;
	struct cw_buf text[CW_DECODE_DEPTH_MAX + 1]; /* decoded texts, by depth */
	struct cw_facts_work *facts; /* NULL until facts are asked for */
};

struct cw_text {
	const struct cw_text *parent; /* NULL: the blob or its UTF-16 characters */
	const char *data;
	size_t len;
	int depth; /* decoders so far */
	enum cw_blob_class cls;
	size_t bom, unit;		  /* without parent: offset k is byte bom + unit * k of the blob */
	const struct cw_span_found *span; /* with parent: where it comes from */
};

struct cw_run { /* the scan of one blob */
	struct cw_matcher *m;
	struct cw_result *res;
	struct cw_err *err;
	bool binary;
	const struct cw_text *text;
	uint64_t text_serial;
	uint64_t found; /* verdicts that are no rejection: hits, also those that are only counted, and undecided ones */
};

/* Whether a blob is binary: only specific rules speak there. */
bool cw_blob_is_binary(const char *data, size_t len);
/* Begin a new blob: RES is cleared. */
void cw_run_begin(struct cw_run *run, enum cw_blob_class cls);
/* From now on candidates and spans are those of T. */
void cw_run_text(struct cw_run *run, const struct cw_text *t);
/* Judge one candidate of the text under way. 0, or an error. */
int cw_run_candidate(struct cw_run *run, const struct cw_candidate *c);
/* Scan what SPAN of the text under way decodes to. */
int cw_run_span(const struct cw_span_found *span, void *run);
/* The whole text under way: candidates, then spans. */
int cw_run_whole(struct cw_run *run, const struct cw_text *t);
/* Count what is only counted, and let hits that overlap compete. */
int cw_run_end(struct cw_run *run);

void cw_facts_work_free(struct cw_facts_work *w);

#endif
