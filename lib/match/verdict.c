/* match/verdict.c - see verdict.h. */
#include "match/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "match/dense.h"
#include "match/proof.h"
#include "match/story.h"
#include "match/value.h"
#include "rules/pattern.h"

struct cw_judge {
	const struct cw_set *set;
	struct cw_pattern_state *state, *inner; /* inner: for proofs and parts while spans of state are in use */
	struct cw_buf canonical;
	struct cw_recorder *recorder; /* or NULL */
	struct cw_story *story;	      /* the recorder's, or NULL */
};

/* The window of one candidate and the pattern's match in it. */
struct view {
	const struct cw_rule *rule;
	const struct cw_pattern *pattern;
	const char *data; /* the window */
	size_t len, anchor; /* anchor: offset of the anchor's last byte */
	size_t offset;	    /* of the window in the scanned bytes */
	bool at_start, at_end;
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	size_t spans_len;
	struct cw_span secret;
};

const char *cw_verdict_name(enum cw_verdict_kind k)
{
	static const char *const names[] = {"accept", "no match", "not dense", "value", "vendor's", "proof", "not a secret", "part", "unscannable"};

	return (size_t)k < sizeof(names) / sizeof(names[0]) ? names[k] : "?";
}

int cw_judge_new(const struct cw_set *set, struct cw_judge **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_judge_free_p) struct cw_judge *j = calloc(1, sizeof(*j));
	int rc;

	if (!j)
		return cw_err_nomem(err);
	j->set = set;
	j->canonical = (struct cw_buf)CW_BUF_INIT_SECRET;
	rc = cw_pattern_state_new(&j->state, err);
	if (rc == 0)
		rc = cw_pattern_state_new(&j->inner, err);
	if (rc == 0)
		*ret = cw_steal(&j);
	return rc;
}

void cw_judge_free(struct cw_judge *j)
{
	if (!j)
		return;
	cw_pattern_state_free(j->state);
	cw_pattern_state_free(j->inner);
	cw_buf_release(&j->canonical);
	free(j);
}

void cw_judge_set_recorder(struct cw_judge *j, struct cw_recorder *r)
{
	j->recorder = r;
	j->story = r ? &r->story : NULL;
}

const struct cw_buf *cw_judge_canonical(const struct cw_judge *j)
{
	return &j->canonical;
}

void cw_verdict_window(const struct cw_rule *rule, size_t end, size_t len, size_t *ret_a, size_t *ret_b)
{
	*ret_a = end > rule->before ? end - rule->before : 0;
	*ret_b = len - end > rule->after ? end + rule->after : len;
}

/* Of the pattern's successive matches the first that covers the anchor's last byte. 1 found, 0 none, < 0 an error. */
static int find_match(struct cw_judge *j, struct view *v, struct cw_err *err)
{
	int group = cw_pattern_group(v->pattern, "secret");

	/* No match that begins behind the anchor is tried: the window can be long there, and anchors many. */
	for (size_t from = 0; from <= v->anchor;) {
		int rc = cw_pattern_match_in(v->pattern, j->state, v->data, v->len, from, v->anchor, !v->at_start, !v->at_end,
					     v->spans, &v->spans_len, err);

		if (rc <= 0 || v->spans[0].start > v->anchor)
			return rc < 0 ? rc : 0;
		if (v->spans[0].end > v->anchor) {
			v->secret = v->spans[group];
			return v->secret.start != SIZE_MAX && v->secret.end > v->secret.start;
		}
		from = v->spans[0].end > from ? v->spans[0].end : from + 1;
	}
	return 0;
}

static bool is_cut(const struct view *v)
{
	return (v->spans[0].start == 0 && !v->at_start) || (v->spans[0].end == v->len && !v->at_end);
}

static bool is_quoted(const struct view *v)
{
	char c = v->secret.start > 0 ? v->data[v->secret.start - 1] : '\0';

	return c == '"' || c == '\'' || c == '`';
}

static const char *find_label(const struct view *v)
{
	const char *secret = v->data + v->secret.start;
	size_t len = v->secret.end - v->secret.start;

	for (size_t i = 0; i < v->rule->labels_len; i++) {
		const struct cw_label_spec *l = &v->rule->labels[i];

		if (memmem(secret, len, l->text, strlen(l->text)))
			return l->label;
	}
	return NULL;
}

static void tell_proof(struct cw_story *story, const struct cw_proof_spec *spec, enum cw_proof_result result)
{
	const char *level = cw_proof_level_name(cw_proof_check_level(spec->check));
	const char *name = cw_proof_check_name(spec->check);

	switch (result) {
	case CW_PROOF_PASS:
		cw_story_add(story, "proof", CW_STEP_PASSED, "%s of group '%s' holds: %s", name, spec->of, level);
		break;
	case CW_PROOF_WEAK:
		cw_story_add(story, "proof", CW_STEP_NOTE, "%s of group '%s' holds but proves nothing by itself: no %s", name,
			     spec->of, level);
		break;
	case CW_PROOF_NOT_SECRET:
		cw_story_add(story, "proof", CW_STEP_FAILED, "%s of group '%s': well-formed and harmless", name, spec->of);
		break;
	case CW_PROOF_FAIL:
		cw_story_add(story, "proof", CW_STEP_FAILED, "%s of group '%s' does not hold: %s", name, spec->of,
			     spec->reject ? "no finding" : "the finding stands without it");
		break;
	}
}

/* All proofs in order. Sets the verdict's kind when one rejects. */
static int run_proofs(struct cw_judge *j, const struct view *v, struct cw_verdict *ret, struct cw_err *err)
{
	struct cw_proof_input in = {.set = j->set,
				    .rule = v->rule,
				    .pattern = v->pattern,
				    .state = j->inner,
				    .window = v->data,
				    .spans = v->spans,
				    .spans_len = v->spans_len};

	for (; in.proof < v->rule->proofs_len; in.proof++) {
		const struct cw_proof_spec *spec = &v->rule->proofs[in.proof];
		enum cw_proof_level level = cw_proof_check_level(spec->check);
		enum cw_proof_result result = CW_PROOF_FAIL;
		/* the first proof that knows a canonical form gives it */
		struct cw_buf *canonical = j->canonical.len == 0 ? &j->canonical : NULL;
		int rc = cw_proof_eval(&in, &result, &ret->label, canonical, err);

		if (rc == CW_E_LIMIT)
			ret->kind = CW_VERDICT_UNSCANNABLE;
		if (rc < 0)
			return rc == CW_E_LIMIT ? 0 : rc;
		if (j->story)
			tell_proof(j->story, spec, result);
		if (result == CW_PROOF_NOT_SECRET)
			ret->kind = CW_VERDICT_NOT_SECRET;
		else if (result == CW_PROOF_FAIL && spec->reject)
			ret->kind = CW_VERDICT_PROOF;
		if (ret->kind != CW_VERDICT_ACCEPT)
			return 0;
		if (result == CW_PROOF_PASS && level > ret->proof)
			ret->proof = level;
		if (result == CW_PROOF_WEAK && ret->proof < CW_PROOF_PATTERN)
			ret->proof = CW_PROOF_PATTERN;
	}
	return 0;
}

static size_t count_lines(const char *data, size_t a, size_t b)
{
	size_t n = 0;

	for (size_t i = a; i < b; i++)
		n += data[i] == '\n';
	return n;
}

/* Whether a match of PART's rule stands within its lines of the secret, inside the window. 1, 0 or < 0. */
static int find_part(struct cw_judge *j, const struct view *v, const struct cw_part *part, struct cw_err *err)
{
	const struct cw_pattern *p;
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	size_t n, a, b;
	int rc = cw_set_pattern(j->set, part->rule_index, -1, &p, err);

	for (size_t from = 0; rc == 0 && from <= v->len;) {
		int found = cw_pattern_match(p, j->inner, v->data, v->len, from, !v->at_start, !v->at_end, spans, &n, err);

		if (found <= 0)
			return found;
		a = spans[0].end <= v->secret.start ? spans[0].end : v->secret.end;
		b = spans[0].end <= v->secret.start ? v->secret.start : spans[0].start;
		if (a >= b || count_lines(v->data, a, b) <= part->lines)
			return 1;
		from = spans[0].end > from ? spans[0].end : from + 1;
	}
	return rc;
}

static void tell_part(struct cw_story *story, const struct cw_part *part, bool found)
{
	cw_story_add(story, "part", found ? CW_STEP_PASSED : part->required ? CW_STEP_FAILED : CW_STEP_NOTE,
		     "'%s' by %s within %u lines: %s%s", part->name, part->rule, part->lines, found ? "found" : "not found",
		     found || part->required ? "" : ", and not required");
}

static int run_parts(struct cw_judge *j, const struct view *v, struct cw_verdict *ret, struct cw_err *err)
{
	for (size_t i = 0; i < v->rule->parts_len; i++) {
		int found = find_part(j, v, &v->rule->parts[i], err);

		if (found == CW_E_LIMIT)
			ret->kind = CW_VERDICT_UNSCANNABLE;
		if (found < 0)
			return found == CW_E_LIMIT ? 0 : found;
		tell_part(j->story, &v->rule->parts[i], found > 0);
		if (!found && v->rule->parts[i].required) {
			ret->kind = CW_VERDICT_PART;
			return 0;
		}
		/* A companion is more than context, less than a proof of its own. */
		if (found && ret->proof < CW_PROOF_PATTERN)
			ret->proof = CW_PROOF_PATTERN;
	}
	return 0;
}

static bool is_sparse(const struct view *v, struct cw_story *story)
{
	return v->rule->dense && cw_story_fails(story, "dense",
						!cw_dense_near(v->data, v->secret.start, v->secret.end, v->anchor + 1),
						"no dense piece near the anchor", "a dense piece lies near the anchor");
}

static enum cw_value_verdict judge_value(const struct view *v, const struct cw_verdict *verdict, struct cw_story *story)
{
	if (verdict->cut)
		cw_story_add(story, "cut", CW_STEP_NOTE,
			     "the match touches the edge of the window: the secret may go on, and cannot be proved");
	if (!verdict->label)
		return cw_value_explain(&v->rule->value, v->data + v->secret.start, v->secret.end - v->secret.start,
					is_quoted(v), story);
	/* A documented example is a finding with that label, however ordinary it looks. */
	cw_story_add(story, "label", CW_STEP_NOTE, "a documented value (%s): its characters are not judged", verdict->label);
	return CW_VALUE_OK;
}

/* Whether a vendor's rule has the say. */
static bool is_vendors(const struct cw_judge *j, const struct view *v)
{
	return v->rule->cls == CW_CLASS_GENERIC && v->rule->value.model == CW_MODEL_TOKEN &&
	       cw_story_fails(j->story, "vendor",
			      cw_set_vendor(j->set, v->data + v->secret.start, v->secret.end - v->secret.start),
			      "it begins as a vendor's keys do: that vendor's rules have the say",
			      "it does not begin as the keys of a known vendor do");
}

static int judge_match(struct cw_judge *j, const struct view *v, struct cw_verdict *ret, struct cw_err *err)
{
	enum cw_value_verdict value;
	int rc = 0;

	if (is_sparse(v, j->story)) {
		ret->kind = CW_VERDICT_SPARSE;
		return 0;
	}
	ret->start = v->offset + v->secret.start;
	ret->end = v->offset + v->secret.end;
	ret->cut = is_cut(v);
	ret->proof = v->rule->cls == CW_CLASS_GENERIC ? CW_PROOF_CONTEXT : CW_PROOF_PATTERN;
	ret->label = find_label(v);
	value = judge_value(v, ret, j->story);
	if (value != CW_VALUE_OK) {
		ret->kind = CW_VERDICT_VALUE;
		ret->value_reason = cw_value_verdict_name(value);
		return 0;
	}
	if (is_vendors(j, v)) {
		ret->kind = CW_VERDICT_VENDOR;
		return 0;
	}
	/* What is cut cannot be proved, and a proof that fails on half a secret says nothing. */
	if (!ret->cut)
		rc = run_proofs(j, v, ret, err);
	if (rc == 0 && ret->kind == CW_VERDICT_ACCEPT)
		rc = run_parts(j, v, ret, err);
	ret->has_canonical = j->canonical.len > 0;
	return rc;
}

/* Tell the recorder, if there is one. */
static int record(const struct cw_judge *j, uint32_t rule, const char *data, size_t len, size_t end,
		  const struct cw_verdict *verdict, struct cw_err *err)
{
	struct cw_judged judged = {.rule = rule, .end = end, .verdict = verdict, .data = data, .len = len,
				   .canonical = &j->canonical, .story = j->story};
	int rc;

	if (!j->recorder)
		return 0;
	rc = cw_story_fail(j->story, err);
	return rc == 0 ? j->recorder->verdict(j->recorder->payload, &judged, err) : rc;
}

int cw_judge_candidate(struct cw_judge *j, uint32_t rule, const char *data, size_t len, size_t end, struct cw_verdict *ret,
		       struct cw_err *err)
{
	struct view v = {.rule = cw_set_rule(j->set, rule)};
	struct cw_verdict verdict = {.kind = CW_VERDICT_ACCEPT};
	size_t b;
	int rc = cw_set_pattern(j->set, rule, -1, &v.pattern, err);

	if (rc < 0)
		return rc;
	cw_buf_clear(&j->canonical);
	if (j->story)
		cw_story_clear(j->story);
	cw_verdict_window(v.rule, end, len, &v.offset, &b);
	v.data = data + v.offset;
	v.len = b - v.offset;
	v.anchor = end - 1 - v.offset;
	v.at_start = v.offset == 0;
	v.at_end = b == len;
	rc = find_match(j, &v, err);
	if (rc == CW_E_LIMIT)
		verdict.kind = CW_VERDICT_UNSCANNABLE;
	else if (rc < 0)
		return rc;
	else if (rc == 0)
		verdict.kind = CW_VERDICT_NO_MATCH;
	rc = verdict.kind == CW_VERDICT_ACCEPT ? judge_match(j, &v, &verdict, err) : 0;
	if (rc < 0)
		return rc;
	if (j->canonical.fail)
		return cw_buf_fail(&j->canonical, "a canonical secret", err);
	rc = record(j, rule, data, len, end, &verdict, err);
	if (rc != 0)
		return rc;
	*ret = verdict;
	return 0;
}
