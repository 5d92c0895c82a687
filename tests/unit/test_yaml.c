/* Tests of base/yaml: the tree and its lines, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/yaml.h"

#define TEXT_MAX 10000000 /* bytes */

static struct cw_yaml *parse(const char *text)
{
	struct cw_yaml *doc = NULL;
	struct cw_err err = CW_ERR_INIT;

	if (cw_yaml_parse("f.yaml", text, strlen(text), TEXT_MAX, &doc, &err) != 0)
		fail_msg("%s", err.msg);
	return doc;
}

static void check_refused_len(const char *text, size_t len, int code, const char *message)
{
	struct cw_yaml *untouched = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_yaml_parse("f.yaml", text, len, TEXT_MAX, &untouched, &err), code);
	assert_string_equal(err.msg, message);
	assert_null(untouched);
}

static void check_refused(const char *text, const char *message)
{
	check_refused_len(text, strlen(text), CW_E_INVALID, message);
}

/* nested maps and sequences in both styles, with the line of every node */
static void test_tree(void **state)
{
	CW_CLEANUP(cw_yaml_free_p)
	struct cw_yaml *doc = parse("# comment\n"
				    "provider: acme\n"
				    "rules:\n"
				    "  - id: a\n"
				    "    reach: {before: 64, after: 16}\n"
				    "  - id: b\n"
				    "    words: [x, 'y',\n"
				    "            z]\n");
	const struct cw_yaml_node *root = cw_yaml_root(doc), *rules = cw_yaml_get(root, "rules"), *words, *reach;

	assert_int_equal(root->type, CW_YAML_MAP);
	assert_int_equal(root->len, 2);
	assert_int_equal(root->line, 2);
	assert_string_equal(root->items[0].text, "provider");
	assert_string_equal(root->items[1].text, "acme");
	assert_int_equal(root->items[1].len, 4);
	assert_int_equal(rules->type, CW_YAML_SEQ);
	assert_int_equal(rules->len, 2);
	reach = cw_yaml_get(&rules->items[0], "reach");
	assert_int_equal(reach->line, 5);
	assert_string_equal(cw_yaml_get(reach, "after")->text, "16");
	words = cw_yaml_get(&rules->items[1], "words");
	assert_int_equal(words->len, 3);
	assert_string_equal(words->items[2].text, "z");
	assert_int_equal(words->items[2].line, 8);
	assert_false(words->items[0].quoted);
	assert_true(words->items[1].quoted);
}

/* texts in quotes and blocks come out as written */
static void test_scalars(void **state)
{
	CW_CLEANUP(cw_yaml_free_p)
	struct cw_yaml *doc = parse("single: 'it''s \\n {0,3}'\n"
				    "double: \"a\\tb\\u00e9\"\n"
				    "block: |\n  one\n  two\n"
				    "folded: >-\n  one\n  two\n"
				    "empty: ''\n");
	const struct cw_yaml_node *root = cw_yaml_root(doc);

	assert_string_equal(cw_yaml_get(root, "single")->text, "it's \\n {0,3}");
	assert_string_equal(cw_yaml_get(root, "double")->text, "a\tb\xc3\xa9");
	assert_string_equal(cw_yaml_get(root, "block")->text, "one\ntwo\n");
	assert_true(cw_yaml_get(root, "block")->quoted);
	assert_string_equal(cw_yaml_get(root, "folded")->text, "one two");
	assert_true(cw_yaml_get(root, "empty")->quoted);
}

/* an empty document, comments only, explicit starts and ends */
static void test_empty(void **state)
{
	static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n", "---\n...\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = parse(texts[i]);

		assert_null(cw_yaml_root(doc));
	}
	cw_yaml_free(NULL);
}

/* an empty text in quotes is a document, as are empty collections */
static void test_almost_empty(void **state)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *text = parse("''"), *map = parse("{}"), *seq = parse("--- []");

	assert_non_null(cw_yaml_root(text));
	assert_int_equal(cw_yaml_root(map)->type, CW_YAML_MAP);
	assert_int_equal(cw_yaml_root(map)->len, 0);
	assert_int_equal(cw_yaml_root(seq)->type, CW_YAML_SEQ);
}

/* a byte order mark is skipped; bytes behind LEN do not count */
static void test_edges(void **state)
{
	CW_CLEANUP(cw_yaml_free_p)
	struct cw_yaml *doc = parse("\xef\xbb\xbf"
				    "a: 1\n"),
		       *cut = NULL;

	assert_string_equal(cw_yaml_root(doc)->items[0].text, "a");
	assert_int_equal(cw_yaml_parse("f", "abcdef", 3, 3, &cut, NULL), 0);
	assert_string_equal(cw_yaml_root(cut)->text, "abc");
}

/* what libyaml refuses is reported with its line */
static void test_syntax(void **state)
{
	check_refused("a: 1\nb: c: d\n", "f.yaml:2: mapping values are not allowed in this context");
	check_refused("a: [1\nb: 2\n", "f.yaml:2: did not find expected ',' or ']'");
	check_refused("a:\n\tb: 1\n", "f.yaml:2: found character that cannot start any token");
	check_refused("a: 1\n\nb: \x01\n", "f.yaml:3: control characters are not allowed");
}

/* aliases and anchors, which could make a small file large */
static void test_aliases(void **state)
{
	check_refused("a: &x 1\n", "f.yaml:1: anchors are not supported");
	check_refused("\na: &x [1]\n", "f.yaml:2: anchors are not supported");
	check_refused("a: &x {b: 1}\n", "f.yaml:1: anchors are not supported");
	check_refused("b: 1\na: *x\n", "f.yaml:2: aliases are not supported");
	check_refused("*x : 1\n", "f.yaml:1: aliases are not supported");
	check_refused("<<: *x\n", "f.yaml:1: aliases are not supported");
}

/* tags on every kind of node, and directives that define them */
static void test_tags(void **state)
{
	check_refused("a: !!int 1\n", "f.yaml:1: tags are not supported");
	check_refused("a: ! 1\n", "f.yaml:1: tags are not supported");
	check_refused("a: !x [1]\n", "f.yaml:1: tags are not supported");
	check_refused("!x {a: 1}\n", "f.yaml:1: tags are not supported");
	check_refused("%TAG !e! tag:example.com,2000:\n---\na: 1\n", "f.yaml:1: tags are not supported");
}

/* only one document, only texts as keys, no key twice */
static void test_structure(void **state)
{
	check_refused("a: 1\n---\nb: 2\n", "f.yaml:3: only one document a file is supported");
	check_refused("? [a]\n: 1\n", "f.yaml:1: a key must be a text, not a list or a map");
	check_refused("x: 1\n{a: b}: 1\n", "f.yaml:2: a key must be a text, not a list or a map");
	check_refused("a: 1\nb: 2\na: 3\n", "f.yaml:3: this key stands here twice");
	check_refused("a: 1\n'a': 3\n", "f.yaml:2: this key stands here twice");
	check_refused("x:\n  - {a: 1, b: 2, a: 3}\n", "f.yaml:2: this key stands here twice");
}

/* NUL bytes, raw or escaped, and bytes that are no UTF-8 */
static void test_bytes(void **state)
{
	check_refused_len("a: 1\nb: \0\n", 10, CW_E_INVALID, "f.yaml:2: NUL byte");
	check_refused("a: \"x\\0y\"\n", "f.yaml:1: a text may not hold a NUL byte");
	check_refused("a: 1\n\nb: \xff\n", "f.yaml:3: invalid UTF-8");
	check_refused("\xff\xfe"
		      "a\n",
		      "f.yaml:1: invalid UTF-8");
}

/* CW_YAML_DEPTH_MAX collections inside each other are accepted, one more is refused */
static void test_depth(void **state)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	char text[2 * CW_YAML_DEPTH_MAX + 3] = "";

	memset(text, '[', CW_YAML_DEPTH_MAX);
	memset(text + CW_YAML_DEPTH_MAX, ']', CW_YAML_DEPTH_MAX);
	doc = parse(text);
	memset(text, '[', CW_YAML_DEPTH_MAX + 1);
	memset(text + CW_YAML_DEPTH_MAX + 1, ']', CW_YAML_DEPTH_MAX + 1);
	check_refused_len(text, strlen(text), CW_E_LIMIT, "f.yaml:1: nested too deeply");
}

/* a long file of brackets ends at the depth limit, not after reading all */
static void test_many_brackets(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	for (int i = 0; i < 100000; i++)
		cw_buf_adds(&text, "[\n");
	check_refused_len(text.data, text.len, CW_E_LIMIT, "f.yaml:17: nested too deeply");
}

/* more nodes than the limit */
static void test_nodes(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	struct cw_err err = CW_ERR_INIT;

	for (int i = 0; i < CW_YAML_NODES_MAX; i++)
		cw_buf_adds(&text, "-\n");
	assert_int_equal(cw_yaml_parse("f", text.data, text.len, TEXT_MAX, &doc, &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "f:200000: too many values");
	assert_int_equal(cw_yaml_parse("f", text.data, text.len - 2, TEXT_MAX, &doc, &err), 0);
	assert_int_equal(cw_yaml_root(doc)->len, CW_YAML_NODES_MAX - 1);
}

/* MAX_LEN bytes are accepted, one more is refused */
static void test_length(void **state)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	struct cw_err err = CW_ERR_INIT;

	assert_int_equal(cw_yaml_parse("f", "a: 1", 4, 3, &doc, &err), CW_E_LIMIT);
	assert_string_equal(err.msg, "f: larger than 3 bytes");
	assert_int_equal(cw_yaml_parse("f", "a: 1", 4, 4, &doc, &err), 0);
}

/* a repeated key among many is found */
static void test_many_keys(void **state)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	for (int i = 0; i < 1000; i++)
		cw_buf_addf(&text, "k%d: 1\n", i);
	cw_yaml_free(parse(text.data));
	cw_buf_adds(&text, "k7: 1\n");
	check_refused(text.data, "f.yaml:1001: this key stands here twice");
}

/* null and booleans are plain texts only */
static void test_plain(void **state)
{
	CW_CLEANUP(cw_yaml_free_p)
	struct cw_yaml *doc = parse("[~, null, Null, 'null', '', true, false, 'true', yes, [], x]");
	const struct cw_yaml_node *n;
	bool b = false;

	n = cw_yaml_root(doc)->items;
	for (int i = 0; i < 11; i++)
		assert_int_equal(cw_yaml_is_null(&n[i]), i < 3);
	assert_true(cw_yaml_bool(&n[5], &b));
	assert_true(b);
	assert_true(cw_yaml_bool(&n[6], &b));
	assert_false(b);
	for (int i = 7; i < 11; i++)
		assert_false(cw_yaml_bool(&n[i], &b));
	assert_null(cw_yaml_get(NULL, "x"));
	assert_null(cw_yaml_get(&n[9], "x"));
	assert_null(cw_yaml_get(&n[10], "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),	  cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_empty),	  cmocka_unit_test(test_almost_empty),
		cmocka_unit_test(test_edges),	  cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_aliases),	  cmocka_unit_test(test_tags),
		cmocka_unit_test(test_structure), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_depth),	  cmocka_unit_test(test_many_brackets),
		cmocka_unit_test(test_nodes),	  cmocka_unit_test(test_length),
		cmocka_unit_test(test_many_keys), cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
