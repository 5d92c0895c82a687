/* tests/integration/rule_examples.c - prints the examples of the default rules: a line "ID CLASS GATED HEX" each, GATED being 1 for a rule
 * that only speaks at some paths, HEX the bytes of the example. */
#include <inttypes.h>
#include <stdio.h>

#include "rules/set.h"

static void print(const struct cw_rule *rule, const struct cw_example *e)
{
	printf("%s %s %d ", rule->id, cw_class_name(rule->cls), rule->paths_only_len > 0);
	for (size_t i = 0; i < e->len; i++)
		printf("%02x", (unsigned char)e->text[i]);
	printf("\n");
}

int main(void)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (cw_set_default(&set, &err)) {
		fprintf(stderr, "rule_examples: %s\n", cw_err_msg(&err));
		return 1;
	}
	for (size_t i = 0; i < cw_set_len(set); i++) {
		const struct cw_rule *rule = cw_set_rule(set, i);

		for (size_t k = 0; k < rule->examples_len; k++)
			print(rule, &rule->examples[k]);
	}
	return 0;
}
