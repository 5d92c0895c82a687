/* unit/test_redact.c - the redacted form. No value here is a token: they are repeated letters behind made-up prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/redact.h"
#include "rules/prefix.h"

#define DOTS "\xe2\x80\xa6"

static void expect(enum cw_rule_class cls, const char *pattern, const char *secret, const char *wanted)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	char prefix[CW_PREFIX_MAX + 1] = "";
	struct cw_rule rule = {.cls = cls, .pattern = pattern, .id = "acme.key", .prefix = prefix};

	if (cls == CW_CLASS_SPECIFIC)
		prefix[cw_prefix_of(pattern, prefix)] = '\0';

	cw_redact(&rule, secret, strlen(secret), &out);
	assert_int_equal(out.fail, 0);
	assert_string_equal(out.data, wanted);
}

static void test_length_class(void **state)
{
	/* short secrets show nothing, whatever the rule says of their beginning */
	expect(CW_CLASS_SPECIFIC, "(?<secret>ac_[a-z]+)", "ac_bcd", "(1-7 characters)");
	expect(CW_CLASS_SPECIFIC, "(?<secret>ac_[a-z]+)", "ac_bcdef", "(8-15 characters)");
	expect(CW_CLASS_SPECIFIC, "(?<secret>ac_[a-z]+)", "ac_bcdefghijklm", "(8-15 characters)");
}

static void test_generic(void **state)
{
	/* a generic rule has no public prefix; at most 1/8 and at most 4 characters */
	expect(CW_CLASS_GENERIC, "(?<secret>abcdefgh[a-z]+)", "abcdefghijklmnop", "ab" DOTS "(16)");
	expect(CW_CLASS_GENERIC, "(?<secret>.+)", "abcdefghijklmnopqrstuvw", "ab" DOTS "(23)");
	expect(CW_CLASS_GENERIC, "(?<secret>.+)", "abcdefghijklmnopqrstuvwx", "abc" DOTS "(24)");
	expect(CW_CLASS_GENERIC, "(?<secret>.+)", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "abcd" DOTS "(52)");
}

static void test_prefix(void **state)
{
	const char *value = "acme_bcdefghijklmnopqrstuvwxyzabcdefghijkl";

	/* the literal that begins the group is public */
	expect(CW_CLASS_SPECIFIC, "(?<![a-z])(?<secret>acme_[a-z]{37})", value, "acme_bcde" DOTS "(42)");
	/* a nested group ends the literal */
	expect(CW_CLASS_SPECIFIC, "(?<secret>acme_(?<body>[a-z]{37}))", value, "acme_bcde" DOTS "(42)");
	/* an escaped sign is a literal */
	expect(CW_CLASS_SPECIFIC, "(?<secret>SG\\.[a-z]+)", "SG.bcdefghijklmnopqrstu", "SG.bc" DOTS "(23)");
	/* a quantifier that allows none takes its letter back */
	expect(CW_CLASS_SPECIFIC, "(?<secret>acme_?[a-z_]+)", value, "acme_bcd" DOTS "(42)");
	expect(CW_CLASS_SPECIFIC, "(?<secret>acme_{0,1}[a-z_]+)", value, "acme_bcd" DOTS "(42)");
	/* any case, when the rule is so */
	expect(CW_CLASS_SPECIFIC, "(?i)(?<secret>acme_[a-z]+)", "ACME_bcdefghijklmnopqr", "ACME_bc" DOTS "(22)");
}

static void test_no_prefix(void **state)
{
	const char *value = "acme_bcdefghijklmnopqrstuvwxyzabcdefghijkl";

	/* alternatives have no common beginning */
	expect(CW_CLASS_SPECIFIC, "(?<secret>acme_[a-z]+|[a-z_]+)", value, "acme" DOTS "(42)");
	/* nor do two groups of that name */
	expect(CW_CLASS_SPECIFIC, "(?J)(?<secret>acme_[a-z]+)|(?<secret>[a-z_]+)", value, "acme" DOTS "(42)");
	/* an alternative inside a class or behind an escape is none */
	expect(CW_CLASS_SPECIFIC, "(?<secret>acme_[|a-z]+\\|?)", value, "acme_bcde" DOTS "(42)");
	/* a bracket that a class holds does not end the group */
	expect(CW_CLASS_SPECIFIC, "(?<secret>acme_[)a-z]+|x)", value, "acme" DOTS "(42)");
	/* the group's name inside a class is no group */
	expect(CW_CLASS_SPECIFIC, "[(?<secret>q](?<secret>acme_[a-z]+)", value, "acme_bcde" DOTS "(42)");
	/* a literal that the secret does not begin with is not believed */
	expect(CW_CLASS_SPECIFIC, "(?<secret>other_[a-z]+)", value, "acme" DOTS "(42)");
	/* no such group, or a class first */
	expect(CW_CLASS_SPECIFIC, "acme_[a-z]+", value, "acme" DOTS "(42)");
	expect(CW_CLASS_SPECIFIC, "(?<secret>[a-z]+)", value, "acme" DOTS "(42)");
	/* an escaped letter is a class, not a literal */
	expect(CW_CLASS_SPECIFIC, "(?<secret>\\w+)", value, "acme" DOTS "(42)");
}

static void test_whole_literal(void **state)
{
	/* a secret that is all prefix is not shown by it */
	expect(CW_CLASS_SPECIFIC, "(?<secret>abcdefghijklmnop)", "abcdefghijklmnop", "ab" DOTS "(16)");
}

static void test_bytes(void **state)
{
	/* control bytes and bytes above 126 never reach the output */
	expect(CW_CLASS_SPECIFIC, "(?<secret>.+)", "\033\xff\n\177bcdefghijklmnopqrstuvwxyzabcdefgh", "????" DOTS "(37)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length_class), cmocka_unit_test(test_generic), cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_no_prefix),    cmocka_unit_test(test_whole_literal), cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
