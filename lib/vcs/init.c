/* vcs/init.c - libgit2's process-wide settings, and the translation of its errors and ids. */
#include <string.h>

#include "vcs/git_err.h"
#include "vcs/pack_file.h"
#include "vcs/repo.h"

/* Bytes of one object rebuilt from a delta: a 16 KiB pack can ask for gigabytes. */
#define DELTA_RESULT_MAX ((size_t)2 << 30)

static int set_options(void)
{
	int rc = 0;

	/* Who may read what is decided by the caller and the file modes; libgit2 1.5 ignores safe.directory=*. */
	rc |= git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	/* Every object is read once: keeping it would cost memory and save nothing. Delta bases have their own cache. */
	rc |= git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
	/* libgit2's collision-detecting SHA-1 reads 0.2 GB/s, six times slower than inflating; damage of stored bytes is
	 * noticed by zlib's checksum. The content that is stored gets scanned, whatever id an index gives it. */
	rc |= git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	/* The default is no limit. */
	rc |= git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, cw_pack_files_max());
#ifdef CW_HAVE_PACK_MAX_OBJECT_SIZE
	rc |= git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, DELTA_RESULT_MAX);
#endif
	return rc;
}

int cw_vcs_init(struct cw_err *err)
{
	int rc = git_libgit2_init();

	if (rc < 0)
		return cw_git_err(err, rc, "libgit2 does not start");
	if (set_options() != 0) {
		git_libgit2_shutdown();
		return cw_err_set(err, CW_E_INTERNAL, "libgit2 refuses its settings");
	}
	return 0;
}

void cw_vcs_shutdown(void)
{
	git_libgit2_shutdown();
}

static enum cw_code code_of(int rc, int klass)
{
	if (rc == GIT_ENOTFOUND)
		return CW_E_NOTFOUND;
	if (klass == GIT_ERROR_NOMEMORY)
		return CW_E_NOMEM;
	if (klass == GIT_ERROR_OS || klass == GIT_ERROR_FILESYSTEM)
		return CW_E_IO;
	return CW_E_CORRUPT;
}

int cw_git_err(struct cw_err *err, int rc, const char *what)
{
	const git_error *e = git_error_last();
	enum cw_code code = code_of(rc, e ? e->klass : 0);

	if (e && e->message && *e->message)
		return cw_err_set(err, code, "%s: %s", what, e->message);
	return cw_err_set(err, code, "%s: %s", what, cw_err_text(code));
}

void cw_oid_from_git(struct cw_oid *out, const git_oid *oid)
{
	*out = (struct cw_oid){ .len = GIT_OID_RAWSZ };
	memcpy(out->id, oid->id, GIT_OID_RAWSZ);
}

bool cw_oid_to_git(git_oid *out, const struct cw_oid *oid)
{
	if (oid->len != GIT_OID_RAWSZ)
		return false;
	memcpy(out->id, oid->id, GIT_OID_RAWSZ);
	return true;
}

bool cw_type_from_git(enum cw_object_type *out, git_object_t t)
{
	switch (t) {
	case GIT_OBJECT_COMMIT:
		*out = CW_OBJ_COMMIT;
		return true;
	case GIT_OBJECT_TREE:
		*out = CW_OBJ_TREE;
		return true;
	case GIT_OBJECT_BLOB:
		*out = CW_OBJ_BLOB;
		return true;
	case GIT_OBJECT_TAG:
		*out = CW_OBJ_TAG;
		return true;
	default:
		return false;
	}
}
