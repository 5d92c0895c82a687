/* Tests of cw_key_parse() and the proofs without memory: each allocation fails in turn, libcrypto's own among them. Required outcome:
 * CW_E_NOMEM, or the right answer all the same. Above all no key is ever called broken because memory was short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "fail_alloc.h"
#include "key_make.h"
#include "match/proof.h"
#include "rules/image.h"

/* This test has no default rules. */
const unsigned char cw_default_image[1] = {0};
const size_t cw_default_image_len = 0;

#define ALLOCATIONS_MAX 100000 /* more than any case makes */

/* Parse KEY with the N-th allocation failing; false when it made fewer. */
static bool parse_nth(const struct cw_buf *key, enum cw_key_state want, unsigned long n, enum cw_fail_alloc_mode mode)
{
	enum cw_key_state state = CW_KEY_BROKEN;
	struct cw_buf canon = CW_BUF_INIT;
	unsigned long count;
	int rc;

	cw_fail_alloc_mode(n, mode);
	rc = cw_key_parse(key->data, key->len, &state, &canon, NULL);
	count = cw_fail_alloc_count();
	cw_fail_alloc_at(0);
	cw_buf_release(&canon);
	if (rc != CW_E_NOMEM && rc != CW_E_INTERNAL && (rc != 0 || state != want))
		fail_msg("allocation %lu: result %d, state %d instead of %d", n, rc, state, want);
	if (rc != 0 && count < n)
		fail_msg("allocation %lu: error without a failure", n);
	return count >= n;
}

static void check_key(const struct cw_buf *key, enum cw_key_state want)
{
	unsigned long n;

	assert_int_equal(parse(key->data, key->len, NULL), want); /* also lets libcrypto make what it keeps */
	for (n = 1; parse_nth(key, want, n, CW_FAIL_ALLOC_ONCE); n++)
		assert_true(n < ALLOCATIONS_MAX);
	assert_true(n > 1);
	for (n = 1; parse_nth(key, want, n, CW_FAIL_ALLOC_FROM); n++)
		assert_true(n < ALLOCATIONS_MAX);
}

/* PEM of each algorithm, plain, encrypted and public. */
static void test_pem(void **state)
{
	EVP_PKEY *keys[] = {make_rsa(), make_ec(), make_dsa(), make_ed25519()};

	for (size_t i = 0; i < 4; i++) {
		CW_CLEANUP(cw_buf_release)
		struct cw_buf plain = CW_BUF_INIT,
			      locked = CW_BUF_INIT, public = CW_BUF_INIT;
		make_pem(keys[i], i < 3 ? MAKE_OLD : MAKE_PKCS8, &plain);
		make_pem(keys[i], MAKE_PKCS8_ENCRYPTED, &locked);
		make_pem(keys[i], MAKE_PUBLIC, &public);
		check_key(&plain, CW_KEY_PLAIN);
		check_key(&locked, CW_KEY_ENCRYPTED);
		check_key(&public, CW_KEY_PUBLIC);
	}
}

/* A whole curve's worth of scrambled input: still broken, or out of memory. */
static void test_broken(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf der = CW_BUF_INIT;

	make_der(make_ec(), MAKE_OLD, &der);
	der.data[der.len - 3] ^= 1; /* in the public point */
	check_key(&der, CW_KEY_BROKEN);
}

struct proof_case {
	enum cw_proof_check check;
	struct cw_param params[2];
	const char *text;
};

static enum cw_proof_result prove(const struct proof_case *c, const struct cw_pattern *pattern, int *ret_rc)
{
	struct cw_proof_spec spec = {.check = c->check, .of = "secret", .params = c->params};
	struct cw_rule rule = {.proofs = &spec, .proofs_len = 1};
	struct cw_span spans[3] = {{0, strlen(c->text)}, {0, strlen(c->text)}, {0, 4}};
	struct cw_proof_input in = {
		.rule = &rule, .pattern = pattern, .window = c->text, .spans = spans, .spans_len = 3};
	enum cw_proof_result result = CW_PROOF_FAIL;
	const char *label = NULL;

	while (spec.params_len < 2 && c->params[spec.params_len].key)
		spec.params_len++;
	*ret_rc = cw_proof_eval(&in, &result, &label, NULL, NULL);
	return result;
}

/* One proof of each kind that allocates: the same answer, or an error; libcrypto's digests do not always say which. */
static void test_proofs(void **state)
{
	static const struct proof_case cases[] = {
		{CW_CHECK_SHA256, {{"equals", "sum"}, {"encoding", "base32"}}, "AAAAAAAA"},
		{CW_CHECK_CRC32, {{"equals", "sum"}, {"encoding", "hex"}}, "12345678"},
		{CW_CHECK_MARVIN32, {{"seed", "Default0"}, {"form", "his"}}, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		{CW_CHECK_ADO_PAT, {{NULL, NULL}}, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{CW_CHECK_BASE58CHECK, {{NULL, NULL}}, "2NEpo7TZRRrLZSi2U"},
		{CW_CHECK_JWT, {{NULL, NULL}}, "e30.e30.e30"},
		{CW_CHECK_JSON, {{"keys", "a=1"}, {"encoding", "base64"}}, "eyJhIjoxfQ=="},
		{CW_CHECK_MACAROON, {{NULL, NULL}}, "AgEBYQIBYgAABiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		{CW_CHECK_DECODED, {{"encoding", "hex"}, {"length", "4"}}, "00112233"},
	};
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *pattern = NULL;

	assert_int_equal(cw_pattern_compile("(?<secret>(?<sum>x))", &pattern, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum cw_proof_result want, got;
		unsigned long n = 1, count;
		int rc;
		want = prove(&cases[i], pattern, &rc);
		assert_int_equal(rc, 0);
		do {
			long live = cw_fail_alloc_live();
			cw_fail_alloc_at(n);
			got = prove(&cases[i], pattern, &rc);
			count = cw_fail_alloc_count();
			cw_fail_alloc_at(0);
			if (rc != CW_E_NOMEM && rc != CW_E_INTERNAL && (rc != 0 || got != want))
				fail_msg("case %zu, allocation %lu: result %d", i, n, rc);
			if (i > 0 &&
			    cases[i].check != CW_CHECK_BASE58CHECK) /* libcrypto keeps what it loads for digests */
				assert_int_equal(cw_fail_alloc_live(), live);
		} while (n++ <= count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_proofs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
