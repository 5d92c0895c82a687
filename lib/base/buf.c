/* base/buf.c - owns: growth, limits and wiping of byte buffers. */
#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The content of every buffer that has allocated nothing. Nobody writes to it: its one byte stays NUL. */
char cw_buf_empty[1];

static void give_back(struct cw_buf *b)
{
	if (b->cap == 0)
		return;
	if (b->wipe)
		explicit_bzero(b->data, b->cap + 1);
	free(b->data);
}

void cw_buf_release(struct cw_buf *b)
{
	if (b->data == NULL)
		b->max = CW_BUF_MAX_DEFAULT;
	else
		give_back(b);
	b->data = cw_buf_empty;
	b->len = b->cap = 0;
	b->fail = 0;
}

void cw_buf_clear(struct cw_buf *b)
{
	cw_buf_truncate(b, 0);
	b->fail = 0;
}

void cw_buf_truncate(struct cw_buf *b, size_t len)
{
	assert(len <= b->len);
	if (b->cap == 0)
		return;
	if (b->wipe)
		explicit_bzero(b->data + len, b->len - len);
	b->data[len] = '\0';
	b->len = len;
}

/* Move the content into an allocation of CAP bytes plus the NUL. */
static int grow(struct cw_buf *b, size_t cap)
{
	char *data;

	/* realloc may leave a copy behind that nobody could wipe. */
	data = b->wipe || b->cap == 0 ? malloc(cap + 1) : realloc(b->data, cap + 1);
	if (data == NULL)
		return CW_E_NOMEM;
	if (b->wipe || b->cap == 0) {
		memcpy(data, b->data, b->len);
		give_back(b);
	}
	data[b->len] = '\0';
	b->data = data;
	b->cap = cap;
	return 0;
}

int cw_buf_reserve(struct cw_buf *b, size_t extra)
{
	size_t max = b->max < PTRDIFF_MAX ? b->max : PTRDIFF_MAX - 1, cap;

	if (b->fail != 0)
		return b->fail;
	if (extra <= b->cap - b->len)
		return 0;
	if (b->len > max || extra > max - b->len)
		return b->fail = CW_E_LIMIT;
	cap = b->cap < 32 ? 64 : b->cap * 2;
	if (cap < b->len + extra)
		cap = b->len + extra;
	if (cap > max)
		cap = max;
	return b->fail = grow(b, cap);
}

void cw_buf_add(struct cw_buf *b, const void *data, size_t len)
{
	if (len == 0 || cw_buf_reserve(b, len) != 0)
		return;
	memcpy(b->data + b->len, data, len);
	cw_buf_commit(b, len);
}

void cw_buf_adds(struct cw_buf *b, const char *s)
{
	cw_buf_add(b, s, strlen(s));
}

void cw_buf_addc(struct cw_buf *b, char c)
{
	cw_buf_add(b, &c, 1);
}

void cw_buf_addf(struct cw_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_buf_addv(b, fmt, ap);
	va_end(ap);
}

void cw_buf_addv(struct cw_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	if (b->fail != 0)
		return;
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->fail = CW_E_NOMEM;
		return;
	}
	if (n == 0 || cw_buf_reserve(b, (size_t)n) != 0)
		return;
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void cw_buf_commit(struct cw_buf *b, size_t len)
{
	assert(len <= b->cap - b->len);
	if (len == 0)
		return;
	b->len += len;
	b->data[b->len] = '\0';
}

int cw_buf_fail(const struct cw_buf *b, const char *what, struct cw_err *err)
{
	if (b->fail == 0)
		return 0;
	if (b->fail == CW_E_NOMEM)
		return cw_err_set(err, CW_E_NOMEM, "%s: %s", what, cw_err_text(CW_E_NOMEM));
	return cw_err_set(err, (enum cw_code)b->fail, "%s: larger than %zu bytes", what, b->max);
}

char *cw_buf_detach(struct cw_buf *b)
{
	char *s = NULL;

	if (b->fail == 0) {
		s = b->cap > 0 ? b->data : calloc(1, 1);
		if (b->cap > 0)
			b->cap = 0;
	}
	cw_buf_release(b);
	return s;
}
