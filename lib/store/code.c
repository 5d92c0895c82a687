/* store/code.c - see code.h. */
#include "store/code.h"

#include <string.h>

void cw_put_number(struct cw_buf *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		cw_buf_addc(out, (char)(0x80 | (n & 0x7f)));
	cw_buf_addc(out, (char)n);
}

/* One more than the length, 0 for none; its NUL is written too, so that it can be used where it stands. */
void cw_put_text(struct cw_buf *out, const char *text)
{
	size_t len = text ? strlen(text) + 1 : 0;

	cw_put_number(out, len);
	if (len)
		cw_buf_add(out, text, len);
}

static uint64_t bad(struct cw_take *t)
{
	t->bad = true;
	t->at = t->end;
	return 0;
}

uint64_t cw_take_number(struct cw_take *t, uint64_t max)
{
	uint64_t n = 0;

	for (unsigned shift = 0; t->at < t->end && shift < 64; shift += 7) {
		uint64_t part = *t->at & 0x7f;

		if (part << shift >> shift != part)
			return bad(t);
		n |= part << shift;
		if (!(*t->at++ & 0x80))
			return n <= max ? n : bad(t);
	}
	return bad(t);
}

const void *cw_take_bytes(struct cw_take *t, size_t len)
{
	const uint8_t *at = t->at;

	if (t->bad || len > (size_t)(t->end - t->at)) {
		bad(t);
		return NULL;
	}
	t->at += len;
	return at;
}

const char *cw_take_text(struct cw_take *t)
{
	size_t len = (size_t)cw_take_number(t, SIZE_MAX);
	const char *text = len ? cw_take_bytes(t, len) : NULL;

	if (text && memchr(text, '\0', len) != text + len - 1) {
		bad(t);
		return NULL;
	}
	return text;
}

bool cw_take_done(const struct cw_take *t)
{
	return !t->bad && t->at == t->end;
}
