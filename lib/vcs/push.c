/* vcs/push.c - see push.h. */
#include "vcs/push.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/parse.h"

#define SHA256_HEX_LEN 64

void cw_push_refs_release(struct cw_vec *refs)
{
	for (size_t i = 0; i < refs->len; i++)
		free(CW_VEC_AT(refs, struct cw_push_ref, i).name);
	cw_vec_release(refs);
}

static int malformed(size_t line, const char *what, struct cw_err *err)
{
	return cw_err_set(err, CW_E_INVALID, "standard input, line %zu: %s", line, what);
}

static bool is_zero(const char *hex, size_t len)
{
	return strspn(hex, "0") >= len;
}

/* The id of the LEN hex digits at HEX; none for zeros. */
static int read_oid(const char *hex, size_t len, size_t line, struct cw_oid *ret, struct cw_err *err)
{
	*ret = (struct cw_oid){ .len = 0 };
	if (len == SHA256_HEX_LEN && strspn(hex, "0123456789abcdef") >= len)
		return cw_err_set(err, CW_E_UNSUPPORTED, "unsupported repository format: SHA-256 object ids");
	if (len != CW_SHA1_HEX_LEN)
		return malformed(line, "not an object id of 40 digits", err);
	if (!is_zero(hex, len) && !cw_oid_parse(hex, len, ret))
		return malformed(line, "not an object id", err);
	return 0;
}

/* LINE, of LEN bytes, has a NUL or LF behind it. */
static int read_line(const char *line, size_t len, size_t nth, struct cw_vec *out, struct cw_err *err)
{
	const char *new_hex = memchr(line, ' ', len), *name = NULL;
	struct cw_push_ref *slot, ref;
	int rc;

	if (new_hex)
		name = memchr(new_hex + 1, ' ', len - (size_t)(new_hex + 1 - line));
	if (!name || memchr(line, '\0', len) || name + 1 == line + len)
		return malformed(nth, "not 'OLD NEW REFERENCE'", err);
	rc = read_oid(line, (size_t)(new_hex - line), nth, &ref.old_oid, err);
	rc = rc ? rc : read_oid(new_hex + 1, (size_t)(name - new_hex - 1), nth, &ref.new_oid, err);
	if (rc)
		return rc;
	slot = cw_vec_push(out);
	if (!slot)
		return cw_vec_fail(out, "references", err);
	ref.name = strndup(name + 1, (size_t)(line + len - name - 1));
	*slot = ref;
	return ref.name ? 0 : cw_err_nomem(err);
}

int cw_push_parse(const char *data, size_t len, struct cw_vec *out, struct cw_err *err)
{
	size_t nth = 1;
	int rc = 0;

	if (!len) /* git runs the hook only when there is something to do */
		return cw_err_set(err, CW_E_INVALID, "standard input is empty: another hook may have read it");
	for (size_t pos = 0; !rc && pos < len; nth++) {
		const char *line = data + pos, *eol = memchr(line, '\n', len - pos);

		if (!eol)
			return malformed(nth, "it has no end", err);
		rc = read_line(line, (size_t)(eol - line), nth, out, err);
		pos += (size_t)(eol - line) + 1;
	}
	return rc;
}
