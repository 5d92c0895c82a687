/* policy/conf_edit.c - see conf_edit.h. Where an entry could go is guessed from lines; whether the guess was right, the parser says. */
#include "policy/conf_edit.h"

#include <stdio.h>
#include <string.h>

#include "base/yaml.h"
#include "policy/conf_int.h"

#define KEY "allow"
#define BLANKS " \t"
#define INDENT_MAX 32

struct edit {
	enum cw_conf_level level;
	const char *name, *text;
	size_t len;
	const struct cw_conf_entry *entry;
	const char *eol;
};

/* ---- lines ---- */

/* Offset at which line NUMBER, counted from 1, begins; the end of the text when there are fewer. */
static size_t line_at(const struct edit *e, int number)
{
	size_t at = 0;

	for (; number > 1 && at < e->len; number--) {
		const char *lf = memchr(e->text + at, '\n', e->len - at);

		at = lf ? (size_t)(lf - e->text) + 1 : e->len;
	}
	return at;
}

static int number_at(const struct edit *e, size_t at)
{
	int number = 1;

	for (size_t i = 0; i < at; i++)
		number += e->text[i] == '\n';
	return number + (at > 0 && e->text[at - 1] != '\n');
}

/* Length of the line at AT, without what ends it. */
static size_t line_len(const struct edit *e, size_t at)
{
	const char *lf = memchr(e->text + at, '\n', e->len - at);
	size_t len = lf ? (size_t)(lf - e->text) - at : e->len - at;

	return len > 0 && e->text[at + len - 1] == '\r' ? len - 1 : len;
}

static size_t next_line(const struct edit *e, size_t at)
{
	const char *lf = memchr(e->text + at, '\n', e->len - at);

	return lf ? (size_t)(lf - e->text) + 1 : e->len;
}

/* Where the last line in [FROM, TO) ends that is neither empty nor a comment. */
static size_t end_of_content(const struct edit *e, size_t from, size_t to)
{
	size_t end = from;

	for (size_t at = from; at < to; at = next_line(e, at)) {
		size_t len = line_len(e, at), blanks = 0;

		while (blanks < len && strchr(BLANKS, e->text[at + blanks]))
			blanks++;
		if (blanks < len && e->text[at + blanks] != '#')
			end = next_line(e, at);
	}
	return end;
}

/* ---- a try ---- */

/* A file's lines are no part of what it says. */
static void forget_lines(struct cw_conf *c)
{
	for (int i = 0; i < CW_CONF_COUNT_; i++) {
		const struct cw_conf_row *row = &cw_conf_rows[i];
		const struct cw_vec *list = (const struct cw_vec *)(const void *)((const char *)c + row->offset);

		c->from[i].line = 0;
		for (size_t k = 0; row->kind == CW_KIND_PATHS && k < list->len; k++)
			CW_VEC_AT(list, struct cw_conf_path, k).from.line = 0;
		for (size_t k = 0; row->kind == CW_KIND_ENTRIES && k < list->len; k++)
			CW_VEC_AT(list, struct cw_conf_entry, k).from.line = 0;
	}
}

/* What TEXT says, and ENTRY if there is one, in one form for all ways to write it. */
static int meaning(const struct edit *e, const char *text, size_t len, const struct cw_conf_entry *entry, struct cw_buf *out,
		   struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = NULL;
	struct cw_conf_entry *slot;
	int rc = cw_conf_new(&c, err);

	if (rc == 0)
		rc = cw_conf_add(c, e->level, e->name, text, len, err);
	if (rc != 0)
		return rc;
	slot = entry ? cw_vec_push(&c->allow) : NULL;
	if (entry && !slot)
		return cw_vec_fail(&c->allow, KEY, err);
	if (entry) {
		*slot = *entry;
		slot->from = (struct cw_conf_from){.level = e->level, .file = e->name};
	}
	forget_lines(c);
	return cw_conf_dump(c, out, err);
}

static void add_lines(const struct edit *e, const char *text, struct cw_buf *out)
{
	for (const char *lf; (lf = strchr(text, '\n')); text = lf + 1) {
		cw_buf_add(out, text, (size_t)(lf - text));
		cw_buf_adds(out, e->eol);
	}
}

/* The text with the entry's lines at AT, indented by INDENT, below a new key if WITH_KEY, and without CUT bytes at CUT_AT < AT.
 * 0 with *ret_ok when that is right; OUT is left as it was when it is not. */
static int try(const struct edit *e, size_t at, size_t indent, bool with_key, size_t cut_at, size_t cut, struct cw_buf *out,
	       bool *ret_ok, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf entry = CW_BUF_INIT, wanted = CW_BUF_INIT, found = CW_BUF_INIT;
	char blanks[INDENT_MAX + 1];
	size_t before = out->len;
	int rc;

	snprintf(blanks, sizeof(blanks), "%*s", (int)indent, "");
	if (with_key)
		cw_buf_adds(&entry, KEY ":\n");
	cw_conf_print_entry(&entry, blanks, CW_CONF_ALLOW, e->entry);
	cw_buf_add(out, e->text, cut_at);
	cw_buf_add(out, e->text + cut_at + cut, at - cut_at - cut);
	if (at > 0 && e->text[at - 1] != '\n')
		cw_buf_adds(out, e->eol);
	add_lines(e, entry.data, out);
	cw_buf_add(out, e->text + at, e->len - at);
	rc = cw_buf_fail(&entry, "configuration", err);
	if (rc == 0)
		rc = cw_buf_fail(out, "configuration", err);
	if (rc == 0)
		rc = meaning(e, e->text, e->len, e->entry, &wanted, err);
	if (rc != 0)
		return rc;
	rc = meaning(e, out->data + before, out->len - before, NULL, &found, NULL);
	*ret_ok = rc == 0 && strcmp(wanted.data, found.data) == 0;
	if (!*ret_ok)
		cw_buf_truncate(out, before);
	return rc == CW_E_NOMEM ? cw_err_nomem(err) : 0;
}

/* ---- where ---- */

/* The key's node (the value's is next), and the line on which what follows it begins, or 0. */
static const struct cw_yaml_node *find_key(const struct cw_yaml_node *root, int *ret_next)
{
	const struct cw_yaml_node *key = NULL;

	*ret_next = 0;
	for (size_t i = 0; root && i < root->len; i++) {
		const struct cw_yaml_node *k = &root->items[2 * i];

		if (key && *ret_next == 0)
			*ret_next = k->line;
		if (strcmp(k->text, KEY) == 0)
			key = k;
	}
	return key;
}

/* The list is empty: "allow:" or "allow: []", whose brackets go. */
static int try_empty(const struct edit *e, const struct cw_yaml_node *key, struct cw_buf *out, bool *ret_ok, int *ret_line,
		     struct cw_err *err)
{
	size_t at = line_at(e, key->line), len = line_len(e, at), i = strlen(KEY ":"), start = i;

	if (len < i || memcmp(e->text + at, KEY ":", i) != 0)
		return 0;
	while (i < len && strchr(BLANKS, e->text[at + i]))
		i++;
	if (len - i >= 2 && memcmp(e->text + at + i, "[]", 2) == 0)
		i += 2;
	else
		i = start;
	*ret_line = key->line + 1;
	return try(e, next_line(e, at), 0, false, at + start, i - start, out, ret_ok, err);
}

/* The list has items, each on lines of its own. */
static int try_items(const struct edit *e, const struct cw_yaml_node *key, int next, struct cw_buf *out, bool *ret_ok, int *ret_line,
		     struct cw_err *err)
{
	const struct cw_yaml_node *list = key + 1, *last = &list->items[list->len - 1];
	size_t at = line_at(e, last->line), len = line_len(e, at), indent = 0;
	size_t end = next > 0 ? line_at(e, next) : e->len, places[2] = {end_of_content(e, at, end), end};
	int rc = 0;

	while (indent < len && e->text[at + indent] == ' ')
		indent++;
	if (indent >= len || indent > INDENT_MAX || e->text[at + indent] != '-')
		return 0;
	for (int i = 0; rc == 0 && !*ret_ok && i < 2; i++) {
		*ret_line = number_at(e, places[i]);
		rc = try(e, places[i], indent, false, 0, 0, out, ret_ok, err);
	}
	return rc;
}

static int place(const struct edit *e, const struct cw_yaml_node *root, struct cw_buf *out, bool *ret_ok, int *ret_line,
		 struct cw_err *err)
{
	int next;
	const struct cw_yaml_node *key = find_key(root, &next);

	if (!key) {
		*ret_line = number_at(e, e->len) + 1;
		return try(e, e->len, 0, true, 0, 0, out, ret_ok, err);
	}
	if (key[1].type == CW_YAML_SEQ && key[1].len > 0)
		return try_items(e, key, next, out, ret_ok, ret_line, err);
	return try_empty(e, key, out, ret_ok, ret_line, err);
}

/* ---- the whole ---- */

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The text must be a configuration, and have no such entry that holds as long. */
static int check_old(const struct edit *e, struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = NULL;
	const struct cw_conf_entry *n = e->entry;
	int rc = cw_conf_new(&c, err);

	if (rc == 0)
		rc = cw_conf_add(c, e->level, e->name, e->text, e->len, err);
	for (size_t i = 0; rc == 0 && i < c->allow.len; i++) {
		const struct cw_conf_entry *o = &CW_VEC_AT(&c->allow, struct cw_conf_entry, i);

		if (same(o->fingerprint, n->fingerprint) && same(o->rule, n->rule) && same(o->path, n->path) &&
		    same(o->value, n->value) && o->expires >= n->expires)
			rc = cw_err_set(err, CW_E_INVALID, "%s:%d: there is such an entry already", e->name, o->from.line);
	}
	return rc;
}

/* The entry must be one that the parser takes. */
static int check_entry(const struct edit *e, struct cw_err *err)
{
	CW_CLEANUP(cw_conf_free_p) struct cw_conf *c = NULL;
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc = cw_conf_print_allow(e->entry, &text, err);

	if (rc == 0)
		rc = cw_conf_new(&c, err);
	return rc == 0 ? cw_conf_add(c, e->level, "the new entry", text.data, text.len, err) : rc;
}

int cw_conf_print_allow(const struct cw_conf_entry *entry, struct cw_buf *out, struct cw_err *err)
{
	struct cw_conf_entry bare = *entry;

	bare.from = (struct cw_conf_from){0};
	cw_buf_adds(out, KEY ":\n");
	cw_conf_print_entry(out, "", CW_CONF_ALLOW, &bare);
	return cw_buf_fail(out, "configuration", err);
}

int cw_conf_edit_allow(enum cw_conf_level level, const char *name, const char *text, size_t len, const struct cw_conf_entry *entry,
		       struct cw_buf *out, int *ret_line, struct cw_err *err)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	struct cw_conf_entry bare = *entry;
	struct edit e = {.level = level, .name = name, .text = text, .len = len, .entry = &bare,
			 .eol = memmem(text, len, "\r\n", 2) ? "\r\n" : "\n"};
	bool ok = false;
	int line = 0, rc;

	bare.from = (struct cw_conf_from){0};
	rc = check_entry(&e, err);
	if (rc == 0)
		rc = check_old(&e, err);
	if (rc == 0)
		rc = cw_yaml_parse(name, text, len, CW_CONF_FILE_MAX, &doc, err);
	if (rc == 0)
		rc = place(&e, cw_yaml_root(doc), out, &ok, &line, err);
	if (rc == 0 && !ok)
		rc = cw_err_set(err, CW_E_UNSUPPORTED, "%s: it is written in a way that no entry can be added to safely", name);
	if (rc == 0)
		*ret_line = line;
	return rc;
}
