/* Fuzz target: the bytes of a pack, and an index that says anything about their places. The input is the number of entries, two bytes
 * for the length of each, and what stands between the pack's header and its checksum. The id of entry N is 20 times the byte N.
 * Whatever the bytes are, entries are in order, families end, and each entry is read or refused. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/packs.h"
#include "vcs/repo_int.h"

#define OBJECT_MAX ((uint64_t)1 << 20)
#define SUM_LEN 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[] = "/tmp/credwatch-fuzz.XXXXXX", pack_folder[64], pack_path[80], index_path[80];

static void clean_up(void)
{
	unlink(pack_path);
	unlink(index_path);
	rmdir(pack_folder);
	rmdir(folder);
}

static void set_up(void)
{
	if (pack_path[0])
		return;
	if (!mkdtemp(folder))
		abort();
	snprintf(pack_folder, sizeof(pack_folder), "%s/pack", folder);
	snprintf(pack_path, sizeof(pack_path), "%s/pack-x.pack", pack_folder);
	snprintf(index_path, sizeof(index_path), "%s/pack-x.idx", pack_folder);
	if (cw_io_mkdirs(pack_folder, 0700, NULL) || atexit(clean_up))
		abort();
}

static void put32(struct cw_buf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		cw_buf_addc(b, (char)(n >> shift));
}

static void write_file(const char *path, const struct cw_buf *b)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(b->data, 1, b->len, file) != b->len || fclose(file))
		abort();
}

static void write_pack(const uint8_t *body, size_t len, unsigned count)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	cw_buf_adds(&b, "PACK");
	put32(&b, 2);
	put32(&b, count);
	cw_buf_add(&b, body, len);
	for (int i = 0; i < SUM_LEN; i++)
		cw_buf_addc(&b, 's');
	write_file(pack_path, &b);
}

static void write_index(const uint8_t *lengths, unsigned count)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	uint32_t offset = 12;

	cw_buf_adds(&b, "\377tOc");
	put32(&b, 2);
	for (unsigned i = 0; i < 256; i++)
		put32(&b, i < count ? i + 1 : count);
	for (unsigned i = 0; i < count * SUM_LEN; i++)
		cw_buf_addc(&b, (char)(i / SUM_LEN));
	for (unsigned i = 0; i < count; i++)
		put32(&b, 0);
	for (unsigned i = 0; i < count; i++) {
		put32(&b, offset);
		offset += (uint32_t)lengths[2 * i] << 8 | lengths[2 * i + 1];
	}
	for (int i = 0; i < 2 * SUM_LEN; i++)
		cw_buf_addc(&b, 's');
	write_file(index_path, &b);
}

static void check_entry(const struct cw_packs *p, struct cw_pack_reader *reader, uint32_t i)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	const struct cw_entry *e = cw_packs_entry(p, i);
	enum cw_object_type type = 0;
	uint32_t children = 0;
	int rc = cw_pack_read(reader, i, OBJECT_MAX, &out, &type, NULL);

	if (e->end <= e->offset || (i && e->offset != cw_packs_entry(p, i - 1)->end))
		abort();
	if (!e->state || (e->state == CW_ENTRY_GOOD) != (e->type != 0) || (e->base == CW_ENTRY_OUTSIDE && e->state != CW_ENTRY_ADRIFT))
		abort();
	if (rc ? rc != CW_E_CORRUPT && rc != CW_E_LIMIT && rc != CW_E_NOTFOUND : type != e->type || e->state != CW_ENTRY_GOOD)
		abort();
	for (uint32_t c = e->child; c != CW_ENTRY_NONE; c = cw_packs_entry(p, c)->sibling) {
		if (cw_packs_entry(p, c)->base != i || ++children > cw_packs_len(p))
			abort();
	}
}

static void check_packs(struct cw_repo *repo)
{
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *p = NULL;
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *reader = NULL;

	if (cw_packs_open(repo, &p, NULL) || cw_pack_reader_new(p, &reader, NULL))
		abort();
	if (!cw_packs_len(p) != !cw_packs_count(p) || cw_packs_count(p) + cw_packs_faults(p)->len != 1)
		abort();
	for (uint32_t i = 0; i < cw_packs_len(p); i++)
		check_entry(p, reader, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *store = folder, git_dir[] = "fuzz";
	struct cw_repo repo = { .at = { .git_dir = git_dir }, .stores = { .items = &store, .len = 1, .cap = 1, .max = 1 } };
	unsigned count = len ? data[0] : 0;

	if (!count || len < 1 + 2 * (size_t)count)
		return 0;
	set_up();
	write_pack(data + 1 + 2 * count, len - 1 - 2 * count, count);
	write_index(data + 1, count);
	check_packs(&repo);
	return 0;
}
