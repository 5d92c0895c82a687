/* vcs/packs_load.c - from the index of one pack to its entries in the order of their offsets.
 *
 * What the index says is checked as in pack_check.h; on top of that its entries must begin where the pack's do, and the ids must
 * ascend. That the entries fill the pack without gaps is seen when each is inflated: it must use all bytes up to the next. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/sort.h"
#include "vcs/pack_check.h"
#include "vcs/pack_index.h"
#include "vcs/packs_int.h"

#define ENTRY_LEN_MIN 9		/* bytes in a pack: a header and an empty zlib stream */
#define INDEX_PER_ENTRY_MAX 40	/* bytes in an index: id, checksum, offset, large offset, and a few to spare */
#define INDEX_OTHER_MAX 4096

struct bytes {
	uint8_t *data;
	size_t len;
};

static void bytes_release(struct bytes *b)
{
	free(b->data);
}

static int corrupt(struct cw_err *err, const char *why)
{
	return cw_err_set(err, CW_E_CORRUPT, "%s", why);
}

/* Read an index, which can only be as long as a pack of PACK_SIZE bytes may need. */
static int read_index(const char *path, uint64_t pack_size, struct bytes *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	uint64_t max = pack_size / ENTRY_LEN_MIN * INDEX_PER_ENTRY_MAX + INDEX_OTHER_MAX;
	struct stat st;
	size_t got = 0;
	int rc = cw_io_open_file(path, 0, &fd, err);

	if (rc)
		return rc;
	if (fstat(fd, &st) != 0 || st.st_size <= 0 || (uint64_t)st.st_size > max)
		return corrupt(err, "the index has not the length that its pack needs");
	ret->data = malloc((size_t)st.st_size);
	if (!ret->data)
		return cw_err_nomem(err);
	rc = cw_io_read_full(fd, ret->data, (size_t)st.st_size, &got, err);
	ret->len = got;
	return rc;
}

/* The offsets of all entries; ids must not descend. */
static int list_places(const struct cw_pack_index *x, uint64_t trailer, struct cw_sort_key *out, struct cw_err *err)
{
	for (uint32_t i = 0; i < x->count; i++) {
		const uint8_t *id = x->ids + (size_t)i * x->id_step;

		out[i] = (struct cw_sort_key){ .key = cw_pack_index_offset(x, i), .value = i };
		if (out[i].key == UINT64_MAX)
			return corrupt(err, "the index gives an object no place in the pack");
		if (out[i].key < CW_PACK_HEADER_LEN || out[i].key >= trailer)
			return corrupt(err, "the index points to places outside the pack");
		if (i && memcmp(id - x->id_step, id, CW_PACK_ID_LEN) > 0)
			return corrupt(err, "the ids of the index are not in order");
	}
	return 0;
}

static int check_places(const struct cw_sort_key *places, uint32_t count, struct cw_err *err)
{
	if (count && places[0].key != CW_PACK_HEADER_LEN)
		return corrupt(err, "the index does not name the first object of the pack");
	for (uint32_t i = 1; i < count; i++) {
		if (places[i].key == places[i - 1].key)
			return corrupt(err, "the index gives two objects the same place in the pack");
	}
	return 0;
}

static int reserve(struct cw_packs *p, uint32_t count, struct cw_err *err)
{
	if (cw_vec_reserve(&p->packs, 1))
		return cw_vec_fail(&p->packs, "packs", err);
	if (cw_vec_reserve(&p->entries, count))
		return cw_vec_fail(&p->entries, "entries of packs", err);
	if (cw_vec_reserve(&p->ids, count))
		return cw_vec_fail(&p->ids, "entries of packs", err);
	if (cw_vec_reserve(&p->by_id, count))
		return cw_vec_fail(&p->by_id, "entries of packs", err);
	return 0;
}

/* Whether equal ids of the index do not stand in the order of their entries. */
static bool copies_unordered(const struct cw_pack_index *x, const uint32_t *by_id)
{
	for (uint32_t i = 1; i < x->count; i++) {
		const uint8_t *id = x->ids + (size_t)i * x->id_step;

		if (by_id[i - 1] > by_id[i] && !memcmp(id - x->id_step, id, CW_PACK_ID_LEN))
			return true;
	}
	return false;
}

/* Room was reserved. PLACES are sorted and end before TRAILER. */
static void append(struct cw_packs *p, const struct cw_pack_index *x, const struct cw_sort_key *places, uint64_t trailer)
{
	uint32_t first = (uint32_t)p->entries.len, pack = (uint32_t)p->packs.len;
	uint32_t *by_id = (uint32_t *)p->by_id.items + first;
	struct cw_entry *entries = (struct cw_entry *)p->entries.items + first;
	struct cw_pack_id *ids = (struct cw_pack_id *)p->ids.items + first;

	for (uint32_t i = 0; i < x->count; i++) {
		entries[i] = (struct cw_entry){ .offset = places[i].key, .pack = pack, .base = CW_ENTRY_NONE };
		entries[i].end = i + 1 < x->count ? places[i + 1].key : trailer;
		entries[i].child = entries[i].sibling = CW_ENTRY_NONE;
		memcpy(ids[i].id, x->ids + (size_t)places[i].value * x->id_step, CW_PACK_ID_LEN);
		by_id[places[i].value] = first + i;
	}
	p->unordered |= pack > 0 || copies_unordered(x, by_id);
	p->entries.len = p->ids.len = p->by_id.len = first + x->count;
}

static int load_entries(struct cw_packs *p, const struct cw_pack_file *file, const struct cw_pack_index *x, struct cw_err *err)
{
	uint64_t trailer = file->size - CW_PACK_SUM_LEN;
	CW_CLEANUP(cw_freep) struct cw_sort_key *places = malloc((size_t)x->count * 2 * sizeof(*places) + 1);
	struct cw_sort_key *sorted;
	int rc = places ? list_places(x, trailer, places, err) : cw_err_nomem(err);

	if (rc)
		return rc;
	sorted = cw_sort_keys(places, places + x->count, x->count);
	rc = check_places(sorted, x->count, err);
	rc = rc ? rc : reserve(p, x->count, err);
	if (!rc)
		append(p, x, sorted, trailer);
	return rc;
}

/* "X.pack" for "X.idx". */
static int open_pack(const char *index_path, struct cw_pack_file *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	int rc;

	cw_buf_add(&path, index_path, strlen(index_path) - strlen("idx"));
	cw_buf_adds(&path, "pack");
	rc = cw_buf_fail(&path, "pack name", err);
	return rc ? rc : cw_pack_file_open(path.data, ret, err);
}

int cw_packs_load(struct cw_packs *p, const char *index_path, struct cw_err *err)
{
	CW_CLEANUP(cw_pack_file_release) struct cw_pack_file file = CW_PACK_FILE_INIT;
	CW_CLEANUP(bytes_release) struct bytes index = { .data = NULL };
	struct cw_pack_index x;
	struct cw_pack *pack;
	uint32_t first = (uint32_t)p->entries.len;
	int rc = open_pack(index_path, &file, err);

	rc = rc ? rc : read_index(index_path, file.size, &index, err);
	rc = rc ? rc : cw_pack_index_parse(index.data, index.len, CW_PACK_ID_LEN, &x, err);
	rc = rc ? rc : cw_pack_check_ends(file.fd, file.size, &x, err);
	rc = rc ? rc : load_entries(p, &file, &x, err);
	if (rc)
		return rc;
	pack = cw_vec_push(&p->packs); /* room was reserved */
	if (!pack)
		return cw_vec_fail(&p->packs, "packs", err);
	*pack = (struct cw_pack){ .file = file, .first = first, .count = x.count };
	if (p->packs.len > cw_pack_files_max())
		cw_pack_file_park(&pack->file);
	file = (struct cw_pack_file)CW_PACK_FILE_INIT;
	return 0;
}
