/* proto/frame.c - owns: where one message ends and the next begins. See frame.h. */
#include "proto/frame.h"

#include <string.h>

#define READ_MIN ((size_t)16 << 10) /* bytes: room for a read into an empty buffer */
#define READ_MAX ((size_t)1 << 20)  /* bytes: of the room made at once */
#define KEEP_MAX ((size_t)64 << 10) /* bytes: a larger buffer is given back when it is empty */

void cw_framer_init(struct cw_framer *f, size_t max)
{
	*f = (struct cw_framer){.buf = CW_BUF_INIT_SECRET, .max = max};
	f->buf.max = max + 1;
}

void cw_framer_release(struct cw_framer *f)
{
	cw_buf_release(&f->buf);
	f->start = f->seen = 0;
}

/* Move what was not handed out to the front; cutting wipes what is left behind. */
static void compact(struct cw_framer *f)
{
	size_t rest = f->buf.len - f->start;

	if (f->start == 0)
		return;
	if (rest == 0 && f->buf.cap > KEEP_MAX) {
		cw_framer_release(f);
		return;
	}
	memmove(f->buf.data, f->buf.data + f->start, rest);
	cw_buf_truncate(&f->buf, rest);
	f->seen = f->seen > f->start ? f->seen - f->start : 0;
	f->start = 0;
}

int cw_framer_space(struct cw_framer *f, char **ret, size_t *ret_len, struct cw_err *err)
{
	size_t have, want;
	int rc;

	compact(f);
	have = f->buf.len;
	if (have > f->max)
		return cw_err_set(err, CW_E_LIMIT, "message is longer than %zu bytes", f->max);
	/* Twice what is there, so that a long message costs few moves, but not much more than it could need. */
	want = have < READ_MIN ? READ_MIN : have < READ_MAX ? have : READ_MAX;
	if (want > f->max + 1 - have)
		want = f->max + 1 - have;
	if (f->buf.cap - have < want && (rc = cw_buf_reserve(&f->buf, want)) != 0)
		return cw_err_set(err, rc, "no room for a message");
	*ret = f->buf.data + have;
	*ret_len = want;
	return 0;
}

void cw_framer_commit(struct cw_framer *f, size_t len)
{
	cw_buf_commit(&f->buf, len);
}

bool cw_framer_next(struct cw_framer *f, const char **ret, size_t *ret_len)
{
	const char *nul = NULL;

	if (f->seen < f->start)
		f->seen = f->start;
	if (f->buf.len > f->seen)
		nul = memchr(f->buf.data + f->seen, '\0', f->buf.len - f->seen);
	if (nul == NULL) {
		f->seen = f->buf.len;
		return false;
	}
	*ret = f->buf.data + f->start;
	*ret_len = (size_t)(nul - *ret);
	f->start = f->seen = (size_t)(nul - f->buf.data) + 1;
	return true;
}

void cw_framer_trim(struct cw_framer *f)
{
	if (f->start == f->buf.len)
		compact(f);
}

size_t cw_framer_count(const struct cw_framer *f)
{
	const char *from = f->buf.data + f->start, *end = f->buf.data + f->buf.len, *nul;
	/* What was searched is not searched again: a long message may come with a descriptor at every byte. */
	const char *p = f->seen > f->start ? f->buf.data + f->seen : from;
	size_t n = 0;

	for (; p < end && (nul = memchr(p, '\0', (size_t)(end - p))) != NULL; n++)
		from = p = nul + 1;
	return n + (from < end);
}

bool cw_framer_partial(const struct cw_framer *f)
{
	return f->buf.len > f->start;
}
