/* match/value_checks.h - the parts of match/value.c. Not for other modules.
 *
 * All work on a view of the value: the bytes and what kinds of characters they are. Letters and case are ASCII's; a byte above 0x7f
 * counts as part of foreign text. Threads: reentrant. */
#ifndef CW_MATCH_VALUE_CHECKS_H
#define CW_MATCH_VALUE_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_VALUE_LOOK_MAX 4096 /* bytes of a value that are looked at */

struct cw_view {
	const char *s;
	size_t len;
	bool quoted;
	size_t lower, upper, digits, spaces, foreign;
	size_t joiners; /* _ - . : / and other signs that join words */
	size_t signs;	/* all others: ! @ # $ ... */
	uint64_t chars[2]; /* which ASCII characters occur, letters as lower case */
};

/* A view of the LEN bytes at S without the white space around them, at most CW_VALUE_LOOK_MAX; of a value without quotes the
 * closing brackets and commas of the code around it are left out too. */
void cw_view_init(struct cw_view *v, const char *s, size_t len, bool quoted);

static inline bool cw_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool cw_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool cw_is_letter(char c)
{
	return cw_is_lower(c) || cw_is_upper(c);
}

static inline bool cw_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool cw_is_ident(char c)
{
	return cw_is_letter(c) || cw_is_digit(c) || c == '_';
}

/* Comparison of ASCII text in any case. WORD is lower case. */
bool cw_view_equals(const char *s, size_t len, const char *word);
bool cw_view_starts(const char *s, size_t len, const char *word);
bool cw_view_ends(const char *s, size_t len, const char *word);
/* Offset of the first WORD at or behind FROM, or LEN. */
size_t cw_view_find(const char *s, size_t len, size_t from, const char *word);
/* Does WORD occur? Quick when one of its characters does not. */
bool cw_view_has(const struct cw_view *v, const char *word);
/* [A-Za-z_][A-Za-z0-9_]* */
bool cw_view_identifier(const char *s, size_t len);

/* A part of a value: letters of one word (split at changes of case as in camelCase), or digits. */
struct cw_part_of_value {
	const char *s;
	size_t len;
	bool digits;
	bool joined; /* nothing stands between it and the part before */
};
/* The next part at or behind *POS, or false; moves *POS behind it. */
bool cw_view_part(const struct cw_view *v, size_t *pos, struct cw_part_of_value *ret);

enum cw_wordness {
	CW_WORD_RARE,	  /* no word: the model is surprised */
	CW_WORD_SHORT,	  /* one or two letters, which say nothing */
	CW_WORD_ORDINARY, /* reads like a word */
	CW_WORD_COMMON,	  /* a word of source code and its comments */
};
enum cw_wordness cw_value_wordness(const char *s, size_t len);

bool cw_value_is_placeholder(const struct cw_view *v);
/* TOKEN: only what a machine-made token cannot be either: paths, URLs, numbers, calls ... */
bool cw_value_is_code(const struct cw_view *v, bool token);
/* TOKEN: letters with digits are no excuse. */
bool cw_value_is_repeated(const struct cw_view *v, bool token);
bool cw_value_is_words(const struct cw_view *v, bool token);

#endif
