/* Fuzz target: YAML text. The tree that comes out must keep the promises of its header. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/yaml.h"

#define TEXT_MAX ((size_t)1 << 20) /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void visit(const struct cw_yaml_node *node, int depth)
{
	size_t children = node->type == CW_YAML_MAP ? 2 * node->len : node->len;
	bool b;

	require(node->line >= 1);
	if (node->type == CW_YAML_SCALAR) {
		require(strlen(node->text) == node->len && cw_utf8_valid(node->text, node->len));
		require(!(cw_yaml_is_null(node) && cw_yaml_bool(node, &b)));
		return;
	}
	require(depth < CW_YAML_DEPTH_MAX);
	for (size_t i = 0; i < children; i++) {
		visit(&node->items[i], depth + 1);
		if (node->type == CW_YAML_MAP && i % 2 == 0 && i < 32)
			require(cw_yaml_get(node, node->items[i].text) == &node->items[i + 1]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (cw_yaml_parse("input", (const char *)data, len, TEXT_MAX, &doc, &err) != 0) {
		require(err.code == CW_E_INVALID || err.code == CW_E_LIMIT);
		require(err.msg[0] != '\0');
		return 0;
	}
	if (cw_yaml_root(doc) != NULL)
		visit(cw_yaml_root(doc), 0);
	return 0;
}
