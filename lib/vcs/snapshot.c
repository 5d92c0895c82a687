/* vcs/snapshot.c - see snapshot.h. */
#include "vcs/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/layout.h"
#include "vcs/loose.h"
#include "vcs/map.h"
#include "vcs/pack_index.h"
#include "vcs/refs.h"
#include "vcs/repo_int.h"
#include "vcs/stores.h"

#define CHUNK_LEN ((size_t)1 << 18) /* bytes read at a time */

void cw_snapshot_release(struct cw_snapshot *s)
{
	for (size_t i = 0; i < s->packs.len; i++)
		free(CW_VEC_AT(&s->packs, struct cw_snapshot_pack, i).index);
	cw_vec_release(&s->packs);
	cw_vec_release(&s->loose);
	cw_strings_release(&s->stores);
	cw_store_faults_release(&s->faults);
	free(s->git_dir);
	free(s->common_dir);
	free(s->objects);
	*s = (struct cw_snapshot)CW_SNAPSHOT_INIT;
}

/* ---- files ---- */

static uint64_t nanoseconds(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct cw_file_state state_of(const struct stat *st)
{
	return (struct cw_file_state){ .device = (uint64_t)st->st_dev, .inode = (uint64_t)st->st_ino, .size = (uint64_t)st->st_size,
				       .modified = nanoseconds(st->st_mtim), .changed = nanoseconds(st->st_ctim) };
}

/* The state of the file at PATH, and its last LEN bytes. */
static int look_at(const char *path, struct cw_file_state *ret, uint8_t *tail, size_t len, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	struct stat st;
	int rc = cw_io_open_file(path, 0, &fd, err);

	if (rc)
		return rc;
	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "unable to look at '%s'", path);
	if (st.st_size < (off_t)len || pread(fd, tail, len, st.st_size - (off_t)len) != (ssize_t)len)
		return cw_err_set(err, CW_E_CORRUPT, "cut short");
	*ret = state_of(&st);
	return 0;
}

/* The name of the pack of INDEX. */
static int name_pack(const char *index, struct cw_buf *out, struct cw_err *err)
{
	cw_buf_add(out, index, strlen(index) - strlen("idx"));
	cw_buf_adds(out, "pack");
	return cw_buf_fail(out, "pack name", err);
}

static int look_at_pack(const char *index, struct cw_pack_state *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf pack = CW_BUF_INIT;
	int rc = name_pack(index, &pack, err);

	rc = rc ? rc : look_at(index, &ret->index, ret->index_sums, sizeof(ret->index_sums), err);
	return rc ? rc : look_at(pack.data, &ret->pack, ret->pack_sum, sizeof(ret->pack_sum), err);
}

static int add_pack(struct cw_snapshot *s, char **index, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	struct cw_snapshot_pack *slot;
	int rc;

	slot = cw_vec_push(&s->packs);
	if (!slot)
		return cw_vec_fail(&s->packs, "packs", err);
	rc = look_at_pack(*index, &slot->state, &why);
	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	if (rc)
		rc = cw_store_fault_add(&s->faults, *index, cw_err_msg(&why), err);
	slot->index = cw_steal(index);
	return rc;
}

static int add_packs(struct cw_snapshot *s, const char *store, struct cw_err *err)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec packs = CW_VEC_INIT(char *, CW_OBJECTS_MAX);
	int rc = cw_store_packs(store, &packs, &s->faults, err);

	for (size_t i = 0; !rc && i < packs.len; i++)
		rc = add_pack(s, &CW_VEC_AT(&packs, char *, i), err);
	return rc;
}

struct adding {
	struct cw_snapshot *s;
	uint32_t store;
	struct cw_err *err;
};

static int add_loose(const struct cw_oid *oid, const struct stat *st, void *payload)
{
	struct adding *a = payload;
	struct cw_snapshot_loose *slot = cw_vec_push(&a->s->loose);

	if (!slot)
		return cw_vec_fail(&a->s->loose, "loose objects", a->err);
	slot->oid = *oid;
	slot->store = a->store;
	slot->state = state_of(st);
	return 0;
}

static int by_oid(const void *va, const void *vb)
{
	const struct cw_snapshot_loose *a = va, *b = vb;
	int c = cw_oid_cmp(&a->oid, &b->oid);

	return c ? c : (a->store > b->store) - (a->store < b->store);
}

static int look_at_stores(struct cw_snapshot *s, struct cw_err *err)
{
	const struct cw_vec none = CW_VEC_INIT(char *, 0);
	int rc = cw_stores_find(s->common_dir, &none, &s->stores, &s->faults, err);

	for (uint32_t i = 0; !rc && i < s->stores.len; i++) {
		const char *store = CW_VEC_AT(&s->stores, char *, i);
		struct adding adding = { .s = s, .store = i, .err = err };

		rc = add_packs(s, store, err);
		rc = rc ? rc : cw_loose_files(store, add_loose, &adding, &s->faults, err);
	}
	if (rc)
		return rc;
	if (s->loose.len)
		qsort(s->loose.items, s->loose.len, s->loose.item_size, by_oid);
	s->objects = strdup(CW_VEC_AT(&s->stores, char *, 0));
	return s->objects ? 0 : cw_err_nomem(err);
}

/* ---- digests ---- */

static int add(struct cw_sha256_ctx *c, const void *data, size_t len, struct cw_err *err)
{
	const uint64_t n = len;
	int rc = cw_sha256_add(c, &n, sizeof(n), err);

	return rc || !len ? rc : cw_sha256_add(c, data, len, err);
}

static int digest_files(struct cw_snapshot *s, struct cw_err *err)
{
	struct cw_sha256_ctx *c = NULL;
	int rc = cw_sha256_new(&c, err);

	for (size_t i = 0; !rc && i < s->stores.len; i++) {
		const char *store = CW_VEC_AT(&s->stores, char *, i);

		rc = add(c, store, strlen(store), err);
	}
	for (size_t i = 0; !rc && i < s->packs.len; i++) {
		const struct cw_snapshot_pack *p = &CW_VEC_AT(&s->packs, struct cw_snapshot_pack, i);

		rc = add(c, p->index, strlen(p->index), err);
		rc = rc ? rc : add(c, &p->state, sizeof(p->state), err);
	}
	/* Items of vectors begin as zeros: equal ones are equal byte for byte. */
	rc = rc ? rc : add(c, s->loose.items, s->loose.len * s->loose.item_size, err);
	rc = rc ? rc : cw_sha256_end(c, s->files, err);
	cw_sha256_free(c);
	return rc;
}

static int add_refs(struct cw_sha256_ctx *c, const struct cw_vec *refs, const struct cw_vec *shallow, struct cw_err *err)
{
	int rc = add(c, shallow->items, shallow->len * shallow->item_size, err);

	for (size_t i = 0; !rc && i < refs->len; i++) {
		const struct cw_ref *ref = &CW_VEC_AT(refs, struct cw_ref, i);

		rc = add(c, ref->name, strlen(ref->name), err);
		rc = rc ? rc : add(c, &ref->oid, sizeof(ref->oid), err);
	}
	return rc;
}

static int digest_all(struct cw_snapshot *s, struct cw_repo *r, struct cw_err *err)
{
	CW_CLEANUP(cw_refs_release) struct cw_vec refs = CW_VEC_INIT(struct cw_ref, CW_REFS_MAX);
	CW_CLEANUP(cw_vec_release) struct cw_vec shallow = CW_VEC_INIT(struct cw_oid, CW_OBJECTS_MAX);
	struct cw_sha256_ctx *c = NULL;
	int rc = cw_repo_refs(r, &refs, &s->faults, err);

	rc = rc ? rc : cw_repo_shallow(r, &shallow, &s->faults, err);
	rc = rc ? rc : cw_sha256_new(&c, err);
	rc = rc ? rc : add(c, s->files, sizeof(s->files), err);
	/* For linked work trees, whose HEADs go by other names. */
	rc = rc ? rc : add(c, s->git_dir, strlen(s->git_dir), err);
	rc = rc ? rc : add_refs(c, &refs, &shallow, err);
	rc = rc ? rc : cw_sha256_end(c, s->all, err);
	cw_sha256_free(c);
	return rc;
}

/* ---- the whole ---- */

int cw_snapshot_take(const char *path, struct cw_snapshot *ret, struct cw_err *err)
{
	/* References are read from files alone: no object database is needed. */
	struct cw_repo r = { .at = CW_LAYOUT_INIT };
	int rc;

	*ret = (struct cw_snapshot){ .stores = CW_VEC_INIT(char *, CW_STORES_MAX),
				     .packs = CW_VEC_INIT(struct cw_snapshot_pack, CW_OBJECTS_MAX),
				     .loose = CW_VEC_INIT(struct cw_snapshot_loose, CW_OBJECTS_MAX),
				     .faults = CW_VEC_INIT(struct cw_store_fault, CW_STORE_FAULTS_MAX) };
	rc = cw_layout_find(path, &r.at, err);
	rc = rc ? rc : cw_layout_check(&r.at, err);
	if (!rc) {
		ret->git_dir = strdup(r.at.git_dir);
		ret->common_dir = realpath(r.at.common_dir, NULL);
		rc = ret->git_dir && ret->common_dir ? 0 : cw_err_nomem(err);
	}
	rc = rc ? rc : look_at_stores(ret, err);
	rc = rc ? rc : digest_files(ret, err);
	rc = rc ? rc : digest_all(ret, &r, err);
	cw_layout_release(&r.at);
	return rc;
}

int cw_snapshot_pack_ids(const char *path, struct cw_vec *out, struct cw_err *err)
{
	CW_CLEANUP(cw_map_release) struct cw_map map = CW_MAP_INIT;
	struct cw_pack_index x;
	int rc = cw_map_file(path, &map, err);

	rc = rc ? rc : cw_pack_index_parse(map.data, map.len, CW_TRAILER_LEN, &x, err);
	for (uint32_t i = 0; !rc && i < x.count; i++) {
		struct cw_oid *slot = cw_vec_push(out);
		uint64_t offset;

		if (!slot)
			return cw_vec_fail(out, "objects of a pack", err);
		rc = cw_pack_index_entry(&x, i, slot, &offset, err);
	}
	return rc;
}

static int add_content(struct cw_sha256_ctx *c, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	CW_CLEANUP(cw_freep) char *chunk = malloc(CHUNK_LEN);
	size_t got = CHUNK_LEN;
	int rc = chunk ? cw_io_open_file(path, 0, &fd, err) : cw_err_nomem(err);

	while (!rc && got == CHUNK_LEN) {
		rc = cw_io_read_full(fd, chunk, CHUNK_LEN, &got, err);
		rc = rc ? rc : cw_sha256_add(c, chunk, got, err);
	}
	return rc;
}

int cw_snapshot_pack_digest(const char *path, uint8_t ret[CW_SHA256_LEN], struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf pack = CW_BUF_INIT;
	struct cw_sha256_ctx *c = NULL;
	int rc = name_pack(path, &pack, err);

	rc = rc ? rc : cw_sha256_new(&c, err);
	rc = rc ? rc : add_content(c, path, err);
	rc = rc ? rc : add_content(c, pack.data, err);
	rc = rc ? rc : cw_sha256_end(c, ret, err);
	cw_sha256_free(c);
	return rc;
}
