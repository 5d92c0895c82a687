/* rules/rule.h - what a validated rule is. Field by field the schema of patterns/README.md.
 *
 * Terms: *anchor* - the Hyperscan expression that finds where to look; *pattern* - the PCRE2 expression that finds the
 * exact secret in a window around an anchor's end; *reach* - that window; *proof* - a check beyond the pattern.
 * All pointers are borrowed from the set that owns the rule (rules/set.h) and live as long as it does. Strings are
 * NUL-terminated and never NULL ("" when not given) except where said. Threads: immutable. */
#ifndef CW_RULES_RULE_H
#define CW_RULES_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_ANCHOR_MAX 256	  /* bytes: the widest match of an anchor */
#define CW_REACH_MAX 32768	  /* bytes on either side */
#define CW_RULES_MAX 8192	  /* rules in one set */
#define CW_RULE_LIST_MAX 256	  /* items in any list of a rule */
#define CW_RULE_TEXT_MAX 65536	  /* bytes of any text of a rule */
#define CW_RULE_FILE_MAX (4 << 20) /* bytes of one rule file */

enum cw_rule_class { CW_CLASS_GENERIC, CW_CLASS_SPECIFIC };
enum cw_severity { CW_SEVERITY_LOW, CW_SEVERITY_MEDIUM, CW_SEVERITY_HIGH, CW_SEVERITY_CRITICAL };
/* What stands behind a finding, from weak to strong. */
enum cw_proof_level { CW_PROOF_CONTEXT, CW_PROOF_PATTERN, CW_PROOF_STRUCTURE, CW_PROOF_CHECKSUM };

enum cw_proof_check {
#define CW_PROOF(name, text, level, params) CW_CHECK_##name,
#include "rules/proof.def"
#undef CW_PROOF
	CW_CHECK_COUNT_
};

struct cw_param { /* one parameter of a proof, as written */
	const char *key;
	const char *value; /* lists are written one item a line */
};

struct cw_proof_spec {
	enum cw_proof_check check;
	const char *of;	 /* group of the pattern; default "secret" */
	bool reject;	 /* on_fail: reject (true) or pattern (false) */
	const struct cw_param *params;
	size_t params_len;
};

/* How the characters of a value are judged (match/value.h). */
enum cw_value_model { CW_MODEL_NONE, CW_MODEL_TOKEN, CW_MODEL_PASSWORD };

struct cw_value_spec {
	double entropy;		      /* bits a character at least; 0 = not checked */
	const char *const *stopwords; /* lower case; a value that holds one, in any case, is rejected */
	size_t stopwords_len;
	enum cw_value_model model;
};

struct cw_part { /* a companion, such as the key id beside a secret key */
	const char *name;
	const char *rule; /* id of the rule that finds it */
	uint32_t rule_index; /* its index in the set */
	uint32_t lines;	  /* at most so many lines away, and inside the window */
	bool required;	  /* without it the hit is rejected */
};

struct cw_label_spec { /* a documented example or canary value */
	const char *text;  /* a secret that holds this text ... */
	const char *label; /* ... gets this label */
};

struct cw_example {
	const char *text; /* {+} removed; len bytes, may hold any byte but NUL */
	size_t len;
	const char *path; /* "" when none was given */
};

struct cw_rule {
	uint32_t index; /* in its set */
	const char *provider, *id, *title, *anchor, *pattern, *description, *remediation;
	const char *prefix; /* of a specific rule: what every secret of it begins with; "" when that is not known */
	enum cw_rule_class cls;
	enum cw_severity severity;
	bool dense; /* every secret holds a dense piece near the anchor (match/dense.h); looked for only there */
	uint32_t cwe;
	uint32_t before, after; /* reach in bytes from the anchor's end */
	uint32_t width;		/* bytes: the anchor's widest match, from Hyperscan */
	struct cw_value_spec value;
	const struct cw_proof_spec *proofs;
	size_t proofs_len;
	const struct cw_part *parts;
	size_t parts_len;
	const struct cw_label_spec *labels;
	size_t labels_len;
	const char *const *paths_only, *const *paths_lower; /* globs */
	size_t paths_only_len, paths_lower_len;
	const char *const *references;
	size_t references_len;
	const struct cw_example *examples, *counterexamples;
	size_t examples_len, counterexamples_len;
};

/* Names as written in rule files and reports: "specific", "critical", "checksum". Never NULL. */
const char *cw_class_name(enum cw_rule_class c);
const char *cw_severity_name(enum cw_severity s);
const char *cw_proof_level_name(enum cw_proof_level p);
const char *cw_proof_check_name(enum cw_proof_check c);
/* What a passed check proves. */
enum cw_proof_level cw_proof_check_level(enum cw_proof_check c);
/* The value of parameter KEY, or NULL when the rule does not give it. */
const char *cw_proof_param(const struct cw_proof_spec *p, const char *key);

#endif
