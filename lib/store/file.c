/* store/file.c - see file.h. */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/io.h"

#define MAGIC "cwstore\n"
#define MAGIC_LEN 8
#define DIGEST_AT (MAGIC_LEN + 8)			/* behind version and number of parts */
#define TABLE_AT (DIGEST_AT + CW_SHA256_LEN)
#define ENTRY_LEN (8 + 8 + CW_SHA256_LEN)		/* offset, length, checksum */
#define SUM_AT (TABLE_AT + CW_STORE_PARTS_ * ENTRY_LEN) /* of the header up to here */
#define HEADER_LEN (SUM_AT + CW_SHA256_LEN)
#define NAME_DIGEST_LEN 16 /* bytes of the hash that names the file */

struct part {
	uint64_t at, len;
	uint8_t sum[CW_SHA256_LEN];
};

struct cw_store {
	int fd;
	struct part parts[CW_STORE_PARTS_];
};

/* ---- where ---- */

static int cache_dir(struct cw_buf *out, struct cw_err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		cw_buf_addf(out, "%s/credwatch", xdg);
	else if (home && home[0] == '/' && access(home, X_OK) == 0) /* services often have one that does not exist */
		cw_buf_addf(out, "%s/.cache/credwatch", home);
	else
		return cw_err_set(err, CW_E_NOTFOUND, "no cache folder: set XDG_CACHE_HOME or HOME");
	return cw_buf_fail(out, "path", err);
}

/* Whether PATH is DIR or lies below it. */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	return !strncmp(path, dir, len) && (path[len] == '/' || !path[len]);
}

/* The real path of DIR, or of as much of it as exists. */
static char *real_parent(const char *dir)
{
	CW_CLEANUP(cw_freep) char *copy = strdup(dir);
	char *real = NULL;

	while (copy && *copy && !(real = realpath(copy, NULL)) && errno == ENOENT) {
		char *slash = strrchr(copy, '/');

		if (!slash)
			break;
		*slash = '\0';
	}
	return real;
}

int cw_store_path(const char *objects, const char *git_dir, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf dir = CW_BUF_INIT_MAX(PATH_MAX);
	CW_CLEANUP(cw_freep) char *real = NULL;
	uint8_t name[CW_SHA256_LEN];
	int rc = cache_dir(&dir, err);

	if (rc)
		return rc;
	real = real_parent(dir.data);
	if (real && (is_below(real, objects) || is_below(real, git_dir)))
		return cw_err_set(err, CW_E_INVALID, "the cache folder '%s' lies inside the repository", dir.data);
	rc = cw_sha256(objects, strlen(objects), name, err);
	if (rc)
		return rc;
	cw_buf_addf(out, "%s/verdicts-", dir.data);
	cw_hex_encode(name, NAME_DIGEST_LEN, out);
	cw_buf_adds(out, ".cws");
	return cw_buf_fail(out, "path", err);
}

/* ---- the header ---- */

static void put_fixed(uint8_t *at, uint64_t n, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		at[i] = (uint8_t)(n >> (8 * i));
}

static uint64_t get_fixed(const uint8_t *at, unsigned len)
{
	uint64_t n = 0;

	for (unsigned i = len; i > 0; i--)
		n = n << 8 | at[i - 1];
	return n;
}

static int make_header(const uint8_t digest[CW_SHA256_LEN], const struct cw_bytes *parts, uint8_t out[HEADER_LEN],
		       struct cw_err *err)
{
	uint64_t at = HEADER_LEN;
	int rc = 0;

	memcpy(out, MAGIC, MAGIC_LEN);
	put_fixed(out + MAGIC_LEN, CW_STORE_VERSION, 4);
	put_fixed(out + MAGIC_LEN + 4, CW_STORE_PARTS_, 4);
	memcpy(out + DIGEST_AT, digest, CW_SHA256_LEN);
	for (int i = 0; !rc && i < CW_STORE_PARTS_; i++) {
		uint8_t *entry = out + TABLE_AT + i * ENTRY_LEN;

		put_fixed(entry, at, 8);
		put_fixed(entry + 8, parts[i].len, 8);
		rc = cw_sha256(parts[i].data, parts[i].len, entry + 16, err);
		at += parts[i].len;
	}
	return rc ? rc : cw_sha256(out, SUM_AT, out + SUM_AT, err);
}

static int corrupt(const char *path, const char *why, struct cw_err *err)
{
	return cw_err_set(err, CW_E_CORRUPT, "'%s' is damaged: %s", path, why);
}

/* The parts stand one behind the other up to the file's end at SIZE. */
static int read_table(const char *path, const uint8_t *header, uint64_t size, struct part *ret, struct cw_err *err)
{
	uint64_t at = HEADER_LEN;

	for (int i = 0; i < CW_STORE_PARTS_; i++) {
		const uint8_t *entry = header + TABLE_AT + i * ENTRY_LEN;

		ret[i].at = get_fixed(entry, 8);
		ret[i].len = get_fixed(entry + 8, 8);
		memcpy(ret[i].sum, entry + 16, CW_SHA256_LEN);
		if (ret[i].at != at || ret[i].len > size - at)
			return corrupt(path, "cut short", err);
		at += ret[i].len;
	}
	return at == size ? 0 : corrupt(path, "there is something behind it", err);
}

static int check_header(const char *path, const uint8_t *header, const uint8_t digest[CW_SHA256_LEN], struct cw_err *err)
{
	uint8_t sum[CW_SHA256_LEN];
	int rc;

	if (memcmp(header, MAGIC, MAGIC_LEN))
		return corrupt(path, "not a file of this kind", err);
	if (get_fixed(header + MAGIC_LEN, 4) != CW_STORE_VERSION || get_fixed(header + MAGIC_LEN + 4, 4) != CW_STORE_PARTS_)
		return cw_err_set(err, CW_E_NOTFOUND, "'%s' was written by another version", path);
	rc = cw_sha256(header, SUM_AT, sum, err);
	if (rc)
		return rc;
	if (memcmp(sum, header + SUM_AT, CW_SHA256_LEN))
		return corrupt(path, "a checksum is wrong", err);
	if (memcmp(header + DIGEST_AT, digest, CW_SHA256_LEN))
		return cw_err_set(err, CW_E_NOTFOUND, "'%s' was written with other rules, limits or another key", path);
	return 0;
}

/* ---- reading ---- */

static int check_owner(const char *path, const struct stat *st, struct cw_err *err)
{
	const char *why = NULL;

	if (st->st_uid != geteuid())
		why = "it belongs to somebody else";
	else if (st->st_mode & 077)
		why = "others may read or write it";
	else if (!cw_io_is_trusted(path))
		why = "others may write to its folder";
	return why ? cw_err_set(err, CW_E_INVALID, "'%s' is not trusted: %s", path, why) : 0;
}

static int open_file(struct cw_store *s, const char *path, const uint8_t digest[CW_SHA256_LEN], struct cw_err *err)
{
	uint8_t header[HEADER_LEN];
	struct stat st;
	size_t len = 0;
	int rc = cw_io_open_file(path, CW_IO_NOFOLLOW, &s->fd, err);

	if (rc)
		return rc;
	if (fstat(s->fd, &st) != 0)
		return cw_err_sys(err, errno, "cannot look at '%s'", path);
	rc = check_owner(path, &st, err);
	rc = rc ? rc : cw_io_read_full(s->fd, header, sizeof(header), &len, err);
	if (rc)
		return rc;
	if (len < sizeof(header) || (uint64_t)st.st_size > CW_STORE_FILE_MAX)
		return corrupt(path, "it has no possible size", err);
	rc = check_header(path, header, digest, err);
	return rc ? rc : read_table(path, header, (uint64_t)st.st_size, s->parts, err);
}

int cw_store_open(const char *path, const uint8_t digest[CW_SHA256_LEN], struct cw_store **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_store_close_p) struct cw_store *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return cw_err_nomem(err);
	s->fd = -1;
	rc = open_file(s, path, digest, err);
	if (!rc)
		*ret = cw_steal(&s);
	return rc;
}

void cw_store_close(struct cw_store *s)
{
	if (s)
		cw_closep(&s->fd);
	free(s);
}

int cw_store_read(struct cw_store *s, enum cw_store_part part, struct cw_buf *out, struct cw_err *err)
{
	const struct part *p = &s->parts[part];
	uint8_t sum[CW_SHA256_LEN];
	size_t got = 0;
	int rc;

	if (cw_buf_reserve(out, (size_t)p->len))
		return cw_buf_fail(out, "verdict store", err);
	if (lseek(s->fd, (off_t)p->at, SEEK_SET) < 0)
		return cw_err_sys(err, errno, "cannot read the verdict store");
	rc = cw_io_read_full(s->fd, out->data + out->len, (size_t)p->len, &got, err);
	rc = rc ? rc : cw_sha256(out->data + out->len, got, sum, err);
	if (rc)
		return rc;
	if (got < p->len || memcmp(sum, p->sum, sizeof(sum)))
		return cw_err_set(err, CW_E_CORRUPT, "the verdict store is damaged: a checksum is wrong");
	cw_buf_commit(out, got);
	return 0;
}

/* ---- writing ---- */

/* The folder of PATH, made if it is not there. */
static int make_folder(const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	int rc = dir ? cw_io_mkdirs(dir, 0700, err) : cw_err_nomem(err);

	if (!rc && !cw_io_is_trusted(dir))
		return cw_err_set(err, CW_E_INVALID, "'%s' is not trusted: others may write to it", dir);
	return rc;
}

int cw_store_write(const char *path, const uint8_t digest[CW_SHA256_LEN], const struct cw_bytes parts[CW_STORE_PARTS_],
		   struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf all = CW_BUF_INIT_MAX(CW_STORE_FILE_MAX);
	uint8_t header[HEADER_LEN];
	int rc = make_header(digest, parts, header, err);

	cw_buf_add(&all, header, sizeof(header));
	for (int i = 0; i < CW_STORE_PARTS_; i++)
		cw_buf_add(&all, parts[i].data, parts[i].len);
	rc = rc ? rc : cw_buf_fail(&all, "verdict store", err);
	rc = rc ? rc : make_folder(path, err);
	return rc ? rc : cw_io_replace_file(path, all.data, all.len, 0600, err);
}
