/* bench_daemon - how many calls a running daemon answers, and how soon. Ends by itself.
 * ScanText: one thread, many connections, each of which sends its next call when it has its answer; the texts are pieces of source files.
 * ScanFd: one sealed memfd made of the same files, in turns with the matcher in this process over the same bytes.
 * Usage: bench_daemon [OPTION]... SOCKET PATH... */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/opts.h"
#include "corpus.h"
#include "match/blob.h"
#include "proto/call.h"
#include "proto/client.h"
#include "proto/fdpass.h"
#include "proto/frame.h"

#define CALLS_MAX 8192	    /* different texts */
#define CONNECTIONS_MAX 4096
#define LATENCIES_MAX ((size_t)64 << 20)
#define FD_ROUNDS 3 /* odd: the median is one of them */
#define STALL_MS 30000 /* without any answer the daemon is given up */

struct options {
	uint64_t connections, seconds, requests, piece, fd_bytes;
};

#define FIELD(name) .offset = offsetof(struct options, name)

static const struct cw_opt options[] = {
	{.kind = CW_OPT_NUMBER, .name = "connections", .arg = "N", FIELD(connections), .min = 1, .max = CONNECTIONS_MAX,
	 .help = "clients at the same time (64)"},
	{.kind = CW_OPT_NUMBER, .name = "seconds", .arg = "N", FIELD(seconds), .min = 1, .max = 3600, .help = "how long (5)"},
	{.kind = CW_OPT_NUMBER, .name = "requests", .arg = "N", FIELD(requests), .min = 1, .max = LATENCIES_MAX,
	 .help = "or how many"},
	{.kind = CW_OPT_SIZE, .name = "piece", .arg = "BYTES", FIELD(piece), .min = 1, .max = 1 << 20, .help = "of each text (4K)"},
	{.kind = CW_OPT_SIZE, .name = "fd", .arg = "BYTES", FIELD(fd_bytes), .min = 0, .max = (uint64_t)1 << 30,
	 .help = "of the memfd for ScanFd; 0: none (256M)"},
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {.program = "bench_daemon", .synopsis = "[OPTION]... SOCKET PATH...",
				      .about = "Measure a running daemon.", .opts = options};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the calls ---- */

struct calls {
	struct cw_buf text;  /* one behind the other */
	struct cw_vec start; /* size_t: of each, and the end of the last */
};

static void add_call(struct calls *c, const char *text, size_t len)
{
	static const char head[] = "{\"method\":\"io.credwatch.ScanText\",\"parameters\":{\"text\":";
	size_t *start = cw_vec_push(&c->start);

	if (start != NULL)
		*start = c->text.len;
	cw_buf_adds(&c->text, head);
	cw_call_quote(&c->text, text, len);
	cw_buf_adds(&c->text, "}}");
	cw_buf_addc(&c->text, '\0');
}

/* Pieces of all files alike: every n-th, so that they come from everywhere. */
static int make_calls(const struct corpus *corpus, size_t piece, struct calls *c, struct cw_err *err)
{
	uint64_t pieces = corpus->total / piece, step = pieces / CALLS_MAX + 1, n = 0;
	size_t *end;

	for (size_t i = 0; i < corpus->files.len; i++) {
		const struct corpus_file *f = &CW_VEC_AT(&corpus->files, struct corpus_file, i);

		for (size_t at = 0; at + piece <= f->len && c->start.len < CALLS_MAX; at += piece) {
			if (n++ % step == 0)
				add_call(c, f->data + at, piece);
		}
	}
	if (c->start.len == 0)
		return cw_err_set(err, CW_E_NOTFOUND, "no file is as long as a piece");
	end = cw_vec_push(&c->start);
	if (end != NULL)
		*end = c->text.len;
	return cw_vec_fail(&c->start, "calls", err) != 0 ? CW_E_NOMEM : cw_buf_fail(&c->text, "calls", err);
}

/* ---- many connections ---- */

struct client {
	int fd;
	const char *out; /* what is still to be sent */
	size_t out_len;
	uint64_t begun;
	struct cw_framer in;
};

struct load {
	const struct calls *calls;
	struct client *clients;
	size_t clients_len;
	int epoll;
	uint64_t next, sent, answered, failed, with_hits, end_ns, requests;
	uint32_t *latencies; /* microseconds */
	size_t latencies_len, latencies_cap;
};

static int send_rest(struct load *l, struct client *c, struct cw_err *err)
{
	size_t sent = 0;
	int rc = cw_fdpass_send(c->fd, c->out, c->out_len, -1, &sent, err);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	if (rc != 0 && rc != CW_E_NOTFOUND)
		return rc;
	c->out += sent;
	c->out_len -= sent;
	if (c->out_len > 0)
		e.events |= EPOLLOUT;
	else if (rc == 0)
		return 0;
	return epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &e) == 0 ? 0 : cw_err_sys(err, errno, "epoll");
}

static int begin_call(struct load *l, struct client *c, struct cw_err *err)
{
	size_t i = l->next++ % (l->calls->start.len - 1);
	size_t from = CW_VEC_AT(&l->calls->start, size_t, i), to = CW_VEC_AT(&l->calls->start, size_t, i + 1);

	c->out = l->calls->text.data + from;
	c->out_len = to - from;
	c->begun = now_ns();
	l->sent++;
	return send_rest(l, c, err);
}

static void take_answer(struct load *l, struct client *c, const char *text, size_t len)
{
	static const char clean[] = "{\"parameters\":{\"result\":{\"hits\":0,\"complete\":true";

	l->answered++;
	if (len < 14 || memcmp(text, "{\"parameters\":", 14) != 0)
		l->failed++;
	else if (len < sizeof(clean) || memcmp(text, clean, sizeof(clean) - 1) != 0)
		l->with_hits++;
	if (l->latencies_len < l->latencies_cap)
		l->latencies[l->latencies_len++] = (uint32_t)((now_ns() - c->begun) / 1000);
}

static bool is_over(const struct load *l)
{
	return l->requests > 0 ? l->sent >= l->requests : now_ns() >= l->end_ns;
}

static int on_input(struct load *l, struct client *c, struct cw_err *err)
{
	struct cw_received got;
	const char *text;
	char *space;
	size_t len;
	int rc = cw_framer_space(&c->in, &space, &len, err);

	if (rc == 0)
		rc = cw_fdpass_recv(c->fd, space, len, &got, err);
	if (rc != 0)
		return rc == CW_E_NOTFOUND ? 0 : rc;
	if (got.len == 0)
		return cw_err_set(err, CW_E_IO, "the daemon has closed a connection");
	cw_framer_commit(&c->in, got.len);
	if (!cw_framer_next(&c->in, &text, &len))
		return 0;
	take_answer(l, c, text, len);
	return is_over(l) ? 0 : begin_call(l, c, err);
}

static int run_load(struct load *l, struct cw_err *err)
{
	struct epoll_event events[256];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->clients_len; i++)
		rc = begin_call(l, &l->clients[i], err);
	while (rc == 0 && l->answered < l->sent) {
		int n = epoll_wait(l->epoll, events, 256, STALL_MS);

		if (n == 0)
			return cw_err_set(err, CW_E_CANCELLED, "%" PRIu64 " calls were not answered", l->sent - l->answered);
		for (int i = 0; rc == 0 && i < n; i++) {
			struct client *c = events[i].data.ptr;

			if ((events[i].events & EPOLLOUT) != 0)
				rc = send_rest(l, c, err);
			if (rc == 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
				rc = on_input(l, c, err);
		}
	}
	return rc;
}

static int open_client(struct load *l, struct client *c, const char *path, struct cw_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	cw_framer_init(&c->in, CW_FRAME_MAX_DEFAULT);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return cw_err_sys(err, errno, "%s", path);
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
		return cw_err_sys(err, errno, "%s", path);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_load(struct load *l, double elapsed)
{
	size_t n = l->latencies_len;

	qsort(l->latencies, n, sizeof(*l->latencies), by_value);
	printf("ScanText   %" PRIu64 " calls over %zu connections in %.2f s: %.0f/s; p50 %.2f ms, p99 %.2f ms, longest %.2f ms\n",
	       l->answered, l->clients_len, elapsed, (double)l->answered / elapsed, l->latencies[n / 2] / 1000.0,
	       l->latencies[n * 99 / 100] / 1000.0, l->latencies[n - 1] / 1000.0);
	printf("           %" PRIu64 " errors, %" PRIu64 " with hits\n", l->failed, l->with_hits);
}

static void close_load(struct load *l)
{
	for (size_t i = 0; i < l->clients_len; i++) {
		if (l->clients[i].fd >= 0)
			close(l->clients[i].fd);
		cw_framer_release(&l->clients[i].in);
	}
	close(l->epoll);
	free(l->clients);
	free(l->latencies);
}

static int bench_text(const struct options *o, const char *socket, const struct calls *calls, struct cw_err *err)
{
	struct load l = {.calls = calls, .clients_len = o->connections, .requests = o->requests, .latencies_cap = LATENCIES_MAX};
	uint64_t start;
	int rc = 0;

	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.clients = calloc(l.clients_len, sizeof(*l.clients));
	/* Pages that are not used are never there. */
	l.latencies = malloc(l.latencies_cap * sizeof(*l.latencies));
	if (l.epoll < 0 || l.clients == NULL || l.latencies == NULL) {
		l.clients_len = l.clients != NULL ? l.clients_len : 0;
		rc = cw_err_nomem(err);
	}
	for (size_t i = 0; i < l.clients_len; i++)
		l.clients[i].fd = -1;
	for (size_t i = 0; rc == 0 && i < l.clients_len; i++)
		rc = open_client(&l, &l.clients[i], socket, err);
	start = now_ns();
	l.end_ns = start + o->seconds * 1000000000;
	if (rc == 0)
		rc = run_load(&l, err);
	if (rc == 0)
		print_load(&l, (double)(now_ns() - start) / 1e9);
	close_load(&l);
	return rc;
}

/* ---- a memfd ---- */

static int make_memfd(const struct corpus *corpus, size_t len, int *ret_fd, void **ret_data, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_MAX(len);
	int rc = cw_buf_reserve(&text, len);

	for (size_t i = 0; rc == 0 && text.len < len; i = (i + 1) % corpus->files.len) {
		const struct corpus_file *f = &CW_VEC_AT(&corpus->files, struct corpus_file, i);
		size_t rest = len - text.len;

		cw_buf_add(&text, f->data, f->len < rest ? f->len : rest);
	}
	if (rc != 0)
		return cw_err_nomem(err);
	rc = cw_memfd_make("bench", text.data, text.len, ret_fd, err);
	if (rc != 0)
		return rc;
	*ret_data = mmap(NULL, len, PROT_READ, MAP_SHARED, *ret_fd, 0);
	return *ret_data != MAP_FAILED ? 0 : cw_err_sys(err, errno, "mapping the memfd");
}

static int call_scan_fd(struct cw_remote *r, int fd, double *ret_seconds, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
	uint64_t start = now_ns();
	int rc = cw_remote_send(r, "io.credwatch.ScanFd", "{}", 2, fd, false, err);

	if (rc == 0)
		rc = cw_remote_receive(r, &reply, NULL, err);
	*ret_seconds = (double)(now_ns() - start) / 1e9;
	return rc;
}

static int match_here(struct cw_matcher *m, const void *data, size_t len, double *ret_seconds, struct cw_err *err)
{
	struct cw_result result;
	uint64_t start = now_ns();
	int rc;

	cw_result_init(&result);
	rc = cw_match_blob(m, data, len, &result, err);
	cw_result_release(&result);
	*ret_seconds = (double)(now_ns() - start) / 1e9;
	return rc;
}

static double median(double *v)
{
	for (int i = 1; i < FD_ROUNDS; i++) {
		for (int k = i; k > 0 && v[k] < v[k - 1]; k--) {
			double swap = v[k];

			v[k] = v[k - 1];
			v[k - 1] = swap;
		}
	}
	return v[FD_ROUNDS / 2];
}

static int bench_fd(const struct options *o, const char *socket, const struct corpus *corpus, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *m = NULL;
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	CW_CLEANUP(cw_closep) int fd = -1;
	const struct cw_remote_opts opts = {.socket = socket, .uid = -1, .timeout_ms = 600000};
	double there[FD_ROUNDS + 1], here[FD_ROUNDS + 1];
	void *data = NULL;
	int rc = make_memfd(corpus, o->fd_bytes, &fd, &data, err);

	if (rc == 0 && (rc = cw_set_default(&set, err)) == 0 && (rc = cw_matcher_new(set, &m, err)) == 0)
		rc = cw_remote_open(&opts, &r, err);
	/* The first round is a warm-up. */
	for (int i = 0; rc == 0 && i <= FD_ROUNDS; i++) {
		rc = match_here(m, data, o->fd_bytes, &here[i], err);
		if (rc == 0)
			rc = call_scan_fd(r, fd, &there[i], err);
	}
	if (rc != 0)
		return rc;
	printf("ScanFd     %.0f MB: %.3f s; the matcher in this process %.3f s; rate of the daemon to it %.2f, median of %d\n",
	       (double)o->fd_bytes / 1e6, median(there + 1), median(here + 1), median(here + 1) / median(there + 1), FD_ROUNDS);
	return 0;
}

static int run(const struct options *o, char *const *paths, const char *socket, struct cw_err *err)
{
	struct calls calls = {.text = CW_BUF_INIT, .start = CW_VEC_INIT(size_t, CALLS_MAX + 1)};
	struct corpus corpus;
	int rc;

	corpus_init(&corpus);
	rc = corpus_load(&corpus, paths, err);
	if (rc == 0)
		rc = make_calls(&corpus, o->piece, &calls, err);
	if (rc == 0)
		rc = bench_text(o, socket, &calls, err);
	if (rc == 0 && o->fd_bytes > 0)
		rc = bench_fd(o, socket, &corpus, err);
	corpus_release(&corpus);
	cw_buf_release(&calls.text);
	cw_vec_release(&calls.start);
	return rc;
}

int main(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf help = CW_BUF_INIT;
	struct options o = {.connections = 64, .seconds = 5, .piece = 4096, .fd_bytes = (uint64_t)256 << 20};
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_opts_parse(&usage, argc, argv, &o, &args, &err);

	if (rc == 0 && args.len < 2)
		rc = cw_err_set(&err, CW_E_USAGE, "a socket and paths of source files are wanted");
	if (rc == CW_OPTS_HELP) {
		cw_opts_help(&usage, &help);
		fputs(help.data, stdout);
		return 0;
	}
	/* Paths end with NULL. */
	if (rc == 0 && cw_vec_push(&args) == NULL)
		rc = cw_err_nomem(&err);
	if (rc == 0)
		rc = run(&o, &CW_VEC_AT(&args, char *, 1), CW_VEC_AT(&args, const char *, 0), &err);
	if (rc != 0)
		fprintf(stderr, "bench_daemon: %s\n", cw_err_msg(&err));
	return rc == 0 ? 0 : rc == CW_E_USAGE ? 2 : 1;
}
