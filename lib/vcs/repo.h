/* vcs/repo.h - a git repository, read through libgit2 (this folder is the one home of git2.h).
 *
 * This reader is simple and correct: it is the oracle that faster readers are checked against. Everything it cannot read is
 * reported, never skipped. Threads: one struct cw_repo per thread; cw_vcs_init() once per process before threads start. */
#ifndef CW_VCS_REPO_H
#define CW_VCS_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "vcs/oid.h"

int cw_vcs_init(struct cw_err *err);
void cw_vcs_shutdown(void);

struct cw_repo;
struct cw_quarantine;
/* Open the repository that contains PATH (work tree, subdirectory, .git or bare). CW_E_NOTFOUND: none; CW_E_UNSUPPORTED: a format
 * that libgit2 cannot read (SHA-256, reftable, unknown extensions), named in err: never an empty repository in its place;
 * CW_E_CORRUPT: there is one, but it cannot be read (damage, permissions, a FIFO in place of a file). No message holds what one of
 * the repository's files says. */
int cw_repo_open(const char *path, struct cw_repo **ret, struct cw_err *err);
/* The same for the repository in which git runs a hook (vcs/quarantine.h): that git directory itself, with the object directories
 * that git's environment names. */
int cw_repo_open_pushed(const struct cw_quarantine *q, struct cw_repo **ret, struct cw_err *err);
/* The same without the quarantine: the store as it was before the push. What PUSHED (may be NULL) found out about its packs is not
 * found out again. */
int cw_repo_open_before(const struct cw_quarantine *q, const struct cw_repo *pushed, struct cw_repo **ret, struct cw_err *err);
void cw_repo_free(struct cw_repo *r);
CW_DEFINE_CLEANUP(struct cw_repo, cw_repo_free)
/* The git directory, and the work tree or NULL; borrowed. */
const char *cw_repo_git_dir(const struct cw_repo *r);
const char *cw_repo_work_dir(const struct cw_repo *r);

/* The object that HEAD names; *ret is left alone when HEAD is unborn. */
int cw_repo_head_oid(struct cw_repo *r, struct cw_oid *ret, struct cw_err *err);

#define CW_ORDER_LOOSE UINT64_MAX

struct cw_object_ref {
	struct cw_oid oid;
	uint64_t order; /* reading in ascending order keeps delta bases near: pack number and offset; loose objects last */
	uint8_t mark;	/* the caller's; 0 at first */
	bool shared;	/* there are several copies */
};
#define CW_OBJECTS_MAX ((size_t)1 << 28) /* objects of one repository */

/* Something of the object store that cannot be read or listed: objects may be hidden behind it. */
struct cw_store_fault {
	char *what, *reason; /* owned by the list they are in */
};
void cw_store_faults_release(struct cw_vec *faults);

/* Every distinct object id in the store and its alternates (OUT: an empty vector of struct cw_object_ref), sorted by `order`.
 * A pack or directory that cannot be listed does not hide the others: it becomes a fault. */
int cw_repo_objects(struct cw_repo *r, struct cw_vec *out, struct cw_err *err);
/* The same for the object directory STORE alone. */
int cw_repo_objects_in(struct cw_repo *r, const char *store, struct cw_vec *out, struct cw_err *err);
/* What the last of these two could not list (struct cw_store_fault); borrowed until the next call. */
const struct cw_vec *cw_repo_faults(const struct cw_repo *r);
/* Type and size in bytes, without reading the object where that is possible. When a copy of the object is damaged, here and below,
 * the next one is tried. */
int cw_repo_header(struct cw_repo *r, const struct cw_oid *oid, enum cw_object_type *ret_type, uint64_t *ret_size,
		   struct cw_err *err);

/* Whether REF is a loose object whose file is so small that it cannot have more than MAX bytes: it may be read without a look at its
 * header, which costs as much as to read it. */
bool cw_repo_is_small(const struct cw_repo *r, const struct cw_object_ref *ref, uint64_t max);

/* Whether the object is in the store, as last looked at. */
bool cw_repo_has(struct cw_repo *r, const struct cw_oid *oid);

struct cw_object {
	enum cw_object_type type;
	const char *data; /* the raw object, borrowed until cw_object_release() */
	size_t len;
	void *impl;
};
/* Read one object whole. CW_E_NOTFOUND, CW_E_CORRUPT, CW_E_NOMEM. */
int cw_repo_read(struct cw_repo *r, const struct cw_oid *oid, struct cw_object *ret, struct cw_err *err);
/* The same, and where there are several copies, one whose content has the id: an index that gives the id to something else must not
 * hide the true object. A single copy is read whatever its id: then its content is looked at in any case. */
int cw_repo_read_ref(struct cw_repo *r, const struct cw_object_ref *ref, struct cw_object *ret, struct cw_err *err);
/* CW_E_CORRUPT when O's content has another id than OID. */
int cw_object_verify(const struct cw_object *o, const struct cw_oid *oid, struct cw_err *err);
void cw_object_release(struct cw_object *o);

/* Paths of the blobs of HEAD's tree: calls EMIT (path bytes, NUL-terminated) for each entry that is no tree, in tree order;
 * iterative, at most CW_TREE_DEPTH_MAX levels and CW_TREE_ENTRIES_MAX entries. An unborn HEAD has none. When a part of the tree
 * is unreadable, the rest is still emitted and the first failure returned: CW_E_NOTFOUND, CW_E_CORRUPT, CW_E_LIMIT (too deep, too
 * many). A non-zero return of EMIT ends the walk with it. */
#define CW_TREE_DEPTH_MAX 2048
#define CW_TREE_ENTRIES_MAX 4000000
int cw_repo_head_paths(struct cw_repo *r,
		       int (*emit)(const struct cw_oid *blob, const char *path, uint32_t mode, void *payload), void *payload,
		       struct cw_err *err);
/* Append the file PATH ("a/b") of HEAD's tree to OUT. CW_E_NOTFOUND: it has none, or HEAD is unborn; CW_E_INVALID: a symbolic link or
 * folder; CW_E_LIMIT: larger than MAX bytes; CW_E_CORRUPT. */
int cw_repo_head_file(struct cw_repo *r, const char *path, size_t max, struct cw_buf *out, struct cw_err *err);

#endif
