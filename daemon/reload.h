/* daemon/reload.h - new configuration and rules in place of the old, while calls go on. Threads: one. */
#ifndef CW_DAEMON_RELOAD_H
#define CW_DAEMON_RELOAD_H

#include "base/cleanup.h"
#include "daemon/build.h"
#include "daemon/daemon.h"

int cw_reloader_new(struct cw_daemon *d, struct cw_reloader **ret, struct cw_err *err);
/* Ends what is being built; nobody is told. */
void cw_reloader_free(struct cw_reloader *r);
CW_DEFINE_CLEANUP(struct cw_reloader, cw_reloader_free)

/* Make BUILT (moved) what D judges by: also the first time, when there is no server yet. After a failure all is as before. */
int cw_daemon_take(struct cw_daemon *d, struct cw_built *built, struct cw_err *err);

#endif
