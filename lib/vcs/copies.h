/* vcs/copies.h - reads one particular copy after the other of an object that stands in several packs or directories.
 *
 * libgit2 reads the first copy that it finds, and when that one is damaged the object counts as unreadable. Internal to vcs/. */
#ifndef CW_VCS_COPIES_H
#define CW_VCS_COPIES_H

#include <git2.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"

struct cw_copies; /* every pack and every loose directory on its own */

/* Of the object directories STORES (char *). */
int cw_copies_new(const struct cw_vec *stores, struct cw_copies **ret, struct cw_err *err);
void cw_copies_free(struct cw_copies *c);
CW_DEFINE_CLEANUP(struct cw_copies, cw_copies_free)

/* The first copy of OID that can be read and has this id, owned by the caller; its type and size. CW_E_NOTFOUND: no copy at all;
 * CW_E_CORRUPT: none of them is good. */
int cw_copies_read(struct cw_copies *c, const struct cw_oid *oid, git_odb_object **ret, struct cw_err *err);

/* Type and size of the first copy of OID that states them. */
int cw_copies_header(struct cw_copies *c, const struct cw_oid *oid, size_t *ret_size, git_object_t *ret_type,
		     struct cw_err *err);

/* Whether OBJECT, or LEN bytes at DATA, are the object OID: CW_E_CORRUPT when not. */
int cw_object_check_id(git_odb_object *object, const struct cw_oid *oid, struct cw_err *err);
int cw_bytes_check_id(enum cw_object_type type, const void *data, size_t len, const struct cw_oid *oid, struct cw_err *err);

#endif
