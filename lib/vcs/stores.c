/* vcs/stores.c - see stores.h. */
#include "vcs/stores.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/layout.h"
#include "vcs/quote.h"
#include "vcs/repo.h"

#define ALTERNATES_MAX ((size_t)1 << 20) /* bytes of objects/info/alternates */

void cw_strings_release(struct cw_vec *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(CW_VEC_AT(v, char *, i));
	cw_vec_release(v);
}

void cw_store_faults_release(struct cw_vec *faults)
{
	for (size_t i = 0; i < faults->len; i++) {
		free(CW_VEC_AT(faults, struct cw_store_fault, i).what);
		free(CW_VEC_AT(faults, struct cw_store_fault, i).reason);
	}
	cw_vec_release(faults);
}

int cw_store_fault_add(struct cw_vec *faults, const char *what, const char *reason, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *w = strdup(what);
	CW_CLEANUP(cw_freep) char *r = strdup(reason);
	struct cw_store_fault *f;

	if (!w || !r)
		return cw_err_nomem(err);
	f = cw_vec_push(faults);
	if (!f)
		return cw_vec_fail(faults, "faults of the object store", err);
	f->what = cw_steal(&w);
	f->reason = cw_steal(&r);
	return 0;
}

static int push_string(struct cw_vec *out, char **s, const char *what, struct cw_err *err)
{
	char **slot = cw_vec_push(out);

	if (!slot)
		return cw_vec_fail(out, what, err);
	*slot = cw_steal(s);
	return 0;
}

static bool has_string(const struct cw_vec *v, const char *s)
{
	for (size_t i = 0; i < v->len; i++) {
		if (!strcmp(CW_VEC_AT(v, char *, i), s))
			return true;
	}
	return false;
}

/* Undo git's C-style quoting of the whole of S in place; false when S is not well quoted. */
static bool unquote(char *s)
{
	const char *end;
	size_t len = strlen(s);

	return cw_unquote(s, s, &end) && end == s + len;
}

/* A line that is of no use is named by its number: what stands in it is not repeated, since the file may be a link to a private
 * one. */
static int bad_alternate(const char *file, unsigned nth, const char *reason, struct cw_vec *faults, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc;

	cw_buf_addf(&text, "line %u: %s", nth, reason);
	rc = cw_buf_fail(&text, "alternates", err);
	return rc ? rc : cw_store_fault_add(faults, file, text.data, err);
}

/* Line NTH of FILE, the alternates of STORE. */
static int add_alternate(const char *store, const char *file, char *line, unsigned nth, struct cw_vec *out,
			 struct cw_vec *faults, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *full = NULL;
	CW_CLEANUP(cw_freep) char *real = NULL;
	struct stat st;

	if (!*line || *line == '#')
		return 0;
	if (*line == '"' && !unquote(line))
		return bad_alternate(file, nth, "the alternate is badly quoted", faults, err);
	full = *line == '/' ? strdup(line) : cw_path_join(store, line);
	if (!full)
		return cw_err_nomem(err);
	real = realpath(full, NULL);
	if (!real || stat(real, &st) != 0 || !S_ISDIR(st.st_mode))
		return bad_alternate(file, nth, "the alternate object directory is missing or unreadable", faults, err);
	if (has_string(out, real))
		return 0;
	return push_string(out, &real, "alternate object directories", err);
}

/* The alternates that the store at I names, appended to OUT. */
static int read_alternates(struct cw_vec *out, size_t i, struct cw_vec *faults, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	const char *store = CW_VEC_AT(out, char *, i);
	CW_CLEANUP(cw_freep) char *file = cw_path_join(store, "info/alternates");
	unsigned nth = 1;
	int rc;

	if (!file)
		return cw_err_nomem(err);
	rc = cw_io_read_file(file, ALTERNATES_MAX, 0, &text, err);
	if (rc == CW_E_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	if (memchr(text.data, '\0', text.len))
		return cw_err_set(err, CW_E_CORRUPT, "'%s' holds a NUL byte", file);
	for (char *line = text.data, *end; line && !rc; line = end, nth++) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		rc = add_alternate(store, file, line, nth, out, faults, err);
	}
	return rc;
}

/* An object directory that the environment names. */
static int add_extra(const char *path, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *real = realpath(path, NULL);
	struct stat st;

	if (!real && errno == ENOMEM)
		return cw_err_nomem(err);
	if (!real || stat(real, &st) != 0 || !S_ISDIR(st.st_mode))
		return cw_store_fault_add(faults, path, "the object directory is missing or unreadable", err);
	return has_string(out, real) ? 0 : push_string(out, &real, "object directories", err);
}

int cw_stores_find(const char *common_dir, const struct cw_vec *extra, struct cw_vec *out, struct cw_vec *faults,
		   struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *own = cw_path_join(common_dir, "objects");
	CW_CLEANUP(cw_freep) char *real = own ? realpath(own, NULL) : NULL;
	size_t level_end;
	int rc, depth = 0;

	if (!own)
		return cw_err_nomem(err);
	if (!real)
		return cw_err_sys(err, errno, "unable to open '%s'", own);
	rc = push_string(out, &real, "object directories", err);
	for (size_t i = 0; !rc && i < extra->len; i++)
		rc = add_extra(CW_VEC_AT(extra, char *, i), out, faults, err);
	level_end = out->len;
	for (size_t i = 0; !rc && i < out->len; i++) {
		if (i == level_end) {
			level_end = out->len;
			depth++;
		}
		if (depth >= CW_STORES_DEPTH_MAX)
			return cw_store_fault_add(faults, CW_VEC_AT(out, char *, i), "its alternates are nested too deep", err);
		rc = read_alternates(out, i, faults, err);
	}
	return rc;
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n > m && !strcmp(s + n - m, tail);
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether the pack file PATH with its tail of TAIL_LEN bytes replaced by TAIL is there. */
static int sibling(const char *path, size_t tail_len, const char *tail, bool *ret_there, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf name = CW_BUF_INIT;
	int rc;

	cw_buf_add(&name, path, strlen(path) - tail_len);
	cw_buf_adds(&name, tail);
	rc = cw_buf_fail(&name, "pack name", err);
	if (!rc)
		*ret_there = access(name.data, F_OK) == 0;
	return rc;
}

static int judge_pack_file(const char *dir, const char *name, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err)
{
	bool there = false, is_index = ends_with(name, ".idx"), is_pack = ends_with(name, ".pack");
	CW_CLEANUP(cw_freep) char *path = NULL;
	struct cw_err why = CW_ERR_INIT;
	int rc;

	if (!is_index && !is_pack)
		return 0;
	path = cw_path_join(dir, name);
	if (!path)
		return cw_err_nomem(err);
	if (cw_require_regular(path, NULL, &why))
		return cw_store_fault_add(faults, path, "not a regular file", err);
	if (is_index) {
		rc = sibling(path, strlen(".idx"), ".pack", &there, err);
		if (!rc && there)
			return push_string(out, &path, "packs", err);
		return rc ? rc : cw_store_fault_add(faults, path, "the pack of this index is missing", err);
	}
	if (!strncmp(name, "pack-", 5)) {
		rc = sibling(path, strlen(".pack"), ".idx", &there, err);
		if (rc || there)
			return rc;
		return cw_store_fault_add(faults, path, "this pack has no index", err);
	}
	return 0;
}

int cw_store_packs(const char *store, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *path = cw_path_join(store, "pack");
	size_t first = out->len;
	struct dirent *e;
	DIR *dir;
	int rc = 0;

	if (!path)
		return cw_err_nomem(err);
	dir = opendir(path);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return cw_store_fault_add(faults, path, strerror(errno), err);
	while (!rc && (errno = 0, e = readdir(dir)))
		rc = judge_pack_file(path, e->d_name, out, faults, err);
	if (!rc && errno)
		rc = cw_store_fault_add(faults, path, strerror(errno), err);
	closedir(dir);
	if (!rc && out->len > first)
		qsort((char **)out->items + first, out->len - first, sizeof(char *), by_string);
	return rc;
}
