/* daemon/worker.c - the start of a worker, and its messages. See worker_int.h. */
#include "daemon/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/io.h"
#include "daemon/worker_int.h"
#include "proto/fdpass.h"

#define READ_LEN ((size_t)256 << 10)   /* bytes of one read, at least */
#define FLUSH_LEN ((size_t)64 << 10)   /* bytes that are sent at once */
#define FLUSH_MS 2		       /* that an answer may wait for others */
#define IN_KEPT ((size_t)4 << 20)      /* bytes: a larger buffer is given back */

/* ---- messages ---- */

static void keep_fds(struct cw_worker *w, const struct cw_received *got)
{
	for (size_t i = 0; i < got->fds_len; i++) {
		if (w->fds_len < CW_WORKER_FDS_MAX)
			w->fds[w->fds_len++] = got->fds[i];
		else
			close(got->fds[i]);
	}
}

/* Drop what was acted upon: it may be content. */
static void compact(struct cw_worker *w)
{
	size_t left = w->in.len - w->taken;

	if (w->taken == 0)
		return;
	if (left > 0) {
		memmove(w->in.data, w->in.data + w->taken, left);
		cw_wipe(w->in.data + left, w->in.len - left);
		cw_buf_truncate(&w->in, left);
	} else if (w->in.cap > IN_KEPT) {
		cw_buf_release(&w->in);
	} else {
		cw_buf_clear(&w->in);
	}
	w->taken = 0;
}

static int receive(struct cw_worker *w, bool *ret_any, struct cw_err *err)
{
	struct cw_received got;
	int rc;

	compact(w);
	rc = cw_buf_reserve(&w->in, READ_LEN);
	if (rc < 0)
		return cw_buf_fail(&w->in, "messages", err);
	rc = cw_fdpass_recv(CW_IPC_SOCKET, w->in.data + w->in.len, w->in.cap - w->in.len, &got, err);
	if (rc < 0)
		return rc;
	keep_fds(w, &got);
	cw_buf_commit(&w->in, got.len);
	*ret_any = got.len > 0;
	return 0;
}

int cw_worker_next(struct cw_worker *w, struct cw_ipc_head *ret, const char **ret_data, bool *ret_any, struct cw_err *err)
{
	size_t size = 0;
	int rc;

	for (;;) {
		rc = cw_ipc_parse(w->in.data + w->taken, w->in.len - w->taken, ret, &size, err);
		if (rc < 0 || size > 0)
			break;
		rc = cw_worker_flush(w, err);
		if (rc == 0)
			rc = receive(w, ret_any, err);
		if (rc < 0 || !*ret_any)
			return rc;
	}
	*ret_data = w->in.data + w->taken + sizeof(*ret);
	w->taken += size;
	*ret_any = true;
	return rc;
}

int cw_worker_take_fd(struct cw_worker *w)
{
	int fd;

	if (w->fds_len == 0)
		return -1;
	fd = w->fds[0];
	w->fds_len--;
	memmove(w->fds, w->fds + 1, w->fds_len * sizeof(w->fds[0]));
	return fd;
}

void cw_worker_begin(struct cw_worker *w, uint64_t id)
{
	atomic_store(&w->page->job, id);
}

void cw_worker_end(struct cw_worker *w)
{
	atomic_store(&w->page->job, 0);
	atomic_fetch_add(&w->page->finished, 1);
}

int cw_worker_flush(struct cw_worker *w, struct cw_err *err)
{
	int rc;

	if (w->out.len == 0)
		return 0;
	rc = cw_io_write_full(CW_IPC_SOCKET, w->out.data, w->out.len, err);
	cw_buf_clear(&w->out);
	return rc;
}

int cw_worker_say(struct cw_worker *w, enum cw_ipc_kind kind, uint64_t job, const void *data, size_t len, struct cw_err *err)
{
	int rc;

	if (w->out.len == 0)
		w->gathered = cw_clock_ms();
	cw_ipc_add(&w->out, kind, job, 0, data, len);
	rc = cw_buf_fail(&w->out, "an answer", err);
	if (rc < 0)
		return rc;
	if (w->out.len >= FLUSH_LEN || cw_clock_ms() - w->gathered >= FLUSH_MS)
		return cw_worker_flush(w, err);
	return 0;
}

/* ---- start ---- */

static int take_key(struct cw_worker *w, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET, hex = CW_BUF_INIT_SECRET;
	const char *text = cw_json_str(cw_json_get(w->setup, "key"));
	int rc;

	if (!text || !cw_base64_decode(text, strlen(text), &raw))
		return cw_err_set(err, CW_E_INVALID, "the settings have no key");
	cw_hex_encode(raw.data, raw.len, &hex);
	rc = cw_buf_fail(&hex, "key", err);
	return rc == 0 ? cw_key_parse_text("of the settings", hex.data, hex.len, &w->key, err) : rc;
}

static int take_limits(struct cw_worker *w, struct cw_err *err)
{
	int64_t object_max, memory;

	if (!cw_json_int(cw_json_get(w->setup, "object_max"), &object_max) || object_max <= 0 ||
	    !cw_json_int(cw_json_get(w->setup, "memory"), &memory) || memory <= 0)
		return cw_err_set(err, CW_E_INVALID, "the settings have no limits");
	w->object_max = (uint64_t)object_max;
	w->memory = (uint64_t)memory;
	return 0;
}

static int take_conf(struct cw_worker *w, struct cw_err *err)
{
	const char *text = cw_json_str(cw_json_get(w->setup, "conf"));
	int rc = text ? cw_conf_new(&w->conf, err) : cw_err_set(err, CW_E_INVALID, "the settings have no configuration");

	if (rc == 0)
		rc = cw_conf_add(w->conf, CW_LEVEL_SYSTEM, "configuration", text, strlen(text), err);
	return rc == 0 ? cw_worker_make_policy(w, NULL, err) : rc;
}

int cw_worker_make_policy(struct cw_worker *w, const struct cw_source *repository, struct cw_err *err)
{
	const struct cw_policy_opts opts = {.conf = w->conf, .repository = repository, .key_id = w->key.id, .now = cw_clock_wall()};

	return cw_policy_new(&opts, &w->policy, err);
}

static int read_setup(struct cw_worker *w, struct cw_err *err)
{
	struct cw_ipc_head head;
	const char *data;
	bool any = false;
	int rc = cw_worker_next(w, &head, &data, &any, err);

	if (rc < 0)
		return rc;
	if (!any || head.kind != CW_IPC_SETUP)
		return cw_err_set(err, CW_E_INVALID, "the first message is not the settings");
	return cw_json_parse(data, head.len, CW_IPC_MAX, &w->setup, err);
}

int cw_worker_start(struct cw_worker *w, struct cw_err *err)
{
	void *page;
	int rc;

	*w = (struct cw_worker){.in = CW_BUF_INIT_SECRET, .out = CW_BUF_INIT};
	/* If the parent is gone already, the first read says so. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return cw_err_sys(err, errno, "cannot ask for a signal at the parent's end");
	page = mmap(NULL, sizeof(*w->page), PROT_READ | PROT_WRITE, MAP_SHARED, CW_IPC_PAGE, 0);
	if (page == MAP_FAILED)
		return cw_err_sys(err, errno, "cannot map the shared page");
	w->page = page;
	close(CW_IPC_PAGE);
	rc = read_setup(w, err);
	if (rc == 0)
		rc = take_key(w, err);
	if (rc == 0)
		rc = take_limits(w, err);
	if (rc == 0)
		rc = take_conf(w, err);
	return rc;
}

int cw_worker_load_rules(struct cw_worker *w, struct cw_err *err)
{
	uint64_t size = 0;
	void *image;
	int rc = cw_memfd_is_sealed(CW_IPC_RULES) ? cw_memfd_size(CW_IPC_RULES, &size, err)
						  : cw_err_set(err, CW_E_INVALID, "the rules are not sealed");

	if (rc < 0)
		return rc;
	image = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, CW_IPC_RULES, 0);
	if (image == MAP_FAILED)
		return cw_err_sys(err, errno, "cannot map the rules");
	/* It stays mapped: all workers use the same memory. */
	rc = cw_set_at(image, (size_t)size, &w->set, err);
	close(CW_IPC_RULES);
	if (rc == 0)
		rc = cw_cleanser_new(w->set, &w->cleanser, err);
	if (rc == 0)
		rc = cw_cleanse_policy(w->cleanser, w->policy, err);
	return rc;
}

int cw_worker_ready(struct cw_worker *w, const struct cw_sandbox *s, bool *ret_landlock, struct cw_err *err)
{
	const char *note;
	int rc;

	/* The key has been taken out of it. */
	cw_json_free(w->setup);
	w->setup = NULL;
	rc = cw_sandbox_enter(s, ret_landlock, err);
	if (rc < 0)
		return rc;
	note = *ret_landlock ? "" : "the kernel has no Landlock: files are guarded by seccomp and permissions alone";
	cw_ipc_add(&w->out, CW_IPC_READY, 0, 0, note, strlen(note));
	rc = cw_buf_fail(&w->out, "messages", err);
	return rc == 0 ? cw_worker_flush(w, err) : rc;
}

int cw_worker_fail(const char *kind, const struct cw_err *err)
{
	fprintf(stderr, "credwatchd: %s worker: %s\n", kind, cw_err_msg(err));
	_exit(1);
}

int cw_worker_exit(int status)
{
	_exit(status);
}
