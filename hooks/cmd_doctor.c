/* hooks/cmd_doctor.c - credwatch doctor: are the hooks in force? Looks at the files, then tries each hook in a scratch repository with a
 * canary, a token that is made for it and means nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/opts.h"
#include "cli/cmd.h"
#include "hooks/git.h"
#include "hooks/hooks.h"
#include "hooks/scratch.h"
#include "hooks/shim.h"
#include "hooks/wide.h"
#include "vcs/repo.h"

struct options {
	const char *folder, *template;
	bool global, system;
};

static const struct cw_opt options[] = {
	{.kind = CW_OPT_STRING, .name = "folder", .arg = "DIR", .offset = offsetof(struct options, folder),
	 .help = "look at this folder of hooks, whatever git is configured to; with --global or --system the folder that git is to use"},
	{.kind = CW_OPT_FLAG, .name = "global", .offset = offsetof(struct options, global),
	 .help = "look at what install --global made: in a new repository git runs these hooks by itself"},
	{.kind = CW_OPT_FLAG, .name = "system", .offset = offsetof(struct options, system),
	 .help = "the same for install --system"},
	{.kind = CW_OPT_STRING, .name = "template", .arg = "DIR", .offset = offsetof(struct options, template),
	 .help = "the same for install --template DIR"},
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "doctor",
	.synopsis = "[OPTION]... [REPOSITORY]",
	.about = "Tell whether the hooks of REPOSITORY (default: the current one) are in force: whether git runs them, whether they run this "
		 "program, and whether a commit or push with a canary in a scratch repository with these very hooks is stopped and a clean one "
		 "is not. For what is wrong, tell how to mend it.",
	.opts = options,
	.tail = "\nExit status:\n"
		"  0  all hooks of credwatch that are there work, and there is at least one\n"
		"  1  something is wrong\n"
		"  2  wrong usage\n"
		"  3  the repository has a format that cannot be read (SHA-256, reftable): hooks stop all that goes into it\n"
		"  4  internal error\n",
};

struct visit {
	const char *folder; /* where git looks for hooks */
	bool by_itself; /* git must find them in any new repository */
	size_t hooks, faults;
};

/* ---- the files ---- */

static void bad(struct visit *v, const char *hook, const char *what, const char *mend)
{
	v->faults++;
	printf("BAD  %s: %s\n     mend: %s\n", hook, what, mend);
}

static void try_hook(struct visit *v, const struct cw_shim *s, struct cw_scratch *scratch)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_scratch_try(scratch, v->by_itself ? NULL : v->folder, s->hook, &why);

	if (rc == 0)
		printf("ok   %s: %s; a canary was stopped, a clean change was not\n", s->hook, s->path);
	else
		bad(v, s->hook, cw_err_msg(&why), rc == CW_E_INVALID ? "credwatch config shows thresholds and allow entries; see what else "
								       "the hook runs" :
								       "see that git works and that there is room in the temporary folder");
}

static int look_at_file(struct visit *v, const struct cw_shim *s, enum cw_shim_state state, struct cw_scratch *scratch,
			struct cw_err *err)
{
	bool ours = true;
	int rc = state == CW_SHIM_FOREIGN ? cw_scratch_mentions(s->path, &ours, err) : 0;

	if (rc != 0)
		return rc;
	v->hooks += ours;
	if (!ours)
		printf("note %s: %s is the hook of somebody else and does not mention credwatch\n", s->hook, s->path);
	else if (access(s->path, X_OK) != 0)
		bad(v, s->hook, "the file is not executable, so git passes over it in silence", "chmod +x on it");
	else
		try_hook(v, s, scratch);
	if (state == CW_SHIM_OLD)
		printf("note %s: written by another version, or for a program at another path; credwatch install renews it\n", s->hook);
	return 0;
}

/* A hook that is not there is no fault: git has many, and a work tree and a server have different ones. */
static int look_at(struct visit *v, const char *hook, struct cw_scratch *scratch, struct cw_err *err)
{
	struct cw_shim s;
	enum cw_shim_state state = CW_SHIM_NONE;
	int rc = cw_shim_init(&s, v->folder, hook, false, NULL);

	if (rc == CW_E_USAGE) { /* HOOK.d of another hook */
		cw_shim_release(&s);
		return 0;
	}
	if (rc == 0)
		rc = cw_shim_look(&s, &state, err);
	if (rc == 0 && state == CW_SHIM_OLD) {
		s.global = true; /* of a folder for all repositories */
		rc = cw_shim_look(&s, &state, err);
	}
	if (rc == 0 && state != CW_SHIM_NONE && state != CW_SHIM_PASSES)
		rc = look_at_file(v, &s, state, scratch, err);
	cw_shim_release(&s);
	return rc;
}

/* ---- the whole ---- */

/* Whether FOLDER has a hook of this program for HOOK, or one that hands over to the repository's own. */
static bool has_shim(const char *folder, const char *hook, bool handing_over)
{
	enum cw_shim_state state = CW_SHIM_NONE;
	struct cw_shim s;
	bool there = cw_shim_init(&s, folder, hook, true, NULL) == 0 && cw_shim_look(&s, &state, NULL) == 0;

	cw_shim_release(&s);
	return there && (state == CW_SHIM_OLD || state == CW_SHIM_CURRENT || (handing_over && state == CW_SHIM_PASSES));
}

static void look_elsewhere(struct visit *v, const struct cw_hooks_at *at)
{
	if (!at->folder || !at->own || strcmp(at->folder, at->own) == 0)
		return;
	printf("note core.hooksPath: git looks for hooks in %s, not in %s\n", v->folder, at->own);
	for (const char *const *hook = cw_shim_hooks; *hook; hook++)
		if (has_shim(at->own, *hook, false) && !has_shim(v->folder, *hook, true))
			bad(v, *hook, "it is installed in a folder where git does not look", "credwatch install");
}

static int visit(struct visit *v, const struct cw_hooks_at *at, struct cw_err *err)
{
	struct cw_scratch scratch = CW_SCRATCH_INIT;
	int rc = cw_scratch_make(&scratch, err);

	if (rc == 0)
		look_elsewhere(v, at);
	for (const char *const *hook = cw_shim_hooks; rc == 0 && *hook; hook++)
		rc = look_at(v, *hook, &scratch, err);
	cw_scratch_remove(&scratch);
	if (rc == 0 && v->hooks == 0)
		bad(v, "hooks", "credwatch is not installed here", "credwatch install");
	return rc;
}

/* Scratch repositories have a format that can be read: the hooks would look well in a repository where they stop everything. */
static int check_format(const char *repository, struct cw_err *err)
{
	struct cw_repo *r = NULL;
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_vcs_init(err);

	if (rc != 0)
		return rc;
	rc = cw_repo_open(repository, &r, &why);
	cw_repo_free(r);
	cw_vcs_shutdown();
	if (rc == CW_E_UNSUPPORTED || rc == CW_E_NOMEM)
		return cw_err_set(err, rc, "%s: hooks stop all that goes into it", cw_err_msg(&why));
	return 0; /* whatever else is wrong, git tells better */
}

/* Whether git is set to use the folder of W at all. */
static int visit_wide(struct visit *v, const struct cw_wide *w, struct cw_err *err)
{
	static const struct cw_hooks_at nowhere = CW_HOOKS_AT_INIT;
	CW_CLEANUP(cw_buf_release) struct cw_buf value = CW_BUF_INIT;
	enum cw_wide_state state;
	int rc = cw_wide_look(w, &state, &value, err);

	if (rc != 0)
		return rc;
	if (state != CW_WIDE_IN_FORCE) {
		bad(v, cw_wide_key(w), "git is not set to these hooks", "credwatch install with the same options");
		printf("     it is set to: %s\n", state == CW_WIDE_UNSET ? "nothing" : value.data);
	}
	v->folder = w->folder;
	v->by_itself = true;
	return visit(v, &nowhere, err);
}

static enum cw_exit run_wide(const struct options *o)
{
	enum cw_wide_kind kind = o->template ? CW_WIDE_TEMPLATE : o->system ? CW_WIDE_SYSTEM : CW_WIDE_GLOBAL;
	struct cw_wide w = CW_WIDE_INIT;
	struct cw_err err = CW_ERR_INIT;
	struct visit v = {.folder = NULL};
	int rc = cw_wide_init(&w, kind, o->template ? o->template : o->folder, &err);

	cw_git_forget();
	if (rc == 0)
		rc = visit_wide(&v, &w, &err);
	cw_wide_release(&w);
	if (rc != 0)
		return cw_cmd_fail(&err);
	return v.faults > 0 ? CW_EXIT_FINDINGS : CW_EXIT_CLEAN;
}

static enum cw_exit run(const struct options *o, const char *repository)
{
	struct cw_hooks_at at = CW_HOOKS_AT_INIT;
	struct cw_err err = CW_ERR_INIT;
	struct visit v = {.folder = o->folder};
	CW_CLEANUP(cw_freep) char *real = NULL;
	int rc = o->folder ? 0 : check_format(repository, &err);

	if (rc == 0 && !o->folder)
		rc = cw_hooks_find(repository, &at, &err);
	if (rc == CW_E_NOTFOUND)
		err.code = CW_E_USAGE;
	if (rc == 0) {
		real = realpath(o->folder ? o->folder : at.folder, NULL);
		v.folder = real ? real : o->folder ? o->folder : at.folder;
		cw_git_forget();
		rc = visit(&v, &at, &err);
	}
	cw_hooks_at_release(&at);
	if (rc != 0)
		return cw_cmd_fail(&err);
	return v.faults > 0 ? CW_EXIT_FINDINGS : CW_EXIT_CLEAN;
}

enum cw_exit cw_cmd_doctor(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct options o = {.folder = NULL};
	struct cw_err err = CW_ERR_INIT;
	int wide, rc = cw_opts_parse(&usage, argc, argv, &o, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	if (rc == 0 && (args.len > 1 || (args.len == 1 && o.folder)))
		rc = cw_err_set(&err, CW_E_USAGE, "doctor takes one repository, or --folder");
	wide = o.global + o.system + (o.template != NULL);
	if (rc == 0 && (wide > 1 || (wide == 1 && args.len > 0) || (o.template && o.folder)))
		rc = cw_err_set(&err, CW_E_USAGE, "only one of a repository, --global, --system and --template can be meant");
	if (rc != 0)
		return cw_cmd_fail(&err);
	if (wide)
		return run_wide(&o);
	return run(&o, args.len > 0 ? CW_VEC_AT(&args, const char *, 0) : ".");
}
