/* base/yaml.c - owns: libyaml. Turns its events into a tree of plain nodes that never changes afterwards.
 * What the tree cannot express, or what makes a small file large (anchors, aliases, tags), is refused at its event.
 * The recursion is bounded by CW_YAML_DEPTH_MAX. */
#include "base/yaml.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "base/vec.h"

/* One allocation of a document; all are freed together. */
struct block {
	struct block *next;
	max_align_t data[];
};

struct cw_yaml {
	struct block *blocks;
	const struct cw_yaml_node *root;
};

struct reader {
	yaml_parser_t parser;
	const char *name, *data;
	size_t len; /* bytes of data */
	struct cw_yaml *doc;
	size_t nodes; /* made so far */
	size_t depth; /* collections that are open */
};

static int fail_at(const struct reader *r, enum cw_code code, size_t line, const char *what, struct cw_err *err)
{
	return cw_err_set(err, code, "%s:%zu: %s", r->name, line, what);
}

/* SIZE bytes that live as long as the document, or NULL. */
static void *doc_alloc(struct cw_yaml *doc, size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		return NULL;
	b->next = doc->blocks;
	doc->blocks = b;
	return b->data;
}

static size_t event_line(const yaml_event_t *e)
{
	return e->start_mark.line + 1;
}

static size_t line_of_offset(const struct reader *r, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < offset && i < r->len; i++)
		line += r->data[i] == '\n';
	return line;
}

/* What libyaml complains about; its texts name no content. */
static int parser_failed(const struct reader *r, struct cw_err *err)
{
	const yaml_parser_t *p = &r->parser;
	size_t line = p->problem_mark.line + 1;

	if (p->error == YAML_MEMORY_ERROR)
		return cw_err_nomem(err);
	if (p->error == YAML_READER_ERROR) /* has an offset in place of a mark */
		line = line_of_offset(r, p->problem_offset);
	return fail_at(r, CW_E_INVALID, line, p->problem != NULL ? p->problem : "no valid YAML", err);
}

static int next_event(struct reader *r, yaml_event_t *e, struct cw_err *err)
{
	return yaml_parser_parse(&r->parser, e) ? 0 : parser_failed(r, err);
}

static int read_scalar(struct reader *r, const yaml_event_t *e, struct cw_yaml_node *node, struct cw_err *err)
{
	size_t len = e->data.scalar.length;
	char *text;

	if (e->data.scalar.anchor != NULL)
		return fail_at(r, CW_E_INVALID, event_line(e), "anchors are not supported", err);
	if (e->data.scalar.tag != NULL)
		return fail_at(r, CW_E_INVALID, event_line(e), "tags are not supported", err);
	if (memchr(e->data.scalar.value, '\0', len) != NULL)
		return fail_at(r, CW_E_INVALID, event_line(e), "a text may not hold a NUL byte", err);
	text = doc_alloc(r->doc, len + 1);
	if (text == NULL)
		return cw_err_nomem(err);
	memcpy(text, e->data.scalar.value, len);
	text[len] = '\0';
	node->type = CW_YAML_SCALAR;
	node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = text;
	node->len = len;
	return 0;
}

/* Refuse a map that names a key twice; its nodes are KEYS key-value pairs. */
static int check_keys(const struct reader *r, const struct cw_yaml_node *nodes, size_t keys, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) const char **texts = NULL;
	size_t twice = 0;
	int rc;

	if (keys < 2)
		return 0;
	texts = calloc(keys, sizeof(*texts));
	if (texts == NULL)
		return cw_err_nomem(err);
	for (size_t i = 0; i < keys; i++)
		texts[i] = nodes[2 * i].text;
	rc = cw_text_find_duplicate(texts, keys, &twice);
	if (rc < 0)
		return cw_err_nomem(err);
	if (rc > 0)
		return fail_at(r, CW_E_INVALID, (size_t)nodes[2 * twice].line, "this key stands here twice", err);
	return 0;
}

/* Give the collected CHILDREN to NODE, which becomes their sequence or map. */
static int finish_collection(struct reader *r, const struct cw_vec *children, struct cw_yaml_node *node,
			     struct cw_err *err)
{
	size_t bytes = children->len * sizeof(struct cw_yaml_node);
	struct cw_yaml_node *items = NULL;

	if (bytes > 0) {
		items = doc_alloc(r->doc, bytes);
		if (items == NULL)
			return cw_err_nomem(err);
		memcpy(items, children->items, bytes);
	}
	node->items = items;
	node->len = node->type == CW_YAML_MAP ? children->len / 2 : children->len;
	return node->type == CW_YAML_MAP ? check_keys(r, items, node->len, err) : 0;
}

static int read_node(struct reader *r, const yaml_event_t *e, struct cw_yaml_node *node, struct cw_err *err);

/* Read children up to the end of the collection that NODE stands for. */
static int read_children(struct reader *r, struct cw_yaml_node *node, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec children = CW_VEC_INIT(struct cw_yaml_node, CW_YAML_NODES_MAX);
	int rc = 0;

	while (rc == 0) {
		CW_CLEANUP(yaml_event_delete) yaml_event_t e = {.type = YAML_NO_EVENT};
		struct cw_yaml_node *child;

		rc = next_event(r, &e, err);
		if (rc != 0)
			return rc;
		if (e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT)
			break;
		if (node->type == CW_YAML_MAP && children.len % 2 == 0 && e.type != YAML_SCALAR_EVENT &&
		    e.type != YAML_ALIAS_EVENT)
			return fail_at(r, CW_E_INVALID, event_line(&e), "a key must be a text, not a list or a map",
				       err);
		child = cw_vec_push(&children);
		if (child == NULL)
			return cw_vec_fail(&children, r->name, err);
		rc = read_node(r, &e, child, err);
	}
	return rc != 0 ? rc : finish_collection(r, &children, node, err);
}

static int read_collection(struct reader *r, const yaml_event_t *e, struct cw_yaml_node *node, struct cw_err *err)
{
	bool map = e->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor = map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
	const yaml_char_t *tag = map ? e->data.mapping_start.tag : e->data.sequence_start.tag;
	int rc;

	if (anchor != NULL)
		return fail_at(r, CW_E_INVALID, event_line(e), "anchors are not supported", err);
	if (tag != NULL)
		return fail_at(r, CW_E_INVALID, event_line(e), "tags are not supported", err);
	if (r->depth >= CW_YAML_DEPTH_MAX)
		return fail_at(r, CW_E_LIMIT, event_line(e), "nested too deeply", err);
	node->type = map ? CW_YAML_MAP : CW_YAML_SEQ;
	r->depth++;
	rc = read_children(r, node, err);
	r->depth--;
	return rc;
}

/* Fill NODE from the event that starts it. */
static int read_node(struct reader *r, const yaml_event_t *e, struct cw_yaml_node *node, struct cw_err *err)
{
	if (++r->nodes > CW_YAML_NODES_MAX)
		return fail_at(r, CW_E_LIMIT, event_line(e), "too many values", err);
	node->line = (int)event_line(e);
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, e, node, err);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_collection(r, e, node, err);
	case YAML_ALIAS_EVENT:
		return fail_at(r, CW_E_INVALID, event_line(e), "aliases are not supported", err);
	default:
		return fail_at(r, CW_E_INVALID, event_line(e), "unexpected content", err);
	}
}

static int read_root(struct reader *r, const yaml_event_t *e, struct cw_err *err)
{
	struct cw_yaml_node *root;
	int rc;

	if (r->doc->root != NULL)
		return fail_at(r, CW_E_INVALID, event_line(e), "only one document a file is supported", err);
	root = doc_alloc(r->doc, sizeof(*root));
	if (root == NULL)
		return cw_err_nomem(err);
	memset(root, 0, sizeof(*root));
	rc = read_node(r, e, root, err);
	if (rc == 0)
		r->doc->root = root;
	return rc;
}

static int read_stream(struct reader *r, struct cw_err *err)
{
	int rc = 0;

	while (rc == 0) {
		CW_CLEANUP(yaml_event_delete) yaml_event_t e = {.type = YAML_NO_EVENT};

		rc = next_event(r, &e, err);
		if (rc != 0 || e.type == YAML_STREAM_END_EVENT)
			return rc;
		if (e.type == YAML_STREAM_START_EVENT || e.type == YAML_DOCUMENT_END_EVENT)
			continue;
		if (e.type != YAML_DOCUMENT_START_EVENT)
			rc = read_root(r, &e, err);
		else if (e.data.document_start.tag_directives.start != e.data.document_start.tag_directives.end)
			rc = fail_at(r, CW_E_INVALID, event_line(&e), "tags are not supported", err);
	}
	return rc;
}

/* The bytes themselves, before libyaml sees them. */
static int check_bytes(const struct reader *r, struct cw_err *err)
{
	size_t bad = cw_utf8_span(r->data, r->len);
	const char *nul = memchr(r->data, '\0', bad);

	if (nul != NULL)
		return fail_at(r, CW_E_INVALID, line_of_offset(r, (size_t)(nul - r->data)), "NUL byte", err);
	if (bad < r->len)
		return fail_at(r, CW_E_INVALID, line_of_offset(r, bad), "invalid UTF-8", err);
	return 0;
}

/* Whether the document was an empty one: libyaml makes a plain scalar without text and place of it. */
static bool is_nothing(const struct cw_yaml_node *root)
{
	return root != NULL && root->type == CW_YAML_SCALAR && !root->quoted && root->len == 0;
}

int cw_yaml_parse(const char *name, const char *data, size_t len, size_t max_len, struct cw_yaml **ret_doc,
		  struct cw_err *err)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	struct reader r = {.name = name};
	int rc;

	if (len > max_len)
		return cw_err_set(err, CW_E_LIMIT, "%s: larger than %zu bytes", name, max_len);
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		len -= 3;
	}
	r.data = len > 0 ? data : ""; /* libyaml takes no NULL */
	r.len = len;
	rc = check_bytes(&r, err);
	if (rc != 0)
		return rc;
	r.doc = doc = calloc(1, sizeof(*doc));
	if (doc == NULL || !yaml_parser_initialize(&r.parser))
		return cw_err_nomem(err);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.data, len);
	rc = read_stream(&r, err);
	yaml_parser_delete(&r.parser);
	if (rc != 0)
		return rc;
	if (is_nothing(doc->root))
		doc->root = NULL;
	*ret_doc = cw_steal(&doc);
	return 0;
}

void cw_yaml_free(struct cw_yaml *doc)
{
	if (doc == NULL)
		return;
	while (doc->blocks != NULL) {
		struct block *b = doc->blocks;

		doc->blocks = b->next;
		free(b);
	}
	free(doc);
}

const struct cw_yaml_node *cw_yaml_root(const struct cw_yaml *doc)
{
	return doc->root;
}

const struct cw_yaml_node *cw_yaml_get(const struct cw_yaml_node *map, const char *key)
{
	if (map == NULL || map->type != CW_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->len; i++) {
		if (strcmp(map->items[2 * i].text, key) == 0)
			return &map->items[2 * i + 1];
	}
	return NULL;
}

static bool is_plain(const struct cw_yaml_node *node, const char *text)
{
	return node->type == CW_YAML_SCALAR && !node->quoted && strcmp(node->text, text) == 0;
}

bool cw_yaml_is_null(const struct cw_yaml_node *node)
{
	return is_plain(node, "") || is_plain(node, "~") || is_plain(node, "null") || is_plain(node, "Null") ||
	       is_plain(node, "NULL");
}

bool cw_yaml_bool(const struct cw_yaml_node *node, bool *ret)
{
	bool yes = is_plain(node, "true");

	if (!yes && !is_plain(node, "false"))
		return false;
	*ret = yes;
	return true;
}
