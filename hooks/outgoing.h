/* hooks/outgoing.h - commits that go out: what another side does not have yet. Threads: one. */
#ifndef CW_HOOKS_OUTGOING_H
#define CW_HOOKS_OUTGOING_H

#include "hooks/client.h"
#include "vcs/range.h"

struct cw_outgoing {
	struct cw_vec refs;  /* struct cw_push_ref: what is sent, under the other side's names */
	struct cw_vec known; /* struct cw_ref: what the other side has, as far as is known here */
	struct cw_range range; /* after the scan: the commits */
};

void cw_outgoing_init(struct cw_outgoing *o);
void cw_outgoing_release(struct cw_outgoing *o);
/* Read what git tells a pre-push hook for the remote REMOTE (NULL: one without a name): the LEN bytes at DATA, lines `LOCAL-REF SP
 * LOCAL-ID SP REMOTE-REF SP REMOTE-ID LF`. */
int cw_outgoing_read(struct cw_outgoing *o, struct cw_client *c, const char *remote, const char *data, size_t len,
		     struct cw_err *err);
/* The range of commits that the pre-commit framework names in the environment; whether there is one. CW_E_USAGE: an end of it is
 * unknown. */
int cw_outgoing_of_range(struct cw_outgoing *o, bool *ret, struct cw_err *err);
/* What the pre-commit framework says of a push to REMOTE, whose references it read itself; whether it is the framework that runs. */
int cw_outgoing_of_framework(struct cw_outgoing *o, struct cw_client *c, const char *remote, bool *ret, struct cw_err *err);
/* Scan them; to be followed by cw_gate_decide(). */
int cw_outgoing_scan(struct cw_outgoing *o, struct cw_client *c, struct cw_err *err);

#endif
