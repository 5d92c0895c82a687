/* The daemon's server while allocations fail, one at each run: every call is answered or costs its own connection, nothing leaks, and
 * afterwards the server is as good as before. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "daemon/conn.h"
#include "fail_alloc.h"
#include "proto/fdpass.h"
#include "server_case.h"

#define CALL(method, parameters) "{\"method\":\"" method "\",\"parameters\":" parameters "}"

static const char *const calls[] = {
	CALL("org.varlink.service.GetInfo", "{}"),
	CALL("org.varlink.service.GetInterfaceDescription", "{\"interface\":\"io.credwatch\"}"),
	CALL("io.credwatch.Status", "{}"),
	CALL("io.credwatch.Sessions", "{}"),
	CALL("io.credwatch.Disconnect", "{\"session\":9999}"),
	CALL("io.credwatch.Reload", "{}"),
	CALL("io.credwatch.Nothing", "{}"),
	CALL("io.credwatch.ScanRepository", "{\"path\":\"/etc\"}"),
	CALL("io.credwatch.ScanText", "{\"text\":1}"),
	CALL("io.credwatch.ReportOutcome", "{\"command\":\"pre-push\",\"repository\":\"/srv/a\",\"status\":0,"
					   "\"findings\":[{\"rule\":\"r\"}],\"expected\":1,\"unscanned\":0}"),
	CALL("io.credwatch.ScanText", "{\"text\":\"x\",\"path\":\"y\"}"),
	CALL("io.credwatch.ScanRepository", "{\"path\":\"/srv/a\"}"),
	"no call",
};

/* The jobs that wait are done now. */
static void finish_jobs(struct case_world *w)
{
	for (size_t i = 0; i < case_jobs_len; i++) {
		if (case_jobs[i].done != NULL)
			case_done(w, i, i % 2 == 0, "{\"parameters\":{}}");
	}
}

/* One call on a connection of its own; there has to be an answer, or an end. */
static void one_call(struct case_world *w, const char *text, int fd_to_pass)
{
	CW_CLEANUP(cw_closep) int fd = case_connect(w);

	if (strcmp(case_read(fd), "END") == 0)
		return;
	if (fd_to_pass >= 0)
		case_write_fds(w, fd, text, &fd_to_pass, 1);
	else
		case_write(w, fd, text);
	finish_jobs(w);
	assert_true(case_read(fd)[0] != '\0');
}

static void run_script(struct case_world *w, int sealed)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *event = NULL;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		one_call(w, calls[i], -1);
	one_call(w, CALL("io.credwatch.ScanFd", "{}"), sealed);
	event = cw_json_object();
	cw_daemon_publish(&w->d, event);
	case_spin(w);
}

/* Connections with something unread are closed by threads. */
static void wait_for_closers(struct case_world *w)
{
	case_spin(w);
	for (struct cw_usage *u = cw_server_conns(w->d.server)->usages.first; u != NULL; u = u->next) {
		while (atomic_load(&u->closing) > 0)
			sched_yield();
	}
}

/* *ret_asked: how many allocations there were. */
static void run_with_failure(unsigned long n, int sealed, unsigned long *ret_asked)
{
	struct case_world *w = NULL;
	int subscriber;

	case_set_up((void **)&w);
	case_start(w);
	subscriber = case_connect(w);
	case_write(w, subscriber, "{\"method\":\"io.credwatch.Subscribe\",\"more\":true}");
	cw_fail_alloc_mode(n, n % 5 == 4 ? CW_FAIL_ALLOC_FROM : CW_FAIL_ALLOC_ONCE);
	run_script(w, sealed);
	*ret_asked = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	one_call(w, calls[0], -1);
	case_spin(w);
	assert_int_equal(case_stats(w).connections, 1 - (strcmp(case_read(subscriber), "END") == 0));
	close(subscriber);
	wait_for_closers(w);
	assert_int_equal(case_tear_down((void **)&w), 0);
}

static void test_each(void **state)
{
	CW_CLEANUP(cw_closep) int sealed = -1;
	unsigned long asked = 1, n;
	long live = 0;

	assert_int_equal(cw_memfd_make("test", "content", 7, &sealed, NULL), 0);
	for (n = 1; n <= asked; n++) {
		run_with_failure(n, sealed, &asked);
		/* The first run makes what stays: buffers of the C library, of threads. */
		if (n == 1)
			live = cw_fail_alloc_live();
		/* What a thread itself has is given back a little after its end. */
		for (int i = 0; i < 1000000 && cw_fail_alloc_live() > live + 2; i++)
			sched_yield();
		if (cw_fail_alloc_live() > live + 2)
			fail_msg("%ld blocks more after the failure of allocation %lu", cw_fail_alloc_live() - live, n);
		if (n % 5 == 4)
			asked = n + 1 > asked ? n + 1 : asked;
	}
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_each)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
