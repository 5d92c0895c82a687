/* hooks/client.h - what the hooks of a work tree have in common: the repository and its index as git's environment names them, the policy
 * that is staged, and the end of the message.
 *
 * Usage: init, open, scan into the gate's findings, decide, conclude, release. Threads: one. */
#ifndef CW_HOOKS_CLIENT_H
#define CW_HOOKS_CLIENT_H

#include "hooks/gate.h"
#include "policy/source.h"
#include "scan/asker.h"
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
	int daemon_use; /* of the command line: index into cw_ask_uses; 0: as configured */
	struct cw_buf note; /* why the daemon could not be asked; said by cw_client_prepare() */
	bool vcs;
};


void cw_client_init(struct cw_client *c, const char *what);
void cw_client_release(struct cw_client *c);
/* Open the repository, read its index and the configurations; then load rules and key. Nothing can be scanned here before the second, but
 * what is gathered for a daemon needs only the first. */
int cw_client_look(struct cw_client *c, struct cw_err *err);
int cw_client_prepare(struct cw_client *c, struct cw_err *err);
/* Both. */
int cw_client_open(struct cw_client *c, struct cw_err *err);
/* Have GATHER bring all that would be scanned to an asker, and a daemon say whether it is clean (hooks/ask.h). *ret_clean: it is, all of it was
 * scanned, and the gate's coverage says so; else the hook has to prepare and to scan. */
int cw_client_ask(struct cw_client *c, int (*gather)(void *payload, const struct cw_asker *asker, struct cw_coverage *coverage,
						     struct cw_err *err),
		  void *payload, bool *ret_clean, struct cw_err *err);
/* After cw_gate_decide(): say what was found and how to go on; the status. ADVISE (may be NULL) says how to take it out. */
enum cw_exit cw_client_conclude(struct cw_client *c, int (*advise)(struct cw_client *c, struct cw_err *err), struct cw_err *err);
/* Say that the hook could not do its work; the status, which is that of a clean run if hooks.on_error says accept. */
enum cw_exit cw_client_fail(struct cw_client *c, const struct cw_err *err);

#endif
