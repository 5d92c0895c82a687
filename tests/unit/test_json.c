/* Tests of base/json: what is accepted, what is refused and where, look-up, building and printing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#define TEXT_MAX 100000 /* bytes */

static int parse(const char *text, struct cw_json **ret, struct cw_err *err)
{
	return cw_json_parse(text, strlen(text), TEXT_MAX, ret, err);
}

/* Parse and print again. */
static void check_round_trip(const char *text, const char *expected)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	if (parse(text, &v, &err) != 0)
		fail_msg("'%s': %s", text, err.msg);
	assert_int_equal(cw_json_print(v, false, &out, NULL), 0);
	assert_string_equal(out.data, expected);
}

static void check_refused(const char *text, size_t len, int code, const char *message)
{
	struct cw_json *untouched = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_json_parse(text, len, TEXT_MAX, &untouched, &err), code);
	assert_string_equal(err.msg, message);
	assert_null(untouched);
}

/* every kind of value, blanks everywhere */
static void test_accepts(void **state)
{
	check_round_trip(" { \"a\" : [ ] ,\r\n\t\"b\" : { } } ", "{\"a\":[],\"b\":{}}");
	check_round_trip("[true,false,null,\"\",0,-0,-1]", "[true,false,null,\"\",0,-0,-1]");
	check_round_trip("\"x\"", "\"x\"");
	check_round_trip("null", "null");
	check_round_trip("[[[1],2],3]", "[[[1],2],3]");
	check_round_trip("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
			 "\"\\\"\\\\/\\b\\f\\n\\r\\t\xc3\xa9\xf0\x9f\x98\x80\"");
}

/* numbers keep their value: integers to 2^53-1, decimals to the last digit */
static void test_numbers(void **state)
{
	check_round_trip("[9007199254740991,-9007199254740991]", "[9007199254740991,-9007199254740991]");
	check_round_trip("[2147483648,123456789012345]", "[2147483648,123456789012345]");
	check_round_trip("[0.1,1.5e3,1E-2,0.30000000000000004]", "[0.1,1500,0.01,0.30000000000000004]");
	check_round_trip("[1e20,1e307,1.69e308,1e308]", "[1e+20,1e+307,1.69e+308,1e+308]");
	/* rounds to 2^53, which must not come out as an integer, or it could not be read back */
	check_round_trip("9007199254740991.5", "9007199254740992.0");
	check_round_trip("9.99999999999999999999e307", "1e+308");
}

/* text behind the value, blanks apart, is refused: cJSON would ignore it */
static void test_trailing(void **state)
{
	check_refused("{} x", 4, CW_E_INVALID, "JSON text, byte 3: text behind the value");
	check_refused("{}{}", 4, CW_E_INVALID, "JSON text, byte 2: text behind the value");
	check_refused("1\0", 2, CW_E_INVALID, "JSON text, byte 1: text behind the value");
}

/* integers that a double would change, numbers that overflow, numbers beyond the grammar */
static void test_bad_numbers(void **state)
{
	static const char big[] = "JSON text, byte 0: integer beyond 2^53-1: send it as a string";
	static const char large[] = "JSON text, byte 0: number is too long or too large";

	check_refused("9007199254740992", 16, CW_E_INVALID, big);
	check_refused("-9007199254740993", 17, CW_E_INVALID, big);
	check_refused("12345678901234567890", 20, CW_E_INVALID, big);
	check_refused("1e400", 5, CW_E_INVALID, large);
	check_refused("1.7e308", 7, CW_E_INVALID, large);
	check_refused("20e307", 6, CW_E_INVALID, large);
	check_refused("1e99999999999", 13, CW_E_INVALID, large);
	check_refused("1.00000000000000000000000000000000000000000", 43, CW_E_INVALID, large);
	check_refused("01", 2, CW_E_INVALID, "JSON text, byte 0: number with a leading zero");
	check_refused("1.", 2, CW_E_INVALID, "JSON text, byte 2: unexpected end");
	check_refused("[1.]", 4, CW_E_INVALID, "JSON text, byte 3: bad number");
	check_refused("[-]", 3, CW_E_INVALID, "JSON text, byte 2: bad number");
	check_refused("[1e+]", 5, CW_E_INVALID, "JSON text, byte 4: bad number");
	check_refused("+1", 2, CW_E_INVALID, "JSON text, byte 0: unexpected character");
	check_refused(".5", 2, CW_E_INVALID, "JSON text, byte 0: unexpected character");
	check_refused("NaN", 3, CW_E_INVALID, "JSON text, byte 0: unexpected character");
}

/* strings that would be cut, that are no text, or that end early */
static void test_bad_strings(void **state)
{
	check_refused("\"a\\u0000b\"", 10, CW_E_INVALID, "JSON text, byte 3: \\u0000 is not allowed");
	check_refused("\"\0\"", 3, CW_E_INVALID, "JSON text, byte 1: control character in a string");
	check_refused("\"\n\"", 3, CW_E_INVALID, "JSON text, byte 1: control character in a string");
	check_refused("\"\xff\"", 3, CW_E_INVALID, "JSON text, byte 1: invalid UTF-8");
	check_refused("\"\xed\xa0\x80\"", 5, CW_E_INVALID, "JSON text, byte 1: invalid UTF-8");
	check_refused("\"\\ud800\"", 8, CW_E_INVALID, "JSON text, byte 7: lone surrogate");
	check_refused("\"\\ud800\\u0041\"", 14, CW_E_INVALID, "JSON text, byte 7: lone surrogate");
	check_refused("\"\\udc00\"", 8, CW_E_INVALID, "JSON text, byte 7: lone surrogate");
	check_refused("\"\\u00g0\"", 8, CW_E_INVALID, "JSON text, byte 2: bad \\u escape");
	check_refused("\"\\u00", 5, CW_E_INVALID, "JSON text, byte 2: bad \\u escape");
	check_refused("\"\\x\"", 4, CW_E_INVALID, "JSON text, byte 2: bad escape");
	check_refused("\"\\\0\"", 4, CW_E_INVALID, "JSON text, byte 2: bad escape");
	check_refused("\"a", 2, CW_E_INVALID, "JSON text, byte 2: unexpected end");
	check_refused("\"\\", 2, CW_E_INVALID, "JSON text, byte 2: unexpected end");
}

/* brackets, commas and colons out of place; other whitespace; a byte order mark */
static void test_bad_structure(void **state)
{
	check_refused("", 0, CW_E_INVALID, "JSON text, byte 0: unexpected end");
	check_refused("[", 1, CW_E_INVALID, "JSON text, byte 1: unexpected end");
	check_refused("[1,]", 4, CW_E_INVALID, "JSON text, byte 3: unexpected character");
	check_refused("[1 2]", 5, CW_E_INVALID, "JSON text, byte 3: a ',' or a closing bracket is missing");
	check_refused("[1}", 3, CW_E_INVALID, "JSON text, byte 2: a ',' or a closing bracket is missing");
	check_refused("{\"a\" 1}", 7, CW_E_INVALID, "JSON text, byte 5: a ':' is missing");
	check_refused("{\"a\":1,}", 8, CW_E_INVALID, "JSON text, byte 7: a string is missing");
	check_refused("{1:2}", 5, CW_E_INVALID, "JSON text, byte 1: a string is missing");
	check_refused("{\"a\":}", 6, CW_E_INVALID, "JSON text, byte 5: unexpected character");
	check_refused("\v1", 2, CW_E_INVALID, "JSON text, byte 0: unexpected character");
	check_refused("\xef\xbb\xbf{}", 5, CW_E_INVALID, "JSON text, byte 0: unexpected character");
	check_refused("tru", 3, CW_E_INVALID, "JSON text, byte 0: unexpected character");
	check_refused("]", 1, CW_E_INVALID, "JSON text, byte 0: unexpected character");
}

/* the text need not end with a NUL byte, and bytes behind LEN do not count */
static void test_not_terminated(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	char *text = strdup("12345");
	int64_t n = 0;

	assert_int_equal(cw_json_parse(text, 3, TEXT_MAX, &v, NULL), 0);
	assert_true(cw_json_int(v, &n));
	assert_int_equal(n, 123);
	cw_freep(&text);
}

/* repeated keys are refused at their place: on one level, nested, written with an escape, among many */
static void test_duplicate_keys(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	struct cw_err err = CW_ERR_INIT;

	check_refused("{\"a\":1,\"a\":2}", 13, CW_E_INVALID, "JSON text, byte 7: duplicate key");
	check_refused("[{\"x\":{\"a\":1,\"b\":2, \"a\":3}}]", 28, CW_E_INVALID, "JSON text, byte 20: duplicate key");
	check_refused("{\"a\":{\"a\":1},\"\\u0061\":2}", 24, CW_E_INVALID, "JSON text, byte 13: duplicate key");
	cw_buf_addc(&text, '{');
	for (int i = 0; i < 1000; i++)
		cw_buf_addf(&text, "\"k%d\":0,", i);
	cw_buf_adds(&text, "\"k500\":0}");
	assert_int_equal(cw_json_parse(text.data, text.len, TEXT_MAX, &v, &err), CW_E_INVALID);
	assert_non_null(strstr(err.msg, "duplicate key"));
	/* different case is a different key */
	check_round_trip("{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}");
}

/* CW_JSON_DEPTH_MAX levels are accepted, one more is refused */
static void test_depth(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	char text[2 * CW_JSON_DEPTH_MAX + 2];

	memset(text, '[', CW_JSON_DEPTH_MAX);
	memset(text + CW_JSON_DEPTH_MAX, ']', CW_JSON_DEPTH_MAX);
	assert_int_equal(cw_json_parse(text, 2 * CW_JSON_DEPTH_MAX, TEXT_MAX, &v, NULL), 0);
	memset(text, '[', CW_JSON_DEPTH_MAX + 1);
	check_refused(text, CW_JSON_DEPTH_MAX + 1, CW_E_LIMIT, "JSON text, byte 64: nested too deeply");
}

/* MAX_LEN bytes are accepted, one more is refused before anything is read */
static void test_length(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;

	assert_int_equal(cw_json_parse("[1]", 3, 3, &v, NULL), 0);
	assert_int_equal(cw_json_parse("[1]", 3, 2, &v, NULL), CW_E_LIMIT);
}

/* look-up is case-sensitive and takes NULL and other types */
static void test_get(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	int64_t n = 77;

	assert_int_equal(parse("{\"Key\":1,\"arr\":[\"a\",\"b\"],\"s\":\"x\"}", &v, NULL), 0);
	assert_null(cw_json_get(v, "key"));
	assert_true(cw_json_int(cw_json_get(v, "Key"), &n));
	assert_int_equal(n, 1);
	assert_null(cw_json_get(NULL, "x"));
	assert_null(cw_json_get(cw_json_get(v, "arr"), "x"));
	assert_string_equal(cw_json_str(cw_json_at(cw_json_get(v, "arr"), 1)), "b");
	assert_null(cw_json_at(cw_json_get(v, "arr"), 2));
	assert_null(cw_json_at(v, 0));
	assert_null(cw_json_str(NULL));
	assert_null(cw_json_str(v));
	assert_int_equal(cw_json_len(v), 3);
	assert_int_equal(cw_json_len(NULL), 0);
	assert_int_equal(cw_json_len(cw_json_get(v, "s")), 0);
}

/* members and items are walked in order */
static void test_walk(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	const struct cw_json *m;

	assert_int_equal(parse("{\"a\":[10],\"b\":2}", &v, NULL), 0);
	m = cw_json_first(v);
	assert_string_equal(cw_json_key(m), "a");
	assert_null(cw_json_key(cw_json_first(m)));
	assert_null(cw_json_next(cw_json_first(m)));
	m = cw_json_next(m);
	assert_string_equal(cw_json_key(m), "b");
	assert_null(cw_json_next(m));
	assert_null(cw_json_first(m));
	assert_null(cw_json_first(NULL));
}

/* types, and getters that leave the result alone on the wrong one */
static void test_types(void **state)
{
	static const enum cw_json_type expected[] = {CW_JSON_NULL,   CW_JSON_BOOL,  CW_JSON_NUMBER, CW_JSON_NUMBER,
						     CW_JSON_STRING, CW_JSON_ARRAY, CW_JSON_OBJECT};
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	bool b = true;
	int64_t n = 77;

	assert_int_equal(parse("[null,false,1,5000000000.5,\"\",[],{}]", &v, NULL), 0);
	for (size_t i = 0; i < cw_json_len(v); i++) {
		assert_int_equal(cw_json_type(cw_json_at(v, i)), expected[i]);
		assert_int_equal(cw_json_int(cw_json_at(v, i), &n), i == 2);
		assert_int_equal(n, i < 2 ? 77 : 1);
	}
	assert_false(cw_json_bool(cw_json_at(v, 0), &b));
	assert_true(b);
	assert_true(cw_json_bool(cw_json_at(v, 1), &b));
	assert_false(b);
	assert_false(cw_json_int(NULL, &n));
	assert_false(cw_json_bool(NULL, &b));
}

/* whole numbers are integers however they are written, up to 2^53-1 */
static void test_int(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL;
	int64_t n = 0;

	assert_int_equal(parse("[9007199254740991,1e3,1e20,0.5,-9007199254740991]", &v, NULL), 0);
	assert_true(cw_json_int(cw_json_at(v, 0), &n));
	assert_true(n == CW_JSON_INT_MAX);
	assert_true(cw_json_int(cw_json_at(v, 1), &n));
	assert_int_equal(n, 1000);
	assert_false(cw_json_int(cw_json_at(v, 2), &n));
	assert_false(cw_json_int(cw_json_at(v, 3), &n));
	assert_true(cw_json_int(cw_json_at(v, 4), &n));
	assert_true(n == -CW_JSON_INT_MAX);
}

static void check_print(const struct cw_json *v, const char *expected)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	assert_int_equal(cw_json_print(v, false, &out, NULL), 0);
	assert_string_equal(out.data, expected);
}

/* every kind of value is built and printed */
static void test_build(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_object();
	struct cw_json *arr;

	cw_json_add_str(root, "s", "x\"y");
	cw_json_add_int(root, "i", -5);
	cw_json_add_num(root, "n", 0.25);
	cw_json_add_bool(root, "t", true);
	cw_json_add_bool(root, "f", false);
	cw_json_add_null(root, "0");
	arr = cw_json_add_array(root, "a");
	cw_json_add_int(arr, NULL, 1);
	cw_json_add_strn(cw_json_add_object(arr, NULL), "k", "abc", 2);
	check_print(root, "{\"s\":\"x\\\"y\",\"i\":-5,\"n\":0.25,\"t\":true,\"f\":false,\"0\":null,"
			  "\"a\":[1,{\"k\":\"ab\"}]}");
}

/* integers print all their digits, too large ones become strings, what is no number becomes null */
static void test_build_numbers(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_array();

	cw_json_add_int(root, NULL, CW_JSON_INT_MAX);
	cw_json_add_int(root, NULL, INT64_C(1000000000000000));
	cw_json_add_int(root, NULL, CW_JSON_INT_MAX + 1);
	cw_json_add_int(root, NULL, INT64_MIN);
	cw_json_add_num(root, NULL, 3.0);
	cw_json_add_num(root, NULL, NAN);
	cw_json_add_num(root, NULL, INFINITY);
	check_print(root,
		    "[9007199254740991,1000000000000000,\"9007199254740992\",\"-9223372036854775808\",3,null,null]");
}

/* bytes that are no UTF-8 and NUL bytes are replaced, in keys too */
static void test_build_bytes(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_object();

	cw_json_add_strn(root, "a", "x\0y", 3);
	cw_json_add_strn(root, "b", "\xff\xc3\xa9\xc3", 4);
	cw_json_add_strn(root, "c", "\0\xff", 2);
	cw_json_add_strn(root, "\xfe", "", 0);
	check_print(root,
		    "{\"a\":\"x\\\\x00y\",\"b\":\"\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\",\"c\":\"\\\\x00\xef\xbf\xbd\","
		    "\"\xef\xbf\xbd\":\"\"}");
}

/* no control character reaches a terminal, yet the text reads back the same */
static void test_print_controls(void **state)
{
	static const char nasty[] = "\x01\x1b[m\x7f\xc2\x9b\xe2\x80\xae.\xe2\x81\xa6\xd8\x9c";
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_array(), *again = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	cw_json_add_str(root, NULL, nasty);
	assert_int_equal(cw_json_print(root, false, &out, NULL), 0);
	assert_string_equal(out.data, "[\"\\u0001\\u001b[m\\u007f\\u009b\\u202e.\\u2066\\u061c\"]");
	assert_int_equal(parse(out.data, &again, NULL), 0);
	assert_string_equal(cw_json_str(cw_json_at(again, 0)), nasty);
}

/* indented output, appended behind what is there */
static void test_print_pretty(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *v = NULL, *again = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	assert_int_equal(parse("{\"a\":[1,{\"b\":[[[{}]]]}],\"c\":\"d\"}", &v, NULL), 0);
	cw_buf_adds(&out, "# ");
	assert_int_equal(cw_json_print(v, true, &out, NULL), 0);
	assert_int_equal(strncmp(out.data, "# {\n\t\"a\":\t[1, {\n", 16), 0);
	assert_int_equal(parse(out.data + 2, &again, NULL), 0);
	check_print(again, "{\"a\":[1,{\"b\":[[[{}]]]}],\"c\":\"d\"}");
}

/* the longest escapes and deepest indentation fit the computed size */
static void test_print_size(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_array();
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_json *inner = root;
	char text[1001];

	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 60; i++) {
		inner = cw_json_add_object(i % 2 ? inner : cw_json_add_array(inner, i == 0 ? NULL : text),
					   i % 2 ? text : NULL);
		cw_json_add_num(inner, "n", -1.7976931348623157e+308);
		cw_json_add_bool(inner, "b", false);
	}
	assert_int_equal(cw_json_print(root, true, &out, NULL), 0);
	assert_true(out.len > 60 * 6000);
}

/* an output that may not grow enough is an error */
static void test_print_limit(void **state)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_array();
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT_MAX(10);

	cw_json_add_str(root, NULL, "0123456789");
	assert_int_equal(cw_json_print(root, false, &out, NULL), CW_E_LIMIT);
}

/* without a root everything is a no-op and printing reports it */
static void test_null_root(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	cw_json_add_str(NULL, "a", "b");
	cw_json_add_int(NULL, NULL, 1);
	assert_null(cw_json_add_object(NULL, "x"));
	assert_int_equal(cw_json_print(NULL, false, &out, NULL), CW_E_NOMEM);
	cw_json_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_trailing),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_bad_strings),
		cmocka_unit_test(test_bad_structure),
		cmocka_unit_test(test_not_terminated),
		cmocka_unit_test(test_duplicate_keys),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_build_numbers),
		cmocka_unit_test(test_build_bytes),
		cmocka_unit_test(test_print_controls),
		cmocka_unit_test(test_print_pretty),
		cmocka_unit_test(test_print_size),
		cmocka_unit_test(test_print_limit),
		cmocka_unit_test(test_null_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
