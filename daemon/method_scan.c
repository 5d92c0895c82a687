/* daemon/method_scan.c - methods that have workers scan: what is handed over, and what comes of it.
 *
 * Content is not looked at here: the text of a call goes on as it came, descriptors unread. */
#include <stdlib.h>
#include <string.h>

#include "daemon/method.h"
#include "daemon/watch.h"
#include "proto/fdpass.h"

struct scan { /* a job, and who waits for it */
	struct cw_request *request;
	struct cw_pool *pool;
	uint64_t job;
	bool told;   /* a finding was */
	bool broken; /* what was told is not what the scan found */
};

struct slices { /* parameters as they came; data NULL: absent or null */
	struct cw_slice text, path, engine, digest, objects;
};

/* ---- what scans share ---- */

static void take_slice(struct slices *s, struct cw_slice key, struct cw_slice value)
{
	static const struct cw_slice absent;

	if (cw_slice_is(value, "null"))
		value = absent;
	if (cw_slice_is(key, "text"))
		s->text = value;
	else if (cw_slice_is(key, "path"))
		s->path = value;
	else if (cw_slice_is(key, "engine"))
		s->engine = value;
	else if (cw_slice_is(key, "digest"))
		s->digest = value;
	else if (cw_slice_is(key, "objects"))
		s->objects = value;
}

/* Whether RAW is absent or a string; else the caller is told. */
static bool is_string(struct cw_request *r, struct cw_slice raw, const char *name)
{
	if (raw.data == NULL || raw.data[0] == '"')
		return true;
	cw_request_invalid(r, name);
	return false;
}

static bool differs(struct cw_slice raw, const char *text)
{
	size_t len = strlen(text);

	return raw.data != NULL && (raw.len != len + 2 || memcmp(raw.data + 1, text, len) != 0);
}

/* Take the parameters. False: answered. */
static bool take_slices(struct cw_request *r, struct slices *s)
{
	const struct cw_daemon_rules *rules = &r->daemon->rules;
	struct cw_json *p;

	*s = (struct slices){.text.data = NULL};
	for (size_t i = 0; i < r->members_len; i++)
		take_slice(s, r->members[i].key, r->members[i].value);
	if (!is_string(r, s->text, "text") || !is_string(r, s->path, "path") || !is_string(r, s->engine, "engine") ||
	    !is_string(r, s->digest, "digest"))
		return false;
	if (!differs(s->engine, rules->engine) && !differs(s->digest, rules->digest))
		return true;
	p = cw_json_object();
	cw_json_add_str(p, "engine", rules->engine);
	cw_json_add_str(p, "digest", rules->digest);
	cw_request_fail_json(r, "WrongEngine", p);
	return false;
}

static void scan_done(void *payload, bool ok, const char *data, size_t len)
{
	struct scan *s = payload;
	struct cw_request *r = s->request;
	bool broken = s->broken;

	free(s);
	if (ok && broken)
		cw_request_fail(r, "ScanFailed", "its worker ended, memory was short, or a finding made no sense, while findings were told");
	else if (ok)
		cw_request_reply_text(r, data, len);
	else
		cw_request_fail(r, "ScanFailed", "%.*s", (int)(len < 400 ? len : 400), data);
}

static void scan_gone(void *payload)
{
	struct scan *s = payload;

	cw_pool_cancel(s->pool, s->job);
	free(s);
}

/* Hand JOB over, whose `done` gets a struct scan. */
static void submit(struct cw_request *r, struct cw_job *job)
{
	struct scan *s = malloc(sizeof(*s));
	struct cw_err err = CW_ERR_INIT;
	int rc;

	if (s == NULL) {
		cw_err_nomem(&err);
		cw_request_fail_err(r, &err);
		return;
	}
	*s = (struct scan){.request = r, .pool = r->daemon->pool};
	job->uid = r->peer.uid;
	job->done = scan_done;
	job->payload = s;
	rc = cw_pool_submit(s->pool, job, &s->job, &err);
	if (rc != 0) {
		free(s);
		cw_request_fail_err(r, &err);
		return;
	}
	job->fd = -1;
	cw_request_on_gone(r, scan_gone, s);
}

/* ---- content ---- */

static void submit_content(struct cw_request *r, const struct slices *s, enum cw_ipc_kind kind, int fd, uint64_t fd_len)
{
	struct cw_ipc_text head = {.text_len = (uint32_t)s->text.len, .path_len = (uint32_t)s->path.len};
	struct cw_job job = {
		.kind = kind,
		.head = &head,
		.head_len = sizeof(head),
		.data = s->text.data,
		.data_len = s->text.len,
		.tail = s->path.data,
		.tail_len = s->path.len,
		.fd = fd,
		.fd_len = fd_len,
	};

	submit(r, &job);
	cw_closep(&job.fd);
}

void cw_method_scan_text(struct cw_request *r)
{
	struct slices s;

	if (!take_slices(r, &s))
		return;
	if (s.text.data == NULL)
		cw_request_invalid(r, "text");
	else
		submit_content(r, &s, CW_IPC_TEXT, -1, 0);
}

/* The descriptor and its size, which have been checked; false: answered. */
static bool take_memfd(struct cw_request *r, int *ret_fd, uint64_t *ret_len)
{
	struct cw_err err = CW_ERR_INIT;
	int fd = cw_request_take_fd(r);

	if (cw_memfd_size(fd, ret_len, &err) != 0) {
		cw_closep(&fd);
		cw_request_fail_err(r, &err);
		return false;
	}
	*ret_fd = fd;
	return true;
}

void cw_method_scan_fd(struct cw_request *r)
{
	struct slices s;
	uint64_t len = 0;
	int fd = -1;

	if (take_slices(r, &s) && take_memfd(r, &fd, &len))
		submit_content(r, &s, CW_IPC_FD, fd, len);
}

void cw_method_scan_objects(struct cw_request *r)
{
	struct cw_job job = {.kind = CW_IPC_OBJECTS, .data = r->parameters.data, .data_len = r->parameters.len, .fd = -1};
	struct slices s;

	if (!take_slices(r, &s))
		return;
	if (s.objects.data == NULL) {
		cw_request_invalid(r, "objects");
		return;
	}
	if (!take_memfd(r, &job.fd, &job.fd_len))
		return;
	submit(r, &job);
	cw_closep(&job.fd);
}

/* ---- repositories ---- */

static void scan_go_on(void *payload)
{
	struct scan *s = payload;

	cw_pool_hold(s->pool, s->job, false);
}

/* A finding goes on as one reply; what a worker says of its progress does not. Who reads slowly holds the worker back. */
static void scan_record(void *payload, enum cw_ipc_kind kind, const char *data, size_t len)
{
	struct scan *s = payload;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	/* The first word of a worker: another one begins anew, and what it finds would be told twice. */
	s->broken = s->broken || (kind == CW_IPC_REFS && s->told);
	/* Nor may a worker, which reads what strangers wrote, end the message that its record goes into. */
	s->broken = s->broken || (kind == CW_IPC_RECORD && (len == 0 || data[0] != '{' || memchr(data, '\0', len) != NULL));
	if (kind != CW_IPC_RECORD || s->broken || !s->request->more || cw_call_member((struct cw_slice){data, len}, "progress").data != NULL)
		return;
	cw_buf_adds(&text, "{\"finding\":");
	cw_buf_add(&text, data, len);
	cw_buf_addc(&text, '}');
	if (cw_buf_fail(&text, "finding", NULL) != 0) {
		s->broken = true;
		return;
	}
	s->told = true;
	if (!cw_request_continue_text(s->request, text.data, text.len) || cw_request_has_room(s->request))
		return;
	cw_pool_hold(s->pool, s->job, true);
	cw_request_when_room(s->request, scan_go_on, s);
}

static void bad_repository(struct cw_request *r, const char *path, const char *reason)
{
	struct cw_json *p = cw_json_object();

	cw_json_add_str(p, "path", path);
	cw_json_add_str(p, "reason", reason);
	cw_request_fail_json(r, "BadRepository", p);
}

static void submit_repository(struct cw_request *r, const char *path)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *p = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_job job = {.kind = CW_IPC_REPOSITORY, .fd = -1, .record = scan_record};
	struct cw_err err = CW_ERR_INIT;

	cw_json_add_str(p, "path", path);
	cw_json_add_str(p, "action", "scan");
	cw_json_add_bool(p, "findings", r->more);
	if (cw_json_print(p, false, &text, &err) != 0) {
		cw_request_fail_err(r, &err);
		return;
	}
	job.data = text.data;
	job.data_len = text.len;
	submit(r, &job);
}

void cw_method_scan_repository(struct cw_request *r)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	const char *path;

	if (cw_request_json(r, &parameters) != 0)
		return;
	path = cw_json_str(cw_json_get(parameters, "path"));
	if (path == NULL)
		cw_request_invalid(r, "path");
	else if (!cw_watch_path_allowed(r->daemon->rules.conf, path))
		bad_repository(r, path, "the path is not below one of daemon.roots");
	else
		submit_repository(r, path);
}
