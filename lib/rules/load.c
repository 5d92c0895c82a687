/* rules/load.c - rule files and folders into a rulebook; see load.h. */
#include "rules/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "rules/book.h"
#include "rules/set.h"

#define FILES_MAX 10000 /* in one folder */

int cw_rulebook_new(struct cw_rulebook **ret, struct cw_err *err)
{
	struct cw_rulebook *b = calloc(1, sizeof(*b));

	if (!b)
		return cw_err_nomem(err);
	b->rules = (struct cw_vec)CW_VEC_INIT(struct cw_rule, CW_RULES_MAX);
	b->sets = (struct cw_vec)CW_VEC_INIT(struct cw_set *, 64);
	*ret = b;
	return 0;
}

void cw_rulebook_free(struct cw_rulebook *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->sets.len; i++)
		cw_set_unref(CW_VEC_AT(&b->sets, struct cw_set *, i));
	cw_vec_release(&b->sets);
	cw_vec_release(&b->rules);
	cw_pool_release(&b->pool);
	free(b);
}

/* The file name without folders and ".yaml"; false when NAME is "-" and tells nothing. */
static bool stem(const char *name, const char **ret, size_t *ret_len)
{
	const char *slash = strrchr(name, '/');

	*ret = slash ? slash + 1 : name;
	*ret_len = strlen(*ret);
	if (*ret_len > 5 && strcmp(*ret + *ret_len - 5, ".yaml") == 0)
		*ret_len -= 5;
	return strcmp(name, "-") != 0;
}

static int check_provider(const char *name, const struct cw_yaml_node *v, struct cw_err *err)
{
	const char *base;
	size_t len;

	if (!v || v->type != CW_YAML_SCALAR || v->len == 0)
		return cw_err_set(err, CW_E_RULE, "%s: lacks the key 'provider'", name);
	if (stem(name, &base, &len) && (len != v->len || memcmp(base, v->text, len) != 0))
		return cw_err_set(err, CW_E_RULE, "%s:%d: provider must be '%.*s', the file's name", name, v->line, (int)len,
				  base);
	for (const char *s = v->text; *s; s++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", *s))
			return cw_err_set(err, CW_E_RULE, "%s:%d: provider may hold lower-case letters, digits, '-' and '_' only",
					  name, v->line);
	}
	return 0;
}

/* Drop the rules that something erroneous has added already, and its failure with them: what is there stays usable. */
static int undo(struct cw_rulebook *b, size_t len, int rc)
{
	b->rules.len = len;
	b->rules.fail = 0;
	b->pool.fail = 0;
	return rc;
}

static int add_rules(struct cw_rulebook *b, const char *name, const char *provider, const struct cw_yaml_node *list,
		     struct cw_err *err)
{
	size_t had = b->rules.len;

	for (size_t i = 0; i < list->len; i++) {
		struct cw_rule rule, *slot;
		int rc = cw_rule_parse(&b->pool, name, provider, &list->items[i], &rule, err);

		if (rc < 0)
			return undo(b, had, rc);
		slot = cw_vec_push(&b->rules);
		if (!slot)
			return undo(b, had, cw_vec_fail(&b->rules, "rules", err));
		*slot = rule;
	}
	return 0;
}

int cw_rulebook_add(struct cw_rulebook *b, const char *name, const char *data, size_t len, struct cw_err *err)
{
	CW_CLEANUP(cw_yaml_free_p) struct cw_yaml *doc = NULL;
	const struct cw_yaml_node *root, *provider, *rules;
	const char *provider_text;
	int rc = cw_yaml_parse(name, data, len, CW_RULE_FILE_MAX, &doc, err);

	if (rc < 0)
		return rc;
	root = cw_yaml_root(doc);
	if (!root || root->type != CW_YAML_MAP)
		return cw_err_set(err, CW_E_RULE, "%s: a rule file is a map with the keys 'provider' and 'rules'", name);
	for (size_t i = 0; i < root->len; i++) {
		const struct cw_yaml_node *key = &root->items[2 * i];

		if (strcmp(key->text, "provider") != 0 && strcmp(key->text, "rules") != 0)
			return cw_err_set(err, CW_E_RULE, "%s:%d: unknown key '%.40s'; a rule file has 'provider' and 'rules'",
					  name, key->line, key->text);
	}
	provider = cw_yaml_get(root, "provider");
	rc = check_provider(name, provider, err);
	if (rc < 0)
		return rc;
	rules = cw_yaml_get(root, "rules");
	if (!rules || rules->type != CW_YAML_SEQ || rules->len == 0)
		return cw_err_set(err, CW_E_RULE, "%s: 'rules' must be a list with at least one rule", name);
	provider_text = cw_pool_strn(&b->pool, provider->text, provider->len);
	if (!provider_text)
		return undo(b, b->rules.len, cw_err_nomem(err));
	return add_rules(b, name, provider_text, rules, err);
}

static int add_file(struct cw_rulebook *b, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_MAX(CW_RULE_FILE_MAX);
	int rc = cw_io_read_file(path, CW_RULE_FILE_MAX, 0, &text, err);

	return rc < 0 ? rc : cw_rulebook_add(b, path, text.data, text.len, err);
}

static int is_rule_file(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && strcmp(d->d_name + len - 5, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_dir(struct cw_rulebook *b, const char *path, struct cw_err *err)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_rule_file, by_name), rc = 0;
	size_t had = b->rules.len;

	if (n < 0)
		return cw_err_sys(err, errno, "cannot read the folder '%s'", path);
	if (n == 0)
		rc = cw_err_set(err, CW_E_NOTFOUND, "no rule file (*.yaml) in '%s'", path);
	if (n > FILES_MAX)
		rc = cw_err_set(err, CW_E_LIMIT, "more than %d rule files in '%s'", FILES_MAX, path);
	for (int i = 0; i < n; i++) {
		CW_CLEANUP(cw_buf_release) struct cw_buf file = CW_BUF_INIT_MAX(8192);

		cw_buf_addf(&file, "%s/%s", path, list[i]->d_name);
		free(list[i]);
		if (rc == 0)
			rc = cw_buf_fail(&file, "a path", err);
		if (rc == 0)
			rc = add_file(b, file.data, err);
	}
	free(list);
	return rc < 0 ? undo(b, had, rc) : 0;
}

int cw_rulebook_add_path(struct cw_rulebook *b, const char *path, struct cw_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return cw_err_sys(err, errno, "cannot open the rules '%s'", path);
	return S_ISDIR(st.st_mode) ? add_dir(b, path, err) : add_file(b, path, err);
}

int cw_rulebook_add_set(struct cw_rulebook *b, const struct cw_set *set, struct cw_err *err)
{
	struct cw_set **slot = cw_vec_push(&b->sets);
	size_t had = b->rules.len;

	if (!slot)
		return cw_vec_fail(&b->sets, "rule sets", err);
	*slot = cw_set_ref(set);
	for (size_t i = 0; i < cw_set_len(set); i++) {
		struct cw_rule *rule = cw_vec_push(&b->rules);

		if (!rule)
			return undo(b, had, cw_vec_fail(&b->rules, "rules", err));
		*rule = *cw_set_rule(set, i);
	}
	return 0;
}

static const struct cw_rule *find_unsorted(const struct cw_rule *rules, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rules[i].id, id) == 0)
			return &rules[i];
	return NULL;
}

/* A part of RULE that is among the N rules to go, or NULL. */
static const char *missing_part(const struct cw_rule *rule, const struct cw_rule *gone, size_t n)
{
	for (size_t i = 0; i < rule->parts_len; i++)
		if (find_unsorted(gone, n, rule->parts[i].rule))
			return rule->parts[i].rule;
	return NULL;
}

int cw_rulebook_remove(struct cw_rulebook *b, bool (*drop)(void *payload, const struct cw_rule *rule), void *payload,
		       size_t *ret_dropped, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec gone = CW_VEC_INIT(struct cw_rule, CW_RULES_MAX);
	struct cw_rule *rules = b->rules.items;
	size_t kept = 0;

	if (cw_vec_reserve(&gone, b->rules.len) != 0)
		return cw_vec_fail(&gone, "rules", err);
	for (size_t i = 0; i < b->rules.len; i++) {
		if (drop(payload, &rules[i]))
			*(struct cw_rule *)cw_vec_push(&gone) = rules[i];
		else
			rules[kept++] = rules[i];
	}
	b->rules.len = kept;
	for (size_t i = 0; i < kept && gone.len > 0; i++) {
		const char *part = missing_part(&rules[i], gone.items, gone.len);

		if (part)
			return cw_err_set(err, CW_E_RULE, "rule %s is disabled, but rule %s needs it: disable both", part,
					  rules[i].id);
	}
	if (ret_dropped)
		*ret_dropped = gone.len;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct cw_rule *)a)->id, ((const struct cw_rule *)b)->id);
}

static const struct cw_rule *find(const struct cw_rulebook *b, const char *id)
{
	struct cw_rule key = {.id = id};

	return b->rules.len == 0 ? NULL : bsearch(&key, b->rules.items, b->rules.len, sizeof(key), by_id);
}

static int resolve_parts(struct cw_rulebook *b, struct cw_rule *rule, struct cw_err *err)
{
	struct cw_part *parts;

	if (rule->parts_len == 0)
		return 0;
	/* A rule taken from a compiled set shares its parts with that set, where the indexes differ. */
	parts = cw_pool_array(&b->pool, rule->parts_len, sizeof(*parts));
	if (!parts)
		return cw_err_nomem(err);
	memcpy(parts, rule->parts, rule->parts_len * sizeof(*parts));
	for (size_t i = 0; i < rule->parts_len; i++) {
		const struct cw_rule *other = find(b, parts[i].rule);

		if (!other)
			return cw_err_set(err, CW_E_RULE, "rule %s: part '%.40s' names the rule '%.80s', which does not exist",
					  rule->id, parts[i].name, parts[i].rule);
		parts[i].rule_index = other->index;
	}
	rule->parts = parts;
	return 0;
}

int cw_rulebook_finish(struct cw_rulebook *b, struct cw_err *err)
{
	struct cw_rule *rules = b->rules.items;
	size_t n = b->rules.len;

	if (n == 0)
		return cw_err_set(err, CW_E_RULE, "there are no rules");
	qsort(rules, n, sizeof(*rules), by_id);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(rules[i - 1].id, rules[i].id) == 0)
			return cw_err_set(err, CW_E_RULE, "rule %s is defined twice", rules[i].id);
		rules[i].index = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++) {
		int rc = resolve_parts(b, &rules[i], err);

		if (rc < 0)
			return rc;
	}
	b->finished = true;
	return 0;
}

size_t cw_rulebook_len(const struct cw_rulebook *b)
{
	return b->rules.len;
}

const struct cw_rule *cw_rulebook_rule(const struct cw_rulebook *b, size_t i)
{
	return &CW_VEC_AT(&b->rules, struct cw_rule, i);
}
