/* rules/book.h - inside of a rulebook; private to rules/. */
#ifndef CW_RULES_BOOK_H
#define CW_RULES_BOOK_H

#include "base/vec.h"
#include "base/yaml.h"
#include "rules/load.h"
#include "rules/pool.h"

struct cw_rulebook {
	struct cw_pool pool;  /* everything rules point to */
	struct cw_vec rules;  /* struct cw_rule */
	struct cw_vec sets;   /* struct cw_set *: referenced, their rules' strings are borrowed */
	bool finished;
};

/* Reads one rule of a file: NODE is a map. Fills *ret (strings from POOL). FILE is for messages. */
int cw_rule_parse(struct cw_pool *pool, const char *file, const char *provider, const struct cw_yaml_node *node,
		  struct cw_rule *ret, struct cw_err *err);
/* Checks that need more than the YAML: anchor, pattern, groups, reach, proofs. Fills width. */
int cw_rule_validate(struct cw_rule *rule, struct cw_err *err);

#endif
