/* hooks/bypass.h - what a pusher may ask for with push options: `credwatch.allow=FINGERPRINT` lets that secret pass in this push alone, for
 * the reason in `credwatch.reason=TEXT`. Whether it is granted is the policy's to say. */
#ifndef CW_HOOKS_BYPASS_H
#define CW_HOOKS_BYPASS_H

#include <stdbool.h>

#include "base/vec.h"
#include "hooks/gate.h"

struct cw_bypass { /* strings are the environment's */
	struct cw_vec allow; /* const char *: fingerprints */
	const char *reason;  /* or NULL */
	bool permitted;	     /* by policy, and with a reason */
};

#define CW_BYPASS_INIT { .allow = CW_VEC_INIT(const char *, 10000) }

/* Read the push options that git puts into the environment. What is asked for in vain is said in the message of G, whose policy is
 * loaded. */
int cw_bypass_read(struct cw_bypass *b, struct cw_gate *g, struct cw_err *err);
void cw_bypass_release(struct cw_bypass *b);
/* Whether PAYLOAD, a struct cw_bypass, lets the secret pass. */
bool cw_bypass_covers(const void *payload, const char *fingerprint);

#endif
