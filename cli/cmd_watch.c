/* cli/cmd_watch.c - credwatch watch: repositories that the daemon watches. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cmd.h"
#include "cli/remote.h"

struct watch_opts {
	struct cw_remote_args remote;
	bool from_now;
};

static const struct cw_opt add_options[] = {
	{.kind = CW_OPT_FLAG, .name = "from-now", .offset = offsetof(struct watch_opts, from_now),
	 .help = "what is in the repository now is known: nobody is notified of it"},
	CW_REMOTE_SOCKET_OPTION(struct watch_opts, remote),
	{.kind = CW_OPT_END},
};

static const struct cw_opt remove_options[] = {
	CW_REMOTE_SOCKET_OPTION(struct watch_opts, remote),
	{.kind = CW_OPT_END},
};

static const struct cw_opt list_options[] = {
	CW_REMOTE_OPTIONS(struct watch_opts, remote),
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage_add = {
	.command = "watch add",
	.synopsis = "[OPTION]... REPOSITORY",
	.about = "Have the daemon watch a repository, which must lie below one of daemon.roots: its history is scanned in the background, then "
		 "whatever its references newly lead to, within a second or so. It needs the role admin.",
	.opts = add_options,
};

static const struct cw_usage usage_remove = {
	.command = "watch remove",
	.synopsis = "[OPTION]... REPOSITORY",
	.about = "Have the daemon watch a repository no longer, and forget what it found there. It needs the role admin.",
	.opts = remove_options,
};

static const struct cw_usage usage_list = {
	.command = "watch list",
	.synopsis = "[OPTION]...",
	.about = "List the watched repositories: state (baselining, watching, failing), findings that count, last scan, path, and why one fails. "
		 "It needs the role audit.",
	.opts = list_options,
};

/* Parse; one argument, in *ret_arg, if RET_ARG is given, else none. */
static int parse(const struct cw_usage *usage, int argc, char **argv, struct watch_opts *opts, const char **ret_arg,
		 struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	int rc = cw_opts_parse(usage, argc, argv, opts, &args, err);

	if (rc == 0 && args.len != (ret_arg ? 1 : 0))
		rc = cw_err_set(err, CW_E_USAGE, "%s takes %s", usage->command, ret_arg ? "one REPOSITORY" : "no arguments");
	if (rc == 0 && ret_arg)
		*ret_arg = CW_VEC_AT(&args, const char *, 0);
	return rc;
}

static int call_with_path(const struct watch_opts *opts, const char *method, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = cw_json_object(), *reply = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf full = CW_BUF_INIT;
	int rc = cw_remote_path(path, &full, err);

	if (rc != 0)
		return rc;
	cw_json_add_str(parameters, "path", full.data);
	if (opts->from_now)
		cw_json_add_bool(parameters, "from_now", true);
	return cw_cmd_remote_call(&opts->remote, method, parameters, &reply, err);
}

static enum cw_exit change(const struct cw_usage *usage, const char *method, int argc, char **argv)
{
	struct watch_opts opts = {0};
	struct cw_err err = CW_ERR_INIT;
	const char *path = NULL;
	int rc = parse(usage, argc, argv, &opts, &path, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(usage);
	if (rc != 0)
		return cw_cmd_fail(&err);
	return call_with_path(&opts, method, path, &err) == 0 ? CW_EXIT_CLEAN : cw_cmd_remote_fail(&err);
}

static enum cw_exit watch_add(int argc, char **argv)
{
	return change(&usage_add, "Watch", argc, argv);
}

static enum cw_exit watch_remove(int argc, char **argv)
{
	return change(&usage_remove, "Unwatch", argc, argv);
}

/* ---- list ---- */

static int list(const struct watch_opts *opts, struct cw_buf *out, struct cw_err *err)
{
	static const char *const keys[] = {"state", "findings", "last_scan", "path", "reason"};
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
	const struct cw_json *watches;
	int rc = cw_cmd_remote_call(&opts->remote, "ListWatches", NULL, &reply, err);

	if (rc != 0)
		return rc;
	if (opts->remote.format == CW_REMOTE_JSON) {
		rc = cw_json_print(reply, true, out, err);
		cw_buf_addc(out, '\n');
		return rc == 0 ? cw_buf_fail(out, "watches", err) : rc;
	}
	cw_buf_adds(out, "state\tfindings\tlast scan\tpath\treason\n");
	watches = cw_json_get(reply, "watches");
	for (const struct cw_json *w = watches ? cw_json_first(watches) : NULL; w; w = cw_json_next(w)) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			cw_buf_adds(out, i > 0 ? "\t" : "");
			cw_remote_add(out, w, keys[i]);
		}
		cw_buf_addc(out, '\n');
	}
	return cw_buf_fail(out, "watches", err);
}

static enum cw_exit watch_list(int argc, char **argv)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct watch_opts opts = {0};
	struct cw_err err = CW_ERR_INIT;
	int rc = parse(&usage_list, argc, argv, &opts, NULL, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage_list);
	if (rc != 0)
		return cw_cmd_fail(&err);
	return list(&opts, &out, &err) == 0 ? cw_cmd_print(out.data) : cw_cmd_remote_fail(&err);
}

static const struct cw_command subcommands[] = {
	{"add", "have the daemon watch a repository", watch_add},
	{"remove", "have it watch one no longer", watch_remove},
	{"list", "list the watched repositories", watch_list},
	{NULL, NULL, NULL},
};

enum cw_exit cw_cmd_watch(int argc, char **argv)
{
	return cw_cmd_group("watch", subcommands, argc, argv);
}
