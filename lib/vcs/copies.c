/* vcs/copies.c - see copies.h. */
#include "vcs/copies.h"

#include <git2/sys/odb_backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "vcs/git_err.h"
#include "vcs/loose.h"
#include "vcs/pack_backend.h"
#include "vcs/pack_check.h"
#include "vcs/repo.h"
#include "vcs/stores.h"

struct cw_copies {
	struct cw_vec places; /* git_odb *, each with one backend */
};

void cw_copies_free(struct cw_copies *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->places.len; i++)
		git_odb_free(CW_VEC_AT(&c->places, git_odb *, i));
	cw_vec_release(&c->places);
	free(c);
}

/* A place of its own for BACKEND, which is owned by this call. */
static int add_place(struct cw_copies *c, git_odb_backend *backend, struct cw_err *err)
{
	git_odb *odb = NULL;
	git_odb **slot;
	int rc = git_odb_new(&odb);

	if (rc >= 0)
		rc = git_odb_add_backend(odb, backend, 1);
	if (rc < 0) {
		backend->free(backend);
		git_odb_free(odb);
		return cw_git_err(err, rc, "unable to open a pack");
	}
	slot = cw_vec_push(&c->places);
	if (!slot) {
		git_odb_free(odb);
		return cw_vec_fail(&c->places, "packs", err);
	}
	*slot = odb;
	return 0;
}

/* A pack that cannot be opened has no good copies; that it is there was said when the objects were listed. */
static int add_pack(struct cw_copies *c, const char *index, struct cw_err *err)
{
	git_odb_backend *backend = NULL;

	if (cw_pack_usable(index, NULL) || cw_pack_backend(index, &backend, NULL))
		return 0;
	return add_place(c, backend, err);
}

static int add_store(struct cw_copies *c, const char *store, struct cw_err *err)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec packs = CW_VEC_INIT(char *, CW_OBJECTS_MAX);
	CW_CLEANUP(cw_store_faults_release) struct cw_vec faults = CW_VEC_INIT(struct cw_store_fault, CW_STORE_FAULTS_MAX);
	git_odb_backend *loose = NULL;
	int rc = cw_store_packs(store, &packs, &faults, err);

	for (size_t i = 0; !rc && i < packs.len; i++)
		rc = add_pack(c, CW_VEC_AT(&packs, char *, i), err);
	rc = rc ? rc : cw_loose_backend(store, &loose, err);
	return rc ? rc : add_place(c, loose, err);
}

int cw_copies_new(const struct cw_vec *stores, struct cw_copies **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_copies_free_p) struct cw_copies *c = calloc(1, sizeof(*c));
	int rc = 0;

	if (!c)
		return cw_err_nomem(err);
	c->places = (struct cw_vec)CW_VEC_INIT(git_odb *, CW_OBJECTS_MAX);
	for (size_t i = 0; !rc && i < stores->len; i++)
		rc = add_store(c, CW_VEC_AT(stores, char *, i), err);
	if (!rc)
		*ret = cw_steal(&c);
	return rc;
}

int cw_bytes_check_id(enum cw_object_type type, const void *data, size_t len, const struct cw_oid *oid, struct cw_err *err)
{
	char head[32];
	uint8_t id[CW_SHA1_LEN];
	struct cw_bytes pieces[2];
	int rc;

	snprintf(head, sizeof(head), "%s %zu", cw_object_type_name(type), len);
	pieces[0] = (struct cw_bytes){ .data = head, .len = strlen(head) + 1 };
	pieces[1] = (struct cw_bytes){ .data = data, .len = len };
	rc = cw_sha1(pieces, 2, id, err);
	if (!rc && (oid->len != sizeof(id) || memcmp(id, oid->id, sizeof(id))))
		rc = cw_err_set(err, CW_E_CORRUPT, "the object's content has another id");
	return rc;
}

int cw_object_check_id(git_odb_object *o, const struct cw_oid *oid, struct cw_err *err)
{
	enum cw_object_type type;

	if (!cw_type_from_git(&type, git_odb_object_type(o)))
		return cw_err_set(err, CW_E_CORRUPT, "the object has no known type");
	return cw_bytes_check_id(type, git_odb_object_data(o), git_odb_object_size(o), oid, err);
}

static int read_copy(git_odb *odb, const git_oid *id, const struct cw_oid *oid, git_odb_object **ret, struct cw_err *err)
{
	git_odb_object *object = NULL;
	int rc = git_odb_read(&object, odb, id);

	if (rc < 0)
		return cw_git_err(err, rc, "unable to read the object");
	rc = cw_object_check_id(object, oid, err);
	if (rc)
		git_odb_object_free(object);
	else
		*ret = object;
	return rc;
}

int cw_copies_read(struct cw_copies *c, const struct cw_oid *oid, git_odb_object **ret, struct cw_err *err)
{
	int result = cw_err_set(err, CW_E_NOTFOUND, "the object is not in the store");
	git_oid id;

	if (!cw_oid_to_git(&id, oid))
		return result;
	for (size_t i = 0; i < c->places.len; i++) {
		struct cw_err why = CW_ERR_INIT;
		int rc = read_copy(CW_VEC_AT(&c->places, git_odb *, i), &id, oid, ret, &why);

		if (!rc || rc == CW_E_NOMEM)
			return rc ? cw_err_nomem(err) : 0;
		if (rc != CW_E_NOTFOUND)
			result = cw_err_set(err, CW_E_CORRUPT, "%s", cw_err_msg(&why));
	}
	return result;
}

int cw_copies_header(struct cw_copies *c, const struct cw_oid *oid, size_t *ret_size, git_object_t *ret_type,
		     struct cw_err *err)
{
	git_oid id;

	for (size_t i = 0; cw_oid_to_git(&id, oid) && i < c->places.len; i++) {
		if (git_odb_read_header(ret_size, ret_type, CW_VEC_AT(&c->places, git_odb *, i), &id) == 0)
			return 0;
	}
	return cw_err_set(err, CW_E_NOTFOUND, "no copy of the object states its size");
}
