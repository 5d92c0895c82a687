/* hooks/record.h - what a server hook writes to the audit log (policy/audit_log.h). Members of a record:
 *   time, event ("bypass", "timeout"), outcome ("accepted", "rejected"), uid, claimed_user, platform, repository, claimed_repository,
 *   refs [{ref, old, new}], findings [{fingerprint, rule, path, commit}], reason, scanned, unscanned.
 * claimed_...: the platform's word, or the pusher's. No member holds a secret. */
#ifndef CW_HOOKS_RECORD_H
#define CW_HOOKS_RECORD_H

#include "hooks/gate.h"
#include "hooks/platform.h"

struct cw_push_event { /* all borrowed */
	const char *event, *outcome;
	const struct cw_platform *platform;
	const char *git_dir;
	const struct cw_vec *refs; /* struct cw_push_ref */
	const char *reason;	   /* or NULL */
};

/* Write it, with the findings of G that are let pass or blocked, to the log that G's policy names. 0 only when it is on disk. */
int cw_record_push(struct cw_gate *g, const struct cw_push_event *event, struct cw_err *err);

#endif
