/* proto/call.h - one Varlink call or reply, taken apart without building a tree: the daemon's parent never decodes content.
 *
 * The text is checked by the strict rules of base/json.h (UTF-8, no \u0000, depth, numbers); members are slices of it. Members of the
 * call and of its parameters are named once, without escapes, and a call has no others than those of the specification. Keys further down
 * are for whoever parses that value. Source: https://varlink.org/Method-Call. Threads: pure. */
#ifndef CW_PROTO_CALL_H
#define CW_PROTO_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

struct cw_slice {
	const char *data; /* NULL: absent */
	size_t len;
};

#define CW_CALL_MEMBERS_MAX 64 /* of a call and its parameters together */

struct cw_call_member { /* a parameter */
	struct cw_slice key;   /* without its quotes */
	struct cw_slice value; /* raw JSON text */
};

struct cw_call {
	struct cw_slice method;	    /* without its quotes; a method name has nothing to unescape */
	struct cw_slice parameters; /* the object as text, with braces; absent: {} */
	struct cw_call_member members[CW_CALL_MEMBERS_MAX]; /* of the parameters */
	size_t members_len;
	bool more, oneway, upgrade;
};

/* Parse the LEN bytes at DATA, which the call borrows. CW_E_INVALID (what is wrong, with the byte offset; no content), CW_E_LIMIT. */
int cw_call_parse(const char *data, size_t len, struct cw_call *ret, struct cw_err *err);

struct cw_reply {
	struct cw_slice parameters; /* the object as text, or absent */
	struct cw_slice error;	    /* the error's full name without quotes; absent: it is a reply */
	bool continues;
};

int cw_reply_parse(const char *data, size_t len, struct cw_reply *ret, struct cw_err *err);

/* The raw JSON text of member KEY of PARAMETERS (a string with its quotes), absent when there is none. PARAMETERS has been checked. */
struct cw_slice cw_call_member(struct cw_slice parameters, const char *key);
/* Whether S is TEXT. */
bool cw_slice_is(struct cw_slice s, const char *text);
/* Append the bytes that the JSON string RAW (with quotes) stands for. CW_E_INVALID: it is no string. */
int cw_call_string(struct cw_slice raw, struct cw_buf *out, struct cw_err *err);

/* Append TEXT as a JSON string, quotes included, for a call or reply that is put together without a tree; what is not valid UTF-8
 * becomes U+FFFD. */
void cw_call_quote(struct cw_buf *out, const char *text, size_t len);

/* Append a reply or an error, with the NUL. PARAMETERS (borrowed; NULL: {}) is printed; CONTINUES: more replies follow. */
int cw_reply_add(struct cw_buf *out, const struct cw_json *parameters, bool continues, struct cw_err *err);
/* ERROR is the full name ("io.credwatch.NotFound", "org.varlink.service.MethodNotFound"). */
int cw_reply_add_error(struct cw_buf *out, const char *error, const struct cw_json *parameters, struct cw_err *err);
/* Append a call, with the NUL. PARAMETERS is a JSON object as text. */
int cw_call_add(struct cw_buf *out, const char *method, const char *parameters, size_t len, bool more, struct cw_err *err);

#endif
