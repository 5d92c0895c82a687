/* vcs/loose.h - loose objects: lists them, and reads them for libgit2's object database.
 *
 * libgit2 1.5 reads them itself, but writes beyond its buffer when a header states fewer bytes than the file holds, and waits
 * for ever on a FIFO. Here the content must be exactly as long as the header says, and anything but a regular file is refused.
 * Internal to vcs/. */
#ifndef CW_VCS_LOOSE_H
#define CW_VCS_LOOSE_H

#include <git2.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"

/* A backend for the loose objects of the object directory STORE, owned by the caller until an object database takes it. */
int cw_loose_backend(const char *store, git_odb_backend **ret, struct cw_err *err);

/* Bytes of the file of the loose object OID of STORE; 0 when there is none. */
uint64_t cw_loose_size(const char *store, const struct cw_oid *oid);

/* Call EMIT for each loose object of STORE. What is there but cannot be one goes to FAULTS (struct cw_store_fault). A non-zero
 * return of EMIT ends the listing with it. */
int cw_loose_list(const char *store, int (*emit)(const struct cw_oid *oid, void *payload), void *payload,
		  struct cw_vec *faults, struct cw_err *err);
/* The same, with what the system says of each file. */
int cw_loose_files(const char *store, int (*emit)(const struct cw_oid *oid, const struct stat *st, void *payload), void *payload,
		   struct cw_vec *faults, struct cw_err *err);

#endif
