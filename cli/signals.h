/* cli/signals.h - SIGINT and SIGTERM: the first asks the scan to end early with a partial report, a later one ends the program at
 * once by that signal. What comes within CW_SIGNALS_TOGETHER_MS of the first is the same request: timeout(1) signals its child and
 * then the whole process group. SIGPIPE is ignored: a closed pipe is a write error like any other. SIGBUS, from a mapped file that became
 * shorter or whose disk failed, ends the program with status 3 and one line: nothing that was found so far can be reported. */
#ifndef CW_CLI_SIGNALS_H
#define CW_CLI_SIGNALS_H

#include <stdbool.h>

#include "base/err.h"
#include "scan/hit.h"

#define CW_SIGNALS_TOGETHER_MS 500

/* For the whole life of the program: SIGPIPE and SIGBUS. */
int cw_signals_start(struct cw_err *err);
/* From now on signals set PROGRESS->cancel, until cw_signals_restore(). PROGRESS must live that long. */
int cw_signals_catch(struct cw_progress *progress, struct cw_err *err);
void cw_signals_restore(void);
/* Whether a signal has come. */
bool cw_signals_seen(void);
/* A file that SIGBUS or a second signal has to remove (an absolute or relative path that stays valid), or NULL. */
void cw_signals_remove_file(const char *path);
/* Whether they have to clear the progress line on standard error. */
void cw_signals_clear_line(bool on);

#endif
