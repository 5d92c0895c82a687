/* rules/parse_proof.c - the proofs of a rule: which parameters each check takes is written in proof.def. */
#include <string.h>

#include "base/buf.h"
#include "rules/parse.h"

/* Whether WORD (optionally followed by '!') stands in the space-separated LIST. */
static bool in_list(const char *list, const char *word, bool *ret_required)
{
	size_t len = strlen(word);

	for (const char *s = list; *s;) {
		size_t n = strcspn(s, " ");
		bool required = n > 0 && s[n - 1] == '!';

		if (n - required == len && memcmp(s, word, len) == 0) {
			*ret_required = required;
			return true;
		}
		s += n;
		s += *s == ' ';
	}
	return false;
}

static const char *const check_params[] = {
#define CW_PROOF(name, text, level, params) params,
#include "rules/proof.def"
#undef CW_PROOF
};

/* A parameter's value: a scalar, or a list written one item a line. */
static int param_value(struct cw_parse *c, const struct cw_yaml_node *v, const char **ret)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT_MAX(CW_RULE_TEXT_MAX);

	if (v->type == CW_YAML_SCALAR)
		return cw_parse_text(c, v, "a proof's parameter", ret);
	if (v->type != CW_YAML_SEQ || v->len > CW_RULE_LIST_MAX)
		return cw_parse_fail(c, v, "a proof's parameter must be a text or a short list");
	for (size_t i = 0; i < v->len; i++) {
		if (v->items[i].type != CW_YAML_SCALAR || strchr(v->items[i].text, '\n'))
			return cw_parse_fail(c, v, "a proof's list may hold texts of one line only");
		if (i > 0)
			cw_buf_addc(&b, '\n');
		cw_buf_add(&b, v->items[i].text, v->items[i].len);
	}
	if (b.fail == CW_E_LIMIT)
		return cw_parse_fail(c, v, "a proof's parameter is longer than %d bytes", CW_RULE_TEXT_MAX);
	if (b.fail)
		return cw_buf_fail(&b, "a proof's parameter", c->err);
	*ret = cw_pool_strn(c->pool, b.data, b.len);
	return *ret ? 0 : cw_parse_nomem(c);
}

static int proof_check(struct cw_parse *c, const struct cw_yaml_node *map, struct cw_proof_spec *p)
{
	const struct cw_yaml_node *v = cw_yaml_get(map, "check");

	if (!v || v->type != CW_YAML_SCALAR)
		return cw_parse_fail(c, map, "a proof lacks the key 'check'");
	for (int i = 0; i < CW_CHECK_COUNT_; i++) {
		if (strcmp(v->text, cw_proof_check_name((enum cw_proof_check)i)) == 0) {
			p->check = (enum cw_proof_check)i;
			return 0;
		}
	}
	return cw_parse_fail(c, v, "check '%.40s' is not known; patterns/README.md lists them", v->text);
}

static int proof_key(struct cw_parse *c, const struct cw_yaml_node *name, struct cw_proof_spec *p, struct cw_param *params)
{
	static const char *const fails[] = {"pattern", "reject", NULL};
	const struct cw_yaml_node *value = name + 1;
	bool required;
	int n, rc;

	if (strcmp(name->text, "check") == 0)
		return 0;
	if (strcmp(name->text, "of") == 0)
		return cw_parse_text(c, value, "of", &p->of);
	if (strcmp(name->text, "on_fail") == 0) {
		rc = cw_parse_choice(c, value, "on_fail", fails, &n);
		p->reject = rc == 0 && n == 1;
		return rc;
	}
	if (!in_list(check_params[p->check], name->text, &required))
		return cw_parse_fail(c, name, "check %s has no parameter '%.40s'", cw_proof_check_name(p->check), name->text);
	params[p->params_len].key = cw_pool_strn(c->pool, name->text, name->len);
	if (!params[p->params_len].key)
		return cw_parse_nomem(c);
	return param_value(c, value, &params[p->params_len++].value);
}

static int require_params(struct cw_parse *c, const struct cw_yaml_node *map, const struct cw_proof_spec *p)
{
	char word[32];

	for (const char *s = check_params[p->check]; *s;) {
		size_t n = strcspn(s, " ");

		if (n > 1 && n < sizeof(word) && s[n - 1] == '!') {
			memcpy(word, s, n - 1);
			word[n - 1] = '\0';
			if (!cw_proof_param(p, word))
				return cw_parse_fail(c, map, "check %s needs the parameter '%s'", cw_proof_check_name(p->check), word);
		}
		s += n;
		s += *s == ' ';
	}
	return 0;
}

static int parse_proof(struct cw_parse *c, const struct cw_yaml_node *map, struct cw_proof_spec *p)
{
	struct cw_param *params;
	int rc;

	if (map->type != CW_YAML_MAP)
		return cw_parse_fail(c, map, "a proof must be a map of keys");
	rc = proof_check(c, map, p);
	if (rc < 0)
		return rc;
	params = cw_pool_array(c->pool, map->len + 1, sizeof(*params));
	if (!params)
		return cw_parse_nomem(c);
	p->of = "secret";
	p->reject = true;
	p->params = params;
	for (size_t i = 0; i < map->len; i++) {
		rc = proof_key(c, &map->items[2 * i], p, params);
		if (rc < 0)
			return rc;
	}
	return require_params(c, map, p);
}

int cw_parse_proofs(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_rule *rule = target;
	void *items;
	int rc = cw_parse_list(c, v, "proof", sizeof(struct cw_proof_spec), &items, &rule->proofs_len);

	for (size_t i = 0; rc == 0 && i < v->len; i++)
		rc = parse_proof(c, &v->items[i], (struct cw_proof_spec *)items + i);
	rule->proofs = rc == 0 ? items : NULL;
	return rc;
}
