/* base/buf.h - growable byte buffer with a hard maximum and a sticky failure.
 *
 * Invariants: data is never NULL and always followed by a NUL byte that len does not count; len <= cap <= max.
 * A failed append (no memory, or beyond max) leaves the content as it was and sets `fail`; later appends do nothing,
 * so a caller may append many times and check cw_buf_fail() once.
 * A buffer whose `wipe` is set clears every byte it ever held before giving memory back: use it for file content and
 * secrets. Threads: one owner at a time. */
#ifndef CW_BASE_BUF_H
#define CW_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CW_BUF_MAX_DEFAULT ((size_t)1 << 30) /* bytes */

struct cw_buf {
	char *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated, without the NUL; 0 = none allocated */
	size_t max; /* bytes it may ever hold */
	int fail;   /* 0, CW_E_NOMEM or CW_E_LIMIT */
	bool wipe;
};

extern char cw_buf_empty[1];
#define CW_BUF_INIT { .data = cw_buf_empty, .max = CW_BUF_MAX_DEFAULT }
#define CW_BUF_INIT_MAX(bytes) { .data = cw_buf_empty, .max = (bytes) }
#define CW_BUF_INIT_SECRET { .data = cw_buf_empty, .max = CW_BUF_MAX_DEFAULT, .wipe = true }

/* Free the content; the buffer may be used again. Accepts a zeroed or an initialised buffer. */
void cw_buf_release(struct cw_buf *b);
/* Forget the content and the failure, keep the memory (wiped first when `wipe`). */
void cw_buf_clear(struct cw_buf *b);
/* Cut the content to LEN bytes (<= b->len). */
void cw_buf_truncate(struct cw_buf *b, size_t len);
/* Make room for EXTRA more bytes; returns 0, CW_E_NOMEM or CW_E_LIMIT (also sticky). */
int cw_buf_reserve(struct cw_buf *b, size_t extra);
/* Append. */
void cw_buf_add(struct cw_buf *b, const void *data, size_t len);
void cw_buf_adds(struct cw_buf *b, const char *s);
void cw_buf_addc(struct cw_buf *b, char c);
void cw_buf_addf(struct cw_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cw_buf_addv(struct cw_buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Account for LEN bytes written directly behind data+len after cw_buf_reserve(). */
void cw_buf_commit(struct cw_buf *b, size_t len);
/* 0, or the sticky failure stored into ERR (may be NULL). WHAT names the content for the message. */
int cw_buf_fail(const struct cw_buf *b, const char *what, struct cw_err *err);
/* The content as an allocated NUL-terminated string that the caller frees; NULL after a failure. Resets the buffer. */
char *cw_buf_detach(struct cw_buf *b);

#endif
