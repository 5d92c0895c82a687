/* daemon/main.c - the program credwatchd: options, protection of the process, and which of its parts it is to be. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/opts.h"
#include "daemon/build.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/roles.h"
#include "daemon/version.h"
#include "daemon/worker.h"

/* As in credwatch(1). */
enum { STATUS_OK = 0, STATUS_USAGE = 2, STATUS_INTERNAL = 4 };

enum worker_kind { WORKER_NONE, WORKER_CONTENT, WORKER_REPOSITORY, WORKER_RULES };
static const char *const worker_names[] = {"none", "content", "repository", "rules", NULL};
static const char *const log_level_names[] = {"configured", "error", "warning", "notice", "info", "debug", NULL};

struct options {
	struct cw_daemon_opts daemon;
	bool check, version;
	int worker; /* enum worker_kind */
	int log_level;
};

#define FIELD(name) .offset = offsetof(struct options, name)

static const struct cw_opt options[] = {
	{.kind = CW_OPT_STRING, .name = "config", .arg = "FILE", FIELD(daemon.config_file),
	 .help = "read this configuration alone, not the user's and the system's"},
	{.kind = CW_OPT_STRING, .name = "socket", .arg = "PATH", FIELD(daemon.socket),
	 .help = "listen here, whatever daemon.socket says"},
	{.kind = CW_OPT_STRING, .name = "state", .arg = "DIR", FIELD(daemon.state),
	 .help = "remember here, whatever daemon.state says"},
	{.kind = CW_OPT_CHOICE, .name = "log-level", .arg = "LEVEL", FIELD(log_level), .choices = log_level_names,
	 .help = "error, warning, notice, info or debug, whatever daemon.log_level says"},
	{.kind = CW_OPT_FLAG, .name = "check-config", FIELD(check),
	 .help = "load configuration, key and rules, say whether they are right, and end"},
	{.kind = CW_OPT_FLAG, .letter = 'V', .name = "version", FIELD(version), .help = "show the version"},
	{.kind = CW_OPT_CHOICE, .name = "worker", .arg = "KIND", FIELD(worker), .choices = worker_names},
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.program = "credwatchd",
	.synopsis = "[OPTION]...",
	.about = "Scan for secrets on behalf of other programs, over a Unix socket, and watch repositories. Runs in the foreground "
		 "until SIGTERM or SIGINT; SIGHUP reloads the configuration and the rules.",
	.opts = options,
};

static int fail(const struct cw_err *err)
{
	fprintf(stderr, "credwatchd: %s\n", cw_err_msg(err));
	switch (err->code) {
	case CW_E_USAGE:
	case CW_E_RULE:
	case CW_E_INVALID:
	case CW_E_NOTFOUND:
		return STATUS_USAGE;
	default:
		return STATUS_INTERNAL;
	}
}

/* No file that is opened later may take the place of a standard stream that the caller closed. */
static int fill_standard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

/* Memory that may hold secrets goes neither into a core file nor to a debugger; what is made is for the daemon's user alone. */
static int protect(struct cw_err *err)
{
	const struct rlimit none = {0, 0};

	umask(0077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may have it, no process could be waited for */
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return cw_err_sys(err, errno, "cannot protect the memory of the process");
	return 0;
}

static int show(const char *text)
{
	struct cw_err err = CW_ERR_INIT;

	if (fputs(text, stdout) != EOF && fflush(stdout) == 0)
		return STATUS_OK;
	cw_err_sys(&err, errno, "cannot write to standard output");
	err.code = CW_E_IO;
	return fail(&err);
}

static int show_help(void)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	cw_opts_help(&usage, &text);
	return cw_buf_fail(&text, "help", &err) == 0 ? show(text.data) : fail(&err);
}

/* Each line with the program's name before it. */
static void show_notes(const char *line)
{
	for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
		fprintf(stderr, "credwatchd: note: %.*s\n", (int)(end - line), line);
}

static int check_config(const struct cw_daemon_opts *opts)
{
	CW_CLEANUP(cw_roles_free_p) struct cw_roles *roles = NULL;
	struct cw_err err = CW_ERR_INIT;
	struct cw_built built;
	char text[128];
	int rc;

	if (cw_build_run(opts->config_file, &built, &err) != 0)
		return fail(&err);
	show_notes(built.notes.data);
	snprintf(text, sizeof(text), "valid: %llu rules, key %s\n", (unsigned long long)built.rules.rules, built.rules.key_id);
	rc = cw_roles_new(built.rules.conf->daemon_scan, built.rules.conf->daemon_audit, built.rules.conf->daemon_admin, &roles, &err);
	cw_built_release(&built);
	return rc == 0 ? show(text) : fail(&err);
}

static int run(const struct options *o)
{
	struct cw_err err = CW_ERR_INIT;

	switch ((enum worker_kind)o->worker) {
	case WORKER_CONTENT:
		return cw_worker_content_main();
	case WORKER_REPOSITORY:
		return cw_worker_repository_main();
	case WORKER_RULES:
		return cw_build_main(o->daemon.config_file);
	case WORKER_NONE:
		break;
	}
	if (o->check)
		return check_config(&o->daemon);
	return cw_daemon_run(&o->daemon, &err) == 0 ? STATUS_OK : fail(&err);
}

int main(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct options o = {0};
	struct cw_err err = CW_ERR_INIT;
	int rc;

	if (fill_standard_streams() != 0)
		return STATUS_INTERNAL;
	if (protect(&err) != 0)
		return fail(&err);
	rc = cw_opts_parse(&usage, argc, argv, &o, &args, &err);
	if (rc == CW_OPTS_HELP)
		return show_help();
	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "credwatchd takes no arguments: see 'credwatchd --help'");
	if (rc != 0)
		return fail(&err);
	if (o.version)
		return show("credwatchd " CW_VERSION "\n");
	o.daemon.log_level = o.log_level - 1;
	return run(&o);
}
