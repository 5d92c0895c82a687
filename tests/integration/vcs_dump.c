/* tests/integration/vcs_dump.c - prints what lib/vcs sees of a repository, to be compared with git's own view:
 *   object ID TYPE SIZE    each object, in reading order; SIZE of its content, which is read
 *   broken ID CODE         an object that cannot be read
 *   fault WHAT: REASON
 *   dir GIT-DIR WORK-DIR
 *   path MODE ID PATH      each entry of HEAD's tree; "head CODE MESSAGE" when the walk failed
 * Ends with 1 and "error CODE MESSAGE" when the repository cannot be opened or listed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "vcs/repo.h"

#define FILE_MAX 64 /* bytes */

static int print_path(const struct cw_oid *blob, const char *path, uint32_t mode, void *payload)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(blob, hex);
	printf("path %06" PRIo32 " %s %s\n", mode, hex, path);
	return 0;
}

static void print_object(struct cw_repo *repo, const struct cw_oid *oid)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_object object;
	enum cw_object_type type;
	char hex[CW_OID_HEX_SIZE];
	uint64_t size;
	int rc;

	cw_oid_hex(oid, hex);
	rc = cw_repo_header(repo, oid, &type, &size, &err);
	rc = rc ? rc : cw_repo_read(repo, oid, &object, &err);
	if (rc) {
		printf("broken %s %d\n", hex, rc);
		return;
	}
	if (object.len != size || object.type != type)
		printf("header of %s differs\n", hex);
	printf("object %s %s %zu\n", hex, cw_object_type_name(object.type), object.len);
	cw_object_release(&object);
}

static void print_faults(const struct cw_repo *repo)
{
	const struct cw_vec *faults = cw_repo_faults(repo);

	for (size_t i = 0; i < faults->len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(faults, struct cw_store_fault, i);

		printf("fault %s: %s\n", f->what, f->reason);
	}
}

/* One file of HEAD's tree. */
static int print_file(const char *path, const char *file, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *repo = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc = cw_repo_open(path, &repo, err);

	rc = rc ? rc : cw_repo_head_file(repo, file, FILE_MAX, &text, err);
	if (!rc)
		printf("file %s\n", text.data);
	return rc;
}

static int dump(const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *repo = NULL;
	CW_CLEANUP(cw_vec_release) struct cw_vec objects = CW_VEC_INIT(struct cw_object_ref, CW_OBJECTS_MAX);
	int rc = cw_repo_open(path, &repo, err);

	rc = rc ? rc : cw_repo_objects(repo, &objects, err);
	if (rc)
		return rc;
	printf("dir %s %s\n", cw_repo_git_dir(repo), cw_repo_work_dir(repo) ? cw_repo_work_dir(repo) : "-");
	for (size_t i = 0; i < objects.len; i++)
		print_object(repo, &CW_VEC_AT(&objects, struct cw_object_ref, i).oid);
	print_faults(repo);
	rc = cw_repo_head_paths(repo, print_path, NULL, err);
	if (rc)
		printf("head %d %s\n", rc, err->msg);
	return 0;
}

int main(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;
	int rc = argc == 2 || argc == 3 ? cw_vcs_init(&err) : cw_err_set(&err, CW_E_USAGE, "REPOSITORY [FILE]");

	if (!rc) {
		rc = argc == 3 ? print_file(argv[1], argv[2], &err) : dump(argv[1], &err);
		cw_vcs_shutdown();
	}
	if (rc)
		printf("error %d %s\n", rc, err.msg);
	return rc ? 1 : 0;
}
