/* daemon/sandbox_calls.h - which system calls a worker may make; part of the sandbox. */
#ifndef CW_DAEMON_SANDBOX_CALLS_H
#define CW_DAEMON_SANDBOX_CALLS_H

#include "daemon/sandbox.h"

/* Forbid all others, for ever. */
int cw_sandbox_calls(enum cw_sandbox_kind kind, struct cw_err *err);

#endif
