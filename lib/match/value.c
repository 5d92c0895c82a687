/* match/value.c - the judgement on a value: which checks count for which model, and in which order. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "match/model.h"
#include "match/story.h"
#include "match/value.h"
#include "match/value_checks.h"

/* Shortest values that can be secrets at all. */
#define TOKEN_MIN 8
#define PASSWORD_MIN 4

/* Bits a character below which a token is too ordinary to be machine-made. Random base62 lies above 7, random lower-case letters
 * above 6.5, random hex near 6.0; identifiers and prose lie between 2.5 and 4. */
#define TOKEN_RARITY 4.6
/* A value of letters alone must surprise more, since no digit speaks for it: names of other languages reach 5. */
#define TOKEN_RARITY_LETTERS 5.5

const char *cw_value_verdict_name(enum cw_value_verdict v)
{
	static const char *const names[] = {
		[CW_VALUE_OK] = "ok",		      [CW_VALUE_LOW_ENTROPY] = "low-entropy", [CW_VALUE_STOPWORD] = "stopword",
		[CW_VALUE_PLACEHOLDER] = "placeholder", [CW_VALUE_CODE] = "code",	      [CW_VALUE_WORDS] = "words",
		[CW_VALUE_REPEATED] = "repeated",     [CW_VALUE_COMMON] = "common",
	};

	assert((size_t)v < sizeof(names) / sizeof(*names));
	return names[v];
}

double cw_value_entropy(const char *s, size_t len)
{
	size_t count[256] = { 0 };
	double bits = 0;

	len = len < CW_VALUE_LOOK_MAX ? len : CW_VALUE_LOOK_MAX;
	for (size_t i = 0; i < len; i++)
		count[(unsigned char)s[i]]++;
	for (size_t i = 0; i < 256; i++)
		if (count[i]) {
			double p = (double)count[i] / (double)len;

			bits -= p * log2(p);
		}
	return bits;
}

double cw_value_rarity(const char *s, size_t len)
{
	len = len < CW_VALUE_LOOK_MAX ? len : CW_VALUE_LOOK_MAX;
	return len ? cw_model_bits(s, len) / (double)len : 0;
}

static bool lacks_entropy(const struct cw_value_spec *spec, const char *s, size_t len, struct cw_story *story)
{
	double bits;

	if (spec->entropy <= 0) {
		cw_story_add(story, "entropy", CW_STEP_SKIPPED, "the rule asks for none");
		return false;
	}
	bits = cw_value_entropy(s, len);
	cw_story_add(story, "entropy", bits < spec->entropy ? CW_STEP_FAILED : CW_STEP_PASSED,
		     "%.2f bits a character, at least %.2f asked for", bits, spec->entropy);
	return bits < spec->entropy;
}

static bool has_stopword(const struct cw_value_spec *spec, const char *s, size_t len, struct cw_story *story)
{
	len = len < CW_VALUE_LOOK_MAX ? len : CW_VALUE_LOOK_MAX;
	for (size_t i = 0; i < spec->stopwords_len; i++) {
		if (cw_view_find(s, len, 0, spec->stopwords[i]) >= len)
			continue;
		cw_story_add(story, "stop words", CW_STEP_FAILED, "number %zu of the rule's %zu is in it", i + 1,
			     spec->stopwords_len);
		return true;
	}
	if (spec->stopwords_len == 0)
		cw_story_add(story, "stop words", CW_STEP_SKIPPED, "the rule has none");
	else
		cw_story_add(story, "stop words", CW_STEP_PASSED, "none of the rule's %zu is in it", spec->stopwords_len);
	return false;
}

/* What both models look for; CW_VALUE_OK when nothing is found. */
static enum cw_value_verdict judge_form(const struct cw_view *v, bool token, struct cw_story *story)
{
	if (cw_story_fails(story, "placeholder", cw_value_is_placeholder(v), "it has the form of a placeholder",
			   "it has the form of none: <your-key>, xxxx, ${NAME}, changeme and their kind"))
		return CW_VALUE_PLACEHOLDER;
	if (cw_story_fails(story, "repetition", cw_value_is_repeated(v, token), "its characters repeat or follow each other",
			   "its characters neither repeat nor follow each other"))
		return CW_VALUE_REPEATED;
	if (cw_story_fails(story, "code", cw_value_is_code(v, token), "it reads as code, a path or a plain URL",
			   "it does not read as code, a path or a plain URL"))
		return CW_VALUE_CODE;
	if (cw_story_fails(story, "words", cw_value_is_words(v, token), "it is made of words or is a name",
			   "it is not made of words"))
		return CW_VALUE_WORDS;
	return CW_VALUE_OK;
}

static enum cw_value_verdict judge_token(const struct cw_view *v, struct cw_story *story)
{
	enum cw_value_verdict form = judge_form(v, true, story);
	double rarity, least = v->digits ? TOKEN_RARITY : TOKEN_RARITY_LETTERS;
	bool common;

	if (form != CW_VALUE_OK)
		return form;
	rarity = cw_value_rarity(v->s, v->len);
	common = v->len < TOKEN_MIN || rarity < least;
	cw_story_add(story, "rarity", common ? CW_STEP_FAILED : CW_STEP_PASSED,
		     "%.2f bits a character under the model of ordinary text, at least %.2f asked for%s; %s %d characters",
		     rarity, least, v->digits ? "" : " without digits", v->len < TOKEN_MIN ? "fewer than" : "at least",
		     TOKEN_MIN);
	return common ? CW_VALUE_COMMON : CW_VALUE_OK;
}

static enum cw_value_verdict judge_password(const struct cw_view *v, struct cw_story *story)
{
	enum cw_value_verdict form = judge_form(v, false, story);

	if (form != CW_VALUE_OK)
		return form;
	cw_story_add(story, "length", v->len < PASSWORD_MIN ? CW_STEP_FAILED : CW_STEP_PASSED, "%s %d characters",
		     v->len < PASSWORD_MIN ? "fewer than" : "at least", PASSWORD_MIN);
	return v->len < PASSWORD_MIN ? CW_VALUE_COMMON : CW_VALUE_OK;
}

enum cw_value_verdict cw_value_explain(const struct cw_value_spec *spec, const char *s, size_t len, bool quoted,
				       struct cw_story *story)
{
	struct cw_view v;

	if (lacks_entropy(spec, s, len, story))
		return CW_VALUE_LOW_ENTROPY;
	if (has_stopword(spec, s, len, story))
		return CW_VALUE_STOPWORD;
	if (spec->model == CW_MODEL_NONE) {
		cw_story_add(story, "model", CW_STEP_SKIPPED, "the rule has none: words and placeholders are not looked for");
		return CW_VALUE_OK;
	}
	cw_view_init(&v, s, len, quoted);
	cw_story_add(story, "model", CW_STEP_NOTE, "%s, value %s quotes",
		     spec->model == CW_MODEL_TOKEN ? "token (machine-made)" : "password (human-made)",
		     quoted ? "in" : "without");
	return spec->model == CW_MODEL_TOKEN ? judge_token(&v, story) : judge_password(&v, story);
}

enum cw_value_verdict cw_value_judge(const struct cw_value_spec *spec, const char *s, size_t len, bool quoted)
{
	return cw_value_explain(spec, s, len, quoted, NULL);
}
