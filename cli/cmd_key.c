/* cli/cmd_key.c - credwatch key: the fingerprint key of this user or machine. The key itself is written by export alone, and goes into
 * no stdio buffer and no message. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "policy/key.h"

struct key_opts {
	const char *output;
	bool replace;
};

#define FIELD(name) .offset = offsetof(struct key_opts, name)

static const struct cw_opt no_options[] = {{.kind = CW_OPT_END}};

static const struct cw_opt export_options[] = {
	{.kind = CW_OPT_STRING, .letter = 'o', .name = "output", .arg = "FILE", FIELD(output), .help = "the same as FILE"},
	{.kind = CW_OPT_END},
};

static const struct cw_opt import_options[] = {
	{.kind = CW_OPT_FLAG, .name = "replace", FIELD(replace),
	 .help = "give up another key that is there: what was fingerprinted with it no longer applies"},
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage_show = {
	.command = "key show-id",
	.synopsis = "[OPTION]...",
	.about = "Print the id of the key that fingerprints are made with, and the file it is in. Everybody may know the id: it stands in front "
		 "of every fingerprint.",
	.opts = no_options,
};

static const struct cw_usage usage_export = {
	.command = "key export",
	.synopsis = "[OPTION]... [FILE]",
	.about = "Write the key to FILE, which must not exist yet and gets mode 0600, or to standard output unless that is a terminal. It is a "
		 "secret: who holds it and a report can test guesses of passwords.",
	.opts = export_options,
};

static const struct cw_usage usage_import = {
	.command = "key import",
	.synopsis = "[OPTION]... [FILE|-]",
	.about = "Make the key in FILE, or on standard input, the one that fingerprints are made with. It goes to the file that "
		 "CREDWATCH_KEY_FILE names, else to the user's configuration.",
	.opts = import_options,
};

/* Parse into OPTS and at most one argument, else NULL. 0 or CW_OPTS_HELP or a failure. */
static int parse(const struct cw_usage *usage, int argc, char **argv, struct key_opts *opts, const char **ret_arg,
		 size_t args_max, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	int rc = cw_opts_parse(usage, argc, argv, opts, &args, err);

	if (rc == 0 && args.len > args_max)
		rc = cw_err_set(err, CW_E_USAGE, "%s takes %s: see 'credwatch %s --help'", usage->command,
				args_max == 0 ? "no argument" : "one file", usage->command);
	if (rc == 0 && args.len > 0)
		*ret_arg = CW_VEC_AT(&args, const char *, 0);
	return rc;
}

/* ---- show-id ---- */

static int show(struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	struct cw_key key;
	int rc = cw_key_load_from(&key, &path, err);

	if (rc != 0)
		return rc;
	cw_buf_addf(out, "%s ", key.id);
	cw_key_wipe(&key);
	cw_escape(out, path.data, path.len);
	cw_buf_addc(out, '\n');
	return cw_buf_fail(out, "key", err);
}

static enum cw_exit key_show(int argc, char **argv)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	struct key_opts opts = {0};
	int rc = parse(&usage_show, argc, argv, &opts, NULL, 0, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage_show);
	if (rc == 0)
		rc = show(&out, &err);
	return rc == 0 ? cw_cmd_print(out.data) : cw_cmd_fail(&err);
}

/* ---- export ---- */

static int write_stdout(const struct cw_buf *text, struct cw_err *err)
{
	if (isatty(STDOUT_FILENO))
		return cw_err_set(err, CW_E_USAGE, "the key is not shown on a terminal: name a file, or use a pipe");
	return cw_io_write_full(STDOUT_FILENO, text->data, text->len, err);
}

/* A new file; nothing is left behind when it cannot be written whole. */
static int write_file(const char *path, const struct cw_buf *text, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0 && errno == EEXIST)
		return cw_err_set(err, CW_E_INVALID, "'%s' exists already, and is left as it is", path);
	if (fd < 0)
		return cw_err_sys(err, errno, "cannot make '%s'", path);
	rc = cw_io_write_full(fd, text->data, text->len, err);
	if (rc == 0 && fsync(fd) != 0)
		rc = cw_err_sys(err, errno, "cannot write");
	if (rc == 0)
		return 0;
	unlink(path);
	return cw_err_wrap(err, rc, "'%s'", path);
}

static int export(const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	struct cw_key key;
	int rc = cw_key_load(&key, err);

	if (rc != 0)
		return rc;
	rc = cw_key_print(&key, &text, err);
	cw_key_wipe(&key);
	if (rc != 0)
		return rc;
	return path ? write_file(path, &text, err) : write_stdout(&text, err);
}

static enum cw_exit key_export(int argc, char **argv)
{
	struct cw_err err = CW_ERR_INIT;
	struct key_opts opts = {0};
	const char *path = NULL;
	int rc = parse(&usage_export, argc, argv, &opts, &path, 1, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage_export);
	if (rc == 0 && path && opts.output)
		rc = cw_err_set(&err, CW_E_USAGE, "key export takes one file");
	if (rc == 0)
		rc = export(path ? path : opts.output, &err);
	return rc == 0 ? CW_EXIT_CLEAN : cw_cmd_fail(&err);
}

/* ---- import ---- */

static int read_stdin(struct cw_buf *text, struct cw_err *err)
{
	if (isatty(STDIN_FILENO))
		return cw_err_set(err, CW_E_USAGE, "the key is not read from a terminal, which would show it: name a file, or use a pipe");
	return cw_io_read_fd(STDIN_FILENO, "standard input", CW_KEY_FILE_MAX, text, err);
}

static int read_file(const char *path, struct cw_buf *text, struct cw_err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 0077))
		cw_cmd_note("others than you may read '%s' (mode %04o)", path, (unsigned)(st.st_mode & 07777));
	return cw_io_read_file(path, CW_KEY_FILE_MAX, 0, text, err);
}

/* A file that is too large is no key: the user's mistake like any other wrong content. */
static int read_text(const char *path, struct cw_buf *text, struct cw_err *err)
{
	int rc = path ? read_file(path, text, err) : read_stdin(text, err);

	if (rc == CW_E_LIMIT)
		return cw_err_set(err, CW_E_INVALID, "'%s' holds more than a key", path ? path : "standard input");
	return rc;
}

static int import(const char *path, bool replace, struct cw_buf *out, struct cw_err *err)
{
	static const char *const words[] = {"is now in ", "has replaced another in ", "was already in "};
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET, place = CW_BUF_INIT;
	enum cw_key_put put = CW_KEY_PUT_NEW;
	struct cw_key key;
	int rc = read_text(path, &text, err);

	if (rc == 0)
		rc = cw_key_parse_text(path ? path : "standard input", text.data, text.len, &key, err);
	if (rc != 0)
		return rc;
	rc = cw_key_put(&key, replace, &put, &place, err);
	cw_buf_addf(out, "key %s %s", key.id, words[put]);
	cw_key_wipe(&key);
	cw_escape(out, place.data, place.len);
	cw_buf_addc(out, '\n');
	return rc == 0 ? cw_buf_fail(out, "key", err) : rc;
}

static enum cw_exit key_import(int argc, char **argv)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	struct key_opts opts = {0};
	const char *path = NULL;
	int rc = parse(&usage_import, argc, argv, &opts, &path, 1, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage_import);
	if (path && strcmp(path, "-") == 0)
		path = NULL;
	if (rc == 0)
		rc = import(path, opts.replace, &out, &err);
	return rc == 0 ? cw_cmd_print(out.data) : cw_cmd_fail(&err);
}

static const struct cw_command subcommands[] = {
	{"show-id", "print the key's id and where the key is", key_show},
	{"export", "write the key to a new file or a pipe", key_export},
	{"import", "use the key from a file or a pipe", key_import},
	{NULL, NULL, NULL},
};

enum cw_exit cw_cmd_key(int argc, char **argv)
{
	return cw_cmd_group("key", subcommands, argc, argv);
}
