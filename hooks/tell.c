/* hooks/tell.c - see tell.h. */
#include "hooks/tell.h"

#include <stdint.h>
#include <unistd.h>

#include "base/json.h"
#include "proto/client.h"

static void add_finding(struct cw_json *list, const struct cw_finding *f)
{
	struct cw_json *o = cw_json_add_object(list, NULL);
	char hex[CW_OID_HEX_SIZE];

	cw_json_add_str(o, "rule", f->rule->id);
	cw_json_add_str(o, "severity", cw_severity_name(f->severity));
	cw_json_add_str(o, "fingerprint", f->fingerprint);
	cw_json_add_str(o, "redacted", f->redacted);
	if (f->path)
		cw_json_add_str(o, "path", f->path);
	if (f->origin && f->origin->commit.len > 0) {
		cw_oid_hex(&f->origin->commit, hex);
		cw_json_add_str(o, "commit", hex);
	}
	cw_json_add_bool(o, "suppressed", f->suppressed);
}

static struct cw_json *parameters_of(const struct cw_outcome *t)
{
	struct cw_json *o = cw_json_object(), *list;
	size_t len = t->findings ? cw_findings_len(t->findings) : 0;

	cw_json_add_str(o, "command", t->command);
	cw_json_add_str(o, "repository", t->repository ? t->repository : "");
	cw_json_add_int(o, "status", t->status);
	list = cw_json_add_array(o, "findings");
	for (size_t i = 0; i < len && i < CW_TELL_FINDINGS_MAX; i++)
		add_finding(list, cw_findings_at(t->findings, i));
	if (t->user)
		cw_json_add_str(o, "user", t->user);
	if (t->refs)
		list = cw_json_add_array(o, "refs");
	for (size_t i = 0; t->refs && i < t->refs->len; i++)
		cw_json_add_str(list, NULL, CW_VEC_AT(t->refs, char *, i));
	cw_json_add_int(o, "expected", (int64_t)t->coverage->expected);
	cw_json_add_int(o, "unscanned", (int64_t)t->coverage->unscanned);
	return o;
}

static const char *socket_of(const struct cw_conf *conf, bool server)
{
	bool own = conf->from[CW_CONF_DAEMON_SOCKET].level < CW_LEVEL_SYSTEM; /* the user who runs the hook has set it, or nobody */

	return server && own ? CW_SOCKET_DEFAULT : conf->daemon_socket;
}

bool cw_tell_wanted(const struct cw_conf *conf, bool server)
{
	return conf->daemon_use != CW_DAEMON_NEVER && access(socket_of(conf, server), F_OK) == 0;
}

void cw_tell_daemon(const struct cw_conf *conf, const struct cw_outcome *outcome)
{
	struct cw_remote_opts opts = {.socket = socket_of(conf, outcome->server), .uid = -1, .user = conf->daemon_user,
				      .timeout_ms = CW_TELL_TIMEOUT_MS};
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL, *reply = NULL;

	if (!cw_tell_wanted(conf, outcome->server) || cw_remote_open(&opts, &r, NULL) != 0)
		return;
	parameters = parameters_of(outcome);
	if (parameters)
		cw_remote_call(r, "io.credwatch.ReportOutcome", parameters, &reply, NULL);
}
