/* rules/parse.h - what the parts of the rule parser share; private to rules/. */
#ifndef CW_RULES_PARSE_H
#define CW_RULES_PARSE_H

#include "rules/book.h"

struct cw_parse { /* one rule being read */
	struct cw_pool *pool;
	const char *file;
	const char *id; /* of the rule, "" while unknown */
	struct cw_err *err;
};

/* CW_E_RULE with file:line of AT, the rule's id and the text. */
int cw_parse_fail(struct cw_parse *c, const struct cw_yaml_node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The pool gave nothing: CW_E_NOMEM or CW_E_LIMIT. */
int cw_parse_nomem(struct cw_parse *c);
/* A text, copied to the pool. WHAT names it in messages, here and below. */
int cw_parse_text(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, const char **ret);
/* Room for the items of list V; the caller fills it. */
int cw_parse_list(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, size_t item_size, void **ret,
		  size_t *ret_len);
/* The index of V's text in NAMES (ended by NULL). */
int cw_parse_choice(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, const char *const *names, int *ret);
/* The key `proof`; TARGET is the struct cw_rule. */
int cw_parse_proofs(struct cw_parse *c, const struct cw_yaml_node *v, void *target);

#endif
