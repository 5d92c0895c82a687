/* vcs/pack_backend.c - see pack_backend.h. libgit2's own backend does the reading; here a chain is walked before, by the headers of
 * its entries alone. Only deltas that name their base by its id can make a circle: the others point backwards. */
#include "vcs/pack_backend.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/git_err.h"
#include "vcs/map.h"
#include "vcs/pack_index.h"

#define SHA1_LEN 20
#define HEAD_LEN 64 /* bytes: more than any header of an entry */
#define KIND_OFS_DELTA 6
#define KIND_REF_DELTA 7

struct pack {
	git_odb_backend parent; /* first: libgit2 sees only this */
	git_odb_backend *inner;
	struct cw_map map;
	struct cw_pack_index index;
	char *path; /* of the pack; open only while a chain is walked: there may be many packs */
};

enum step { ENDS, GOES_ON, NEVER_ENDS };

/* The first entry of the index with an id that is not below ID. */
static uint32_t lower_bound(const struct cw_pack_index *x, const unsigned char *id)
{
	uint32_t low = 0, high = x->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (memcmp(x->ids + (size_t)mid * x->id_step, id, SHA1_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_entry(const struct cw_pack_index *x, uint32_t i, const unsigned char *id, uint64_t *ret_offset)
{
	struct cw_oid oid;

	return i < x->count && !memcmp(x->ids + (size_t)i * x->id_step, id, SHA1_LEN) &&
	       !cw_pack_index_entry(x, i, &oid, ret_offset, NULL);
}

/* The place of the base that the LEN bytes at P name by its id. Which of two entries with one id libgit2 takes is not known. */
static enum step base_by_id(const struct pack *p, const uint8_t *id, size_t len, uint64_t *at)
{
	uint32_t i;
	uint64_t other;

	if (len < SHA1_LEN)
		return ENDS;
	i = lower_bound(&p->index, id);
	if (!is_entry(&p->index, i, id, at))
		return ENDS;
	return is_entry(&p->index, i + 1, id, &other) ? NEVER_ENDS : GOES_ON;
}

static enum step base_by_distance(const uint8_t *head, size_t len, uint64_t *at)
{
	uint64_t distance = 0;

	for (size_t i = 0; i < len && distance < UINT64_MAX >> 8; i++, distance++) {
		distance = distance << 7 | (head[i] & 0x7f);
		if (head[i] & 0x80)
			continue;
		if (distance == 0)
			return NEVER_ENDS;
		if (distance > *at)
			return ENDS;
		*at -= distance;
		return GOES_ON;
	}
	return ENDS;
}

/* Go from the entry at *AT to its base. What is damaged ends here: libgit2 says so. */
static enum step next(const struct pack *p, int fd, uint64_t *at)
{
	uint8_t head[HEAD_LEN];
	ssize_t n = pread(fd, head, sizeof(head), (off_t)*at);
	size_t len = n > 0 ? (size_t)n : 0, i = 0;
	unsigned kind;

	if (!len)
		return ENDS;
	kind = head[0] >> 4 & 7;
	while (i < len && head[i] & 0x80)
		i++;
	if (++i >= len)
		return ENDS;
	if (kind == KIND_OFS_DELTA)
		return base_by_distance(head + i, len - i, at);
	return kind == KIND_REF_DELTA ? base_by_id(p, head + i, len - i, at) : ENDS;
}

/* Whether the chain from AT on ends. A place seen before, at distances that double, is a circle. */
static bool chain_ends(const struct pack *p, int fd, uint64_t at)
{
	uint64_t seen = at, steps = 0, power = 1;

	for (;;) {
		enum step step = next(p, fd, &at);

		if (step != GOES_ON)
			return step == ENDS;
		if (at == seen)
			return false;
		if (++steps == power) {
			seen = at;
			power *= 2;
			steps = 0;
		}
	}
}

static int refuse(const char *why)
{
	git_error_set_str(GIT_ERROR_ODB, why);
	return GIT_ERROR;
}

/* 0 when libgit2 may look for ID. */
static int check(const struct pack *p, const git_oid *id)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	uint32_t i = lower_bound(&p->index, id->id);
	uint64_t at;

	for (; is_entry(&p->index, i, id->id, &at); i++) {
		if (fd < 0)
			fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			return refuse("the pack cannot be opened");
		if (!chain_ends(p, fd, at))
			return refuse("the chain of deltas is a circle");
	}
	return 0;
}

static int backend_read(void **ret_data, size_t *ret_len, git_object_t *ret_type, git_odb_backend *backend, const git_oid *id)
{
	struct pack *p = (struct pack *)backend;
	int rc = check(p, id);

	return rc ? rc : p->inner->read(ret_data, ret_len, ret_type, p->inner, id);
}

static int backend_read_header(size_t *ret_len, git_object_t *ret_type, git_odb_backend *backend, const git_oid *id)
{
	struct pack *p = (struct pack *)backend;
	int rc = check(p, id);

	return rc ? rc : p->inner->read_header(ret_len, ret_type, p->inner, id);
}

static int backend_exists(git_odb_backend *backend, const git_oid *id)
{
	struct pack *p = (struct pack *)backend;

	return p->inner->exists(p->inner, id);
}

static void backend_free(git_odb_backend *backend)
{
	struct pack *p = (struct pack *)backend;

	if (p->inner)
		p->inner->free(p->inner);
	cw_map_release(&p->map);
	free(p->path);
	free(p);
}

static int fill(struct pack *p, const char *index, struct cw_err *err)
{
	size_t stem = strlen(index) - strlen("idx");
	int rc = asprintf(&p->path, "%.*spack", (int)stem, index);

	if (rc < 0) {
		p->path = NULL;
		return cw_err_nomem(err);
	}
	rc = cw_map_file(index, &p->map, err);
	rc = rc ? rc : cw_pack_index_parse(p->map.data, p->map.len, SHA1_LEN, &p->index, err);
	if (rc)
		return rc;
	rc = git_odb_backend_one_pack(&p->inner, index);
	return rc < 0 ? cw_git_err(err, rc, index) : 0;
}

int cw_pack_backend(const char *index, git_odb_backend **ret, struct cw_err *err)
{
	struct pack *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return cw_err_nomem(err);
	git_odb_init_backend(&p->parent, GIT_ODB_BACKEND_VERSION);
	p->parent.read = backend_read;
	p->parent.read_header = backend_read_header;
	p->parent.exists = backend_exists;
	p->parent.free = backend_free;
	rc = fill(p, index, err);
	if (rc) {
		backend_free(&p->parent);
		return rc;
	}
	*ret = &p->parent;
	return 0;
}
