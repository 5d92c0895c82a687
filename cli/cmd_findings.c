/* cli/cmd_findings.c - credwatch findings: what the daemon found in watched repositories. Written as it comes, so that no number of
 * findings is too many. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cmd.h"
#include "cli/remote.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_JSONL };
static const char *const formats[] = {"text", "json", "jsonl", NULL};

struct findings_opts {
	struct cw_remote_args remote;
	const char *repository;
	uint64_t since;
	int format;
	bool all;
};

#define FIELD(name) .offset = offsetof(struct findings_opts, name)

static const struct cw_opt options[] = {
	{.kind = CW_OPT_STRING, .name = "repository", .arg = "PATH", FIELD(repository),
	 .help = "only those of this watched repository"},
	{.kind = CW_OPT_NUMBER, .name = "since", .arg = "ID", FIELD(since), .max = (uint64_t)CW_JSON_INT_MAX,
	 .help = "only those that came after the one with this number"},
	{.kind = CW_OPT_FLAG, .letter = 'a', .name = "all", FIELD(all),
	 .help = "also those that are gone, allowed or suppressed"},
	{.kind = CW_OPT_CHOICE, .letter = 'f', .name = "format", .arg = "FORMAT", FIELD(format), .choices = formats,
	 .help = "text, for people (default), json, or jsonl: one object a line"},
	CW_REMOTE_SOCKET_OPTION(struct findings_opts, remote),
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "findings",
	.synopsis = "[OPTION]...",
	.about = "List what the daemon found in the repositories that it watches, the oldest first. It needs the role audit. The exit status is 1 when "
		 "there is a finding that counts, 3 when there is no daemon or not all could be listed.",
	.opts = options,
};

struct listing {
	const struct findings_opts *opts;
	struct cw_buf line;
	uint64_t listed, live;
};

/* ---- one finding ---- */

static void add_text(struct cw_buf *out, const struct cw_json *f)
{
	static const char *const head[] = {"id", "state"}, *const body[] = {"severity", "rule", "fingerprint"};
	const struct cw_json *record = cw_json_get(f, "finding");

	for (size_t i = 0; i < sizeof(head) / sizeof(*head); i++) {
		cw_remote_add(out, f, head[i]);
		cw_buf_addc(out, '\t');
	}
	for (size_t i = 0; i < sizeof(body) / sizeof(*body); i++) {
		cw_remote_add(out, record, body[i]);
		cw_buf_addc(out, '\t');
	}
	cw_remote_add(out, f, "repository");
	cw_buf_addc(out, '\t');
	cw_remote_add(out, record, cw_json_str(cw_json_get(record, "path")) ? "path" : "object");
	cw_buf_addc(out, ':');
	cw_remote_add(out, record, "line");
	cw_buf_addc(out, '\n');
}

static int write_line(struct listing *l, struct cw_err *err)
{
	int rc = cw_buf_fail(&l->line, "finding", err);

	if (rc != 0)
		return rc;
	errno = 0;
	if (fwrite(l->line.data, 1, l->line.len, stdout) != l->line.len)
		return cw_err_sys(err, errno, "cannot write to standard output");
	cw_buf_clear(&l->line);
	return 0;
}

static int add_finding(struct listing *l, const struct cw_json *f, struct cw_err *err)
{
	const char *state = cw_json_str(cw_json_get(f, "state"));
	bool live = state && strcmp(state, "live") == 0;
	int rc = 0;

	l->live += live;
	if (!live && !l->opts->all)
		return 0;
	if (l->opts->format == FORMAT_TEXT) {
		add_text(&l->line, f);
	} else {
		cw_buf_adds(&l->line, l->opts->format == FORMAT_JSON && l->listed > 0 ? ",\n" : "");
		rc = cw_json_print(f, false, &l->line, err);
		cw_buf_adds(&l->line, l->opts->format == FORMAT_JSONL ? "\n" : "");
	}
	l->listed++;
	return rc == 0 ? write_line(l, err) : rc;
}

/* ---- all of them ---- */

static int receive_all(struct cw_remote *remote, struct listing *l, struct cw_err *err)
{
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;

		rc = cw_remote_receive(remote, &reply, &more, err);
		for (const struct cw_json *f = cw_json_first(cw_json_get(reply, "findings")); rc == 0 && f; f = cw_json_next(f))
			rc = add_finding(l, f, err);
	}
	return rc;
}

static int send(struct cw_remote *remote, const struct findings_opts *opts, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	int rc = opts->repository ? cw_remote_path(opts->repository, &path, err) : 0;

	if (rc != 0)
		return rc;
	if (opts->repository)
		cw_json_add_str(parameters, "repository", path.data);
	if (opts->since > 0)
		cw_json_add_int(parameters, "since", (int64_t)opts->since);
	rc = cw_json_print(parameters, false, &text, err);
	return rc == 0 ? cw_remote_send(remote, "io.credwatch.ListFindings", text.data, text.len, -1, true, err) : rc;
}

static int list(struct listing *l, struct cw_err *err)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *remote = NULL;
	int rc = cw_cmd_remote_open(&l->opts->remote, &remote, err);

	if (rc == 0)
		rc = send(remote, l->opts, err);
	if (rc != 0)
		return rc;
	if (l->opts->format == FORMAT_JSON)
		cw_buf_adds(&l->line, "{\"findings\":[\n");
	rc = receive_all(remote, l, err);
	if (rc != 0)
		return rc;
	if (l->opts->format == FORMAT_JSON)
		cw_buf_adds(&l->line, l->listed > 0 ? "\n]}\n" : "]}\n");
	return write_line(l, err);
}

enum cw_exit cw_cmd_findings(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct findings_opts opts = {0};
	struct listing l = {.opts = &opts, .line = CW_BUF_INIT};
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "findings takes no arguments");
	if (rc != 0)
		return cw_cmd_fail(&err);
	rc = list(&l, &err);
	cw_buf_release(&l.line);
	if (rc != 0)
		return cw_cmd_remote_fail(&err);
	return l.live > 0 ? CW_EXIT_FINDINGS : CW_EXIT_CLEAN;
}
