/* Tests of proto/client against a socket that the test itself listens at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/client.h"
#include "proto/fdpass.h"

struct fixture {
	char dir[64], path[96];
	int listener;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/cw-remote-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/socket", f->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(f->listener, 8), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->listener);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* Connect, and have the other end. */
static struct cw_remote *connect_to(const struct fixture *f, int *ret_server)
{
	struct cw_remote_opts opts = {.socket = f->path, .uid = -1, .timeout_ms = 10000};
	struct cw_remote *r = NULL;

	assert_int_equal(cw_remote_open(&opts, &r, NULL), 0);
	*ret_server = accept(f->listener, NULL, NULL);
	assert_true(*ret_server >= 0);
	return r;
}

/* Answer before the question comes: the client does not mind. */
static void answer(int server, const char *text)
{
	assert_int_equal(write(server, text, strlen(text) + 1), (ssize_t)strlen(text) + 1);
}

/* nobody there, in three ways */
static void test_absent(void **state)
{
	struct fixture *f = *state;
	struct cw_remote_opts opts = {.socket = "/nonexistent/socket", .uid = -1, .timeout_ms = 1000};
	struct cw_remote *r = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_remote_open(&opts, &r, &err), CW_E_NOTFOUND);
	assert_string_equal(err.msg, "/nonexistent/socket: no daemon listens");
	close(f->listener);
	f->listener = -1;
	opts.socket = f->path;
	assert_int_equal(cw_remote_open(&opts, &r, NULL), CW_E_NOTFOUND);
	opts.socket = "";
	assert_int_equal(cw_remote_open(&opts, &r, NULL), CW_E_NOTFOUND);
	assert_null(r);
}

/* a call and its reply; what went over the wire is a call with its NUL */
static void test_call(void **state)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	CW_CLEANUP(cw_closep) int server = -1;
	CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
	char got[64] = "";
	int64_t n = 0;

	r = connect_to(*state, &server);
	answer(server, "{\"parameters\":{\"n\":7}}");
	assert_int_equal(cw_remote_call(r, "a.B", NULL, &reply, NULL), 0);
	assert_true(cw_json_int(cw_json_get(reply, "n"), &n));
	assert_int_equal(n, 7);
	assert_int_equal(read(server, got, sizeof(got)), 33);
	assert_string_equal(got, "{\"method\":\"a.B\",\"parameters\":{}}");
	assert_null(cw_remote_error(r));
}

/* an error has a name and a reason */
static void test_error(void **state)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	CW_CLEANUP(cw_closep) int server = -1;
	struct cw_json *reply = NULL;
	struct cw_err err = CW_ERR_INIT;

	r = connect_to(*state, &server);
	answer(server, "{\"error\":\"a.Wrong\",\"parameters\":{\"reason\":\"because\"}}");
	assert_int_equal(cw_remote_call(r, "a.B", NULL, &reply, &err), CW_E_UNSUPPORTED);
	assert_string_equal(err.msg, "the daemon says a.Wrong: because");
	assert_string_equal(cw_remote_error(r), "a.Wrong");
	assert_null(reply);
}

/* several replies to one call */
static void test_more(void **state)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	CW_CLEANUP(cw_closep) int server = -1;

	r = connect_to(*state, &server);
	assert_int_equal(cw_remote_send(r, "a.B", "{}", 2, -1, true, NULL), 0);
	answer(server, "{\"parameters\":{},\"continues\":true}");
	answer(server, "{}");
	for (int i = 0; i < 2; i++) {
		CW_CLEANUP(cw_json_free_p) struct cw_json *reply = NULL;
		bool continues = i == 1;

		assert_int_equal(cw_remote_receive(r, &reply, &continues, NULL), 0);
		assert_int_equal(continues, i == 0);
	}
}

/* a descriptor goes with the call and stays the caller's */
static void test_descriptor(void **state)
{
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	CW_CLEANUP(cw_closep) int server = -1, fd = -1, copy = -1;
	struct cw_received got;
	char data[256];

	r = connect_to(*state, &server);
	assert_int_equal(cw_memfd_make("test", "x", 1, &fd, NULL), 0);
	assert_int_equal(cw_remote_send(r, "a.B", "{}", 2, fd, false, NULL), 0);
	assert_int_equal(cw_fdpass_recv(server, data, sizeof(data), &got, NULL), 0);
	assert_int_equal(got.fds_len, 1);
	copy = got.fds[0];
	assert_true(cw_memfd_is_sealed(copy) && cw_memfd_is_sealed(fd));
}

/* a reply that is none, half a reply, an end */
static void test_broken(void **state)
{
	struct cw_json *reply = NULL;
	struct cw_err err = CW_ERR_INIT;
	const char *texts[] = {"no JSON", "[]", "{\"parameters\":1}", "{\"error\":\"a b\"}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
		CW_CLEANUP(cw_closep) int server = -1;

		r = connect_to(*state, &server);
		answer(server, texts[i]);
		assert_int_equal(cw_remote_call(r, "a.B", NULL, &reply, NULL), CW_E_INVALID);
	}
	{
		CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
		int server = -1;

		r = connect_to(*state, &server);
		assert_int_equal(write(server, "{\"par", 5), 5);
		shutdown(server, SHUT_WR);
		assert_int_equal(cw_remote_call(r, "a.B", NULL, &reply, &err), CW_E_IO);
		assert_string_equal(err.msg, "the daemon has closed the connection");
		close(server);
	}
}

/* a daemon that says nothing is left alone when the time is over */
static void test_silent(void **state)
{
	struct fixture *f = *state;
	struct cw_remote_opts opts = {.socket = f->path, .uid = -1, .timeout_ms = 1};
	CW_CLEANUP(cw_remote_close_p) struct cw_remote *r = NULL;
	struct cw_json *reply = NULL;

	assert_int_equal(cw_remote_open(&opts, &r, NULL), 0);
	assert_int_equal(cw_remote_call(r, "a.B", NULL, &reply, NULL), CW_E_CANCELLED);
}

/* somebody who is neither root nor oneself nor the configured daemon is not believed */
static void test_stranger(void **state)
{
	struct fixture *f = *state;
	struct cw_remote_opts opts = {.socket = f->path, .uid = -1, .timeout_ms = 1000};
	struct cw_remote *r = NULL;
	struct cw_err err = CW_ERR_INIT;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (geteuid() != 0)
		skip();
	/* The kernel notes who listens when listen() is called. */
	close(f->listener);
	unlink(f->path);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
	assert_int_equal(bind(f->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(listen(f->listener, 8), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(cw_remote_open(&opts, &r, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, "user id 65534 listens, who is not to be trusted"));
	opts.user = "no such user";
	assert_int_equal(cw_remote_open(&opts, &r, &err), CW_E_INVALID);
	opts.uid = 65534;
	assert_int_equal(cw_remote_open(&opts, &r, &err), 0);
	cw_remote_close(r);
	opts.uid = -1;
	opts.user = "65534";
	assert_int_equal(cw_remote_open(&opts, &r, &err), 0);
	cw_remote_close(r);
	opts.user = "nobody";
	assert_int_equal(cw_remote_open(&opts, &r, &err), 0);
	cw_remote_close(r);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_absent), CASE(test_call),   CASE(test_error),	 CASE(test_more), CASE(test_descriptor),
		CASE(test_broken), CASE(test_silent), CASE(test_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
