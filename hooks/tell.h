/* hooks/tell.h - tells a running daemon what a hook or an audit came to that scanned in its own process: for the central log, the metrics and
 * those who listen.
 *
 * Nothing depends on it: no daemon, or one that does not answer at once, is no error, and the verdict is never another. No secret goes out:
 * findings were cleansed. */
#ifndef CW_HOOKS_TELL_H
#define CW_HOOKS_TELL_H

#include <stdbool.h>

#include "base/vec.h"
#include "policy/conf.h"
#include "policy/findings.h"
#include "scan/coverage.h"

#define CW_TELL_TIMEOUT_MS 200
#define CW_TELL_FINDINGS_MAX 1000 /* of one outcome; the rest is only counted */

struct cw_outcome { /* all borrowed */
	const char *command;	/* "pre-receive", "audit" */
	const char *repository; /* path, cleansed; or "" */
	const char *user;	/* who pushes, as the platform claims, cleansed; or NULL */
	const struct cw_vec *refs; /* char *: names of what is pushed to, cleansed; or NULL */
	int status;		/* exit status */
	bool server;		/* a server's hook: only the system's configuration may name the socket */
	const struct cw_findings *findings; /* finished; or NULL */
	const struct cw_coverage *coverage;
};

/* Whether there seems to be a daemon to tell: to be asked before anything is made ready for it. SERVER as below. */
bool cw_tell_wanted(const struct cw_conf *conf, bool server);
void cw_tell_daemon(const struct cw_conf *conf, const struct cw_outcome *outcome);

#endif
