/* tests/unit/test_kept.c - hits that wait for their places: one a fact and holder, numbered whatever the order of the workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scan/kept.h"

static const struct cw_rule rule_a = { .id = "t.a" }, rule_b = { .id = "t.b" };
static const char mark[] = "a mark";

struct sample {
	char secret;
	const struct cw_rule *rule;
	enum cw_proof_level proof;
	bool cut;
	uint64_t line, more;
	const char *mark;
};

static void stage(struct cw_stage *s, struct sample sample)
{
	struct cw_scan_hit hit = { .rule = sample.rule, .proof = sample.proof, .cut = sample.cut, .line = sample.line,
				   .more = sample.more, .mark = sample.mark };
	struct cw_kept kept = { .handle = &rule_a };

	memset(kept.secret, sample.secret, sizeof(kept.secret));
	assert_int_equal(cw_stage_add(s, &hit, &kept, NULL), 0);
}

static uint32_t add(struct cw_kept_table *t, struct cw_stage *s, uint8_t id)
{
	struct cw_oid oid = { .len = 20, .id = { id } };
	uint32_t holder = 0;

	assert_int_equal(cw_kept_add(t, s, &oid, CW_OBJ_BLOB, &holder, NULL), 0);
	return holder;
}

/* an object without hits is no holder */
static void nothing(void **state)
{
	CW_CLEANUP(cw_kept_release) struct cw_kept_table t;
	CW_CLEANUP(cw_stage_release) struct cw_stage s = CW_STAGE_INIT;

	assert_int_equal(cw_kept_init(&t, NULL), 0);
	assert_int_equal(add(&t, &s, 1), CW_HOLDER_NONE);
	assert_int_equal(cw_kept_finish(&t, NULL), 0);
	assert_int_equal(t.secrets, 0);
	assert_int_equal(t.holders.len, 0);
}

/* of the hits of one fact the strongest proof is shown, then what is not cut, then the first; what more there is stays known */
static void one_hit_a_fact(void **state)
{
	CW_CLEANUP(cw_kept_release) struct cw_kept_table t;
	CW_CLEANUP(cw_stage_release) struct cw_stage s = CW_STAGE_INIT;
	const struct cw_kept_hit *hits;
	uint32_t len;

	assert_int_equal(cw_kept_init(&t, NULL), 0);
	stage(&s, (struct sample){ 'x', &rule_a, CW_PROOF_PATTERN, false, 1, 5, mark });
	stage(&s, (struct sample){ 'x', &rule_a, CW_PROOF_CHECKSUM, true, 2, 0, mark });
	stage(&s, (struct sample){ 'x', &rule_a, CW_PROOF_CHECKSUM, false, 9, 0, mark });
	stage(&s, (struct sample){ 'x', &rule_a, CW_PROOF_CHECKSUM, false, 4, 0, mark });
	assert_int_equal(add(&t, &s, 1), 0);
	stage(&s, (struct sample){ 'x', &rule_a, CW_PROOF_PATTERN, false, 3, 0, mark });
	stage(&s, (struct sample){ 'x', &rule_a, CW_PROOF_PATTERN, false, 4, 0, NULL });
	assert_int_equal(add(&t, &s, 2), 1);
	assert_int_equal(cw_kept_finish(&t, NULL), 0);
	hits = cw_kept_hits(&t, 0, &len);
	assert_int_equal(len, 1);
	assert_int_equal(hits->line, 4);
	assert_int_equal(hits->more, 5);
	assert_ptr_equal(hits->mark, mark);
	hits = cw_kept_hits(&t, 1, &len);
	assert_int_equal(len, 1);
	assert_int_equal(hits->line, 3);
	assert_null(hits->mark); /* one of them has none */
	assert_ptr_equal(hits->handle, &rule_a);
}

/* the same secret by two rules is two facts, but one secret */
static void facts_and_secrets(void **state)
{
	CW_CLEANUP(cw_kept_release) struct cw_kept_table t;
	CW_CLEANUP(cw_stage_release) struct cw_stage s = CW_STAGE_INIT;
	uint32_t len;

	assert_int_equal(cw_kept_init(&t, NULL), 0);
	stage(&s, (struct sample){ 'y', &rule_b, CW_PROOF_PATTERN, false, 1, 0, NULL });
	stage(&s, (struct sample){ 'y', &rule_a, CW_PROOF_PATTERN, false, 2, 0, NULL });
	stage(&s, (struct sample){ 'x', &rule_b, CW_PROOF_PATTERN, false, 3, 0, NULL });
	add(&t, &s, 1);
	assert_int_equal(cw_kept_finish(&t, NULL), 0);
	assert_int_equal(t.facts.len, 3);
	assert_int_equal(t.secrets, 2);
	assert_int_equal(cw_kept_fact(&t, 0)->secret[0], 'x');
	assert_ptr_equal(cw_kept_fact(&t, 1)->rule, &rule_a);
	assert_ptr_equal(cw_kept_fact(&t, 2)->rule, &rule_b);
	assert_int_equal(cw_kept_fact(&t, 1)->secret_no, cw_kept_fact(&t, 2)->secret_no);
	assert_int_not_equal(cw_kept_fact(&t, 0)->secret_no, cw_kept_fact(&t, 1)->secret_no);
	cw_kept_hits(&t, 0, &len);
	assert_int_equal(len, 3);
	for (uint32_t fact = 0; fact < 3; fact++)
		assert_int_equal(cw_kept_find(&t, 0, fact)->fact, fact);
	assert_int_equal(cw_kept_find(&t, 0, 0)->line, 3);
	assert_null(cw_kept_find(&t, 0, 3));
}

/* facts get the same numbers whatever the order in which the workers find them */
static void order(void **state)
{
	struct cw_kept_table t[2];
	CW_CLEANUP(cw_stage_release) struct cw_stage s = CW_STAGE_INIT;

	for (int run = 0; run < 2; run++) {
		assert_int_equal(cw_kept_init(&t[run], NULL), 0);
		for (int i = 0; i < 200; i++) {
			int n = run ? 199 - i : i;

			stage(&s, (struct sample){ (char)(n * 7), n % 3 ? &rule_a : &rule_b, CW_PROOF_PATTERN, false, 1, 0, NULL });
			stage(&s, (struct sample){ (char)n, &rule_a, CW_PROOF_PATTERN, false, 2, 0, NULL });
			add(&t[run], &s, (uint8_t)n);
		}
		assert_int_equal(cw_kept_finish(&t[run], NULL), 0);
	}
	assert_int_equal(t[0].facts.len, t[1].facts.len);
	assert_int_equal(t[0].secrets, t[1].secrets);
	for (uint32_t i = 0; i < t[0].facts.len; i++) {
		assert_memory_equal(cw_kept_fact(&t[0], i)->secret, cw_kept_fact(&t[1], i)->secret, CW_SECRET_ID_LEN);
		assert_ptr_equal(cw_kept_fact(&t[0], i)->rule, cw_kept_fact(&t[1], i)->rule);
	}
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t len;
		const struct cw_kept_hit *hits = cw_kept_hits(&t[0], i, &len);

		for (uint32_t k = 0; k < len; k++)
			assert_non_null(cw_kept_find(&t[1], 199 - i, hits[k].fact));
	}
	cw_kept_release(&t[0]);
	cw_kept_release(&t[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(one_hit_a_fact),
		cmocka_unit_test(facts_and_secrets),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
