/* vcs/push.h - what git tells a pre-receive hook on its standard input: one line `OLD SP NEW SP REF LF` a reference.
 *
 * OLD is what the pusher claims; git compares it with the truth only after the hook. Nothing may be concluded from it. */
#ifndef CW_VCS_PUSH_H
#define CW_VCS_PUSH_H

#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"

#define CW_PUSH_INPUT_MAX ((size_t)256 << 20) /* bytes of all lines */
#define CW_PUSH_REFS_MAX ((size_t)1 << 21)

struct cw_push_ref {
	struct cw_oid old_oid, new_oid; /* len 0: all zeros, the reference is created or deleted */
	char *name; /* bytes; owned */
};

/* Read the LEN bytes at DATA into OUT (an empty vector of struct cw_push_ref). CW_E_INVALID with the number of the line that is not
 * such a line, for input that ends within a line and for none at all; CW_E_UNSUPPORTED for ids that are not SHA-1; CW_E_LIMIT. */
int cw_push_parse(const char *data, size_t len, struct cw_vec *out, struct cw_err *err);
void cw_push_refs_release(struct cw_vec *refs);

#endif
