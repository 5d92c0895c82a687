/* Tests of match/check.h: each fault that a rule may have against its own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "fixture.h"
#include "match/check.h"

static char faults[2048];
static int costs;

static void note_fault(const struct cw_rule *rule, const char *text, void *payload)
{
	size_t had = strlen(faults);

	assert_string_equal(rule->id, "t.a");
	assert_null(strchr(text, '\n'));
	assert_null(strstr(text, "key_")); /* no secret in it */
	snprintf(faults + had, sizeof(faults) - had, "%s\n", text);
}

static void note_cost(const struct cw_rule *rule, double anchor_ns_kib, double pattern_share, void *payload)
{
	assert_true(anchor_ns_kib > 0 && pattern_share > 0 && pattern_share <= 1);
	costs++;
}

/* Rules of tests never speak below docs/. */
static bool applies(const struct cw_rule *rule, const char *path)
{
	return strncmp(path, "docs/", 5) != 0;
}

/* The number of faults of rule t.a in this YAML: anchor, pattern, examples, counterexamples. */
static int check(const char *anchor, const char *pattern, const char *examples, const char *counterexamples)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_check_opts opts = {.applies = applies, .fault = note_fault, .cost = note_cost};
	struct cw_err err = CW_ERR_INIT;
	int rc;

	faults[0] = '\0';
	cw_buf_addf(&text,
		    "provider: t\nrules:\n  - id: t.a\n    title: T\n    class: specific\n    severity: low\n    anchor: '%s'\n"
		    "    pattern: '%s'\n    reach: {before: 80, after: 40}\n    description: D\n    remediation: R\n"
		    "    examples: %s\n    counterexamples: %s\n",
		    anchor, pattern, examples, counterexamples);
	if (cw_rulebook_new(&book, &err) < 0 || cw_rulebook_add(book, "-", text.data, text.len, &err) < 0 ||
	    cw_rulebook_finish(book, &err) < 0 || cw_set_compile(book, &set, &err) < 0)
		fail_msg("%s", cw_err_msg(&err));
	rc = cw_check_rule(set, 0, &opts, &err);
	if (rc < 0)
		fail_msg("%s", cw_err_msg(&err));
	return rc;
}

#define USUAL "key_[0-9]{4}", "(?<secret>key_[0-9]{4})(?![0-9])"

/* a rule that does what its examples say, and what it costs */
static void test_good(void **state)
{
	costs = 0;
	assert_int_equal(check(USUAL, "[key_1234, x key_2345 y]", "[key_12345, key_x]"), 0);
	assert_int_equal(costs, 1);
	assert_string_equal(faults, "");
}

/* an example that it does not find, a counterexample that it finds */
static void test_examples(void **state)
{
	assert_int_equal(check(USUAL, "[key_1234, key_12345]", "[x, y]"), 1);
	assert_string_equal(faults, "example 2 is not found\n");
	assert_int_equal(check(USUAL, "[key_1234, key_2345]", "[key_3456, x]"), 1);
	assert_string_equal(faults, "counterexample 1 is found\n");
	assert_int_equal(check(USUAL, "[key_1234, x]", "[y, key_3456]"), 2);
	assert_string_equal(faults, "example 2 is not found\ncounterexample 2 is found\n");
}

/* path gates: an example where the rule is silent is not found, such a counterexample is all right */
static void test_paths(void **state)
{
	assert_int_equal(check(USUAL, "[key_1234, {text: key_1234, path: src/x}]", "[x, {text: key_1234, path: docs/x}]"), 0);
	assert_int_equal(check(USUAL, "[key_1234, {text: key_1234, path: docs/x}]", "[x, {text: key_1234, path: src/x}]"), 2);
	assert_string_equal(faults, "example 2 is not found\ncounterexample 2 is found\n");
}

/* a match of the pattern without an end of the anchor: stage 1 would never lead there */
static void test_pair(void **state)
{
	assert_int_equal(check("key_[0-9]{4}", "(?<secret>(?:key|tok)_[0-9]{4})", "[key_1234 tok_1234, key_1234]", "[x, y]"), 1);
	assert_string_equal(faults, "example 1: a match of the pattern holds no end of the anchor\n");
}

/* a pattern that takes much of the limit on its own example, or all of it */
static void test_slow_pattern(void **state)
{
	assert_true(check("key_", "(?<secret>key_(?:a+)+(?:a+)+(?:a+)+!)", "[key_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?!, key_a!]", "[x, y]") >= 2);
	assert_non_null(strstr(faults, "more than 1 % of the match limit"));
	assert_non_null(strstr(faults, "example 1: a pattern reached its match limit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_examples),	  cmocka_unit_test(test_paths),
		cmocka_unit_test(test_pair), cmocka_unit_test(test_slow_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
