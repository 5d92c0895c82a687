/* Tests of the daemon's server: calls, replies, errors, streams, descriptors, roles, sessions. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "daemon/method.h"
#include "proto/fdpass.h"
#include "proto/interface.h"
#include "server_case.h"

#define STRANGER 54321 /* no such user */
#define CALL(method, parameters) "{\"method\":\"" method "\",\"parameters\":" parameters "}"
#define SCAN(text) CALL("io.credwatch.ScanText", "{\"text\":\"" text "\"}")

static int start(void **state)
{
	case_set_up(state);
	case_start(*state);
	return 0;
}

/* what a client asks first */
static void test_service(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);

	case_write(w, fd, CALL("org.varlink.service.GetInfo", "{}"));
	assert_non_null(strstr(case_read(fd), "\"interfaces\":[\"org.varlink.service\",\"io.credwatch\"]"));
	case_write(w, fd, CALL("org.varlink.service.GetInterfaceDescription", "{\"interface\":\"io.credwatch\"}"));
	assert_non_null(strstr(case_read(fd), "interface io.credwatch\\n"));
	case_write(w, fd, CALL("org.varlink.service.GetInterfaceDescription", "{\"interface\":\"org.varlink.service\"}"));
	assert_non_null(strstr(case_read(fd), "method GetInfo() -> ("));
	case_write(w, fd, CALL("org.varlink.service.GetInterfaceDescription", "{\"interface\":\"a.b\"}"));
	assert_string_equal(case_read(fd), "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"a.b\"}}");
}

/* calls that name what there is not, or leave out what is needed: an error each, and the connection goes on */
static void test_errors(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);

	case_write(w, fd, CALL("io.credwatch.Nothing", "{}"));
	assert_string_equal(case_read(fd),
			    "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"io.credwatch.Nothing\"}}");
	case_write(w, fd, CALL("a.b.C", "{}"));
	assert_string_equal(case_read(fd), "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"a.b\"}}");
	case_write(w, fd, CALL("io.credwatch.ScanText", "{}"));
	assert_string_equal(case_read(fd), "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"text\"}}");
	case_write(w, fd, CALL("io.credwatch.ScanText", "{\"text\":1}"));
	assert_string_equal(case_read(fd), "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"text\"}}");
	case_write(w, fd, CALL("io.credwatch.ScanText", "{\"text\":\"\",\"digset\":\"\"}"));
	assert_string_equal(case_read(fd), "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"digset\"}}");
	case_write(w, fd, CALL("io.credwatch.Subscribe", "{}"));
	assert_string_equal(case_read(fd), "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}");
	case_write(w, fd, "{\"method\":\"io.credwatch.Status\",\"upgrade\":true}");
	assert_non_null(strstr(case_read(fd), "MethodNotImplemented"));
	case_write(w, fd, CALL("io.credwatch.ScanRepository", "{\"path\":\"/etc\"}"));
	assert_non_null(strstr(case_read(fd), "io.credwatch.BadRepository"));
	assert_int_equal(case_jobs_len, 0);
	assert_int_equal(case_stats(w).connections, 1);
}

/* the text goes to the pool as it came, the worker's reply to the caller as it is */
static void test_scan_text(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	struct cw_ipc_text head;

	case_write(w, fd, CALL("io.credwatch.ScanText", "{\"path\":\"a\\\"b\",\"text\":\"x\\n\\u00e9\",\"engine\":\"e1\",\"digest\":null}"));
	assert_int_equal(case_jobs_len, 1);
	assert_int_equal(case_jobs[0].kind, CW_IPC_TEXT);
	assert_int_equal(case_jobs[0].uid, geteuid());
	memcpy(&head, case_jobs[0].message.data, sizeof(head));
	assert_int_equal(head.text_len, 11);
	assert_int_equal(head.path_len, 6);
	assert_string_equal(case_jobs[0].message.data + sizeof(head), "\"x\\n\\u00e9\"\"a\\\"b\"");
	assert_string_equal(case_read(fd), "");
	case_done(w, 0, true, "{\"parameters\":{\"result\":{}}}");
	assert_string_equal(case_read(fd), "{\"parameters\":{\"result\":{}}}");
	case_write(w, fd, SCAN("y"));
	case_done(w, 1, false, "it took too long");
	assert_string_equal(case_read(fd), "{\"error\":\"io.credwatch.ScanFailed\",\"parameters\":{\"reason\":\"it took too long\"}}");
	case_write(w, fd, SCAN("z"));
	case_done(w, 2, true, "nonsense");
	assert_non_null(strstr(case_read(fd), "io.credwatch.InternalError"));
}

/* who would judge by other rules is told so */
static void test_wrong_engine(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	static const char reply[] = "{\"error\":\"io.credwatch.WrongEngine\",\"parameters\":{\"engine\":\"e1\",\"digest\":\"d1\"}}";

	case_write(w, fd, CALL("io.credwatch.ScanText", "{\"text\":\"\",\"engine\":\"e2\"}"));
	assert_string_equal(case_read(fd), reply);
	case_write(w, fd, CALL("io.credwatch.ScanText", "{\"text\":\"\",\"engine\":\"e1\",\"digest\":\"d\"}"));
	assert_string_equal(case_read(fd), reply);
	assert_int_equal(case_jobs_len, 0);
}

/* several calls in one write: one in flight, answers in their order; a call without a reply gives none */
static void test_pipelined(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	static const char calls[] = SCAN("a") "\0" CALL("io.credwatch.Nothing", "{}") "\0"
				    "{\"method\":\"io.credwatch.Nothing\",\"oneway\":true}\0" SCAN("b");

	assert_int_equal(write(fd, calls, sizeof(calls)), sizeof(calls));
	case_spin(w);
	assert_int_equal(case_jobs_len, 1);
	case_done(w, 0, true, "{\"parameters\":{\"n\":1}}");
	assert_string_equal(case_read(fd), "{\"parameters\":{\"n\":1}}");
	assert_non_null(strstr(case_read(fd), "MethodNotFound"));
	assert_string_equal(case_read(fd), "");
	assert_int_equal(case_jobs_len, 2);
	case_done(w, 1, true, "{\"parameters\":{\"n\":2}}");
	assert_string_equal(case_read(fd), "{\"parameters\":{\"n\":2}}");
	assert_int_equal(case_stats(w).calls, 4);
}

/* the caller goes away while its call is in flight: the job is cancelled; one that only stops writing gets its answer */
static void test_gone(void **state)
{
	struct case_world *w = *state;
	int fd = case_connect(w);

	case_write(w, fd, SCAN("a"));
	close(fd);
	case_spin(w);
	assert_true(case_jobs[0].cancelled);
	assert_int_equal(case_stats(w).connections, 0);
	fd = case_connect(w);
	case_write(w, fd, SCAN("b"));
	shutdown(fd, SHUT_WR);
	case_spin(w);
	assert_false(case_jobs[1].cancelled);
	case_done(w, 1, true, "{\"parameters\":{}}");
	assert_string_equal(case_read(fd), "{\"parameters\":{}}");
	assert_string_equal(case_read(fd), "END");
	close(fd);
}

/* a full queue, an ending pool */
static void test_unavailable(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);

	case_submit_rc = CW_E_LIMIT;
	case_write(w, fd, SCAN("a"));
	assert_string_equal(case_read(fd), "{\"error\":\"io.credwatch.Unavailable\",\"parameters\":{\"reason\":\"the queue is full\"}}");
	case_submit_rc = CW_E_NOMEM;
	case_write(w, fd, SCAN("a"));
	assert_non_null(strstr(case_read(fd), "io.credwatch.InternalError"));
}

/* a sealed memfd goes to the pool; anything else, none, two, or one where none belongs, is refused and closed */
static void test_descriptors(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w), sealed = -1, open = memfd_create("test", MFD_ALLOW_SEALING);
	int two[2], pipes[2];
	static const char call[] = CALL("io.credwatch.ScanFd", "{\"path\":\"x\"}");

	assert_int_equal(cw_memfd_make("test", "content", 7, &sealed, NULL), 0);
	case_write_fds(w, fd, call, &sealed, 1);
	assert_int_equal(case_jobs_len, 1);
	assert_int_equal(case_jobs[0].kind, CW_IPC_FD);
	assert_true(cw_memfd_is_sealed(case_jobs[0].fd));
	case_done(w, 0, true, "{\"parameters\":{}}");
	assert_string_equal(case_read(fd), "{\"parameters\":{}}");
	case_write(w, fd, call);
	assert_non_null(strstr(case_read(fd), "no descriptor came with the call"));
	case_write_fds(w, fd, call, &open, 1);
	assert_non_null(strstr(case_read(fd), "a memfd is wanted that is sealed"));
	assert_int_equal(pipe(pipes), 0);
	case_write_fds(w, fd, call, &pipes[0], 1);
	assert_non_null(strstr(case_read(fd), "a memfd is wanted that is sealed"));
	two[0] = two[1] = sealed;
	case_write_fds(w, fd, call, two, 2);
	assert_non_null(strstr(case_read(fd), "more than one descriptor came"));
	case_write_fds(w, fd, SCAN("a"), &sealed, 1);
	assert_non_null(strstr(case_read(fd), "this call takes no descriptor"));
	case_write(w, fd, SCAN("a"));
	assert_int_equal(case_jobs_len, 2);
	close(pipes[0]);
	close(pipes[1]);
}

/* a descriptor belongs to the call that it came with, not to the one before in the same buffer */
static void test_descriptor_order(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w), sealed = -1;
	static const char first[] = SCAN("a");

	assert_int_equal(cw_memfd_make("test", "content", 7, &sealed, NULL), 0);
	assert_int_equal(write(fd, first, sizeof(first)), sizeof(first));
	case_write_fds(w, fd, CALL("io.credwatch.ScanFd", "{}"), &sealed, 1);
	assert_int_equal(case_jobs_len, 1);
	assert_int_equal(case_jobs[0].kind, CW_IPC_TEXT);
	case_done(w, 0, true, "{}");
	assert_int_equal(case_jobs_len, 2);
	assert_int_equal(case_jobs[1].kind, CW_IPC_FD);
}

/* one that is not sealed is not kept until the message is whole, which is refused all the same */
static void test_descriptor_early(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	static const char half[] = "{\"method\":\"io.credwatch.Sc", rest[] = "anFd\"}";
	struct pollfd writer = {.events = 0};
	int pipes[2];
	size_t sent = 0;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(cw_fdpass_send(fd, half, sizeof(half) - 1, pipes[0], &sent, NULL), 0);
	close(pipes[0]);
	case_spin(w);
	/* an error at the writer's end: nobody has the reader's any more */
	writer.fd = pipes[1];
	assert_int_equal(poll(&writer, 1, 60000), 1);
	assert_true((writer.revents & POLLERR) != 0);
	close(pipes[1]);
	case_write(w, fd, rest);
	assert_non_null(strstr(case_read(fd), "a memfd is wanted that is sealed"));
}

/* 200 descriptors cost nothing but an error; one that is too large is named */
static void test_descriptor_limits(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w), sealed = -1;
	int many[200];

	assert_int_equal(cw_memfd_make("test", "content", 7, &sealed, NULL), 0);
	for (size_t i = 0; i < 200; i++)
		many[i] = sealed;
	case_write_fds(w, fd, CALL("io.credwatch.ScanFd", "{}"), many, 200);
	assert_non_null(strstr(case_read(fd), "more than one descriptor came"));
	w->d.rules.conf->daemon_fd_max = 6;
	assert_int_equal(cw_server_configure(w->d.server, NULL), 0);
	case_write_fds(w, fd, CALL("io.credwatch.ScanFd", "{}"), &sealed, 1);
	assert_string_equal(case_read(fd),
			    "{\"error\":\"io.credwatch.LimitExceeded\",\"parameters\":{\"name\":\"daemon.fd_max\",\"limit\":6}}");
}

/* findings come one by one, only to who asked for more; a slow reader holds the worker back */
static void test_stream(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	CW_CLEANUP(cw_buf_release) struct cw_buf record = CW_BUF_INIT;
	size_t n = 0, held_at = 0;

	case_write(w, fd, "{\"method\":\"io.credwatch.ScanRepository\",\"more\":true,\"parameters\":{\"path\":\"/srv/a.git\"}}");
	assert_string_equal(case_jobs[0].message.data, "{\"path\":\"/srv/a.git\",\"action\":\"scan\",\"findings\":true}");
	case_jobs[0].record(case_jobs[0].payload, CW_IPC_RECORD, "{\"progress\":1}", 14);
	case_jobs[0].record(case_jobs[0].payload, CW_IPC_RECORD, "{\"rule\":\"x\"}", 12);
	assert_string_equal(case_read(fd), "{\"parameters\":{\"finding\":{\"rule\":\"x\"}},\"continues\":true}");
	cw_buf_adds(&record, "{\"path\":\"");
	for (int i = 0; i < 10000; i++)
		cw_buf_addc(&record, 'x');
	cw_buf_adds(&record, "\"}");
	for (; !case_jobs[0].held && held_at < 1000; held_at++)
		case_jobs[0].record(case_jobs[0].payload, CW_IPC_RECORD, record.data, record.len);
	assert_true(case_jobs[0].held);
	for (; n < held_at; case_spin(w))
		n += case_count(fd);
	assert_int_equal(n, held_at);
	assert_false(case_jobs[0].held);
	case_done(w, 0, true, "{\"parameters\":{\"findings\":1}}");
	assert_string_equal(case_read(fd), "{\"parameters\":{\"findings\":1}}");
}

/* a worker's record that would end its message, so that the rest could pass for another reply, is not passed on */
static void test_forged_record(void **state)
{
	static const char record[] = "{}}\0{\"parameters\":{}}";
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);

	case_write(w, fd, "{\"method\":\"io.credwatch.ScanRepository\",\"more\":true,\"parameters\":{\"path\":\"/srv/a.git\"}}");
	case_jobs[0].record(case_jobs[0].payload, CW_IPC_RECORD, record, sizeof(record));
	assert_string_equal(case_read(fd), "");
	case_done(w, 0, true, "{\"parameters\":{\"findings\":1}}");
	assert_non_null(strstr(case_read(fd), "io.credwatch.ScanFailed"));
}

/* events go to all who asked, until they go */
static void test_subscribe(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int a = case_connect(w);
	int b = case_connect(w);
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = cw_json_object();
	static const char expected[] = "{\"parameters\":{\"event\":{\"event\":\"test\"}},\"continues\":true}";

	cw_json_add_str(event, "event", "test");
	case_write(w, a, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	case_write(w, b, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	assert_int_equal(case_stats(w).subscribers, 2);
	cw_daemon_publish(&w->d, event);
	assert_string_equal(case_read(a), expected);
	assert_string_equal(case_read(b), expected);
	close(b);
	case_spin(w);
	assert_int_equal(case_stats(w).subscribers, 1);
	cw_daemon_publish(&w->d, event);
	assert_string_equal(case_read(a), expected);
}

/* what a hook reports reaches subscribers, counted and without what does not belong there */
static void test_outcome(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int a = case_connect(w), b = case_connect(w);
	const char *event;

	case_write(w, a, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	case_write(w, b, CALL("io.credwatch.ReportOutcome", "{\"command\":\"pre-receive\",\"repository\":\"/srv/a.git\",\"status\":1,"
			      "\"findings\":[{\"rule\":\"r\",\"path\":\"p\",\"extra\":\"e\"}],\"expected\":5,\"unscanned\":0}"));
	assert_string_equal(case_read(b), "{\"parameters\":{}}");
	event = case_read(a);
	assert_non_null(strstr(event, "\"command\":\"pre-receive\",\"repository\":\"/srv/a.git\",\"status\":1,\"count\":1,\"expected\":5,"
			       "\"unscanned\":0,\"findings\":[{\"rule\":\"r\",\"path\":\"p\"}]"));
	case_write(w, b, CALL("io.credwatch.ReportOutcome", "{\"command\":\"x\"}"));
	assert_non_null(strstr(case_read(b), "InvalidParameter\",\"parameters\":{\"parameter\":\"repository\"}"));
}

/* sessions are listed and cut one by one, one's own too */
static void test_sessions(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int a = case_connect(w), b = case_connect(w);
	const char *reply;

	case_write(w, b, SCAN("x"));
	case_write(w, a, CALL("io.credwatch.Sessions", "{}"));
	reply = case_read(a);
	assert_non_null(strstr(reply, "{\"sessions\":[{\"id\":2,"));
	assert_non_null(strstr(reply, "\"roles\":[\"scan\",\"audit\",\"admin\"]"));
	assert_non_null(strstr(reply, "\"calls\":1,\"refused\":0,\"busy\":true}"));
	case_write(w, a, CALL("io.credwatch.Disconnect", "{\"session\":9}"));
	assert_non_null(strstr(case_read(a), "io.credwatch.NotFound"));
	case_write(w, a, CALL("io.credwatch.Disconnect", "{\"session\":2}"));
	assert_string_equal(case_read(a), "{\"parameters\":{}}");
	assert_string_equal(case_read(b), "END");
	assert_true(case_jobs[0].cancelled);
	case_write(w, a, CALL("io.credwatch.Disconnect", "{\"session\":1}"));
	assert_string_equal(case_read(a), "{\"parameters\":{}}");
	assert_string_equal(case_read(a), "END");
}

/* status and reload */
static void test_admin(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int fd = case_connect(w);
	const char *reply;

	case_write(w, fd, CALL("io.credwatch.Status", "{}"));
	reply = case_read(fd);
	assert_non_null(strstr(reply, "\"engine\":\"e1\",\"digest\":\"d1\""));
	assert_non_null(strstr(reply, "\"workers\":[{\"kind\":\"content\",\"pid\":7,\"jobs\":3,\"restarts\":0,\"busy\":false}]"));
	case_write(w, fd, CALL("io.credwatch.Reload", "{}"));
	assert_string_equal(case_read(fd), "{\"parameters\":{}}");
	assert_int_equal(case_reloads, 1);
}

static int connect_as(struct case_world *w, uid_t uid)
{
	int fd;

	assert_int_equal(seteuid(uid), 0);
	fd = case_connect(w);
	assert_int_equal(seteuid(0), 0);
	return fd;
}

/* another user may scan and no more, until the configuration says otherwise */
static void test_roles(void **state)
{
	struct case_world *w = *state;
	int fd;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(w->dir, 0755), 0);
	fd = connect_as(w, STRANGER);
	case_write(w, fd, CALL("io.credwatch.Sessions", "{}"));
	assert_string_equal(case_read(fd), "{\"error\":\"io.credwatch.PermissionDenied\",\"parameters\":{\"role\":\"audit\"}}");
	case_write(w, fd, CALL("io.credwatch.Reload", "{}"));
	assert_string_equal(case_read(fd), "{\"error\":\"io.credwatch.PermissionDenied\",\"parameters\":{\"role\":\"admin\"}}");
	assert_int_equal(case_reloads, 0);
	case_write(w, fd, SCAN("x"));
	assert_int_equal(case_jobs[0].uid, STRANGER);
	case_done(w, 0, true, "{}");
	assert_string_equal(case_read(fd), "{}");
	w->d.rules.conf->daemon_audit = "54321";
	assert_int_equal(cw_server_configure(w->d.server, NULL), 0);
	case_write(w, fd, CALL("io.credwatch.Sessions", "{}"));
	assert_non_null(strstr(case_read(fd), "\"roles\":[\"scan\",\"audit\"]"));
	w->d.rules.conf->daemon_audit = "nobody-of-that-name";
	assert_int_equal(cw_server_configure(w->d.server, NULL), CW_E_INVALID);
	case_write(w, fd, CALL("io.credwatch.Sessions", "{}"));
	assert_non_null(strstr(case_read(fd), "\"sessions\""));
	assert_int_equal(case_stats(w).refused, 2);
	close(fd);
}

/* who is refused again and again is reported to subscribers */
static void test_refusals(void **state)
{
	struct case_world *w = *state;
	CW_CLEANUP(cw_closep) int a = case_connect(w), b = case_connect(w);
	char expected[200];

	case_write(w, a, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	for (int i = 0; i < 2; i++)
		case_write(w, b, CALL("io.credwatch.Nothing", "{}"));
	assert_string_equal(case_read(a), "");
	case_write(w, b, CALL("io.credwatch.Nothing", "{}"));
	snprintf(expected, sizeof(expected), "{\"event\":\"refused\",\"uid\":%d,\"pid\":%d,\"count\":3,\"reason\":\"there is no such method\"}",
		 (int)geteuid(), (int)getpid());
	assert_non_null(strstr(case_read(a), expected));
	for (int i = 3; i < 9; i++)
		case_write(w, b, CALL("io.credwatch.Nothing", "{}"));
	assert_string_equal(case_read(a), "");
	case_write(w, b, CALL("io.credwatch.Nothing", "{}"));
	assert_non_null(strstr(case_read(a), "\"count\":10"));
}

/* every method of the interface is in the table and the other way round, with the same parameters */
static void test_table(void **state)
{
	const struct cw_method *m;
	static const char blanks[] = ", \n";
	size_t in_text = 0, in_table = 0;

	for (const char *p = cw_interface_text; (p = strstr(p, "\nmethod ")) != NULL; p++)
		in_text++;
	for (size_t i = 0; (m = cw_method_at(i)) != NULL; i++) {
		const char *name = strrchr(m->name, '.') + 1, *at, *word = m->parameters;
		char head[80];

		if (strncmp(m->name, "io.credwatch.", 13) != 0)
			continue;
		in_table++;
		snprintf(head, sizeof(head), "\nmethod %s(", name);
		at = strstr(cw_interface_text, head);
		assert_non_null(at);
		at += strlen(head);
		at += strspn(at, blanks);
		while (*word != '\0') {
			size_t len = strcspn(word, " ");

			assert_memory_equal(at, word, len);
			assert_true(at[len] == ':');
			at += strcspn(at, ",)");
			at += strspn(at, blanks);
			word += len + (word[len] == ' ');
		}
		assert_true(*at == ')');
	}
	assert_int_equal(in_text, in_table);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, start, case_tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_service),	CASE(test_errors),	     CASE(test_scan_text),	  CASE(test_wrong_engine),
		CASE(test_pipelined),	CASE(test_gone),	     CASE(test_unavailable),	  CASE(test_descriptors),
		CASE(test_descriptor_order), CASE(test_descriptor_early), CASE(test_descriptor_limits), CASE(test_stream),	  CASE(test_subscribe),
		CASE(test_outcome),	CASE(test_sessions),	     CASE(test_admin),		  CASE(test_roles),
		CASE(test_forged_record), CASE(test_refusals),	cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
