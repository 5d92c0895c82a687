/* policy/conf_parse.c - YAML to configuration, guided by the tables. Values are not quoted in messages: one might be a secret. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/yaml.h"
#include "policy/baseline.h"
#include "policy/conf_int.h"
#include "policy/date.h"
#include "rules/pattern.h"

#define SHOWN_NAME_MAX 40 /* characters of an unknown key */
#define FULL_NAME_SIZE 64 /* bytes; names in the table are shorter */
#define TEXT_MAX 4096	  /* bytes of any text */

struct parse {
	struct cw_conf *conf;
	enum cw_conf_level level;
	const char *file; /* kept by conf */
	struct cw_err *err;
};

__attribute__((format(printf, 3, 4))) static int fail(struct parse *p, const struct cw_yaml_node *at, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return cw_err_set(p->err, CW_E_INVALID, "%s:%d: %s", p->file, at->line, text);
}

static struct cw_conf_from from_here(const struct parse *p, const struct cw_yaml_node *at)
{
	return (struct cw_conf_from){.level = p->level, .file = p->file, .line = at->line};
}

/* An unknown key is named only if it looks like the name of one. */
static int unknown_key(struct parse *p, const struct cw_yaml_node *key, const char *where)
{
	size_t len = strspn(key->text, "abcdefghijklmnopqrstuvwxyz_-.");

	if (len == key->len && len > 0 && len <= SHOWN_NAME_MAX)
		return fail(p, key, "unknown key '%s'%s: see 'credwatch config --keys'", key->text, where);
	return fail(p, key, "unknown key%s: see 'credwatch config --keys'", where);
}

/* A text of at least MIN bytes in *ret, which C keeps. */
static int keep_text_of(struct parse *p, const struct cw_yaml_node *v, const char *name, size_t min, const char **ret)
{
	const char *copy;

	if (v->type != CW_YAML_SCALAR || cw_yaml_is_null(v) || v->len < min)
		return fail(p, v, "'%s' must be a text", name);
	if (v->len > TEXT_MAX)
		return fail(p, v, "'%s' is longer than %d bytes", name, TEXT_MAX);
	copy = cw_conf_keep(p->conf, v->text, v->len);
	if (!copy)
		return cw_err_nomem(p->err);
	*ret = copy;
	return 0;
}

static int keep_text(struct parse *p, const struct cw_yaml_node *v, const char *name, const char **ret)
{
	return keep_text_of(p, v, name, 1, ret);
}

/* ---- single values ---- */

static int wrong_value(struct parse *p, const struct cw_yaml_node *v, const struct cw_conf_row *row)
{
	char names[128] = "";
	size_t used = 0;

	switch (row->kind) {
	case CW_KIND_BOOL:
		return fail(p, v, "'%s' must be true or false", row->name);
	case CW_KIND_SIZE:
		return fail(p, v, "'%s' must be a size such as 500K, 20M or 1G", row->name);
	case CW_KIND_CHOICE:
		for (int i = 0; row->choices[i] && used < sizeof(names); i++)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i == 0 ? "" : ", ",
						 row->choices[i]);
		return fail(p, v, "'%s' must be one of %s", row->name, names);
	default:
		return fail(p, v, "'%s' must be a number from %llu to %llu", row->name, (unsigned long long)row->min,
			    (unsigned long long)row->max);
	}
}

static int read_scalar(struct parse *p, const struct cw_yaml_node *v, enum cw_conf_key key)
{
	const struct cw_conf_row *row = &cw_conf_rows[key];
	struct cw_conf_from *from = &p->conf->from[key];
	union { /* whatever the row's kind is */
		uint64_t number;
		int choice;
		bool yes;
		const char *text;
	} value;
	const size_t sizes[] = {[CW_KIND_NUMBER] = sizeof(uint64_t), [CW_KIND_SIZE] = sizeof(uint64_t),
				[CW_KIND_BOOL] = sizeof(bool), [CW_KIND_CHOICE] = sizeof(int),
				[CW_KIND_TEXT] = sizeof(const char *)};
	int rc = 0;

	if (row->kind == CW_KIND_TEXT)
		rc = keep_text_of(p, v, row->name, row->min, &value.text);
	else if (v->type != CW_YAML_SCALAR || (row->kind != CW_KIND_CHOICE && v->quoted) ||
		 !cw_conf_scalar(row, v->text, &value))
		rc = wrong_value(p, v, row);
	if (rc != 0 || from->level > p->level)
		return rc;
	memcpy((char *)p->conf + row->offset, &value, sizes[row->kind]);
	*from = from_here(p, v);
	return 0;
}

/* ---- paths ---- */

/* PATH as it is to be opened: relative to the file's folder, but for a repository as it is. */
static int resolve(struct parse *p, const char *path, const char **ret)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf full = CW_BUF_INIT;
	const char *slash = strrchr(p->file, '/');

	if (p->level == CW_LEVEL_REPOSITORY || path[0] == '/' || !slash) {
		*ret = path;
		return 0;
	}
	cw_buf_add(&full, p->file, (size_t)(slash - p->file) + 1);
	cw_buf_adds(&full, path);
	if (cw_buf_fail(&full, "path", p->err) != 0)
		return full.fail;
	*ret = cw_conf_keep(p->conf, full.data, full.len);
	return *ret ? 0 : cw_err_nomem(p->err);
}

static int read_path(struct parse *p, const struct cw_yaml_node *v, const struct cw_conf_row *row)
{
	struct cw_vec *list = (struct cw_vec *)(void *)((char *)p->conf + row->offset);
	struct cw_conf_path path = {.from = from_here(p, v)}, *slot;
	int rc = keep_text(p, v, row->name, &path.path);

	if (rc == 0)
		rc = resolve(p, path.path, &path.path);
	if (rc != 0)
		return rc;
	slot = cw_vec_push(list);
	if (!slot)
		return cw_vec_fail(list, row->name, p->err);
	*slot = path;
	return 0;
}

static int read_paths(struct parse *p, const struct cw_yaml_node *v, const struct cw_conf_row *row)
{
	int rc = 0;

	if (v->type == CW_YAML_MAP)
		return fail(p, v, "'%s' must be a path, or a list of them", row->name);
	if (v->type == CW_YAML_SCALAR)
		return cw_yaml_is_null(v) ? 0 : read_path(p, v, row);
	for (size_t i = 0; rc == 0 && i < v->len; i++)
		rc = read_path(p, &v->items[i], row);
	return rc;
}

/* ---- lists of texts ---- */

static int read_texts(struct parse *p, const struct cw_yaml_node *v, enum cw_conf_key key)
{
	const struct cw_conf_row *row = &cw_conf_rows[key];
	struct cw_vec *list = (struct cw_vec *)(void *)((char *)p->conf + row->offset);
	struct cw_conf_from *from = &p->conf->from[key];
	int rc = 0;

	if (v->type != CW_YAML_SEQ)
		return fail(p, v, "'%s' must be a list of texts", row->name);
	if (v->len > row->max)
		return fail(p, v, "'%s' has more than %d texts", row->name, (int)row->max);
	if (from->level > p->level)
		return 0;
	cw_vec_clear(list);
	for (size_t i = 0; rc == 0 && i < v->len; i++) {
		const char *text = NULL, **slot;

		rc = keep_text_of(p, &v->items[i], row->name, i == 0 ? 1 : 0, &text);
		if (rc != 0)
			break;
		slot = cw_vec_push(list);
		if (!slot)
			return cw_vec_fail(list, row->name, p->err);
		*slot = text;
	}
	if (rc == 0)
		*from = from_here(p, v);
	return rc;
}

/* ---- lists of entries ---- */

/* It must compile, and not match everything. */
static int check_pattern(struct parse *p, const struct cw_yaml_node *v, const char *text)
{
	CW_CLEANUP(cw_pattern_free_p) struct cw_pattern *pattern = NULL;
	CW_CLEANUP(cw_pattern_state_free_p) struct cw_pattern_state *state = NULL;
	struct cw_span spans[CW_PATTERN_GROUPS_MAX];
	struct cw_err why = CW_ERR_INIT;
	size_t n;
	int rc = cw_pattern_compile(text, &pattern, &why);

	if (rc == 0)
		rc = cw_pattern_state_new(&state, &why);
	if (rc == CW_E_NOMEM)
		return cw_err_nomem(p->err);
	if (rc != 0)
		return fail(p, v, "'value': %.200s", cw_err_msg(&why));
	rc = cw_pattern_match(pattern, state, "", 0, 0, false, false, spans, &n, &why);
	if (rc != 0)
		return fail(p, v, "'value' matches the empty text, and so every secret");
	return 0;
}

static int check_field(struct parse *p, const struct cw_yaml_node *v, const struct cw_conf_field *f, const char *text)
{
	switch (f->kind) {
	case CW_KIND_FINGERPRINT:
		return cw_fingerprint_valid(text) ? 0 : fail(p, v, "'%s' must be a fingerprint as a report shows it", f->name);
	case CW_KIND_PATTERN:
		return check_pattern(p, v, text);
	case CW_KIND_WORD:
		return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_")] == '\0' ?
			       0 : fail(p, v, "'%s' must be lower-case letters, digits, '.', '-' and '_'", f->name);
	case CW_KIND_GLOB:
		return text[0] != '/' ? 0 : fail(p, v, "'%s' is relative: without '/' at its start", f->name);
	case CW_KIND_REASON:
		return text[strspn(text, " \t\n")] ? 0 : fail(p, v, "'%s' must say why", f->name);
	default:
		return 0;
	}
}

static int read_field(struct parse *p, const struct cw_yaml_node *v, const struct cw_conf_field *f,
		      struct cw_conf_entry *entry)
{
	void *field = (char *)entry + f->offset;
	const char *text = NULL;
	int rc = keep_text(p, v, f->name, &text);

	if (rc != 0)
		return rc;
	if (f->kind == CW_KIND_DATE)
		return cw_date_parse(text, field) ? 0 : fail(p, v, "'%s' must be a day such as 2030-12-31", f->name);
	rc = check_field(p, v, f, text);
	if (rc == 0)
		*(const char **)field = text;
	return rc;
}

static const struct cw_conf_field *find_field(enum cw_conf_key list, const char *name)
{
	for (size_t i = 0; i < cw_conf_fields_len; i++)
		if (cw_conf_fields[i].list == list && strcmp(cw_conf_fields[i].name, name) == 0)
			return &cw_conf_fields[i];
	return NULL;
}

static int check_entry(struct parse *p, const struct cw_yaml_node *v, enum cw_conf_key key,
		       const struct cw_conf_entry *e)
{
	const char *list = cw_conf_rows[key].name;

	if (!e->fingerprint && !e->rule && !e->provider && !e->path && !e->value)
		return fail(p, v, "an entry of '%s' says nothing of what it is for: see 'credwatch config --keys'", list);
	if (key == CW_CONF_DISABLE && e->rule && e->provider)
		return fail(p, v, "an entry of '%s' has either an id or a provider", list);
	if (!e->reason)
		return fail(p, v, "an entry of '%s' needs a reason", list);
	return 0;
}

static int read_entry(struct parse *p, const struct cw_yaml_node *v, enum cw_conf_key key)
{
	const char *name = cw_conf_rows[key].name;
	struct cw_vec *list = (struct cw_vec *)(void *)((char *)p->conf + cw_conf_rows[key].offset);
	struct cw_conf_entry entry = {.from = from_here(p, v), .expires = CW_CONF_NEVER}, *slot;
	char where[FULL_NAME_SIZE];
	int rc = 0;

	if (v->type != CW_YAML_MAP)
		return fail(p, v, "an entry of '%s' must be a map", name);
	snprintf(where, sizeof(where), " in '%s'", name);
	for (size_t i = 0; rc == 0 && i < v->len; i++) {
		const struct cw_yaml_node *k = &v->items[2 * i];
		const struct cw_conf_field *f = find_field(key, k->text);

		rc = f ? read_field(p, k + 1, f, &entry) : unknown_key(p, k, where);
	}
	if (rc == 0)
		rc = check_entry(p, v, key, &entry);
	if (rc != 0)
		return rc;
	slot = cw_vec_push(list);
	if (!slot)
		return cw_vec_fail(list, name, p->err);
	*slot = entry;
	return 0;
}

static int read_entries(struct parse *p, const struct cw_yaml_node *v, enum cw_conf_key key)
{
	int rc = 0;

	if (cw_yaml_is_null(v))
		return 0;
	if (v->type != CW_YAML_SEQ)
		return fail(p, v, "'%s' must be a list", cw_conf_rows[key].name);
	for (size_t i = 0; rc == 0 && i < v->len; i++)
		rc = read_entry(p, &v->items[i], key);
	return rc;
}

/* ---- the whole ---- */

static int read_key(struct parse *p, const struct cw_yaml_node *k, enum cw_conf_key key)
{
	const struct cw_conf_row *row = &cw_conf_rows[key];
	const struct cw_yaml_node *v = k + 1;

	if (!(row->levels & 1u << p->level))
		return fail(p, k, "'%s' cannot be set by a repository: it belongs in the user's or the system's configuration",
			    row->name);
	if (row->kind == CW_KIND_PATHS)
		return read_paths(p, v, row);
	if (row->kind == CW_KIND_TEXTS)
		return read_texts(p, v, key);
	return row->kind == CW_KIND_ENTRIES ? read_entries(p, v, key) : read_scalar(p, v, key);
}

/* Whether NAME and a dot begin the name of some key. */
static bool is_section(const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < CW_CONF_COUNT_; i++)
		if (strncmp(cw_conf_rows[i].name, name, len) == 0 && cw_conf_rows[i].name[len] == '.')
			return true;
	return false;
}

static int find_key(const char *name)
{
	for (int i = 0; i < CW_CONF_COUNT_; i++)
		if (strcmp(cw_conf_rows[i].name, name) == 0)
			return i;
	return -1;
}

static int read_section(struct parse *p, const struct cw_yaml_node *section, const char *name)
{
	char where[FULL_NAME_SIZE + 8];
	int rc = 0;

	if (cw_yaml_is_null(section))
		return 0;
	if (section->type != CW_YAML_MAP)
		return fail(p, section, "'%s' must be a map", name);
	snprintf(where, sizeof(where), " in '%s'", name);
	for (size_t i = 0; rc == 0 && i < section->len; i++) {
		const struct cw_yaml_node *k = &section->items[2 * i];
		char full[2 * FULL_NAME_SIZE];
		int key = -1;

		if (k->len < FULL_NAME_SIZE) {
			snprintf(full, sizeof(full), "%s.%s", name, k->text);
			key = find_key(full);
		}
		rc = key >= 0 ? read_key(p, k, (enum cw_conf_key)key) : unknown_key(p, k, where);
	}
	return rc;
}

static int read_root(struct parse *p, const struct cw_yaml_node *root)
{
	int rc = 0;

	if (root->type != CW_YAML_MAP)
		return fail(p, root, "a configuration is a map of keys and values");
	for (size_t i = 0; rc == 0 && i < root->len; i++) {
		const struct cw_yaml_node *k = &root->items[2 * i];
		int key = strchr(k->text, '.') ? -1 : find_key(k->text);

		if (key >= 0)
			rc = read_key(p, k, (enum cw_conf_key)key);
		else if (k->len > 0 && k->len < FULL_NAME_SIZE && is_section(k->text))
			rc = read_section(p, k + 1, k->text);
		else
			rc = unknown_key(p, k, "");
	}
	return rc;
}

int cw_conf_add(struct cw_conf *c, enum cw_conf_level level, const char *name, const char *data, size_t len,
		struct cw_err *err)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	struct parse p = {.conf = c, .level = level, .err = err};
	int rc = cw_yaml_parse(name, data, len, CW_CONF_FILE_MAX, &doc, err);

	if (rc != 0 || !cw_yaml_root(doc))
		return rc;
	p.file = cw_conf_keep(c, name, strlen(name));
	if (!p.file)
		return cw_err_nomem(err);
	return read_root(&p, cw_yaml_root(doc));
}
