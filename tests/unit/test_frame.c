/* Tests of proto/frame: messages that come whole, in pieces, several at once, too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "proto/frame.h"

/* Put the LEN bytes in as if one read had brought them, in as many turns as there is space. */
static void feed(struct cw_framer *f, const char *data, size_t len)
{
	while (len > 0) {
		char *space = NULL;
		size_t room = 0;

		assert_int_equal(cw_framer_space(f, &space, &room, NULL), 0);
		assert_true(room > 0);
		if (room > len)
			room = len;
		memcpy(space, data, room);
		cw_framer_commit(f, room);
		data += room;
		len -= room;
	}
}

static void expect(struct cw_framer *f, const char *text)
{
	const char *message = NULL;
	size_t len = 0;

	assert_true(cw_framer_next(f, &message, &len));
	assert_int_equal(len, strlen(text));
	assert_memory_equal(message, text, len + 1);
}

static void expect_none(struct cw_framer *f)
{
	const char *message = NULL;
	size_t len = 0;

	assert_false(cw_framer_next(f, &message, &len));
}

/* one message a read */
static void test_whole(void **state)
{
	CW_CLEANUP(cw_framer_release) struct cw_framer f;

	cw_framer_init(&f, 100);
	expect_none(&f);
	for (int i = 0; i < 5; i++) {
		feed(&f, "{\"a\":1}", 8);
		expect(&f, "{\"a\":1}");
		expect_none(&f);
		assert_false(cw_framer_partial(&f));
	}
}

/* one byte a read: nothing is handed out before the NUL */
static void test_pieces(void **state)
{
	CW_CLEANUP(cw_framer_release) struct cw_framer f;
	static const char text[] = "{\"method\":\"a.b\"}";

	cw_framer_init(&f, 100);
	for (size_t i = 0; i < sizeof(text); i++) {
		expect_none(&f);
		assert_int_equal(cw_framer_partial(&f), i > 0);
		feed(&f, text + i, 1);
	}
	expect(&f, text);
	assert_false(cw_framer_partial(&f));
}

/* several messages and the start of the next in one read, an empty one among them */
static void test_several(void **state)
{
	CW_CLEANUP(cw_framer_release) struct cw_framer f;

	cw_framer_init(&f, 100);
	feed(&f, "one\0two\0\0fo", 11);
	expect(&f, "one");
	expect(&f, "two");
	expect(&f, "");
	expect_none(&f);
	assert_true(cw_framer_partial(&f));
	feed(&f, "ur", 3);
	expect(&f, "four");
}

/* exactly as long as is allowed, and one byte more */
static void test_limit(void **state)
{
	CW_CLEANUP(cw_framer_release) struct cw_framer f;
	struct cw_err err = CW_ERR_INIT;
	char *space = NULL;
	size_t room = 0;

	cw_framer_init(&f, 4);
	feed(&f, "abcd", 5);
	expect(&f, "abcd");
	feed(&f, "abcd", 4);
	expect_none(&f);
	assert_int_equal(cw_framer_space(&f, &space, &room, &err), 0);
	assert_int_equal(room, 1);
	*space = 'e';
	cw_framer_commit(&f, 1);
	expect_none(&f);
	assert_int_equal(cw_framer_space(&f, &space, &room, &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "message is longer than 4 bytes");
}

/* a long message grows the buffer, no further than its maximum, and an empty one is given back */
static void test_memory(void **state)
{
	CW_CLEANUP(cw_framer_release) struct cw_framer f;
	static char text[3000000];
	char *space = NULL;
	size_t room = 0;

	memset(text, 'x', sizeof(text) - 1);
	cw_framer_init(&f, sizeof(text));
	feed(&f, text, sizeof(text));
	assert_true(f.buf.cap <= sizeof(text) + 1);
	expect(&f, text);
	assert_int_equal(cw_framer_space(&f, &space, &room, NULL), 0);
	assert_true(f.buf.cap < 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	cmocka_unit_test(test_pieces), cmocka_unit_test(test_several),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
