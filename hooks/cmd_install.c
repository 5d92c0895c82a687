/* hooks/cmd_install.c - credwatch install and uninstall: puts the hooks of this program where git runs them, and takes them away. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/opts.h"
#include "cli/cmd.h"
#include "hooks/git.h"
#include "hooks/hooks.h"
#include "hooks/shim.h"

struct options {
	const char *repository, *folder, *template;
	bool global;
};

static const struct cw_opt options[] = {
	{.kind = CW_OPT_STRING, .name = "repository", .arg = "PATH", .offset = offsetof(struct options, repository),
	 .help = "the repository that is meant (default: the current one)"},
	{.kind = CW_OPT_STRING, .name = "folder", .arg = "DIR", .offset = offsetof(struct options, folder),
	 .help = "this folder of hooks, whatever git is configured to: of a server, or one HOOK.d of GitLab, Gitea or Forgejo"},
	{.kind = CW_OPT_FLAG, .name = "global", .offset = offsetof(struct options, global),
	 .help = "for all repositories of the user: a folder for core.hooksPath, whose hooks also run a repository's own"},
	{.kind = CW_OPT_STRING, .name = "template", .arg = "DIR", .offset = offsetof(struct options, template),
	 .help = "for repositories that are made later: the folder hooks of the git template DIR"},
	{.kind = CW_OPT_END},
};

static const char exit_text[] = "\nHooks: pre-commit, pre-merge-commit, commit-msg, pre-push, pre-receive.\n"
				"\nExit status:\n"
				"  0  done\n"
				"  2  wrong usage, or something is in the way; nothing of others is changed\n"
				"  4  internal error, or a file could not be written\n";

static const struct cw_usage install_usage = {
	.command = "install",
	.synopsis = "[OPTION]... [HOOK]...",
	.about = "Make git run this program as HOOK; without HOOK as all hooks of a work tree, or in a bare repository as pre-receive. A hook "
		 "that is there already is kept and runs first. Where husky, lefthook or the pre-commit framework manage the hooks, the lines "
		 "for their configuration are printed instead.",
	.opts = options,
	.tail = exit_text,
};

static const struct cw_usage uninstall_usage = {
	.command = "uninstall",
	.synopsis = "[OPTION]... [HOOK]...",
	.about = "Take away what install put there, and put back what was there before.",
	.opts = options,
	.tail = exit_text,
};

/* ---- which hooks, and where ---- */

struct place {
	struct cw_hooks_at at;
	char *folder; /* owned */
	bool bare, global;
};

static bool has(const char *top, const char *name)
{
	char *path = NULL;
	struct stat st;
	bool there = asprintf(&path, "%s/%s", top, name) >= 0 && stat(path, &st) == 0;

	free(path);
	return there;
}

/* ~/.config/credwatch/hooks */
static int global_folder(char **ret, struct cw_err *err)
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

static int find_place(const struct options *o, struct place *p, struct cw_err *err)
{
	int rc = 0;

	if (o->global + (o->folder != NULL) + (o->template != NULL) + (o->repository != NULL) > 1)
		return cw_err_set(err, CW_E_USAGE, "only one of --repository, --folder, --global and --template can be meant");
	p->global = o->global;
	if (o->global)
		return global_folder(&p->folder, err);
	if (o->folder)
		p->folder = strdup(o->folder);
	else if (o->template && asprintf(&p->folder, "%s/hooks", o->template) < 0)
		p->folder = NULL;
	if (o->folder || o->template)
		return p->folder ? 0 : cw_err_nomem(err);
	rc = cw_hooks_find(o->repository ? o->repository : ".", &p->at, err);
	if (rc != 0)
		return rc == CW_E_NOTFOUND ? cw_err_set(err, CW_E_USAGE, "there is no git repository here: see --repository") : rc;
	p->bare = !p->at.top;
	p->folder = strdup(p->at.folder);
	return p->folder ? 0 : cw_err_nomem(err);
}

static bool is_wanted(const struct cw_vec *args, const struct place *p, const char *hook)
{
	bool server = strcmp(hook, "pre-receive") == 0;

	for (size_t i = 0; i < args->len; i++)
		if (strcmp(CW_VEC_AT(args, const char *, i), hook) == 0)
			return true;
	return args->len == 0 && server == p->bare;
}

static int check_hooks(const struct cw_vec *args, struct cw_err *err)
{
	for (size_t i = 0; i < args->len; i++) {
		const char *const *hook = cw_shim_hooks;

		while (*hook && strcmp(*hook, CW_VEC_AT(args, const char *, i)) != 0)
			hook++;
		if (!*hook)
			return cw_err_set(err, CW_E_USAGE, "an argument is no hook of this program: see --help");
	}
	return 0;
}

/* ---- those who manage hooks themselves ---- */

/* Print how MANAGER is told; its file is under version control, so a person puts it there. */
static bool print_lines(const char *top)
{
	if (has(top, ".husky")) {
		printf("husky manages the hooks here. Add a line to each of its files:\n"
		       "    .husky/pre-commit:        credwatch pre-commit\n"
		       "    .husky/pre-merge-commit:  credwatch pre-merge-commit\n"
		       "    .husky/commit-msg:        credwatch commit-msg \"$1\"\n"
		       "    .husky/pre-push:          credwatch pre-push \"$@\"\n");
		return true;
	}
	if (has(top, "lefthook.yml") || has(top, ".lefthook.yml") || has(top, "lefthook.yaml")) {
		printf("lefthook manages the hooks here. Add to lefthook.yml:\n"
		       "    pre-commit:\n      commands:\n        credwatch:\n          run: credwatch pre-commit\n"
		       "    commit-msg:\n      commands:\n        credwatch:\n          run: credwatch commit-msg {1}\n"
		       "    pre-push:\n      commands:\n        credwatch:\n          run: credwatch pre-push {1} {2}\n"
		       "          use_stdin: true\n");
		return true;
	}
	if (has(top, ".pre-commit-config.yaml")) {
		printf("The pre-commit framework manages the hooks here. Add to .pre-commit-config.yaml:\n"
		       "    - repo: local\n      hooks:\n"
		       "      - id: credwatch\n        name: credwatch\n        entry: credwatch pre-commit\n"
		       "        language: system\n        pass_filenames: false\n        always_run: true\n"
		       "      - id: credwatch-push\n        name: credwatch (push)\n        entry: credwatch pre-push\n"
		       "        language: system\n        pass_filenames: false\n        always_run: true\n"
		       "        stages: [pre-push]\n");
		return true;
	}
	return false;
}

/* ---- install and uninstall ---- */

static int install_one(const struct cw_shim *s, struct cw_err *err)
{
	enum cw_shim_state state;
	int rc = cw_shim_look(s, &state, err);

	if (rc == 0 && state != CW_SHIM_CURRENT)
		rc = cw_shim_install(s, err);
	if (rc != 0)
		return rc;
	printf("%s: %s\n", s->path, state == CW_SHIM_CURRENT ? "is installed already" :
				    state == CW_SHIM_OLD     ? "brought up to date" :
				    state == CW_SHIM_FOREIGN ? "installed; the hook that was there is kept and runs first" :
							       "installed");
	return 0;
}

static int uninstall_one(const struct cw_shim *s, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	bool chained = false;
	int rc = cw_shim_remove(s, &chained, &why);

	if (rc == CW_E_NOTFOUND)
		return 0;
	if (rc != 0)
		return cw_err_set(err, rc, "%s", cw_err_msg(&why));
	printf("%s: %s\n", s->path, chained ? "removed; the hook that was there before is back" : "removed");
	return 0;
}

static int each(const struct place *p, const struct cw_vec *args, int (*one)(const struct cw_shim *s, struct cw_err *err),
		struct cw_err *err)
{
	int rc = 0;

	for (const char *const *hook = cw_shim_hooks; rc == 0 && *hook; hook++) {
		struct cw_shim s;

		/* what was installed by name goes without one, too */
		if (!is_wanted(args, p, *hook) && (one == install_one || args->len > 0))
			continue;
		rc = cw_shim_init(&s, p->folder, *hook, p->global, one == install_one || args->len > 0 ? err : NULL);
		if (rc == CW_E_USAGE && one == uninstall_one && args->len == 0)
			rc = 0; /* a folder for another hook */
		else if (rc == 0)
			rc = one(&s, err);
		cw_shim_release(&s);
	}
	return rc;
}

static int install(const struct options *o, const struct place *p, const struct cw_vec *args, struct cw_err *err)
{
	int rc;

	if (p->at.top && !o->folder && print_lines(p->at.top))
		return cw_err_set(err, CW_E_USAGE, "nothing is installed: put these lines there, or see --folder");
	rc = cw_io_mkdirs(p->folder, 0755, err);
	if (rc == 0)
		rc = each(p, args, install_one, err);
	if (rc != 0)
		return rc;
	if (p->global)
		printf("Now let git use them:\n    git config --global core.hooksPath %s\n", p->folder);
	if (o->template)
		printf("Now let git use the template:\n    git config --global init.templateDir %s\n", o->template);
	if (p->at.folder)
		printf("To see that it works: credwatch doctor\n");
	return 0;
}

static enum cw_exit command(const struct cw_usage *usage, bool remove, int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct place p = {.at = CW_HOOKS_AT_INIT};
	struct cw_err err = CW_ERR_INIT;
	struct options o = {.repository = NULL};
	int rc = cw_opts_parse(usage, argc, argv, &o, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(usage);
	if (rc == 0)
		rc = check_hooks(&args, &err);
	if (rc == 0)
		rc = find_place(&o, &p, &err);
	if (rc == 0)
		rc = remove ? each(&p, &args, uninstall_one, &err) : install(&o, &p, &args, &err);
	cw_hooks_at_release(&p.at);
	free(p.folder);
	return rc == 0 ? CW_EXIT_CLEAN : cw_cmd_fail(&err);
}

enum cw_exit cw_cmd_install(int argc, char **argv)
{
	return command(&install_usage, false, argc, argv);
}

enum cw_exit cw_cmd_uninstall(int argc, char **argv)
{
	return command(&uninstall_usage, true, argc, argv);
}
