/* proto/fdpass.h - bytes and descriptors over a Unix socket, and the sealed memfds that carry content.
 *
 * Received descriptors are close-on-exec from birth; surplus ones are closed. Threads: reentrant. */
#ifndef CW_PROTO_FDPASS_H
#define CW_PROTO_FDPASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Descriptors that one read may bring: as many as the kernel allows in a message (SCM_MAX_FD). One that it had to drop for lack of room
 * would be closed by the reader's own system call, and closing can be made to wait. */
#define CW_FDS_MAX 253

struct cw_received {
	size_t len;	    /* bytes; 0: the peer has closed */
	int fds[CW_FDS_MAX]; /* owned by the caller */
	size_t fds_len;
	bool surplus;	    /* more came, and were closed (or the kernel cut them off) */
};

/* One recvmsg(). CW_E_NOTFOUND: nothing there now (EAGAIN; only with a non-blocking socket); CW_E_IO: the connection is gone. */
int cw_fdpass_recv(int sock, void *data, size_t len, struct cw_received *ret, struct cw_err *err);
/* One sendmsg() without SIGPIPE; FD (-1: none) goes with the first byte. *ret_sent may be less than LEN; CW_E_NOTFOUND: would block. */
int cw_fdpass_send(int sock, const void *data, size_t len, int fd, size_t *ret_sent, struct cw_err *err);

/* A memfd with the LEN bytes, sealed against writing, growing, shrinking and further sealing. NAME is for /proc. *ret_fd is owned
 * by the caller. CW_E_NOMEM, CW_E_IO. */
int cw_memfd_make(const char *name, const void *data, size_t len, int *ret_fd, struct cw_err *err);
/* Whether FD is a memfd with all those seals. Never blocks, whatever FD is: it asks fcntl(F_GET_SEALS) only. */
bool cw_memfd_is_sealed(int fd);
/* The size in bytes of a sealed memfd (fstat). */
int cw_memfd_size(int fd, uint64_t *ret, struct cw_err *err);

#endif
