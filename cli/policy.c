/* cli/policy.c - see policy.h. */
#include "cli/policy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "cli/cmd.h"
#include "vcs/repo.h"

const char *const cw_policy_fail_on[] = {"configured", "low", "medium", "high", "critical", NULL};

/* ---- where the repository's files are ---- */

/* The folder that PATH is or lies in, as PATH names it. */
static char *root_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return strdup(path);
	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static int add_root(struct cw_site_policy *p, const char *path, struct cw_err *err)
{
	char **slot = cw_vec_push(&p->roots);

	if (!slot)
		return cw_vec_fail(&p->roots, "paths", err);
	*slot = root_of(path);
	return *slot ? 0 : cw_err_nomem(err);
}

static bool same_folder(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 ||
	       (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* With paths of several folders none of them speaks for all. */
static bool has_one_root(const struct cw_site_policy *p)
{
	for (size_t i = 1; i < p->roots.len; i++)
		if (!same_folder(CW_VEC_AT(&p->roots, char *, 0), CW_VEC_AT(&p->roots, char *, i)))
			return false;
	return p->roots.len > 0;
}

static void note_unread(const struct cw_site_policy *p)
{
	for (size_t i = 0; i < p->roots.len; i++) {
		struct cw_source source = cw_source_folder(CW_VEC_AT(&p->roots, char *, i));
		CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;

		if (cw_source_read(&source, CW_CONF_FILE, CW_CONF_FILE_MAX, &text, NULL) == CW_E_NOTFOUND)
			continue;
		cw_cmd_note("paths of several folders are scanned together: no %s is read", CW_CONF_FILE);
		return;
	}
}

static int open_folders(struct cw_site_policy *p, const struct cw_site *site, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < site->paths_len; i++)
		if (strcmp(site->paths[i], "-") != 0)
			rc = add_root(p, site->paths[i], err);
	if (rc == 0 && has_one_root(p))
		p->source = cw_source_folder(CW_VEC_AT(&p->roots, char *, 0));
	else if (rc == 0)
		note_unread(p);
	return rc;
}

static int open_repository(struct cw_site_policy *p, const char *path, struct cw_err *err)
{
	int rc = cw_vcs_init(err);

	if (rc != 0)
		return rc;
	p->vcs = true;
	rc = cw_repo_open(path, &p->repo, err);
	if (rc == 0)
		p->source = cw_source_head(p->repo);
	return rc;
}

/* ---- configurations ---- */

static int load_file(struct cw_conf *c, const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	int rc = cw_io_read_file(path, CW_CONF_FILE_MAX, 0, &text, err);

	return rc == 0 ? cw_conf_add(c, CW_LEVEL_USER, path, text.data, text.len, err) : rc;
}

static int add_baseline(struct cw_conf *c, const char *path, struct cw_err *err)
{
	struct cw_conf_path *slot = cw_vec_push(&c->baselines);

	if (!slot)
		return cw_vec_fail(&c->baselines, "baselines", err);
	*slot = (struct cw_conf_path){.from = {.level = CW_LEVEL_USER}, .path = path};
	return 0;
}

/* A damaged repository is the scan's to report; whether its HEAD has a configuration cannot be told then. */
static int load_repository(struct cw_site_policy *p, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_conf_load_repository(p->conf, &p->source, &why);

	if (rc == CW_E_CORRUPT) {
		cw_cmd_note("the repository's %s cannot be read: %s", CW_CONF_FILE, cw_err_msg(&why));
		return 0;
	}
	if (rc == 0 || rc == CW_E_NOMEM)
		return rc == 0 ? 0 : cw_err_nomem(err);
	return cw_err_set(err, rc, "%s (--no-repository-config leaves it out)", cw_err_msg(&why));
}

int cw_site_policy_load(struct cw_site_policy *p, const struct cw_site *site, const struct cw_policy_args *args,
			struct cw_err *err)
{
	int rc;

	*p = (struct cw_site_policy){.roots = CW_VEC_INIT(char *, CW_ARGS_MAX), .no_baselines = args->no_baselines};
	rc = site->git ? open_repository(p, site->paths[0], err) : open_folders(p, site, err);
	if (rc == 0)
		rc = cw_conf_new(&p->conf, err);
	if (rc == 0)
		rc = cw_conf_load_trusted(p->conf, err);
	if (rc == 0 && args->config)
		rc = load_file(p->conf, args->config, err);
	else if (rc == 0 && p->source.read && !args->no_repository_config)
		rc = load_repository(p, err);
	if (rc == 0 && args->baseline)
		rc = add_baseline(p->conf, args->baseline, err);
	if (rc != 0)
		return rc;
	if (args->no_inline_marks)
		p->conf->inline_marks = false;
	if (args->fail_on > 0)
		p->conf->fail_on = args->fail_on - 1;
	return 0;
}

int cw_site_policy_judge(struct cw_site_policy *p, const char *key_id, struct cw_err *err)
{
	struct cw_policy_opts opts = {.conf = p->conf, .repository = p->source.read ? &p->source : NULL, .key_id = key_id,
				      .now = cw_clock_wall(), .roots = p->roots.items, .roots_len = p->roots.len,
				      .no_baselines = p->no_baselines};
	const struct cw_vec *notes;
	int rc = cw_policy_new(&opts, &p->policy, err);

	if (rc != 0)
		return rc;
	notes = cw_policy_notes(p->policy);
	for (size_t i = 0; i < notes->len; i++)
		cw_cmd_note("%s", CW_VEC_AT(notes, char *, i));
	return 0;
}

void cw_site_policy_close(struct cw_site_policy *p)
{
	cw_repo_free(cw_steal(&p->repo));
	p->source.read = NULL;
	if (p->vcs)
		cw_vcs_shutdown();
	p->vcs = false;
}

void cw_site_policy_release(struct cw_site_policy *p)
{
	cw_site_policy_close(p);
	cw_policy_free(p->policy);
	cw_conf_free(p->conf);
	for (size_t i = 0; i < p->roots.len; i++)
		free(CW_VEC_AT(&p->roots, char *, i));
	cw_vec_release(&p->roots);
}
