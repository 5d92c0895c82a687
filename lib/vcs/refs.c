/* vcs/refs.c - see refs.h. The folder of loose references is walked with a list of folders to come; links to folders are not
 * followed, since they may lead anywhere. */
#include "vcs/refs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "vcs/layout.h"
#include "vcs/parse.h"
#include "vcs/repo_int.h"
#include "vcs/stores.h"

#define LOOSE_MAX ((size_t)8 << 10)    /* bytes of one reference */
#define PACKED_MAX ((size_t)512 << 20) /* bytes of packed-refs, and of shallow */
#define FOLDERS_MAX ((size_t)1 << 20)
#define NAME_MAX_LEN 4096 /* bytes */

struct reading {
	struct cw_vec *out, *faults;
	struct cw_err *err;
};

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

void cw_refs_release(struct cw_vec *refs)
{
	for (size_t i = 0; i < refs->len; i++)
		free(CW_VEC_AT(refs, struct cw_ref, i).name);
	cw_vec_release(refs);
}

static int add_ref(struct reading *g, const char *name, size_t len, const struct cw_oid *oid)
{
	struct cw_ref *ref = cw_vec_push(g->out);

	if (!ref)
		return cw_vec_fail(g->out, "references", g->err);
	ref->oid = *oid;
	ref->name = strndup(name, len);
	return ref->name ? 0 : cw_err_nomem(g->err);
}

/* What cannot be read becomes a fault; without memory nothing can go on. */
static int fault(struct reading *g, const char *name, int rc, const struct cw_err *why)
{
	return rc == CW_E_NOMEM ? cw_err_nomem(g->err) : cw_store_fault_add(g->faults, name, cw_err_msg(why), g->err);
}

static size_t trimmed(const struct cw_buf *text)
{
	size_t len = text->len;

	while (len && strchr(" \t\r\n", text->data[len - 1]))
		len--;
	return len;
}

/* The file PATH as reference NAME. */
static int read_loose(struct reading *g, const char *path, const char *name)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err why = CW_ERR_INIT;
	struct cw_oid oid;
	int rc = cw_io_read_file(path, LOOSE_MAX, 0, &text, &why);

	if (rc == CW_E_NOTFOUND || (!rc && !strncmp(text.data, "ref:", 4)))
		return 0;
	if (rc)
		return fault(g, name, rc, &why);
	if (cw_oid_parse(text.data, trimmed(&text), &oid))
		return add_ref(g, name, strlen(name), &oid);
	return cw_store_fault_add(g->faults, name, "not a reference", g->err);
}

static int push_folder(struct cw_vec *folders, const char *name, struct cw_err *err)
{
	char **slot = cw_vec_push(folders);

	if (!slot)
		return cw_vec_fail(folders, "folders of references", err);
	*slot = strdup(name);
	return *slot ? 0 : cw_err_nomem(err);
}

/* One entry of a folder: PATH is where it lies, NAME its name from the git directory on. */
static int read_entry(struct reading *g, struct cw_vec *folders, const char *path, const char *name)
{
	size_t len = strlen(name);
	struct stat st;

	if (len > 5 && !strcmp(name + len - 5, ".lock"))
		return 0;
	if (len > NAME_MAX_LEN)
		return cw_store_fault_add(g->faults, "refs", "a reference has too long a name", g->err);
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : cw_store_fault_add(g->faults, name, strerror(errno), g->err);
	if (S_ISDIR(st.st_mode))
		return push_folder(folders, name, g->err);
	if (S_ISLNK(st.st_mode) && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return cw_store_fault_add(g->faults, name, "a symbolic link that leads to no reference", g->err);
	return read_loose(g, path, name);
}

static int read_folder(struct reading *g, struct cw_vec *folders, const char *dir, const char *folder)
{
	CW_CLEANUP(cw_freep) char *path = cw_path_join(dir, folder);
	CW_CLEANUP(close_dir) DIR *d = path ? opendir(path) : NULL;
	int rc = 0;

	if (!path)
		return cw_err_nomem(g->err);
	if (!d)
		return errno == ENOENT ? 0 : cw_store_fault_add(g->faults, folder, strerror(errno), g->err);
	while (!rc) {
		CW_CLEANUP(cw_freep) char *name = NULL;
		CW_CLEANUP(cw_freep) char *full = NULL;
		const struct dirent *e;

		errno = 0;
		e = readdir(d);
		if (!e)
			return errno ? cw_store_fault_add(g->faults, folder, strerror(errno), g->err) : 0;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		name = cw_path_join(folder, e->d_name);
		full = name ? cw_path_join(dir, name) : NULL;
		rc = full ? read_entry(g, folders, full, name) : cw_err_nomem(g->err);
	}
	return rc;
}

/* The loose references below DIR/refs. */
static int read_all_loose(struct reading *g, const char *dir)
{
	CW_CLEANUP(cw_strings_release) struct cw_vec folders = CW_VEC_INIT(char *, FOLDERS_MAX);
	int rc = push_folder(&folders, "refs", g->err);

	for (size_t i = 0; !rc && i < folders.len; i++)
		rc = read_folder(g, &folders, dir, CW_VEC_AT(&folders, char *, i));
	return rc;
}

static int read_packed_line(struct reading *g, const char *line, size_t len)
{
	struct cw_oid oid;

	if (!len || *line == '#' || *line == '^')
		return 0;
	if (len > CW_SHA1_HEX_LEN + 1 && len <= CW_SHA1_HEX_LEN + 1 + NAME_MAX_LEN && line[CW_SHA1_HEX_LEN] == ' ' &&
	    !memchr(line, '\0', len) && cw_oid_parse(line, CW_SHA1_HEX_LEN, &oid))
		return add_ref(g, line + CW_SHA1_HEX_LEN + 1, len - CW_SHA1_HEX_LEN - 1, &oid);
	return cw_store_fault_add(g->faults, "packed-refs", "a line of it is no reference", g->err);
}

/* Give each line of DIR/NAME, if there is such a file, to FN. */
static int read_lines(struct reading *g, const char *dir, const char *name,
		      int (*fn)(struct reading *g, const char *line, size_t len))
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_freep) char *path = cw_path_join(dir, name);
	struct cw_err why = CW_ERR_INIT;
	int rc;

	if (!path)
		return cw_err_nomem(g->err);
	rc = cw_io_read_file(path, PACKED_MAX, 0, &text, &why);
	if (rc)
		return rc == CW_E_NOTFOUND ? 0 : fault(g, name, rc, &why);
	for (size_t pos = 0; !rc && pos < text.len;) {
		const char *line = text.data + pos, *eol = memchr(line, '\n', text.len - pos);
		size_t len = eol ? (size_t)(eol - line) : text.len - pos;

		rc = fn(g, line, len);
		pos += len + 1;
	}
	return rc;
}

/* The HEADs of linked work trees, and of the main one as seen from a linked one. */
static int read_other_heads(struct reading *g, const struct cw_repo *r)
{
	CW_CLEANUP(cw_freep) char *path = cw_path_join(r->at.common_dir, "worktrees");
	CW_CLEANUP(close_dir) DIR *d = path ? opendir(path) : NULL;
	const struct dirent *e;
	int rc = 0;

	if (!path)
		return cw_err_nomem(g->err);
	if (strcmp(r->at.git_dir, r->at.common_dir)) {
		CW_CLEANUP(cw_freep) char *main_head = cw_path_join(r->at.common_dir, "HEAD");

		rc = main_head ? read_loose(g, main_head, "main-worktree/HEAD") : cw_err_nomem(g->err);
	}
	while (!rc && d && (e = readdir(d))) {
		CW_CLEANUP(cw_freep) char *name = NULL;
		CW_CLEANUP(cw_freep) char *full = NULL;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&name, "worktrees/%s/HEAD", e->d_name) < 0)
			return cw_err_nomem(g->err);
		full = cw_path_join(r->at.common_dir, name);
		rc = full ? read_loose(g, full, name) : cw_err_nomem(g->err);
	}
	return rc;
}

static int read_head(struct reading *g, struct cw_repo *r)
{
	struct cw_oid oid = { .len = 0 };
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_repo_head_oid(r, &oid, &why);

	if (rc)
		return fault(g, "HEAD", rc, &why);
	return oid.len ? add_ref(g, "HEAD", 4, &oid) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct cw_ref *)a)->name, ((const struct cw_ref *)b)->name);
}

/* Sort the references and take out those of the second half (from PACKED on) that a loose one hides. */
static void settle(struct cw_vec *refs, size_t packed)
{
	struct cw_ref *r = refs->items;
	size_t kept = packed;

	if (packed)
		qsort(r, packed, sizeof(*r), by_name);
	for (size_t i = packed; i < refs->len; i++) {
		if (packed && bsearch(&r[i], r, packed, sizeof(*r), by_name))
			free(r[i].name);
		else
			r[kept++] = r[i];
	}
	refs->len = kept;
	if (kept)
		qsort(r, kept, sizeof(*r), by_name);
}

int cw_repo_refs(struct cw_repo *r, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err)
{
	struct reading g = { .out = out, .faults = faults, .err = err };
	size_t loose;
	int rc = read_head(&g, r);

	rc = rc ? rc : read_other_heads(&g, r);
	rc = rc ? rc : read_all_loose(&g, r->at.common_dir);
	if (!rc && strcmp(r->at.git_dir, r->at.common_dir))
		rc = read_all_loose(&g, r->at.git_dir);
	loose = out->len;
	rc = rc ? rc : read_lines(&g, r->at.common_dir, "packed-refs", read_packed_line);
	if (!rc)
		settle(out, loose);
	return rc;
}

static int read_shallow_line(struct reading *g, const char *line, size_t len)
{
	struct cw_oid oid, *slot;

	if (!len)
		return 0;
	if (!cw_oid_parse(line, len, &oid))
		return cw_store_fault_add(g->faults, "shallow", "a line of it is no object id", g->err);
	slot = cw_vec_push(g->out);
	if (!slot)
		return cw_vec_fail(g->out, "shallow commits", g->err);
	*slot = oid;
	return 0;
}

static int by_oid(const void *a, const void *b)
{
	return cw_oid_cmp(a, b);
}

int cw_repo_shallow(struct cw_repo *r, struct cw_vec *out, struct cw_vec *faults, struct cw_err *err)
{
	struct reading g = { .out = out, .faults = faults, .err = err };
	int rc = read_lines(&g, r->at.common_dir, "shallow", read_shallow_line);

	if (!rc && out->len)
		qsort(out->items, out->len, out->item_size, by_oid);
	return rc;
}
