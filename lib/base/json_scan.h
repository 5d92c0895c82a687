/* base/json_scan.h - strict check of JSON text before a parser sees it. For base/json.c and proto/call.c. */
#ifndef CW_BASE_JSON_SCAN_H
#define CW_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Check that the LEN bytes are one JSON value (RFC 8259) and nothing else, within the limits of json.h: nesting, valid
 * UTF-8, no \u0000, no lone surrogates, integers up to CW_JSON_INT_MAX, finite decimals. One pass, no recursion, no memory.
 * Keys are counted from 0 in the order of the text; number REPEATED_KEY (SIZE_MAX for none) is reported as a duplicate.
 * Returns 0, CW_E_INVALID or CW_E_LIMIT; messages say the byte offset. */
int cw_json_scan(const char *data, size_t len, size_t repeated_key, struct cw_err *err);

struct cw_json_mark { /* a member of an object; both are slices of the text */
	const char *key, *value;  /* the key without its quotes, the value as it stands there */
	size_t key_len, value_len; /* bytes */
	bool inner;		  /* of an object that is a member of the whole; else of the whole */
};

struct cw_json_marks {
	struct cw_json_mark *items; /* the caller's */
	size_t len, max;
};

/* The same, and list the members of the object that the whole is, and of objects that are its members, in the order of the text, in
 * MARKS. CW_E_LIMIT when there are more than its maximum. Nothing is checked twice. */
int cw_json_scan_marks(const char *data, size_t len, struct cw_json_marks *marks, struct cw_err *err);
/* How many of the LEN bytes at S, from the first on, are ASCII characters that stand for themselves in a JSON string: no control
 * character, quote, backslash or byte of a longer sequence. */
size_t cw_json_plain(const char *s, size_t len);

#endif
