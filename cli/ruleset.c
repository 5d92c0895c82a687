/* cli/ruleset.c - default rules come from the image in the program; only with rules of the user a set is compiled. */
#include "cli/ruleset.h"

#include "rules/cache.h"

static int check_opts(const struct cw_ruleset_opts *opts, struct cw_err *err)
{
	if (opts->no_default && opts->paths.len == 0)
		return cw_err_set(err, CW_E_USAGE, "option '--no-default-rules' needs '--rules PATH'");
	return 0;
}

static int add_default(struct cw_rulebook *book, struct cw_err *err)
{
	CW_CLEANUP(cw_set_unref_p) struct cw_set *set = NULL;
	int rc = cw_set_default(&set, err);

	return rc == 0 ? cw_rulebook_add_set(book, set, err) : rc;
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

	if (opts->paths.len == 0 && !opts->no_default)
		return cw_set_default(ret, err);
	rc = cw_ruleset_book(opts, &book, err);
	return rc == 0 ? cw_cache_set(book, ret, err) : rc;
}
