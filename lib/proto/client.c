/* proto/client.c - owns: the client's connection. See client.h.
 *
 * The socket is non-blocking once it is connected, and every wait is a poll() with what is left of the call's time. While a call is being
 * sent, replies to earlier ones are taken in, so that two ends that both write never wait for each other. */
#include "proto/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "proto/call.h"
#include "proto/fdpass.h"
#include "proto/frame.h"

#define NAME_SIZE 256 /* bytes of an error's name, with its NUL */

struct cw_remote {
	int sock;
	int64_t timeout_ms;
	struct cw_framer in;
	char error[NAME_SIZE];
};

void cw_remote_close(struct cw_remote *r)
{
	if (r == NULL)
		return;
	if (r->sock >= 0)
		close(r->sock);
	cw_framer_release(&r->in);
	free(r);
}

/* ---- connecting ---- */

static int socket_address(const char *path, struct sockaddr_un *ret, struct cw_err *err)
{
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(ret->sun_path))
		return cw_err_set(err, CW_E_NOTFOUND, "the path of a socket has 1 to %zu bytes", sizeof(ret->sun_path) - 1);
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, path, len);
	return 0;
}

/* A blocking connect() waits for a place in the queue of a busy daemon, no longer than the socket's time to send. */
static int connect_to(int sock, const struct cw_remote_opts *opts, struct cw_err *err)
{
	struct timeval limit = {.tv_sec = opts->timeout_ms / 1000, .tv_usec = opts->timeout_ms % 1000 * 1000};
	struct sockaddr_un address;
	int rc = socket_address(opts->socket, &address, err);

	if (rc != 0)
		return rc;
	if (opts->timeout_ms > 0 && setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
		return cw_err_sys(err, errno, "connecting to the daemon");
	do {
		rc = connect(sock, (const struct sockaddr *)&address, sizeof(address));
	} while (rc != 0 && errno == EINTR);
	if (rc != 0 && (errno == ENOENT || errno == ENOTDIR || errno == ECONNREFUSED))
		return cw_err_set(err, CW_E_NOTFOUND, "no daemon listens");
	if (rc != 0 && (errno == EAGAIN || errno == ETIMEDOUT))
		return cw_err_set(err, CW_E_CANCELLED, "the daemon did not take the connection in time");
	return rc == 0 ? 0 : cw_err_sys(err, errno, "connecting to the daemon");
}

/* Whether UID is that of USER. To look a name up costs more than all the rest of a connection. */
static bool is_user(const char *user, uid_t uid)
{
	uint64_t number;
	const struct passwd *p;

	if (user == NULL || *user == '\0')
		return false;
	if (cw_num_u64(user, strlen(user), 0, UINT32_MAX - 1, "user", &number, NULL) == 0)
		return number == uid;
	p = getpwnam(user);
	return p != NULL && p->pw_uid == uid;
}

static int check_peer(int sock, const struct cw_remote_opts *opts, struct cw_err *err)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return cw_err_sys(err, errno, "asking who listens");
	if (peer.uid == 0 || peer.uid == geteuid() || (opts->uid >= 0 && (int64_t)peer.uid == opts->uid))
		return 0;
	if (is_user(opts->user, peer.uid))
		return 0;
	return cw_err_set(err, CW_E_INVALID, "user id %lu listens, who is not to be trusted", (unsigned long)peer.uid);
}

static int open_socket(struct cw_remote *r, const struct cw_remote_opts *opts, struct cw_err *err)
{
	int flags, rc;

	r->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->sock < 0)
		return cw_err_sys(err, errno, "making a socket");
	rc = connect_to(r->sock, opts, err);
	if (rc != 0)
		return rc;
	flags = fcntl(r->sock, F_GETFL);
	if (flags < 0 || fcntl(r->sock, F_SETFL, flags | O_NONBLOCK) != 0)
		return cw_err_sys(err, errno, "connecting to the daemon");
	return check_peer(r->sock, opts, err);
}

int cw_remote_open(const struct cw_remote_opts *opts, struct cw_remote **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return cw_err_nomem(err);
	r->sock = -1;
	r->timeout_ms = opts->timeout_ms;
	cw_framer_init(&r->in, CW_FRAME_MAX_DEFAULT);
	rc = open_socket(r, opts, err);
	if (rc != 0)
		return cw_err_wrap(err, rc, "%s", opts->socket);
	*ret = cw_steal(&r);
	return 0;
}

/* ---- calls ---- */

static int64_t deadline_of(const struct cw_remote *r)
{
	return r->timeout_ms > 0 ? cw_clock_ms() + r->timeout_ms : INT64_MAX;
}

/* Wait for one of EVENTS. *ret_events: what there is. */
static int wait_for(const struct cw_remote *r, short events, int64_t deadline, short *ret_events, struct cw_err *err)
{
	struct pollfd p = {.fd = r->sock, .events = events};
	int n;

	do {
		int64_t left = deadline == INT64_MAX ? -1 : deadline - cw_clock_ms();

		if (deadline != INT64_MAX && left < 0)
			left = 0;
		n = poll(&p, 1, left > 1 << 30 ? 1 << 30 : (int)left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return cw_err_sys(err, errno, "waiting for the daemon");
	if (n == 0)
		return cw_err_set(err, CW_E_CANCELLED, "the daemon did not answer in time");
	*ret_events = p.revents;
	return 0;
}

static void close_all(struct cw_received *got)
{
	for (size_t i = 0; i < got->fds_len; i++)
		close(got->fds[i]);
}

/* Read what is there, if anything. Descriptors that a daemon sends are not wanted. */
static int take_in(struct cw_remote *r, struct cw_err *err)
{
	struct cw_received got;
	char *space;
	size_t len;
	int rc = cw_framer_space(&r->in, &space, &len, err);

	if (rc != 0)
		return rc;
	rc = cw_fdpass_recv(r->sock, space, len, &got, err);
	if (rc == CW_E_NOTFOUND)
		return 0;
	if (rc != 0)
		return rc;
	close_all(&got);
	if (got.len == 0)
		return cw_err_set(err, CW_E_IO, "the daemon has closed the connection");
	cw_framer_commit(&r->in, got.len);
	return 0;
}

static int send_all(struct cw_remote *r, const char *data, size_t len, int fd, struct cw_err *err)
{
	int64_t deadline = deadline_of(r);

	while (len > 0) {
		size_t sent = 0;
		short events = 0;
		int rc = cw_fdpass_send(r->sock, data, len, fd, &sent, err);

		if (rc == 0) {
			data += sent;
			len -= sent;
			fd = -1;
			continue;
		}
		if (rc == CW_E_NOTFOUND)
			rc = wait_for(r, POLLIN | POLLOUT, deadline, &events, err);
		if (rc == 0 && (events & POLLIN) != 0)
			rc = take_in(r, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int cw_remote_send(struct cw_remote *r, const char *method, const char *parameters, size_t len, int fd, bool more,
		   struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT_SECRET;
	int rc = cw_call_add(&out, method, parameters, len, more, err);

	return rc == 0 ? send_all(r, out.data, out.len, fd, err) : rc;
}

/* The daemon's error as one of ours: its name, and its reason if it gives one. */
static int daemon_error(struct cw_remote *r, const struct cw_reply *reply, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *parameters = NULL;
	const char *reason = NULL;

	memcpy(r->error, reply->error.data, reply->error.len);
	r->error[reply->error.len] = '\0';
	if (reply->parameters.data != NULL &&
	    cw_json_parse(reply->parameters.data, reply->parameters.len, r->in.max, &parameters, NULL) == 0)
		reason = cw_json_str(cw_json_get(parameters, "reason"));
	return cw_err_set(err, CW_E_UNSUPPORTED, "the daemon says %s%s%s", r->error, reason != NULL ? ": " : "",
			  reason != NULL ? reason : "");
}

static int read_reply(struct cw_remote *r, const char *text, size_t len, struct cw_json **ret, bool *ret_continues,
		      struct cw_err *err)
{
	struct cw_reply reply;
	int rc = cw_reply_parse(text, len, &reply, err);

	if (rc == 0 && reply.error.data != NULL && reply.error.len < NAME_SIZE)
		return daemon_error(r, &reply, err);
	if (rc == 0 && reply.parameters.data == NULL)
		reply.parameters = (struct cw_slice){"{}", 2};
	if (rc == 0)
		rc = cw_json_parse(reply.parameters.data, reply.parameters.len, r->in.max, ret, err);
	if (rc != 0)
		return cw_err_wrap(err, rc, "reply of the daemon");
	if (ret_continues != NULL)
		*ret_continues = reply.continues;
	return 0;
}

int cw_remote_receive(struct cw_remote *r, struct cw_json **ret_parameters, bool *ret_continues, struct cw_err *err)
{
	int64_t deadline = deadline_of(r);
	const char *text;
	size_t len;

	r->error[0] = '\0';
	while (!cw_framer_next(&r->in, &text, &len)) {
		short events = 0;
		int rc = wait_for(r, POLLIN, deadline, &events, err);

		if (rc == 0)
			rc = take_in(r, err);
		if (rc != 0)
			return rc;
	}
	return read_reply(r, text, len, ret_parameters, ret_continues, err);
}

const char *cw_remote_error(const struct cw_remote *r)
{
	return r->error[0] != '\0' ? r->error : NULL;
}

int cw_remote_call(struct cw_remote *r, const char *method, const struct cw_json *parameters, struct cw_json **ret_parameters,
		   struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_SECRET;
	int rc = 0;

	if (parameters != NULL)
		rc = cw_json_print(parameters, false, &text, err);
	else
		cw_buf_adds(&text, "{}");
	if (rc == 0)
		rc = cw_buf_fail(&text, "call", err);
	if (rc == 0)
		rc = cw_remote_send(r, method, text.data, text.len, -1, false, err);
	return rc == 0 ? cw_remote_receive(r, ret_parameters, NULL, err) : rc;
}
