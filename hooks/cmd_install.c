/* hooks/cmd_install.c - credwatch install and uninstall: puts the hooks of this program where git runs them, and takes them away. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/opts.h"
#include "cli/cmd.h"
#include "hooks/git.h"
#include "hooks/hooks.h"
#include "hooks/shim.h"
#include "hooks/wide.h"

struct options {
	const char *repository, *folder, *template;
	bool global, system;
};

static const struct cw_opt options[] = {
	{.kind = CW_OPT_STRING, .name = "repository", .arg = "PATH", .offset = offsetof(struct options, repository),
	 .help = "the repository that is meant (default: the current one)"},
	{.kind = CW_OPT_STRING, .name = "folder", .arg = "DIR", .offset = offsetof(struct options, folder),
	 .help = "this folder of hooks, whatever git is configured to: of a server, or one HOOK.d of GitLab, Gitea or Forgejo; with "
		 "--global or --system the folder that git is set to"},
	{.kind = CW_OPT_FLAG, .name = "global", .offset = offsetof(struct options, global),
	 .help = "for all repositories of the user: sets core.hooksPath to a folder whose hooks also run a repository's own"},
	{.kind = CW_OPT_FLAG, .name = "system", .offset = offsetof(struct options, system),
	 .help = "the same for all repositories of this machine, pre-receive included"},
	{.kind = CW_OPT_STRING, .name = "template", .arg = "DIR", .offset = offsetof(struct options, template),
	 .help = "for repositories that the user makes later: the git template DIR, to which init.templateDir is set"},
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
	const char *folder; /* of the hooks; borrowed */
	struct cw_wide wide;
	bool bare, many; /* many: hooks of a folder that stands in for those of all repositories */
};

static bool has(const char *top, const char *name)
{
	char *path = NULL;
	struct stat st;
	bool there = asprintf(&path, "%s/%s", top, name) >= 0 && stat(path, &st) == 0;

	free(path);
	return there;
}

static int find_wide(const struct options *o, struct place *p, struct cw_err *err)
{
	enum cw_wide_kind kind = o->template ? CW_WIDE_TEMPLATE : o->system ? CW_WIDE_SYSTEM : CW_WIDE_GLOBAL;
	int rc = cw_wide_init(&p->wide, kind, o->template ? o->template : o->folder, err);

	p->folder = p->wide.folder;
	p->many = !o->template;
	return rc;
}

static int find_place(const struct options *o, struct place *p, struct cw_err *err)
{
	int rc;

	if (o->global + o->system + (o->template != NULL) + (o->repository != NULL) > 1 ||
	    (o->folder && (o->template || o->repository)))
		return cw_err_set(err, CW_E_USAGE, "only one of --repository, --folder, --global, --system and --template can be meant, "
						   "but for --folder with --global or --system");
	if (o->global || o->system || o->template)
		return find_wide(o, p, err);
	if (o->folder) {
		p->folder = o->folder;
		return 0;
	}
	rc = cw_hooks_find(o->repository ? o->repository : ".", &p->at, err);
	if (rc != 0)
		return rc == CW_E_NOTFOUND ? cw_err_set(err, CW_E_USAGE, "there is no git repository here: see --repository") : rc;
	p->bare = !p->at.top;
	p->folder = p->at.folder;
	return 0;
}

static bool is_wanted(const struct cw_vec *args, const struct place *p, const char *hook)
{
	bool server = strcmp(hook, "pre-receive") == 0;

	for (size_t i = 0; i < args->len; i++)
		if (strcmp(CW_VEC_AT(args, const char *, i), hook) == 0)
			return true;
	if (p->wide.kind == CW_WIDE_SYSTEM)
		return args->len == 0;
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
		       "        stages: [commit, merge-commit]\n"
		       "      - id: credwatch-message\n        name: credwatch (message)\n        entry: credwatch commit-msg\n"
		       "        language: system\n        stages: [commit-msg]\n"
		       "Of a push it tells its hooks the first branch alone, so install that hook beside it, then its own again:\n"
		       "    credwatch install --folder .git/hooks pre-push\n"
		       "    pre-commit install -t pre-commit -t pre-merge-commit -t commit-msg -t pre-push\n");
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
				    state == CW_SHIM_PASSES  ? "installed; a repository's own hook runs first" :
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
		rc = cw_shim_init(&s, p->folder, *hook, p->many, one == install_one || args->len > 0 ? err : NULL);
		if (rc == CW_E_USAGE && one == uninstall_one && args->len == 0)
			rc = 0; /* a folder for another hook */
		else if (rc == 0)
			rc = one(&s, err);
		cw_shim_release(&s);
	}
	return rc;
}

/* ---- hooks of many repositories ---- */

static bool is_shim(enum cw_shim_state state)
{
	return state == CW_SHIM_OLD || state == CW_SHIM_CURRENT;
}

static int look(const char *folder, const char *hook, enum cw_shim_state *ret, struct cw_err *err)
{
	struct cw_shim s;
	int rc = cw_shim_init(&s, folder, hook, true, err);

	if (rc == 0)
		rc = cw_shim_look(&s, ret, err);
	cw_shim_release(&s);
	return rc;
}

/* With HERE, put a hook where there is none that runs the repository's own; else take it away. */
static int pass(const char *folder, const char *hook, bool here, struct cw_err *err)
{
	enum cw_shim_state state;
	struct cw_shim s;
	int rc = look(folder, hook, &state, err);

	if (rc != 0 || (state != CW_SHIM_NONE && state != CW_SHIM_PASSES) || (state == CW_SHIM_NONE && !here))
		return rc;
	rc = cw_shim_init(&s, folder, hook, true, err);
	s.passes = true;
	if (rc == 0 && here)
		rc = cw_shim_install(&s, err);
	else if (rc == 0 && unlink(s.path) != 0)
		rc = cw_err_sys(err, errno, "cannot remove '%s'", s.path);
	cw_shim_release(&s);
	return rc;
}

static int pass_all(const char *folder, bool here, struct cw_err *err)
{
	int rc = 0;

	for (const char *const *hook = cw_shim_hooks; rc == 0 && *hook; hook++)
		rc = pass(folder, *hook, here, err);
	for (const char *const *hook = cw_shim_passed; rc == 0 && *hook; hook++)
		rc = pass(folder, *hook, here, err);
	return rc;
}

/* What others have set git to stays, and nothing is written that git would not use. */
static int check_setting(const struct cw_wide *w, enum cw_wide_state *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf value = CW_BUF_INIT;
	int rc = cw_wide_look(w, ret, &value, err);

	if (rc != 0 || *ret != CW_WIDE_FOREIGN)
		return rc;
	return cw_err_set(err, CW_E_USAGE, "%s is '%.120s' already, which stays; to put the hooks there: credwatch install %s with it",
			  cw_wide_key(w), value.data, w->kind == CW_WIDE_TEMPLATE ? "--template" : "--folder");
}

static int put_in_force(const struct place *p, enum cw_wide_state before, struct cw_err *err)
{
	const struct cw_wide *w = &p->wide;
	int rc = p->many ? pass_all(p->folder, true, err) : 0;

	if (rc == 0 && before == CW_WIDE_UNSET)
		rc = cw_wide_set(w, err);
	if (rc != 0)
		return rc;
	printf("git config: %s is %s\n", cw_wide_key(w), w->value);
	if (p->many)
		printf("A repository's own hooks still run, but for reference-transaction, post-index-change and push-to-checkout.\n"
		       "To see that it works: credwatch doctor %s\n", w->kind == CW_WIDE_SYSTEM ? "--system" : "--global");
	else
		printf("To see that it works: credwatch doctor --template %s\n", w->value);
	return 0;
}

/* Once no hook of this program is left in the folder, git need not be set to it. */
static int take_back(const struct place *p, struct cw_err *err)
{
	enum cw_shim_state state;
	bool was_set = false;
	int rc = 0;

	for (const char *const *hook = cw_shim_hooks; rc == 0 && *hook; hook++) {
		rc = look(p->folder, *hook, &state, err);
		if (rc == 0 && is_shim(state))
			return p->many ? pass_all(p->folder, true, err) : 0;
	}
	if (rc == 0)
		rc = cw_wide_unset(&p->wide, &was_set, err);
	if (rc == 0 && was_set)
		printf("git config: %s is not set any more\n", cw_wide_key(&p->wide));
	if (rc == 0 && p->many)
		rc = pass_all(p->folder, false, err);
	if (rc == 0 && p->many && rmdir(p->folder) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		rc = cw_err_sys(err, errno, "cannot remove '%s'", p->folder);
	return rc;
}

/* ---- the whole ---- */

static int install(const struct options *o, const struct place *p, const struct cw_vec *args, struct cw_err *err)
{
	enum cw_wide_state before = CW_WIDE_UNSET;
	int rc = 0;

	if (p->at.top && print_lines(p->at.top))
		return cw_err_set(err, CW_E_USAGE, "nothing is installed: put these lines there, or see --folder");
	if (p->wide.folder)
		rc = check_setting(&p->wide, &before, err);
	if (rc == 0)
		rc = cw_io_mkdirs(p->folder, 0755, err);
	if (rc == 0)
		rc = each(p, args, install_one, err);
	if (rc == 0 && p->wide.folder)
		rc = put_in_force(p, before, err);
	if (rc == 0 && !p->wide.folder)
		printf("To see that it works: credwatch doctor%s%s\n", o->folder ? " --folder " : "", o->folder ? o->folder : "");
	return rc;
}

static int uninstall(const struct place *p, const struct cw_vec *args, struct cw_err *err)
{
	bool was_set = false;
	int rc = 0;

	/* first, so that git is never set to a folder that is half gone */
	if (p->wide.folder && args->len == 0)
		rc = cw_wide_unset(&p->wide, &was_set, err);
	if (rc == 0 && was_set)
		printf("git config: %s is not set any more\n", cw_wide_key(&p->wide));
	if (rc == 0)
		rc = each(p, args, uninstall_one, err);
	return rc == 0 && p->wide.folder ? take_back(p, err) : rc;
}

static enum cw_exit command(const struct cw_usage *usage, bool remove, int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct place p = {.at = CW_HOOKS_AT_INIT, .wide = CW_WIDE_INIT};
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
		rc = remove ? uninstall(&p, &args, &err) : install(&o, &p, &args, &err);
	cw_hooks_at_release(&p.at);
	cw_wide_release(&p.wide);
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
