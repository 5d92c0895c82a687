/* vcs/oid.c - object ids and type names. */
#include "vcs/oid.h"

#include <string.h>

const char *cw_object_type_name(enum cw_object_type t)
{
	switch (t) {
	case CW_OBJ_COMMIT:
		return "commit";
	case CW_OBJ_TREE:
		return "tree";
	case CW_OBJ_BLOB:
		return "blob";
	case CW_OBJ_TAG:
		return "tag";
	}
	return "unknown";
}

int cw_oid_cmp(const struct cw_oid *a, const struct cw_oid *b)
{
	int c = memcmp(a->id, b->id, CW_OID_MAX);

	return c ? c : (int)a->len - (int)b->len;
}

void cw_oid_hex(const struct cw_oid *o, char out[CW_OID_HEX_SIZE])
{
	static const char digit[] = "0123456789abcdef";
	size_t len = o->len <= CW_OID_MAX ? o->len : CW_OID_MAX;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digit[o->id[i] >> 4];
		out[2 * i + 1] = digit[o->id[i] & 15];
	}
	out[2 * len] = '\0';
}
