/* vcs/repo.c - opens a repository and reads single objects.
 *
 * libgit2 gets an object database that is put together here from the object directories. It never reads the repository's
 * configuration (whose includes may name any file) nor its alternates. */
#include "vcs/repo.h"

#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/copies.h"
#include "vcs/git_err.h"
#include "vcs/loose.h"
#include "vcs/pack_backend.h"
#include "vcs/pack_check.h"
#include "vcs/quarantine.h"
#include "vcs/repo_int.h"
#include "vcs/stores.h"

#define DEFLATE_RATIO_MAX 1032 /* bytes that deflate can make of one */
#define PACKED_PRIORITY 2 /* packs are asked before loose objects */
#define LOOSE_PRIORITY 1

static struct cw_vec no_packs(void)
{
	return (struct cw_vec)CW_VEC_INIT(char *, CW_OBJECTS_MAX);
}

void cw_repo_free(struct cw_repo *r)
{
	if (!r)
		return;
	cw_copies_free(r->copies);
	git_odb_free(r->odb);
	cw_strings_release(&r->extra);
	cw_strings_release(&r->stores);
	cw_strings_release(&r->packs);
	cw_strings_release(&r->unusable);
	cw_store_faults_release(&r->faults);
	cw_layout_release(&r->at);
	free(r);
}

const char *cw_repo_git_dir(const struct cw_repo *r)
{
	return r->at.git_dir;
}

const char *cw_repo_work_dir(const struct cw_repo *r)
{
	return r->at.work_dir;
}

static int add_backend(git_odb *odb, git_odb_backend *backend, int priority)
{
	int rc = git_odb_add_alternate(odb, backend, priority);

	if (rc < 0)
		backend->free(backend);
	return rc;
}

static bool has_path(const struct cw_vec *paths, const char *path)
{
	for (size_t i = 0; i < paths->len; i++)
		if (!strcmp(CW_VEC_AT(paths, char *, i), path))
			return true;
	return false;
}

static int look_at_pack(struct cw_repo *r, const char *index, bool *ret_usable, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	char **slot;
	int rc;

	if (r->known && has_path(&r->known->packs, index)) {
		*ret_usable = !has_path(&r->known->unusable, index);
		return 0;
	}
	rc = cw_pack_usable(index, &why);
	*ret_usable = !rc;
	if (!rc || rc == CW_E_NOMEM)
		return rc ? cw_err_nomem(err) : 0;
	slot = cw_vec_push(&r->unusable);
	if (!slot)
		return cw_vec_fail(&r->unusable, "packs", err);
	*slot = strdup(index);
	return *slot ? 0 : cw_err_nomem(err);
}

/* Each pack is given to libgit2 by name, and only when its index is sound: an offset outside the pack would crash it. What is wrong
 * with the others is said when the objects are listed. */
static int add_pack(struct cw_repo *r, git_odb *odb, const char *index, struct cw_err *err)
{
	git_odb_backend *backend = NULL;
	bool usable = false;
	int rc = look_at_pack(r, index, &usable, err);

	if (rc)
		return rc;
	rc = usable ? cw_pack_backend(index, &backend, NULL) : 0;
	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	if (!usable || rc)
		return 0;
	rc = add_backend(odb, backend, PACKED_PRIORITY);
	return rc < 0 ? cw_git_err(err, rc, index) : 0;
}

static int add_loose(git_odb *odb, const char *store, struct cw_err *err)
{
	git_odb_backend *backend = NULL;
	int rc = cw_loose_backend(store, &backend, err);

	if (rc)
		return rc;
	rc = add_backend(odb, backend, LOOSE_PRIORITY);
	return rc < 0 ? cw_git_err(err, rc, store) : 0;
}

/* The packs that all object directories have now. */
static int find_packs(struct cw_repo *r, struct cw_vec *out, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < r->stores.len; i++) {
		CW_CLEANUP(cw_store_faults_release)
		struct cw_vec faults = CW_VEC_INIT(struct cw_store_fault, CW_STORE_FAULTS_MAX);

		rc = cw_store_packs(CW_VEC_AT(&r->stores, char *, i), out, &faults, err);
	}
	return rc;
}

/* Put a database together for the packs PACKS, which are taken over, in place of the one in use. */
static int use_packs(struct cw_repo *r, struct cw_vec *packs, struct cw_err *err)
{
	git_odb *odb = NULL;
	int rc = git_odb_new(&odb);

	rc = rc < 0 ? cw_git_err(err, rc, r->at.git_dir) : 0;
	for (size_t i = 0; !rc && i < packs->len; i++)
		rc = add_pack(r, odb, CW_VEC_AT(packs, char *, i), err);
	for (size_t i = 0; !rc && i < r->stores.len; i++)
		rc = add_loose(odb, CW_VEC_AT(&r->stores, char *, i), err);
	if (rc) {
		git_odb_free(odb);
		return rc;
	}
	cw_copies_free(cw_steal(&r->copies));
	git_odb_free(r->odb);
	r->odb = odb;
	cw_strings_release(&r->packs);
	r->packs = *packs;
	*packs = no_packs();
	return 0;
}

static int open_stores(struct cw_repo *r, struct cw_err *err)
{
	CW_CLEANUP(cw_store_faults_release) struct cw_vec faults = CW_VEC_INIT(struct cw_store_fault, CW_STORE_FAULTS_MAX);

	return cw_stores_find(r->at.common_dir, &r->extra, &r->stores, &faults, err);
}

/* The database is put together when the first object is asked for: most objects are read from their packs directly. */
static int need_odb(struct cw_repo *r, struct cw_err *err)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec packs = no_packs();
	int rc = r->odb ? 0 : find_packs(r, &packs, err);

	return rc || r->odb ? rc : use_packs(r, &packs, err);
}

/* After a failed read: whether other packs are in use now, because the store was repacked. */
static bool refresh(struct cw_repo *r)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec packs = no_packs();
	bool same;

	if (find_packs(r, &packs, NULL))
		return false;
	same = packs.len == r->packs.len;
	for (size_t i = 0; same && i < packs.len; i++)
		same = !strcmp(CW_VEC_AT(&packs, char *, i), CW_VEC_AT(&r->packs, char *, i));
	return !same && !use_packs(r, &packs, NULL);
}

/* The repository is there: whatever keeps it from being read, the caller's wish was right and is not fulfilled. */
static int unreadable(int rc, struct cw_err *err)
{
	if (rc == CW_E_NOMEM || rc == CW_E_UNSUPPORTED)
		return rc;
	if (err)
		err->code = CW_E_CORRUPT;
	return CW_E_CORRUPT;
}

static struct cw_repo *new_repo(void)
{
	struct cw_repo *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->extra = (struct cw_vec)CW_VEC_INIT(char *, CW_STORES_MAX);
	r->stores = (struct cw_vec)CW_VEC_INIT(char *, CW_STORES_MAX);
	r->packs = no_packs();
	r->unusable = no_packs();
	r->faults = (struct cw_vec)CW_VEC_INIT(struct cw_store_fault, CW_STORE_FAULTS_MAX);
	return r;
}

int cw_repo_open(const char *path, struct cw_repo **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *r = new_repo();
	int rc;

	if (!r)
		return cw_err_nomem(err);
	rc = cw_layout_find(path, &r->at, err);
	if (rc == CW_E_NOTFOUND)
		return rc;
	rc = rc ? rc : cw_layout_check(&r->at, err);
	rc = rc ? rc : open_stores(r, err);
	if (!rc)
		*ret = cw_steal(&r);
	return rc ? unreadable(rc, err) : 0;
}

static int add_extra(struct cw_repo *r, const char *dir, struct cw_err *err)
{
	char **slot = cw_vec_push(&r->extra);

	if (!slot)
		return cw_vec_fail(&r->extra, "object directories", err);
	*slot = strdup(dir);
	return *slot ? 0 : cw_err_nomem(err);
}

static int open_hook(const struct cw_quarantine *q, bool pushed, const struct cw_repo *known, struct cw_repo **ret,
		     struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *r = new_repo();
	int rc = r ? cw_layout_at(q->git_dir, &r->at, err) : cw_err_nomem(err);

	rc = rc ? rc : cw_layout_check(&r->at, err);
	if (!rc && pushed && q->objects)
		rc = add_extra(r, q->objects, err);
	for (size_t i = 0; !rc && i < q->alternates.len; i++)
		rc = add_extra(r, CW_VEC_AT(&q->alternates, char *, i), err);
	if (rc)
		return unreadable(rc, err);
	r->known = known;
	rc = open_stores(r, err);
	r->known = NULL;
	if (!rc)
		*ret = cw_steal(&r);
	return rc ? unreadable(rc, err) : 0;
}

int cw_repo_open_pushed(const struct cw_quarantine *q, struct cw_repo **ret, struct cw_err *err)
{
	return open_hook(q, true, NULL, ret, err);
}

int cw_repo_open_before(const struct cw_quarantine *q, const struct cw_repo *pushed, struct cw_repo **ret, struct cw_err *err)
{
	return open_hook(q, false, pushed, ret, err);
}

static int no_such_id(struct cw_err *err)
{
	return cw_err_set(err, CW_E_UNSUPPORTED, "not an id of this repository's format");
}

static int copies(struct cw_repo *r, struct cw_err *err)
{
	return r->copies ? 0 : cw_copies_new(&r->stores, &r->copies, err);
}

int cw_repo_header(struct cw_repo *r, const struct cw_oid *oid, enum cw_object_type *ret_type, uint64_t *ret_size,
		   struct cw_err *err)
{
	enum cw_object_type type;
	git_object_t git_type;
	git_oid id;
	size_t size;
	int rc;

	if (!cw_oid_to_git(&id, oid))
		return no_such_id(err);
	rc = need_odb(r, err);
	if (rc)
		return rc;
	rc = git_odb_read_header(&size, &git_type, r->odb, &id);
	if (rc < 0 && refresh(r))
		rc = git_odb_read_header(&size, &git_type, r->odb, &id);
	if (rc < 0) {
		rc = cw_git_err(err, rc, "unable to read the object's header");
		if (rc == CW_E_NOMEM || copies(r, NULL) || cw_copies_header(r->copies, oid, &size, &git_type, NULL))
			return rc;
	}
	if (!cw_type_from_git(&type, git_type))
		return cw_err_set(err, CW_E_CORRUPT, "the object has no known type");
	*ret_type = type;
	*ret_size = size;
	return 0;
}

bool cw_repo_is_small(const struct cw_repo *r, const struct cw_object_ref *ref, uint64_t max)
{
	uint64_t size = 0;

	if (ref->order != CW_ORDER_LOOSE || ref->shared)
		return false;
	for (size_t i = 0; !size && i < r->stores.len; i++)
		size = cw_loose_size(CW_VEC_AT(&r->stores, char *, i), &ref->oid);
	return size > 0 && size < max / DEFLATE_RATIO_MAX;
}

bool cw_repo_has(struct cw_repo *r, const struct cw_oid *oid)
{
	git_oid id;

	return cw_oid_to_git(&id, oid) && !need_odb(r, NULL) &&
	       git_odb_exists_ext(r->odb, &id, GIT_ODB_LOOKUP_NO_REFRESH) == 1;
}

/* Read OID; when that fails, or VERIFY and the content has another id, from the next good copy. */
static int read_object(struct cw_repo *r, const struct cw_oid *oid, bool verify, git_odb_object **ret, struct cw_err *err)
{
	git_odb_object *object = NULL;
	git_oid id;
	int rc;

	if (!cw_oid_to_git(&id, oid))
		return no_such_id(err);
	rc = need_odb(r, err);
	if (rc)
		return rc;
	rc = git_odb_read(&object, r->odb, &id);
	if (rc < 0 && refresh(r))
		rc = git_odb_read(&object, r->odb, &id);
	rc = rc < 0 ? cw_git_err(err, rc, "unable to read the object") : 0;
	if (!rc && verify)
		rc = cw_object_check_id(object, oid, err);
	if (rc) {
		git_odb_object_free(object);
		if (rc == CW_E_NOMEM || copies(r, NULL) || cw_copies_read(r->copies, oid, &object, NULL))
			return rc;
	}
	*ret = object;
	return 0;
}

static int take(git_odb_object *object, struct cw_object *ret, struct cw_err *err)
{
	enum cw_object_type type;

	if (!cw_type_from_git(&type, git_odb_object_type(object))) {
		git_odb_object_free(object);
		return cw_err_set(err, CW_E_CORRUPT, "the object has no known type");
	}
	*ret = (struct cw_object){ .type = type, .impl = object };
	ret->data = git_odb_object_data(object);
	ret->len = git_odb_object_size(object);
	return 0;
}

int cw_repo_read(struct cw_repo *r, const struct cw_oid *oid, struct cw_object *ret, struct cw_err *err)
{
	git_odb_object *object = NULL;
	int rc = read_object(r, oid, false, &object, err);

	return rc ? rc : take(object, ret, err);
}

int cw_repo_read_ref(struct cw_repo *r, const struct cw_object_ref *ref, struct cw_object *ret, struct cw_err *err)
{
	git_odb_object *object = NULL;
	int rc = read_object(r, &ref->oid, ref->shared, &object, err);

	return rc ? rc : take(object, ret, err);
}

int cw_object_verify(const struct cw_object *o, const struct cw_oid *oid, struct cw_err *err)
{
	return cw_bytes_check_id(o->type, o->data, o->len, oid, err);
}

void cw_object_release(struct cw_object *o)
{
	git_odb_object_free(o->impl);
	*o = (struct cw_object){ .data = NULL };
}

const struct cw_vec *cw_repo_faults(const struct cw_repo *r)
{
	return &r->faults;
}
