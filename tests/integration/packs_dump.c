/* tests/integration/packs_dump.c - prints what the pack reader sees of a repository, to be compared with git's own view.
 *   packs_dump read REPOSITORY [MAX]
 *     entry ID TYPE SIZE    each entry that can be read and has the content of its id
 *     differs ID            the content has another id
 *     broken ID CODE STATE  an entry that cannot be read
 *     fault WHAT: REASON    a pack that was left out
 *   packs_dump families REPOSITORY [MAX]
 *     the same lines, but each object is made from its base, which was made just before, from the roots down
 *   packs_dump one REPOSITORY ID
 *     the same line of the entries with this id
 *   packs_dump cut|gone|scribble REPOSITORY
 *     as read, but once the packs are open, half of each is cut off, or they are deleted, or their bytes are overwritten
 *   packs_dump open|inflate REPOSITORY   does so, and prints how many entries and bytes there are
 * Ends with 1 and "error CODE MESSAGE" when the packs cannot be opened. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/num.h"
#include "vcs/delta.h"
#include "vcs/packs.h"
#include "vcs/parse.h"

#define MAX_DEFAULT ((uint64_t)1 << 30)

static bool has_id(const struct cw_oid *oid, enum cw_object_type type, const struct cw_buf *data)
{
	char head[64];
	uint8_t sum[CW_SHA1_LEN];
	int len = snprintf(head, sizeof(head), "%s %zu", cw_object_type_name(type), data->len);
	struct cw_bytes pieces[2] = { { head, (size_t)len + 1 }, { data->data, data->len } };

	return !cw_sha1(pieces, 2, sum, NULL) && !memcmp(sum, oid->id, sizeof(sum));
}

/* Print the outcome RC of reading entry I into DATA. */
static void print_entry(const struct cw_packs *packs, uint32_t i, int rc, enum cw_object_type type, const struct cw_buf *data)
{
	struct cw_oid oid;
	char hex[CW_OID_HEX_SIZE];

	cw_packs_oid(packs, i, &oid);
	cw_oid_hex(&oid, hex);
	if (rc)
		printf("broken %s %d %d\n", hex, rc, cw_packs_entry(packs, i)->state);
	else if (!has_id(&oid, type, data))
		printf("differs %s\n", hex);
	else
		printf("entry %s %s %zu\n", hex, cw_object_type_name(type), data->len);
}

static void print_object(const struct cw_packs *packs, struct cw_pack_reader *reader, uint32_t i, uint64_t max, struct cw_buf *out)
{
	enum cw_object_type type = CW_OBJ_BLOB;
	int rc = cw_pack_read(reader, i, max, out, &type, NULL);

	print_entry(packs, i, rc, type, out);
}

static void print_faults(const struct cw_packs *packs)
{
	const struct cw_vec *faults = cw_packs_faults(packs);

	for (size_t i = 0; i < faults->len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(faults, struct cw_store_fault, i);

		printf("fault %s: %s\n", f->what, f->reason);
	}
}

static int read_all(const struct cw_packs *packs, uint64_t max, struct cw_err *err)
{
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *reader = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	int rc = cw_pack_reader_new(packs, &reader, err);

	for (uint32_t i = 0; !rc && i < cw_packs_len(packs); i++)
		print_object(packs, reader, i, max, &out);
	print_faults(packs);
	return rc;
}

struct walk {
	const struct cw_packs *packs;
	struct cw_pack_reader *reader;
	struct cw_buf delta;
	struct cw_vec ops;   /* struct cw_delta_op */
	struct cw_vec path;  /* struct cw_buf: the objects from the root to the one in hand */
	uint64_t max;
};

static struct cw_buf *object_at(struct walk *w, size_t depth)
{
	while (w->path.len <= depth) {
		struct cw_buf *b = cw_vec_push(&w->path);

		if (!b)
			abort();
		*b = (struct cw_buf)CW_BUF_INIT;
	}
	return &CW_VEC_AT(&w->path, struct cw_buf, depth);
}

/* Make entry I, which has DEPTH bases, from the object before it in the path. */
static int make(struct walk *w, uint32_t i, size_t depth)
{
	struct cw_buf *out = object_at(w, depth);
	const struct cw_buf *base = depth ? object_at(w, depth - 1) : NULL;
	uint64_t len = 0;
	int rc;

	if (!depth)
		return cw_pack_inflate(w->reader, i, w->max, out, NULL);
	rc = cw_pack_inflate(w->reader, i, w->max, &w->delta, NULL);
	rc = rc ? rc : cw_delta_parse(w->delta.data, w->delta.len, base->len, w->max, &w->ops, &len, NULL);
	cw_buf_clear(out);
	if (rc || cw_buf_reserve(out, len))
		return rc ? rc : out->fail;
	cw_delta_apply(w->delta.data, base->data, &w->ops, out->data);
	cw_buf_commit(out, len);
	return 0;
}

static void walk_family(struct walk *w, uint32_t root)
{
	uint32_t i = root;
	size_t depth = 0;

	for (;;) {
		const struct cw_entry *e = cw_packs_entry(w->packs, i);
		int rc = make(w, i, depth);

		print_entry(w->packs, i, rc, (enum cw_object_type)e->type, object_at(w, depth));
		if (!rc && e->child != CW_ENTRY_NONE) {
			i = e->child;
			depth++;
			continue;
		}
		for (; depth && e->sibling == CW_ENTRY_NONE; depth--)
			e = cw_packs_entry(w->packs, e->base);
		if (!depth)
			return;
		i = e->sibling;
	}
}

static int walk_all(const struct cw_packs *packs, uint64_t max, struct cw_err *err)
{
	struct walk w = { .packs = packs, .max = max, .delta = CW_BUF_INIT };
	int rc = cw_pack_reader_new(packs, &w.reader, err);

	w.ops = (struct cw_vec)CW_VEC_INIT(struct cw_delta_op, SIZE_MAX / sizeof(struct cw_delta_op));
	w.path = (struct cw_vec)CW_VEC_INIT(struct cw_buf, SIZE_MAX / sizeof(struct cw_buf));
	for (uint32_t i = 0; !rc && i < cw_packs_len(packs); i++) {
		if (cw_packs_entry(packs, i)->base == CW_ENTRY_NONE)
			walk_family(&w, i);
	}
	print_faults(packs);
	cw_pack_reader_free(w.reader);
	cw_buf_release(&w.delta);
	cw_vec_release(&w.ops);
	for (size_t i = 0; i < w.path.len; i++)
		cw_buf_release(&CW_VEC_AT(&w.path, struct cw_buf, i));
	cw_vec_release(&w.path);
	return rc;
}

static int read_one(const struct cw_packs *packs, const char *hex, struct cw_err *err)
{
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *reader = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_oid oid;
	int rc = cw_pack_reader_new(packs, &reader, err);

	if (rc || !cw_oid_parse(hex, strlen(hex), &oid))
		return rc ? rc : cw_err_set(err, CW_E_USAGE, "no id");
	for (uint32_t i = cw_packs_find(packs, &oid); i != CW_ENTRY_NONE; i = cw_packs_next_copy(packs, i))
		print_object(packs, reader, i, MAX_DEFAULT, &out);
	return 0;
}

/* Overwrite the second half of the file with zeros but for its last bytes. */
static void scribble(const char *path)
{
	FILE *file = fopen(path, "r+");
	long len;

	if (!file || fseek(file, 0, SEEK_END) || (len = ftell(file)) < 0 || fseek(file, len / 2, SEEK_SET))
		abort();
	for (long at = len / 2; at < len - 20; at++)
		fputc(0, file);
	if (fclose(file))
		abort();
}

static void spoil(const char *mode, const struct cw_packs *packs)
{
	for (uint32_t i = 0; i < cw_packs_count(packs); i++) {
		const char *path = cw_packs_path(packs, i);
		struct stat st;

		if (stat(path, &st))
			abort();
		if (!strcmp(mode, "scribble"))
			scribble(path);
		else if (!strcmp(mode, "gone") ? unlink(path) : truncate(path, st.st_size / 2))
			abort();
	}
}

static int inflate_all(const struct cw_packs *packs, uint64_t max, struct cw_err *err)
{
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *reader = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	uint64_t total = 0;
	int rc = cw_pack_reader_new(packs, &reader, err);

	for (uint32_t i = 0; !rc && i < cw_packs_len(packs); i++) {
		rc = cw_pack_inflate(reader, i, max, &out, err);
		total += out.len;
	}
	printf("%" PRIu32 " entries, %" PRIu64 " bytes inflated\n", cw_packs_len(packs), total);
	return rc;
}

static int dump(const char *mode, const char *path, const char *id, uint64_t max, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *repo = NULL;
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *packs = NULL;
	int rc = cw_repo_open(path, &repo, err);

	rc = rc ? rc : cw_packs_open(repo, &packs, err);
	if (rc)
		return rc;
	if (id)
		return read_one(packs, id, err);
	if (!strcmp(mode, "cut") || !strcmp(mode, "gone") || !strcmp(mode, "scribble"))
		spoil(mode, packs);
	else if (!strcmp(mode, "families"))
		return walk_all(packs, max, err);
	else if (!strcmp(mode, "inflate"))
		return inflate_all(packs, max, err);
	if (strcmp(mode, "open"))
		return read_all(packs, max, err);
	printf("%" PRIu32 " entries\n", cw_packs_len(packs));
	return 0;
}

int main(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;
	uint64_t max = MAX_DEFAULT;
	int rc = argc == 3 || argc == 4 ? cw_vcs_init(&err) : cw_err_set(&err, CW_E_USAGE, "MODE REPOSITORY [MAX|ID]");

	if (!rc) {
		const char *id = strcmp(argv[1], "one") ? NULL : argv[3];

		if (argc == 4 && !id)
			rc = cw_num_size(argv[3], strlen(argv[3]), 0, UINT64_MAX, "MAX", &max, &err);
		rc = rc ? rc : dump(argv[1], argv[2], id, max, &err);
		cw_vcs_shutdown();
	}
	if (rc)
		printf("error %d %s\n", rc, err.msg);
	return rc ? 1 : 0;
}
