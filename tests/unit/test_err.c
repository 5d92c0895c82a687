/* Tests of base/err and base/cleanup: error values and scope-bound release. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"

/* the code comes back and the message is formatted */
static void test_set(void **state)
{
	struct cw_err err = {.sys_errno = 5};

	assert_int_equal(cw_err_set(&err, CW_E_INVALID, "line %d of '%s'", 7, "x"), CW_E_INVALID);
	assert_int_equal(err.code, CW_E_INVALID);
	assert_int_equal(err.sys_errno, 0);
	assert_string_equal(cw_err_msg(&err), "line 7 of 'x'");
}

/* every function works without an error value */
static void test_null(void **state)
{
	assert_int_equal(cw_err_set(NULL, CW_E_LIMIT, "x"), CW_E_LIMIT);
	assert_int_equal(cw_err_sys(NULL, ENOENT, "x"), CW_E_NOTFOUND);
	assert_int_equal(cw_err_wrap(NULL, CW_E_RULE, "x"), CW_E_RULE);
	assert_int_equal(cw_err_nomem(NULL), CW_E_NOMEM);
}

/* a message longer than the buffer is cut, also in the middle of a character */
static void test_long(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	char text[2 * CW_ERR_MSG_MAX];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + CW_ERR_MSG_MAX - 2, "\xc3\xa9", 2);
	cw_err_set(&err, CW_E_INVALID, "%s", text);
	assert_int_equal(strlen(err.msg), CW_ERR_MSG_MAX - 1);
	assert_int_equal(err.msg[CW_ERR_MSG_MAX - 2], '?');
	assert_int_equal(err.msg[CW_ERR_MSG_MAX - 3], 'a');
}

/* control characters, C1 controls and bytes that are no UTF-8 are replaced; other UTF-8 stays */
static void test_control_bytes(void **state)
{
	struct cw_err err = CW_ERR_INIT;

	cw_err_set(&err, CW_E_INVALID, "%s", "a\x1b[31m\nb\x7f\xc2\x9b\xff\xc3\xa9");
	assert_string_equal(err.msg, "a?[31m?b????\xc3\xa9");
}

/* an argument may be the message itself */
static void test_alias(void **state)
{
	struct cw_err err = CW_ERR_INIT;

	cw_err_set(&err, CW_E_IO, "inner");
	cw_err_set(&err, CW_E_RULE, "outer: %s", err.msg);
	assert_string_equal(err.msg, "outer: inner");
	cw_err_wrap(&err, CW_E_RULE, "again %s", err.msg);
	assert_string_equal(err.msg, "again outer: inner: outer: inner");
}

/* a system error names its reason and maps ENOMEM and ENOENT to codes of their own */
static void test_sys(void **state)
{
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_err_sys(&err, ENOENT, "open '%s'", "f"), CW_E_NOTFOUND);
	assert_string_equal(err.msg, "open 'f': No such file or directory");
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(cw_err_sys(&err, ENOMEM, "x"), CW_E_NOMEM);
	assert_int_equal(cw_err_sys(&err, EACCES, "x"), CW_E_IO);
}

/* the reason of a system error survives a long subject */
static void test_sys_long(void **state)
{
	struct cw_err err = CW_ERR_INIT;
	char text[2 * CW_ERR_MSG_MAX];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cw_err_sys(&err, EACCES, "%s", text);
	assert_non_null(strstr(err.msg, "aa: Permission denied"));
	assert_int_equal(strlen(err.msg), CW_ERR_MSG_MAX - 1);
}

/* wrapping puts a prefix in front and keeps code and errno */
static void test_wrap(void **state)
{
	struct cw_err err = CW_ERR_INIT;

	cw_err_sys(&err, EACCES, "f");
	assert_int_equal(cw_err_wrap(&err, CW_E_RULE, "rule '%s'", "r"), CW_E_IO);
	assert_string_equal(err.msg, "rule 'r': f: Permission denied");
	assert_int_equal(err.sys_errno, EACCES);
}

/* wrapping an error without a message or without a code fills in what is missing */
static void test_wrap_empty(void **state)
{
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_err_wrap(&err, CW_E_CORRUPT, "pack"), CW_E_CORRUPT);
	assert_string_equal(err.msg, "pack: corrupt data");
}

/* wrapping a full message many times neither overflows nor loses the newest prefix */
static void test_wrap_long(void **state)
{
	struct cw_err err = CW_ERR_INIT;

	cw_err_set(&err, CW_E_IO, "end");
	for (int i = 0; i < 200; i++)
		cw_err_wrap(&err, CW_E_IO, "level %d", i);
	assert_int_equal(strlen(err.msg), CW_ERR_MSG_MAX - 1);
	assert_int_equal(strncmp(err.msg, "level 199: level 198: ", 22), 0);
}

/* every code has a text, unknown ones too */
static void test_text(void **state)
{
	struct cw_err err = {.code = CW_E_LIMIT};

	assert_string_equal(cw_err_text(CW_OK), "no error");
	assert_string_equal(cw_err_text(CW_E_NOMEM), "out of memory");
	assert_string_equal(cw_err_text(-999), "unknown error");
	assert_string_equal(cw_err_msg(&err), "a limit is exceeded");
}

/* a stolen pointer leaves NULL behind */
static void test_steal(void **state)
{
	char *s = strdup("x"), *t = cw_steal(&s);

	assert_null(s);
	assert_string_equal(t, "x");
	cw_freep(&t);
	cw_freep(&s);
}

/* a descriptor is closed at the end of its scope, errno stays; -1 is left alone */
static void test_closep(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), none = -1;

	assert_true(fd >= 0);
	errno = EDOM;
	cw_closep(&none);
	cw_closep(&fd);
	assert_int_equal(errno, EDOM);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),	      cmocka_unit_test(test_null),  cmocka_unit_test(test_long),
		cmocka_unit_test(test_control_bytes), cmocka_unit_test(test_alias), cmocka_unit_test(test_sys),
		cmocka_unit_test(test_sys_long),      cmocka_unit_test(test_wrap),  cmocka_unit_test(test_wrap_empty),
		cmocka_unit_test(test_wrap_long),     cmocka_unit_test(test_text),  cmocka_unit_test(test_steal),
		cmocka_unit_test(test_closep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
