/* cli/exit.h - exit statuses of the program, the same for every command. */
#ifndef CW_CLI_EXIT_H
#define CW_CLI_EXIT_H

#include "base/err.h"

enum cw_exit {
	CW_EXIT_CLEAN = 0,	/* everything was scanned, nothing was found */
	CW_EXIT_FINDINGS = 1,	/* everything was scanned, something was found; rules check: a rule fails its examples */
	CW_EXIT_USAGE = 2,	/* wrong usage or configuration: nothing was scanned */
	CW_EXIT_INCOMPLETE = 3, /* something could not be scanned, or the scan was interrupted; beats 1 */
	CW_EXIT_INTERNAL = 4,	/* an internal error, or the report could not be written; beats all others */
};

/* The status for a command that failed with ERR. */
enum cw_exit cw_exit_of(const struct cw_err *err);

#endif
