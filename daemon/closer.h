/* daemon/closer.h - closes descriptors of strangers without ever waiting for them.
 *
 * close() of a file on a FUSE or network file system asks whoever serves it and waits for the answer; that of a TCP socket may linger as
 * long as its maker wanted. A descriptor that is no sealed memfd is therefore closed by a thread of its own, which does nothing else. So
 * is a connection in whose buffer something stands unread: it may hold descriptors. A user of whom several hang is not read from until
 * they do no more.
 * Threads: one caller. */
#ifndef CW_DAEMON_CLOSER_H
#define CW_DAEMON_CLOSER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define CW_CLOSER_MAX 64 /* threads of a user that may hang before no more descriptors are taken */

/* Close the LEN descriptors at FDS, by one thread; *COUNT, which has to live until then, is one more as long as one of them hangs. */
void cw_closer_drop(const int *fds, size_t len, _Atomic int *count);
/* The same with a connection: it ends now for its peer, what it was sent can still be read there. */
void cw_closer_drop_connection(int fd, _Atomic int *count);

#endif
