/* hooks/shim.c - see shim.h. */
#include "hooks/shim.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define SHIM_MAX ((size_t)64 << 10) /* bytes */
#define MARK "# Written by 'credwatch install'"
#define PASSES "# It only runs the repository's own hook."

const char *const cw_shim_hooks[] = {"pre-commit", "pre-merge-commit", "commit-msg", "pre-push", "pre-receive", NULL};

const char *const cw_shim_passed[] = {
	"applypatch-msg", "pre-applypatch", "post-applypatch", "prepare-commit-msg", "post-commit", "pre-rebase", "post-checkout",
	"post-merge", "post-rewrite", "pre-auto-gc", "sendemail-validate", "update", "post-receive", "post-update", NULL,
};

static bool ends_in(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

int cw_shim_init(struct cw_shim *s, const char *folder, const char *hook, bool global, struct cw_err *err)
{
	bool beside = ends_in(folder, ".d");
	const char *slash = strrchr(folder, '/');
	const char *name = slash ? slash + 1 : folder;

	*s = (struct cw_shim){.hook = hook, .global = global};
	if (beside && (strncmp(name, hook, strlen(hook)) != 0 || strcmp(name + strlen(hook), ".d") != 0))
		return cw_err_set(err, CW_E_USAGE, "the folder '%s' is not for %s hooks: name the hook that it is for", folder, hook);
	if (asprintf(&s->path, "%s/%s", folder, beside ? "credwatch" : hook) < 0)
		s->path = NULL;
	if (s->path && asprintf(&s->chained, "%s" CW_SHIM_CHAINED, s->path) < 0)
		s->chained = NULL;
	return s->path && s->chained ? 0 : cw_err_nomem(err);
}

void cw_shim_release(struct cw_shim *s)
{
	free(s->path);
	free(s->chained);
}

int cw_shim_program(struct cw_buf *out, struct cw_err *err)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

	if (len < 0 || (size_t)len >= sizeof(path))
		return cw_err_sys(err, errno, "cannot find the path of this program");
	cw_buf_add(out, path, (size_t)len);
	return cw_buf_fail(out, "the path of this program", err);
}

/* ---- the script ---- */

/* TEXT in single quotes for a shell. */
static void add_quoted(struct cw_buf *out, const char *text)
{
	cw_buf_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			cw_buf_adds(out, "'\\''");
		else
			cw_buf_addc(out, *text);
	}
	cw_buf_addc(out, '\'');
}

static bool reads_input(const char *hook)
{
	return strcmp(hook, "pre-push") == 0 || strcmp(hook, "pre-receive") == 0;
}

/* The repository's own hook; it may be one that comes back here. */
static void add_own(struct cw_buf *out, const struct cw_shim *s)
{
	cw_buf_addf(out, "own=$(git rev-parse --git-common-dir)/hooks/%s\n"
			 "if [ \"$CREDWATCH_CHAIN\" != %s ] && [ -x \"$own\" ]; then\n"
			 "\tCREDWATCH_CHAIN=%s\n"
			 "\texport CREDWATCH_CHAIN\n", s->hook, s->hook, s->hook);
}

/* Run another hook first, if there is one; what git says on standard input is kept for the next. */
static void add_chain(struct cw_buf *out, const struct cw_shim *s)
{
	if (s->global)
		add_own(out, s);
	else
		cw_buf_adds(out, "own=$0" CW_SHIM_CHAINED "\n"
				 "if [ -x \"$own\" ]; then\n");
	if (reads_input(s->hook))
		cw_buf_addf(out, "\tinput=$(cat)\n"
				 "\t[ -n \"$input\" ] || { \"$own\" \"$@\" </dev/null; exit; }\n"
				 "\tprintf '%%s\\n' \"$input\" | \"$own\" \"$@\" || exit\n"
				 "\tprintf '%%s\\n' \"$input\" | \"$credwatch\" %s \"$@\"\n"
				 "\texit\n"
				 "fi\n", s->hook);
	else
		cw_buf_adds(out, "\t\"$own\" \"$@\" || exit\n"
				 "fi\n");
}

static int write_pass(const struct cw_shim *s, struct cw_buf *out, struct cw_err *err)
{
	cw_buf_adds(out, "#!/bin/sh\n" MARK "; 'credwatch uninstall' takes it away again.\n" PASSES "\n");
	add_own(out, s);
	cw_buf_adds(out, "\texec \"$own\" \"$@\"\nfi\n");
	return cw_buf_fail(out, "the hook", err);
}

static int write_script(const struct cw_shim *s, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf program = CW_BUF_INIT;
	int rc = s->passes ? write_pass(s, out, err) : cw_shim_program(&program, err);

	if (rc != 0 || s->passes)
		return rc;
	cw_buf_adds(out, "#!/bin/sh\n" MARK "; 'credwatch uninstall' takes it away again.\ncredwatch=");
	add_quoted(out, program.data);
	cw_buf_addf(out, "\nif [ ! -x \"$credwatch\" ]; then\n"
			 "\techo \"credwatch: %s stopped: the program $credwatch is gone. Install it again, or remove $0\" >&2\n"
			 "\texit 4\n"
			 "fi\n", s->hook);
	add_chain(out, s);
	cw_buf_addf(out, "exec \"$credwatch\" %s \"$@\"\n", s->hook);
	return cw_buf_fail(out, "the hook", err);
}

/* ---- the file ---- */

int cw_shim_look(const struct cw_shim *s, enum cw_shim_state *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf there = CW_BUF_INIT_MAX(SHIM_MAX + 1), wanted = CW_BUF_INIT;
	struct stat st;
	int rc;

	if (lstat(s->path, &st) != 0 && errno == ENOENT) {
		*ret = CW_SHIM_NONE;
		return 0;
	}
	rc = cw_io_read_file(s->path, SHIM_MAX, 0, &there, NULL);
	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	if (rc != 0 || !memmem(there.data, there.len, MARK, sizeof(MARK) - 1)) {
		*ret = CW_SHIM_FOREIGN; /* whatever it is, it is not ours */
		return 0;
	}
	if (!s->passes && memmem(there.data, there.len, PASSES, sizeof(PASSES) - 1)) {
		*ret = CW_SHIM_PASSES;
		return 0;
	}
	rc = write_script(s, &wanted, err);
	if (rc == 0)
		*ret = there.len == wanted.len && memcmp(there.data, wanted.data, wanted.len) == 0 ? CW_SHIM_CURRENT : CW_SHIM_OLD;
	return rc;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Whether an installation ended between its two steps: the hook has both names then. */
static bool is_kept(const struct cw_shim *s)
{
	struct stat a, b;

	return lstat(s->path, &a) == 0 && lstat(s->chained, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Keep the hook that is there, under both names: it stays in force until the shim takes its place. */
static int keep(const struct cw_shim *s, struct cw_err *err)
{
	if (is_kept(s))
		return 0;
	if (exists(s->chained))
		return cw_err_set(err, CW_E_INVALID, "both '%s' and '%s' are hooks of others: join or remove one of them", s->path,
				  s->chained);
	/* a file system without hard links */
	if (link(s->path, s->chained) != 0 && rename(s->path, s->chained) != 0)
		return cw_err_sys(err, errno, "cannot rename '%s'", s->path);
	return 0;
}

/* Back to the hook that was there, after its shim could not be written. */
static int unkeep(const struct cw_shim *s)
{
	return is_kept(s) ? unlink(s->chained) : rename(s->chained, s->path);
}

int cw_shim_install(const struct cw_shim *s, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf script = CW_BUF_INIT;
	enum cw_shim_state state;
	int rc = write_script(s, &script, err);

	if (rc == 0)
		rc = cw_shim_look(s, &state, err);
	if (rc == 0 && state == CW_SHIM_FOREIGN)
		rc = keep(s, err);
	if (rc != 0)
		return rc;
	rc = cw_io_replace_file(s->path, script.data, script.len, 0755, err);
	if (rc != 0 && state == CW_SHIM_FOREIGN && unkeep(s) != 0)
		return cw_err_wrap(err, rc, "the hook that was there is now '%s'", s->chained);
	return rc;
}

int cw_shim_remove(const struct cw_shim *s, bool *ret_chained, struct cw_err *err)
{
	enum cw_shim_state state;
	int rc = cw_shim_look(s, &state, err);

	if (rc != 0)
		return rc;
	if (state == CW_SHIM_FOREIGN && is_kept(s) && unlink(s->chained) != 0)
		return cw_err_sys(err, errno, "cannot remove '%s'", s->chained);
	if (state == CW_SHIM_NONE || state == CW_SHIM_FOREIGN || state == CW_SHIM_PASSES)
		return cw_err_set(err, CW_E_NOTFOUND, "'%s' is not a hook of credwatch", s->path);
	*ret_chained = exists(s->chained);
	if (*ret_chained ? rename(s->chained, s->path) != 0 : unlink(s->path) != 0)
		return cw_err_sys(err, errno, "cannot remove '%s'", s->path);
	return 0;
}
