/* unit/test_conf_edit.c - an entry is added to the text of a configuration, and nothing else changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/conf_edit.h"

#define PRINT "abcd:11111111111111111111111111111111"
#define NEW "- rule: 'a.b'\n  reason: 'it''s ours'\n"

static const struct cw_conf_entry entry = {.rule = "a.b", .reason = "it's ours", .expires = CW_CONF_NEVER};

static int add(const char *text, const struct cw_conf_entry *e, struct cw_buf *out, int *ret_line, struct cw_err *err)
{
	return cw_conf_edit_allow(CW_LEVEL_REPOSITORY, "f", text, strlen(text), e, out, ret_line, err);
}

static void test_added(void **state)
{
	static const struct {
		const char *text, *wanted;
		int line;
	} cases[] = {
		/* no file, and nothing in it */
		{"", "allow:\n" NEW, 2},
		{"# a comment\n", "# a comment\nallow:\n" NEW, 3},
		/* no list yet; without a newline at the end; behind a comment */
		{"fail_on: low\n", "fail_on: low\nallow:\n" NEW, 3},
		{"fail_on: low", "fail_on: low\nallow:\n" NEW, 3},
		{"---\nfail_on: low\n\n# end\n", "---\nfail_on: low\n\n# end\nallow:\n" NEW, 6},
		/* an empty list */
		{"allow:\n", "allow:\n" NEW, 2},
		{"allow: # none\nfail_on: low\n", "allow: # none\n" NEW "fail_on: low\n", 2},
		{"allow: []\nfail_on: low\n", "allow:\n" NEW "fail_on: low\n", 2},
		{"allow:  []  # none\n", "allow:  # none\n" NEW, 2},
		/* behind the last entry, before the comments of what follows */
		{"allow:\n- path: x # y\n  reason: r\n\n# about marks\ninline_marks: true\n",
		 "allow:\n- path: x # y\n  reason: r\n" NEW "\n# about marks\ninline_marks: true\n", 4},
		{"# top\nallow:\n# first\n- {path: x, reason: r}\n# second\n-\n  path: y\n  reason: s\n- path: z\n  reason: 'a\n   b'",
		 "# top\nallow:\n# first\n- {path: x, reason: r}\n# second\n-\n  path: y\n  reason: s\n- path: z\n  reason: 'a\n   b'\n" NEW, 12},
		/* indented as the others */
		{"allow:\n    - path: x\n      reason: r\n",
		 "allow:\n    - path: x\n      reason: r\n    - rule: 'a.b'\n      reason: 'it''s ours'\n", 4},
		/* lines that look like comments inside a block of text */
		{"allow:\n- path: x\n  reason: |\n    text\n    # no comment\ninline_marks: true\n",
		 "allow:\n- path: x\n  reason: |\n    text\n    # no comment\n" NEW "inline_marks: true\n", 6},
		/* line ends are as they are */
		{"allow:\r\n- path: x\r\n  reason: r\r\n", "allow:\r\n- path: x\r\n  reason: r\r\n- rule: 'a.b'\r\n  reason: 'it''s ours'\r\n", 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
		struct cw_err err = CW_ERR_INIT;
		int line = 0;

		if (add(cases[i].text, &entry, &out, &line, &err) != 0)
			fail_msg("'%s': %s", cases[i].text, err.msg);
		assert_string_equal(out.data, cases[i].wanted);
		assert_int_equal(line, cases[i].line);
	}
}

static void test_not_added(void **state)
{
	static const char *const texts[] = {
		"{fail_on: low}\n",			      /* all of it in braces */
		"allow: [{path: x, reason: r}]\n",	      /* the list in brackets */
		"allow: [\n  {path: x, reason: r}\n]\n",
		"allow:\n  []\n",
		"fail_on: low\n...\n",			      /* the end of the document is marked */
		"'allow':\n",
		"? allow\n: - path: x\n    reason: r\n",
	};

	/* what cannot be added to safely is left alone */
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
		int line = 7;

		if (add(texts[i], &entry, &out, &line, NULL) != CW_E_UNSUPPORTED)
			fail_msg("'%s' became '%s'", texts[i], out.data);
		assert_int_equal(out.len, 0);
		assert_int_equal(line, 7);
	}
}

static void refused(const char *text, const struct cw_conf_entry *e, const char *word)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	int line;

	assert_int_equal(add(text, e, &out, &line, &err), CW_E_INVALID);
	if (!strstr(err.msg, word))
		fail_msg("'%s' lacks '%s'", err.msg, word);
	assert_int_equal(out.len, 0);
}

static void test_refused(void **state)
{
	const struct cw_conf_entry wrong[] = {
		{.rule = "A!", .reason = "r", .expires = CW_CONF_NEVER},
		{.path = "/x", .reason = "r", .expires = CW_CONF_NEVER},
		{.fingerprint = "x", .reason = "r", .expires = CW_CONF_NEVER},
		{.reason = "r", .expires = CW_CONF_NEVER},
	};

	/* a file that is no configuration, and entries that are none */
	refused("alow: []\n", &entry, "f:1: unknown key 'alow'");
	refused("a: [\n", &entry, "f:");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		refused("", &wrong[i], "the new entry:");
}

static void test_twice(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct cw_conf_entry e = {.fingerprint = PRINT, .path = "x/**", .reason = "again", .expires = 20000};
	static const char until[] = "allow:\n- fingerprint: '" PRINT "'\n  path: x/**\n  reason: r\n  expires: 2024-10-04\n";
	static const char ever[] = "allow:\n- reason: r\n  path: x/**\n  fingerprint: '" PRINT "'\n";
	int line;

	/* the same conditions, for as long: said with the line; for longer: added */
	refused(until, &e, "f:2: there is such an entry already");
	refused(ever, &e, "f:2: there is such an entry already");
	e.expires = 20001;
	assert_int_equal(add(until, &e, &out, &line, NULL), 0);
	assert_non_null(strstr(out.data, "  reason: 'again'\n  expires: 2024-10-05\n"));
	e.path = NULL;
	assert_int_equal(add(ever, &e, &out, &line, NULL), 0);
}

static void test_print(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;

	/* what a person is to add, with the key above */
	assert_int_equal(cw_conf_print_allow(&entry, &out, NULL), 0);
	assert_string_equal(out.data, "allow:\n" NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_added), cmocka_unit_test(test_not_added), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_twice), cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
