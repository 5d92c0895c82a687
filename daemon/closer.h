/* daemon/closer.h - closes descriptors of strangers without ever waiting for them.
 *
 * close() of a file on a FUSE or network file system asks whoever serves it, and waits for the answer. A descriptor that is no memfd is
 * therefore closed by a thread of its own, which does nothing else. Few such threads may hang at a time: with
 * cw_closer_is_stuck() the daemon takes no descriptors in at all, and the kernel drops what comes.
 * Threads: one caller. */
#ifndef CW_DAEMON_CLOSER_H
#define CW_DAEMON_CLOSER_H

#include <stdbool.h>

#define CW_CLOSER_MAX 32 /* threads at a time */

/* Close FD. */
void cw_closer_drop(int fd);
/* Whether as many closes hang as may. */
bool cw_closer_is_stuck(void);

#endif
