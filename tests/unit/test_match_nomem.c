/* Rules and matcher without memory (fault 18): each allocation of each scenario fails in turn, those of Hyperscan and
 * PCRE2 too. Required outcome: the error is reported or the result is right all the same, never a result with less in
 * it; nothing leaks; nothing crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/encode.h"
#include "fail_alloc.h"
#include "fixture.h"
#include "match/blob.h"

#define TOKEN "tok_a1b2c3d4"

static const struct fx_rule rules[] = {
	{"t.tok", "tok_[0-9a-z]{8}", "(?<secret>tok_(?<body>[0-9a-z]{8}))", "tok_12345678", 60, 20,
	 "    proof: [{check: decoded, of: body, encoding: hex, matches: '^.', on_fail: pattern}]\n"
	 "    labels: [{text: tok_0000, label: example}]\n    value: {stopwords: [xyz]}\n"
	 "    parts: [{name: id, rule: generic.b, lines: 2}]\n"},
	{"generic.b", "pass=", "pass=(?<secret>[a-z0-9_]+)", "pass=x1", 20, 40, NULL},
};
static struct cw_buf yaml = CW_BUF_INIT, image = CW_BUF_INIT, text = CW_BUF_INIT, utf16 = CW_BUF_INIT;

/* Runs once; returns 0 when the result is right, a code when an error was reported, 1 when the result is wrong. */
typedef int (*scenario_fn)(void);

static int setup(void **state)
{
	struct cw_set *set = fx_set(rules, 2);
	CW_CLEANUP(cw_buf_release) struct cw_buf inner = CW_BUF_INIT;

	fx_yaml(rules, 2, &yaml);
	assert_int_equal(cw_set_image(set, &image, NULL), 0);
	cw_set_unref(set);
	cw_buf_adds(&inner, "some text around " TOKEN " the token");
	cw_buf_adds(&text, "pass=hunter2 " TOKEN "\npass=" TOKEN " ");
	cw_base64_encode(inner.data, inner.len, false, &text);
	for (const char *s = "name: " TOKEN " in UTF-16"; *s; s++)
		cw_buf_add(&utf16, (const char[]){*s, '\0'}, 2);
	return yaml.fail | text.fail | utf16.fail;
}

static int teardown(void **state)
{
	cw_buf_release(&yaml);
	cw_buf_release(&image);
	cw_buf_release(&text);
	cw_buf_release(&utf16);
	return 0;
}

static int load(struct cw_rulebook **ret)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_rulebook_new(&book, &err);

	if (rc == 0)
		rc = cw_rulebook_add(book, "-", yaml.data, yaml.len, &err);
	if (rc == 0)
		rc = cw_rulebook_finish(book, &err);
	if (rc < 0)
		return rc == (int)err.code && err.msg[0] ? rc : 1;
	*ret = cw_steal(&book);
	return cw_rulebook_len(*ret) == 2 ? 0 : 1;
}

static int load_rules(void)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;

	return load(&book);
}

/* a book that could not take a file takes it later, whole */
static int load_twice(void)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	int rc = cw_rulebook_new(&book, NULL), again;

	if (rc < 0)
		return rc;
	rc = cw_rulebook_add(book, "-", yaml.data, yaml.len, NULL);
	if (rc < 0 && cw_rulebook_len(book) != 0)
		return 1;
	again = rc < 0 ? cw_rulebook_add(book, "-", yaml.data, yaml.len, NULL) : 0;
	if (again < 0)
		return again;
	return cw_rulebook_len(book) == 2 ? rc : 1;
}

static int compile_set(void)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = load(&book);

	if (rc == 0)
		rc = cw_set_compile(book, &set, &err);
	if (rc != 0)
		return set ? 1 : rc;
	return cw_set_len(set) == 2 && cw_set_db(set, false) ? 0 : 1;
}

static int read_image(void)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_set_from_image(image.data, image.len, &set, &err);

	if (rc != 0)
		return !set && rc == (int)err.code ? rc : 1;
	return cw_set_len(set) == 2 && cw_set_find(set, "t.tok") ? 0 : 1;
}

static int write_image(void)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	int rc = cw_set_from_image(image.data, image.len, &set, NULL);

	if (rc == 0)
		rc = cw_set_image(set, &out, NULL);
	if (rc != 0)
		return rc;
	return out.len == image.len && memcmp(out.data, image.data, out.len) == 0 ? 0 : 1;
}

static bool hit_is(const struct cw_result *res, size_t i, const char *id, const struct cw_set *set, const char *secret)
{
	const struct cw_hit *h = &CW_VEC_AT(&res->hits, struct cw_hit, i);

	return strcmp(cw_set_rule(set, h->rule)->id, id) == 0 && h->secret_len == strlen(secret) &&
	       memcmp(res->secrets.data + h->secret_off, secret, h->secret_len) == 0;
}

/* Hits, an overlap with its loser, base64. */
static bool text_is_right(const struct cw_result *res, const struct cw_set *set)
{
	return res->hits.len == 4 && res->also.len == 1 && res->unscannable.len == 0 &&
	       hit_is(res, 0, "generic.b", set, "hunter2") && hit_is(res, 1, "t.tok", set, TOKEN) &&
	       hit_is(res, 2, "t.tok", set, TOKEN) && hit_is(res, 3, "t.tok", set, TOKEN) &&
	       CW_VEC_AT(&res->hits, struct cw_hit, 3).decoded;
}

static int match_with(const struct cw_set *set, const struct cw_buf *blob, struct cw_result *res)
{
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *m = NULL, *clone = NULL;
	int rc = cw_matcher_new(set, &m, NULL);

	if (rc == 0)
		rc = cw_matcher_clone(m, &clone, NULL);
	return rc == 0 ? cw_match_blob(clone, blob->data, blob->len, res, NULL) : rc;
}

static int match(const struct cw_buf *blob)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_result res;
	int rc = cw_set_from_image(image.data, image.len, &set, NULL);

	cw_result_init(&res);
	if (rc == 0)
		rc = match_with(set, blob, &res);
	if (rc == 0 && blob == &text)
		rc = text_is_right(&res, set) ? 0 : 1;
	else if (rc == 0)
		rc = res.hits.len == 1 && hit_is(&res, 0, "t.tok", set, TOKEN) ? 0 : 1;
	cw_result_release(&res);
	return rc;
}

static int match_text(void)
{
	return match(&text);
}

static int match_utf16(void)
{
	return match(&utf16);
}

static int run_failing(scenario_fn scenario, unsigned long n, enum cw_fail_alloc_mode mode, unsigned long *ret_count,
		       long *ret_leak)
{
	long live = cw_fail_alloc_live();
	int rc;

	cw_fail_alloc_mode(n, mode);
	rc = scenario();
	*ret_count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	*ret_leak = cw_fail_alloc_live() - live;
	return rc;
}

/* Let the N-th allocation of SCENARIO fail; whether it made that many. A leak shows each time; what stays only the
 * first times is what a library makes at its first errors and keeps for ever (libcrypto: text for each of 16 places
 * in its ring of errors). */
static bool fail_nth(scenario_fn scenario, unsigned long n, enum cw_fail_alloc_mode mode)
{
	unsigned long count;
	long leak;
	int rc = run_failing(scenario, n, mode, &count, &leak);

	for (int again = 0; leak != 0 && again < 40; again++)
		rc = run_failing(scenario, n, mode, &count, &leak);
	if (leak != 0)
		fail_msg("allocation %lu: %ld blocks leak", n, leak);
	/* libcrypto does not tell why it failed */
	if (rc != 0 && rc != CW_E_NOMEM && rc != CW_E_INTERNAL)
		fail_msg("allocation %lu: result %d", n, rc);
	if (count < n && rc != 0)
		fail_msg("allocation %lu: error without a failure", n);
	return count >= n;
}

static void check_scenario(scenario_fn scenario)
{
	unsigned long n = 1;

	assert_int_equal(scenario(), 0); /* also lets libraries make what they keep for ever */
	while (fail_nth(scenario, n, CW_FAIL_ALLOC_ONCE))
		n++;
	assert_true(n > 1);
	for (n = 1; fail_nth(scenario, n, CW_FAIL_ALLOC_FROM); n++)
		;
	fprintf(stderr, "%lu allocations\n", n - 1);
}

static void test_load(void **state)
{
	check_scenario(load_rules);
	check_scenario(load_twice);
}

/* The compiler of Hyperscan 5.4.0 writes through the NULL that an aligned allocation returned, so those are spared
 * here. */
static void test_compile(void **state)
{
	cw_fail_alloc_spare_aligned(true);
	check_scenario(compile_set);
	cw_fail_alloc_spare_aligned(false);
}

static void test_image(void **state)
{
	check_scenario(read_image);
	check_scenario(write_image);
}

static void test_match(void **state)
{
	check_scenario(match_text);
	check_scenario(match_utf16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_compile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
