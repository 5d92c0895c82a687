/* base/err.h - the error value that every fallible function of lib/ fills.
 *
 * The caller owns the value; nothing in it is allocated, so errors can be reported when memory is gone and never
 * need to be freed. Functions return 0 or one of the negative codes, and take `struct cw_err *err` (may be NULL) last.
 * Messages are lower case, without a full stop, name what failed first and quote the subject with control bytes
 * escaped. They never contain matched text or file content.
 * Threads: a value belongs to one thread at a time. */
#ifndef CW_BASE_ERR_H
#define CW_BASE_ERR_H

#include <stdarg.h>

enum cw_code {
	CW_OK = 0,
#define CW_ERR(name, value, text) CW_E_##name = (value),
#include "base/err.def"
#undef CW_ERR
};

#define CW_ERR_MSG_MAX 512

struct cw_err {
	enum cw_code code;
	int sys_errno; /* errno of the system call that failed, or 0 */
	char msg[CW_ERR_MSG_MAX];
};

#define CW_ERR_INIT { .code = CW_OK, .sys_errno = 0, .msg = "" }

/* Store CODE and the message in ERR (may be NULL) and return CODE, so that callers write `return cw_err_set(...)`.
 * A message longer than the buffer is cut at its end. Control bytes of the result are replaced by '?'. */
int cw_err_set(struct cw_err *err, enum cw_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: appends ": " and strerror(SYS_ERRNO). ENOMEM becomes CW_E_NOMEM and ENOENT
 * CW_E_NOTFOUND, everything else CW_E_IO. */
int cw_err_sys(struct cw_err *err, int sys_errno, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put "<text>: " in front of the message in ERR (may be NULL) and return its code; with a NULL ERR returns CODE. */
int cw_err_wrap(struct cw_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* CW_E_NOMEM with its standard message. */
int cw_err_nomem(struct cw_err *err);

/* The standard text of CODE; never NULL. */
const char *cw_err_text(int code);

/* ERR's message, or the standard text of its code when the message is empty; never NULL. */
const char *cw_err_msg(const struct cw_err *err);

#endif
