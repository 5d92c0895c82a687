/* Tests of daemon/roles: who has which role, names that are not known, the mode of the socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/roles.h"

#define ALL (CW_ROLE_SCAN | CW_ROLE_AUDIT | CW_ROLE_ADMIN)
#define STRANGER 54321 /* no such user */

static struct cw_roles *roles_new(const char *scan, const char *audit, const char *admin)
{
	struct cw_roles *r = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (cw_roles_new(scan, audit, admin, &r, &err) != 0)
		fail_msg("%s", err.msg);
	return r;
}

/* root and the daemon's own user may all, others what everybody may */
static void test_default(void **state)
{
	CW_CLEANUP(cw_roles_free_p) struct cw_roles *r = roles_new("*", "", "");

	assert_int_equal(cw_roles_of(r, 0, NULL, 0), ALL);
	assert_int_equal(cw_roles_of(r, geteuid(), NULL, 0), ALL);
	assert_int_equal(cw_roles_of(r, STRANGER, NULL, 0), CW_ROLE_SCAN);
}

/* by number and by name, users and groups; an administrator may audit, an auditor scan */
static void test_lists(void **state)
{
	CW_CLEANUP(cw_roles_free_p) struct cw_roles *r = roles_new("54321 @600", "54322\t@daemon", " nobody ");
	gid_t groups[] = {5, 600}, daemon_group[] = {1};

	assert_int_equal(cw_roles_of(r, STRANGER, NULL, 0), CW_ROLE_SCAN);
	assert_int_equal(cw_roles_of(r, STRANGER + 1, NULL, 0), CW_ROLE_SCAN | CW_ROLE_AUDIT);
	assert_int_equal(cw_roles_of(r, STRANGER + 2, NULL, 0), CW_ROLE_NONE);
	assert_int_equal(cw_roles_of(r, STRANGER + 2, groups, 2), CW_ROLE_SCAN);
	assert_int_equal(cw_roles_of(r, STRANGER + 2, groups, 1), CW_ROLE_NONE);
	assert_int_equal(cw_roles_of(r, STRANGER + 2, daemon_group, 1), CW_ROLE_SCAN | CW_ROLE_AUDIT);
	assert_int_equal(cw_roles_of(r, 65534, NULL, 0), ALL);
	/* a user id is no group id */
	assert_int_equal(cw_roles_of(r, 600, NULL, 0), CW_ROLE_NONE);
}

static void check_refused(const char *admin, const char *message)
{
	struct cw_roles *r = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_roles_new("*", "", admin, &r, &err), CW_E_INVALID);
	assert_string_equal(err.msg, message);
	assert_null(r);
}

/* a name that nobody has is an error, not nobody */
static void test_unknown(void **state)
{
	check_refused("root no-such-user", "daemon.admin: there is no user 'no-such-user'");
	check_refused("@no-such-group", "daemon.admin: there is no group 'no-such-group'");
	check_refused("@", "daemon.admin: there is no group ''");
}

static void check_mode(const char *scan, const char *audit, mode_t mode, gid_t gid)
{
	CW_CLEANUP(cw_roles_free_p) struct cw_roles *r = roles_new(scan, audit, "");
	gid_t got = 0;

	assert_int_equal(cw_roles_socket_mode(r, &got), mode);
	assert_int_equal(got, gid);
}

/* the socket is open to no more than have a role */
static void test_mode(void **state)
{
	check_mode("*", "", 0666, (gid_t)-1);
	check_mode("", "", 0600, (gid_t)-1);
	check_mode("root", "root", 0600, (gid_t)-1);
	check_mode("@600", "@600 root", 0660, 600);
	check_mode("@600", "@601", 0666, (gid_t)-1);
	check_mode("@600 54321", "", 0666, (gid_t)-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
