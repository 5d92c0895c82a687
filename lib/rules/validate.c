/* rules/validate.c - checks of a rule beyond its YAML: the anchor, the pattern, their groups and the reach between them. */
#include <string.h>

#include "rules/anchor.h"
#include "rules/book.h"
#include "rules/pattern.h"

static int check_group(const struct cw_pattern *p, const char *what, const char *name, struct cw_err *err)
{
	if (cw_pattern_group(p, name) < 0)
		return cw_err_set(err, CW_E_RULE, "%s names the group '%.40s', which the pattern does not have", what, name);
	return 0;
}

static int check_proof(const struct cw_pattern *p, const struct cw_proof_spec *proof, struct cw_err *err)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *matches = NULL;
	const char *equals = cw_proof_param(proof, "equals"), *text = cw_proof_param(proof, "matches");
	int rc = check_group(p, "proof: of", proof->of, err);

	if (rc == 0 && equals)
		rc = check_group(p, "proof: equals", equals, err);
	if (rc == 0 && text && cw_pattern_compile(text, &matches, err) < 0)
		rc = cw_err_wrap(err, CW_E_RULE, "proof: matches");
	return rc;
}

int cw_rule_validate(struct cw_rule *rule, struct cw_err *err)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *p = NULL;
	int rc = cw_anchor_lint(rule->anchor, err);

	if (rc == 0)
		rc = cw_anchor_width(rule->anchor, &rule->width, err);
	if (rc == 0)
		rc = cw_pattern_compile(rule->pattern, &p, err);
	if (rc == 0)
		rc = check_group(p, "the schema", "secret", err);
	if (rc < 0)
		return rc;
	/* A match must be able to begin inside the window with its look-behind, or every hit would be cut. */
	if (rule->before <= rule->width)
		return cw_err_set(err, CW_E_RULE, "reach.before must be larger than the anchor's width, which is %u", rule->width);
	for (size_t i = 0; rc == 0 && i < rule->proofs_len; i++)
		rc = check_proof(p, &rule->proofs[i], err);
	return rc;
}
