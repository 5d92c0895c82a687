/* scan/files.c - scans files, folders and standard input with one thread per job. */
#include "scan/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "scan/scanner.h"
#include "scan/walk.h"
#include "scan/worker.h"

#define STDIN_NAME "<stdin>"
#define STREAM_CHUNK ((size_t)64 << 10)	  /* bytes */
#define KEEP_MAX ((size_t)16 << 20)	  /* bytes of a buffer kept for the next file */
#define CANCEL_POLL_MS 100
#define OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

struct job { /* one worker's own */
	struct cw_scanner scanner;
	struct cw_buf data;
};

struct files {
	const struct cw_set *set;
	const struct cw_files_opts *opts;
	const struct cw_sink *sink;
	struct cw_progress *progress;
	struct cw_coverage *coverage;
	struct cw_vec list; /* struct cw_file */
	bool *done;	    /* one per file: it is accounted for */
	struct job *jobs;
	unsigned jobs_len;
	_Atomic size_t next;
	_Atomic bool stop;
};

static bool stopped(struct files *f)
{
	return atomic_load_explicit(&f->stop, memory_order_relaxed) ||
	       atomic_load_explicit(&f->progress->cancel, memory_order_relaxed);
}

/* FD may be a terminal or a slow pipe: look for an interruption while waiting. */
static int read_stream(struct files *f, int fd, const char *name, struct cw_buf *data, struct cw_err *err)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (stopped(f))
			return cw_err_set(err, CW_E_CANCELLED, "interrupted");
		n = poll(&p, 1, CANCEL_POLL_MS);
		if (n == 0 || (n < 0 && errno == EINTR))
			continue;
		if (cw_buf_reserve(data, 1))
			return cw_buf_fail(data, name, err);
		if (data->cap - data->len < STREAM_CHUNK && data->max - data->len >= STREAM_CHUNK)
			cw_buf_reserve(data, STREAM_CHUNK);
		n = read(fd, data->data + data->len, data->cap - data->len);
		if (n == 0)
			return 0;
		if (n > 0)
			cw_buf_commit(data, (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return cw_err_sys(err, errno, "unable to read");
	}
}

/* A pipe that this process inherited, named as /dev/fd/N or /dev/stdin, which somebody has open or had. A FIFO in the file system
 * may never have a writer. */
static bool is_pipe(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISFIFO(st->st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}

/* Read a file whole. It may shrink or grow meanwhile: what was read up to its end is what gets scanned. */
static int read_file(struct files *f, struct job *j, const struct cw_file *file, uint64_t *ret_size, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open(file->path, OPEN_FILE | (file->named ? 0 : O_NOFOLLOW));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return cw_err_sys(err, errno, "unable to open");
	if (file->named && is_pipe(fd, &st))
		return read_stream(f, fd, file->path, &j->data, err);
	if (!S_ISREG(st.st_mode))
		return cw_err_set(err, CW_E_INVALID, "not a regular file");
	if (st.st_size > 0 && (uint64_t)st.st_size > f->opts->object_max) {
		*ret_size = (uint64_t)st.st_size;
		return cw_err_set(err, CW_E_LIMIT, "too large");
	}
	return cw_io_read_fd(fd, file->path, j->data.max, &j->data, err);
}

static int scan_file(struct files *f, struct job *j, const struct cw_file *file, struct cw_err *err)
{
	const char *const path = file->path;
	struct cw_err why = CW_ERR_INIT;
	uint64_t size = 0;
	int rc = file->is_stdin ? read_stream(f, STDIN_FILENO, STDIN_NAME, &j->data, &why) : read_file(f, j, file, &size, &why);

	if (!rc) {
		struct cw_scanned s = { .data = j->data.data, .len = j->data.len, .name = path, .paths = &path };

		s.paths_len = 1;
		s.type = CW_OBJ_BLOB;
		rc = cw_scanner_scan(&j->scanner, &s, err);
	} else {
		if (rc == CW_E_LIMIT)
			cw_scanner_too_large(&j->scanner, path, size, f->opts->object_max);
		else
			cw_coverage_unscanned(&j->scanner.coverage, true, path, cw_err_msg(&why));
		rc = 0;
	}
	if (j->data.cap > KEEP_MAX) {
		size_t max = j->data.max;

		cw_buf_release(&j->data);
		j->data.max = max;
	}
	cw_buf_clear(&j->data);
	return rc;
}

static int work(void *shared, unsigned worker, struct cw_err *err)
{
	struct files *f = shared;

	while (!stopped(f)) {
		size_t i = atomic_fetch_add(&f->next, 1);
		int rc;

		if (i >= f->list.len)
			return 0;
		f->done[i] = true;
		rc = scan_file(f, &f->jobs[worker], &CW_VEC_AT(&f->list, struct cw_file, i), err);
		if (rc) {
			atomic_store(&f->stop, true);
			return rc;
		}
		atomic_fetch_add_explicit(&f->progress->done, 1, memory_order_relaxed);
	}
	return 0;
}

static void release(struct files *f)
{
	for (unsigned i = 0; i < f->jobs_len; i++) {
		cw_scanner_finish(&f->jobs[i].scanner, f->coverage);
		cw_buf_release(&f->jobs[i].data);
	}
	free(f->jobs);
	free(f->done);
	cw_files_release(&f->list);
}

static int start_job(struct files *f, unsigned i, struct cw_err *err)
{
	const struct cw_scanner *first = i ? &f->jobs[0].scanner : NULL;
	struct job *j = &f->jobs[i];
	int rc = 0;

	if (f->opts->asker)
		cw_scanner_init_asking(&j->scanner, f->opts->asker, f->progress);
	else
		rc = cw_scanner_init(&j->scanner, f->set, f->sink, f->progress, i, first, err);
	if (rc)
		return rc;
	j->data = (struct cw_buf)CW_BUF_INIT_SECRET;
	j->data.max = f->opts->object_max < SIZE_MAX ? (size_t)f->opts->object_max : SIZE_MAX;
	f->jobs_len = i + 1;
	return 0;
}

static int start_jobs(struct files *f, struct cw_err *err)
{
	unsigned want = f->opts->jobs < 1 || f->opts->asker ? 1 : f->opts->jobs > CW_JOBS_MAX ? CW_JOBS_MAX : f->opts->jobs;
	int rc;

	if (want > f->list.len)
		want = f->list.len ? (unsigned)f->list.len : 1;
	f->jobs = calloc(want, sizeof(*f->jobs));
	f->done = calloc(f->list.len + 1, sizeof(*f->done));
	if (!f->jobs || !f->done)
		return cw_err_nomem(err);
	rc = start_job(f, 0, err);
	for (unsigned i = 1; !rc && i < want; i++) {
		if (start_job(f, i, NULL))
			break; /* fewer threads, the same work */
	}
	return rc;
}

static int add_stdin(struct cw_vec *list, struct cw_err *err)
{
	struct cw_file *file = cw_vec_push(list);

	if (!file)
		return cw_vec_fail(list, "list of files", err);
	file->is_stdin = true;
	file->path = strdup(STDIN_NAME);
	return file->path ? 0 : cw_err_nomem(err);
}

/* Take the files out of the list that policy excludes. */
static void exclude(struct files *f)
{
	struct cw_file *files = f->list.items;
	size_t kept = 0;

	for (size_t i = 0; i < f->list.len; i++) {
		bool named = files[i].named || files[i].is_stdin;

		if (named || !f->opts->excluded(f->opts->excluded_payload, files[i].path)) {
			files[kept++] = files[i];
			continue;
		}
		f->coverage->excluded++;
		free(files[i].path);
	}
	f->list.len = kept;
}

static int prepare(struct files *f, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < f->opts->paths_len; i++) {
		const char *path = f->opts->paths[i];

		rc = !strcmp(path, "-") ? add_stdin(&f->list, err) :
					  cw_walk(path, &f->progress->cancel, &f->list, f->coverage, err);
	}
	if (!rc && f->opts->excluded)
		exclude(f);
	atomic_fetch_add_explicit(&f->progress->total, f->list.len, memory_order_relaxed);
	return rc ? rc : start_jobs(f, err);
}

static void note_unreached(struct files *f)
{
	for (size_t i = 0; i < f->list.len; i++) {
		const struct cw_file *file = &CW_VEC_AT(&f->list, struct cw_file, i);

		if (file->path && (!f->done || !f->done[i]))
			cw_coverage_unscanned(f->coverage, true, file->path, "interrupted");
	}
}

int cw_files_run(const struct cw_set *set, const struct cw_files_opts *opts, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	struct files f = { .set = set, .opts = opts, .sink = sink, .progress = progress, .coverage = coverage };
	int rc;

	f.list = (struct cw_vec)CW_VEC_INIT(struct cw_file, CW_FILES_MAX);
	rc = prepare(&f, err);
	rc = rc ? rc : cw_workers_run(f.jobs_len, work, &f, err);
	note_unreached(&f);
	release(&f);
	cw_coverage_sort(coverage);
	return rc;
}
