/* vcs/pack_stream.c - see pack_stream.h. By zlib: libdeflate wants all bytes at once. */
#include "vcs/pack_stream.h"

#include <stdbool.h>
#include <zlib.h>

#include "base/cleanup.h"

#define OUT_PIECE ((uint64_t)1 << 30) /* zlib counts in 32 bits */

struct stream {
	z_stream z;
	uint64_t packed, size; /* bytes not yet given to zlib, room not yet given */
};

static void stream_end(struct stream *s)
{
	inflateEnd(&s->z);
}

static int corrupt(struct cw_err *err, const char *why)
{
	return cw_err_set(err, CW_E_CORRUPT, "the pack entry is damaged: %s", why);
}

static void give_room(struct stream *s)
{
	uint64_t n = s->size < OUT_PIECE ? s->size : OUT_PIECE;

	if (s->z.avail_out)
		return;
	s->z.avail_out = (unsigned)n;
	s->size -= n;
}

/* Inflate what zlib was given; *ret_end: the stream is complete. */
static int inflate_piece(struct stream *s, bool *ret_end, struct cw_err *err)
{
	for (;;) {
		int rc;

		give_room(s);
		rc = inflate(&s->z, Z_NO_FLUSH);
		if (rc == Z_MEM_ERROR)
			return cw_err_nomem(err);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return corrupt(err, "it cannot be inflated");
		*ret_end = rc == Z_STREAM_END;
		if (*ret_end || (!s->z.avail_in && s->z.avail_out))
			return 0;
		if (!s->z.avail_out && !s->size && rc == Z_BUF_ERROR)
			return s->z.avail_in ? corrupt(err, "it is longer than it states") : 0;
	}
}

int cw_pack_stream(struct cw_pack_window *w, const struct cw_pack_file *f, uint64_t at, uint64_t packed, size_t piece, void *out,
		   uint64_t size, struct cw_err *err)
{
	CW_CLEANUP(stream_end) struct stream s = { .packed = packed, .size = size };
	bool end = false;
	int rc = inflateInit(&s.z) == Z_OK ? 0 : cw_err_nomem(err);

	s.z.next_out = out;
	while (!rc && !end && s.packed) {
		size_t n = s.packed < piece ? (size_t)s.packed : piece;
		const uint8_t *bytes;

		rc = cw_pack_window_get(w, f, at, n, n, &bytes, err);
		if (rc)
			break;
		s.z.next_in = (z_const Bytef *)bytes;
		s.z.avail_in = (unsigned)n;
		at += n;
		s.packed -= n;
		rc = inflate_piece(&s, &end, err);
	}
	if (rc)
		return rc;
	if (!end || s.size || s.z.avail_out)
		return corrupt(err, "it cannot be inflated to its size");
	return s.packed || s.z.avail_in ? corrupt(err, "other bytes stand behind it") : 0;
}
