/* bench/corpus.c - see corpus.h. */
#include "corpus.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"

#define FILE_BYTES_MAX ((size_t)8 << 20)
#define FILES_MAX ((size_t)1 << 20)

static const struct {
	const char *suffix;
	enum corpus_kind kind;
} suffixes[] = {
	{ ".c", CORPUS_C },	  { ".h", CORPUS_C },	    { ".cc", CORPUS_C },    { ".cpp", CORPUS_C },
	{ ".py", CORPUS_PYTHON }, { ".yaml", CORPUS_YAML }, { ".yml", CORPUS_YAML },
};

const char *corpus_kind_name(enum corpus_kind kind)
{
	static const char *const names[] = { "C", "Python", "YAML" };

	return names[kind];
}

void corpus_init(struct corpus *c)
{
	*c = (struct corpus){ .files = CW_VEC_INIT(struct corpus_file, FILES_MAX) };
}

void corpus_release(struct corpus *c)
{
	for (size_t i = 0; i < c->files.len; i++)
		free(CW_VEC_AT(&c->files, struct corpus_file, i).data);
	cw_vec_release(&c->files);
}

static bool kind_of(const char *name, enum corpus_kind *ret_kind)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(dot, suffixes[i].suffix) == 0) {
			*ret_kind = suffixes[i].kind;
			return true;
		}
	}
	return false;
}

static int add_file(struct corpus *c, const char *path, enum corpus_kind kind, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf content = CW_BUF_INIT;
	struct corpus_file *file;
	size_t len;
	int r;

	r = cw_io_read_file(path, FILE_BYTES_MAX, 0, &content, err);
	if (r == CW_E_NOMEM)
		return r;
	if (r != 0 || content.len == 0)
		return 0;
	file = cw_vec_push(&c->files);
	if (!file)
		return cw_vec_fail(&c->files, "files", err);
	len = content.len;
	file->data = cw_buf_detach(&content);
	if (!file->data)
		return cw_err_nomem(err);
	file->len = len;
	c->bytes[kind] += len;
	c->total += len;
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int corpus_load(struct corpus *c, char *const *paths, struct cw_err *err)
{
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	const FTSENT *entry;
	int r = 0;

	if (!walk)
		return cw_err_sys(err, errno, "unable to walk the folders");
	while (r == 0 && (entry = fts_read(walk)) != NULL) {
		enum corpus_kind kind;

		if (entry->fts_info == FTS_F && kind_of(entry->fts_name, &kind) && c->bytes[kind] < CORPUS_KIND_BYTES_MAX)
			r = add_file(c, entry->fts_path, kind, err);
	}
	fts_close(walk);
	return r;
}
