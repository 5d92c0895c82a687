/* match/value.h - does a value look like a secret? Entropy, stop words, placeholders, code, words, rarity.
 *
 * Pure functions of the bytes (no locale, no clock). The rarity model is a table of character n-grams made by
 * tests/bench/make-model.py from public word lists and source code; see match/model.h. Threads: reentrant. */
#ifndef CW_MATCH_VALUE_H
#define CW_MATCH_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/rule.h"

/* Why a value is not a secret; names are used by explain and tests. */
enum cw_value_verdict {
	CW_VALUE_OK,
	CW_VALUE_LOW_ENTROPY,
	CW_VALUE_STOPWORD,
	CW_VALUE_PLACEHOLDER, /* <your-key>, xxxx, ****, changeme, ${...}, {{...}}, %s, TODO, "example" ... */
	CW_VALUE_CODE,	      /* a variable, call, type, attribute access, path or URL without credentials */
	CW_VALUE_WORDS,	      /* dictionary words or an identifier in snake, kebab, dotted or camel case */
	CW_VALUE_REPEATED,    /* repeated or sequential characters: aaaa, 12345678, abcdefgh, qwerty rows */
	CW_VALUE_COMMON,      /* the rarity model finds it too ordinary */
};
const char *cw_value_verdict_name(enum cw_value_verdict v);

/* Shannon entropy in bits a character; 0 for an empty value. */
double cw_value_entropy(const char *s, size_t len);
/* Rarity: mean surprise in bits a character under the model; random base62 is above 6, random hex near 6, words and
 * identifiers are between 2.5 and 4.5. 0 for an empty value. */
double cw_value_rarity(const char *s, size_t len);

/* Judge the LEN bytes at S. QUOTED says that the value stood in quotes (an unquoted one may be code). SPEC gives entropy,
 * stop words and the model:
 *   none      entropy and stop words only
 *   token     also placeholders, repetition, paths and numbers; then words and rarity: machine-made values pass, names do not
 *   password  also placeholders, repetition, code; a human-made password of a word with digits or signs passes. A plain word, an
 *             identifier or a sentence does not, with two exceptions in quotes: one word of 6 small letters and more that source
 *             code does not use ("hunter"), and a phrase of such words that no prompt would use ("correct horse battery staple")
 * Values in quotes may be weaker than bare ones, which may be names: where a bare value is a literal (YAML, INI, .env), pass
 * QUOTED. At most CW_VALUE_LOOK_MAX (4 KiB) of a value are looked at. */
enum cw_value_verdict cw_value_judge(const struct cw_value_spec *spec, const char *s, size_t len, bool quoted);
/* The same judgement, written down in STORY (match/story.h) check by check; NULL: nobody asks. */
struct cw_story;
enum cw_value_verdict cw_value_explain(const struct cw_value_spec *spec, const char *s, size_t len, bool quoted,
				       struct cw_story *story);

#endif
