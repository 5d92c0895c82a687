/* Tests of rules/load.h: every error of a rule file names file and line; a bad file leaves the book as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/io.h"
#include "fixture.h"
#include "rules/load.h"

#define HEAD "provider: t\nrules:\n"
/* One rule, key by key: a case replaces or adds lines. Line numbers in the cases below count from "provider". */
struct lines {
	const char *id, *title, *cls, *severity, *anchor, *pattern, *reach, *description, *remediation, *examples,
		*counterexamples, *more;
};

static const struct lines usual = {
	.id = "id: t.a",
	.title = "title: T",
	.cls = "class: specific",
	.severity = "severity: low",
	.anchor = "anchor: 'key_[0-9]{4}'",
	.pattern = "pattern: '(?<secret>key_(?<body>[0-9]{4,}))'",
	.reach = "reach: {before: 20, after: 9}",
	.description = "description: D",
	.remediation = "remediation: R",
	.examples = "examples: [key_1234, key_4567]",
	.counterexamples = "counterexamples: [key_1, key_2]",
	.more = "references: [r]",
};

static void add_line(struct cw_buf *out, const char *text, bool first)
{
	if (text[0])
		cw_buf_addf(out, "%s%s\n", first ? "  - " : "    ", text);
}

static void rule_text(const struct lines *l, struct cw_buf *out)
{
	add_line(out, l->id[0] ? l->id : l->title, true);
	if (l->id[0])
		add_line(out, l->title, false);
	add_line(out, l->cls, false);
	add_line(out, l->severity, false);
	add_line(out, l->anchor, false);
	add_line(out, l->pattern, false);
	add_line(out, l->reach, false);
	add_line(out, l->description, false);
	add_line(out, l->remediation, false);
	add_line(out, l->examples, false);
	add_line(out, l->counterexamples, false);
	add_line(out, l->more, false);
}

static struct cw_rulebook *new_book(void)
{
	struct cw_rulebook *book = NULL;

	assert_int_equal(cw_rulebook_new(&book, NULL), 0);
	return book;
}

/* Add a file of text to BOOK that already holds LEN rules: refused with CODE and MESSAGE, and the book is as before. */
static void refused_text(struct cw_rulebook *book, const char *text, size_t len, int code, const char *message)
{
	struct cw_err err = CW_ERR_INIT;
	size_t had = cw_rulebook_len(book);

	assert_int_equal(cw_rulebook_add(book, "dir/t.yaml", text, len, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(cw_err_msg(&err), message))
		fail_msg("expected \"%s\" in: %s", message, cw_err_msg(&err));
	assert_int_equal(cw_rulebook_len(book), had);
}

static void refused(const struct lines *l, const char *message)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book();
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

	cw_buf_adds(&text, HEAD);
	rule_text(l, &text);
	refused_text(book, text.data, text.len, CW_E_RULE, message);
}

/* The usual rule with one member different is refused with this message. */
#define REFUSED(member, text, message)                                                                                 \
	do {                                                                                                           \
		struct lines l_ = usual;                                                                               \
		l_.member = (text);                                                                                    \
		refused(&l_, (message));                                                                               \
	} while (0)

static struct cw_rulebook *accepted(const struct lines *l)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_rulebook *book = new_book();
	struct cw_err err = CW_ERR_INIT;

	cw_buf_adds(&text, HEAD);
	rule_text(l, &text);
	if (cw_rulebook_add(book, "t.yaml", text.data, text.len, &err) < 0 || cw_rulebook_finish(book, &err) < 0)
		fail_msg("%s", cw_err_msg(&err));
	return book;
}

/* the usual rule, with its defaults */
static void test_good(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = accepted(&usual);
	const struct cw_rule *r = cw_rulebook_rule(book, 0);

	assert_int_equal(cw_rulebook_len(book), 1);
	assert_string_equal(r->provider, "t");
	assert_string_equal(r->id, "t.a");
	assert_int_equal(r->cls, CW_CLASS_SPECIFIC);
	assert_int_equal(r->severity, CW_SEVERITY_LOW);
	assert_int_equal(r->cwe, 798);
	assert_int_equal(r->before, 20);
	assert_int_equal(r->after, 9);
	assert_int_equal(r->width, 8);
	assert_int_equal(r->proofs_len + r->parts_len + r->labels_len + r->paths_only_len + r->paths_lower_len, 0);
	assert_true(r->value.entropy == 0 && r->value.model == CW_MODEL_NONE);
	assert_int_equal(r->references_len, 1);
	assert_int_equal(r->examples_len, 2);
	assert_int_equal(r->counterexamples_len, 2);
}

/* every optional key */
static void test_all_keys(void **state)
{
	struct lines l = usual;
	const struct cw_rule *r;

	l.more = "cwe: 321\n    value: {entropy: 3.25, stopwords: [ExAmple], model: password}\n"
		 "    labels: [{text: 'key_{+}0000', label: example}]\n"
		 "    parts: [{name: id, rule: t.a, lines: 5, required: true}]\n"
		 "    paths: {only: ['*.c'], lower: ['**/test/**', x]}\n"
		 "    proof: [{check: luhn, of: body, on_fail: pattern}, {check: json, keys: [a, b]}]";
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = accepted(&l);

	r = cw_rulebook_rule(book, 0);
	assert_int_equal(r->cwe, 321);
	assert_true(r->value.entropy == 3.25);
	assert_int_equal(r->value.model, CW_MODEL_PASSWORD);
	assert_string_equal(r->value.stopwords[0], "example");
	assert_string_equal(r->labels[0].text, "key_0000");
	assert_string_equal(r->parts[0].rule, "t.a");
	assert_int_equal(r->parts[0].lines, 5);
	assert_true(r->parts[0].required);
	assert_string_equal(r->paths_only[0], "*.c");
	assert_int_equal(r->paths_lower_len, 2);
	assert_string_equal(r->proofs[0].of, "body");
	assert_false(r->proofs[0].reject);
	assert_string_equal(r->proofs[1].of, "secret");
	assert_true(r->proofs[1].reject);
	assert_string_equal(cw_proof_param(&r->proofs[1], "keys"), "a\nb");
}

/* {+} goes from examples, counterexamples and labels, wherever it stands, and from nothing else */
static void test_joins(void **state)
{
	struct lines l = usual;
	const struct cw_rule *r;

	l.examples = "examples: ['{+}ke{+}{+}y_1234{+}', {text: 'a{+b{+}c', path: 'x{+}y'}]";
	l.counterexamples = "counterexamples: ['{{+}+}', '{+}']";
	l.description = "description: 'D{+}'";
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = accepted(&l);

	r = cw_rulebook_rule(book, 0);
	assert_string_equal(r->examples[0].text, "key_1234");
	assert_int_equal(r->examples[0].len, 8);
	assert_string_equal(r->examples[0].path, "");
	assert_string_equal(r->examples[1].text, "a{+bc");
	assert_string_equal(r->examples[1].path, "x{+}y");
	assert_string_equal(r->counterexamples[0].text, "{+}");
	assert_int_equal(r->counterexamples[1].len, 0);
	assert_string_equal(r->description, "D{+}");
}

/* every required key, left out */
static void test_missing_keys(void **state)
{
	REFUSED(id, "", "dir/t.yaml:3: a rule lacks the key 'id'");
	REFUSED(title, "", "dir/t.yaml:3: rule t.a: a rule lacks the key 'title'");
	REFUSED(cls, "", "a rule lacks the key 'class'");
	REFUSED(severity, "", "a rule lacks the key 'severity'");
	REFUSED(anchor, "", "a rule lacks the key 'anchor'");
	REFUSED(pattern, "", "a rule lacks the key 'pattern'");
	REFUSED(reach, "", "a rule lacks the key 'reach'");
	REFUSED(description, "", "a rule lacks the key 'description'");
	REFUSED(remediation, "", "a rule lacks the key 'remediation'");
	REFUSED(examples, "", "a rule lacks the key 'examples'");
	REFUSED(counterexamples, "", "a rule lacks the key 'counterexamples'");
	REFUSED(reach, "reach: {before: 9}", "dir/t.yaml:9: rule t.a: reach lacks the key 'after'");
	REFUSED(more, "parts: [{name: a, rule: b}]", "dir/t.yaml:14: rule t.a: a part lacks the key 'lines'");
	REFUSED(more, "labels: [{text: abcd}]", "a label lacks the key 'label'");
	REFUSED(examples, "examples: [{path: x}, b]", "dir/t.yaml:12: rule t.a: an example lacks the key 'text'");
}

/* keys that nobody knows, at every level */
static void test_unknown_keys(void **state)
{
	REFUSED(more, "colour: red", "dir/t.yaml:14: rule t.a: unknown key 'colour' in a rule");
	REFUSED(reach, "reach: {before: 20, after: 1, around: 3}", "dir/t.yaml:9: rule t.a: unknown key 'around' in reach");
	REFUSED(more, "value: {min: 3}", "dir/t.yaml:14: rule t.a: unknown key 'min' in value");
	REFUSED(more, "paths:\n      not: [x]", "dir/t.yaml:15: rule t.a: unknown key 'not' in paths");
	REFUSED(more, "proof: [{check: luhn, seed: 1}]", "dir/t.yaml:14: rule t.a: check luhn has no parameter 'seed'");
	REFUSED(more, "labels: [{text: abcd, label: x, y: z}]", "unknown key 'y' in a label");
	REFUSED(more, "parts: [{nick: a}]", "unknown key 'nick' in a part");
	REFUSED(examples, "examples: [{text: a, file: x}, b]", "unknown key 'file' in an example");
}

/* values of the wrong kind or out of range */
static void test_values(void **state)
{
	REFUSED(id, "id: T.a", "dir/t.yaml:3: rule T.a: id may hold lower-case letters");
	REFUSED(id, "id: ''", "id must have 1 to 80 characters");
	REFUSED(id, "id: [a]", "dir/t.yaml:3: id must be a text");
	REFUSED(id, "id: u.a", "rule u.a: id must be t.<kind>");
	REFUSED(id, "id: t.", "id must be t.<kind>");
	REFUSED(id, "id: tt.a", "id must be t.<kind>");
	REFUSED(id, "id: generic.a", "rules of class generic, and only they");
	REFUSED(cls, "class: generic", "rules of class generic, and only they");
	REFUSED(cls, "class: special", "dir/t.yaml:5: rule t.a: class 'special' is not known");
	REFUSED(cls, "class: [generic]", "class '' is not known");
	REFUSED(severity, "severity: awful", "dir/t.yaml:6: rule t.a: severity 'awful' is not known");
	REFUSED(reach, "reach: {before: 0, after: 9}", "reach.before must be a whole number from 1 to 32768");
	REFUSED(reach, "reach: {before: 32769, after: 9}", "reach.before must be a whole number from 1 to 32768");
	REFUSED(reach, "reach: {before: 20, after: -1}", "reach.after must be a whole number from 0 to 32768");
	REFUSED(reach, "reach: {before: '20', after: 1}", "reach.before must be a whole number");
	REFUSED(reach, "reach: 20", "dir/t.yaml:9: rule t.a: reach must be a map of keys");
	REFUSED(more, "cwe: 0", "cwe must be a whole number from 1 to 9999");
	REFUSED(more, "value: {entropy: 9}", "entropy must be a number from 0 to 8");
	REFUSED(more, "value: {model: clever}", "model 'clever' is not known");
	REFUSED(more, "value: {stopwords: ['']}", "stopwords may not hold an empty word");
	REFUSED(more, "value: {stopwords: x}", "stopwords must be a list");
	REFUSED(more, "labels: [{text: 'ab{+}c', label: x}]", "label text must have at least 4 characters");
	REFUSED(more, "parts: [{name: a, rule: b, lines: 1001}]", "part lines must be a whole number from 0 to 1000");
	REFUSED(more, "parts: [{name: a, rule: b, lines: 1, required: maybe}]", "required must be true or false");
	REFUSED(examples, "examples: [key_1234]", "at least 2 examples are needed");
	REFUSED(counterexamples, "counterexamples: []", "dir/t.yaml:13: rule t.a: at least 2 counterexamples are needed");
	REFUSED(examples, "examples: key_1234", "examples must be a list");
}

/* proofs: the check, its parameters, the groups they name, expressions in them */
static void test_proofs(void **state)
{
	REFUSED(more, "proof: luhn", "proof must be a list");
	REFUSED(more, "proof: [luhn]", "dir/t.yaml:14: rule t.a: a proof must be a map of keys");
	REFUSED(more, "proof: [{of: body}]", "a proof lacks the key 'check'");
	REFUSED(more, "proof: [{check: magic}]", "check 'magic' is not known");
	REFUSED(more, "proof: [{check: luhn, on_fail: cry}]", "on_fail 'cry' is not known");
	REFUSED(more, "proof: [{check: luhn, of: tail}]", "proof: of names the group 'tail', which the pattern does not have");
	REFUSED(more, "proof: [{check: crc32, of: body, encoding: hex}]", "check crc32 needs the parameter 'equals'");
	REFUSED(more, "proof: [{check: crc32, of: body, equals: sum, encoding: hex}]",
		"proof: equals names the group 'sum', which the pattern does not have");
	REFUSED(more, "proof: [{check: decoded, encoding: hex, matches: '('}]",
		"dir/t.yaml:3: rule t.a: proof: matches: pattern does not compile at character");
	REFUSED(more, "proof: [{check: json, keys: {a: b}}]", "a proof's parameter must be a text or a short list");
	REFUSED(more, "proof: [{check: json, keys: [[a]]}]", "a proof's list may hold texts of one line only");
	REFUSED(more, "proof: [{check: json, keys: [\"a\\nb\"]}]", "a proof's list may hold texts of one line only");
}

/* fault 12: expressions that are wrong, huge, exponential or wider than their window */
static void test_expressions(void **state)
{
	static char huge[CW_RULE_TEXT_MAX + 64];

	REFUSED(anchor, "anchor: '[0-9]{40}'", "dir/t.yaml:3: rule t.a: anchor: no literal of 3 bytes");
	REFUSED(anchor, "anchor: 'key_[0-9]{300}'", "anchor: may match more than 256 bytes");
	REFUSED(anchor, "anchor: 'key_(?:[0-9]{0,9}x){40}'", "anchor: may match more than 256 bytes");
	REFUSED(pattern, "pattern: '(?<secret>key'", "dir/t.yaml:3: rule t.a: pattern does not compile at character");
	REFUSED(pattern, "pattern: 'key_[0-9]+'", "the schema names the group 'secret', which the pattern does not have");
	REFUSED(pattern, "pattern: '(*UTF)(?<secret>key)'", "pattern does not compile");
	REFUSED(reach, "reach: {before: 8, after: 9}", "reach.before must be larger than the anchor's width, which is 8");
	memset(huge, 'a', sizeof(huge) - 1);
	memcpy(huge, "pattern: '", 10);
	huge[sizeof(huge) - 2] = '\'';
	REFUSED(pattern, huge, "dir/t.yaml:8: rule t.a: pattern is longer than 65536 bytes");
	memcpy(huge, "anchor:  '", 10);
	huge[5000] = '\'';
	huge[5001] = '\0';
	REFUSED(anchor, huge, "anchor: is longer than 4096 bytes");
	/* PCRE2 has limits of its own for what repeats come to */
	REFUSED(pattern, "pattern: '(?<secret>(?:(?:(?:a{999}){999}){999}){999})'", "pattern does not compile");
}

/* what is no rule file at all */
static void test_files(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book();
	static const struct {
		const char *text, *message;
		int code;
	} cases[] = {
		{"", "dir/t.yaml: a rule file is a map", CW_E_RULE},
		{"[]", "dir/t.yaml: a rule file is a map", CW_E_RULE},
		{"provider: t\n", "dir/t.yaml: 'rules' must be a list", CW_E_RULE},
		{"provider: t\nrules: []\n", "dir/t.yaml: 'rules' must be a list with at least one rule", CW_E_RULE},
		{"provider: t\nrules: x\n", "dir/t.yaml: 'rules' must be a list", CW_E_RULE},
		{"rules: [x]\n", "dir/t.yaml: lacks the key 'provider'", CW_E_RULE},
		{"provider: ''\nrules: [x]\n", "dir/t.yaml: lacks the key 'provider'", CW_E_RULE},
		{"provider: u\nrules: [x]\n", "dir/t.yaml:1: provider must be 't', the file's name", CW_E_RULE},
		{"provider: t\nversion: 2\nrules: [x]\n", "dir/t.yaml:2: unknown key 'version'", CW_E_RULE},
		{"provider: t\nrules: [x]\n", "dir/t.yaml:2: a rule must be a map of keys", CW_E_RULE},
		{"provider: t\nprovider: t\n", "dir/t.yaml:2", CW_E_INVALID},
		{"provider: t\nrules: [\n", "dir/t.yaml:3", CW_E_INVALID},
		{"provider: &a t\nrules: [*a]\n", "dir/t.yaml:1", CW_E_INVALID},
		{"provider: \"t\\0\"\nrules: [x]\n", "dir/t.yaml:1", CW_E_INVALID},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused_text(book, cases[i].text, strlen(cases[i].text), cases[i].code, cases[i].message);
}

/* "-" says nothing about the provider, but the provider's letters count */
static void test_nameless(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book();
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;

	cw_buf_adds(&text, "provider: T\nrules:\n");
	rule_text(&usual, &text);
	assert_int_equal(cw_rulebook_add(book, "-", text.data, text.len, &err), CW_E_RULE);
	assert_non_null(strstr(cw_err_msg(&err), "-:1: provider may hold lower-case letters"));
	text.data[10] = 't';
	assert_int_equal(cw_rulebook_add(book, "-", text.data, text.len, &err), 0);
}

/* more than the limits: size of a file, items of a list, bytes of a proof's list */
static void test_limits(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book();
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT, list = CW_BUF_INIT;

	cw_buf_adds(&list, "references: [");
	for (int i = 0; i <= CW_RULE_LIST_MAX; i++)
		cw_buf_adds(&list, "r, ");
	cw_buf_adds(&list, "]");
	REFUSED(more, list.data, "references has more than 256 items");
	cw_buf_clear(&list);
	cw_buf_adds(&list, "proof: [{check: json, keys: [a");
	for (int i = 0; i < 100; i++)
		cw_buf_addf(&list, ", '%01000d'", i);
	cw_buf_adds(&list, "]}]");
	REFUSED(more, list.data, "rule t.a: a proof's parameter is longer than 65536 bytes");
	assert_int_equal(cw_buf_reserve(&text, CW_RULE_FILE_MAX + 1), 0);
	memset(text.data, '#', CW_RULE_FILE_MAX + 1);
	refused_text(book, text.data, CW_RULE_FILE_MAX + 1, CW_E_LIMIT, "dir/t.yaml");
}

/* the same id twice in a file, in two files; a book without rules; a part that does not exist */
static void test_finish(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book(), *empty = new_book(), *parts = new_book();
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	struct lines l = usual;

	assert_int_equal(cw_rulebook_finish(empty, &err), CW_E_RULE);
	cw_buf_adds(&text, HEAD);
	rule_text(&usual, &text);
	assert_int_equal(cw_rulebook_add(book, "t.yaml", text.data, text.len, &err), 0);
	assert_int_equal(cw_rulebook_add(book, "t.yaml", text.data, text.len, &err), 0);
	assert_int_equal(cw_rulebook_finish(book, &err), CW_E_RULE);
	assert_string_equal(cw_err_msg(&err), "rule t.a is defined twice");
	l.more = "parts: [{name: id, rule: t.b, lines: 1}]";
	cw_buf_clear(&text);
	cw_buf_adds(&text, HEAD);
	rule_text(&l, &text);
	assert_int_equal(cw_rulebook_add(parts, "t.yaml", text.data, text.len, &err), 0);
	assert_int_equal(cw_rulebook_finish(parts, &err), CW_E_RULE);
	assert_string_equal(cw_err_msg(&err), "rule t.a: part 'id' names the rule 't.b', which does not exist");
}

/* fault 12: the second rule of a file is bad: the first is not kept, what was there before works on */
static void test_bad_file_changes_nothing(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book();
	CW_CLEANUP(cw_buf_release) struct cw_buf good = CW_BUF_INIT, bad = CW_BUF_INIT;
	struct lines l = usual;

	cw_buf_adds(&good, HEAD);
	rule_text(&usual, &good);
	assert_int_equal(cw_rulebook_add(book, "t.yaml", good.data, good.len, NULL), 0);
	cw_buf_adds(&bad, HEAD);
	l.id = "id: t.b";
	rule_text(&l, &bad);
	l.id = "id: t.c";
	l.pattern = "pattern: '('";
	rule_text(&l, &bad);
	refused_text(book, bad.data, bad.len, CW_E_RULE, "dir/t.yaml:15: rule t.c: pattern does not compile");
	assert_int_equal(cw_rulebook_finish(book, NULL), 0);
	assert_int_equal(cw_rulebook_len(book), 1);
	assert_string_equal(cw_rulebook_rule(book, 0)->id, "t.a");
}

/* one rule more than a book holds: that file is refused, a smaller one still fits */
static void test_too_many_rules(void **state)
{
	static const struct fx_rule rule = {"t.x", "key_[0-9]{4}", "(?<secret>key_[0-9]{4})", "key_1234", 0, 0, NULL};
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book();
	CW_CLEANUP(cw_buf_release) struct cw_buf one = CW_BUF_INIT;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct fx_rule many[1000];
	char ids[1000][16];
	struct cw_err err = CW_ERR_INIT;

	for (int i = 0; i < 1000; i++) {
		many[i] = rule;
		snprintf(ids[i], sizeof(ids[i]), "t.x%d", i);
		many[i].id = ids[i];
	}
	set = fx_set(many, 1000);
	for (int i = 0; i < CW_RULES_MAX / 1000; i++)
		assert_int_equal(cw_rulebook_add_set(book, set, NULL), 0);
	assert_int_equal(cw_rulebook_add_set(book, set, &err), CW_E_LIMIT);
	assert_int_equal(cw_rulebook_len(book), CW_RULES_MAX / 1000 * 1000);
	cw_buf_adds(&one, HEAD);
	rule_text(&usual, &one);
	for (int i = cw_rulebook_len(book); i < CW_RULES_MAX; i++)
		assert_int_equal(cw_rulebook_add(book, "t.yaml", one.data, one.len, NULL), 0);
	refused_text(book, one.data, one.len, CW_E_LIMIT, "rules");
}

static void write_file(const char *dir, const char *name, const char *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;

	cw_buf_addf(&path, "%s/%s", dir, name);
	assert_int_equal(cw_io_replace_file(path.data, text, strlen(text), 0600, NULL), 0);
}

static void remove_file(const char *dir, const char *name)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;

	cw_buf_addf(&path, "%s/%s", dir, name);
	assert_int_equal(unlink(path.data), 0);
}

/* a folder: its *.yaml in byte order, hidden and other files left out; one bad file and nothing of it is kept */
static void test_folder(void **state)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = new_book();
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_err err = CW_ERR_INIT;
	char dir[] = "/tmp/cw-test-load-XXXXXX";

	assert_non_null(mkdtemp(dir));
	assert_int_equal(cw_rulebook_add_path(book, dir, &err), CW_E_NOTFOUND);
	cw_buf_adds(&text, HEAD);
	rule_text(&usual, &text);
	write_file(dir, "t.yaml", text.data);
	write_file(dir, ".u.yaml", "[");
	write_file(dir, "u.yml", "[");
	write_file(dir, ".yaml", "[");
	assert_int_equal(cw_rulebook_add_path(book, dir, &err), 0);
	assert_int_equal(cw_rulebook_len(book), 1);
	write_file(dir, "v.yaml", "provider: x\n");
	assert_int_equal(cw_rulebook_add_path(book, dir, &err), CW_E_RULE);
	assert_non_null(strstr(cw_err_msg(&err), "/v.yaml:1: provider must be 'v'"));
	assert_int_equal(cw_rulebook_len(book), 1);
	assert_int_equal(cw_rulebook_add_path(book, "/nowhere/t.yaml", &err), CW_E_NOTFOUND);
	assert_int_equal(cw_rulebook_len(book), 1);
	remove_file(dir, "t.yaml");
	remove_file(dir, ".u.yaml");
	remove_file(dir, "u.yml");
	remove_file(dir, ".yaml");
	remove_file(dir, "v.yaml");
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	     cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_joins),	     cmocka_unit_test(test_missing_keys),
		cmocka_unit_test(test_unknown_keys), cmocka_unit_test(test_values),
		cmocka_unit_test(test_proofs),	     cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_files),	     cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_limits),	     cmocka_unit_test(test_finish),
		cmocka_unit_test(test_bad_file_changes_nothing), cmocka_unit_test(test_too_many_rules),
		cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
