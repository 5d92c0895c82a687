/* vcs/pack_file.c - see pack_file.h. */
#include "vcs/pack_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

/* Files kept open at once, and at most this part of those that the process may open. */
#define FILES_MAX ((size_t)256)
#define FILES_SHARE 4

static int changed(const struct cw_pack_file *f, struct cw_err *err)
{
	return cw_err_set(err, CW_E_CHANGED, "the pack '%s' changed while it was read", f->path);
}

/* The guarded read: all bytes of packs come from here. */
static int read_at(const struct cw_pack_file *f, int fd, uint64_t at, uint8_t *out, size_t len, struct cw_err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, out + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cw_err_sys(err, errno, "unable to read '%s'", f->path);
		if (!n)
			return changed(f, err);
		done += (size_t)n;
	}
	return 0;
}

/* Size, time and checksum of the open file FD, whose name is that of F. */
static int look(const struct cw_pack_file *f, int fd, struct cw_pack_file *ret, struct cw_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "unable to look at '%s'", f->path);
	ret->size = (uint64_t)st.st_size;
	ret->changed = st.st_mtim;
	if (ret->size < CW_PACK_HEADER_LEN + CW_PACK_SUM_LEN || ret->size > CW_PACK_SIZE_MAX)
		return cw_err_set(err, CW_E_CORRUPT, "the pack is cut short");
	return read_at(f, fd, ret->size - CW_PACK_SUM_LEN, ret->sum, CW_PACK_SUM_LEN, err);
}

size_t cw_pack_files_max(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur / FILES_SHARE >= FILES_MAX)
		return FILES_MAX;
	return files.rlim_cur < FILES_SHARE ? 1 : (size_t)files.rlim_cur / FILES_SHARE;
}

int cw_pack_file_open(const char *path, struct cw_pack_file *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_pack_file_release) struct cw_pack_file f = { .path = strdup(path), .fd = -1 };
	int rc = f.path ? cw_io_open_file(path, 0, &f.fd, err) : cw_err_nomem(err);

	rc = rc ? rc : look(&f, f.fd, &f, err);
	if (rc)
		return rc;
	*ret = f;
	f = (struct cw_pack_file)CW_PACK_FILE_INIT;
	return 0;
}

void cw_pack_file_park(struct cw_pack_file *f)
{
	cw_closep(&f->fd);
	f->fd = -1;
}

void cw_pack_file_release(struct cw_pack_file *f)
{
	cw_pack_file_park(f);
	free(f->path);
	*f = (struct cw_pack_file)CW_PACK_FILE_INIT;
}

/* CW_E_CHANGED when the open file FD is another pack than F was. */
static int same_pack(const struct cw_pack_file *f, int fd, struct cw_pack_file *ret_now, struct cw_err *err)
{
	int rc = look(f, fd, ret_now, err);

	if (rc == CW_E_CORRUPT || (!rc && (ret_now->size != f->size || memcmp(ret_now->sum, f->sum, CW_PACK_SUM_LEN))))
		return changed(f, err);
	return rc;
}

void cw_pack_window_release(struct cw_pack_window *w)
{
	cw_closep(&w->fd);
	free(w->data);
	*w = (struct cw_pack_window)CW_PACK_WINDOW_INIT;
}

/* Open a parked file again: it must be the one that it was. */
static int reopen(struct cw_pack_window *w, const struct cw_pack_file *f, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = -1;
	struct cw_pack_file now = CW_PACK_FILE_INIT;
	int rc = cw_io_open_file(f->path, 0, &fd, err);

	if (rc == CW_E_NOTFOUND)
		return changed(f, err);
	rc = rc ? rc : same_pack(f, fd, &now, err);
	if (!rc) {
		w->fd = fd;
		fd = -1;
	}
	return rc;
}

/* Make F the file of the window. */
static int turn_to(struct cw_pack_window *w, const struct cw_pack_file *f, struct cw_err *err)
{
	if (w->file == f)
		return 0;
	cw_closep(&w->fd);
	w->fd = -1;
	w->file = NULL;
	w->len = 0;
	if (f->fd < 0) {
		int rc = reopen(w, f, err);

		if (rc)
			return rc;
	}
	w->file = f;
	return 0;
}

static int make_room(struct cw_pack_window *w, size_t len, struct cw_err *err)
{
	uint8_t *data;

	w->len = 0;
	if (len <= w->cap)
		return 0;
	data = malloc(len); /* the old bytes are not needed */
	if (!data)
		return cw_err_nomem(err);
	free(w->data);
	w->data = data;
	w->cap = len;
	return 0;
}

int cw_pack_window_get(struct cw_pack_window *w, const struct cw_pack_file *f, uint64_t at, size_t need, size_t want,
		       const uint8_t **ret, struct cw_err *err)
{
	int rc;

	if (w->file == f && at >= w->at && at - w->at <= w->len && need <= w->len - (at - w->at)) {
		*ret = w->data + (at - w->at);
		return 0;
	}
	if (at > f->size || need > f->size - at)
		return cw_err_set(err, CW_E_CORRUPT, "the pack '%s' is cut short", f->path);
	if (want > f->size - at)
		want = (size_t)(f->size - at);
	rc = turn_to(w, f, err);
	rc = rc ? rc : make_room(w, want, err);
	rc = rc ? rc : read_at(f, f->fd >= 0 ? f->fd : w->fd, at, w->data, want, err);
	if (rc)
		return rc;
	w->at = at;
	w->len = want;
	*ret = w->data;
	return 0;
}

int cw_pack_window_blame(struct cw_pack_window *w, const struct cw_pack_file *f, int rc, struct cw_err *err)
{
	struct cw_pack_file now = CW_PACK_FILE_INIT;
	int same;

	if (rc != CW_E_CORRUPT || w->file != f)
		return rc;
	same = same_pack(f, f->fd >= 0 ? f->fd : w->fd, &now, NULL);
	if (same && same != CW_E_CHANGED)
		return rc;
	if (same || now.changed.tv_sec != f->changed.tv_sec || now.changed.tv_nsec != f->changed.tv_nsec)
		return changed(f, err);
	return rc;
}
