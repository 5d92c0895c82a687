/* tests/unit/server_case.h - a server on a socket of its own, in this process, with a pool that only writes down what it is given.
 * Clients are plain sockets; the loop runs when the test says so. */
#ifndef CW_TESTS_SERVER_CASE_H
#define CW_TESTS_SERVER_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "daemon/daemon.h"
#include "daemon/server.h"

#define CASE_JOBS 64

struct case_job { /* as it was submitted */
	enum cw_ipc_kind kind;
	uid_t uid;
	struct cw_buf message; /* its three pieces */
	int fd;
	cw_job_done_fn *done; /* NULL once it is done or cancelled */
	cw_job_record_fn *record;
	void *payload;
	bool cancelled, held;
};

struct case_world {
	struct cw_daemon d;
	char dir[64], path[96];
	struct cw_timer *end;
	int ended; /* connections of which the server says that they are gone */
};

extern struct case_job case_jobs[CASE_JOBS];
extern size_t case_jobs_len;
extern int case_submit_rc; /* what submitting returns */
extern int case_reloads;

/* For cmocka: *state is a struct case_world. */
int case_set_up(void **state);
int case_tear_down(void **state);
/* Make the server, after the test has changed the configuration. */
void case_start(struct case_world *w);
/* Run some turns, as many as it needs for what is there already. */
void case_spin(struct case_world *w);
int case_connect(struct case_world *w);
/* Write a message with its NUL, and run. */
void case_write(struct case_world *w, int fd, const char *text);
void case_write_fds(struct case_world *w, int client, const char *text, const int *fds, size_t len);
/* What has come, up to its NUL; "" when nothing has, "END" when the server has closed. Valid until the next call. */
const char *case_read(int fd);
/* Read all that has come: how many messages ended in it. */
size_t case_count(int fd);
void case_done(struct case_world *w, size_t job, bool ok, const char *text);
struct cw_server_stats case_stats(const struct case_world *w);

#endif
