/* tests/integration/packs_dump.c - prints what the pack reader sees of a repository, to be compared with git's own view.
 *   packs_dump read REPOSITORY [MAX]
 *     entry ID TYPE SIZE    each entry that can be read and has the content of its id
 *     differs ID            the content has another id
 *     broken ID CODE STATE  an entry that cannot be read
 *     fault WHAT: REASON    a pack that was left out
 *   packs_dump open|inflate REPOSITORY   does so, and prints how many entries and bytes there are
 * Ends with 1 and "error CODE MESSAGE" when the packs cannot be opened. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/num.h"
#include "vcs/packs.h"

#define MAX_DEFAULT ((uint64_t)1 << 30)

static bool has_id(const struct cw_oid *oid, enum cw_object_type type, const struct cw_buf *data)
{
	char head[64];
	uint8_t sum[CW_SHA1_LEN];
	int len = snprintf(head, sizeof(head), "%s %zu", cw_object_type_name(type), data->len);
	struct cw_bytes pieces[2] = { { head, (size_t)len + 1 }, { data->data, data->len } };

	return !cw_sha1(pieces, 2, sum, NULL) && !memcmp(sum, oid->id, sizeof(sum));
}

static void read_one(struct cw_pack_reader *reader, const struct cw_packs *packs, uint32_t i, uint64_t max, struct cw_buf *out)
{
	struct cw_err err = CW_ERR_INIT;
	enum cw_object_type type;
	struct cw_oid oid;
	char hex[CW_OID_HEX_SIZE];
	int rc;

	cw_packs_oid(packs, i, &oid);
	cw_oid_hex(&oid, hex);
	rc = cw_pack_read(reader, i, max, out, &type, &err);
	if (rc)
		printf("broken %s %d %d\n", hex, rc, cw_packs_entry(packs, i)->state);
	else if (!has_id(&oid, type, out))
		printf("differs %s\n", hex);
	else
		printf("entry %s %s %zu\n", hex, cw_object_type_name(type), out->len);
}

static int read_all(const struct cw_packs *packs, uint64_t max, struct cw_err *err)
{
	CW_CLEANUP(cw_pack_reader_free_p) struct cw_pack_reader *reader = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	const struct cw_vec *faults = cw_packs_faults(packs);
	int rc = cw_pack_reader_new(packs, &reader, err);

	for (uint32_t i = 0; !rc && i < cw_packs_len(packs); i++)
		read_one(reader, packs, i, max, &out);
	for (size_t i = 0; i < faults->len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(faults, struct cw_store_fault, i);

		printf("fault %s: %s\n", f->what, f->reason);
	}
	return rc;
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

static int dump(const char *mode, const char *path, uint64_t max, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *repo = NULL;
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *packs = NULL;
	int rc = cw_repo_open(path, &repo, err);

	rc = rc ? rc : cw_packs_open(repo, &packs, err);
	if (rc)
		return rc;
	if (!strcmp(mode, "read"))
		return read_all(packs, max, err);
	if (!strcmp(mode, "inflate"))
		return inflate_all(packs, max, err);
	printf("%" PRIu32 " entries\n", cw_packs_len(packs));
	return 0;
}

int main(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;
	uint64_t max = MAX_DEFAULT;
	int rc = argc == 3 || argc == 4 ? cw_vcs_init(&err) : cw_err_set(&err, CW_E_USAGE, "MODE REPOSITORY [MAX]");

	if (!rc) {
		rc = argc == 4 ? cw_num_size(argv[3], strlen(argv[3]), 0, UINT64_MAX, "MAX", &max, &err) : 0;
		rc = rc ? rc : dump(argv[1], argv[2], max, &err);
		cw_vcs_shutdown();
	}
	if (rc)
		printf("error %d %s\n", rc, err.msg);
	return rc ? 1 : 0;
}
