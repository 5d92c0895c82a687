/* match/dense.h - where machine-made values can be: dense pieces of text.
 *
 * A *piece* is CW_DENSE_LEN bytes [p, p + CW_DENSE_LEN), all of them letters, digits, '+', '/', '_' or '-', with at least one digit
 * among them, or with at least CW_DENSE_CASE upper-case letters and as many other characters. Nearly every key or token holds one; few words of source code
 * do. A rule that says `dense: true` accepts only secrets with a piece near its anchor's end, so stage 1 looks for its anchor only
 * there: a few per cent of source text instead of all of it, which is what makes hundreds of rules affordable.
 * Whether p begins a piece depends on its CW_DENSE_LEN bytes alone. Threads: reentrant. */
#ifndef CW_MATCH_DENSE_H
#define CW_MATCH_DENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_DENSE_LEN 12	   /* bytes */
#define CW_DENSE_CASE 5	   /* upper-case letters, and others, that stand in for a digit */
#define CW_DENSE_BEFORE 192 /* bytes: an anchor's end may stand so far before the start of a piece ... */
#define CW_DENSE_AFTER 32  /* ... or so far behind its end */

/* Whether some piece inside DATA[START..END) is near the anchor end at END_OF_ANCHOR: the condition on a dense rule's secret. */
bool cw_dense_near(const char *data, size_t start, size_t end, size_t end_of_anchor);

/* Call WINDOW for each maximal range [A, B] of anchor ends in [FROM, TO] that are near a piece of DATA[0..LEN), in ascending
 * order. Stops and returns what WINDOW returns when that is not 0. */
int cw_dense_windows(const char *data, size_t len, size_t from, size_t to, int (*window)(size_t a, size_t b, void *payload),
		     void *payload);

/* The starts of pieces among DATA[at..at + 64) as bits, bit k for at + k: the portable and the fastest way on this processor, for
 * tests to compare. DATA must hold LEN bytes; AT < LEN. */
uint64_t cw_dense_bits_portable(const char *data, size_t len, size_t at);
uint64_t cw_dense_bits(const char *data, size_t len, size_t at);

#endif
