/* rules/rule.c - names of what a rule is made of, and access to proof parameters. */
#include "rules/rule.h"

#include <string.h>

const char *cw_class_name(enum cw_rule_class c)
{
	return c == CW_CLASS_SPECIFIC ? "specific" : "generic";
}

const char *cw_severity_name(enum cw_severity s)
{
	static const char *const names[] = {"low", "medium", "high", "critical"};

	return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] : "?";
}

const char *cw_proof_level_name(enum cw_proof_level p)
{
	static const char *const names[] = {"context", "pattern", "structure", "checksum"};

	return (size_t)p < sizeof(names) / sizeof(names[0]) ? names[p] : "?";
}

const char *cw_proof_check_name(enum cw_proof_check c)
{
	static const char *const names[] = {
#define CW_PROOF(name, text, level, params) text,
#include "rules/proof.def"
#undef CW_PROOF
	};

	return (size_t)c < CW_CHECK_COUNT_ ? names[c] : "?";
}

enum cw_proof_level cw_proof_check_level(enum cw_proof_check c)
{
	static const enum cw_proof_level levels[] = {
#define CW_PROOF(name, text, level, params) CW_PROOF_##level,
#include "rules/proof.def"
#undef CW_PROOF
	};

	return (size_t)c < CW_CHECK_COUNT_ ? levels[c] : CW_PROOF_CONTEXT;
}

const char *cw_proof_param(const struct cw_proof_spec *p, const char *key)
{
	for (size_t i = 0; i < p->params_len; i++) {
		if (strcmp(p->params[i].key, key) == 0)
			return p->params[i].value;
	}
	return NULL;
}
