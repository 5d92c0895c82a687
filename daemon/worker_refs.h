/* daemon/worker_refs.h - what a repository's references are now, as one REFS message. Threads: one. */
#ifndef CW_DAEMON_WORKER_REFS_H
#define CW_DAEMON_WORKER_REFS_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "vcs/repo.h"

#define CW_WATCH_FOLDERS_MAX 4096 /* told of one repository */
#define CW_REFS_FINGERPRINT_SIZE (2 * CW_SHA256_LEN + 1)

/* Append the message; its fingerprint to RET, hex with NUL. */
int cw_worker_refs(struct cw_repo *r, struct cw_buf *out, char ret[CW_REFS_FINGERPRINT_SIZE], struct cw_err *err);

#endif
