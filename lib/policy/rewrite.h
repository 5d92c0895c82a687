/* policy/rewrite.h - advice for Python: the line on which a secret stands, reading the environment instead.
 *
 * Of the source only the name that the secret is given to is repeated, and only a name that says what it is for (password, api_key):
 * whatever else stands on the line might be a secret too. Threads: reentrant. */
#ifndef CW_POLICY_REWRITE_H
#define CW_POLICY_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* BEFORE: the LEN bytes of the line in front of the secret. Append the line as it should be, such as
 *   API_KEY = os.environ["API_KEY"]
 * and return true; false, with OUT left alone, when the line gives the secret to nothing that can be named. */
bool cw_rewrite_python(const char *before, size_t len, struct cw_buf *out);

#endif
