/* hooks/client.h - what the hooks of a work tree have in common: the repository and its index as git's environment names them, the policy
 * that is staged, and the end of the message.
 *
 * Usage: init, open, scan into the gate's findings, decide, conclude, release. Threads: one. */
#ifndef CW_HOOKS_CLIENT_H
#define CW_HOOKS_CLIENT_H

#include "hooks/gate.h"
#include "policy/source.h"
#include "vcs/index.h"
#include "vcs/quarantine.h"
#include "vcs/repo.h"

struct cw_client {
	struct cw_gate gate;
	struct cw_quarantine where; /* what git's environment says */
	struct cw_repo *repo;
	struct cw_index *index; /* NULL until cw_client_open() */
	struct cw_source source; /* files of the index */
	const char *retry; /* what the user does after the fix: "commit again" */
	const char *skip;  /* the command that goes on without this hook, or NULL */
	bool vcs;
};

void cw_client_init(struct cw_client *c, const char *what);
void cw_client_release(struct cw_client *c);
/* Open the repository, read its index and the configurations, load rules and key. */
int cw_client_open(struct cw_client *c, struct cw_err *err);
/* After cw_gate_decide(): say what was found and how to go on; the status. ADVISE (may be NULL) says how to take it out. */
enum cw_exit cw_client_conclude(struct cw_client *c, int (*advise)(struct cw_client *c, struct cw_err *err), struct cw_err *err);
/* Say that the hook could not do its work; the status, which is that of a clean run if hooks.on_error says accept. */
enum cw_exit cw_client_fail(struct cw_client *c, const struct cw_err *err);

#endif
