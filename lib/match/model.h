/* match/model.h - how ordinary text is: character statistics of words and names, and the most common words of source code.
 *
 * The tables are made by tests/bench/make-model.py from public word lists and source code. Pure functions of the bytes, ASCII
 * letters in either case; threads: reentrant. */
#ifndef CW_MATCH_MODEL_H
#define CW_MATCH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_MODEL_SYMBOLS 28 /* anything else, 26 letters, a digit */
#define CW_MODEL_STEPS 6    /* table steps a bit */
#define CW_MODEL_WORDS 2048

extern const char cw_model_surprise[CW_MODEL_SYMBOLS * CW_MODEL_SYMBOLS * CW_MODEL_SYMBOLS + 1];
extern const uint32_t cw_model_words[CW_MODEL_WORDS];

/* Bits of surprise in the LEN bytes at S, taken as letters, digits and others: letters cost what the table says, a
 * digit log2(10) more, since the table knows only that it is one; a change of case inside a word costs as well. */
double cw_model_bits(const char *s, size_t len);
/* The same for letters alone, without what case costs: for one word. */
double cw_model_word_bits(const char *s, size_t len);
/* Is the word (letters, either case) one of the most common in source code and its comments? At least 3 letters. */
bool cw_model_common_word(const char *s, size_t len);

#endif
