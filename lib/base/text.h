/* base/text.h - UTF-8, and text from outside made safe to show. Threads: all functions may be called from any thread. */
#ifndef CW_BASE_TEXT_H
#define CW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Length in bytes (1..4) of the valid UTF-8 sequence that starts at S, with its code point in *ret_cp; 0 when the LEN
 * bytes are empty or do not start with one (RFC 3629: no surrogates, no overlong forms). */
size_t cw_utf8_next(const char *s, size_t len, uint32_t *ret_cp);
/* Offset of the first byte that does not belong to a valid sequence; LEN when all are valid. */
size_t cw_utf8_span(const char *s, size_t len);
/* Whether the LEN bytes are valid UTF-8. */
bool cw_utf8_valid(const char *s, size_t len);
/* Whether code point CP can change what a terminal shows elsewhere: C0, DEL, C1 and bidirectional controls. */
bool cw_text_is_control(uint32_t cp);

/* Append S with every control byte, DEL, backslash and byte that is not valid UTF-8 (C1 controls and bidirectional
 * controls too) written as \n, \t, \\ or \xNN, so that it can be shown on a terminal. */
void cw_escape(struct cw_buf *out, const char *s, size_t len);

/* Look for a string that occurs twice among the N. Returns 0 (none), 1 with the index of the first repetition in
 * *ret_index, or CW_E_NOMEM. Time is n log n. */
int cw_text_find_duplicate(const char *const *strings, size_t n, size_t *ret_index);

#endif
