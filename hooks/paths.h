/* hooks/paths.h - the files of a message, as words of a shell command. */
#ifndef CW_HOOKS_PATHS_H
#define CW_HOOKS_PATHS_H

#include "hooks/gate.h"

/* Say "COMMAND FILE..." with the files in which blocking secrets of G stand, each once and quoted; with many of them, "COMMAND ..." */
int cw_paths_say(struct cw_gate *g, const char *command, struct cw_err *err);

#endif
