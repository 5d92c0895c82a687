/* cli/output.c - a report that could not be written whole is an error, wherever the fault shows: write, flush, sync, close. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/signals.h"

static int open_direct(const char *path, struct cw_output *o, struct cw_err *err)
{
	o->file = fopen(path, "we");
	return o->file ? 0 : cw_err_sys(err, errno, "cannot open the output file");
}

/* A file beside TARGET that will be renamed to it. */
static int open_beside(const char *target, struct cw_output *o, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf tmp = CW_BUF_INIT;
	CW_CLEANUP(cw_closep) int fd = -1;

	cw_buf_addf(&tmp, "%s.XXXXXX", target);
	if (cw_buf_fail(&tmp, "path", err) != 0)
		return tmp.fail;
	o->path = strdup(target);
	if (!o->path)
		return cw_err_nomem(err);
	fd = mkostemp(tmp.data, O_CLOEXEC);
	if (fd < 0)
		return cw_err_sys(err, errno, "cannot create the output file");
	o->tmp = cw_buf_detach(&tmp);
	cw_signals_remove_file(o->tmp);
	o->file = fdopen(fd, "w");
	if (!o->file)
		return cw_err_sys(err, errno, "cannot create the output file");
	fd = -1;
	return 0;
}

int cw_output_open(const char *path, struct cw_output *ret, struct cw_err *err)
{
	struct cw_output o = CW_OUTPUT_INIT;
	CW_CLEANUP(cw_freep) char *real = NULL;
	struct stat st;
	int rc;

	if (!path) {
		ret->file = stdout;
		return 0;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		rc = open_direct(path, &o, err);
	} else {
		/* Through a symbolic link the file it points to is replaced, not the link. */
		real = realpath(path, NULL);
		rc = open_beside(real ? real : path, &o, err);
	}
	if (rc != 0) {
		cw_output_release(&o);
		return rc;
	}
	*ret = o;
	return 0;
}

int cw_output_commit(struct cw_output *o, struct cw_err *err)
{
	FILE *file = o->file;
	int failed;

	errno = 0;
	if (fflush(file) != 0 || ferror(file))
		return cw_err_sys(err, errno ? errno : EIO, "cannot write the report");
	if (file == stdout)
		return 0;
	if (o->tmp && fsync(fileno(file)) != 0)
		return cw_err_sys(err, errno, "cannot write the report");
	failed = fclose(file);
	o->file = NULL;
	if (failed != 0)
		return cw_err_sys(err, errno, "cannot write the report");
	if (o->tmp && rename(o->tmp, o->path) != 0)
		return cw_err_sys(err, errno, "cannot put the report in its place");
	cw_signals_remove_file(NULL);
	free(cw_steal(&o->tmp));
	return 0;
}

void cw_output_release(struct cw_output *o)
{
	if (o->file && o->file != stdout)
		fclose(o->file);
	if (o->tmp) {
		cw_signals_remove_file(NULL);
		unlink(o->tmp);
	}
	free(o->tmp);
	free(o->path);
	*o = (struct cw_output)CW_OUTPUT_INIT;
}
