/* cli/cmd_rules_show.c - credwatch rules list, show and compile. Examples are tokens: they are counted, never printed. */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "cli/cmd.h"
#include "cli/cmd_rules.h"
#include "cli/ruleset.h"
#include "rules/cache.h"

#define LABEL_WIDTH 14 /* columns */
#define TEXT_WIDTH 80

enum { LIST_TEXT, LIST_JSONL };
static const char *const list_formats[] = {"text", "jsonl", NULL};

struct opts {
	struct cw_ruleset_opts rules;
	int format;
};

#define OPTS_INIT { .rules = CW_RULESET_OPTS_INIT }

static const struct cw_opt list_options[] = {
	{.kind = CW_OPT_CHOICE, .letter = 'f', .name = "format", .arg = "FORMAT", .offset = offsetof(struct opts, format),
	 .choices = list_formats, .help = "text (default) or jsonl: one JSON object a line"},
	CW_RULESET_OPTIONS(struct opts, rules),
	{.kind = CW_OPT_END},
};
static const struct cw_opt rule_options[] = {
	CW_RULESET_OPTIONS(struct opts, rules),
	{.kind = CW_OPT_END},
};

static const struct cw_usage list_usage = {
	.command = "rules list",
	.synopsis = "[OPTION]...",
	.about = "List all rules, sorted by id: id, severity, class and title.",
	.opts = list_options,
};
static const struct cw_usage show_usage = {
	.command = "rules show",
	.synopsis = "[OPTION]... ID",
	.about = "Show everything about one rule. Its examples are tokens, so they are only counted.",
	.opts = rule_options,
};
static const struct cw_usage compile_usage = {
	.command = "rules compile",
	.synopsis = "[OPTION]...",
	.about = "Compile the rules and store them, so that later runs with the same rules need not: for root in "
		 "/var/cache/credwatch, for others in $XDG_CACHE_HOME/credwatch or ~/.cache/credwatch.",
	.opts = rule_options,
};

static void add_escaped(struct cw_buf *b, const char *text)
{
	cw_escape(b, text, strlen(text));
}

static void list_text(const struct cw_set *set, struct cw_buf *out)
{
	size_t width = 0;

	for (size_t i = 0; i < cw_set_len(set); i++) {
		size_t len = strlen(cw_set_rule(set, i)->id);

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < cw_set_len(set); i++) {
		const struct cw_rule *r = cw_set_rule(set, i);

		cw_buf_addf(out, "%-*s  %-8s  %-8s  ", (int)width, r->id, cw_severity_name(r->severity),
			    cw_class_name(r->cls));
		add_escaped(out, r->title);
		cw_buf_addc(out, '\n');
	}
}

static int list_jsonl(const struct cw_set *set, struct cw_buf *out, struct cw_err *err)
{
	for (size_t i = 0; i < cw_set_len(set); i++) {
		CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
		const struct cw_rule *r = cw_set_rule(set, i);
		int rc;

		cw_json_add_str(o, "id", r->id);
		cw_json_add_str(o, "provider", r->provider);
		cw_json_add_str(o, "title", r->title);
		cw_json_add_str(o, "severity", cw_severity_name(r->severity));
		cw_json_add_str(o, "class", cw_class_name(r->cls));
		cw_json_add_int(o, "cwe", r->cwe);
		rc = cw_json_print(o, false, out, err);
		if (rc != 0)
			return rc;
		cw_buf_addc(out, '\n');
	}
	return 0;
}

/* Expressions are shown as they stand in the rule file as long as they are printable: escaping would double their backslashes. */
static void add_field(struct cw_buf *b, const char *label, const char *text)
{
	const char *p = text;

	while (*p >= 0x20 && *p < 0x7f)
		p++;
	cw_buf_addf(b, "%-*s", LABEL_WIDTH, label);
	if (*p)
		add_escaped(b, text);
	else
		cw_buf_adds(b, text);
	cw_buf_addc(b, '\n');
}

/* Running text of a rule file: its line breaks are blanks. */
static void add_prose(struct cw_buf *b, const char *label, const char *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT, escaped = CW_BUF_INIT;

	for (const char *p = text; *p; p++)
		cw_buf_addc(&line, *p == '\n' || *p == '\t' ? ' ' : *p);
	cw_escape(&escaped, line.data, line.len);
	cw_buf_addf(b, "%-*s", LABEL_WIDTH, label);
	cw_opts_wrap(b, escaped.data, LABEL_WIDTH, LABEL_WIDTH, TEXT_WIDTH);
	/* A text that was cut for want of memory must not pass for a whole one. */
	if (b->fail == 0)
		b->fail = line.fail != 0 ? line.fail : escaped.fail;
}

static const char *model_name(enum cw_value_model m)
{
	return m == CW_MODEL_TOKEN ? "token" : m == CW_MODEL_PASSWORD ? "password" : "none";
}

static void add_list(struct cw_buf *b, const char *label, const char *const *items, size_t len)
{
	for (size_t i = 0; i < len; i++)
		add_field(b, i == 0 ? label : "", items[i]);
}

static void add_value(struct cw_buf *b, const struct cw_rule *r)
{
	cw_buf_addf(b, "%-*s", LABEL_WIDTH, "value");
	if (r->value.entropy > 0)
		cw_buf_addf(b, "at least %.1f bits of entropy a character, ", r->value.entropy);
	cw_buf_addf(b, "model %s\n", model_name(r->value.model));
	add_list(b, "stop words", r->value.stopwords, r->value.stopwords_len);
}

static void add_proofs(struct cw_buf *b, const struct cw_rule *r)
{
	if (r->proofs_len == 0)
		add_field(b, "proof", r->cls == CW_CLASS_GENERIC ? "none: context" : "none: pattern");
	for (size_t i = 0; i < r->proofs_len; i++) {
		const struct cw_proof_spec *p = &r->proofs[i];

		cw_buf_addf(b, "%-*s%s of group %s: proves %s; on failure %s\n", LABEL_WIDTH, i == 0 ? "proof" : "",
			    cw_proof_check_name(p->check), p->of, cw_proof_level_name(cw_proof_check_level(p->check)),
			    p->reject ? "rejected" : "pattern");
	}
	for (size_t i = 0; i < r->parts_len; i++)
		cw_buf_addf(b, "%-*s%s by %s within %u lines%s\n", LABEL_WIDTH, i == 0 ? "parts" : "", r->parts[i].name,
			    r->parts[i].rule, r->parts[i].lines, r->parts[i].required ? ", required" : "");
}

static void show_rule(const struct cw_rule *r, struct cw_buf *b)
{
	add_field(b, "id", r->id);
	add_field(b, "title", r->title);
	add_field(b, "provider", r->provider);
	add_field(b, "class", cw_class_name(r->cls));
	add_field(b, "severity", cw_severity_name(r->severity));
	cw_buf_addf(b, "%-*sCWE-%u\n", LABEL_WIDTH, "weakness", r->cwe);
	add_prose(b, "description", r->description);
	add_prose(b, "what to do", r->remediation);
	add_field(b, "anchor", r->anchor);
	add_field(b, "pattern", r->pattern);
	cw_buf_addf(b, "%-*s%u bytes before and %u bytes after the anchor's end\n", LABEL_WIDTH, "reach", r->before,
		    r->after);
	add_proofs(b, r);
	add_value(b, r);
	add_list(b, "only at", r->paths_only, r->paths_only_len);
	add_list(b, "lower at", r->paths_lower, r->paths_lower_len);
	cw_buf_addf(b, "%-*s%zu examples, %zu counterexamples, %zu labelled values\n", LABEL_WIDTH, "tests",
		    r->examples_len, r->counterexamples_len, r->labels_len);
	add_list(b, "references", r->references, r->references_len);
}

/* Parse, and load the set: 0, CW_OPTS_HELP or an error. */
static int parse_and_load(const struct cw_usage *usage, int argc, char **argv, struct opts *opts, struct cw_vec *args,
			  struct cw_set **ret, struct cw_err *err)
{
	int rc = cw_opts_parse(usage, argc, argv, opts, args, err);

	return rc == 0 ? cw_ruleset_load(&opts->rules, ret, err) : rc;
}

static enum cw_exit finish(const struct cw_usage *usage, int rc, const struct cw_buf *out, struct cw_err *err)
{
	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(usage);
	if (rc == 0)
		rc = cw_buf_fail(out, "rules", err);
	return rc == 0 ? cw_cmd_print(out->data) : cw_cmd_fail(err);
}

enum cw_exit cw_cmd_rules_list(int argc, char **argv)
{
	struct opts opts = OPTS_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = parse_and_load(&list_usage, argc, argv, &opts, &args, &set, &err);

	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "rules list takes no arguments: see 'credwatch rules list --help'");
	if (rc == 0 && opts.format == LIST_JSONL)
		rc = list_jsonl(set, &out, &err);
	else if (rc == 0)
		list_text(set, &out);
	cw_vec_release(&opts.rules.paths);
	return finish(&list_usage, rc, &out, &err);
}

enum cw_exit cw_cmd_rules_show(int argc, char **argv)
{
	struct opts opts = OPTS_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct cw_err err = CW_ERR_INIT;
	const struct cw_rule *rule = NULL;
	int rc = parse_and_load(&show_usage, argc, argv, &opts, &args, &set, &err);

	if (rc == 0 && args.len != 1)
		rc = cw_err_set(&err, CW_E_USAGE, "rules show takes the id of one rule: see 'credwatch rules list'");
	if (rc == 0) {
		rule = cw_set_find(set, CW_VEC_AT(&args, const char *, 0));
		if (!rule)
			rc = cw_err_set(&err, CW_E_USAGE, "there is no rule with this id: see 'credwatch rules list'");
	}
	if (rc == 0)
		show_rule(rule, &out);
	cw_vec_release(&opts.rules.paths);
	return finish(&show_usage, rc, &out, &err);
}

enum cw_exit cw_cmd_rules_compile(int argc, char **argv)
{
	struct opts opts = OPTS_INIT;
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	CW_CLEANUP(cw_freep) char *path = NULL;
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_opts_parse(&compile_usage, argc, argv, &opts, &args, &err);

	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "rules compile takes no arguments: rule files are given by '--rules'");
	if (rc == 0)
		rc = cw_ruleset_book(&opts.rules, &book, &err);
	if (rc == 0)
		rc = cw_cache_store(book, &path, &err);
	if (rc == 0) {
		cw_buf_addf(&out, "%zu rules compiled into ", cw_rulebook_len(book));
		add_escaped(&out, path);
		cw_buf_addc(&out, '\n');
	}
	cw_vec_release(&opts.rules.paths);
	return finish(&compile_usage, rc, &out, &err);
}
