/* base/yaml.h - YAML: the one home of libyaml. Reads a document into a tree with line numbers.
 *
 * Bounded: input size, depth, number of nodes. Refused with file:line: aliases and anchors (expansion bombs), tags,
 * more than one document, duplicate keys, keys that are not scalars, NUL bytes in scalars, invalid UTF-8.
 * Threads: a tree is immutable after parsing. */
#ifndef CW_BASE_YAML_H
#define CW_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define CW_YAML_DEPTH_MAX 16
#define CW_YAML_NODES_MAX 200000

enum cw_yaml_type { CW_YAML_SCALAR, CW_YAML_SEQ, CW_YAML_MAP };

struct cw_yaml_node {
	enum cw_yaml_type type;
	int line;    /* 1-based, where the node starts */
	bool quoted; /* scalar written with quotes or as a block: never a number, a boolean or null */
	const char *text; /* scalar: NUL-terminated */
	size_t len;	  /* scalar: bytes; sequence or map: number of children or pairs */
	const struct cw_yaml_node *items; /* sequence: len nodes; map: 2 * len nodes, key then value */
};

struct cw_yaml; /* a parsed document; owns all nodes */

/* Parse LEN bytes, at most MAX_LEN. NAME is the file name for messages ("name:line: what is wrong"). Returns 0 with
 * *ret_doc owned by the caller; CW_E_INVALID, CW_E_LIMIT, CW_E_NOMEM. An empty document has a NULL root. */
int cw_yaml_parse(const char *name, const char *data, size_t len, size_t max_len, struct cw_yaml **ret_doc,
		  struct cw_err *err);
void cw_yaml_free(struct cw_yaml *doc);
CW_DEFINE_CLEANUP(struct cw_yaml, cw_yaml_free)
/* Borrowed; NULL for an empty document. */
const struct cw_yaml_node *cw_yaml_root(const struct cw_yaml *doc);
/* The value under KEY in MAP, or NULL when MAP is NULL, no map, or has no such key. */
const struct cw_yaml_node *cw_yaml_get(const struct cw_yaml_node *map, const char *key);
/* Whether NODE is a plain scalar that YAML 1.2 reads as null ("", ~, null). */
bool cw_yaml_is_null(const struct cw_yaml_node *node);
/* True and *ret set when NODE is a plain scalar `true` or `false`. */
bool cw_yaml_bool(const struct cw_yaml_node *node, bool *ret);

#endif
