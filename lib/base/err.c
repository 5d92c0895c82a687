/* base/err.c - owns: filling of error values. Allocates nothing, so it works when memory is gone. */
#include "base/err.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Make MSG safe to show: control characters and bytes that are no UTF-8 (a sequence cut at the end too) become '?'. */
static void sanitise(char *msg)
{
	size_t len = strlen(msg), i = 0;

	while (i < len) {
		uint32_t cp = 0;
		size_t n = cw_utf8_next(msg + i, len - i, &cp);

		if (n == 0 || cw_text_is_control(cp)) {
			n = n > 0 ? n : 1;
			memset(msg + i, '?', n);
		}
		i += n;
	}
}

static void store(struct cw_err *err, enum cw_code code, int sys_errno, const char *msg)
{
	size_t len = strnlen(msg, sizeof(err->msg) - 1);

	err->code = code;
	err->sys_errno = sys_errno;
	memcpy(err->msg, msg, len);
	err->msg[len] = '\0';
	sanitise(err->msg);
}

/* Format into a buffer of its own first: an argument may point into the message that is about to be replaced. */
__attribute__((format(printf, 2, 0))) static void format(char out[CW_ERR_MSG_MAX], const char *fmt, va_list ap)
{
	out[0] = '\0';
	if (vsnprintf(out, CW_ERR_MSG_MAX, fmt, ap) < 0)
		out[0] = '\0';
}

int cw_err_set(struct cw_err *err, enum cw_code code, const char *fmt, ...)
{
	char msg[CW_ERR_MSG_MAX];
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	format(msg, fmt, ap);
	va_end(ap);
	store(err, code, 0, msg);
	return code;
}

static enum cw_code code_of_errno(int sys_errno)
{
	if (sys_errno == ENOMEM)
		return CW_E_NOMEM;
	return sys_errno == ENOENT ? CW_E_NOTFOUND : CW_E_IO;
}

/* "A: B" into OUT; when both do not fit, A is cut so that B, the cause, stays readable. */
static void join(char out[CW_ERR_MSG_MAX], const char *a, const char *b)
{
	size_t b_len = strnlen(b, CW_ERR_MSG_MAX / 2), a_max = CW_ERR_MSG_MAX - 1 - 2 - b_len;
	size_t a_len = strnlen(a, a_max);

	memcpy(out, a, a_len);
	memcpy(out + a_len, ": ", 2);
	memcpy(out + a_len + 2, b, b_len);
	out[a_len + 2 + b_len] = '\0';
}

int cw_err_sys(struct cw_err *err, int sys_errno, const char *fmt, ...)
{
	enum cw_code code = code_of_errno(sys_errno);
	char msg[CW_ERR_MSG_MAX], full[CW_ERR_MSG_MAX], text[128];
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	format(msg, fmt, ap);
	va_end(ap);
	join(full, msg, strerror_r(sys_errno, text, sizeof(text)));
	store(err, code, sys_errno, full);
	return code;
}

int cw_err_wrap(struct cw_err *err, int code, const char *fmt, ...)
{
	char prefix[CW_ERR_MSG_MAX];
	size_t prefix_len, msg_len;
	const char *msg;
	va_list ap;

	if (err == NULL)
		return code;
	if (err->code == CW_OK)
		err->code = (enum cw_code)code;
	va_start(ap, fmt);
	format(prefix, fmt, ap);
	va_end(ap);
	sanitise(prefix);
	if (err->msg[0] == '\0')
		store(err, err->code, err->sys_errno, cw_err_text(err->code));
	msg = err->msg;
	prefix_len = strnlen(prefix, CW_ERR_MSG_MAX - 3);
	msg_len = strlen(msg);
	if (msg_len > CW_ERR_MSG_MAX - 3 - prefix_len)
		msg_len = CW_ERR_MSG_MAX - 3 - prefix_len;
	memmove(err->msg + prefix_len + 2, msg, msg_len);
	memcpy(err->msg, prefix, prefix_len);
	memcpy(err->msg + prefix_len, ": ", 2);
	err->msg[prefix_len + 2 + msg_len] = '\0';
	sanitise(err->msg);
	return err->code;
}

int cw_err_nomem(struct cw_err *err)
{
	return cw_err_set(err, CW_E_NOMEM, "%s", cw_err_text(CW_E_NOMEM));
}

const char *cw_err_text(int code)
{
	switch (code) {
	case CW_OK:
		return "no error";
#define CW_ERR(name, value, text) \
	case value:               \
		return text;
#include "base/err.def"
#undef CW_ERR
	default:
		return "unknown error";
	}
}

const char *cw_err_msg(const struct cw_err *err)
{
	return err->msg[0] != '\0' ? err->msg : cw_err_text(err->code);
}
