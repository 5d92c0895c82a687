/* daemon/sandbox.h - takes rights away from a worker, for ever: no_new_privs, Landlock, seccomp, limits, no core files.
 *
 * Source: landlock(7), seccomp(2), libseccomp. A system call that no worker has a use for ends the process; one that a library may try
 * without need (to open a file, to ask for a terminal) fails as if it were not allowed. What the kernel lacks is reported, not
 * passed over in silence: the parent writes it to its log at each worker's start. Threads: call it before there are any. */
#ifndef CW_DAEMON_SANDBOX_H
#define CW_DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum cw_sandbox_kind {
	CW_SANDBOX_CONTENT,    /* reads and writes open descriptors, memory, time; no paths, no sockets, no processes */
	CW_SANDBOX_REPOSITORY, /* and opens files: below READ to read, below WRITE to write; makes threads */
};

struct cw_sandbox {
	enum cw_sandbox_kind kind;
	const char *const *read;  /* folders; REPOSITORY */
	size_t read_len;
	const char *const *write;
	size_t write_len;
	uint64_t memory; /* bytes that the process may still add to its data (RLIMIT_DATA); 0: no limit */
};

/* Enter. *ret_landlock: whether the kernel has Landlock (else the file rules hold by seccomp and file permissions alone). */
int cw_sandbox_enter(const struct cw_sandbox *s, bool *ret_landlock, struct cw_err *err);
/* The rules for files alone, which another call, or cw_sandbox_enter(), can only make narrower. */
int cw_sandbox_files(const struct cw_sandbox *s, bool *ret_landlock, struct cw_err *err);

#endif
