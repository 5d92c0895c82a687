/* daemon/ipc.h - what the parent and its workers say to each other, over a stream socket pair: a head, then its bytes. Both ends are
 * the same program, so heads are plain structs; still each end bounds what the other sends.
 *
 * A worker is the program itself, started anew: `credwatchd --worker=content|repository`, descriptor 3 is its socket, 4 the sealed memfd
 * of the compiled rules, 5 a shared page (struct cw_ipc_page) in which it says which job it is at. The first message is SETUP.
 * A content worker answers jobs in order, each with one DONE or FAILED. A repository worker gets one REPOSITORY job, sends RECORDs and
 * REFS, then DONE or FAILED, and exits. */
#ifndef CW_DAEMON_IPC_H
#define CW_DAEMON_IPC_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CW_IPC_SOCKET 3
#define CW_IPC_RULES 4
#define CW_IPC_PAGE 5
#define CW_IPC_MAX ((size_t)64 << 20) /* bytes of one message */

enum cw_ipc_kind {
	/* to a worker */
	CW_IPC_SETUP,	   /* a JSON object: see daemon/worker.h */
	CW_IPC_TEXT,	   /* struct cw_ipc_text, the raw JSON string of the text, the raw JSON string of the path */
	CW_IPC_FD,	   /* the same without a text; the descriptor comes along */
	CW_IPC_OBJECTS,	   /* the parameters of ScanObjects as text; the descriptor comes along */
	CW_IPC_REPOSITORY, /* a JSON object: see daemon/worker.h */
	/* from a worker */
	CW_IPC_READY,
	CW_IPC_DONE,   /* a whole Varlink reply without its NUL: {"parameters":...} */
	CW_IPC_FAILED, /* a reason, one line, without content */
	CW_IPC_RECORD, /* a finding as a JSON object, or {"progress":...} */
	CW_IPC_REFS,   /* a JSON object: fingerprint of all refs, folders to watch */
	CW_IPC_KINDS,
};

struct cw_ipc_head {
	uint32_t len;  /* bytes behind the head */
	uint16_t kind; /* enum cw_ipc_kind */
	uint16_t fds;  /* 0 or 1: descriptors that come with it, in order */
	uint64_t job;
};

struct cw_ipc_text {
	uint32_t text_len, path_len; /* bytes, raw JSON with quotes; path_len 0: none */
};

struct cw_ipc_page {
	_Atomic uint64_t job;	   /* being worked at; 0: none */
	_Atomic uint64_t finished; /* jobs so far */
};

/* Append a message to what will be sent. */
void cw_ipc_add(struct cw_buf *out, enum cw_ipc_kind kind, uint64_t job, unsigned fds, const void *data, size_t len);
/* The message at the start of the LEN bytes at DATA: its head, and *ret_size its whole size, 0 while it is not all there. CW_E_INVALID:
 * no such message. */
int cw_ipc_parse(const void *data, size_t len, struct cw_ipc_head *ret, size_t *ret_size, struct cw_err *err);

#endif
