/* scan/walk.c - see walk.h. Iterative, so that deep folders cost memory and not stack; folders are opened relative to the one that
 * the user named, without following links below it. */
#include "scan/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

struct item { /* of one folder */
	char *name;
	mode_t type; /* S_IFMT bits */
};

struct walk {
	int root;		/* descriptor of the named folder */
	const char *root_path;	/* without slashes at its end */
	const _Atomic int *cancel;
	struct cw_vec *out;
	struct cw_coverage *coverage;
	struct cw_vec folders; /* char *: still to visit, relative to root ("" is root itself); the last is next */
};

static void release_strings(struct cw_vec *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(CW_VEC_AT(v, char *, i));
	cw_vec_release(v);
}

static void release_items(struct cw_vec *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(CW_VEC_AT(v, struct item, i).name);
	cw_vec_release(v);
}

void cw_files_release(struct cw_vec *files)
{
	for (size_t i = 0; i < files->len; i++)
		free(CW_VEC_AT(files, struct cw_file, i).path);
	cw_vec_release(files);
}

/* "DIR/NAME", or NAME alone when DIR is empty; NULL without memory. */
static char *join(const char *dir, const char *name)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;

	cw_buf_adds(&b, dir);
	if (*dir && *name && dir[strlen(dir) - 1] != '/')
		cw_buf_addc(&b, '/');
	cw_buf_adds(&b, name);
	return cw_buf_detach(&b);
}

static int add_file(struct cw_vec *out, char *path, bool named, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *owned = path;
	struct cw_file *f;

	if (!path)
		return cw_err_nomem(err);
	f = cw_vec_push(out);
	if (!f)
		return cw_vec_fail(out, "list of files", err);
	f->path = cw_steal(&owned);
	f->named = named;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static int add_item(DIR *dir, const struct dirent *e, struct cw_vec *items, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *name = NULL;
	struct item *item;
	struct stat st;
	mode_t type = DTTOIF(e->d_type);

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return 0;
	if (e->d_type == DT_UNKNOWN)
		type = fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode & S_IFMT : S_IFREG;
	name = strdup(e->d_name);
	item = name ? cw_vec_push(items) : NULL;
	if (!name)
		return cw_err_nomem(err);
	if (!item)
		return cw_vec_fail(items, "list of files", err);
	item->name = cw_steal(&name);
	item->type = type;
	return 0;
}

/* The entries of an open folder (FD is taken over), sorted. *ret_errno says why the list is not complete, or 0. */
static int read_folder(int fd, struct cw_vec *items, int *ret_errno, struct cw_err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		*ret_errno = errno;
		close(fd);
		return 0;
	}
	while (!rc && (errno = 0, e = readdir(dir)))
		rc = add_item(dir, e, items, err);
	*ret_errno = rc ? 0 : errno;
	closedir(dir);
	if (items->len)
		qsort(items->items, items->len, sizeof(struct item), by_name);
	return rc;
}

static const struct item *find(const struct cw_vec *items, const char *name)
{
	for (size_t i = 0; i < items->len; i++) {
		const struct item *item = &CW_VEC_AT(items, struct item, i);

		if (!strcmp(item->name, name))
			return item;
	}
	return NULL;
}

/* Whether the folder is the top of a work tree, a submodule's too, or a bare repository. */
static bool is_repository(const struct cw_vec *items)
{
	const struct item *dot_git = find(items, ".git"), *head = find(items, "HEAD"), *objects = find(items, "objects"),
			  *refs = find(items, "refs");

	if (dot_git)
		return true;
	return head && S_ISREG(head->type) && objects && S_ISDIR(objects->type) && refs && S_ISDIR(refs->type);
}

/* A folder's files go to the list, its folders on the stack, the first on top. */
static int take_items(struct walk *w, const char *folder, struct cw_vec *items, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *shown = join(w->root_path, folder);
	int rc = shown ? 0 : cw_err_nomem(err);

	w->coverage->repositories += is_repository(items);
	for (size_t i = 0; !rc && i < items->len; i++) {
		const struct item *item = &CW_VEC_AT(items, struct item, i);

		if (S_ISREG(item->type))
			rc = add_file(w->out, join(shown, item->name), false, err);
		else if (!S_ISDIR(item->type))
			w->coverage->skipped++;
	}
	for (size_t i = items->len; !rc && i-- > 0;) {
		const struct item *item = &CW_VEC_AT(items, struct item, i);
		char **slot;

		if (!S_ISDIR(item->type) || !strcmp(item->name, ".git"))
			continue;
		slot = cw_vec_push(&w->folders);
		if (!slot)
			return cw_vec_fail(&w->folders, "list of folders", err);
		*slot = join(folder, item->name);
		rc = *slot ? 0 : cw_err_nomem(err);
	}
	return rc;
}

/* What a folder holds is not known when it cannot be read: it stands in the list as one entry that was not expected. */
static int note_folder(struct walk *w, const char *folder, const char *reason, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *shown = join(w->root_path, folder);

	if (!shown)
		return cw_err_nomem(err);
	cw_coverage_unscanned(w->coverage, false, shown, reason);
	return 0;
}

static int visit(struct walk *w, const char *folder, struct cw_err *err)
{
	CW_CLEANUP(release_items) struct cw_vec items = CW_VEC_INIT(struct item, CW_FILES_MAX);
	int why = 0, rc, fd;

	if (atomic_load_explicit(w->cancel, memory_order_relaxed))
		return note_folder(w, folder, "interrupted", err);
	fd = openat(w->root, *folder ? folder : ".", OPEN_FOLDER);
	if (fd < 0)
		return note_folder(w, folder, strerror(errno), err);
	rc = read_folder(fd, &items, &why, err);
	if (!rc && why)
		rc = note_folder(w, folder, strerror(why), err);
	return rc ? rc : take_items(w, folder, &items, err);
}

static int walk_folder(struct walk *w, struct cw_err *err)
{
	char **slot = cw_vec_push(&w->folders);
	int rc;

	if (!slot)
		return cw_vec_fail(&w->folders, "list of folders", err);
	*slot = strdup("");
	rc = *slot ? 0 : cw_err_nomem(err);
	while (!rc && w->folders.len) {
		CW_CLEANUP(cw_freep) char *folder = CW_VEC_AT(&w->folders, char *, --w->folders.len);

		rc = visit(w, folder, err);
	}
	return rc;
}

/* PATH without slashes at its end, but "/" itself. */
static char *trimmed(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return strndup(path, len);
}

int cw_walk(const char *path, const _Atomic int *cancel, struct cw_vec *out, struct cw_coverage *coverage,
	    struct cw_err *err)
{
	struct walk w = { .cancel = cancel, .out = out, .coverage = coverage };
	CW_CLEANUP(cw_closep) int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	CW_CLEANUP(cw_freep) char *root_path = NULL;
	int rc;

	if (root < 0 && errno == ENOTDIR)
		return add_file(out, strdup(path), true, err);
	if (root < 0) {
		cw_coverage_unscanned(coverage, true, path, strerror(errno));
		return 0;
	}
	root_path = trimmed(path);
	if (!root_path)
		return cw_err_nomem(err);
	w.root = root;
	w.root_path = root_path;
	w.folders = (struct cw_vec)CW_VEC_INIT(char *, CW_FILES_MAX);
	rc = walk_folder(&w, err);
	release_strings(&w.folders);
	return rc;
}
