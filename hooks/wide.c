/* hooks/wide.c - see wide.h. */
#include "hooks/wide.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "hooks/git.h"

#define SYSTEM_FOLDER "/etc/credwatch/hooks"
#define NOT_SET 1 /* exit status of git config */

static const struct row {
	const char *scope, *key, *mark;
} rows[] = {
	[CW_WIDE_GLOBAL] = {"--global", "core.hooksPath", "credwatch.hooksPath"},
	[CW_WIDE_SYSTEM] = {"--system", "core.hooksPath", "credwatch.hooksPath"},
	[CW_WIDE_TEMPLATE] = {"--global", "init.templateDir", "credwatch.templateDir"},
};

/* ---- which folder ---- */

static int absolute(const char *path, char **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) char *here = NULL;
	int len;

	if (*path == '/') {
		*ret = strdup(path);
		return *ret ? 0 : cw_err_nomem(err);
	}
	here = getcwd(NULL, 0);
	if (!here)
		return cw_err_sys(err, errno, "cannot tell which folder this is");
	len = asprintf(ret, "%s/%s", here, path);
	if (len < 0)
		*ret = NULL;
	return *ret ? 0 : cw_err_nomem(err);
}

/* ~/.config/credwatch/hooks */
static int usual_folder(char **ret, struct cw_err *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int len;

	if (config && *config == '/')
		len = asprintf(ret, "%s/credwatch/hooks", config);
	else if (home && *home == '/')
		len = asprintf(ret, "%s/.config/credwatch/hooks", home);
	else
		return cw_err_set(err, CW_E_USAGE, "--global needs HOME");
	if (len < 0)
		*ret = NULL;
	return *ret ? 0 : cw_err_nomem(err);
}

int cw_wide_init(struct cw_wide *w, enum cw_wide_kind kind, const char *dir, struct cw_err *err)
{
	int rc;

	*w = (struct cw_wide){.kind = kind};
	if (dir)
		rc = absolute(dir, &w->value, err);
	else
		rc = kind == CW_WIDE_SYSTEM ? absolute(SYSTEM_FOLDER, &w->value, err) : usual_folder(&w->value, err);
	if (rc != 0)
		return rc;
	if (asprintf(&w->folder, kind == CW_WIDE_TEMPLATE ? "%s/hooks" : "%s", w->value) < 0)
		w->folder = NULL;
	return w->folder ? 0 : cw_err_nomem(err);
}

void cw_wide_release(struct cw_wide *w)
{
	free(w->folder);
	free(w->value);
	*w = (struct cw_wide)CW_WIDE_INIT;
}

const char *cw_wide_key(const struct cw_wide *w)
{
	return rows[w->kind].key;
}

/* ---- the setting ---- */

/* Ask git for KEY; VALUE gets it, or stays empty. SCOPE NULL: what counts outside of all repositories. */
static int get(const char *scope, const char *key, struct cw_buf *value, struct cw_err *err)
{
	const char *const all[] = {"config", "--includes", "--type=path", "--get", key, NULL};
	const char *const one[] = {"config", scope, "--includes", "--type=path", "--get", key, NULL};
	int status, rc = cw_git_run("/", scope ? one : all, false, value, &status, err);

	if (rc != 0)
		return rc;
	if (status == NOT_SET)
		cw_buf_clear(value);
	else if (status != 0)
		return cw_err_set(err, CW_E_IO, "git config cannot tell what %s is", key);
	if (value->len > 0 && value->data[value->len - 1] == '\n')
		cw_buf_truncate(value, value->len - 1);
	return 0;
}

static int change(const struct cw_wide *w, const char *key, const char *value, struct cw_err *err)
{
	const char *const set[] = {"config", rows[w->kind].scope, key, value, NULL};
	const char *const unset[] = {"config", rows[w->kind].scope, "--unset", key, NULL};
	CW_CLEANUP(cw_buf_release) struct cw_buf said = CW_BUF_INIT;
	int status, rc = cw_git_run("/", value ? set : unset, true, &said, &status, err);

	if (rc == 0 && status != 0)
		rc = cw_err_set(err, CW_E_IO, "git config %s cannot change %s: %.120s", rows[w->kind].scope, key, said.data);
	return rc;
}

int cw_wide_look(const struct cw_wide *w, enum cw_wide_state *ret, struct cw_buf *value, struct cw_err *err)
{
	/* a user's setting takes the place of the system's, whose hooks would not run any more */
	int rc = get(w->kind == CW_WIDE_SYSTEM ? rows[w->kind].scope : NULL, rows[w->kind].key, value, err);

	if (rc != 0)
		return rc;
	if (value->len == 0)
		*ret = CW_WIDE_UNSET;
	else
		*ret = strcmp(value->data, w->value) == 0 ? CW_WIDE_IN_FORCE : CW_WIDE_FOREIGN;
	return 0;
}

int cw_wide_set(const struct cw_wide *w, struct cw_err *err)
{
	int rc = change(w, rows[w->kind].mark, w->value, err);

	return rc == 0 ? change(w, rows[w->kind].key, w->value, err) : rc;
}

int cw_wide_unset(const struct cw_wide *w, bool *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf mark = CW_BUF_INIT, value = CW_BUF_INIT;
	int rc = get(rows[w->kind].scope, rows[w->kind].mark, &mark, err);

	if (rc == 0)
		rc = get(rows[w->kind].scope, rows[w->kind].key, &value, err);
	*ret = rc == 0 && strcmp(mark.data, w->value) == 0;
	if (rc != 0 || !*ret)
		return rc;
	if (strcmp(value.data, w->value) == 0)
		rc = change(w, rows[w->kind].key, NULL, err);
	return rc == 0 ? change(w, rows[w->kind].mark, NULL, err) : rc;
}
