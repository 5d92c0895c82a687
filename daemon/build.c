/* daemon/build.c - the parent's side: starts the process that makes the rules, reads its message, takes it apart. */
#include "daemon/build.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "proto/call.h"
#include "proto/fdpass.h"
#include "proto/frame.h"
#include "scan/known.h"

#define MESSAGE_MAX ((size_t)16 << 20) /* bytes; most of it is the configuration */
#define ABOVE_OURS 16		       /* descriptors from here on are none of the process's own */

struct cw_build {
	pid_t pid; /* 0: it has been waited for */
	int sock, image;
	int64_t begin; /* milliseconds of the monotonic clock */
	struct cw_framer in;
	const char *message; /* in it, once it is all there */
	size_t len;
};

extern char **environ;

/* ---- the process ---- */

static int spawn(struct cw_build *b, int end, const char *config_file, struct cw_err *err)
{
	const char *const argv[] = {"credwatchd", "--worker=rules", config_file ? "--config" : NULL, config_file, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, ours;
	int rc;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return cw_err_nomem(err);
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return cw_err_nomem(err);
	}
	sigemptyset(&none);
	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = rc ? rc : posix_spawnattr_setsigmask(&attr, &none);
	rc = rc ? rc : posix_spawnattr_setsigdefault(&attr, &ours);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, end, CW_IPC_SOCKET);
	rc = rc ? rc : posix_spawn_file_actions_addclosefrom_np(&actions, CW_IPC_SOCKET + 1);
	rc = rc ? rc : posix_spawn(&b->pid, "/proc/self/exe", &actions, &attr, (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc ? cw_err_sys(err, rc, "cannot start the process that makes the rules") : 0;
}

int cw_build_start(const char *config_file, struct cw_build **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_build_free_p) struct cw_build *b = calloc(1, sizeof(*b));
	CW_CLEANUP(cw_closep) int end = -1;
	int pair[2], rc;

	if (!b)
		return cw_err_nomem(err);
	b->sock = b->image = -1;
	b->begin = cw_clock_ms();
	cw_framer_init(&b->in, MESSAGE_MAX);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return cw_err_sys(err, errno, "cannot make a socket");
	b->sock = pair[0];
	end = fcntl(pair[1], F_DUPFD_CLOEXEC, ABOVE_OURS);
	close(pair[1]);
	if (end < 0 || fcntl(b->sock, F_SETFL, O_NONBLOCK) != 0)
		return cw_err_sys(err, errno, "cannot make a socket");
	rc = spawn(b, end, config_file, err);
	if (rc == 0)
		*ret = cw_steal(&b);
	return rc;
}

void cw_build_free(struct cw_build *b)
{
	if (!b)
		return;
	if (b->pid > 0) {
		kill(b->pid, SIGKILL);
		while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	cw_closep(&b->sock);
	cw_closep(&b->image);
	cw_framer_release(&b->in);
	free(b);
}

int cw_build_fd(const struct cw_build *b)
{
	return b->sock;
}

/* The end of the stream came before a whole message. */
static int ended_early(struct cw_build *b, struct cw_err *err)
{
	int status = 0;

	kill(b->pid, SIGKILL);
	while (waitpid(b->pid, &status, 0) < 0 && errno == EINTR)
		;
	b->pid = 0;
	return cw_err_set(err, CW_E_INTERNAL, "the process that makes the rules ended without a word (%s %d)",
			  WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static int take_fds(struct cw_build *b, struct cw_received *got)
{
	for (size_t i = 0; i < got->fds_len; i++) {
		if (b->image < 0)
			b->image = got->fds[i];
		else
			close(got->fds[i]);
	}
	return got->surplus ? CW_E_INVALID : 0;
}

int cw_build_read(struct cw_build *b, bool *ret_done, struct cw_err *err)
{
	for (;;) {
		struct cw_received got = {0};
		struct cw_err why = CW_ERR_INIT;
		char *space;
		size_t len;
		int rc = cw_framer_space(&b->in, &space, &len, err);

		if (rc != 0)
			return rc;
		rc = cw_fdpass_recv(b->sock, space, len, &got, &why);
		if (rc == CW_E_NOTFOUND) {
			*ret_done = false;
			return 0;
		}
		if (rc == 0)
			rc = take_fds(b, &got);
		if (rc != 0 || got.len == 0)
			return ended_early(b, err);
		cw_framer_commit(&b->in, got.len);
		if (cw_framer_next(&b->in, &b->message, &b->len)) {
			*ret_done = true;
			return 0;
		}
	}
}

/* ---- the message ---- */

static int take_text(struct cw_slice parameters, const char *name, struct cw_buf *out, struct cw_err *err)
{
	struct cw_slice raw = cw_call_member(parameters, name);

	if (!raw.data)
		return cw_err_set(err, CW_E_INTERNAL, "the rules came without '%s'", name);
	return cw_call_string(raw, out, err);
}

static int take_short(struct cw_slice parameters, const char *name, char *out, size_t size, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc = take_text(parameters, name, &text, err);

	if (rc == 0 && text.len >= size)
		rc = cw_err_set(err, CW_E_INTERNAL, "'%s' of the rules is too long", name);
	if (rc == 0)
		memcpy(out, text.data, text.len + 1);
	return rc;
}

static int take_conf(struct cw_built *built, struct cw_err *err)
{
	int rc = cw_conf_new(&built->rules.conf, err);

	if (rc == 0)
		rc = cw_conf_add(built->rules.conf, CW_LEVEL_SYSTEM, "configuration", built->yaml.data, built->yaml.len, err);
	return rc;
}

static int take_all(struct cw_build *b, struct cw_slice parameters, struct cw_built *built, struct cw_err *err)
{
	struct cw_slice test = cw_call_member(parameters, "test"), rules = cw_call_member(parameters, "rules");
	int rc = take_text(parameters, "key", &built->key, err);

	if (rc == 0)
		rc = take_text(parameters, "yaml", &built->yaml, err);
	if (rc == 0)
		rc = take_text(parameters, "notes", &built->notes, err);
	if (rc == 0)
		rc = take_short(parameters, "digest", built->rules.digest, sizeof(built->rules.digest), err);
	if (rc == 0)
		rc = take_short(parameters, "key_id", built->rules.key_id, sizeof(built->rules.key_id), err);
	if (rc == 0 && (!test.data || !rules.data || !cw_memfd_is_sealed(b->image)))
		rc = cw_err_set(err, CW_E_INTERNAL, "the rules came without their image");
	if (rc == 0)
		rc = cw_num_u64(rules.data, rules.len, 1, UINT32_MAX, "rules", &built->rules.rules, err);
	if (rc != 0)
		return rc;
	cw_buf_add(&built->test, test.data, test.len);
	snprintf(built->rules.engine, sizeof(built->rules.engine), "%s", cw_engine_id);
	built->image = b->image;
	b->image = -1;
	rc = cw_buf_fail(&built->test, "self-test", err);
	return rc == 0 ? take_conf(built, err) : rc;
}

static int take_failure(struct cw_slice parameters, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_slice code = cw_call_member(parameters, "code");
	uint64_t n = 0;
	int rc = take_text(parameters, "message", &text, err);

	if (rc == 0)
		rc = code.data ? cw_num_u64(code.data, code.len, 1, 1000, "code", &n, err) : CW_E_INTERNAL;
	return rc != 0 ? rc : cw_err_set(err, (enum cw_code)-(int)n, "%s", text.data);
}

int cw_build_take(struct cw_build *b, struct cw_built *ret, struct cw_err *err)
{
	struct cw_built built = CW_BUILT_INIT;
	struct cw_call call;
	int rc = cw_call_parse(b->message, b->len, &call, err);

	if (rc != 0)
		return rc;
	if (call.method.len != strlen("built") || memcmp(call.method.data, "built", call.method.len) != 0)
		return take_failure(call.parameters, err);
	rc = take_all(b, call.parameters, &built, err);
	if (rc == 0)
		*ret = built;
	else
		cw_built_release(&built);
	return rc;
}

int cw_build_run(const char *config_file, struct cw_built *ret, struct cw_err *err)
{
	const struct timeval limit = {.tv_sec = CW_BUILD_MS / 1000};
	CW_CLEANUP(cw_build_free_p) struct cw_build *b = NULL;
	bool done = false;
	int rc = cw_build_start(config_file, &b, err);

	if (rc == 0 && (fcntl(b->sock, F_SETFL, 0) != 0 || setsockopt(b->sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0))
		rc = cw_err_sys(err, errno, "cannot wait for the rules");
	if (rc == 0)
		rc = cw_build_read(b, &done, err);
	if (rc == 0 && !done)
		rc = cw_err_set(err, CW_E_CANCELLED, "the rules were not made within %d s", CW_BUILD_MS / 1000);
	return rc == 0 ? cw_build_take(b, ret, err) : rc;
}

/* ---- what was built ---- */

void cw_daemon_rules_release(struct cw_daemon_rules *r)
{
	cw_conf_free(r->conf);
	memset(r, 0, sizeof(*r));
}

void cw_built_release(struct cw_built *b)
{
	cw_daemon_rules_release(&b->rules);
	cw_closep(&b->image);
	cw_buf_release(&b->key);
	cw_buf_release(&b->yaml);
	cw_buf_release(&b->test);
	cw_buf_release(&b->notes);
}

int cw_built_setup(const struct cw_built *b, const char *cache, struct cw_buf *out, struct cw_err *err)
{
	const struct cw_conf *conf = b->rules.conf;

	cw_buf_adds(out, "{\"key\":");
	cw_call_quote(out, b->key.data, b->key.len);
	cw_buf_adds(out, ",\"conf\":");
	cw_call_quote(out, b->yaml.data, b->yaml.len);
	cw_buf_addf(out, ",\"object_max\":%" PRIu64 ",\"memory\":%" PRIu64 ",\"roots\":[", conf->object_max,
		    conf->daemon_worker_memory);
	for (size_t i = 0; i < conf->daemon_roots.len; i++) {
		const char *root = CW_VEC_AT(&conf->daemon_roots, struct cw_conf_path, i).path;

		cw_buf_adds(out, i > 0 ? "," : "");
		cw_call_quote(out, root, strlen(root));
	}
	cw_buf_addc(out, ']');
	if (cache) {
		cw_buf_adds(out, ",\"cache\":");
		cw_call_quote(out, cache, strlen(cache));
	}
	cw_buf_addc(out, '}');
	return cw_buf_fail(out, "setup of workers", err);
}
