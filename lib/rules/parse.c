/* rules/parse.c - one rule of a rule file: from YAML nodes to struct cw_rule, by a table of keys. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "rules/parse.h"
#include "rules/prefix.h"

struct key {
	const char *name;
	bool required;
	int (*set)(struct cw_parse *c, const struct cw_yaml_node *value, void *target);
};

int cw_parse_fail(struct cw_parse *c, const struct cw_yaml_node *at, const char *fmt, ...)
{
	char text[CW_ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->id[0])
		return cw_err_set(c->err, CW_E_RULE, "%s:%d: rule %s: %s", c->file, at->line, c->id, text);
	return cw_err_set(c->err, CW_E_RULE, "%s:%d: %s", c->file, at->line, text);
}

int cw_parse_nomem(struct cw_parse *c)
{
	return c->pool->fail == CW_E_LIMIT ? cw_err_set(c->err, CW_E_LIMIT, "%s: the rules are too large", c->file)
					   : cw_err_nomem(c->err);
}

/* Walk MAP by the table KEYS (ended by a NULL name); TARGET is handed to the setters. */
static int read_map(struct cw_parse *c, const struct cw_yaml_node *map, const struct key *keys, const char *what,
		    void *target)
{
	if (map->type != CW_YAML_MAP)
		return cw_parse_fail(c, map, "%s must be a map of keys", what);
	for (size_t i = 0; i < map->len; i++) {
		const struct cw_yaml_node *name = &map->items[2 * i];
		const struct key *k = keys;
		int rc;

		while (k->name && strcmp(k->name, name->text) != 0)
			k++;
		if (!k->name)
			return cw_parse_fail(c, name, "unknown key '%.40s' in %s; see the schema in patterns/README.md",
					     name->text, what);
		rc = k->set(c, name + 1, target);
		if (rc < 0)
			return rc;
	}
	for (const struct key *k = keys; k->name; k++) {
		if (k->required && !cw_yaml_get(map, k->name))
			return cw_parse_fail(c, map, "%s lacks the key '%s'", what, k->name);
	}
	return 0;
}

int cw_parse_text(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, const char **ret)
{
	if (v->type != CW_YAML_SCALAR)
		return cw_parse_fail(c, v, "%s must be a text", what);
	if (v->len > CW_RULE_TEXT_MAX)
		return cw_parse_fail(c, v, "%s is longer than %d bytes", what, CW_RULE_TEXT_MAX);
	*ret = cw_pool_strn(c->pool, v->text, v->len);
	return *ret ? 0 : cw_parse_nomem(c);
}

/* Delete every {+}: it keeps tokens out of the rule files. */
static size_t join(char *s, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len;) {
		if (len - i >= 3 && memcmp(s + i, "{+}", 3) == 0) {
			i += 3;
			continue;
		}
		s[out++] = s[i++];
	}
	s[out] = '\0';
	return out;
}

static int joined_text(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, const char **ret,
		       size_t *ret_len)
{
	int rc = cw_parse_text(c, v, what, ret);

	if (rc == 0)
		*ret_len = join((char *)*ret, v->len);
	return rc;
}

int cw_parse_list(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, size_t item_size, void **ret,
		  size_t *ret_len)
{
	if (v->type != CW_YAML_SEQ)
		return cw_parse_fail(c, v, "%s must be a list", what);
	if (v->len > CW_RULE_LIST_MAX)
		return cw_parse_fail(c, v, "%s has more than %d items", what, CW_RULE_LIST_MAX);
	*ret = cw_pool_array(c->pool, v->len + 1, item_size);
	*ret_len = v->len;
	return *ret ? 0 : cw_parse_nomem(c);
}

static int text_list(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, const char *const **ret,
		     size_t *ret_len)
{
	const char **items;
	void *array;
	int rc = cw_parse_list(c, v, what, sizeof(*items), &array, ret_len);

	if (rc < 0)
		return rc;
	items = array;
	for (size_t i = 0; i < v->len; i++) {
		rc = cw_parse_text(c, &v->items[i], what, &items[i]);
		if (rc < 0)
			return rc;
	}
	*ret = items;
	return 0;
}

static int number(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, uint64_t min, uint64_t max,
		  uint32_t *ret)
{
	uint64_t n;

	if (v->type != CW_YAML_SCALAR || v->quoted || cw_num_u64(v->text, v->len, min, max, what, &n, NULL) < 0)
		return cw_parse_fail(c, v, "%s must be a whole number from %llu to %llu", what, (unsigned long long)min,
			    (unsigned long long)max);
	*ret = (uint32_t)n;
	return 0;
}

int cw_parse_choice(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, const char *const *names, int *ret)
{
	if (v->type == CW_YAML_SCALAR) {
		for (int i = 0; names[i]; i++) {
			if (strcmp(v->text, names[i]) == 0) {
				*ret = i;
				return 0;
			}
		}
	}
	return cw_parse_fail(c, v, "%s '%.40s' is not known", what, v->type == CW_YAML_SCALAR ? v->text : "");
}

/* Setters of a rule's texts: one line each, by the name of the member. */
#define TEXT_SETTER(member)                                                                                    \
	static int set_##member(struct cw_parse *c, const struct cw_yaml_node *v, void *target)                \
	{                                                                                                      \
		return cw_parse_text(c, v, #member, &((struct cw_rule *)target)->member);                      \
	}
TEXT_SETTER(title)
TEXT_SETTER(anchor)
TEXT_SETTER(pattern)
TEXT_SETTER(description)
TEXT_SETTER(remediation)

static int set_id(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_rule *rule = target;
	int rc = cw_parse_text(c, v, "id", &rule->id);

	if (rc < 0)
		return rc;
	for (const char *s = rule->id; *s; s++) {
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && !strchr(".-_", *s))
			return cw_parse_fail(c, v, "id may hold lower-case letters, digits, '.', '-' and '_' only");
	}
	if (v->len == 0 || v->len > 80)
		return cw_parse_fail(c, v, "id must have 1 to 80 characters");
	return 0;
}

static int set_class(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const char *const names[] = {"generic", "specific", NULL};
	int n, rc = cw_parse_choice(c, v, "class", names, &n);

	if (rc == 0)
		((struct cw_rule *)target)->cls = (enum cw_rule_class)n;
	return rc;
}

static int set_severity(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const char *const names[] = {"low", "medium", "high", "critical", NULL};
	int n, rc = cw_parse_choice(c, v, "severity", names, &n);

	if (rc == 0)
		((struct cw_rule *)target)->severity = (enum cw_severity)n;
	return rc;
}

static int set_cwe(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return number(c, v, "cwe", 1, 9999, &((struct cw_rule *)target)->cwe);
}

static int set_dense(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return cw_yaml_bool(v, &((struct cw_rule *)target)->dense) ? 0 : cw_parse_fail(c, v, "dense must be true or false");
}

static int set_before(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return number(c, v, "reach.before", 1, CW_REACH_MAX, &((struct cw_rule *)target)->before);
}

static int set_after(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return number(c, v, "reach.after", 0, CW_REACH_MAX, &((struct cw_rule *)target)->after);
}

static int set_reach(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const struct key keys[] = {{"before", true, set_before}, {"after", true, set_after}, {0}};

	return read_map(c, v, keys, "reach", target);
}

static int set_entropy(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_value_spec *spec = target;

	if (v->type != CW_YAML_SCALAR || cw_num_decimal(v->text, v->len, 0, 8, "entropy", &spec->entropy, NULL) < 0)
		return cw_parse_fail(c, v, "entropy must be a number from 0 to 8");
	return 0;
}

static int set_stopwords(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_value_spec *spec = target;
	int rc = text_list(c, v, "stopwords", &spec->stopwords, &spec->stopwords_len);

	for (size_t i = 0; rc == 0 && i < spec->stopwords_len; i++) {
		join((char *)spec->stopwords[i], strlen(spec->stopwords[i]));
		if (!spec->stopwords[i][0])
			return cw_parse_fail(c, v, "stopwords may not hold an empty word");
		for (char *s = (char *)spec->stopwords[i]; *s; s++)
			*s = (char)tolower((unsigned char)*s);
	}
	return rc;
}

static int set_model(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const char *const names[] = {"none", "token", "password", "false", "true", NULL};
	int n, rc = cw_parse_choice(c, v, "model", names, &n);

	if (rc == 0)
		((struct cw_value_spec *)target)->model = n == 3 ? CW_MODEL_NONE : n == 4 ? CW_MODEL_TOKEN : (enum cw_value_model)n;
	return rc;
}

static int set_value(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const struct key keys[] = {
		{"entropy", false, set_entropy}, {"stopwords", false, set_stopwords}, {"model", false, set_model}, {0}};

	return read_map(c, v, keys, "value", &((struct cw_rule *)target)->value);
}

static int set_label_text(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	size_t len;
	int rc = joined_text(c, v, "label text", &((struct cw_label_spec *)target)->text, &len);

	return rc == 0 && len < 4 ? cw_parse_fail(c, v, "label text must have at least 4 characters") : rc;
}

static int set_label_name(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return cw_parse_text(c, v, "label", &((struct cw_label_spec *)target)->label);
}

static int set_labels(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const struct key keys[] = {{"text", true, set_label_text}, {"label", true, set_label_name}, {0}};
	struct cw_rule *rule = target;
	void *items;
	int rc = cw_parse_list(c, v, "labels", sizeof(struct cw_label_spec), &items, &rule->labels_len);

	for (size_t i = 0; rc == 0 && i < v->len; i++)
		rc = read_map(c, &v->items[i], keys, "a label", (struct cw_label_spec *)items + i);
	rule->labels = rc == 0 ? items : NULL;
	return rc;
}

static int set_part_name(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return cw_parse_text(c, v, "part name", &((struct cw_part *)target)->name);
}

static int set_part_rule(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return cw_parse_text(c, v, "part rule", &((struct cw_part *)target)->rule);
}

static int set_part_lines(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return number(c, v, "part lines", 0, 1000, &((struct cw_part *)target)->lines);
}

static int set_part_required(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	if (cw_yaml_bool(v, &((struct cw_part *)target)->required))
		return 0;
	return cw_parse_fail(c, v, "required must be true or false");
}

static int set_parts(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const struct key keys[] = {{"name", true, set_part_name},
					  {"rule", true, set_part_rule},
					  {"lines", true, set_part_lines},
					  {"required", false, set_part_required},
					  {0}};
	struct cw_rule *rule = target;
	void *items;
	int rc = cw_parse_list(c, v, "parts", sizeof(struct cw_part), &items, &rule->parts_len);

	for (size_t i = 0; rc == 0 && i < v->len; i++)
		rc = read_map(c, &v->items[i], keys, "a part", (struct cw_part *)items + i);
	rule->parts = rc == 0 ? items : NULL;
	return rc;
}

static int set_only(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_rule *rule = target;

	return text_list(c, v, "paths.only", &rule->paths_only, &rule->paths_only_len);
}

static int set_lower(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_rule *rule = target;

	return text_list(c, v, "paths.lower", &rule->paths_lower, &rule->paths_lower_len);
}

static int set_paths(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	static const struct key keys[] = {{"only", false, set_only}, {"lower", false, set_lower}, {0}};

	return read_map(c, v, keys, "paths", target);
}

static int set_references(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_rule *rule = target;

	return text_list(c, v, "references", &rule->references, &rule->references_len);
}

static int set_example_text(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_example *e = target;

	return joined_text(c, v, "an example", &e->text, &e->len);
}

static int set_example_path(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	return cw_parse_text(c, v, "an example's path", &((struct cw_example *)target)->path);
}

static int example_list(struct cw_parse *c, const struct cw_yaml_node *v, const char *what, const struct cw_example **ret,
			size_t *ret_len)
{
	static const struct key keys[] = {{"text", true, set_example_text}, {"path", false, set_example_path}, {0}};
	struct cw_example *items;
	void *array;
	int rc = cw_parse_list(c, v, what, sizeof(*items), &array, ret_len);

	if (rc < 0)
		return rc;
	if (v->len < 2)
		return cw_parse_fail(c, v, "at least 2 %s are needed", what);
	items = array;
	for (size_t i = 0; i < v->len; i++) {
		const struct cw_yaml_node *item = &v->items[i];

		items[i].path = "";
		rc = item->type == CW_YAML_SCALAR ? set_example_text(c, item, &items[i])
						  : read_map(c, item, keys, "an example", &items[i]);
		if (rc < 0)
			return rc;
	}
	*ret = items;
	return 0;
}

static int set_examples(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_rule *rule = target;

	return example_list(c, v, "examples", &rule->examples, &rule->examples_len);
}

static int set_counterexamples(struct cw_parse *c, const struct cw_yaml_node *v, void *target)
{
	struct cw_rule *rule = target;

	return example_list(c, v, "counterexamples", &rule->counterexamples, &rule->counterexamples_len);
}

static const struct key rule_keys[] = {
	{"id", true, set_id},
	{"title", true, set_title},
	{"class", true, set_class},
	{"severity", true, set_severity},
	{"cwe", false, set_cwe},
	{"anchor", true, set_anchor},
	{"pattern", true, set_pattern},
	{"reach", true, set_reach},
	{"dense", false, set_dense},
	{"proof", false, cw_parse_proofs},
	{"value", false, set_value},
	{"labels", false, set_labels},
	{"parts", false, set_parts},
	{"paths", false, set_paths},
	{"description", true, set_description},
	{"remediation", true, set_remediation},
	{"references", false, set_references},
	{"examples", true, set_examples},
	{"counterexamples", true, set_counterexamples},
	{0},
};

/* Ids are <provider>.<kind>; "generic" as provider belongs to class generic and to nobody else. */
static int check_id(struct cw_parse *c, const struct cw_yaml_node *node, const struct cw_rule *rule)
{
	bool generic_id = strncmp(rule->id, "generic.", 8) == 0;
	size_t len = strlen(rule->provider);

	if (generic_id != (rule->cls == CW_CLASS_GENERIC))
		return cw_parse_fail(c, node, "rules of class generic, and only they, are called generic.<kind>");
	if (!generic_id && (strncmp(rule->id, rule->provider, len) != 0 || rule->id[len] != '.' || !rule->id[len + 1]))
		return cw_parse_fail(c, node, "id must be %s.<kind>", rule->provider);
	return 0;
}

int cw_rule_parse(struct cw_pool *pool, const char *file, const char *provider, const struct cw_yaml_node *node,
		  struct cw_rule *ret, struct cw_err *err)
{
	const struct cw_yaml_node *id = cw_yaml_get(node, "id");
	struct cw_parse c = {.pool = pool, .file = file, .id = "", .err = err};
	struct cw_rule rule = {.provider = provider, .cwe = 798};
	struct cw_err why = CW_ERR_INIT;
	char prefix[CW_PREFIX_MAX];
	size_t prefix_len;
	int rc;

	if (id && id->type == CW_YAML_SCALAR && id->len <= 80)
		c.id = id->text;
	rc = read_map(&c, node, rule_keys, "a rule", &rule);
	if (rc == 0)
		rc = check_id(&c, node, &rule);
	if (rc < 0)
		return rc;
	rc = cw_rule_validate(&rule, &why);
	if (rc == CW_E_RULE)
		return cw_parse_fail(&c, node, "%s", cw_err_msg(&why));
	if (rc < 0)
		return cw_err_set(err, why.code, "%s", cw_err_msg(&why));
	prefix_len = rule.cls == CW_CLASS_SPECIFIC ? cw_prefix_of(rule.pattern, prefix) : 0;
	rule.prefix = cw_pool_strn(pool, prefix, prefix_len);
	if (!rule.prefix)
		return cw_parse_nomem(&c);
	*ret = rule;
	return 0;
}
