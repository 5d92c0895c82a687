/* match/value_lists.h - words that say what a value is. Not for modules other than match/value*.c and its test.
 * Threads: constant data. */
#ifndef CW_MATCH_VALUE_LISTS_H
#define CW_MATCH_VALUE_LISTS_H

#include <stdbool.h>
#include <stddef.h>

enum cw_words {
	CW_WORDS_SHORT_FORMS, /* Short forms that names are made of and the statistics do not know. */
	CW_WORDS_PLACEHOLDERS, /* Whole values that stand for a value; "password" as the user interfaces of other languages have it too. */
	CW_WORDS_OBJECTS, /* Objects whose attributes code reads. */
	CW_WORDS_ATTRIBUTES, /* Attributes that say what they are. */
	CW_WORDS_TECHNICAL, /* What names of algorithms, types and machines begin with: their digits are no sign of a password. */
	CW_WORDS_HUMAN, /* Words people build passwords from when they add digits or signs. */
	CW_WORDS_PROMPTS, /* What prompts, labels and messages talk about. */
	CW_WORDS_COUNT_
};

struct cw_word_list {
	const char *const *words; /* ascending */
	size_t len;
};
extern const struct cw_word_list cw_word_lists[CW_WORDS_COUNT_];

/* Is S, in any case, one of the words? */
bool cw_word_listed(const char *s, size_t len, enum cw_words which);

#endif
