/* Tests of rules/set.h: compiling, the image and its round trip, the digest, damaged images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "fixture.h"
#include "match/stage1.h"
#include "rules/load.h"
#include "rules/set.h"

/* Offsets in the header of an image; see set.c. */
#define AT_ENGINE 12
#define AT_HS_VERSION 16
#define AT_DIGEST 64
#define HEADER_LEN 176

static const struct fx_rule rules[] = {
	{"t.b", "bbb_[0-9]{8}", "(?<secret>bbb_(?<body>[0-9]{8}))", "bbb_12345678", 0, 0,
	 "    proof: [{check: luhn, of: body, on_fail: pattern}, {check: decoded, of: body, encoding: hex, matches: '[0-9]'}]\n"
	 "    parts: [{name: id, rule: t.a, lines: 3}]\n"
	 "    value: {entropy: 2.1234, stopwords: [x, y], model: token}\n"
	 "    labels: [{text: bbb_0000, label: example}]\n"},
	{"t.a", "aaa_[0-9]{8}", "(?<secret>aaa_[0-9]{8})", "aaa_12345678", 40, 9,
	 "    cwe: 321\n    paths: {only: ['*.c'], lower: [a, b]}\n    references: [u, v]\n"},
	{"generic.c", "(?i)secret[0-9]", "(?<secret>secret[0-9])", "secret1", 0, 0, NULL},
};

static void assert_texts(const char *const *a, size_t na, const char *const *b, size_t nb)
{
	assert_int_equal(na, nb);
	for (size_t i = 0; i < na; i++)
		assert_string_equal(a[i], b[i]);
}

static void assert_same_rule(const struct cw_rule *a, const struct cw_rule *b)
{
	assert_string_equal(a->provider, b->provider);
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->anchor, b->anchor);
	assert_string_equal(a->pattern, b->pattern);
	assert_string_equal(a->description, b->description);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->cls, b->cls);
	assert_int_equal(a->severity, b->severity);
	assert_int_equal(a->cwe, b->cwe);
	assert_int_equal(a->before, b->before);
	assert_int_equal(a->after, b->after);
	assert_int_equal(a->width, b->width);
	assert_true(a->value.entropy == b->value.entropy && a->value.model == b->value.model);
	assert_texts(a->value.stopwords, a->value.stopwords_len, b->value.stopwords, b->value.stopwords_len);
	assert_texts(a->paths_only, a->paths_only_len, b->paths_only, b->paths_only_len);
	assert_texts(a->paths_lower, a->paths_lower_len, b->paths_lower, b->paths_lower_len);
	assert_texts(a->references, a->references_len, b->references, b->references_len);
	assert_int_equal(a->examples_len, b->examples_len);
	assert_string_equal(a->examples[1].text, b->examples[1].text);
	assert_int_equal(a->proofs_len, b->proofs_len);
	for (size_t i = 0; i < a->proofs_len; i++) {
		assert_int_equal(a->proofs[i].check, b->proofs[i].check);
		assert_int_equal(a->proofs[i].reject, b->proofs[i].reject);
		assert_string_equal(a->proofs[i].of, b->proofs[i].of);
		assert_int_equal(a->proofs[i].params_len, b->proofs[i].params_len);
	}
	assert_int_equal(a->parts_len, b->parts_len);
	if (a->parts_len)
		assert_int_equal(a->parts[0].rule_index, b->parts[0].rule_index);
	assert_int_equal(a->labels_len, b->labels_len);
}

static struct cw_set *read_image(const struct cw_buf *image)
{
	struct cw_err err = CW_ERR_INIT;
	struct cw_set *set = NULL;

	if (cw_set_from_image(image->data, image->len, &set, &err) < 0)
		fail_msg("%s", cw_err_msg(&err));
	return set;
}

/* rules come sorted by id, whatever their order in the file, and parts point to the right one */
static void test_compile(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3);

	assert_int_equal(cw_set_len(set), 3);
	assert_string_equal(cw_set_rule(set, 0)->id, "generic.c");
	assert_string_equal(cw_set_rule(set, 1)->id, "t.a");
	assert_string_equal(cw_set_rule(set, 2)->id, "t.b");
	assert_int_equal(cw_set_rule(set, 2)->index, 2);
	assert_int_equal(cw_set_rule(set, 2)->parts[0].rule_index, 1);
	assert_int_equal(cw_set_rule(set, 2)->width, 12);
}

/* finding by id: each rule, and neighbours that do not exist */
static void test_find(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3);

	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(cw_set_find(set, cw_set_rule(set, i)->id), cw_set_rule(set, i));
	assert_null(cw_set_find(set, "t"));
	assert_null(cw_set_find(set, "t.aa"));
	assert_null(cw_set_find(set, ""));
	assert_null(cw_set_find(set, "zzz"));
}

/* an unfinished book does not compile */
static void test_unfinished(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	struct cw_set *set = NULL;

	assert_int_equal(cw_rulebook_new(&book, NULL), 0);
	assert_int_equal(cw_set_compile(book, &set, NULL), CW_E_INTERNAL);
	assert_null(set);
}

/* a set outlives its book, and references count */
static void test_references(void **state)
{
	struct cw_set *set = fx_set(rules, 3), *again = cw_set_ref(set);

	cw_set_unref(set);
	assert_string_equal(cw_set_rule(again, 1)->title, "T");
	cw_set_unref(again);
	cw_set_unref(NULL);
}

/* an image holds everything, works, and is the same bytes when written again */
static void test_round_trip(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3), *copy = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT, again = CW_BUF_INIT;
	CW_CLEANUP(cw_stage1_free_p) struct cw_stage1 *stage1 = NULL;

	assert_int_equal(cw_set_image(set, &image, NULL), 0);
	copy = read_image(&image);
	assert_int_equal(cw_set_len(copy), 3);
	for (size_t i = 0; i < 3; i++)
		assert_same_rule(cw_set_rule(set, i), cw_set_rule(copy, i));
	assert_memory_equal(cw_set_digest(set), cw_set_digest(copy), CW_SHA256_LEN);
	assert_int_equal(cw_set_image(copy, &again, NULL), 0);
	assert_int_equal(again.len, image.len);
	assert_memory_equal(again.data, image.data, image.len);
	assert_int_equal(cw_stage1_new(copy, &stage1, NULL), 0);
	assert_int_equal(cw_stage1_known_answer(stage1, NULL), 0);
}

static size_t answers_len(const struct fx_rule *list, size_t n)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(list, n);
	CW_CLEANUP(cw_stage1_free_p) struct cw_stage1 *stage1 = NULL;

	assert_int_equal(cw_stage1_new(set, &stage1, NULL), 0);
	assert_int_equal(cw_stage1_known_answer(stage1, NULL), 0);
	return cw_set_answers(set, false).len + cw_set_answers(set, true).len;
}

/* the known-answer test needs few bytes of long examples, and those around the anchor where it looks at them */
static void test_answers(void **state)
{
	static const char around[] = "some words that stand around and go on to stand around until nobody reads them any more";
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct fx_rule list[] = {
		{"t.plain", "aaa_[0-9]{8}", "(?<secret>aaa_[0-9]{8})", NULL, 0, 0, NULL},
		{"t.edges", "\\bbbb_[0-9]{4}\\b", "(?<secret>bbb_[0-9]{4})", NULL, 0, 0, NULL},
		{"t.start", "^ccc_[0-9]{4}", "(?<secret>ccc_[0-9]{4})", NULL, 0, 0, NULL},
		{"t.end", "ddd_[0-9]{4}$", "(?<secret>ddd_[0-9]{4})", NULL, 0, 0, NULL},
		{"t.before", "[^a]eee_[0-9]{4}", "(?<secret>eee_[0-9]{4})", NULL, 0, 0, NULL},
	};

	cw_buf_addf(&text, "%s aaa_12345678 %s bbb_1234 %s\nccc_1234 %s ddd_1234\n%s eee_1234 %s", around, around, around,
		    around, around, around);
	assert_int_equal(text.fail, 0);
	for (size_t i = 0; i < 5; i++)
		list[i].example = text.data;
	assert_in_range(answers_len(list, 5), 5 * 8, 5 * 20);
}

/* rules taken from a set into a new book give the same set, even when others join that move their indexes */
static void test_rules_from_set(void **state)
{
	static const struct fx_rule more = {"t.a0", "zzz_[0-9]{8}", "(?<secret>zzz_[0-9]{8})", "zzz_12345678", 0, 0, NULL};
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3), *same = NULL, *larger = NULL;
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL, *wide = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	assert_int_equal(cw_rulebook_new(&book, NULL), 0);
	assert_int_equal(cw_rulebook_add_set(book, set, NULL), 0);
	assert_int_equal(cw_rulebook_finish(book, NULL), 0);
	assert_int_equal(cw_set_compile(book, &same, NULL), 0);
	assert_memory_equal(cw_set_digest(set), cw_set_digest(same), CW_SHA256_LEN);
	fx_yaml(&more, 1, &text);
	assert_int_equal(cw_rulebook_new(&wide, NULL), 0);
	assert_int_equal(cw_rulebook_add(wide, "-", text.data, text.len, NULL), 0);
	assert_int_equal(cw_rulebook_add_set(wide, set, NULL), 0);
	assert_int_equal(cw_rulebook_finish(wide, NULL), 0);
	assert_int_equal(cw_set_compile(wide, &larger, NULL), 0);
	assert_string_equal(cw_set_rule(larger, cw_set_find(larger, "t.b")->parts[0].rule_index)->id, "t.a");
	assert_int_equal(cw_set_find(set, "t.b")->parts[0].rule_index, 1);
}

static void digest_of(const struct fx_rule *list, size_t n, uint8_t out[CW_SHA256_LEN])
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(list, n);

	memcpy(out, cw_set_digest(set), CW_SHA256_LEN);
}

/* the digest is the same in any order of rules and files, and another for any other rule */
static void test_digest(void **state)
{
	struct fx_rule other[3] = {rules[2], rules[1], rules[0]};
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *split = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	uint8_t a[CW_SHA256_LEN], b[CW_SHA256_LEN];

	digest_of(rules, 3, a);
	digest_of(other, 3, b);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(cw_rulebook_new(&book, NULL), 0);
	for (int i = 2; i >= 0; i--) {
		cw_buf_clear(&text);
		fx_yaml(&rules[i], 1, &text);
		assert_int_equal(cw_rulebook_add(book, "-", text.data, text.len, NULL), 0);
	}
	assert_int_equal(cw_rulebook_finish(book, NULL), 0);
	assert_int_equal(cw_set_compile(book, &split, NULL), 0);
	assert_memory_equal(cw_set_digest(split), a, sizeof(a));
	other[0].example = "secret2";
	digest_of(other, 3, b);
	assert_memory_not_equal(a, b, sizeof(a));
	other[0].example = "secret1";
	other[1].after = 10;
	digest_of(other, 3, b);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void refused(const char *image, size_t len, size_t at)
{
	struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	char *exact = malloc(len ? len : 1); /* a read behind the end shows with a sanitizer */

	assert_non_null(exact);
	memcpy(exact, image, len);
	if (cw_set_from_image(exact, len, &set, &err) != CW_E_CORRUPT)
		fail_msg("accepted with %zu bytes, damaged at %zu", len, at);
	assert_null(set);
	assert_true(err.msg[0] != '\0');
	free(exact);
}

/* every 97th byte damaged, and every byte of the header */
static void test_damaged(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3);
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;

	assert_int_equal(cw_set_image(set, &image, NULL), 0);
	for (size_t i = 0; i < image.len; i += i < HEADER_LEN ? 1 : 97) {
		image.data[i] ^= 0x20;
		refused(image.data, image.len, i);
		image.data[i] ^= 0x20;
	}
	cw_set_unref(read_image(&image));
}

/* cut short at every 97th byte, and one byte more */
static void test_truncated(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3);
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;

	assert_int_equal(cw_set_image(set, &image, NULL), 0);
	for (size_t len = 0; len < image.len; len += 97)
		refused(image.data, len, len);
	refused(image.data, image.len - 1, image.len - 1);
	cw_buf_addc(&image, '\0');
	refused(image.data, image.len, image.len);
}

/* made by another engine or another Hyperscan */
static void test_other_version(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3);
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;
	struct cw_set *none = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_set_image(set, &image, NULL), 0);
	assert_int_equal(image.data[AT_ENGINE], CW_ENGINE_VERSION);
	image.data[AT_ENGINE]++;
	assert_int_equal(cw_set_from_image(image.data, image.len, &none, &err), CW_E_CORRUPT);
	assert_string_equal(cw_err_msg(&err), "the compiled rule set was made by another version");
	image.data[AT_ENGINE]--;
	image.data[AT_HS_VERSION]++;
	assert_int_equal(cw_set_from_image(image.data, image.len, &none, &err), CW_E_CORRUPT);
	image.data[AT_HS_VERSION]--;
	assert_memory_equal(image.data + AT_DIGEST, cw_set_digest(set), CW_SHA256_LEN);
	cw_set_unref(read_image(&image));
}

/* patterns are compiled once, those of proofs too; a proof without an expression has none */
static void test_patterns(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3);
	const struct cw_pattern *a = NULL, *b = NULL, *c = NULL, *none = NULL;

	assert_int_equal(cw_set_pattern(set, 2, -1, &a, NULL), 0);
	assert_int_equal(cw_set_pattern(set, 2, -1, &b, NULL), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(cw_set_pattern(set, 2, 1, &c, NULL), 0);
	assert_ptr_not_equal(a, c);
	assert_int_equal(cw_pattern_group(a, "body"), 2);
	assert_int_equal(cw_set_pattern(set, 2, 0, &none, NULL), CW_E_INTERNAL);
	assert_null(none);
}

/* the embedded default rules load, and are what their image says */
static void test_default(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL, *copy = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	if (cw_set_default(&set, &err) < 0)
		fail_msg("%s", cw_err_msg(&err));
	assert_true(cw_set_len(set) > 100);
	assert_int_equal(cw_set_image(set, &image, NULL), 0);
	copy = read_image(&image);
	assert_memory_equal(cw_set_digest(set), cw_set_digest(copy), CW_SHA256_LEN);
}

/* an image that is shared is used where it lies, read-only and at any suitable address; elsewhere, or of the other kind, it is refused */
static void test_shared(void **state)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = fx_set(rules, 3), *shared = NULL, *other = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf image = CW_BUF_INIT, copied = CW_BUF_INIT;
	struct cw_stage1 *stage1 = NULL;
	char *pages;

	assert_int_equal(cw_set_image_shared(set, &image, NULL), 0);
	assert_int_equal(cw_set_image(set, &copied, NULL), 0);
	pages = mmap(NULL, image.len + CW_SET_ALIGN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(pages != MAP_FAILED);
	memcpy(pages + 1, image.data, image.len);
	assert_int_equal(cw_set_at(pages + 1, image.len, &other, NULL), CW_E_CORRUPT);
	memmove(pages + CW_SET_ALIGN, pages + 1, image.len);
	assert_int_equal(mprotect(pages, image.len + CW_SET_ALIGN, PROT_READ), 0);
	assert_int_equal(cw_set_at(pages + CW_SET_ALIGN, image.len, &shared, NULL), 0);
	assert_same_rule(cw_set_rule(set, 2), cw_set_rule(shared, 2));
	assert_int_equal(cw_stage1_new(shared, &stage1, NULL), 0);
	assert_int_equal(cw_stage1_known_answer(stage1, NULL), 0);
	cw_stage1_free(stage1);
	assert_int_equal(cw_set_at(pages + CW_SET_ALIGN, image.len - 1, &other, NULL), CW_E_CORRUPT);
	assert_int_equal(cw_set_from_image(image.data, image.len, &other, NULL), CW_E_CORRUPT);
	assert_int_equal(cw_set_at(copied.data, copied.len, &other, NULL), CW_E_CORRUPT);
	cw_set_unref(cw_steal(&shared));
	munmap(pages, image.len + CW_SET_ALIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compile),	   cmocka_unit_test(test_find),	      cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_references), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_rules_from_set),
		cmocka_unit_test(test_answers),	   cmocka_unit_test(test_digest),     cmocka_unit_test(test_damaged),    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_other_version), cmocka_unit_test(test_patterns), cmocka_unit_test(test_default),
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
