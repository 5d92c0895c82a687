/* hooks/client.c - see client.h. */
#include "hooks/client.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/signals.h"
#include "hooks/ask.h"
#include "vcs/client.h"
#include "vcs/parse.h"

void cw_client_init(struct cw_client *c, const char *what)
{
	*c = (struct cw_client){.where = CW_QUARANTINE_INIT, .retry = "commit again", .skip = "git commit --no-verify",
				.note = CW_BUF_INIT};
	cw_gate_init(&c->gate, what);
}

void cw_client_release(struct cw_client *c)
{
	cw_signals_restore();
	cw_gate_release(&c->gate);
	cw_buf_release(&c->note);
	cw_index_free(c->index);
	cw_repo_free(c->repo);
	cw_quarantine_release(&c->where);
	if (c->vcs)
		cw_vcs_shutdown();
}

/* ---- what git says ---- */

static int open_repository(struct cw_client *c, struct cw_err *err)
{
	const struct cw_quarantine_env env = {
		.git_dir = getenv("GIT_DIR"), .common_dir = getenv("GIT_COMMON_DIR"),
		.quarantine = getenv("GIT_QUARANTINE_PATH"), .object_directory = getenv("GIT_OBJECT_DIRECTORY"),
		.alternates = getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"),
	};
	int rc = cw_vcs_init(err);

	if (rc != 0)
		return rc;
	c->vcs = true;
	return cw_repo_open_client(&env, &c->where, &c->repo, err);
}

/* For `commit -a` and `commit -- path` git makes an index of its own and names it. */
static int read_index(struct cw_client *c, struct cw_err *err)
{
	const char *named = getenv("GIT_INDEX_FILE"), *git_dir = cw_repo_git_dir(c->repo);
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;

	if (named && *named)
		return cw_index_read(named, git_dir, &c->index, err);
	cw_buf_addf(&path, "%s/index", git_dir);
	if (cw_buf_fail(&path, NULL, NULL) != 0)
		return cw_err_nomem(err);
	return cw_index_read(path.data, git_dir, &c->index, err);
}

static int read_staged(void *payload, const char *path, size_t max, struct cw_buf *out, struct cw_err *err)
{
	const struct cw_client *c = payload;
	const struct cw_index_entry *e = cw_index_find(c->index, path);
	struct cw_object o;
	struct cw_oid oid;
	int rc;

	if (!e)
		return cw_err_set(err, CW_E_NOTFOUND, "'%s' is not staged", path);
	if ((e->mode & CW_MODE_TYPE) != CW_MODE_FILE)
		return cw_err_set(err, CW_E_INVALID, "'%s' is staged, but not as a regular file", path);
	oid = cw_index_oid(e->id);
	rc = cw_repo_read(c->repo, &oid, &o, err);
	if (rc != 0)
		return cw_err_wrap(err, rc, "'%s'", path);
	if (o.type != CW_OBJ_BLOB || o.len > max)
		rc = cw_err_set(err, CW_E_LIMIT, "'%s' is larger than %zu bytes", path, max);
	else
		cw_buf_add(out, o.data, o.len);
	cw_object_release(&o);
	return rc == 0 ? cw_buf_fail(out, path, err) : rc;
}

int cw_client_look(struct cw_client *c, struct cw_err *err)
{
	int rc = cw_signals_catch(&c->gate.progress, err);

	if (rc == 0)
		rc = cw_gate_load(&c->gate, NULL, err);
	if (rc == 0)
		rc = open_repository(c, err);
	if (rc == 0)
		rc = read_index(c, err);
	if (rc != 0)
		return rc;
	c->source = (struct cw_source){.read = read_staged, .payload = c};
	rc = cw_conf_load_repository(c->gate.conf, &c->source, err);
	if (rc == 0 && c->daemon_use > 0)
		c->gate.conf->daemon_use = c->daemon_use - 1;
	return rc;
}

int cw_client_prepare(struct cw_client *c, struct cw_err *err)
{
	int rc = cw_gate_prepare(&c->gate, &c->source, err);

	if (rc == 0 && c->note.len > 0) {
		cw_gate_say(&c->gate, "credwatch: note: ");
		cw_gate_add_foreign(&c->gate, c->note.data);
		cw_gate_say(&c->gate, "\n");
	}
	return rc;
}

int cw_client_open(struct cw_client *c, struct cw_err *err)
{
	int rc = cw_client_look(c, err);

	return rc == 0 ? cw_client_prepare(c, err) : rc;
}

/* ---- the daemon ---- */

struct gathering {
	struct cw_ask ask;
	struct cw_coverage coverage;
};

static int ask(struct cw_client *c, struct gathering *g, bool *ret_clean, struct cw_err *err)
{
	int rc = cw_ask_settle(&g->ask, c->gate.conf, ret_clean, &c->note, err);

	if (rc == 0 && *ret_clean)
		cw_coverage_merge(&c->gate.coverage, &g->coverage);
	return rc;
}

int cw_client_ask(struct cw_client *c, int (*gather)(void *payload, const struct cw_asker *asker, struct cw_coverage *coverage,
						     struct cw_err *err),
		  void *payload, bool *ret_clean, struct cw_err *err)
{
	struct gathering g;
	bool possible = false;
	int rc = cw_ask_possible(c->gate.conf, &possible, err);

	*ret_clean = false;
	if (rc != 0 || !possible)
		return rc;
	cw_ask_init(&g.ask);
	cw_coverage_init(&g.coverage);
	/* What goes wrong here goes wrong again, and is said, when it is scanned. */
	if (gather(payload, &g.ask.asker, &g.coverage, NULL) == 0 && cw_coverage_complete(&g.coverage))
		rc = ask(c, &g, ret_clean, err);
	cw_coverage_release(&g.coverage);
	cw_ask_release(&g.ask);
	return rc;
}

/* ---- the outcome ---- */

static bool takes_errors(const struct cw_client *c)
{
	return c->gate.conf && c->gate.conf->hooks_on_error == CW_ERROR_ACCEPT;
}

/* Who says that nothing may be let pass need not be told how. */
static bool may_mention_skipping(const struct cw_client *c)
{
	const struct cw_conf *conf = c->gate.conf;

	return c->skip && (conf->hooks_bypass == CW_BYPASS_ALLOW ||
			   conf->from[CW_CONF_HOOKS_BYPASS].level == CW_LEVEL_DEFAULT);
}

static const char *first_blocking(const struct cw_gate *g)
{
	for (size_t i = 0; i < g->items.len; i++) {
		const struct cw_gate_item *item = &CW_VEC_AT(&g->items, struct cw_gate_item, i);

		if (item->verdict == CW_VERDICT_BLOCK)
			return item->finding->fingerprint;
	}
	return "FINGERPRINT";
}

static void say_blocked(struct cw_client *c)
{
	struct cw_gate *g = &c->gate;

	cw_gate_say(g, "credwatch: %s rejected: it brings ", g->what);
	cw_gate_add_number(g, g->secrets[CW_VERDICT_BLOCK], "secret\n", "secrets\n");
	cw_gate_list(g, CW_VERDICT_BLOCK);
}

static void say_ways_out(struct cw_client *c)
{
	struct cw_gate *g = &c->gate;

	cw_gate_say(g, "If it is no secret, say so, then %s:\n"
		       "    credwatch allow %s --reason 'WHY'\n"
		       "    git add .credwatch.yaml\n"
		       "    (or put the comment credwatch:allow on its line, and git add it)\n", c->retry, first_blocking(g));
	if (may_mention_skipping(c))
		cw_gate_say(g, "To go on unchecked, knowing what you do:  %s\n", c->skip);
}

static void say_rest(struct cw_client *c)
{
	struct cw_gate *g = &c->gate;

	if (g->secrets[CW_VERDICT_WARN] > 0) {
		cw_gate_say(g, "credwatch: warning: ");
		cw_gate_add_number(g, g->secrets[CW_VERDICT_WARN], "finding that does not stop a ",
				   "findings that do not stop a ");
		cw_gate_say(g, "%s\n", g->what);
		cw_gate_list(g, CW_VERDICT_WARN);
	}
	if (g->coverage.lfs_pointers > 0) {
		cw_gate_say(g, "credwatch: note: not scanned, since git does not keep it: the content of ");
		cw_gate_add_number(g, g->coverage.lfs_pointers, "LFS pointer\n", "LFS pointers\n");
	}
}

static void say_incomplete(struct cw_client *c, bool taken)
{
	struct cw_gate *g = &c->gate;

	if (cw_signals_seen())
		cw_gate_say(g, "credwatch: %s rejected: interrupted\n", g->what);
	if (g->coverage.unscanned == 0)
		return;
	cw_gate_say(g, "credwatch: %s %s: ", g->what, taken ? "accepted unscanned (hooks.on_error)" : "rejected");
	cw_gate_add_number(g, g->coverage.unscanned, "part of it could not be scanned:\n", "parts of it could not be scanned:\n");
	cw_gate_list_unscanned(g);
}

enum cw_exit cw_client_conclude(struct cw_client *c, int (*advise)(struct cw_client *c, struct cw_err *err), struct cw_err *err)
{
	struct cw_gate *g = &c->gate;
	bool blocks = g->secrets[CW_VERDICT_BLOCK] > 0, covered = cw_coverage_complete(&g->coverage) && !cw_signals_seen();
	bool taken = !covered && !blocks && !cw_signals_seen() && takes_errors(c);

	if (!covered)
		say_incomplete(c, taken);
	if (blocks) {
		say_blocked(c);
		if (advise && advise(c, err) != 0)
			return cw_client_fail(c, err);
		say_ways_out(c);
	}
	say_rest(c);
	cw_gate_flush(g);
	if (!covered && !taken)
		return CW_EXIT_INCOMPLETE;
	return blocks ? CW_EXIT_FINDINGS : CW_EXIT_CLEAN;
}

enum cw_exit cw_client_fail(struct cw_client *c, const struct cw_err *err)
{
	struct cw_gate *g = &c->gate;

	if (!takes_errors(c) || err->code == CW_E_USAGE) {
		g->way_out = c->gate.conf && may_mention_skipping(c) ? c->skip : NULL;
		return cw_gate_fail(g, err);
	}
	cw_gate_say(g, "credwatch: %s accepted unscanned (hooks.on_error): ", g->what);
	cw_gate_add_foreign(g, cw_err_msg(err));
	cw_gate_say(g, "\n");
	cw_gate_flush(g);
	return CW_EXIT_CLEAN;
}
