/* cli/cmd_status.c - credwatch status: how the daemon is, and whether it judges as this program does. */
#include <string.h>

#include "base/cleanup.h"
#include "cli/cmd.h"
#include "cli/remote.h"
#include "rules/set.h"
#include "scan/known.h"

struct status_opts {
	struct cw_remote_args remote;
};

static const struct cw_opt options[] = {
	CW_REMOTE_OPTIONS(struct status_opts, remote),
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "status",
	.synopsis = "[OPTION]...",
	.about = "Show how the daemon is: its rules, workers and counts. The exit status is 3 when there is none.",
	.opts = options,
};

/* Whether a client of this build and the default rules would take its word. */
static bool is_same(const struct cw_json *s)
{
	const char *engine = cw_json_str(cw_json_get(s, "engine")), *theirs = cw_json_str(cw_json_get(s, "digest"));
	char digest[CW_SET_DIGEST_HEX_SIZE];

	cw_set_default_digest(digest);
	return engine && theirs && strcmp(engine, cw_engine_id) == 0 && strcmp(theirs, digest) == 0;
}

static void add_line(struct cw_buf *out, const struct cw_json *s, const char *const *pieces)
{
	/* texts and names of members in turn */
	for (size_t i = 0; pieces[i]; i++) {
		if (i % 2 == 0)
			cw_buf_adds(out, pieces[i]);
		else
			cw_remote_add(out, s, pieces[i]);
	}
	cw_buf_addc(out, '\n');
}

#define LINE(...) add_line(out, s, (const char *const[]){__VA_ARGS__, NULL})

static void add_worker(struct cw_buf *out, const struct cw_json *s)
{
	bool busy = false;

	cw_json_bool(cw_json_get(s, "busy"), &busy);
	LINE("  ", "kind", " ", "pid", ": ", "jobs", " jobs, ", "restarts", busy ? " restarts, busy" : " restarts");
}

static void add_text(struct cw_buf *out, const struct cw_json *s, bool same)
{
	const struct cw_json *workers = cw_json_get(s, "workers");

	LINE("credwatchd ", "version", ", process ", "pid", ", since ", "started");
	LINE("rules: ", "rules", ", digest ", "digest", ", key ", "key_id");
	cw_buf_adds(out, same ? "it judges as this program with its default rules\n"
			      : "it judges by other rules or another build than this program with its default rules\n");
	LINE("connections: ", "connections", "; calls: ", "calls", ", refused: ", "refused", ", waiting: ", "queued");
	LINE("reloads: ", "reloads");
	if (cw_json_str(cw_json_get(s, "last_reload_error")))
		LINE("the last reload was refused: ", "last_reload_error");
	LINE("watched repositories: ", "watches", ", findings: ", "findings");
	cw_buf_adds(out, "workers:\n");
	for (const struct cw_json *w = workers ? cw_json_first(workers) : NULL; w; w = cw_json_next(w))
		add_worker(out, w);
}

static int show(const struct status_opts *opts, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
	int rc = cw_cmd_remote_call(&opts->remote, "Status", NULL, &reply, err);

	if (rc == 0 && opts->remote.format == CW_REMOTE_JSON) {
		rc = cw_json_print(reply, true, out, err);
		cw_buf_addc(out, '\n');
	} else if (rc == 0) {
		add_text(out, reply, is_same(reply));
	}
	return rc == 0 ? cw_buf_fail(out, "status", err) : rc;
}

enum cw_exit cw_cmd_status(int argc, char **argv)
{
	struct status_opts opts = {0};
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "status takes no arguments");
	if (rc != 0)
		return cw_cmd_fail(&err);
	return show(&opts, &out, &err) == 0 ? cw_cmd_print(out.data) : cw_cmd_remote_fail(&err);
}
