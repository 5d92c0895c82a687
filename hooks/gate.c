/* hooks/gate.c - see gate.h. */
#include "hooks/gate.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/ruleset.h"

#define WIDTH 72 /* columns: the client puts "remote: " in front */
#define MESSAGE_MAX ((size_t)4 << 20) /* bytes */

void cw_gate_init(struct cw_gate *g, const char *what)
{
	*g = (struct cw_gate){.what = what, .line_prefix = "", .items = CW_VEC_INIT(struct cw_gate_item, SIZE_MAX / 64),
			      .text = CW_BUF_INIT_MAX(MESSAGE_MAX)};
	cw_coverage_init(&g->coverage);
}

void cw_gate_release(struct cw_gate *g)
{
	cw_vec_release(&g->items);
	cw_buf_release(&g->text);
	cw_cleanser_free(g->cleanser);
	cw_findings_free(g->findings);
	cw_policy_free(g->policy);
	cw_conf_free(g->conf);
	cw_coverage_release(&g->coverage);
	cw_set_unref(g->set);
}

/* ---- policy, rules, key ---- */

int cw_gate_load(struct cw_gate *g, const char *file, struct cw_err *err)
{
	int rc;

	cw_conf_free(cw_steal(&g->conf));
	rc = cw_conf_new(&g->conf, err);
	if (rc == 0)
		rc = cw_conf_load_trusted(g->conf, err);
	if (rc == 0 && file)
		rc = cw_conf_load_server(g->conf, file, err);
	return rc;
}

static int make_policy(struct cw_gate *g, const struct cw_source *source, const char *key_id, struct cw_err *err)
{
	struct cw_policy_opts opts = {.conf = g->conf, .repository = source, .key_id = key_id, .now = cw_clock_wall()};
	const struct cw_vec *notes;
	int rc = cw_policy_new(&opts, &g->policy, err);

	if (rc != 0)
		return rc;
	notes = cw_policy_notes(g->policy);
	for (size_t i = 0; i < notes->len; i++) {
		cw_gate_say(g, "credwatch: note: ");
		cw_gate_add_foreign(g, CW_VEC_AT(notes, char *, i));
		cw_gate_say(g, "\n");
	}
	return 0;
}

static unsigned jobs_of(const struct cw_conf *c)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

	return c->jobs > 0 ? (unsigned)c->jobs : (unsigned)n;
}

int cw_gate_prepare(struct cw_gate *g, const struct cw_source *source, struct cw_err *err)
{
	struct cw_ruleset_opts rules = CW_RULESET_OPTS_INIT;
	struct cw_key key;
	int rc;

	rules.conf = g->conf;
	rules.repository = source;
	rc = cw_ruleset_load(&rules, &g->set, err);
	if (rc == 0)
		rc = cw_key_load(&key, err);
	if (rc != 0)
		return rc;
	g->jobs = jobs_of(g->conf);
	rc = cw_findings_new(&key, g->jobs, false, &g->findings, err);
	if (rc == 0)
		rc = make_policy(g, source, key.id, err);
	cw_key_wipe(&key);
	return rc == 0 ? cw_findings_set_policy(g->findings, g->policy, false, err) : rc;
}

/* ---- verdicts ---- */

/* Most pushes and commits are clean and need none. */
static int make_cleanser(struct cw_gate *g, struct cw_err *err)
{
	return g->cleanser ? 0 : cw_cleanser_new(g->set, &g->cleanser, err);
}

static enum cw_verdict verdict_of(const struct cw_gate *g, const struct cw_finding *f)
{
	const struct cw_conf *c = g->conf;

	if (f->suppressed)
		return CW_VERDICT_PASS;
	/* documented examples and canaries: everybody may know them */
	if (!f->label && (int)f->severity >= c->hooks_block_severity && (int)f->proof >= c->hooks_block_proof)
		return CW_VERDICT_BLOCK;
	if ((int)f->severity >= c->hooks_warn_severity && (int)f->proof >= c->hooks_warn_proof)
		return CW_VERDICT_WARN;
	return CW_VERDICT_PASS;
}

static int by_fingerprint(const void *va, const void *vb)
{
	const struct cw_gate_item *a = va, *b = vb;
	int c = strcmp(a->finding->fingerprint, b->finding->fingerprint);

	return c != 0 ? c : (a->rank > b->rank) - (a->rank < b->rank);
}

static int by_group(const void *va, const void *vb)
{
	const struct cw_gate_item *a = va, *b = vb;
	int c = (a->group > b->group) - (a->group < b->group);

	return c != 0 ? c : (a->rank > b->rank) - (a->rank < b->rank);
}

/* Give the N items of one secret their verdict. */
static enum cw_verdict settle(struct cw_gate_item *items, size_t n, bool may_pass)
{
	enum cw_verdict worst = CW_VERDICT_PASS;

	for (size_t i = 0; i < n; i++)
		if (items[i].verdict > worst)
			worst = items[i].verdict;
	if (worst == CW_VERDICT_BLOCK && may_pass)
		worst = CW_VERDICT_BYPASS;
	for (size_t i = 0; i < n; i++) {
		items[i].verdict = worst;
		items[i].group = items[0].rank;
	}
	return worst;
}

static int gather(struct cw_gate *g, struct cw_err *err)
{
	for (size_t i = 0; i < cw_findings_len(g->findings); i++) {
		struct cw_gate_item *item = cw_vec_push(&g->items);

		if (!item)
			return cw_vec_fail(&g->items, "findings", err);
		item->finding = cw_findings_at(g->findings, i);
		item->verdict = verdict_of(g, item->finding);
		item->rank = i;
	}
	return 0;
}

int cw_gate_decide(struct cw_gate *g, bool (*may_pass)(const void *payload, const char *fingerprint), const void *payload,
		   struct cw_err *err)
{
	struct cw_gate_item *items;
	int rc = cw_findings_finish(g->findings, err);

	if (rc == 0 && (cw_findings_len(g->findings) > 0 || g->coverage.unscanned > 0))
		rc = make_cleanser(g, err);
	if (rc == 0 && cw_findings_len(g->findings) > 0)
		rc = cw_cleanse_findings(g->cleanser, g->findings, err);
	if (rc == 0 && g->coverage.unscanned > 0)
		rc = cw_cleanse_coverage(g->cleanser, &g->coverage, err);
	if (rc == 0)
		rc = gather(g, err);
	if (rc != 0 || g->items.len == 0)
		return rc;
	items = g->items.items;
	qsort(items, g->items.len, sizeof(*items), by_fingerprint);
	for (size_t i = 0, end; i < g->items.len; i = end) {
		const char *fingerprint = items[i].finding->fingerprint;

		for (end = i + 1; end < g->items.len && strcmp(items[end].finding->fingerprint, fingerprint) == 0;)
			end++;
		g->secrets[settle(items + i, end - i, may_pass && may_pass(payload, fingerprint))]++;
	}
	qsort(items, g->items.len, sizeof(*items), by_group);
	return 0;
}

/* ---- what is said ---- */

void cw_gate_say(struct cw_gate *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_buf_addv(&g->text, fmt, ap);
	va_end(ap);
}

int cw_gate_cleanse(struct cw_gate *g, const char *text, struct cw_buf *out, struct cw_err *err)
{
	int rc = g->set ? make_cleanser(g, err) : 0;

	if (rc != 0)
		return rc;
	return g->set ? cw_cleanse(g->cleanser, text, strlen(text), out, err) : cw_cmd_cleanse(text, out, err);
}

void cw_gate_add_foreign(struct cw_gate *g, const char *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf shown = CW_BUF_INIT, clean = CW_BUF_INIT;
	int rc = cw_gate_cleanse(g, text, &clean, NULL);

	if (rc == 0)
		cw_escape(&shown, clean.data, clean.len);
	if (rc == 0 && cw_buf_fail(&shown, NULL, NULL) == 0)
		cw_buf_add(&g->text, shown.data, shown.len);
	else
		cw_buf_adds(&g->text, "(a text that cannot be checked for secrets)");
}

void cw_gate_add_wrapped(struct cw_gate *g, const char *text, size_t indent)
{
	size_t column = indent;

	for (bool first = true;; first = false) {
		size_t len;

		text += strspn(text, " \t\r\n");
		len = strcspn(text, " \t\r\n");
		if (len == 0)
			break;
		if (!first && column + 1 + len > WIDTH) {
			cw_gate_say(g, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			cw_buf_addc(&g->text, ' ');
			column++;
		}
		cw_escape(&g->text, text, len);
		column += len;
		text += len;
	}
	cw_buf_addc(&g->text, '\n');
}

void cw_gate_add_number(struct cw_gate *g, uint64_t n, const char *one, const char *many)
{
	cw_gate_say(g, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

/* The lines of TEXT with the prefix in front of each. */
static int prefixed(const struct cw_gate *g, const char *text, struct cw_buf *out)
{
	for (const char *line = text, *end; *line; line = end) {
		end = strchrnul(line, '\n');
		end += *end == '\n';
		cw_buf_adds(out, g->line_prefix);
		cw_buf_add(out, line, (size_t)(end - line));
	}
	return cw_buf_fail(out, "message", NULL);
}

/* What cannot be written has no other place to go. */
static void show(const char *text, size_t len)
{
	cw_io_write_full(STDERR_FILENO, text, len, NULL);
}

void cw_gate_flush(struct cw_gate *g)
{
	static const char lost[] = "credwatch: the message cannot be shown: out of memory\n";
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT_MAX(2 * MESSAGE_MAX);

	if (cw_buf_fail(&g->text, "message", NULL) == 0 && prefixed(g, g->text.data, &out) == 0)
		show(out.data, out.len);
	else
		show(lost, sizeof(lost) - 1);
	cw_buf_clear(&g->text);
}

enum cw_exit cw_gate_fail(struct cw_gate *g, const struct cw_err *err)
{
	cw_gate_say(g, "credwatch: %s rejected: ", g->what);
	if (err->code == CW_E_NOMEM)
		cw_gate_say(g, "%s", cw_err_text(err->code));
	else
		cw_gate_add_foreign(g, cw_err_msg(err));
	cw_gate_say(g, "\n");
	if (cw_exit_of(err) == CW_EXIT_INTERNAL || cw_exit_of(err) == CW_EXIT_INCOMPLETE)
		cw_gate_say(g, "Nothing is accepted that was not scanned.\n");
	if (g->way_out)
		cw_gate_say(g, "To go on unchecked, knowing what you do:  %s\n", g->way_out);
	else if (err->code == CW_E_UNSUPPORTED)
		cw_gate_say(g, "No change to your commits helps: this repository cannot be scanned here.\nAsk the administrator.\n");
	cw_gate_flush(g);
	return cw_exit_of(err);
}
