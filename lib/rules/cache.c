/* rules/cache.c - see cache.h. */
#include "rules/cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "base/io.h"
#include "rules/book.h"
#include "rules/codec.h"
#include "rules/hsdb.h"

#define SYSTEM_DIR "/var/cache/credwatch"
#define IMAGE_FILE_MAX ((size_t)1 << 30)

/* The user's cache folder; empty when there is no home to put it in. */
static void user_dir(struct cw_buf *out)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	cw_buf_clear(out);
	if (xdg && xdg[0] == '/')
		cw_buf_addf(out, "%s/credwatch", xdg);
	else if (home && home[0] == '/')
		cw_buf_addf(out, "%s/.cache/credwatch", home);
}

/* rules-<digest of everything a compiled set depends on>.cwset, and the digest of the rules alone. */
static int file_name(const struct cw_rulebook *book, struct cw_buf *out, uint8_t rules[CW_SHA256_LEN], struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf bytes = CW_BUF_INIT;
	uint8_t digest[CW_SHA256_LEN];
	int rc = cw_codec_write(book->rules.items, book->rules.len, &bytes, err);

	if (rc == 0)
		rc = cw_sha256(bytes.data, bytes.len, rules, err);
	if (rc < 0)
		return rc;
	cw_buf_addf(&bytes, "engine %d hyperscan %s processor baseline", CW_ENGINE_VERSION, cw_hsdb_version());
	rc = cw_buf_fail(&bytes, "rules", err);
	if (rc == 0)
		rc = cw_sha256(bytes.data, bytes.len, digest, err);
	if (rc < 0)
		return rc;
	cw_buf_adds(out, "rules-");
	cw_hex_encode(digest, 16, out);
	cw_buf_adds(out, ".cwset");
	return cw_buf_fail(out, "a file name", err);
}

/* A file under a wrong name (copied by hand, say) holds other rules: its digest tells. */
static bool load(const char *dir, const char *name, const uint8_t rules[CW_SHA256_LEN], struct cw_set **ret)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT_MAX(8192), image = CW_BUF_INIT_MAX(IMAGE_FILE_MAX);

	cw_buf_addf(&path, "%s/%s", dir, name);
	if (path.fail || access(path.data, R_OK) < 0 || !cw_io_is_trusted(path.data))
		return false;
	if (cw_io_read_file(path.data, IMAGE_FILE_MAX, CW_IO_NOFOLLOW | CW_IO_TRUSTED, &image, NULL) < 0)
		return false;
	if (cw_set_from_image(image.data, image.len, &set, NULL) < 0 ||
	    memcmp(cw_set_digest(set), rules, CW_SHA256_LEN) != 0)
		return false;
	*ret = cw_steal(&set);
	return true;
}

static int store(const struct cw_set *set, const char *dir, const char *name, mode_t dir_mode, mode_t mode,
		 struct cw_buf *ret_path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT_MAX(IMAGE_FILE_MAX);
	int rc = cw_io_mkdirs(dir, dir_mode, err);

	cw_buf_addf(ret_path, "%s/%s", dir, name);
	if (rc == 0)
		rc = cw_buf_fail(ret_path, "a path", err);
	if (rc == 0)
		rc = cw_set_image(set, &image, err);
	if (rc == 0)
		rc = cw_io_replace_file(ret_path->data, image.data, image.len, mode, err);
	return rc;
}

int cw_cache_set(const struct cw_rulebook *book, struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf name = CW_BUF_INIT_MAX(256), dir = CW_BUF_INIT_MAX(4096);
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT_MAX(8192);
	uint8_t rules[CW_SHA256_LEN];
	int rc = file_name(book, &name, rules, err);

	if (rc < 0)
		return rc;
	user_dir(&dir);
	if (load(SYSTEM_DIR, name.data, rules, ret) || (dir.len > 0 && load(dir.data, name.data, rules, ret)))
		return 0;
	rc = cw_set_compile(book, ret, err);
	/* A cache that cannot be written costs time, nothing else. */
	if (rc == 0 && dir.len > 0 && !dir.fail)
		(void)store(*ret, dir.data, name.data, 0700, 0600, &path, NULL);
	return rc;
}

int cw_cache_store(const struct cw_rulebook *book, char **ret_path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf name = CW_BUF_INIT_MAX(256), dir = CW_BUF_INIT_MAX(4096);
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT_MAX(8192);
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	bool root = geteuid() == 0;
	uint8_t rules[CW_SHA256_LEN];
	int rc = file_name(book, &name, rules, err);

	if (rc == 0)
		rc = cw_set_compile(book, &set, err);
	if (rc < 0)
		return rc;
	if (root)
		cw_buf_adds(&dir, SYSTEM_DIR);
	else
		user_dir(&dir);
	if (dir.len == 0)
		return cw_err_set(err, CW_E_INVALID, "no cache folder: set XDG_CACHE_HOME or HOME to an absolute path");
	rc = store(set, dir.data, name.data, root ? 0755 : 0700, root ? 0644 : 0600, &path, err);
	if (rc < 0)
		return rc;
	*ret_path = cw_buf_detach(&path);
	return *ret_path ? 0 : cw_err_nomem(err);
}
