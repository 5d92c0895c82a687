/* cli/cmd_allow.c - credwatch allow: adds an entry to a configuration, and lists what is allowed. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/policy.h"
#include "cli/root.h"
#include "policy/baseline.h"
#include "policy/cleanse.h"
#include "policy/conf_edit.h"
#include "policy/date.h"

struct allow_opts {
	const char *reason, *expires, *rule, *path, *config, *repository; /* or NULL */
};

#define FIELD(name) .offset = offsetof(struct allow_opts, name)

static const struct cw_opt options[] = {
	{.kind = CW_OPT_STRING, .name = "reason", .arg = "TEXT", FIELD(reason), .help = "why; needed, and stored in the file"},
	{.kind = CW_OPT_STRING, .name = "expires", .arg = "DATE", FIELD(expires),
	 .help = "the last day on which the entry counts: YYYY-MM-DD, UTC"},
	{.kind = CW_OPT_STRING, .name = "rule", .arg = "ID", FIELD(rule), .help = "only what this rule finds"},
	{.kind = CW_OPT_STRING, .name = "path", .arg = "GLOB", FIELD(path),
	 .help = "only at these paths, relative to the folder of the configuration"},
	{.kind = CW_OPT_STRING, .name = "repository", .arg = "PATH", FIELD(repository),
	 .help = "the repository or folder whose .credwatch.yaml is meant (default: the current one)"},
	{.kind = CW_OPT_STRING, .name = "config", .arg = "FILE", FIELD(config),
	 .help = "add to FILE, or list it, in place of that .credwatch.yaml"},
	{.kind = CW_OPT_END},
};

static const char exit_text[] = "Exit status:\n"
				"  0  the entry is written, or the list is printed\n"
				"  2  wrong usage or configuration, or an entry cannot be added to the file\n"
				"     safely: the lines to add are printed then\n"
				"  4  internal error, or the file could not be written\n";

static const struct cw_usage usage = {
	.command = "allow",
	.synopsis = "[OPTION]... FINGERPRINT|list",
	.about = "Add an entry to the allow list of .credwatch.yaml: a secret by its fingerprint, or without FINGERPRINT what --rule and --path "
		 "say; of several conditions all must hold. Nothing else in the file is changed. Or list all entries: whether they count, where "
		 "they stand, what they say.",
	.opts = options,
	.tail = exit_text,
};

/* The folder for files; that of a repository which cannot be opened is the one given. */
static int find_root(const struct allow_opts *o, struct cw_root *ret, struct cw_err *err)
{
	const char *path = o->repository ? o->repository : ".";
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_root_find(path, ret, &why);

	if (rc == CW_E_UNSUPPORTED || rc == CW_E_CORRUPT)
		return cw_root_folder(path, ret, err);
	return rc == 0 ? 0 : cw_err_set(err, rc, "%s", cw_err_msg(&why));
}

/* ---- adding ---- */

static bool is_one_line(const char *text)
{
	for (size_t len = strlen(text), n; len > 0; text += n, len -= n) {
		uint32_t cp = 0;

		n = cw_utf8_next(text, len, &cp);
		if (n == 0 || cw_text_is_control(cp) || cp == 0x2028 || cp == 0x2029)
			return false;
	}
	return true;
}

/* A secret in the entry would be stored in the repository for everybody. */
static int check_secret(const char *name, const char *text, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_cleanser_free_p) struct cw_cleanser *cleanser = NULL;
	int rc = cw_set_default(&set, err);

	if (rc == 0)
		rc = cw_cleanser_new(set, &cleanser, err);
	if (rc == 0)
		rc = cw_cleanse(cleanser, text, strlen(text), &clean, err);
	if (rc == 0 && strcmp(clean.data, text) != 0)
		rc = cw_err_set(err, CW_E_USAGE, "option '--%s' holds what looks like a secret, and would be stored in the file", name);
	return rc;
}

static int check_text(const char *name, const char *text, struct cw_err *err)
{
	if (!text)
		return 0;
	if (text[strspn(text, " ")] == '\0')
		return cw_err_set(err, CW_E_USAGE, "option '--%s' must not be empty", name);
	if (!is_one_line(text))
		return cw_err_set(err, CW_E_USAGE, "option '--%s' must be one line of UTF-8 without control characters", name);
	return check_secret(name, text, err);
}

static int check_expiry(const char *text, int64_t *ret, struct cw_err *err)
{
	*ret = CW_CONF_NEVER;
	if (!text)
		return 0;
	if (!cw_date_parse(text, ret))
		return cw_err_set(err, CW_E_USAGE, "option '--expires' must be a day such as 2030-12-31");
	if (*ret < cw_clock_wall() / CW_DAY_SECONDS)
		return cw_err_set(err, CW_E_USAGE, "option '--expires' is a day that has passed");
	return 0;
}

static int make_entry(const struct allow_opts *o, const char *fingerprint, struct cw_conf_entry *ret, struct cw_err *err)
{
	*ret = (struct cw_conf_entry){.fingerprint = fingerprint, .rule = o->rule, .path = o->path, .reason = o->reason};
	int rc = check_expiry(o->expires, &ret->expires, err);

	if (rc == 0 && !fingerprint && !o->rule && !o->path)
		rc = cw_err_set(err, CW_E_USAGE, "allow needs a FINGERPRINT, '--rule ID', '--path GLOB' or the word list");
	if (rc == 0 && fingerprint && !cw_fingerprint_valid(fingerprint))
		rc = cw_err_set(err, CW_E_USAGE, "allow takes a fingerprint as a report shows it: 4 digits, ':' and 32 digits");
	if (rc == 0 && !o->reason)
		rc = cw_err_set(err, CW_E_USAGE, "option '--reason TEXT' is needed: who reads the entry later asks why");
	if (rc == 0)
		rc = check_text("reason", o->reason, err);
	if (rc == 0)
		rc = check_text("path", o->path, err);
	return rc == 0 ? check_text("rule", o->rule, err) : rc;
}

/* Say what keeps the entry from counting here. */
static int note_limits(const struct allow_opts *o, const struct cw_root *root, const struct cw_conf_entry *entry, struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *conf = NULL;
	struct cw_key key;
	int rc = cw_conf_new(&conf, err);

	if (rc == 0)
		rc = cw_conf_load_trusted(conf, err);
	if (rc == 0 && !o->config && (conf->repository_policy == CW_REPOSITORY_IGNORE || conf->repository_policy == CW_REPOSITORY_AUDIT))
		cw_cmd_note("it does not count for you: your configuration says 'repository_policy: %s'",
			    cw_conf_repository_policies[conf->repository_policy]);
	if (rc == 0 && !o->config && root->git_dir)
		cw_cmd_note("an audit reads %s from HEAD: commit it", CW_CONF_FILE);
	if (rc != 0 || !entry->fingerprint)
		return rc;
	rc = cw_key_load(&key, err);
	if (rc != 0)
		return rc;
	if (strncmp(entry->fingerprint, key.id, CW_KEY_ID_SIZE - 1) != 0)
		cw_cmd_note("the fingerprint was made with key %.4s, and yours is %s: the entry counts only for who has that key",
			    entry->fingerprint, key.id);
	cw_key_wipe(&key);
	return 0;
}

static int find_file(const struct allow_opts *o, const struct cw_root *root, struct cw_buf *out, struct cw_err *err)
{
	if (o->config) {
		cw_buf_adds(out, o->config);
		return cw_buf_fail(out, "path", err);
	}
	if (!root->dir)
		return cw_err_set(err, CW_E_USAGE, "a bare repository has no files: name one with '--config FILE'");
	return cw_root_join(root, CW_CONF_FILE, out, err);
}

static int edit(const char *file, const struct cw_conf_entry *entry, struct cw_buf *out, int *ret_line, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf old = CW_BUF_INIT;
	const char *slash = strrchr(file, '/');
	bool repository = strcmp(slash ? slash + 1 : file, CW_CONF_FILE) == 0, found;
	int rc = cw_root_check_file(file, err);

	if (rc == 0)
		rc = cw_root_read_file(file, CW_CONF_FILE_MAX, &old, &found, err);
	if (rc != 0)
		return rc;
	return cw_conf_edit_allow(repository ? CW_LEVEL_REPOSITORY : CW_LEVEL_USER, file, old.data, old.len, entry, out, ret_line, err);
}

/* The file is left alone; what a person has to add goes to standard output. */
static int print_lines(const struct cw_conf_entry *entry, struct cw_buf *out, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_conf_print_allow(entry, out, &why);

	return rc == 0 ? cw_err_set(err, CW_E_USAGE, "%s: add the lines that are printed yourself", cw_err_msg(err)) : cw_err_nomem(err);
}

static int add(const struct allow_opts *o, const char *fingerprint, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_root_release) struct cw_root root = CW_ROOT_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf file = CW_BUF_INIT, text = CW_BUF_INIT;
	struct cw_conf_entry entry;
	int line = 0, rc = make_entry(o, fingerprint, &entry, err);

	if (rc == 0)
		rc = find_root(o, &root, err);
	if (rc == 0)
		rc = find_file(o, &root, &file, err);
	if (rc == 0)
		rc = edit(file.data, &entry, &text, &line, err);
	if (rc == CW_E_UNSUPPORTED)
		return print_lines(&entry, out, err);
	if (rc == 0)
		rc = note_limits(o, &root, &entry, err);
	if (rc == 0)
		rc = cw_root_write_file(file.data, &text, err);
	if (rc != 0)
		return rc;
	cw_escape(out, file.data, file.len);
	cw_buf_addf(out, ":%d: added\n", line);
	return cw_buf_fail(out, "outcome", err);
}

/* ---- listing ---- */

static const char *state_of(const struct cw_conf_entry *e, const struct cw_conf *conf, const char *key_id)
{
	if (e->expires < cw_clock_wall() / CW_DAY_SECONDS)
		return "expired";
	if (e->fingerprint && strncmp(e->fingerprint, key_id, CW_KEY_ID_SIZE - 1) != 0)
		return "other-key";
	if (e->from.level == CW_LEVEL_REPOSITORY && conf->repository_policy == CW_REPOSITORY_AUDIT)
		return "advisory";
	return "active";
}

static void add_condition(struct cw_buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	cw_buf_addf(out, "  %s ", name);
	cw_escape(out, text, strlen(text));
}

static void add_entry(const struct cw_conf_entry *e, const char *state, struct cw_buf *out)
{
	char day[CW_DATE_SIZE];

	cw_buf_addf(out, "%-10s", state);
	cw_escape(out, e->from.file, strlen(e->from.file));
	cw_buf_addf(out, ":%d", e->from.line);
	add_condition(out, "fingerprint", e->fingerprint);
	add_condition(out, "rule", e->rule);
	add_condition(out, "path", e->path);
	add_condition(out, "value", e->value);
	if (e->expires != CW_CONF_NEVER) {
		cw_date_format(e->expires, day);
		cw_buf_addf(out, "  until %s", day);
	}
	add_condition(out, "reason", e->reason);
	cw_buf_addc(out, '\n');
}

/* The key is only asked for, and so made, where an entry needs it. */
static int find_key_id(const struct cw_conf *conf, char id[CW_KEY_ID_SIZE], struct cw_err *err)
{
	struct cw_key key;
	bool needed = false;
	int rc;

	id[0] = '\0';
	for (size_t i = 0; i < conf->allow.len; i++)
		needed = needed || CW_VEC_AT(&conf->allow, struct cw_conf_entry, i).fingerprint;
	if (!needed)
		return 0;
	rc = cw_key_load(&key, err);
	if (rc != 0)
		return rc;
	memcpy(id, key.id, CW_KEY_ID_SIZE);
	cw_key_wipe(&key);
	return 0;
}

static int list_entries(const struct cw_conf *conf, struct cw_buf *out, struct cw_err *err)
{
	char key_id[CW_KEY_ID_SIZE];
	int rc = find_key_id(conf, key_id, err);

	for (size_t i = 0; rc == 0 && i < conf->allow.len; i++) {
		const struct cw_conf_entry *e = &CW_VEC_AT(&conf->allow, struct cw_conf_entry, i);

		add_entry(e, state_of(e, conf, key_id), out);
	}
	return rc == 0 ? cw_buf_fail(out, "list", err) : rc;
}

static int list(const struct allow_opts *o, struct cw_buf *out, struct cw_err *err)
{
	const struct cw_policy_args args = {.config = o->config};
	CW_CLEANUP(cw_root_release) struct cw_root root = CW_ROOT_INIT;
	struct cw_site_policy policy = {0};
	struct cw_site site = {.paths_len = 1};
	const char *path;
	int rc;

	if (o->reason || o->expires || o->rule || o->path)
		return cw_err_set(err, CW_E_USAGE, "allow list takes '--repository' and '--config' only");
	rc = find_root(o, &root, err);
	if (rc != 0)
		return rc;
	path = root.dir ? root.dir : root.git_dir;
	site.paths = &path;
	site.git = !root.dir;
	rc = cw_site_policy_load(&policy, &site, &args, err);
	if (rc == 0)
		rc = list_entries(policy.conf, out, err);
	cw_site_policy_release(&policy);
	return rc;
}

enum cw_exit cw_cmd_allow(int argc, char **argv)
{
	struct allow_opts opts = {0};
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	const char *what;
	enum cw_exit status = CW_EXIT_CLEAN;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	if (rc == 0 && args.len > 1)
		rc = cw_err_set(&err, CW_E_USAGE, "allow takes one FINGERPRINT, or the word list");
	what = rc == 0 && args.len > 0 ? CW_VEC_AT(&args, const char *, 0) : NULL;
	if (rc == 0)
		rc = what && strcmp(what, "list") == 0 ? list(&opts, &out, &err) : add(&opts, what, &out, &err);
	if (out.len > 0)
		status = cw_cmd_print_clean(out.data);
	return rc == 0 ? status : cw_cmd_fail(&err);
}
