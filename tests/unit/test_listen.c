/* Tests of daemon/listen: a fresh place, a stale socket, a live one, something else in the way, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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

#include "daemon/listen.h"

struct place {
	char dir[64], path[96], lock[112];
};

static int set_up(void **state)
{
	static struct place p;

	snprintf(p.dir, sizeof(p.dir), "/tmp/cw-listen-XXXXXX");
	assert_non_null(mkdtemp(p.dir));
	snprintf(p.path, sizeof(p.path), "%s/sub/socket", p.dir);
	snprintf(p.lock, sizeof(p.lock), "%s.lock", p.path);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char sub[96];

	snprintf(sub, sizeof(sub), "%s/sub", p->dir);
	unlink(p->path);
	unlink(p->lock);
	rmdir(sub);
	return rmdir(p->dir);
}

static int listener_new(const struct place *p, struct cw_listener **ret, struct cw_err *err)
{
	return cw_listener_new(p->path, 0666, (gid_t)-1, ret, err);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* a folder that is not there yet; the mode is as asked, whatever the umask; the end removes the socket */
static void test_fresh(void **state)
{
	struct cw_listener *l = NULL;
	struct place *p = *state;
	mode_t before = umask(0077);
	struct stat st;
	int fd;

	assert_int_equal(listener_new(p, &l, NULL), 0);
	assert_int_equal(umask(before), 0077);
	assert_int_equal(lstat(p->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0666);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	close(fd);
	cw_listener_free(l);
	assert_int_equal(lstat(p->path, &st), -1);
}

/* a second daemon is refused and takes nothing away */
static void test_second(void **state)
{
	CW_CLEANUP(cw_listener_free_p) struct cw_listener *first = NULL;
	struct cw_listener *second = NULL;
	struct cw_err err = CW_ERR_INIT;
	int fd;

	assert_int_equal(listener_new(*state, &first, NULL), 0);
	assert_int_equal(listener_new(*state, &second, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, "another daemon has this socket"));
	assert_null(second);
	fd = connect_to(((struct place *)*state)->path);
	assert_true(fd >= 0);
	close(fd);
}

static int bare_socket(const struct place *p, bool live)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char sub[96];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sub, sizeof(sub), "%s/sub", p->dir);
	mkdir(sub, 0700);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", p->path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	if (live)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* what a killed daemon left behind is replaced */
static void test_stale(void **state)
{
	CW_CLEANUP(cw_listener_free_p) struct cw_listener *l = NULL;

	close(bare_socket(*state, true));
	assert_int_equal(listener_new(*state, &l, NULL), 0);
}

/* somebody listens who does not know our lock */
static void test_live(void **state)
{
	struct cw_listener *l = NULL;
	struct cw_err err = CW_ERR_INIT;
	int fd = bare_socket(*state, true);

	assert_int_equal(listener_new(*state, &l, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, "another daemon listens at this socket"));
	close(fd);
}

/* a file is not removed */
static void test_in_the_way(void **state)
{
	struct place *p = *state;
	struct cw_listener *l = NULL;
	struct cw_err err = CW_ERR_INIT;
	struct stat st;

	close(bare_socket(p, false));
	unlink(p->path);
	fclose(fopen(p->path, "w"));
	assert_int_equal(listener_new(p, &l, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, "something that is no socket is in the way"));
	assert_int_equal(lstat(p->path, &st), 0);
}

/* at the end a socket that is no more ours stays */
static void test_replaced(void **state)
{
	struct place *p = *state;
	struct cw_listener *l = NULL;
	struct stat st;
	int fd;

	assert_int_equal(listener_new(p, &l, NULL), 0);
	unlink(p->path);
	fd = bare_socket(p, true);
	cw_listener_free(l);
	assert_int_equal(lstat(p->path, &st), 0);
	close(fd);
}

/* a socket that was handed over is used and not removed; a path that is too long is said so */
static void test_adopt(void **state)
{
	struct place *p = *state;
	struct cw_listener *l = NULL;
	struct cw_err err = CW_ERR_INIT;
	char text[300];
	struct stat st;
	int fd;

	assert_int_equal(cw_listener_adopt(bare_socket(p, true), &l, NULL), 0);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	close(fd);
	cw_listener_free(l);
	assert_int_equal(lstat(p->path, &st), 0);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(cw_listener_new(text, 0600, (gid_t)-1, &l, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, "the path of a socket has 1 to 107 bytes"));
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_fresh), CASE(test_second),	 CASE(test_stale), CASE(test_live),
		CASE(test_in_the_way), CASE(test_replaced), CASE(test_adopt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
