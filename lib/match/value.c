/* match/value.c - the judgement on a value: which checks count for which model, and in which order. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "match/model.h"
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

static bool has_stopword(const struct cw_value_spec *spec, const char *s, size_t len)
{
	len = len < CW_VALUE_LOOK_MAX ? len : CW_VALUE_LOOK_MAX;
	for (size_t i = 0; i < spec->stopwords_len; i++)
		if (cw_view_find(s, len, 0, spec->stopwords[i]) < len)
			return true;
	return false;
}

static enum cw_value_verdict judge_token(const struct cw_view *v)
{
	double rarity;

	if (cw_value_is_placeholder(v))
		return CW_VALUE_PLACEHOLDER;
	if (cw_value_is_repeated(v, true))
		return CW_VALUE_REPEATED;
	if (cw_value_is_code(v, true))
		return CW_VALUE_CODE;
	if (cw_value_is_words(v, true))
		return CW_VALUE_WORDS;
	rarity = cw_value_rarity(v->s, v->len);
	if (v->len < TOKEN_MIN || rarity < (v->digits ? TOKEN_RARITY : TOKEN_RARITY_LETTERS))
		return CW_VALUE_COMMON;
	return CW_VALUE_OK;
}

static enum cw_value_verdict judge_password(const struct cw_view *v)
{
	if (cw_value_is_placeholder(v))
		return CW_VALUE_PLACEHOLDER;
	if (cw_value_is_repeated(v, false))
		return CW_VALUE_REPEATED;
	if (cw_value_is_code(v, false))
		return CW_VALUE_CODE;
	if (cw_value_is_words(v, false))
		return CW_VALUE_WORDS;
	return v->len < PASSWORD_MIN ? CW_VALUE_COMMON : CW_VALUE_OK;
}

enum cw_value_verdict cw_value_judge(const struct cw_value_spec *spec, const char *s, size_t len, bool quoted)
{
	struct cw_view v;

	if (spec->entropy > 0 && cw_value_entropy(s, len) < spec->entropy)
		return CW_VALUE_LOW_ENTROPY;
	if (has_stopword(spec, s, len))
		return CW_VALUE_STOPWORD;
	if (spec->model == CW_MODEL_NONE)
		return CW_VALUE_OK;
	cw_view_init(&v, s, len, quoted);
	return spec->model == CW_MODEL_TOKEN ? judge_token(&v) : judge_password(&v);
}
