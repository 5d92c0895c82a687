/* daemon/worker_int.h - what both kinds of worker share: their start, their messages, and how a finding is told.
 * Threads: one. */
#ifndef CW_DAEMON_WORKER_INT_H
#define CW_DAEMON_WORKER_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "daemon/ipc.h"
#include "daemon/sandbox.h"
#include "policy/cleanse.h"
#include "policy/conf.h"
#include "policy/key.h"
#include "policy/policy.h"
#include "rules/set.h"

#define CW_WORKER_FDS_MAX 64 /* descriptors that came and whose jobs have not begun */

struct cw_worker { /* one a process */
	struct cw_json *setup; /* the message; without the key */
	struct cw_key key;
	struct cw_conf *conf;
	struct cw_policy *policy;
	struct cw_set *set;
	struct cw_cleanser *cleanser;
	uint64_t object_max, memory; /* bytes */
	struct cw_ipc_page *page;
	struct cw_buf in;	  /* wiped */
	size_t taken;		  /* bytes of it that were acted upon */
	struct cw_buf out;
	int64_t gathered;	  /* when the first of the messages in `out` was made */
	int fds[CW_WORKER_FDS_MAX];
	size_t fds_len;
};

/* ---- worker.c ---- */

/* Die with the parent, read SETUP, take over its settings, and make the policy. */
int cw_worker_start(struct cw_worker *w, struct cw_err *err);
/* The rules of descriptor 4, and what judges by them. What cannot be had later: the sandbox comes after it. */
int cw_worker_load_rules(struct cw_worker *w, struct cw_err *err);
/* The next message, borrowed until the next call; false: the parent has closed the socket. Waits for it, after sending what was
 * gathered. CW_E_INVALID, CW_E_IO. */
int cw_worker_next(struct cw_worker *w, struct cw_ipc_head *ret, const char **ret_data, bool *ret_any, struct cw_err *err);
/* The descriptor that came with the message whose head has one, owned by the caller; -1: none came. */
int cw_worker_take_fd(struct cw_worker *w);
/* Say that job ID is begun, that it has ended. */
void cw_worker_begin(struct cw_worker *w, uint64_t id);
void cw_worker_end(struct cw_worker *w);
/* Gather a message; it is sent soon. CW_E_IO when the parent is gone. */
int cw_worker_say(struct cw_worker *w, enum cw_ipc_kind kind, uint64_t job, const void *data, size_t len, struct cw_err *err);
int cw_worker_flush(struct cw_worker *w, struct cw_err *err);
/* Make the policy of W's configuration. REPOSITORY (may be NULL) has the baselines that the repository's own part names. */
int cw_worker_make_policy(struct cw_worker *w, const struct cw_source *repository, struct cw_err *err);
/* Enter the sandbox, and say so with READY. */
int cw_worker_ready(struct cw_worker *w, const struct cw_sandbox *s, bool *ret_landlock, struct cw_err *err);
/* End at once: the process's memory goes with it, and nothing is left that a handler of the exit would have to do. */
int cw_worker_exit(int status) __attribute__((noreturn));
/* Say on standard error why, and end. */
int cw_worker_fail(const char *kind, const struct cw_err *err) __attribute__((noreturn));

#endif
