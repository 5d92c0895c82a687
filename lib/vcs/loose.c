/* vcs/loose.c - see loose.h. A loose object is a zlib stream of "TYPE SP SIZE NUL content" (gitformat-loose-object). */
#include "vcs/loose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/num.h"
#include "vcs/git_err.h"
#include "vcs/layout.h"
#include "vcs/stores.h"

#define INPUT_LEN 16384
#define HEADER_MAX 64	/* bytes inflated to find the header: "commit " and 20 digits are 28 */
#define NAME_LEN (GIT_OID_HEXSZ - 2)
#define SIZE_MAX_READ ((uint64_t)2 << 30) /* bytes of one object, as for packed ones */

struct loose {
	git_odb_backend parent; /* first: libgit2 sees only this */
	char *store;
};

struct stream {
	z_stream z;
	int fd;
	bool ended; /* the end of the zlib stream was reached */
	unsigned char in[INPUT_LEN];
};

struct header {
	enum cw_object_type type;
	uint64_t size;
	size_t len; /* with its NUL */
};

static int corrupt(struct cw_err *err, const char *why)
{
	return cw_err_set(err, CW_E_CORRUPT, "the loose object is damaged: %s", why);
}

static void close_stream(struct stream *s)
{
	inflateEnd(&s->z);
	cw_closep(&s->fd);
}

/* Inflate until LEN bytes stand in OUT or the stream ends. */
static int inflate_some(struct stream *s, void *out, size_t len, size_t *ret_len, struct cw_err *err)
{
	size_t done = 0;

	while (done < len && !s->ended) {
		size_t want = len - done < UINT32_MAX / 2 ? len - done : UINT32_MAX / 2, got = 0;
		int rc = 0;

		if (!s->z.avail_in) {
			rc = cw_io_read_full(s->fd, s->in, sizeof(s->in), &got, err);
			if (rc)
				return rc;
			if (!got)
				return corrupt(err, "cut short");
			s->z.next_in = s->in;
			s->z.avail_in = (unsigned)got;
		}
		s->z.next_out = (unsigned char *)out + done;
		s->z.avail_out = (unsigned)want;
		rc = inflate(&s->z, Z_NO_FLUSH);
		if (rc == Z_MEM_ERROR)
			return cw_err_nomem(err);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return corrupt(err, "it cannot be inflated");
		done += want - s->z.avail_out;
		s->ended = rc == Z_STREAM_END;
	}
	*ret_len = done;
	return 0;
}

static bool type_of(const char *name, size_t len, enum cw_object_type *ret)
{
	for (int t = CW_OBJ_COMMIT; t <= CW_OBJ_TAG; t++) {
		const char *s = cw_object_type_name((enum cw_object_type)t);

		if (strlen(s) == len && !memcmp(s, name, len)) {
			*ret = (enum cw_object_type)t;
			return true;
		}
	}
	return false;
}

static int parse_header(const char *head, size_t len, struct header *ret, struct cw_err *err)
{
	const char *nul = memchr(head, '\0', len);
	const char *space = nul ? memchr(head, ' ', (size_t)(nul - head)) : NULL;

	if (!space || !type_of(head, (size_t)(space - head), &ret->type))
		return corrupt(err, "it has no known type");
	if (cw_num_u64(space + 1, (size_t)(nul - space - 1), 0, SIZE_MAX_READ * 1024, "size", &ret->size, NULL))
		return corrupt(err, "it has no size");
	ret->len = (size_t)(nul - head) + 1;
	return 0;
}

/* The path of a loose object below its store. */
static char *object_path(const char *store, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];
	char *path = NULL;

	cw_oid_hex(oid, hex);
	return asprintf(&path, "%s/%.2s/%s", store, hex, hex + 2) < 0 ? NULL : path;
}

uint64_t cw_loose_size(const char *store, const struct cw_oid *oid)
{
	CW_CLEANUP(cw_freep) char *path = object_path(store, oid);
	struct stat st;

	return path && !stat(path, &st) && S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

/* Open the object and inflate its first bytes into HEAD; CW_E_NOTFOUND when there is no such file. */
static int open_object(const char *store, const struct cw_oid *oid, struct stream *s, char head[HEADER_MAX],
		       size_t *ret_len, struct header *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *path = object_path(store, oid);
	int rc = path ? cw_io_open_file(path, 0, &s->fd, err) : cw_err_nomem(err);

	if (rc)
		return rc;
	if (inflateInit(&s->z) != Z_OK)
		return cw_err_nomem(err);
	rc = inflate_some(s, head, HEADER_MAX, ret_len, err);
	return rc ? rc : parse_header(head, *ret_len, ret, err);
}

/* The content into a buffer of its size and one byte, which must stay free. */
static int read_body(struct stream *s, const struct header *h, const char *head, size_t head_len, char *body,
		     struct cw_err *err)
{
	size_t have = head_len - h->len, more = 0, rest = 0;
	int rc = 0;

	if (have > h->size)
		return corrupt(err, "it is longer than its header says");
	memcpy(body, head + h->len, have);
	rc = inflate_some(s, body + have, (size_t)h->size + 1 - have, &more, err);
	if (rc)
		return rc;
	if (have + more != h->size)
		return corrupt(err, have + more < h->size ? "it is shorter than its header says" :
							    "it is longer than its header says");
	rc = s->z.avail_in ? 0 : cw_io_read_full(s->fd, s->in, 1, &rest, err);
	if (!rc && (s->z.avail_in || rest))
		return corrupt(err, "there is something behind it");
	body[h->size] = '\0';
	return rc;
}

/* Hand ERR to libgit2, which hands it back to our caller. */
static int to_git(int rc, const struct cw_err *err)
{
	if (!rc)
		return 0;
	if (rc == CW_E_NOTFOUND)
		return GIT_ENOTFOUND;
	if (rc == CW_E_NOMEM)
		git_error_set_oom();
	else
		git_error_set_str(rc == CW_E_IO ? GIT_ERROR_OS : GIT_ERROR_ODB, cw_err_msg(err));
	return -1;
}

static int backend_read(void **ret_data, size_t *ret_len, git_object_t *ret_type, git_odb_backend *backend,
			const git_oid *id)
{
	struct loose *l = (struct loose *)backend;
	CW_CLEANUP(close_stream) struct stream s = { .fd = -1 };
	struct cw_err err = CW_ERR_INIT;
	char head[HEADER_MAX], *body = NULL;
	struct header h = { .size = 0 };
	struct cw_oid oid;
	size_t head_len = 0;
	int rc;

	cw_oid_from_git(&oid, id);
	rc = open_object(l->store, &oid, &s, head, &head_len, &h, &err);
	if (!rc && h.size > SIZE_MAX_READ)
		rc = cw_err_set(&err, CW_E_LIMIT, "the object is larger than 2 GiB");
	if (!rc) {
		body = git_odb_backend_data_alloc(backend, (size_t)h.size + 1);
		rc = body ? read_body(&s, &h, head, head_len, body, &err) : cw_err_nomem(&err);
	}
	if (rc) {
		git_odb_backend_data_free(backend, body);
		return to_git(rc, &err);
	}
	*ret_data = body;
	*ret_len = (size_t)h.size;
	*ret_type = (git_object_t)h.type; /* the numbers are git's */
	return 0;
}

static int backend_read_header(size_t *ret_len, git_object_t *ret_type, git_odb_backend *backend, const git_oid *id)
{
	struct loose *l = (struct loose *)backend;
	CW_CLEANUP(close_stream) struct stream s = { .fd = -1 };
	struct cw_err err = CW_ERR_INIT;
	char head[HEADER_MAX];
	struct header h = { .size = 0 };
	struct cw_oid oid;
	size_t head_len = 0;
	int rc;

	cw_oid_from_git(&oid, id);
	rc = open_object(l->store, &oid, &s, head, &head_len, &h, &err);
	if (rc)
		return to_git(rc, &err);
	*ret_len = (size_t)h.size;
	*ret_type = (git_object_t)h.type;
	return 0;
}

static int backend_exists(git_odb_backend *backend, const git_oid *id)
{
	struct loose *l = (struct loose *)backend;
	CW_CLEANUP(cw_freep) char *path = NULL;
	struct cw_oid oid;

	cw_oid_from_git(&oid, id);
	path = object_path(l->store, &oid);
	return path && access(path, F_OK) == 0;
}

static void backend_free(git_odb_backend *backend)
{
	struct loose *l = (struct loose *)backend;

	free(l->store);
	free(l);
}

int cw_loose_backend(const char *store, git_odb_backend **ret, struct cw_err *err)
{
	struct loose *l = calloc(1, sizeof(*l));

	if (l)
		l->store = strdup(store);
	if (!l || !l->store) {
		free(l);
		return cw_err_nomem(err);
	}
	git_odb_init_backend(&l->parent, GIT_ODB_BACKEND_VERSION);
	l->parent.read = backend_read;
	l->parent.read_header = backend_read_header;
	l->parent.exists = backend_exists;
	l->parent.free = backend_free;
	*ret = &l->parent;
	return 0;
}

/* ---- listing ---- */

struct listing {
	const char *store;
	int (*emit)(const struct cw_oid *oid, void *payload); /* one of them is NULL */
	int (*emit_file)(const struct cw_oid *oid, const struct stat *st, void *payload);
	void *payload;
	struct cw_vec *faults;
};

static int fault(struct listing *l, const char *dir, const char *name, const char *reason, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *path = cw_path_join(dir, name);

	return path ? cw_store_fault_add(l->faults, path, reason, err) : cw_err_nomem(err);
}

static bool oid_of(unsigned first, const char *name, struct cw_oid *ret)
{
	char hex[GIT_OID_HEXSZ + 1];
	git_oid id;

	if (strlen(name) != NAME_LEN || strspn(name, "0123456789abcdef") != NAME_LEN)
		return false;
	snprintf(hex, sizeof(hex), "%02x%.*s", first & 0xff, NAME_LEN, name);
	if (git_oid_fromstr(&id, hex) < 0)
		return false;
	cw_oid_from_git(ret, &id);
	return true;
}

static int list_entry(struct listing *l, const char *path, DIR *dir, unsigned first, const struct dirent *e,
		      struct cw_err *err)
{
	struct cw_oid oid;
	struct stat st;

	if (!oid_of(first, e->d_name, &oid))
		return 0;
	if ((l->emit_file || e->d_type != DT_REG) && (fstatat(dirfd(dir), e->d_name, &st, 0) != 0 || !S_ISREG(st.st_mode)))
		return fault(l, path, e->d_name, "not a regular file", err);
	return l->emit_file ? l->emit_file(&oid, &st, l->payload) : l->emit(&oid, l->payload);
}

/* The directory of all objects whose id begins with the byte FIRST. */
static int list_dir(struct listing *l, unsigned first, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *path = NULL;
	char name[3];
	struct dirent *e;
	DIR *dir;
	int rc = 0;

	snprintf(name, sizeof(name), "%02x", first & 0xff);
	path = cw_path_join(l->store, name);
	if (!path)
		return cw_err_nomem(err);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : fault(l, l->store, name, strerror(errno), err);
	while (!rc && (errno = 0, e = readdir(dir)))
		rc = list_entry(l, path, dir, first, e, err);
	if (!rc && errno)
		rc = fault(l, l->store, name, strerror(errno), err);
	closedir(dir);
	return rc;
}

static unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10) & 15;
}

/* Which directories of objects there are: most of 256 are not in a small store. When that cannot be listed, all are tried. */
static void find_dirs(const char *store, bool there[256])
{
	DIR *dir = opendir(store);
	struct dirent *e;

	memset(there, !dir, 256);
	if (!dir)
		return;
	while ((errno = 0, e = readdir(dir))) {
		const char *name = e->d_name;

		if (strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2)
			there[hex_digit(name[0]) << 4 | hex_digit(name[1])] = true;
	}
	if (errno)
		memset(there, true, 256);
	closedir(dir);
}

static int list_all(struct listing *l, struct cw_err *err)
{
	bool there[256];
	int rc = 0;

	find_dirs(l->store, there);
	for (unsigned first = 0; !rc && first < 256; first++)
		rc = there[first] ? list_dir(l, first, err) : 0;
	return rc;
}

int cw_loose_list(const char *store, int (*emit)(const struct cw_oid *oid, void *payload), void *payload,
		  struct cw_vec *faults, struct cw_err *err)
{
	struct listing l = { .store = store, .emit = emit, .payload = payload, .faults = faults };

	return list_all(&l, err);
}

int cw_loose_files(const char *store, int (*emit)(const struct cw_oid *oid, const struct stat *st, void *payload), void *payload,
		   struct cw_vec *faults, struct cw_err *err)
{
	struct listing l = { .store = store, .emit_file = emit, .payload = payload, .faults = faults };

	return list_all(&l, err);
}
