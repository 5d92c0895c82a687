/* tests/unit/pack_make.c - see pack_make.h. Sizes stay below 128, so that a header has two bytes at most. */
#include "pack_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/io.h"

#define ID_LEN 20
#define OFS_DELTA 6
#define REF_DELTA 7

void made_store_init(struct made_store *s)
{
	char path[80];

	*s = (struct made_store){ .folder = "/tmp/credwatch-test.XXXXXX" };
	if (!mkdtemp(s->folder))
		abort();
	snprintf(path, sizeof(path), "%s/pack", s->folder);
	if (cw_io_mkdirs(path, 0700, NULL))
		abort();
	s->store_list[0] = s->folder;
	s->repo.at.git_dir = s->folder;
	s->repo.stores = (struct cw_vec){ .items = s->store_list, .len = 1, .cap = 1, .max = 1 };
}

void made_store_release(struct made_store *s)
{
	char path[80];

	for (unsigned i = 0; i < s->files_len; i++) {
		unlink(s->files[i]);
		free(s->files[i]);
	}
	snprintf(path, sizeof(path), "%s/pack", s->folder);
	rmdir(path);
	rmdir(s->folder);
}

static void put32(struct cw_buf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		cw_buf_addc(b, (char)(n >> shift));
}

static void put_id(struct cw_buf *b, uint8_t id)
{
	for (int i = 0; i < ID_LEN; i++)
		cw_buf_addc(b, (char)id);
}

static void write_file(struct made_store *s, const char *name, const char *ending, const struct cw_buf *content)
{
	char *path = NULL;

	if (s->files_len == MADE_FILES_MAX || asprintf(&path, "%s/pack/pack-%s.%s", s->folder, name, ending) < 0)
		abort();
	s->files[s->files_len++] = path;
	if (cw_io_replace_file(path, content->data, content->len, 0600, NULL))
		abort();
}

/* The index, whose ids must ascend. */
static void write_index(struct made_store *s, const char *name, const struct made_pack *p)
{
	struct cw_buf b = CW_BUF_INIT;
	unsigned order[MADE_ENTRIES_MAX], n = 0;

	for (unsigned id = 0; id < 256; id++) {
		for (unsigned i = 0; i < p->count; i++) {
			if (p->first[i] == id)
				order[n++] = i;
		}
	}
	cw_buf_adds(&b, "\377tOc");
	put32(&b, 2);
	for (unsigned id = 0, below = 0; id < 256; id++) {
		while (below < n && p->first[order[below]] <= id)
			below++;
		put32(&b, below);
	}
	for (unsigned i = 0; i < n; i++)
		put_id(&b, p->first[order[i]]);
	for (unsigned i = 0; i < n; i++)
		put32(&b, 0);
	for (unsigned i = 0; i < n; i++)
		put32(&b, p->offset[order[i]]);
	put_id(&b, 's');
	put_id(&b, 's');
	write_file(s, name, "idx", &b);
	cw_buf_release(&b);
}

void made_store_add(struct made_store *s, const char *name, struct made_pack *p)
{
	struct cw_buf b = CW_BUF_INIT;

	cw_buf_adds(&b, "PACK");
	put32(&b, 2);
	put32(&b, p->count);
	cw_buf_add(&b, p->body.data, p->body.len);
	put_id(&b, 's');
	write_file(s, name, "pack", &b);
	write_index(s, name, p);
	cw_buf_release(&b);
	cw_buf_release(&p->body);
	made_pack_init(p);
}

void made_pack_init(struct made_pack *p)
{
	*p = (struct made_pack){ .body = CW_BUF_INIT };
}

static void begin(struct made_pack *p, uint8_t id, unsigned kind, size_t size)
{
	if (p->count == MADE_ENTRIES_MAX || size >= 128)
		abort();
	p->first[p->count] = id;
	p->offset[p->count++] = (uint32_t)(12 + p->body.len);
	cw_buf_addc(&p->body, (char)(kind << 4 | (size & 15) | (size >> 4 ? 0x80 : 0)));
	if (size >> 4)
		cw_buf_addc(&p->body, (char)(size >> 4));
}

static void put_packed(struct made_pack *p, const struct cw_buf *data)
{
	unsigned char out[256];
	unsigned long len = sizeof(out);

	if (compress(out, &len, (const unsigned char *)data->data, data->len) != Z_OK)
		abort();
	cw_buf_add(&p->body, out, len);
}

void made_pack_object(struct made_pack *p, uint8_t id, unsigned kind, const char *data)
{
	struct cw_buf b = CW_BUF_INIT;

	cw_buf_adds(&b, data);
	begin(p, id, kind, b.len);
	put_packed(p, &b);
	cw_buf_release(&b);
}

static void make_delta(struct cw_buf *b, uint8_t base_len, const char *data)
{
	cw_buf_addc(b, (char)base_len);
	cw_buf_addc(b, (char)(base_len + strlen(data)));
	cw_buf_addc(b, (char)0x90);
	cw_buf_addc(b, (char)base_len);
	cw_buf_addc(b, (char)strlen(data));
	cw_buf_adds(b, data);
}

void made_pack_ofs(struct made_pack *p, uint8_t id, unsigned base, uint8_t base_len, const char *data)
{
	struct cw_buf b = CW_BUF_INIT;
	uint32_t distance;

	make_delta(&b, base_len, data);
	begin(p, id, OFS_DELTA, b.len);
	distance = p->offset[p->count - 1] - p->offset[base];
	if (distance >= 128)
		cw_buf_addc(&p->body, (char)((distance - 128) >> 7 | 0x80));
	cw_buf_addc(&p->body, (char)(distance & 0x7f));
	put_packed(p, &b);
	cw_buf_release(&b);
}

void made_pack_ref(struct made_pack *p, uint8_t id, uint8_t base_id, uint8_t base_len, const char *data)
{
	struct cw_buf b = CW_BUF_INIT;

	make_delta(&b, base_len, data);
	begin(p, id, REF_DELTA, b.len);
	put_id(&p->body, base_id);
	put_packed(p, &b);
	cw_buf_release(&b);
}
