/* vcs/oid.h - object ids and object types without git2.h: what the rest of the program knows of git. */
#ifndef CW_VCS_OID_H
#define CW_VCS_OID_H

#include <stdbool.h>
#include <stdint.h>

#define CW_OID_MAX 32		   /* bytes: SHA-1 uses 20, SHA-256 32 */
#define CW_OID_HEX_SIZE (2 * CW_OID_MAX + 1)

struct cw_oid {
	uint8_t len; /* 20 or 32; 0 = none */
	uint8_t id[CW_OID_MAX]; /* zero beyond len */
};

enum cw_object_type { CW_OBJ_COMMIT = 1, CW_OBJ_TREE = 2, CW_OBJ_BLOB = 3, CW_OBJ_TAG = 4 };
const char *cw_object_type_name(enum cw_object_type t);

int cw_oid_cmp(const struct cw_oid *a, const struct cw_oid *b);
/* Lower-case hex and NUL into OUT; "" for none. */
void cw_oid_hex(const struct cw_oid *o, char out[CW_OID_HEX_SIZE]);

#endif
