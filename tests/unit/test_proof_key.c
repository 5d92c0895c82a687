/* Tests of the proofs `key` and `json` with fresh private keys: result, label and canonical form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/json.h"
#include "key_make.h"
#include "match/proof.h"
#include "rules/image.h"

/* This test has no default rules. */
const unsigned char cw_default_image[1] = {0};
const size_t cw_default_image_len = 0;

struct outcome {
	enum cw_proof_result result;
	const char *label;
	struct cw_buf canon;
};

/* Prove the whole of TEXT. */
static void prove(enum cw_proof_check check, const struct cw_param *params, size_t params_len,
		  const struct cw_buf *text, struct outcome *ret)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *pattern = NULL;
	struct cw_proof_spec spec = {.check = check, .of = "secret", .params = params, .params_len = params_len};
	struct cw_rule rule = {.proofs = &spec, .proofs_len = 1};
	struct cw_span spans[2] = {{0, text->len}, {0, text->len}};
	struct cw_proof_input in = {.rule = &rule, .window = text->data, .spans = spans, .spans_len = 2};

	assert_int_equal(cw_pattern_compile("(?<secret>x)", &pattern, NULL), 0);
	in.pattern = pattern;
	ret->label = NULL;
	cw_buf_clear(&ret->canon);
	assert_int_equal(cw_proof_eval(&in, &ret->result, &ret->label, &ret->canon, NULL), 0);
}

/* PEM: a usable key, an encrypted one, a public one, a broken one. */
static void test_pem(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, der = CW_BUF_INIT;
	struct outcome o = {.canon = CW_BUF_INIT};

	make_pem(make_ec(), MAKE_OLD, &text);
	make_der(make_ec(), MAKE_OLD, &der);
	prove(CW_CHECK_KEY, NULL, 0, &text, &o);
	assert_int_equal(o.result, CW_PROOF_PASS);
	assert_null(o.label);
	assert_int_equal(o.canon.len, der.len);
	assert_memory_equal(o.canon.data, der.data, der.len);
	cw_buf_truncate(&text, text.len - 40);
	prove(CW_CHECK_KEY, NULL, 0, &text, &o);
	assert_int_equal(o.result, CW_PROOF_FAIL);
	assert_int_equal(o.canon.len, 0);
	cw_buf_clear(&text);
	make_pem(make_ec(), MAKE_PKCS8_ENCRYPTED, &text);
	prove(CW_CHECK_KEY, NULL, 0, &text, &o);
	assert_int_equal(o.result, CW_PROOF_WEAK);
	assert_string_equal(o.label, "encrypted");
	cw_buf_clear(&text);
	make_pem(make_ec(), MAKE_PUBLIC, &text);
	prove(CW_CHECK_KEY, NULL, 0, &text, &o);
	assert_int_equal(o.result, CW_PROOF_NOT_SECRET);
	assert_int_equal(o.canon.len, 0);
	cw_buf_release(&o.canon);
}

/* Base64 of DER and of PEM, in one line and in quoted pieces; text that is no base64. */
static void test_base64(void **state)
{
	static const struct cw_param params[] = {{"encoding", "base64"}};
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, der = CW_BUF_INIT, pem = CW_BUF_INIT;
	struct outcome o = {.canon = CW_BUF_INIT};

	make_der(make_rsa(), MAKE_PKCS8, &der);
	cw_base64_encode(der.data, der.len, false, &text);
	prove(CW_CHECK_KEY, params, 1, &text, &o);
	assert_int_equal(o.result, CW_PROOF_PASS);
	cw_buf_clear(&text);
	make_pem(make_rsa(), MAKE_OLD, &pem);
	cw_base64_encode(pem.data, pem.len, false, &text);
	prove(CW_CHECK_KEY, params, 1, &text, &o);
	assert_int_equal(o.result, CW_PROOF_PASS);
	cw_buf_clear(&text);
	for (size_t i = 0; i < 2; i++)
		cw_base64_encode(der.data + i * 300, i ? der.len - 300 : 300, false, &text),
			cw_buf_adds(&text, "\\n\",\n \"");
	prove(CW_CHECK_KEY, params, 1, &text, &o);
	assert_int_equal(o.result, CW_PROOF_PASS);
	text.data[10] = '!';
	prove(CW_CHECK_KEY, params, 1, &text, &o);
	assert_int_equal(o.result, CW_PROOF_FAIL);
	cw_buf_release(&o.canon);
}

/* A service account: its key must parse, and is the canonical form; a placeholder, no key, a public key. */
static void test_json_key(void **state)
{
	static const struct cw_param params[] = {{"keys", "type=service_account\nprivate_key"}, {"key", "private_key"}};
	CW_CLEANUP(cw_buf_release) struct cw_buf pem = CW_BUF_INIT, der = CW_BUF_INIT, text = CW_BUF_INIT;
	struct outcome o = {.canon = CW_BUF_INIT};
	const enum cw_proof_result want[] = {CW_PROOF_PASS, CW_PROOF_FAIL, CW_PROOF_NOT_SECRET};

	make_der(make_rsa(), MAKE_OLD, &der);
	for (size_t i = 0; i < 3; i++) {
		CW_CLEANUP(cw_json_free_p) struct cw_json *json = cw_json_object();
		cw_buf_clear(&pem);
		make_pem(make_rsa(), i == 2 ? MAKE_PUBLIC : MAKE_PKCS8, &pem);
		if (i == 1)
			memset(pem.data + 100, 'A', 20);
		cw_json_add_str(json, "type", "service_account");
		cw_json_add_strn(json, "private_key", pem.data, pem.len);
		cw_buf_clear(&text);
		assert_int_equal(cw_json_print(json, true, &text, NULL), 0);
		prove(CW_CHECK_JSON, params, 2, &text, &o);
		assert_int_equal(o.result, want[i]);
		assert_int_equal(o.canon.len, i == 0 ? der.len : 0);
	}
	cw_buf_clear(&text);
	cw_buf_adds(&text, "{\"type\":\"service_account\",\"private_key\":null}");
	prove(CW_CHECK_JSON, params, 2, &text, &o);
	assert_int_equal(o.result, CW_PROOF_FAIL);
	cw_buf_release(&o.canon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_json_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
