/* hooks/cmd_pre_receive.c - credwatch pre-receive: git on a server asks whether it may take a push.
 *
 * Whatever goes wrong here ends in a status that is not 0, and git refuses the push. */
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/opts.h"
#include "cli/cmd.h"
#include "cli/signals.h"
#include "hooks/advice.h"
#include "hooks/bypass.h"
#include "hooks/deadline.h"
#include "hooks/gate.h"
#include "hooks/hooks.h"
#include "hooks/platform.h"
#include "hooks/record.h"
#include "hooks/tell.h"
#include "scan/push.h"
#include "vcs/push.h"
#include "vcs/repo.h"

#define TOLD_REFS_MAX 50 /* that a daemon is told of */

struct options {
	const char *config;
};

static const struct cw_opt options[] = {
	{.kind = CW_OPT_STRING, .name = "config", .arg = "FILE", .offset = offsetof(struct options, config),
	 .help = "read FILE as the server's configuration, beside /etc/credwatch/config.yaml; it counts more"},
	{.kind = CW_OPT_END},
};

static const struct cw_usage usage = {
	.command = "pre-receive",
	.synopsis = "[OPTION]...",
	.about = "Run by git as a server's pre-receive hook, with the references of a push on standard input: look for new secrets in "
		 "everything that the push brings, and stop it when there are any, or when something could not be scanned.",
	.opts = options,
	.tail = "\nExit status:\n"
		"  0  the push is accepted\n"
		"  1  rejected: it brings secrets\n"
		"  2  rejected: wrong usage or configuration\n"
		"  3  rejected: something could not be scanned\n"
		"  4  rejected: internal error\n",
};

struct receive {
	struct cw_gate gate;
	struct cw_platform platform;
	struct cw_bypass bypass;
	struct cw_quarantine quarantine;
	struct cw_vec refs; /* struct cw_push_ref */
	struct cw_range range;
	struct cw_repo *old; /* for the repository's policy, if it may have one */
	struct cw_source source;
	uint64_t deadline_ms;
	bool vcs;
};

/* ---- before the scan ---- */

static int read_refs(struct receive *r, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT_MAX(CW_PUSH_INPUT_MAX);
	int rc = cw_io_read_fd(STDIN_FILENO, "standard input", CW_PUSH_INPUT_MAX, &text, err);

	return rc == 0 ? cw_push_parse(text.data, text.len, &r->refs, err) : rc;
}

static bool brings_something(const struct receive *r)
{
	for (size_t i = 0; i < r->refs.len; i++)
		if (CW_VEC_AT(&r->refs, struct cw_push_ref, i).new_oid.len > 0)
			return true;
	return false;
}

static int find_quarantine(struct receive *r, struct cw_err *err)
{
	const struct cw_quarantine_env env = {
		.git_dir = getenv("GIT_DIR"), .common_dir = getenv("GIT_COMMON_DIR"),
		.quarantine = getenv("GIT_QUARANTINE_PATH"), .object_directory = getenv("GIT_OBJECT_DIRECTORY"),
		.alternates = getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"),
	};

	return cw_quarantine_find(&env, &r->quarantine, err);
}

static uint64_t deadline_of(const struct cw_conf *c)
{
	static const uint64_t presets[] = {[CW_PRESET_PLAIN] = 0, [CW_PRESET_GHES] = 4000, [CW_PRESET_GITLAB] = 50000};

	return c->hooks_deadline_ms > 0 ? c->hooks_deadline_ms : presets[c->hooks_preset];
}

/* What the default branch said before the push. A file that cannot be used changes nothing: else nobody could push a better one. */
static int load_repository(struct receive *r, const char *file, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_repo_open_before(&r->quarantine, NULL, &r->old, err);

	if (rc != 0)
		return rc;
	r->source = cw_source_head(r->old);
	rc = cw_conf_load_repository(r->gate.conf, &r->source, &why);
	if (rc == 0 || rc == CW_E_NOMEM)
		return rc == 0 ? 0 : cw_err_nomem(err);
	cw_gate_say(&r->gate, "credwatch: note: the repository's policy is not used: ");
	cw_gate_add_foreign(&r->gate, cw_err_msg(&why));
	cw_gate_say(&r->gate, "\n");
	r->source.read = NULL;
	return cw_gate_load(&r->gate, file, err);
}

static int prepare(struct receive *r, const struct options *opts, struct cw_err *err)
{
	struct cw_gate *g = &r->gate;
	int rc = cw_signals_catch(&g->progress, err);

	if (rc == 0)
		rc = cw_gate_load(g, opts->config, err);
	if (rc == 0)
		rc = find_quarantine(r, err);
	if (rc == 0)
		rc = cw_vcs_init(err);
	if (rc != 0)
		return rc;
	r->vcs = true;
	r->deadline_ms = deadline_of(g->conf);
	if (r->deadline_ms > 0)
		rc = cw_deadline_start(&g->progress, r->deadline_ms, err);
	/* The repository is the pushers': what is stored in it counts only where the system says so. */
	if (g->conf->repository_policy == CW_REPOSITORY_DEFAULT_BRANCH)
		rc = rc == 0 ? load_repository(r, opts->config, err) : rc;
	else
		g->conf->inline_marks = false;
	if (rc == 0)
		rc = cw_gate_prepare(g, r->source.read ? &r->source : NULL, err);
	return rc == 0 ? cw_bypass_read(&r->bypass, g, err) : rc;
}

static int scan(struct receive *r, struct cw_err *err)
{
	struct cw_gate *g = &r->gate;
	const struct cw_push_opts opts = {.quarantine = &r->quarantine, .refs = &r->refs, .jobs = g->jobs, .object_max = g->conf->object_max,
					  .judge_all = g->conf->hooks_judge == CW_JUDGE_ALL, .range = &r->range};
	struct cw_sink sink = cw_findings_sink(g->findings);
	int rc = cw_push_scan(g->set, &opts, &sink, &g->progress, &g->coverage, err);

	return rc == 0 ? cw_gate_decide(g, cw_bypass_covers, &r->bypass, err) : rc;
}

/* ---- the outcome ---- */

static int record(struct receive *r, const char *event, const char *outcome, struct cw_err *err)
{
	const struct cw_push_event e = {.event = event, .outcome = outcome, .platform = &r->platform, .refs = &r->refs,
					.git_dir = r->quarantine.git_dir,
					.reason = r->bypass.permitted ? r->bypass.reason : NULL};

	return cw_record_push(&r->gate, &e, err);
}

static void say_unrecorded(struct receive *r, const char *what, const struct cw_err *why)
{
	cw_gate_say(&r->gate, "credwatch: %s, because it cannot be written to the audit log: ", what);
	cw_gate_add_foreign(&r->gate, cw_err_msg(why));
	cw_gate_say(&r->gate, "\n");
}

/* Secrets that the pusher let pass are let pass only once that is on record; else they block. */
static void record_bypass(struct receive *r)
{
	struct cw_err why = CW_ERR_INIT;
	struct cw_gate *g = &r->gate;

	if (g->secrets[CW_VERDICT_BYPASS] == 0 || g->secrets[CW_VERDICT_BLOCK] > 0)
		return;
	if (record(r, "bypass", "accepted", &why) == 0)
		return;
	say_unrecorded(r, "nothing is let pass", &why);
	for (size_t i = 0; i < g->items.len; i++) {
		struct cw_gate_item *item = &CW_VEC_AT(&g->items, struct cw_gate_item, i);

		if (item->verdict == CW_VERDICT_BYPASS)
			item->verdict = CW_VERDICT_BLOCK;
	}
	g->secrets[CW_VERDICT_BLOCK] = g->secrets[CW_VERDICT_BYPASS];
	g->secrets[CW_VERDICT_BYPASS] = 0;
}

/* Whether nothing but time was missing. */
static bool is_timeout(const struct receive *r)
{
	const struct cw_coverage *c = &r->gate.coverage;

	return cw_deadline_passed() && !cw_signals_seen() && c->unscanned > 0 && c->interrupted == c->unscanned &&
	       c->scanned + c->cached + c->unscanned - c->beside == c->expected;
}

static void say_timeout(struct receive *r, bool accepted)
{
	struct cw_gate *g = &r->gate;

	cw_gate_say(g, "credwatch: push %s: the scan did not end within %llu ms\n",
		    accepted ? "accepted unscanned" : "rejected", (unsigned long long)r->deadline_ms);
	cw_gate_say(g, "%llu of %llu objects were scanned. ",
		    (unsigned long long)(g->coverage.scanned + g->coverage.cached), (unsigned long long)g->coverage.expected);
	cw_gate_say(g, accepted ? "The push is on record to be scanned later.\n" :
				  "Push fewer commits at once, or ask the administrator (hooks.deadline_ms).\n");
}

/* Whether the policy takes the push although the scan did not end in time. */
static bool take_timeout(struct receive *r)
{
	struct cw_err why = CW_ERR_INIT;
	struct cw_gate *g = &r->gate;
	bool may = g->conf->hooks_on_timeout == CW_TIMEOUT_ACCEPT && g->secrets[CW_VERDICT_BLOCK] == 0;
	int rc = record(r, "timeout", may ? "accepted" : "rejected", &why);

	if (rc != 0)
		say_unrecorded(r, may ? "the push is not taken unscanned" : "note: the time-out is not on record", &why);
	say_timeout(r, may && rc == 0);
	return may && rc == 0;
}

static void say_incomplete(struct receive *r)
{
	struct cw_gate *g = &r->gate;

	cw_gate_say(g, "credwatch: push rejected: ");
	cw_gate_add_number(g, g->coverage.unscanned, "part of it could not be scanned:\n", "parts of it could not be scanned:\n");
	cw_gate_list_unscanned(g);
}

/* Whether everything that matters was scanned, or the policy takes the push all the same. */
static bool is_covered(struct receive *r)
{
	if (cw_coverage_complete(&r->gate.coverage) && !cw_signals_seen()) {
		record_bypass(r);
		return true;
	}
	if (is_timeout(r))
		return take_timeout(r);
	say_incomplete(r);
	return false;
}

static void say_bypass(struct receive *r)
{
	const struct cw_gate_item *items = r->gate.items.items;
	struct cw_gate *g = &r->gate;

	if (g->conf->hooks_bypass != CW_BYPASS_ALLOW || g->secrets[CW_VERDICT_BLOCK] == 0)
		return;
	for (size_t i = 0; i < g->items.len; i++) {
		if (items[i].verdict != CW_VERDICT_BLOCK)
			continue;
		cw_gate_say(g, "If it is no secret, let it pass this once; the reason is put on record:\n"
			       "    git push -o credwatch.allow=%s \\\n"
			       "        -o credwatch.reason='WHY'\n", items[i].finding->fingerprint);
		if (g->secrets[CW_VERDICT_BLOCK] > 1)
			cw_gate_say(g, "    (for each such secret one -o credwatch.allow=FINGERPRINT)\n");
		return;
	}
}

static int say_findings(struct receive *r, struct cw_err *err)
{
	struct cw_gate *g = &r->gate;
	int rc = 0;

	if (g->secrets[CW_VERDICT_BLOCK] > 0) {
		cw_gate_say(g, "credwatch: push rejected: it brings ");
		cw_gate_add_number(g, g->secrets[CW_VERDICT_BLOCK], "secret\n", "secrets\n");
		cw_gate_list(g, CW_VERDICT_BLOCK);
		rc = cw_advise_push(g, &r->refs, &r->range, err);
		say_bypass(r);
	}
	if (g->secrets[CW_VERDICT_BYPASS] > 0) {
		cw_gate_say(g, g->secrets[CW_VERDICT_BLOCK] > 0 ? "credwatch: these alone would be let pass:\n" :
								  "credwatch: let pass this once, and put on record:\n");
		cw_gate_list(g, CW_VERDICT_BYPASS);
	}
	if (g->secrets[CW_VERDICT_WARN] > 0) {
		cw_gate_say(g, "credwatch: warning: ");
		cw_gate_add_number(g, g->secrets[CW_VERDICT_WARN], "finding that does not stop a push\n",
				   "findings that do not stop a push\n");
		cw_gate_list(g, CW_VERDICT_WARN);
	}
	if (g->coverage.lfs_pointers > 0) {
		cw_gate_say(g, "credwatch: note: not scanned, since it is not in the push: the content of ");
		cw_gate_add_number(g, g->coverage.lfs_pointers, "LFS pointer\n", "LFS pointers\n");
	}
	return rc;
}

/* NAME as others may see it, at the end of LIST (char *). */
static int add_clean(struct receive *r, const char *name, struct cw_vec *list)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;
	char **slot;

	if (cw_gate_cleanse(&r->gate, name, &clean, NULL) != 0)
		return CW_E_NOMEM;
	slot = cw_vec_push(list);
	if (!slot)
		return CW_E_NOMEM;
	*slot = cw_buf_detach(&clean);
	return *slot ? 0 : CW_E_NOMEM;
}

/* For the daemon's log and those who listen there: the repository, who pushes, the first refs. Nothing depends on it. */
static void tell(struct receive *r, enum cw_exit status)
{
	CW_CLEANUP(cw_freep) char *real = NULL;
	struct cw_vec texts = CW_VEC_INIT(char *, TOLD_REFS_MAX + 2), refs;
	struct cw_outcome outcome = {.command = "pre-receive", .status = (int)status, .server = true, .findings = r->gate.findings,
				     .coverage = &r->gate.coverage};
	int rc;

	if (!cw_tell_wanted(r->gate.conf, true))
		return;
	real = realpath(r->quarantine.git_dir, NULL);
	rc = add_clean(r, real ? real : "", &texts);
	if (rc == 0)
		rc = add_clean(r, r->platform.user ? r->platform.user : "", &texts);
	for (size_t i = 0; rc == 0 && i < r->refs.len && i < TOLD_REFS_MAX; i++)
		rc = add_clean(r, CW_VEC_AT(&r->refs, struct cw_push_ref, i).name, &texts);
	if (rc == 0) {
		refs = texts;
		refs.items = (char **)texts.items + 2;
		refs.len -= 2;
		outcome.repository = CW_VEC_AT(&texts, char *, 0);
		outcome.user = r->platform.user ? CW_VEC_AT(&texts, char *, 1) : NULL;
		outcome.refs = &refs;
		cw_tell_daemon(r->gate.conf, &outcome);
	}
	for (size_t i = 0; i < texts.len; i++)
		free(CW_VEC_AT(&texts, char *, i));
	cw_vec_release(&texts);
}

static enum cw_exit conclude(struct receive *r, struct cw_err *err)
{
	bool covered = is_covered(r);
	enum cw_exit status;

	if (say_findings(r, err) != 0)
		return cw_gate_fail(&r->gate, err);
	cw_gate_flush(&r->gate);
	status = r->gate.secrets[CW_VERDICT_BLOCK] > 0 ? CW_EXIT_FINDINGS : CW_EXIT_CLEAN;
	status = covered ? status : CW_EXIT_INCOMPLETE;
	tell(r, status);
	return status;
}

static void release(struct receive *r)
{
	cw_deadline_stop();
	cw_signals_restore();
	cw_repo_free(r->old);
	cw_range_release(&r->range);
	cw_push_refs_release(&r->refs);
	cw_bypass_release(&r->bypass);
	cw_quarantine_release(&r->quarantine);
	cw_gate_release(&r->gate);
	if (r->vcs)
		cw_vcs_shutdown();
}

static enum cw_exit receive(struct receive *r, const struct options *opts)
{
	struct cw_err err = CW_ERR_INIT;
	int rc = read_refs(r, &err);

	if (rc == 0 && !brings_something(r))
		return CW_EXIT_CLEAN;
	if (rc == 0)
		rc = prepare(r, opts, &err);
	if (rc == 0)
		rc = scan(r, &err);
	return rc == 0 ? conclude(r, &err) : cw_gate_fail(&r->gate, &err);
}

enum cw_exit cw_cmd_pre_receive(int argc, char **argv)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec args = CW_VEC_INIT(const char *, CW_ARGS_MAX);
	struct receive r = {.platform = cw_platform_find(), .bypass = CW_BYPASS_INIT, .quarantine = CW_QUARANTINE_INIT,
			    .refs = CW_VEC_INIT(struct cw_push_ref, CW_PUSH_REFS_MAX)};
	struct options opts = {.config = NULL};
	struct cw_err err = CW_ERR_INIT;
	enum cw_exit status;
	int rc = cw_opts_parse(&usage, argc, argv, &opts, &args, &err);

	if (rc == CW_OPTS_HELP)
		return cw_cmd_print_help(&usage);
	cw_gate_init(&r.gate, "push");
	cw_range_init(&r.range);
	r.gate.line_prefix = r.platform.line_prefix;
	if (rc == 0 && args.len > 0)
		rc = cw_err_set(&err, CW_E_USAGE, "pre-receive takes no arguments: git gives it the references on standard input");
	status = rc == 0 ? receive(&r, &opts) : cw_gate_fail(&r.gate, &err);
	release(&r);
	return status;
}
