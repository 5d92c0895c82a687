/* Tests of rules/pattern.h: compiling, groups, edges, and limits that are never mistaken for "no match". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rules/pattern.h"

static struct cw_pattern_state *state;
static struct cw_span spans[CW_PATTERN_GROUPS_MAX];
static size_t spans_len;

static int make_state(void **unused)
{
	return cw_pattern_state_new(&state, NULL);
}

static int drop_state(void **unused)
{
	cw_pattern_state_free(state);
	return 0;
}

static struct cw_pattern *compile(const char *text)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_pattern *p = NULL;

	if (cw_pattern_compile(text, &p, &err) != 0)
		fail_msg("%s: %s", text, cw_err_msg(&err));
	return p;
}

static int match(const struct cw_pattern *p, const char *data, size_t len, bool not_bol, bool not_eol)
{
	return cw_pattern_match(p, state, data, len, 0, not_bol, not_eol, spans, &spans_len, NULL);
}

static int match_once(const char *pattern, const char *data, bool not_bol, bool not_eol)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile(pattern);

	return match(p, data, strlen(data), not_bol, not_eol);
}

static void refused(const char *text, const char *message)
{
	struct cw_pattern *p = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_pattern_compile(text, &p, &err), CW_E_RULE);
	assert_null(p);
	if (!strstr(cw_err_msg(&err), message))
		fail_msg("%s: %s", text, cw_err_msg(&err));
}

/* errors say where; what would make a verdict depend on characters is refused */
static void test_compile_errors(void **unused)
{
	refused("(abc", "at character 5");
	refused("a[b", "does not compile");
	refused("(*UTF)abc", "does not compile");
	refused("(*UCP)abc", "does not compile");
	refused("a\\Cb", "does not compile");
}

/* the most groups that fit, and one more */
static void test_too_many_groups(void **unused)
{
	char text[200] = "";

	for (int i = 0; i < CW_PATTERN_GROUPS_MAX - 1; i++)
		memcpy(text + 3 * i, "(a)", 4);
	cw_pattern_free(compile(text));
	memcpy(text + 3 * (CW_PATTERN_GROUPS_MAX - 1), "(a)", 4);
	refused(text, "pattern has 32 groups, at most 31");
}

/* spans of the match and its groups; groups that took no part are unset, so are those that do not exist */
static void test_groups(void **unused)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile("x(?<a>[0-9]+)(?:-(?<b>[0-9]+))?(?<c>z)?");
	int a = cw_pattern_group(p, "a"), b = cw_pattern_group(p, "b"), c = cw_pattern_group(p, "c");

	assert_int_equal(a, 1);
	assert_int_equal(b, 2);
	assert_int_equal(c, 3);
	assert_int_equal(cw_pattern_group(p, "d"), -1);
	assert_int_equal(match(p, "..x12z..", 8, false, false), 1);
	assert_int_equal(spans_len, 4);
	assert_int_equal(spans[0].start, 2);
	assert_int_equal(spans[0].end, 6);
	assert_int_equal(spans[a].start, 3);
	assert_int_equal(spans[a].end, 5);
	assert_true(spans[b].start == SIZE_MAX);
	assert_int_equal(spans[c].start, 5);
	for (size_t i = 4; i < CW_PATTERN_GROUPS_MAX; i++)
		assert_true(spans[i].start == SIZE_MAX && spans[i].end == SIZE_MAX);
	assert_int_equal(match(p, "nothing", 7, false, false), 0);
}

/* searching on from an offset */
static void test_from(void **unused)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile("(?<=a)b");

	/* what stands before FROM is still seen by look-behind */
	assert_int_equal(cw_pattern_match(p, state, "ab ab", 5, 1, false, false, spans, &spans_len, NULL), 1);
	assert_int_equal(spans[0].start, 1);
	assert_int_equal(cw_pattern_match(p, state, "ab ab", 5, 2, false, false, spans, &spans_len, NULL), 1);
	assert_int_equal(spans[0].start, 4);
	assert_int_equal(cw_pattern_match(p, state, "ab ab", 5, 5, false, false, spans, &spans_len, NULL), 0);
	assert_int_equal(cw_pattern_lookbehind(p), 1);
}

/* searching only up to an offset: a match may begin there and end behind it, but what begins behind costs nothing */
static void test_last(void **unused)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile("ab+"), *slow = compile("x(?:a+a+)+y");
	char text[4096];

	assert_int_equal(cw_pattern_match_in(p, state, "..abbb", 6, 0, 2, false, false, spans, &spans_len, NULL), 1);
	assert_int_equal(spans[0].start, 2);
	assert_int_equal(spans[0].end, 6);
	assert_int_equal(cw_pattern_match_in(p, state, "..abbb", 6, 0, 1, false, false, spans, &spans_len, NULL), 0);
	/* the next search is not limited by the last */
	assert_int_equal(cw_pattern_match(p, state, "..abbb", 6, 0, false, false, spans, &spans_len, NULL), 1);
	/* tried at the x, this one reaches its limit */
	memset(text, 'a', sizeof(text));
	text[8] = 'x';
	text[sizeof(text) - 2] = '!';
	text[sizeof(text) - 1] = 'y';
	assert_int_equal(cw_pattern_match_in(slow, state, text, sizeof(text), 0, 8, false, false, spans, &spans_len, NULL),
			 CW_E_LIMIT);
	assert_int_equal(cw_pattern_match_in(slow, state, text, sizeof(text), 0, 7, false, false, spans, &spans_len, NULL), 0);
}

/* ^ and $ hold at lines, and at the data's edges unless it is cut there */
static void test_edges(void **unused)
{
	assert_int_equal(match_once("^a", "a", false, false), 1);
	assert_int_equal(match_once("^a", "a", true, false), 0);
	assert_int_equal(match_once("^a", "b\na", true, false), 1);
	assert_int_equal(match_once("a$", "a", false, false), 1);
	assert_int_equal(match_once("a$", "a", false, true), 0);
	assert_int_equal(match_once("a$", "a\nb", false, true), 1);
}

/* bytes, not characters: NUL, bytes above 0x7f, no data at all */
static void test_bytes(void **unused)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile("a\\x00[^a]b");
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *empty = compile("x*");

	assert_int_equal(match(p, "a\0\xff" "b", 4, false, false), 1);
	assert_int_equal(match(p, "a\0\xc3\xa9" "b", 5, false, false), 0);
	assert_int_equal(match(empty, "", 0, false, false), 1);
	assert_int_equal(spans[0].end, 0);
	assert_int_equal(match_once("\\w", "\xe9", false, false), 0);
}

/* fault 11: exponential text is undecided after bounded work, never "no match", and the state stays usable */
static void test_exponential(void **unused)
{
	static const char *const patterns[] = {"^(a+)+$", "^(?:a|aa)+$", "^(\\w+\\s?)*$", "(x+x+)+y", "^(?:.*a){25}$"};
	struct cw_err err = CW_ERR_INIT;
	char text[4096];

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile(patterns[i]);

		memset(text, i == 3 ? 'x' : 'a', sizeof(text));
		memcpy(text + sizeof(text) - 2, "!y", 2);
		assert_int_equal(cw_pattern_match(p, state, text, sizeof(text), 0, false, false, spans, &spans_len, &err),
				 CW_E_LIMIT);
		assert_int_equal(err.code, CW_E_LIMIT);
		assert_int_equal(match_once("b", "ab", false, false), 1);
	}
}

/* a match that the JIT gives up for want of stack is found by the interpreter */
static void test_jit_stack(void **unused)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile("^(?:(a)|(b)|ab)+$");
	size_t len = 60000; /* the heap limit of the interpreter takes it, 512 KiB of JIT stack do not */
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'a', len);
	assert_int_equal(match(p, text, len, false, false), 1);
	assert_int_equal(spans[0].end, len);
	text[len - 1] = '!';
	assert_true(match(p, text, len, false, false) != 1);
	free(text);
}

/* a group that matched inside a look-around ahead of the match */
static void test_lookaround_groups(void **unused)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = compile("a(?=(?<next>b+))");

	assert_int_equal(match(p, "xabbb", 5, false, false), 1);
	assert_int_equal(spans[0].end, 2);
	assert_int_equal(spans[1].start, 2);
	assert_int_equal(spans[1].end, 5);
}

/* the cost of a plain pattern is far below that of an exponential one, which is the whole limit */
static void test_cost(void **unused)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *plain = compile("key=(?<secret>[a-z]{20})");
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *bad = compile("^(a+)+$");
	const char *text = "key=abcdefghijabcdefghij", *flood = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

	assert_true(cw_pattern_cost(plain, text, strlen(text)) < 0.01);
	assert_true(cw_pattern_cost(bad, flood, strlen(flood)) >= 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compile_errors), cmocka_unit_test(test_too_many_groups),
		cmocka_unit_test(test_groups),	       cmocka_unit_test(test_from),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_edges),	       cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_exponential),    cmocka_unit_test(test_jit_stack),
		cmocka_unit_test(test_lookaround_groups), cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, make_state, drop_state);
}
