/* Tests of rules/anchor.h: what makes an anchor, and each message of the lint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rules/anchor.h"
#include "rules/rule.h"

static void good(const char *text, uint32_t width)
{
	struct cw_err err = CW_ERR_INIT;
	uint32_t w = 0;

	if (cw_anchor_lint(text, &err) != 0 || cw_anchor_width(text, &w, &err) != 0)
		fail_msg("%s: %s", text, cw_err_msg(&err));
	if (w != width)
		fail_msg("%s: width %u, not %u", text, w, width);
}

static void bad(const char *text, const char *message)
{
	struct cw_err err = CW_ERR_INIT;

	if (cw_anchor_lint(text, &err) != CW_E_RULE)
		fail_msg("%s: passes", text);
	if (!strstr(cw_err_msg(&err), message) || strncmp(cw_err_msg(&err), "anchor: ", 8) != 0)
		fail_msg("%s: %s", text, cw_err_msg(&err));
	assert_int_equal(cw_anchor_lint(text, NULL), CW_E_RULE);
}

/* prefixes, keywords, small classes, alternatives, case, word borders */
static void test_good(void **state)
{
	good("abc_[A-Za-z0-9]{20}", 24);
	good("(?i)keyword", 7);
	good("(?i:key)word", 7);
	good("\\bkey_[0-9]{4}\\b", 8);
	good("^key[0-9]{4}$", 7);
	good("[Kk][Ee][Yy]=", 4);
	good("(?:abc|defg)[0-9]{2}", 6);
	good("x{0,8}abc", 11);
	good("a\\.b[_.-]c", 5);
	good("\\x41\\x42\\x43", 3);
	good("[]a]bc", 3);
	good("[a\\]]bc", 3);
	good("abc(?:[0-9]{3}-){2}[0-9]{3}", 14);
	good("a{3}", 3);
	good("\\{abc\\}", 5);
	good("abc]}", 5);
}

/* the literal: long enough, in every alternative, not optional, not made of large classes */
static void test_literal(void **state)
{
	static const char message[] = "no literal of 3 bytes stands in every match";

	bad("", message);
	bad("ab[0-9]{20}", message);
	bad("[0-9a-f]{40}", message);
	bad("(?:abc|[0-9]{5})x", message);
	bad("(?:abc)?[0-9]{5}", message);
	bad("(?:abc)*[0-9]{5}", message);
	bad("ab[^c]", message);
	bad("ab\\d", message);
	bad("ab.", message);
	bad("ab[a-\\x7f]", message);
	bad("[Z-\\]]]a", message);
	bad("a[\\d]b[\\w]c", message);
	bad("abc|", message);
	bad("(?:|abc)", message);
}

/* what stands in front of the literal is bounded */
static void test_slack(void **state)
{
	static const char message[] = "open-ended text stands before its literal";

	bad("[a-z]*abc", message);
	bad("[a-z]+abc", message);
	bad("[a-z]{0,9}abc", message);
	bad("(?:[a-z]{0,50})abc", message);
	bad("(?:x|[a-z]{1,20})abc", message);
	bad("ab.*cde", message);
	/* a literal in front makes up for it */
	good("abc.{0,50}defgh", 58);
}

/* the end of an anchor is where it is found first */
static void test_open_end(void **state)
{
	static const char message[] = "ends with an open repeat";

	bad("abc[0-9]{20,60}", message);
	bad("abc[0-9]+", message);
	bad("abc[0-9]*", message);
	bad("abcd?", message);
	bad("abc(?:[0-9]{20,60})", message);
	bad("abc(?:[0-9]{20,60}){1}", message);
	bad("abc[0-9]{2,3}\\b", message);
	bad("abc(?:x|[0-9]{2,})", message);
	good("abc[0-9]{2,3}x", 7);
}

/* constructs that depend on more than the anchor's bytes, or that the lint cannot judge */
static void test_forbidden(void **state)
{
	static const char *const escapes[] = {"\\Aabc", "abc\\z", "abc\\Z", "\\Gabc", "abc\\Kd", "(abc)\\1", "abc\\g1",
					      "abc\\k<x>", "abc\\p{L}", "abc\\PL", "abc\\R", "abc\\X", "abc\\C", "\\Qabc\\E",
					      "abc[\\p{L}]", "abc[a-\\P]"};
	static const char *const groups[] = {"(?=abc)abc", "(?!abc)abc", "(?<=a)abc", "(?<!a)abc", "(?<n>abc)", "(?P<n>abc)",
					     "(?s:abc)", "(?>abc)", "abc(?i)d", "(?#x)abc", "(?|abc)", "(?-i:abc)"};
	static const char *const odd[] = {"\\x{41}bcd", "abc\\0", "\\012abc", "abc\\cA", "abc\\o{101}", "abc\\N{U+41}",
					  "ab[\\x{41}]", "ab[\\0]c"};

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
		bad(escapes[i], "back-references and property classes are not allowed");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		bad(groups[i], "look-around, named groups and other (?...)");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		bad(odd[i], "octal escapes");
	bad("abc[[:alpha:]]", "POSIX classes");
	bad("abc[0-9]+?", "lazy and possessive");
	bad("abc[0-9]{3}+", "lazy and possessive");
	bad("abc(*ACCEPT)", "nothing before it");
}

/* expressions that are not finished */
static void test_syntax(void **state)
{
	char deep[200], *text;

	bad("abc\\", "ends with a backslash");
	bad("abc[a-z", "class without its closing bracket");
	bad("abc[a\\", "backslash");
	bad("abc[a-\\", "backslash");
	bad("abc[]", "class without its closing bracket");
	bad("(?:abc", "group without its closing parenthesis");
	bad("abc)", "closing parenthesis too many");
	bad("*abc", "repeat with nothing before it");
	bad("abc|+", "repeat with nothing before it");
	bad("abc[0-9]**", "repeat with nothing before it");
	bad("{abc", "{ that repeats nothing");
	bad("abc{2}{3}", "{ that repeats nothing");
	bad("abc|{2}", "{ that repeats nothing");
	bad("abc[0-9]{3", "{ without its }");
	bad("abc[0-9]{x}", "repeat that is no number");
	bad("abc[0-9]{,3}", "repeat that is no number");
	bad("abc[0-9]{99999}", "repeat that is no number");
	bad("abc[0-9]{5,3}", "upper bound is wrong");
	memset(deep, '(', 20);
	memcpy(deep + 20, "abc", 3);
	memset(deep + 23, ')', 20);
	deep[43] = '\0';
	bad(deep, "nested too deep");
	text = malloc(CW_ANCHOR_TEXT_MAX + 2);
	assert_non_null(text);
	memset(text, 'a', CW_ANCHOR_TEXT_MAX + 1);
	text[CW_ANCHOR_TEXT_MAX + 1] = '\0';
	bad(text, "longer than 4096 bytes");
	free(text);
}

static void bad_width(const char *text, const char *message)
{
	struct cw_err err = CW_ERR_INIT;
	uint32_t w = 7;

	assert_int_equal(cw_anchor_width(text, &w, &err), CW_E_RULE);
	if (!strstr(cw_err_msg(&err), message))
		fail_msg("%s: %s", text, cw_err_msg(&err));
	assert_int_equal(w, 7);
}

/* Hyperscan's opinion: width, emptiness, syntax; the widest allowed one */
static void test_width(void **state)
{
	good("abc[0-9]{253}", CW_ANCHOR_MAX);
	bad_width("abc[0-9]{254}", "more than 256 bytes");
	bad_width("abc[0-9]+", "more than 256 bytes");
	bad_width("(?:abc){0,3}", "matches the empty string");
	bad_width("abc(", "does not compile");
	bad_width("abc(?=d)", "does not compile");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	  cmocka_unit_test(test_literal), cmocka_unit_test(test_slack),
		cmocka_unit_test(test_open_end),  cmocka_unit_test(test_forbidden), cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
