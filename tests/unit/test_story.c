/* Tests of match/story.h: the story of a verdict says what the verdict is, step by step, and never what was judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"
#include "match/blob.h"
#include "match/story.h"
#include "match/value.h"

/* Rules by index: sorted by id. */
enum { GENERIC, DENSE, LABEL, NEED, PART, PROOF, SOFT, VALUE, COUNT };
static const struct fx_rule rules[] = {
	{"generic.a", "pass=", "pass=(?<secret>[A-Za-z0-9_]+)", "pass=x1", 20, 40, "    value: {model: token}\n"},
	{"t.dense", "den_", "(?<secret>den_[a-z0-9]+)", "den_0a1b2c3d4e5f", 20, 40, "    dense: true\n"},
	{"t.label", "lab_[0-9]{4}", "(?<secret>lab_[0-9]{4,})", "lab_1234", 20, 20,
	 "    labels: [{text: '0000', label: example}]\n    value: {entropy: 2.5}\n"},
	{"t.need", "need=", "need=(?<secret>[0-9]+)", "need=1", 60, 60,
	 "    parts: [{name: id, rule: t.part, lines: 2, required: true}]\n"},
	{"t.part", "part_[0-9]", "(?<secret>part_[0-9])", "part_1", 20, 20, NULL},
	{"t.proof", "card=", "card=(?<secret>[0-9]+)", "card=1", 20, 12, "    proof: [{check: luhn, on_fail: reject}]\n"},
	{"t.soft", "soft=", "soft=(?<secret>[0-9]+)", "soft=1", 20, 20, "    proof: [{check: luhn, on_fail: pattern}]\n"},
	{"t.value", "val=", "val=(?<secret>[A-Za-z0-9_]+)", "val=a8Kx3Qz9Lw2P", 20, 60,
	 "    value: {entropy: 3.0, stopwords: [xyz, Example], model: password}\n"},
};

static struct cw_set *set;

static int setup(void **state)
{
	set = fx_set(rules, COUNT);
	return 0;
}

static int teardown(void **state)
{
	cw_set_unref(set);
	return 0;
}

struct heard { /* the last verdict, and how many there were */
	struct cw_verdict verdict;
	struct cw_story story;
	uint32_t rule;
	size_t count;
	int answer;
};

static int on_verdict(void *payload, const struct cw_judged *j, struct cw_err *err)
{
	struct heard *h = payload;

	h->verdict = *j->verdict;
	h->rule = j->rule;
	h->count++;
	assert_int_equal(cw_story_copy(&h->story, j->story, err), 0);
	return h->answer;
}

/* The story of RULE's verdict on the anchor that ends behind MARK in TEXT; the same verdict comes without a recorder. */
static void listen(uint32_t rule, const char *text, const char *mark, struct heard *h)
{
	CW_CLEANUP(cw_judge_free_p) struct cw_judge *judge = NULL;
	struct cw_recorder recorder = {.verdict = on_verdict, .payload = h, .story = CW_STORY_INIT};
	const char *at = strstr(text, mark);
	struct cw_verdict told, untold;
	size_t end;

	*h = (struct heard){.story = CW_STORY_INIT};
	assert_non_null(at);
	end = (size_t)(at - text) + strlen(mark);
	assert_int_equal(cw_judge_new(set, &judge, NULL), 0);
	assert_int_equal(cw_judge_candidate(judge, rule, text, strlen(text), end, &untold, NULL), 0);
	cw_judge_set_recorder(judge, &recorder);
	assert_int_equal(cw_judge_candidate(judge, rule, text, strlen(text), end, &told, NULL), 0);
	cw_story_release(&recorder.story);
	assert_int_equal(h->count, 1);
	assert_int_equal(h->rule, rule);
	assert_int_equal(told.kind, untold.kind);
	assert_int_equal(told.proof, untold.proof);
	assert_int_equal(told.start, untold.start);
	assert_int_equal(told.end, untold.end);
	assert_int_equal(h->verdict.kind, told.kind);
}

static const struct cw_step *find(const struct cw_story *s, const char *check, size_t *ret)
{
	for (size_t i = 0; i < s->steps.len; i++) {
		if (strcmp(CW_VEC_AT(&s->steps, struct cw_step, i).check, check) != 0)
			continue;
		*ret = i;
		return &CW_VEC_AT(&s->steps, struct cw_step, i);
	}
	return NULL;
}

/* CHECK has RESULT, and its text holds TEXT. */
static void says(const struct cw_story *s, const char *check, enum cw_step_result result, const char *text)
{
	size_t i = 0;
	const struct cw_step *step = find(s, check, &i);

	if (!step)
		fail_msg("nothing is said of '%s'", check);
	if (step->result != result)
		fail_msg("'%s': %s, not %s", check, cw_step_result_name(step->result), cw_step_result_name(result));
	if (!strstr(cw_story_text(s, i), text))
		fail_msg("'%s': '%s' lacks '%s'", check, cw_story_text(s, i), text);
}

static size_t failures(const struct cw_story *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->steps.len; i++)
		n += CW_VEC_AT(&s->steps, struct cw_step, i).result == CW_STEP_FAILED;
	return n;
}

/* The verdict on TEXT is KIND, because of CHECK: the only step that failed, and the last. */
static void rejected(uint32_t rule, const char *text, const char *mark, enum cw_verdict_kind kind, const char *check)
{
	struct heard h;

	listen(rule, text, mark, &h);
	assert_int_equal(h.verdict.kind, kind);
	says(&h.story, check, CW_STEP_FAILED, "");
	assert_int_equal(failures(&h.story), 1);
	assert_string_equal(CW_VEC_AT(&h.story.steps, struct cw_step, h.story.steps.len - 1).check, check);
	cw_story_release(&h.story);
}

/* every kind of rejection is told by the check that rejected */
static void test_rejections(void **state)
{
	rejected(DENSE, "den_ab", "den_", CW_VERDICT_SPARSE, "dense");
	rejected(VALUE, "val=aaaaaaaaaaaa", "val=", CW_VERDICT_VALUE, "entropy");
	rejected(VALUE, "val=a8Kx3eXample9Lw2P", "val=", CW_VERDICT_VALUE, "stop words");
	rejected(VALUE, "val=changeme_please", "val=", CW_VERDICT_VALUE, "placeholder");
	rejected(VALUE, "val=12345678abcdefgh", "val=", CW_VERDICT_VALUE, "repetition");
	rejected(GENERIC, "pass=Zx3Lw9K", "pass=", CW_VERDICT_VALUE, "rarity");
	rejected(GENERIC, "pass=user_name_and_mail", "pass=", CW_VERDICT_VALUE, "words");
	/* a generic rule leaves a vendor's key to that vendor's rule */
	rejected(GENERIC, "pass=den_9x4kq7v2z8w1", "pass=", CW_VERDICT_VENDOR, "vendor");
	rejected(PROOF, "card=79927398714 ", "card=", CW_VERDICT_PROOF, "proof");
	rejected(NEED, "need=1", "need=", CW_VERDICT_PART, "part");
}

/* an accepted value: all checks with their values and limits */
static void test_accepted(void **state)
{
	struct heard h;

	listen(VALUE, "val=a8Kx3Qz9Lw2P", "val=", &h);
	assert_int_equal(h.verdict.kind, CW_VERDICT_ACCEPT);
	says(&h.story, "entropy", CW_STEP_PASSED, "3.58 bits a character, at least 3.00");
	says(&h.story, "stop words", CW_STEP_PASSED, "none of the rule's 2");
	says(&h.story, "model", CW_STEP_NOTE, "password");
	says(&h.story, "placeholder", CW_STEP_PASSED, "");
	says(&h.story, "length", CW_STEP_PASSED, "at least 4");
	assert_int_equal(failures(&h.story), 0);
	cw_story_release(&h.story);
	listen(GENERIC, "pass=q8Zx3Lw9Kp2T7v", "pass=", &h);
	assert_int_equal(h.verdict.kind, CW_VERDICT_ACCEPT);
	says(&h.story, "entropy", CW_STEP_SKIPPED, "");
	says(&h.story, "rarity", CW_STEP_PASSED, "at least 4.60");
	cw_story_release(&h.story);
}

/* proofs: held, failed without rejecting, not made for what is cut; 79927398713 is the Luhn example of everyone */
static void test_proofs(void **state)
{
	struct heard h;

	listen(SOFT, "soft=79927398713 ", "soft=", &h);
	says(&h.story, "proof", CW_STEP_PASSED, "luhn of group 'secret' holds: checksum");
	cw_story_release(&h.story);
	listen(SOFT, "soft=79927398714 ", "soft=", &h);
	assert_int_equal(h.verdict.kind, CW_VERDICT_ACCEPT);
	says(&h.story, "proof", CW_STEP_FAILED, "stands without it");
	cw_story_release(&h.story);
	listen(PROOF, "card=79927398713000000", "card=", &h);
	says(&h.story, "cut", CW_STEP_NOTE, "cannot be proved");
	assert_null(find(&h.story, "proof", &(size_t){0}));
	cw_story_release(&h.story);
}

/* companions and labels */
static void test_parts_and_labels(void **state)
{
	struct heard h;

	listen(NEED, "need=1\npart_1", "need=", &h);
	says(&h.story, "part", CW_STEP_PASSED, "'id' by t.part within 2 lines: found");
	cw_story_release(&h.story);
	/* a documented value is not judged by its characters */
	listen(LABEL, "lab_0000", "lab_0000", &h);
	assert_int_equal(h.verdict.kind, CW_VERDICT_ACCEPT);
	says(&h.story, "label", CW_STEP_NOTE, "example");
	assert_null(find(&h.story, "entropy", &(size_t){0}));
	cw_story_release(&h.story);
}

/* no text of any step holds four bytes of the value in a row */
static void test_no_secret(void **state)
{
	static const char *const texts[] = {"val=a8Kx3Qz9Lw2P", "val=aaaaaaaaaaaa", "val=a8Kx3eXample9Lw2P",
					    "val=Zq3changeme7Kx"};

	for (size_t t = 0; t < sizeof(texts) / sizeof(*texts); t++) {
		const char *value = texts[t] + 4;
		struct heard h;

		listen(VALUE, texts[t], "val=", &h);
		for (size_t i = 0; i < h.story.steps.len; i++) {
			for (size_t k = 0; value[k] && strlen(value + k) >= 4; k++) {
				char piece[5] = {value[k], value[k + 1], value[k + 2], value[k + 3], '\0'};

				if (strstr(cw_story_text(&h.story, i), piece) && !strstr("<your-key>, changeme", piece))
					fail_msg("'%s' holds '%s'", cw_story_text(&h.story, i), piece);
			}
		}
		cw_story_release(&h.story);
	}
}

/* a whole blob: each candidate is told once, decoded ones too, and the hits are the same as without a recorder */
static void test_blob(void **state)
{
	/* in base64: "text around val=a8Kx3Qz9Lw2P and more" */
	static const char text[] = "card=79927398714 part_1\nneed=1\n"
				   "dGV4dCBhcm91bmQgdmFsPWE4S3gzUXo5THcyUCBhbmQgbW9yZQ==\n";
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *m = NULL;
	struct heard h = {.story = CW_STORY_INIT};
	struct cw_recorder recorder = {.verdict = on_verdict, .payload = &h, .story = CW_STORY_INIT};
	struct cw_result with, without;

	cw_result_init(&with);
	cw_result_init(&without);
	assert_int_equal(cw_matcher_new(set, &m, NULL), 0);
	assert_int_equal(cw_match_blob(m, text, strlen(text), &without, NULL), 0);
	assert_int_equal(h.count, 0);
	cw_matcher_set_recorder(m, &recorder);
	assert_int_equal(cw_match_blob(m, text, strlen(text), &with, NULL), 0);
	assert_int_equal(h.count, with.candidates);
	assert_int_equal(h.rule, VALUE);
	assert_int_equal(with.hits.len, 3);
	assert_int_equal(without.hits.len, with.hits.len);
	assert_memory_equal(with.hits.items, without.hits.items, with.hits.len * sizeof(struct cw_hit));
	/* whoever listens may end the scan */
	h.answer = CW_E_CANCELLED;
	assert_int_equal(cw_match_blob(m, text, strlen(text), &with, NULL), CW_E_CANCELLED);
	/* and nobody need listen any longer */
	cw_matcher_set_recorder(m, NULL);
	assert_int_equal(cw_match_blob(m, text, strlen(text), &with, NULL), 0);
	cw_result_release(&with);
	cw_result_release(&without);
	cw_story_release(&h.story);
	cw_story_release(&recorder.story);
}

/* the judgement on a value is the same with a story, whatever the value */
static void test_same_value(void **state)
{
	static const char alphabet[] = "aAbBxX019_-.$<>{}%@ \"'/\\:=";
	struct fx_rng rng = {fx_seed("story")};
	struct cw_story story = CW_STORY_INIT;
	const char *words[] = {"x", "secret"};
	char value[40];

	for (int n = 0; n < 20000; n++) {
		struct cw_value_spec spec = {.entropy = (double)fx_below(&rng, 4), .stopwords = words,
					     .stopwords_len = fx_below(&rng, 3),
					     .model = (enum cw_value_model)fx_below(&rng, 3)};
		size_t len = fx_below(&rng, sizeof(value));
		bool quoted = fx_below(&rng, 2);
		enum cw_value_verdict v;

		for (size_t i = 0; i < len; i++)
			value[i] = alphabet[fx_below(&rng, sizeof(alphabet) - 1)];
		cw_story_clear(&story);
		v = cw_value_explain(&spec, value, len, quoted, &story);
		assert_int_equal(v, cw_value_judge(&spec, value, len, quoted));
		assert_int_equal(failures(&story), v != CW_VALUE_OK);
	}
	cw_story_release(&story);
}

/* more steps than there is room for are an error, not a shorter story */
static void test_full(void **state)
{
	struct cw_story story = CW_STORY_INIT, copy = CW_STORY_INIT;

	for (size_t i = 0; i < CW_STORY_STEPS_MAX; i++)
		cw_story_add(&story, "x", CW_STEP_NOTE, "%zu", i);
	assert_int_equal(cw_story_fail(&story, NULL), 0);
	assert_string_equal(cw_story_text(&story, 11), "11");
	assert_int_equal(cw_story_copy(&copy, &story, NULL), 0);
	assert_string_equal(cw_story_text(&copy, CW_STORY_STEPS_MAX - 1), "2047");
	cw_story_add(&story, "x", CW_STEP_NOTE, "one more");
	assert_int_equal(cw_story_fail(&story, NULL), CW_E_LIMIT);
	cw_story_clear(&story);
	assert_int_equal(cw_story_fail(&story, NULL), 0);
	/* nobody asks */
	cw_story_add(NULL, "x", CW_STEP_NOTE, "%d", 1);
	assert_true(cw_story_fails(NULL, "x", true, "a", "b"));
	assert_false(cw_story_fails(NULL, "x", false, "a", "b"));
	cw_story_release(&story);
	cw_story_release(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rejections),	 cmocka_unit_test(test_accepted),  cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_parts_and_labels), cmocka_unit_test(test_no_secret), cmocka_unit_test(test_blob),
		cmocka_unit_test(test_same_value),	 cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
