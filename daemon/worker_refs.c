/* daemon/worker_refs.c - see worker_refs.h. */
#include "daemon/worker_refs.h"

#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "vcs/reach.h"
#include "vcs/refs.h"
#include "vcs/stores.h"

static int add_line(struct cw_sha256_ctx *sha, const char *first, const char *second, struct cw_err *err)
{
	int rc = cw_sha256_add(sha, first, strlen(first), err);

	if (rc == 0)
		rc = cw_sha256_add(sha, " ", 1, err);
	if (rc == 0)
		rc = cw_sha256_add(sha, second, strlen(second), err);
	return rc == 0 ? cw_sha256_add(sha, "\n", 1, err) : rc;
}

/* References come in byte order. One that cannot be read counts too: when it can be again, that is a change. */
static int digest(const struct cw_vec *refs, const struct cw_vec *faults, uint8_t out[CW_SHA256_LEN], struct cw_err *err)
{
	struct cw_sha256_ctx *sha = NULL;
	char hex[CW_OID_HEX_SIZE];
	int rc = cw_sha256_new(&sha, err);

	for (size_t i = 0; rc == 0 && i < refs->len; i++) {
		const struct cw_ref *ref = &CW_VEC_AT(refs, struct cw_ref, i);

		cw_oid_hex(&ref->oid, hex);
		rc = add_line(sha, hex, ref->name, err);
	}
	for (size_t i = 0; rc == 0 && i < faults->len; i++)
		rc = add_line(sha, "unreadable", CW_VEC_AT(faults, struct cw_store_fault, i).what, err);
	if (rc == 0)
		rc = cw_sha256_end(sha, out, err);
	cw_sha256_free(sha);
	return rc;
}

static int fingerprint(struct cw_repo *r, char ret[CW_REFS_FINGERPRINT_SIZE], size_t *ret_refs, struct cw_err *err)
{
	CW_CLEANUP(cw_refs_release) struct cw_vec refs = CW_VEC_INIT(struct cw_ref, CW_REFS_MAX);
	CW_CLEANUP(cw_store_faults_release)
	struct cw_vec faults = CW_VEC_INIT(struct cw_store_fault, CW_STORE_FAULTS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf hex = CW_BUF_INIT;
	uint8_t sum[CW_SHA256_LEN];
	int rc = cw_repo_refs(r, &refs, &faults, err);

	if (rc == 0)
		rc = digest(&refs, &faults, sum, err);
	if (rc < 0)
		return rc;
	cw_hex_encode(sum, sizeof(sum), &hex);
	rc = cw_buf_fail(&hex, "fingerprint", err);
	if (rc == 0)
		memcpy(ret, hex.data, CW_REFS_FINGERPRINT_SIZE);
	*ret_refs = refs.len;
	return rc;
}

int cw_worker_refs(struct cw_repo *r, struct cw_buf *out, char ret[CW_REFS_FINGERPRINT_SIZE], struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_object();
	CW_CLEANUP(cw_strings_release) struct cw_vec folders = CW_VEC_INIT(char *, CW_WATCH_FOLDERS_MAX);
	struct cw_json *watch;
	size_t refs = 0;
	/* First the folders: what changes after they are watched is an event, what changed before is in the fingerprint. */
	int rc = cw_repo_ref_folders(r, CW_WATCH_FOLDERS_MAX, &folders, err);

	if (rc == 0)
		rc = fingerprint(r, ret, &refs, err);
	if (rc < 0)
		return rc;
	cw_json_add_str(root, "fingerprint", ret);
	cw_json_add_int(root, "refs", (int64_t)refs);
	watch = cw_json_add_array(root, "watch");
	for (size_t i = 0; i < folders.len; i++)
		cw_json_add_str(watch, NULL, CW_VEC_AT(&folders, char *, i));
	return cw_json_print(root, false, out, err);
}
