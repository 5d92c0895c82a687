/* vcs/pack_check.c - see pack_check.h. The pack is read with pread: it may be cut short at any moment. */
#include "vcs/pack_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/map.h"

#define SHA1_LEN 20 /* bytes of an id: libgit2 reads no others */
#define PACK_HEADER_LEN 12 /* "PACK", version, number of objects */

static int corrupt(struct cw_err *err, const char *why)
{
	return cw_err_set(err, CW_E_CORRUPT, "%s", why);
}

static int open_pack(const char *index_path, int *ret_fd, uint64_t *ret_size, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	struct stat st;
	int rc;

	cw_buf_add(&path, index_path, strlen(index_path) - strlen("idx"));
	cw_buf_adds(&path, "pack");
	rc = cw_buf_fail(&path, "pack name", err);
	rc = rc ? rc : cw_io_open_file(path.data, 0, ret_fd, err);
	if (!rc && fstat(*ret_fd, &st) != 0)
		rc = cw_err_sys(err, errno, "unable to look at the pack");
	if (!rc)
		*ret_size = (uint64_t)st.st_size;
	return rc;
}

static int read_at(int fd, uint64_t at, void *out, size_t len, struct cw_err *err)
{
	ssize_t n = pread(fd, out, len, (off_t)at);

	if (n < 0)
		return cw_err_sys(err, errno, "unable to read the pack");
	return (size_t)n == len ? 0 : corrupt(err, "the pack is cut short");
}

int cw_pack_check_ends(int fd, uint64_t size, const struct cw_pack_index *x, struct cw_err *err)
{
	uint8_t head[PACK_HEADER_LEN], sum[CW_OID_MAX];
	uint32_t count;
	int rc;

	if (size < PACK_HEADER_LEN + (uint64_t)x->oid_len)
		return corrupt(err, "the pack is cut short");
	rc = read_at(fd, 0, head, sizeof(head), err);
	rc = rc ? rc : read_at(fd, size - x->oid_len, sum, x->oid_len, err);
	if (rc)
		return rc;
	if (memcmp(head, "PACK", 4))
		return corrupt(err, "the pack is no pack");
	count = (uint32_t)head[8] << 24 | (uint32_t)head[9] << 16 | (uint32_t)head[10] << 8 | head[11];
	if (count != x->count)
		return cw_err_set(err, CW_E_CORRUPT, "the index names %" PRIu32 " objects, the pack has %" PRIu32, x->count,
				  count);
	if (memcmp(sum, x->pack_sum, x->oid_len))
		return corrupt(err, "the pack is not the one that the index was made for, or it is cut short");
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* SIZE is at least that of an empty pack. */
static int check_bounds(uint64_t size, const struct cw_pack_index *x, struct cw_err *err)
{
	struct cw_oid oid;

	for (uint32_t i = 0; i < x->count; i++) {
		uint64_t offset = 0;
		int rc = cw_pack_index_entry(x, i, &oid, &offset, err);

		if (rc)
			return rc;
		if (offset < PACK_HEADER_LEN || offset >= size - x->oid_len)
			return corrupt(err, "the index points to places outside the pack");
	}
	return 0;
}

static int check_distinct(const struct cw_pack_index *x, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) uint64_t *offsets = calloc(x->count ? x->count : 1, sizeof(*offsets));
	struct cw_oid oid;

	if (!offsets)
		return cw_err_nomem(err);
	for (uint32_t i = 0; i < x->count; i++) {
		int rc = cw_pack_index_entry(x, i, &oid, &offsets[i], err);

		if (rc)
			return rc;
	}
	qsort(offsets, x->count, sizeof(*offsets), by_number);
	for (uint32_t i = 1; i < x->count; i++) {
		if (offsets[i] == offsets[i - 1])
			return corrupt(err, "the index gives two objects the same place in the pack");
	}
	return 0;
}

int cw_pack_check(const char *index_path, const struct cw_pack_index *x, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	uint64_t size = 0;
	int rc = open_pack(index_path, &fd, &size, err);

	rc = rc ? rc : cw_pack_check_ends(fd, size, x, err);
	rc = rc ? rc : check_bounds(size, x, err);
	return rc ? rc : check_distinct(x, err);
}

int cw_pack_usable(const char *index_path, struct cw_err *err)
{
	CW_CLEANUP(cw_map_release) struct cw_map map = CW_MAP_INIT;
	CW_CLEANUP(cw_closep) int fd = -1;
	struct cw_pack_index x;
	uint64_t size = 0;
	int rc = open_pack(index_path, &fd, &size, err);

	rc = rc ? rc : cw_map_file(index_path, &map, err);
	rc = rc ? rc : cw_pack_index_parse(map.data, map.len, SHA1_LEN, &x, err);
	if (!rc && size < PACK_HEADER_LEN + SHA1_LEN)
		rc = corrupt(err, "the pack is cut short");
	return rc ? rc : check_bounds(size, &x, err);
}
