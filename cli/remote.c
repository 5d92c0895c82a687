/* cli/remote.c - see remote.h. */
#include "cli/remote.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "policy/conf.h"

#define METHOD_SIZE 64

const char *const cw_remote_formats[] = {"text", "json", NULL};

int cw_cmd_remote_open(const struct cw_remote_args *args, struct cw_remote **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *conf = NULL;
	struct cw_remote_opts opts = {.uid = -1, .timeout_ms = CW_REMOTE_TIMEOUT_MS};
	int rc = cw_conf_new(&conf, err);

	if (rc == 0)
		rc = cw_conf_load_trusted(conf, err);
	if (rc != 0)
		return rc;
	opts.socket = args->socket ? args->socket : conf->daemon_socket;
	opts.user = conf->daemon_user;
	return cw_remote_open(&opts, ret, err);
}

int cw_cmd_remote_call(const struct cw_remote_args *args, const char *method, const struct cw_json *parameters, struct cw_json **ret,
		       struct cw_err *err)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *remote = NULL;
	char name[METHOD_SIZE];
	int rc = cw_cmd_remote_open(args, &remote, err);

	snprintf(name, sizeof(name), "io.credwatch.%s", method);
	return rc == 0 ? cw_remote_call(remote, name, parameters, ret, err) : rc;
}

enum cw_exit cw_cmd_remote_fail(const struct cw_err *err)
{
	enum cw_exit status = cw_cmd_fail(err);

	/* that nobody is there, or does not want to, is no mistake in what was typed */
	return err->code == CW_E_NOTFOUND || err->code == CW_E_UNSUPPORTED || err->code == CW_E_CANCELLED ? CW_EXIT_INCOMPLETE : status;
}

void cw_remote_add(struct cw_buf *out, const struct cw_json *object, const char *key)
{
	const struct cw_json *v = cw_json_get(object, key);
	const char *text = cw_json_str(v);
	int64_t n;

	if (text)
		cw_escape(out, text, strlen(text));
	else if (cw_json_int(v, &n))
		cw_buf_addf(out, "%" PRId64, n);
	else
		cw_buf_addc(out, '-');
}

int cw_remote_path(const char *path, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *real = realpath(path, NULL);
	char here[PATH_MAX];

	if (real) {
		cw_buf_adds(out, real);
	} else {
		if (path[0] != '/' && getcwd(here, sizeof(here)))
			cw_buf_addf(out, "%s/", here);
		cw_buf_adds(out, path);
		while (out->len > 1 && out->data[out->len - 1] == '/')
			cw_buf_truncate(out, out->len - 1);
	}
	return cw_buf_fail(out, "path", err);
}
