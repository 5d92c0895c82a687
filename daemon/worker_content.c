/* daemon/worker_content.c - scans texts, sealed memfds, and objects of a client's repository. It opens nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crypto.h"
#include "daemon/worker.h"
#include "daemon/worker_objects.h"
#include "daemon/worker_result.h"
#include "proto/call.h"
#include "proto/fdpass.h"

#define KEPT ((size_t)4 << 20) /* bytes: larger buffers are given back after their job */

struct content {
	struct cw_worker w;
	struct cw_collector collector;
	struct cw_sink sink;
	struct cw_progress progress;
	struct cw_scanner scanner;
	struct cw_buf text, path, reply; /* of the job */
};

static void forget(struct cw_buf *b)
{
	if (b->cap > KEPT)
		cw_buf_release(b);
	else
		cw_buf_clear(b);
}

/* After a job nothing is left of it. */
static void clear(struct content *c)
{
	forget(&c->text);
	forget(&c->path);
	forget(&c->reply);
	cw_collector_clear(&c->collector);
	if (c->scanner.coverage.unscanned > 0) {
		cw_coverage_release(&c->scanner.coverage);
		cw_coverage_init(&c->scanner.coverage);
	}
	cw_result_clear(&c->scanner.res);
}

/* ---- one content ---- */

static int scan(struct content *c, const char *data, size_t len, struct cw_err *err)
{
	const char *path = c->path.data;
	const struct cw_scanned s = {.data = data, .len = len, .name = "content", .type = CW_OBJ_BLOB, .paths = &path,
				     .paths_len = c->path.len > 0};

	if (len > c->w.object_max) {
		cw_scanner_too_large(&c->scanner, s.name, len, c->w.object_max);
		return 0;
	}
	return cw_scanner_scan(&c->scanner, &s, err);
}

static int answer(struct content *c, uint64_t job, struct cw_err *err)
{
	int rc;

	if (cw_result_is_clean(&c->scanner))
		return cw_worker_say(&c->w, CW_IPC_DONE, job, cw_result_clean, strlen(cw_result_clean), err);
	rc = cw_result_add(&c->collector, &c->scanner, &c->reply, err);
	return rc == 0 ? cw_worker_say(&c->w, CW_IPC_DONE, job, c->reply.data, c->reply.len, err) : rc;
}

/* The texts behind the head of a TEXT or FD message. */
static int unpack(struct content *c, const struct cw_ipc_head *head, const char *data, struct cw_err *err)
{
	struct cw_ipc_text t;
	int rc = 0;

	if (head->len < sizeof(t))
		return cw_err_set(err, CW_E_INVALID, "a message without its head");
	memcpy(&t, data, sizeof(t));
	if ((uint64_t)t.text_len + t.path_len != head->len - sizeof(t))
		return cw_err_set(err, CW_E_INVALID, "a message of another length than it says");
	data += sizeof(t);
	if (head->kind == CW_IPC_TEXT)
		rc = cw_call_string((struct cw_slice){data, t.text_len}, &c->text, err);
	if (rc == 0 && t.path_len > 0)
		rc = cw_call_string((struct cw_slice){data + t.text_len, t.path_len}, &c->path, err);
	return rc;
}

/* Map FD, a sealed memfd: it can neither change nor become shorter. */
static int map(int fd, void **ret, size_t *ret_len, struct cw_err *err)
{
	off_t len;

	*ret_len = 0;
	if (fd < 0 || !cw_memfd_is_sealed(fd))
		return cw_err_set(err, CW_E_INVALID, "the descriptor is not a sealed memfd");
	/* fstat() is a call for files, which this process may not make. */
	len = lseek(fd, 0, SEEK_END);
	if (len < 0)
		return cw_err_sys(err, errno, "cannot tell the size of the content");
	if (len == 0)
		return 0;
	*ret = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, fd, 0);
	if (*ret == MAP_FAILED)
		return cw_err_sys(err, errno, "cannot map %lld bytes of content", (long long)len);
	*ret_len = (size_t)len;
	return 0;
}

static int work_text(struct content *c, const struct cw_ipc_head *head, const char *data, struct cw_err *err)
{
	int rc = unpack(c, head, data, err);

	if (rc == 0)
		rc = scan(c, c->text.data, c->text.len, err);
	return rc == 0 ? answer(c, head->job, err) : rc;
}

static int work_fd(struct content *c, const struct cw_ipc_head *head, const char *data, int fd, struct cw_err *err)
{
	void *content = NULL;
	size_t len = 0;
	int rc = unpack(c, head, data, err);

	if (rc == 0)
		rc = map(fd, &content, &len, err);
	if (rc == 0)
		rc = scan(c, content ? content : "", len, err);
	if (rc == 0)
		rc = answer(c, head->job, err);
	if (len > 0)
		munmap(content, len);
	return rc;
}

/* ---- many objects ---- */

/* Whether an object is clean; counts nothing else. */
static int scan_object(void *payload, const char *data, size_t len, enum cw_object_type type, bool *ret_clean,
		       struct cw_err *err)
{
	struct content *c = payload;
	struct cw_scanned s = {.data = data, .len = len, .name = "object", .type = type};
	int rc = 0;

	if (len > c->w.object_max)
		cw_scanner_too_large(&c->scanner, s.name, len, c->w.object_max);
	else
		rc = cw_scanner_scan(&c->scanner, &s, err);
	*ret_clean = rc == 0 && cw_result_is_clean(&c->scanner);
	clear(c);
	return rc;
}

static int work_objects(struct content *c, const struct cw_ipc_head *head, const char *data, int fd, struct cw_err *err)
{
	struct cw_objects o = {.parameters = data, .parameters_len = head->len, .scan = scan_object, .payload = c};
	CW_CLEANUP(cw_buf_release) struct cw_buf reply = CW_BUF_INIT_MAX(CW_IPC_MAX);
	void *content = NULL;
	int rc = map(fd, &content, &o.len, err);

	o.content = content;
	if (rc == 0)
		rc = cw_objects_run(&o, &reply, err);
	if (rc == 0)
		rc = cw_worker_say(&c->w, CW_IPC_DONE, head->job, reply.data, reply.len, err);
	if (o.len > 0)
		munmap(content, o.len);
	return rc;
}

/* ---- jobs ---- */

static int work(struct content *c, const struct cw_ipc_head *head, const char *data, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = head->fds > 0 ? cw_worker_take_fd(&c->w) : -1;
	struct cw_err why = CW_ERR_INIT;
	int rc;

	cw_worker_begin(&c->w, head->job);
	if (head->kind == CW_IPC_TEXT)
		rc = work_text(c, head, data, &why);
	else if (head->kind == CW_IPC_FD)
		rc = work_fd(c, head, data, fd, &why);
	else if (head->kind == CW_IPC_OBJECTS)
		rc = work_objects(c, head, data, fd, &why);
	else
		return cw_err_set(err, CW_E_INVALID, "a message that is not for this worker");
	if (rc == CW_E_IO)
		*err = why;
	else if (rc < 0)
		rc = cw_worker_say(&c->w, CW_IPC_FAILED, head->job, cw_err_msg(&why), strlen(cw_err_msg(&why)), err);
	clear(c);
	cw_worker_end(&c->w);
	return rc;
}

static int start(struct content *c, struct cw_err *err)
{
	struct cw_sandbox s = {.kind = CW_SANDBOX_CONTENT};
	bool landlock = false;
	int rc = cw_worker_start(&c->w, err);

	if (rc == 0)
		rc = cw_worker_load_rules(&c->w, err);
	c->collector.worker = &c->w;
	c->sink = cw_collector_sink(&c->collector);
	if (rc == 0)
		rc = cw_scanner_init(&c->scanner, c->w.set, &c->sink, &c->progress, 0, NULL, err);
	s.memory = c->w.memory;
	return rc == 0 ? cw_worker_ready(&c->w, &s, &landlock, err) : rc;
}

int cw_worker_content_main(void)
{
	static struct content c = {.text = CW_BUF_INIT_SECRET, .path = CW_BUF_INIT_SECRET, .reply = CW_BUF_INIT_MAX(CW_IPC_MAX)};
	struct cw_err err = CW_ERR_INIT;
	int rc = start(&c, &err);

	for (bool any = true; rc == 0 && any;) {
		struct cw_ipc_head head;
		const char *data;

		rc = cw_worker_next(&c.w, &head, &data, &any, &err);
		if (rc == 0 && any)
			rc = work(&c, &head, data, &err);
	}
	return rc == 0 ? cw_worker_exit(0) : cw_worker_fail("content", &err);
}
