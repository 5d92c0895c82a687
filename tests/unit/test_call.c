/* Tests of proto/call: what a call may look like, its members, strings, replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "proto/call.h"

static int parse(const char *text, struct cw_call *ret, struct cw_err *err)
{
	return cw_call_parse(text, strlen(text), ret, err);
}

static void check_slice(struct cw_slice s, const char *text)
{
	assert_non_null(s.data);
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.data, text, s.len);
}

static void check_refused(const char *text, int code, const char *message)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_call c = {.upgrade = true};

	assert_int_equal(parse(text, &c, &err), code);
	assert_string_equal(err.msg, message);
	assert_true(c.upgrade && c.method.data == NULL);
}

/* every member, in any order, with blanks */
static void test_call(void **state)
{
	struct cw_call c;

	assert_int_equal(parse("{\"method\":\"a.b.C\"}", &c, NULL), 0);
	check_slice(c.method, "a.b.C");
	check_slice(c.parameters, "{}");
	assert_false(c.more || c.oneway || c.upgrade);
	assert_int_equal(parse(" { \"more\" : true , \"parameters\" : { \"x\" : [1,{\"y\":\"}\"}] } ,\n\"oneway\":true,"
			       "\"upgrade\":false,\"method\":\"a-1.b\" } ", &c, NULL), 0);
	check_slice(c.method, "a-1.b");
	check_slice(c.parameters, "{ \"x\" : [1,{\"y\":\"}\"}] }");
	assert_true(c.more && c.oneway && !c.upgrade);
}

/* what is no call */
static void test_refused(void **state)
{
	check_refused("", CW_E_INVALID, "JSON text, byte 0: unexpected end");
	check_refused("[]", CW_E_INVALID, "message, byte 0: an object is wanted");
	check_refused("{}", CW_E_INVALID, "message: it names no method");
	check_refused("{\"method\":\"a.b\"} x", CW_E_INVALID, "JSON text, byte 17: text behind the value");
	check_refused("{\"method\":1}", CW_E_INVALID, "message, byte 10: a string is wanted");
	check_refused("{\"method\":\"a b\"}", CW_E_INVALID, "message, byte 10: this is no name");
	check_refused("{\"method\":\"a\\u0062\"}", CW_E_INVALID, "message, byte 10: this is no name");
	check_refused("{\"method\":\"a.b\",\"parameters\":[]}", CW_E_INVALID, "message, byte 29: an object is wanted");
	check_refused("{\"method\":\"a.b\",\"more\":1}", CW_E_INVALID, "message, byte 23: true or false is wanted");
	check_refused("{\"method\":\"a.b\",\"less\":true}", CW_E_INVALID, "message, byte 17: a call has no such member");
}

/* one name twice is what two readers understand differently, an escaped name too */
static void test_twice(void **state)
{
	check_refused("{\"method\":\"a.b\",\"method\":\"c.d\"}", CW_E_INVALID,
		      "message, byte 17: a member stands there twice");
	check_refused("{\"method\":\"a.b\",\"parameters\":{\"x\":1,\"x\":2}}", CW_E_INVALID,
		      "message, byte 37: a member stands there twice");
	check_refused("{\"method\":\"a.b\",\"parameters\":{\"\\u0078\":1}}", CW_E_INVALID,
		      "message, byte 31: a member's name is escaped");
}

/* 64 members are allowed, those of the call counted, 65 are not; nesting has its limit */
static void test_limits(void **state)
{
	char text[4096] = "{\"method\":\"a.b\",\"parameters\":{";
	struct cw_call c;
	size_t n;

	for (int i = 0; i < 62; i++) {
		n = strlen(text);
		snprintf(text + n, sizeof(text) - n, "%s\"k%d\":%d", i > 0 ? "," : "", i, i);
	}
	n = strlen(text);
	snprintf(text + n, sizeof(text) - n, "}}");
	assert_int_equal(parse(text, &c, NULL), 0);
	assert_int_equal(c.members_len, 62);
	check_slice(c.members[61].key, "k61");
	check_slice(c.members[61].value, "61");
	snprintf(text + n, sizeof(text) - n, ",\"k62\":0}}");
	assert_int_equal(parse(text, &c, NULL), CW_E_LIMIT);
	memset(text, '[', 1001);
	text[1001] = '\0';
	check_refused(text, CW_E_LIMIT, "JSON text, byte 64: nested too deeply");
}

/* parameters are listed with their values, whatever those hold */
static void test_members(void **state)
{
	struct cw_call c;

	assert_int_equal(parse("{\"parameters\" : {\"a\" : {} ,\"b\":{\"x\":1},\"c\":[{\"y\":2}] , \"d\":\"\\\"}\"\n,\"e\":{\"z\":{}}},"
			       "\"method\":\"a.b\"}", &c, NULL), 0);
	assert_int_equal(c.members_len, 5);
	check_slice(c.members[0].key, "a");
	check_slice(c.members[0].value, "{}");
	check_slice(c.members[1].value, "{\"x\":1}");
	check_slice(c.members[2].value, "[{\"y\":2}]");
	check_slice(c.members[3].value, "\"\\\"}\"");
	check_slice(c.members[4].value, "{\"z\":{}}");
	assert_int_equal(parse("{\"method\":\"a.b\",\"parameters\":{}}", &c, NULL), 0);
	assert_int_equal(c.members_len, 0);
}

/* members are found by their whole name at the top only */
static void test_member(void **state)
{
	struct cw_slice p = {"{\"a\":{\"b\":1},\"text\":\"x\\\"}\\\\\",\"b\" : -2.5e1 ,\"c\":[],\"d\":null,\"\":true}", 0};

	p.len = strlen(p.data);
	check_slice(cw_call_member(p, "a"), "{\"b\":1}");
	check_slice(cw_call_member(p, "text"), "\"x\\\"}\\\\\"");
	check_slice(cw_call_member(p, "b"), "-2.5e1");
	check_slice(cw_call_member(p, "c"), "[]");
	check_slice(cw_call_member(p, "d"), "null");
	check_slice(cw_call_member(p, ""), "true");
	assert_null(cw_call_member(p, "tex").data);
	assert_null(cw_call_member((struct cw_slice){"{}", 2}, "a").data);
}

static void check_string(const char *raw, const char *bytes)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	assert_int_equal(cw_call_string((struct cw_slice){raw, strlen(raw)}, &out, NULL), 0);
	assert_int_equal(out.len, strlen(bytes));
	assert_string_equal(out.data, bytes);
}

static void check_no_string(const char *raw)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	assert_int_equal(cw_call_string((struct cw_slice){raw, strlen(raw)}, &out, NULL), CW_E_INVALID);
}

/* escapes of every kind, pairs of surrogates, text that is no ASCII */
static void test_string(void **state)
{
	check_string("\"\"", "");
	check_string("\"plain text of more than sixteen bytes\"", "plain text of more than sixteen bytes");
	check_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t|\"", "\"\\/\b\f\n\r\t|");
	check_string("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\xc3\xa9\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9");
	check_no_string("1");
	check_no_string("\"");
	check_no_string("\"\\x\"");
	check_no_string("\"\\ud83d\"");
	check_no_string("\"\\u00\"");
	check_no_string("\"\\u0000\"");
	assert_int_equal(cw_call_string((struct cw_slice){NULL, 0}, NULL, NULL), CW_E_INVALID);
}

/* what is quoted reads back */
static void test_quote(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	cw_call_quote(&out, "a\"b\\c\n\x01\xc3\xa9\xff\0z", 12);
	assert_string_equal(out.data, "\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\xef\xbf\xbd\\\\x00z\"");
	out.len = 0;
	cw_call_quote(&out, "", 0);
	assert_memory_equal(out.data, "\"\"", 2);
}

/* replies and errors are put together and taken apart */
static void test_reply(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	CW_CLEANUP(cw_json_free_p) struct cw_json *p = cw_json_object();
	struct cw_reply r;

	cw_json_add_int(p, "n", 1);
	assert_int_equal(cw_reply_add(&out, p, true, NULL), 0);
	assert_int_equal(out.len, sizeof("{\"parameters\":{\"n\":1},\"continues\":true}"));
	assert_string_equal(out.data, "{\"parameters\":{\"n\":1},\"continues\":true}");
	assert_int_equal(cw_reply_parse(out.data, out.len - 1, &r, NULL), 0);
	assert_true(r.continues && r.error.data == NULL);
	check_slice(r.parameters, "{\"n\":1}");
	cw_buf_clear(&out);
	assert_int_equal(cw_reply_add_error(&out, "a.b.Wrong", NULL, NULL), 0);
	assert_string_equal(out.data, "{\"error\":\"a.b.Wrong\",\"parameters\":{}}");
	assert_int_equal(cw_reply_parse(out.data, out.len - 1, &r, NULL), 0);
	check_slice(r.error, "a.b.Wrong");
	assert_int_equal(cw_reply_parse("{\"error\":1}", 11, &r, NULL), CW_E_INVALID);
}

/* a call is put together and taken apart */
static void test_call_add(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_call c;

	assert_int_equal(cw_call_add(&out, "a.B", "{\"x\":1}", 7, true, NULL), 0);
	assert_int_equal(cw_call_parse(out.data, out.len - 1, &c, NULL), 0);
	check_slice(c.method, "a.B");
	check_slice(c.parameters, "{\"x\":1}");
	assert_true(c.more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),   cmocka_unit_test(test_refused), cmocka_unit_test(test_twice),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_members), cmocka_unit_test(test_member),  cmocka_unit_test(test_string),
		cmocka_unit_test(test_quote),  cmocka_unit_test(test_reply),   cmocka_unit_test(test_call_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
