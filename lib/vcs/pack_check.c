/* vcs/pack_check.c - see pack_check.h. The pack is read with pread: it may be cut short at any moment. */
#include "vcs/pack_check.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/sort.h"
#include "vcs/map.h"

#define SHA1_LEN 20 /* bytes of an id: libgit2 reads no others */
#define INLINE static inline __attribute__((always_inline))
#define LARGE_OFFSET 0x80000000u /* from here on a word refers to the table of large offsets */
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

/* The lowest and the highest of N big-endian words: one pass without branches, for there may be millions. Compiled twice, for any
 * processor and for those with AVX2. */
INLINE void range_of(const uint8_t *words, uint32_t n, uint32_t *ret_min, uint32_t *ret_max)
{
	uint32_t min = UINT32_MAX, max = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t word;

		memcpy(&word, words + 4 * i, sizeof(word));
		word = be32toh(word);
		min = word < min ? word : min;
		max = word > max ? word : max;
	}
	*ret_min = min;
	*ret_max = max;
}

static void range_portable(const uint8_t *words, uint32_t n, uint32_t *ret_min, uint32_t *ret_max)
{
	range_of(words, n, ret_min, ret_max);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void range_avx2(const uint8_t *words, uint32_t n, uint32_t *ret_min, uint32_t *ret_max)
{
	range_of(words, n, ret_min, ret_max);
}

static bool have_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define range_avx2 range_portable

static bool have_avx2(void)
{
	return false;
}
#endif

/* Whether all offsets are seen at once to be within a pack of SIZE bytes. Where one stands in the table of large ones, none is. */
static bool bounds_plain(uint64_t size, const struct cw_pack_index *x)
{
	uint32_t min, max;

	if (x->version != 2 || x->off_step != sizeof(uint32_t))
		return false;
	(have_avx2() ? range_avx2 : range_portable)(x->off32, x->count, &min, &max);
	return min >= PACK_HEADER_LEN && max < LARGE_OFFSET && max < size - x->oid_len;
}

/* SIZE is at least that of an empty pack. */
static int check_bounds(uint64_t size, const struct cw_pack_index *x, struct cw_err *err)
{
	if (bounds_plain(size, x))
		return 0;
	for (uint32_t i = 0; i < x->count; i++) {
		uint64_t offset = cw_pack_index_offset(x, i);

		if (offset == UINT64_MAX)
			return cw_err_set(err, CW_E_CORRUPT, "entry %" PRIu32 " of the pack index has no offset", i);
		if (offset < PACK_HEADER_LEN || offset >= size - x->oid_len)
			return corrupt(err, "the index points to places outside the pack");
	}
	return 0;
}

static int check_distinct(const struct cw_pack_index *x, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) struct cw_sort_key *keys = calloc(2 * (size_t)x->count + 1, sizeof(*keys));
	struct cw_sort_key *sorted;

	if (!keys)
		return cw_err_nomem(err);
	for (uint32_t i = 0; i < x->count; i++)
		keys[i].key = cw_pack_index_offset(x, i);
	sorted = cw_sort_keys(keys, keys + x->count, x->count);
	for (uint32_t i = 1; i < x->count; i++) {
		if (sorted[i].key == sorted[i - 1].key)
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
