/* policy/key.c - finds, reads and, for a user who has none, makes the fingerprint key. */
#include "policy/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/io.h"

#define SYSTEM_KEY "/etc/credwatch/key"
#define KEY_HEX_LEN (2 * CW_KEY_LEN)
#define CREATE_TRIES 100

static int set_key_id(struct cw_key *k, struct cw_err *err)
{
	uint8_t sum[CW_SHA256_LEN], text[4 + CW_KEY_LEN];
	int rc;

	memcpy(text, "cwid", 4);
	memcpy(text + 4, k->bytes, CW_KEY_LEN);
	rc = cw_sha256(text, sizeof(text), sum, err);
	cw_wipe(text, sizeof(text));
	if (rc != 0)
		return rc;
	for (int i = 0; i < 4; i++)
		k->id[i] = "0123456789abcdef"[sum[i / 2] >> (i % 2 ? 0 : 4) & 15];
	k->id[4] = '\0';
	return 0;
}

int cw_key_parse_text(const char *name, const char *text, size_t len, struct cw_key *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET;
	struct cw_key k = {0};
	int rc;

	if (len == KEY_HEX_LEN + 1 && text[KEY_HEX_LEN] == '\n')
		len--;
	rc = cw_buf_reserve(&raw, CW_KEY_LEN);
	if (rc != 0)
		return cw_buf_fail(&raw, "key", err);
	if (len != KEY_HEX_LEN || !cw_hex_decode(text, len, &raw) || raw.len != CW_KEY_LEN)
		return cw_err_set(err, CW_E_INVALID, "key file '%s' does not hold %d hex digits and nothing else", name,
				  KEY_HEX_LEN);
	memcpy(k.bytes, raw.data, CW_KEY_LEN);
	rc = set_key_id(&k, err);
	if (rc == 0)
		*ret = k;
	cw_key_wipe(&k);
	return rc;
}

/* A file of root may be readable by its group, so that a service can share it. */
static int check_file(const char *path, const struct stat *st, struct cw_err *err)
{
	mode_t forbidden = st->st_uid == 0 ? 0037 : 0077;

	if (!S_ISREG(st->st_mode))
		return cw_err_set(err, CW_E_INVALID, "key file '%s' is not a regular file", path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return cw_err_set(err, CW_E_INVALID, "key file '%s' belongs to neither you nor root", path);
	if (st->st_mode & forbidden)
		return cw_err_set(err, CW_E_INVALID, "key file '%s' is open to others (mode %04o): chmod 600 it", path,
				  (unsigned)(st->st_mode & 07777));
	return 0;
}

static int read_key(const char *path, struct cw_key *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[CW_KEY_FILE_MAX];
	struct stat st;
	size_t len;
	int rc;

	if (fd < 0)
		return cw_err_sys(err, errno, "cannot open key file '%s'", path);
	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "cannot examine key file '%s'", path);
	rc = check_file(path, &st, err);
	if (rc == 0)
		rc = cw_io_read_full(fd, text, sizeof(text), &len, err);
	if (rc == 0)
		rc = cw_key_parse_text(path, text, len, ret, err);
	cw_wipe(text, sizeof(text));
	return rc;
}

int cw_key_print(const struct cw_key *k, struct cw_buf *out, struct cw_err *err)
{
	cw_hex_encode(k->bytes, sizeof(k->bytes), out);
	cw_buf_addc(out, '\n');
	return cw_buf_fail(out, "key", err);
}

/* K into the new file PATH, on disk when this returns. */
static int write_key(int fd, const struct cw_key *k, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	int rc = cw_key_print(k, &text, err);

	if (rc == 0)
		rc = cw_io_write_full(fd, text.data, text.len, err);
	if (rc == 0 && fsync(fd) != 0)
		rc = cw_err_sys(err, errno, "cannot write");
	return rc == 0 ? 0 : cw_err_wrap(err, rc, "key file '%s'", path);
}

/* Make PATH (mode 0600) with K, unless there is such a file already. It is linked into place whole, so of two processes that get here
 * at once one wins. */
static int create_key(const char *path, const struct cw_key *k, bool *ret_made, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf tmp = CW_BUF_INIT;
	CW_CLEANUP(cw_closep) int fd = -1;
	int rc;

	for (int i = 0; fd < 0 && i < CREATE_TRIES; i++) {
		cw_buf_clear(&tmp);
		cw_buf_addf(&tmp, "%s.%d.%d", path, (int)getpid(), i);
		rc = cw_buf_fail(&tmp, "path", err);
		if (rc != 0)
			return rc;
		fd = open(tmp.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno != EEXIST)
			return cw_err_sys(err, errno, "cannot make key file '%s'", path);
	}
	if (fd < 0)
		return cw_err_set(err, CW_E_IO, "cannot make key file '%s': left-over temporary files", path);
	rc = write_key(fd, k, path, err);
	*ret_made = rc == 0 && link(tmp.data, path) == 0;
	if (rc == 0 && !*ret_made && errno != EEXIST)
		rc = cw_err_sys(err, errno, "cannot make key file '%s'", path);
	unlink(tmp.data);
	return rc;
}

static int make_key(const char *path, struct cw_err *err)
{
	struct cw_key k = {0};
	bool made;
	int rc = cw_random(k.bytes, sizeof(k.bytes), err);

	if (rc == 0)
		rc = create_key(path, &k, &made, err);
	cw_key_wipe(&k);
	return rc;
}

static int user_key_dir(struct cw_buf *dir, struct cw_err *err)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		cw_buf_addf(dir, "%s/credwatch", xdg);
	else if (home && home[0] == '/')
		cw_buf_addf(dir, "%s/.config/credwatch", home);
	else
		return cw_err_set(err, CW_E_INVALID, "no place for the fingerprint key: set HOME or CREDWATCH_KEY_FILE");
	return cw_buf_fail(dir, "path", err);
}

/* Append the name of the user's own key file. */
static int user_key_path(struct cw_buf *dir, struct cw_buf *path, struct cw_err *err)
{
	int rc = user_key_dir(dir, err);

	if (rc != 0)
		return rc;
	cw_buf_addf(path, "%s/key", dir->data);
	return cw_buf_fail(path, "path", err);
}

static int load_user_key(struct cw_key *ret, struct cw_buf *from, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf dir = CW_BUF_INIT, path = CW_BUF_INIT;
	int rc = user_key_path(&dir, &path, err);

	if (rc != 0)
		return rc;
	cw_buf_adds(from, path.data);
	rc = read_key(path.data, ret, err);
	if (rc != CW_E_NOTFOUND)
		return rc;
	rc = cw_io_mkdirs(dir.data, 0700, err);
	if (rc == 0)
		rc = make_key(path.data, err);
	if (rc == 0)
		rc = read_key(path.data, ret, err);
	return rc;
}

static const char *named_file(void)
{
	const char *named = getenv("CREDWATCH_KEY_FILE");

	return named && *named ? named : NULL;
}

/* A system key that this user may not read is not meant for this user. */
static bool has_system_key(void)
{
	struct stat st;

	return stat(SYSTEM_KEY, &st) == 0 && (access(SYSTEM_KEY, R_OK) == 0 || errno != EACCES);
}

int cw_key_load_from(struct cw_key *ret, struct cw_buf *path, struct cw_err *err)
{
	const char *file = named_file();
	struct cw_key key;
	int rc;

	if (!file && has_system_key())
		file = SYSTEM_KEY;
	if (file)
		cw_buf_adds(path, file);
	rc = file ? read_key(file, &key, err) : load_user_key(&key, path, err);
	if (rc == 0)
		rc = cw_buf_fail(path, "path", err);
	if (rc == 0)
		*ret = key;
	cw_key_wipe(&key);
	return rc;
}

int cw_key_load(struct cw_key *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;

	return cw_key_load_from(ret, &path, err);
}

static int find_own_file(struct cw_buf *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf dir = CW_BUF_INIT;
	int rc;

	if (named_file()) {
		cw_buf_adds(path, named_file());
		return cw_buf_fail(path, "path", err);
	}
	if (has_system_key())
		return cw_err_set(err, CW_E_INVALID, "the key of this machine, '%s', goes before your own: to replace it, name it in "
				  "CREDWATCH_KEY_FILE", SYSTEM_KEY);
	rc = user_key_path(&dir, path, err);
	return rc == 0 ? cw_io_mkdirs(dir.data, 0700, err) : rc;
}

static int replace_key(const char *path, const struct cw_key *k, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	int rc = cw_key_print(k, &text, err);

	return rc == 0 ? cw_io_replace_file(path, text.data, text.len, 0600, err) : rc;
}

/* Whether the file PATH is a good key file and holds K. A bad one holds another key. */
static int holds_key(const char *path, const struct cw_key *k, bool *ret, struct cw_err *err)
{
	struct cw_key old = {0};
	int rc = read_key(path, &old, NULL);

	*ret = rc == 0 && memcmp(old.bytes, k->bytes, sizeof(old.bytes)) == 0;
	cw_key_wipe(&old);
	return rc == CW_E_NOMEM ? cw_err_nomem(err) : 0;
}

int cw_key_put(const struct cw_key *k, bool replace, enum cw_key_put *ret, struct cw_buf *path, struct cw_err *err)
{
	size_t start = path->len;
	const char *file;
	struct stat st;
	bool made = false, same = false;
	int rc = find_own_file(path, err);

	if (rc != 0)
		return rc;
	file = path->data + start;
	if (lstat(file, &st) != 0)
		rc = create_key(file, k, &made, err);
	*ret = made ? CW_KEY_PUT_NEW : CW_KEY_PUT_SAME;
	if (rc == 0 && !made)
		rc = holds_key(file, k, &same, err);
	if (rc != 0 || made || same)
		return rc;
	if (!replace)
		return cw_err_set(err, CW_E_INVALID, "there is another key in '%s' already: it stays unless '--replace' is given", file);
	rc = replace_key(file, k, err);
	if (rc == 0)
		*ret = CW_KEY_PUT_REPLACED;
	return rc;
}

void cw_key_wipe(struct cw_key *k)
{
	if (k)
		cw_wipe(k, sizeof(*k));
}

int cw_key_fingerprint(const struct cw_key *k, const void *canonical, size_t len, char out[CW_FINGERPRINT_SIZE],
		       struct cw_err *err)
{
	const struct cw_bytes pieces[] = {{"cw1", 3}, {canonical, len}};
	uint8_t mac[CW_SHA256_LEN];
	char *p = out;
	int rc = cw_hmac_sha256(k->bytes, CW_KEY_LEN, pieces, 2, mac, err);

	if (rc != 0)
		return rc;
	memcpy(p, k->id, 4);
	p += 4;
	*p++ = ':';
	for (int i = 0; i < 16; i++) {
		*p++ = "0123456789abcdef"[mac[i] >> 4];
		*p++ = "0123456789abcdef"[mac[i] & 15];
	}
	*p = '\0';
	return 0;
}
