/* cli/cmd_sessions.c - credwatch sessions: who is connected to the daemon, and how to end one connection. */
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/remote.h"

struct sessions_opts {
	struct cw_remote_args remote;
};

static const struct cw_opt list_options[] = {
	CW_REMOTE_OPTIONS(struct sessions_opts, remote),
	{.kind = CW_OPT_END},
};

static const struct cw_opt cut_options[] = {
	CW_REMOTE_SOCKET_OPTION(struct sessions_opts, remote),
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage_list = {
	.command = "sessions list",
	.synopsis = "[OPTION]...",
	.about = "List the connections to the daemon: number, user, group and process at the other end, roles, calls. It needs the role "
		 "audit. The exit status is 3 when there is no daemon.",
	.opts = list_options,
};

static const struct cw_usage usage_cut = {
	.command = "sessions cut",
	.synopsis = "[OPTION]... ID",
	.about = "Close one connection to the daemon; what it was waiting for is dropped. It needs the role admin.",
	.opts = cut_options,
};

/* Parse; at most one argument, in *ret_arg. */
static int parse(const struct cw_usage *usage, int argc, char **argv, struct sessions_opts *opts, bool wanted, const char **ret_arg,
		 struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	int rc = cw_opts_parse(usage, argc, argv, opts, &args, err);

	if (rc == 0 && args.len != (wanted ? 1 : 0))
		rc = cw_err_set(err, CW_E_USAGE, "%s takes %s", usage->command, wanted ? "one ID" : "no arguments");
	if (rc == 0 && wanted)
		*ret_arg = CW_VEC_AT(&args, const char *, 0);
	return rc;
}

static void add_roles(struct cw_buf *out, const struct cw_json *session)
{
	const struct cw_json *roles = cw_json_get(session, "roles");
	const char *before = "";

	for (const struct cw_json *r = roles ? cw_json_first(roles) : NULL; r; r = cw_json_next(r)) {
		const char *name = cw_json_str(r);

		cw_buf_adds(out, before);
		cw_escape(out, name ? name : "-", name ? strlen(name) : 1);
		before = ",";
	}
}

static void add_session(struct cw_buf *out, const struct cw_json *s)
{
	static const char *const keys[] = {"id", "uid", "gid", "pid", "connected", "calls", "refused"};
	bool busy = false;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		cw_remote_add(out, s, keys[i]);
		cw_buf_addc(out, '\t');
	}
	cw_json_bool(cw_json_get(s, "busy"), &busy);
	cw_buf_adds(out, busy ? "yes\t" : "no\t");
	add_roles(out, s);
	cw_buf_addc(out, '\n');
}

static int list(const struct sessions_opts *opts, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
	const struct cw_json *sessions;
	int rc = cw_cmd_remote_call(&opts->remote, "Sessions", NULL, &reply, err);

	if (rc != 0)
		return rc;
	if (opts->remote.format == CW_REMOTE_JSON) {
		rc = cw_json_print(reply, true, out, err);
		cw_buf_addc(out, '\n');
		return rc == 0 ? cw_buf_fail(out, "sessions", err) : rc;
	}
	cw_buf_adds(out, "id\tuid\tgid\tpid\tconnected\tcalls\trefused\tbusy\troles\n");
	sessions = cw_json_get(reply, "sessions");
	for (const struct cw_json *s = sessions ? cw_json_first(sessions) : NULL; s; s = cw_json_next(s))
		add_session(out, s);
	return cw_buf_fail(out, "sessions", err);
}

static enum cw_exit sessions_list(int argc, char **argv)
{
	struct sessions_opts opts = {0};
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	int rc = parse(&usage_list, argc, argv, &opts, false, NULL, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage_list);
	if (rc != 0)
		return cw_cmd_fail(&err);
	return list(&opts, &out, &err) == 0 ? cw_cmd_print(out.data) : cw_cmd_remote_fail(&err);
}

static int cut(const struct sessions_opts *opts, uint64_t id, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = cw_json_object(), *reply = NULL;

	cw_json_add_int(parameters, "session", (int64_t)id);
	return cw_cmd_remote_call(&opts->remote, "Disconnect", parameters, &reply, err);
}

static enum cw_exit sessions_cut(int argc, char **argv)
{
	struct sessions_opts opts = {0};
	struct cw_err err = CW_ERR_INIT;
	const char *text = NULL;
	uint64_t id = 0;
	int rc = parse(&usage_cut, argc, argv, &opts, true, &text, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage_cut);
	if (rc == 0 && cw_num_u64(text, strlen(text), 0, (uint64_t)CW_JSON_INT_MAX, "ID", &id, NULL) != 0)
		rc = cw_err_set(&err, CW_E_USAGE, "ID is a number, as 'credwatch sessions list' shows it");
	if (rc != 0)
		return cw_cmd_fail(&err);
	return cut(&opts, id, &err) == 0 ? CW_EXIT_CLEAN : cw_cmd_remote_fail(&err);
}

static const struct cw_command subcommands[] = {
	{"list", "list the connections to the daemon", sessions_list},
	{"cut", "close one of them", sessions_cut},
	{NULL, NULL, NULL},
};

enum cw_exit cw_cmd_sessions(int argc, char **argv)
{
	return cw_cmd_group("sessions", subcommands, argc, argv);
}
