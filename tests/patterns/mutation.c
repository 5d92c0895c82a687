/* Anchor ends from Hyperscan compared with PCRE2's, on random mutations of all rules' examples: Hyperscan is not
 * fuzzed by its makers, and an end that it misses is a secret that nobody sees.
 *
 * Hyperscan reports every end of every match, PCRE2 prefers one match a start. To get every end from PCRE2 too, a
 * callout behind the anchor notes where a match ends and refuses it, so that all ways to match are gone through, from
 * every start. The two sets of ends must then be equal. Optimisations that skip ways to match are turned off. Anchors
 * are small; where the limit ends a search (never so far) the pair is counted as undecided, and too many of those are
 * a fault. Prints rule ids and seeds, no content. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "base/vec.h"
#include "fixture.h"
#include "match/stage1.h"

#define TEXT_MAX 4096
#define FIXED_SEEDS 3
#define MATCH_LIMIT 1000000u

static struct cw_set *set;
static struct cw_stage1 *stage1;
static pcre2_code **anchors;
static pcre2_match_data *match_data;
static pcre2_match_context *match_context;
static unsigned char ends[TEXT_MAX + 1]; /* of the anchor under way: bit 0 from PCRE2, bit 1 from Hyperscan */
static unsigned long texts, found, faults, undecided;

static int on_end(pcre2_callout_block *b, void *payload)
{
	ends[b->current_position] |= 1;
	return 1; /* go on with the next way to match */
}

static pcre2_code *compile(const struct cw_rule *r)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	PCRE2_SIZE offset;
	pcre2_code *code;
	int error;

	cw_buf_addf(&text, "(?:%s)(?C1)", r->anchor);
	code = text.fail ? NULL
			 : pcre2_compile((PCRE2_SPTR)text.data, text.len,
					 PCRE2_MULTILINE | PCRE2_NO_AUTO_POSSESS | PCRE2_NO_START_OPTIMIZE | PCRE2_NO_DOTSTAR_ANCHOR,
					 &error, &offset, NULL);
	if (!code)
		fprintf(stderr, "mutation: the anchor of %s does not compile\n", r->id);
	return code;
}

/* All ends of rule I's anchor in TEXT by PCRE2. */
static bool pcre_ends(size_t i, const char *text, size_t len)
{
	int rc = pcre2_match(anchors[i], (PCRE2_SPTR)text, len, 0, 0, match_data, match_context);

	if (rc == PCRE2_ERROR_NOMATCH)
		return true;
	undecided++;
	return false;
}

static int collect(const struct cw_candidate *c, size_t n, void *payload)
{
	for (size_t i = 0; i < n; i++) {
		struct cw_candidate *slot = cw_vec_push(payload);

		if (!slot)
			return -1;
		*slot = c[i];
	}
	return 0;
}

static void compare(size_t i, const struct cw_vec *hs, const char *text, size_t len, uint64_t seed)
{
	memset(ends, 0, len + 1);
	if (!pcre_ends(i, text, len))
		return;
	for (size_t k = 0; k < hs->len; k++) {
		const struct cw_candidate *c = &CW_VEC_AT(hs, struct cw_candidate, k);

		if (c->rule == i)
			ends[c->end] |= 2;
	}
	for (size_t e = 0; e <= len; e++) {
		found += ends[e] == 3;
		if (ends[e] != 1 && ends[e] != 2)
			continue;
		faults++;
		printf("%s: end %zu of %zu is found by %s only (seed 0x%" PRIx64 ")\n", cw_set_rule(set, i)->id, e, len,
		       ends[e] == 1 ? "PCRE2" : "Hyperscan", seed);
	}
}

/* Rule I's anchor, and a few others that may share its words. Dense rules are gated by stage 1, so their ends are
 * compared on texts behind which a dense piece stands. */
static int check_text(struct fx_rng *rng, size_t i, const struct cw_buf *text, uint64_t seed)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec hs = CW_VEC_INIT(struct cw_candidate, 1 << 20);

	texts++;
	if (cw_stage1_scan(stage1, text->data, text->len, 0, text->len, collect, &hs, NULL) != 0)
		return -1;
	compare(i, &hs, text->data, text->len, seed);
	for (int k = 0; k < 4; k++)
		compare(fx_below(rng, cw_set_len(set)), &hs, text->data, text->len, seed);
	return 0;
}

/* Change, drop, repeat or insert a few bytes. */
static void mutate(struct fx_rng *rng, const struct cw_example *e, struct cw_buf *out)
{
	static const char likely[] = "aZ09_-+/=.:\"' \t\n\r\0\xff{}()[]@";

	cw_buf_clear(out);
	for (size_t i = 0; i < e->len && out->len < TEXT_MAX / 2; i++) {
		size_t what = fx_below(rng, 60);
		char c = e->text[i];

		if (what == 0)
			c = likely[fx_below(rng, sizeof(likely) - 1)];
		if (what == 1)
			c = (char)fx_next(rng);
		if (what == 2)
			c ^= 0x20;
		if (what == 3)
			cw_buf_addc(out, likely[fx_below(rng, sizeof(likely) - 1)]);
		if (what == 4 && i > 3)
			cw_buf_add(out, e->text + i - 3, 3);
		if (what != 5)
			cw_buf_addc(out, c);
	}
}

/* So that stage 1 looks for dense rules everywhere: pieces not farther apart than it allows. */
static void make_dense(struct cw_buf *text)
{
	static const char piece[] = "\n0123456789ab\n";
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	cw_buf_adds(&out, piece);
	for (size_t at = 0; at < text->len; at += 200) {
		cw_buf_add(&out, text->data + at, text->len - at < 200 ? text->len - at : 200);
		cw_buf_adds(&out, piece);
	}
	cw_buf_clear(text);
	cw_buf_add(text, out.data, out.len);
}

static int check_rule(struct fx_rng *rng, size_t i, uint64_t seed)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_MAX(TEXT_MAX);
	const struct cw_rule *r = cw_set_rule(set, i);

	for (size_t k = 0; k < r->examples_len + r->counterexamples_len; k++) {
		const struct cw_example *e = k < r->examples_len ? &r->examples[k] : &r->counterexamples[k - r->examples_len];

		for (int m = 0; m < 4; m++) {
			mutate(rng, e, &text);
			make_dense(&text);
			if (text.fail || check_text(rng, i, &text, seed) < 0)
				return -1;
		}
	}
	return 0;
}

static int prepare(void)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_set_default(&set, &err) < 0 || cw_stage1_new(set, &stage1, &err) < 0) {
		fprintf(stderr, "mutation: %s\n", cw_err_msg(&err));
		return -1;
	}
	anchors = calloc(cw_set_len(set), sizeof(pcre2_code *));
	match_data = pcre2_match_data_create(1, NULL);
	match_context = pcre2_match_context_create(NULL);
	if (!anchors || !match_data || !match_context)
		return -1;
	pcre2_set_callout(match_context, on_end, NULL);
	pcre2_set_match_limit(match_context, MATCH_LIMIT);
	for (size_t i = 0; i < cw_set_len(set); i++) {
		anchors[i] = compile(cw_set_rule(set, i));
		if (!anchors[i])
			return -1;
	}
	return 0;
}

static void release(void)
{
	for (size_t i = 0; anchors && set && i < cw_set_len(set); i++)
		pcre2_code_free(anchors[i]);
	free(anchors);
	pcre2_match_data_free(match_data);
	pcre2_match_context_free(match_context);
	cw_stage1_free(stage1);
	cw_set_unref(set);
}

int main(void)
{
	int rc = prepare();

	for (int s = 0; rc == 0 && s <= FIXED_SEEDS; s++) {
		uint64_t seed = s < FIXED_SEEDS ? (uint64_t)s + 1 : fx_seed("mutation");
		struct fx_rng rng = {seed};

		for (size_t i = 0; rc == 0 && i < cw_set_len(set); i++)
			rc = check_rule(&rng, i, seed);
	}
	printf("%lu texts, %lu ends found by both, %lu by one only, %lu undecided\n", texts, found, faults, undecided);
	release();
	return rc < 0 || faults > 0 || found == 0 || undecided > texts / 100;
}
