/* unit/test_cleanse.c - our own text leaves without secrets: each redacted, or all of the text withheld. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "match/blob.h"
#include "policy/cleanse.h"

static const struct fx_rule rules[] = {
	{"t.limit", "lim_", "lim_(?<secret>(?:x+x+)+)y", "lim_xxy", 20, 4000, NULL},
	{"t.tok", "tok_[0-9a-z]{8}", "(?<![a-z0-9_])(?<secret>tok_[0-9a-z]{8,})", "tok_12345678", 20, 20, NULL},
};

static struct cw_set *set;
static struct cw_cleanser *cleanser;

static int setup(void **state)
{
	set = fx_set(rules, sizeof(rules) / sizeof(rules[0]));
	return cw_cleanser_new(set, &cleanser, NULL);
}

static int teardown(void **state)
{
	cw_cleanser_free(cleanser);
	cw_set_unref(set);
	return 0;
}

static void clean(const struct cw_buf *text, struct cw_buf *out)
{
	cw_buf_clear(out);
	assert_int_equal(cw_cleanse(cleanser, text->data, text->len, out, NULL), 0);
}

static void add_tokens(struct cw_buf *b, int n)
{
	for (int i = 0; i < n; i++)
		cw_buf_addf(b, "tok_%08d ", 10000000 + i);
}

static void test_redacted(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, out = CW_BUF_INIT;

	/* what is no secret stays byte for byte, what is one goes, what was in the buffer stays */
	cw_buf_adds(&text, "a\nb \xff lim_none");
	clean(&text, &out);
	assert_string_equal(out.data, text.data);
	cw_buf_adds(&text, " tok_12345678 end");
	assert_int_equal(cw_cleanse(cleanser, text.data, text.len, &out, NULL), 0);
	assert_null(strstr(out.data, "tok_1234"));
	assert_non_null(strstr(out.data, " end"));
	assert_int_equal(memcmp(out.data, text.data, 10), 0);
}

static void test_many(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, out = CW_BUF_INIT;

	/* as many as are listed: each is redacted; one more: nothing of the text is shown */
	add_tokens(&text, CW_HITS_PER_RULE_MAX);
	clean(&text, &out);
	assert_null(strstr(out.data, "tok_1000"));
	assert_null(strstr(out.data, CW_CLEANSE_WITHHELD));
	cw_buf_clear(&text);
	add_tokens(&text, CW_HITS_PER_RULE_MAX + 1);
	clean(&text, &out);
	assert_string_equal(out.data, CW_CLEANSE_WITHHELD);
}

static void test_undecided(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, out = CW_BUF_INIT;

	/* a rule that reaches its limits may have missed a secret: nothing of the text is shown; the next text is as good as ever */
	cw_buf_adds(&text, "lim_");
	for (int i = 0; i < 3000; i++)
		cw_buf_addc(&text, 'x');
	cw_buf_adds(&text, "!y");
	clean(&text, &out);
	assert_string_equal(out.data, CW_CLEANSE_WITHHELD);
	cw_buf_clear(&text);
	cw_buf_adds(&text, "plain");
	clean(&text, &out);
	assert_string_equal(out.data, "plain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redacted),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_undecided),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
