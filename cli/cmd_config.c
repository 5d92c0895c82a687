/* cli/cmd_config.c - credwatch config: what is configured, whether a file is right, and which keys there are. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "cli/cmd.h"
#include "cli/policy.h"

struct config_opts {
	const char *check; /* file */
	bool dump, keys, head;
	struct cw_policy_args policy;
};

#define FIELD(name) .offset = offsetof(struct config_opts, name)

static const struct cw_opt options[] = {
	{.kind = CW_OPT_FLAG, .name = "dump", FIELD(dump),
	 .help = "print the whole configuration for PATH, and who set what (the default)"},
	{.kind = CW_OPT_STRING, .name = "check", .arg = "FILE", FIELD(check),
	 .help = "check FILE: as a repository's if it is called .credwatch.yaml, else as a user's"},
	{.kind = CW_OPT_FLAG, .name = "keys", FIELD(keys), .help = "list all keys: type, default, who may set it, meaning"},
	{.kind = CW_OPT_FLAG, .name = "head", FIELD(head),
	 .help = "PATH is a git repository: read HEAD's version, as audit does"},
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "config",
	.synopsis = "[OPTION]... [PATH]",
	.about = "Show what is configured for a scan of PATH (default: the current folder), check a file, or list all keys.",
	.opts = options,
};

static int check_file(const char *path, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *conf = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	const char *slash = strrchr(path, '/');
	bool repository = strcmp(slash ? slash + 1 : path, CW_CONF_FILE) == 0;
	int rc = cw_io_read_file(path, CW_CONF_FILE_MAX, 0, &text, err);

	if (rc == 0)
		rc = cw_conf_new(&conf, err);
	if (rc == 0)
		rc = cw_conf_add(conf, repository ? CW_LEVEL_REPOSITORY : CW_LEVEL_USER, path, text.data, text.len, err);
	if (rc != 0)
		return rc;
	cw_escape(out, path, strlen(path));
	cw_buf_adds(out, ": valid\n");
	return cw_buf_fail(out, "outcome", err);
}

static int dump(const struct config_opts *opts, const char *path, struct cw_buf *out, struct cw_err *err)
{
	const struct cw_site site = {.git = opts->head, .paths = &path, .paths_len = 1};
	struct cw_site_policy policy;
	int rc = cw_site_policy_load(&policy, &site, &opts->policy, err);

	if (rc == 0)
		rc = cw_conf_dump(policy.conf, out, err);
	cw_site_policy_release(&policy);
	return rc;
}

enum cw_exit cw_cmd_config(int argc, char **argv)
{
	struct config_opts opts = {0};
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	if (rc == 0 && (args.len > 1 || opts.dump + opts.keys + (opts.check != NULL) > 1))
		rc = cw_err_set(&err, CW_E_USAGE, "config takes one PATH, and one of --dump, --check and --keys");
	if (rc == 0 && opts.keys)
		rc = cw_conf_keys(&out, &err);
	else if (rc == 0 && opts.check)
		rc = check_file(opts.check, &out, &err);
	else if (rc == 0)
		rc = dump(&opts, args.len > 0 ? CW_VEC_AT(&args, const char *, 0) : ".", &out, &err);
	return rc == 0 ? cw_cmd_print_clean(out.data) : cw_cmd_fail(&err);
}
