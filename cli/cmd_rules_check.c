/* cli/cmd_rules_check.c - credwatch rules check and test: do rules do what their examples say? */
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "cli/cmd.h"
#include "cli/cmd_rules.h"
#include "cli/ruleset.h"
#include "match/check.h"
#include "policy/gates.h"

struct check_opts {
	struct cw_ruleset_opts rules;
	bool costs;
};

#define COSTS_OPTION                                                                                                   \
	{                                                                                                              \
		.kind = CW_OPT_FLAG, .name = "costs", .offset = offsetof(struct check_opts, costs),                    \
		.help = "show what each rule costs: time of its anchor, and share of the match limit its pattern "     \
			"needs for its examples"                                                                       \
	}

static const struct cw_opt check_options[] = {COSTS_OPTION, {.kind = CW_OPT_END}};
static const struct cw_opt test_options[] = {
	COSTS_OPTION,
	CW_RULESET_OPTIONS(struct check_opts, rules),
	{.kind = CW_OPT_END},
};

static const char tail[] = "Exit status: 0 all is well, 1 a rule does not do what its examples say,\n"
			   "2 a rule file is not valid or wrong usage, 4 internal error.\n";

static const struct cw_usage check_usage = {
	.command = "rules check",
	.synopsis = "[OPTION]... FILE...",
	.about = "Check rule files (or folders of them): the schema, the anchors, and that every example is found and no "
		 "counterexample is, through the whole matcher. The default rules play no part.",
	.opts = check_options,
	.tail = tail,
};
static const struct cw_usage test_usage = {
	.command = "rules test",
	.synopsis = "[OPTION]...",
	.about = "Run the examples and counterexamples of all rules through the whole matcher.",
	.opts = test_options,
	.tail = tail,
};

struct outcome {
	struct cw_buf out;
	size_t faults;
};

static void on_fault(const struct cw_rule *rule, const char *text, void *payload)
{
	struct outcome *o = payload;

	o->faults++;
	cw_buf_addf(&o->out, "%s: ", rule->id);
	cw_escape(&o->out, text, strlen(text));
	cw_buf_addc(&o->out, '\n');
}

static void on_cost(const struct cw_rule *rule, double anchor_ns_kib, double pattern_share, void *payload)
{
	struct outcome *o = payload;

	cw_buf_addf(&o->out, "%s: anchor %.0f ns a KiB, pattern %.3f %% of the match limit\n", rule->id, anchor_ns_kib,
		    100 * pattern_share);
}

static int check_all(const struct cw_set *set, bool costs, struct outcome *o, struct cw_err *err)
{
	struct cw_check_opts opts = {.applies = cw_gate_applies, .fault = on_fault, .cost = costs ? on_cost : NULL,
				     .payload = o};

	for (size_t i = 0; i < cw_set_len(set); i++) {
		int rc = cw_check_rule(set, i, &opts, err);

		if (rc < 0)
			return cw_err_wrap(err, rc, "rule '%s'", cw_set_rule(set, i)->id);
	}
	cw_buf_addf(&o->out, "%zu rules checked, %zu faults\n", cw_set_len(set), o->faults);
	return cw_buf_fail(&o->out, "outcome", err);
}

static enum cw_exit finish(const struct cw_usage *usage, int rc, struct outcome *o, struct cw_err *err)
{
	enum cw_exit status;

	if (rc == CW_OPTS_HELP)
		status = cw_cmd_print_help(usage);
	else
		status = rc == 0 ? cw_cmd_print(o->out.data) : cw_cmd_fail(err);
	cw_buf_release(&o->out);
	return status == CW_EXIT_CLEAN && o->faults > 0 ? CW_EXIT_FINDINGS : status;
}

/* Only the files: a copy of a default rule may be checked too. */
static int load_files(const struct cw_vec *paths, struct cw_set **ret, struct cw_err *err)
{
	struct cw_ruleset_opts opts = {.paths = *paths, .no_default = true, .note = cw_cmd_note};
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	int rc = cw_ruleset_book(&opts, &book, err);

	return rc == 0 ? cw_set_compile(book, ret, err) : rc;
}

enum cw_exit cw_cmd_rules_check(int argc, char **argv)
{
	struct check_opts opts = {.rules = CW_RULESET_OPTS_INIT};
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct outcome o = {.out = CW_BUF_INIT};
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_opts_parse(&check_usage, argc, argv, &opts, &args, &err);

	if (rc == 0 && args.len == 0)
		rc = cw_err_set(&err, CW_E_USAGE, "rules check needs a rule file or a folder of them");
	if (rc == 0)
		rc = load_files(&args, &set, &err);
	if (rc == 0)
		rc = check_all(set, opts.costs, &o, &err);
	return finish(&check_usage, rc, &o, &err);
}

enum cw_exit cw_cmd_rules_test(int argc, char **argv)
{
	struct check_opts opts = {.rules = CW_RULESET_OPTS_INIT};
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	struct outcome o = {.out = CW_BUF_INIT};
	struct cw_err err = CW_ERR_INIT;
	int rc = cw_opts_parse(&test_usage, argc, argv, &opts, &args, &err);

	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "rules test takes no arguments: rule files are for 'rules check'");
	if (rc == 0)
		rc = cw_ruleset_load(&opts.rules, &set, &err);
	if (rc == 0)
		rc = check_all(set, opts.costs, &o, &err);
	cw_vec_release(&opts.rules.paths);
	return finish(&test_usage, rc, &o, &err);
}
