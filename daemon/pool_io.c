/* daemon/pool_io.c - messages to and from a worker. See pool_int.h. */
#include "daemon/pool_int.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define RETRY_MS 5
#define READ_LEN ((size_t)64 << 10)    /* bytes of one read, at least */
#define IN_KEPT ((size_t)1 << 20)      /* bytes: a larger buffer is given back */

/* ---- out ---- */

void cw_pool_give(struct cw_pool_worker *w, struct cw_pool_job *job)
{
	job->worker = w;
	cw_pool_list_add(&w->jobs, job, false);
	w->bytes += job->len;
	if (!w->unsent)
		w->unsent = job;
	if (w->jobs.len > 1)
		return;
	w->since = cw_loop_now(w->pool->opts.loop);
	if (!cw_timer_running(w->timer))
		cw_timer_set(w->timer, job->deadline_ms);
}

/* What is to be sent next, up to the next descriptor: those go with their message's first byte. */
static size_t gather(const struct cw_pool_worker *w, struct iovec *iov, int *ret_fd)
{
	const struct cw_pool_job *job = w->unsent;
	size_t n = 0, skip = w->sent;

	*ret_fd = -1;
	if (!w->setup_sent) {
		iov[0] = (struct iovec){w->rules->setup.data + skip, w->rules->setup.len - skip};
		return 1;
	}
	for (; job && n < CW_POOL_IN_FLIGHT; job = job->next) {
		if (job->fd >= 0 && skip == 0) {
			if (n > 0)
				break;
			*ret_fd = job->fd;
		}
		iov[n++] = (struct iovec){(unsigned char *)(uintptr_t)job->wire + skip, job->len - skip};
		skip = 0;
		if (*ret_fd >= 0)
			break;
	}
	return n;
}

static ssize_t send_batch(const struct cw_pool_worker *w)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec iov[CW_POOL_IN_FLIGHT];
	struct msghdr m = {.msg_iov = iov};
	struct cmsghdr *c;
	int fd;

	m.msg_iovlen = gather(w, iov, &fd);
	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(w->sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void account(struct cw_pool_worker *w, size_t n)
{
	w->sent += n;
	if (!w->setup_sent) {
		if (w->sent < w->rules->setup.len)
			return;
		w->sent -= w->rules->setup.len;
		w->setup_sent = true;
	}
	while (w->unsent && w->sent >= w->unsent->len) {
		w->sent -= w->unsent->len;
		w->unsent = w->unsent->next;
	}
}

void cw_pool_watch_socket(struct cw_pool_worker *w)
{
	uint32_t events = (w->held ? 0 : (uint32_t)EPOLLIN) | (w->blocked ? (uint32_t)EPOLLOUT : 0);

	if (w->on_sock && cw_loop_change(w->on_sock, events, NULL) < 0)
		cw_pool_kill(w, "its socket cannot be watched");
}

void cw_pool_send(struct cw_pool_worker *w)
{
	while (!w->blocked && (w->unsent || !w->setup_sent)) {
		ssize_t n = send_batch(w);

		if (n >= 0) {
			account(w, (size_t)n);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
			w->blocked = true;
			cw_pool_watch_socket(w);
		} else if (errno == ETOOMANYREFS) {
			/* Too many descriptors are on their way to be received; nothing tells when they have been. */
			cw_timer_set(w->pool->kick, RETRY_MS);
			w->pool->kicked = true;
			return;
		} else if (errno != EINTR) {
			/* It is dead or dying; how it ended is told when it is reaped. */
			cw_pool_kill(w, NULL);
			return;
		}
	}
}

/* ---- in ---- */

static void garbled(struct cw_pool_worker *w)
{
	w->garbled = true;
	cw_pool_kill(w, "it said what makes no sense");
}

static void got_ready(struct cw_pool_worker *w, const char *note, size_t len)
{
	const struct cw_pool_opts *o = &w->pool->opts;
	char line[200];

	if (w->ready || w->state > CW_POOL_LEAVING) {
		garbled(w);
		return;
	}
	w->ready = true;
	/* It was told to go while it started. */
	if (w->state == CW_POOL_LEAVING)
		return;
	w->state = CW_POOL_READY;
	w->pool->kinds[w->cls].bad_starts = 0;
	cw_timer_stop(w->timer);
	if (len == 0 || !o->note)
		return;
	len = len < sizeof(line) ? len : sizeof(line) - 1;
	memcpy(line, note, len);
	line[len] = '\0';
	o->note(o->payload, cw_pool_class_name(w->cls), w->pid, line);
}

/* The first job in flight is done: workers answer in order. */
static void got_answer(struct cw_pool_worker *w, const struct cw_ipc_head *head, const char *data)
{
	struct cw_pool *p = w->pool;
	struct cw_pool_job *job = w->jobs.first;

	if (!job || job->id != head->job || job == w->unsent) {
		garbled(w);
		return;
	}
	cw_pool_list_remove(&w->jobs, job);
	w->bytes -= job->len;
	w->since = cw_loop_now(p->opts.loop);
	w->finished++;
	/* It goes by itself, and so never dies after a good job. */
	if (w->cls == CW_POOL_REPOSITORY) {
		p->kinds[w->cls].row = 0;
		if (w->state == CW_POOL_READY)
			cw_pool_leave(w);
	}
	cw_pool_end(p, job, head->kind == CW_IPC_DONE, data, head->len);
}

static void got_record(struct cw_pool_worker *w, const struct cw_ipc_head *head, const char *data)
{
	struct cw_pool_job *job = w->jobs.first;

	if (w->cls != CW_POOL_REPOSITORY || !job || job->id != head->job) {
		garbled(w);
		return;
	}
	if (job->record && !job->cancelled && !w->pool->freeing)
		job->record(job->payload, head->kind, data, head->len);
}

static void got(struct cw_pool_worker *w, const struct cw_ipc_head *head, const char *data)
{
	switch (head->kind) {
	case CW_IPC_READY:
		got_ready(w, data, head->len);
		break;
	case CW_IPC_DONE:
	case CW_IPC_FAILED:
		got_answer(w, head, data);
		break;
	case CW_IPC_RECORD:
	case CW_IPC_REFS:
		got_record(w, head, data);
		break;
	default:
		garbled(w);
		break;
	}
}

void cw_pool_take(struct cw_pool_worker *w)
{
	struct cw_ipc_head head;
	size_t at = 0, size;

	while (!w->garbled && !w->held) {
		if (cw_ipc_parse(w->in.data + at, w->in.len - at, &head, &size, NULL) < 0 || (size > 0 && head.fds > 0)) {
			garbled(w);
			break;
		}
		if (size == 0)
			break;
		got(w, &head, w->in.data + at + sizeof(head));
		at += size;
	}
	if (at == w->in.len)
		cw_buf_clear(&w->in);
	else if (at > 0)
		memmove(w->in.data, w->in.data + at, w->in.len - at);
	if (at < w->in.len)
		cw_buf_truncate(&w->in, w->in.len - at);
	if (w->in.len == 0 && w->in.cap > IN_KEPT)
		cw_buf_release(&w->in);
}

/* Returns whether there may be more. */
static bool receive_some(struct cw_pool_worker *w)
{
	ssize_t n;

	if (cw_buf_reserve(&w->in, READ_LEN) != 0) {
		cw_pool_kill(w, "there is no memory for what it says");
		return false;
	}
	n = recv(w->sock, w->in.data + w->in.len, w->in.cap - w->in.len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		if (w->state == CW_POOL_LEAVING && w->on_sock) {
			cw_loop_remove(w->on_sock);
			w->on_sock = NULL;
		} else if (w->state != CW_POOL_LEAVING) {
			cw_pool_kill(w, NULL);
		}
		return false;
	}
	cw_buf_commit(&w->in, (size_t)n);
	cw_pool_take(w);
	return true;
}

void cw_pool_receive(struct cw_pool_worker *w)
{
	/* Of a living one only what one read brings: the others have their turn too. */
	while (w->sock >= 0 && !w->garbled && receive_some(w) && w->gone)
		;
}

void cw_pool_on_socket(void *payload, uint32_t events)
{
	struct cw_pool_worker *w = payload;

	if (events & EPOLLOUT) {
		w->blocked = false;
		cw_pool_watch_socket(w);
		cw_pool_send(w);
	}
	if (events & ~(uint32_t)EPOLLOUT && w->on_sock && !w->held)
		cw_pool_receive(w);
}
