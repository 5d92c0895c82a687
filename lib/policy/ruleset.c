/* policy/ruleset.c - default rules come from the image in the program; only with rules of the user a set is compiled. */
#include "policy/ruleset.h"

#include <string.h>

#include "rules/cache.h"

static int check_opts(const struct cw_ruleset_opts *opts, struct cw_err *err)
{
	if (opts->no_default && opts->paths.len == 0 && !(opts->conf && opts->conf->rule_files.len > 0))
		return cw_err_set(err, CW_E_USAGE, "option '--no-default-rules' needs '--rules PATH'");
	return 0;
}

static int add_default(struct cw_rulebook *book, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	int rc = cw_set_default(&set, err);

	return rc == 0 ? cw_rulebook_add_set(book, set, err) : rc;
}

/* The rule files that the configuration names. */
static int add_configured(struct cw_rulebook *book, const struct cw_ruleset_opts *opts, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && opts->conf && i < opts->conf->rule_files.len; i++) {
		const struct cw_conf_path *p = &CW_VEC_AT(&opts->conf->rule_files, struct cw_conf_path, i);
		CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

		rc = cw_conf_read(p, opts->repository, CW_RULE_FILE_MAX, &text, err);
		if (rc == 0)
			rc = cw_rulebook_add(book, p->path, text.data, text.len, err);
	}
	return rc;
}

static bool is_meant(void *payload, const struct cw_rule *rule)
{
	const struct cw_conf_entry *e = payload;

	return e->rule ? strcmp(e->rule, rule->id) == 0 : strcmp(e->provider, rule->provider) == 0;
}

static bool is_disabled(void *payload, const struct cw_rule *rule)
{
	const struct cw_vec *list = payload;

	for (size_t i = 0; i < list->len; i++)
		if (is_meant(&CW_VEC_AT(list, struct cw_conf_entry, i), rule))
			return true;
	return false;
}

/* An entry for which there is no rule may be a mistake in writing. */
static void check_disabled(const struct cw_rulebook *book, struct cw_vec *list, const struct cw_ruleset_opts *opts)
{
	for (size_t i = 0; i < list->len; i++) {
		struct cw_conf_entry *e = &CW_VEC_AT(list, struct cw_conf_entry, i);
		size_t k = 0;

		while (k < cw_rulebook_len(book) && !is_meant(e, cw_rulebook_rule(book, k)))
			k++;
		if (k == cw_rulebook_len(book))
			opts->note("%s:%d: there is no such rule to disable", e->from.file, e->from.line);
	}
}

/* One removal for all, so that rules that need each other can go together. */
static int remove_disabled(struct cw_rulebook *book, const struct cw_ruleset_opts *opts, struct cw_err *err)
{
	struct cw_vec list;

	if (!opts->conf || opts->conf->disable.len == 0)
		return 0;
	list = opts->conf->disable;
	if (opts->note)
		check_disabled(book, &list, opts);
	return cw_rulebook_remove(book, is_disabled, &list, NULL, err);
}

int cw_ruleset_book(const struct cw_ruleset_opts *opts, struct cw_rulebook **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	int rc = check_opts(opts, err);

	if (rc == 0)
		rc = cw_rulebook_new(&book, err);
	if (rc == 0 && !opts->no_default)
		rc = add_default(book, err);
	for (size_t i = 0; rc == 0 && i < opts->paths.len; i++)
		rc = cw_rulebook_add_path(book, CW_VEC_AT(&opts->paths, const char *, i), err);
	if (rc == 0)
		rc = add_configured(book, opts, err);
	if (rc == 0)
		rc = remove_disabled(book, opts, err);
	if (rc == 0)
		rc = cw_rulebook_finish(book, err);
	if (rc == 0 && cw_rulebook_len(book) == 0)
		rc = cw_err_set(err, CW_E_USAGE, "there are no rules to look for");
	if (rc != 0)
		return rc;
	*ret = cw_steal(&book);
	return 0;
}

int cw_ruleset_load(const struct cw_ruleset_opts *opts, struct cw_set **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_rulebook_free_p) struct cw_rulebook *book = NULL;
	int rc;

	bool configured = opts->conf && (opts->conf->rule_files.len > 0 || opts->conf->disable.len > 0);

	if (opts->paths.len == 0 && !opts->no_default && !configured)
		return cw_set_default(ret, err);
	rc = cw_ruleset_book(opts, &book, err);
	return rc == 0 ? cw_cache_set(book, ret, err) : rc;
}
