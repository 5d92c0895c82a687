/* cli/explain_text.c - the tale of one secret as text for people. What comes from outside is escaped. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/opts.h"
#include "base/text.h"
#include "cli/explain.h"
#include "policy/glob.h"
#include "report/words.h"

#define INDENT 14 /* columns before a value */
#define WIDTH 80
#define PLACES_LISTED 100

static void add_escaped(struct cw_buf *b, const char *text)
{
	cw_escape(b, text, strlen(text));
}

/* Running text, which may have line breaks of its own. */
static void add_wrapped(struct cw_buf *b, const char *text, size_t indent)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT, escaped = CW_BUF_INIT;

	for (const char *p = text; *p; p++)
		cw_buf_addc(&line, *p == '\n' || *p == '\t' ? ' ' : *p);
	add_escaped(&escaped, line.data);
	cw_opts_wrap(b, escaped.data, indent, indent, WIDTH);
	if (b->fail == 0)
		b->fail = line.fail != 0 ? line.fail : escaped.fail;
}

static void add_field(struct cw_buf *b, const char *label, const char *text)
{
	cw_buf_addf(b, "  %-*s", INDENT - 2, label);
	add_wrapped(b, text, INDENT);
}

__attribute__((format(printf, 3, 4))) static void add_fieldf(struct cw_buf *b, const char *label, const char *fmt, ...)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	cw_buf_addv(&text, fmt, ap);
	va_end(ap);
	add_field(b, label, text.data);
	/* A text that was cut for want of memory must not pass for a whole one. */
	if (b->fail == 0)
		b->fail = text.fail;
}

static void add_heading(struct cw_buf *b, const char *text)
{
	cw_buf_addf(b, "\n%s\n", text);
}

static void add_head(struct cw_buf *b, const struct cw_finding *f)
{
	cw_buf_addf(b, "%s  ", cw_severity_name(f->severity));
	add_escaped(b, f->rule->title);
	cw_buf_addc(b, '\n');
	add_field(b, "rule", f->rule->id);
	if (f->rule->description[0])
		add_field(b, "meaning", f->rule->description);
	add_field(b, "secret", f->redacted);
	add_field(b, "fingerprint", f->fingerprint);
	if (f->label)
		add_field(b, "label", f->label);
}

/* ---- how it was judged ---- */

static void add_step(struct cw_buf *b, const char *check, const char *result, const char *text)
{
	cw_buf_addf(b, "  %-*s%-10s", INDENT - 2, check, result);
	add_wrapped(b, text, INDENT + 10);
}

__attribute__((format(printf, 4, 5))) static void add_stepf(struct cw_buf *b, const char *check, const char *result,
							     const char *fmt, ...)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	cw_buf_addv(&text, fmt, ap);
	va_end(ap);
	add_step(b, check, result, text.data);
	if (b->fail == 0)
		b->fail = text.fail;
}

static void add_found(struct cw_buf *b, const struct cw_told *told, const struct cw_rule *r)
{
	add_stepf(b, "anchor", "found", "it ends at byte %zu", told->end);
	add_stepf(b, "pattern", "found",
		  "it matches among bytes %zu to %zu (%u before the anchor's end, %u behind); the secret begins at byte %zu",
		  told->window_a, told->window_b, r->before, r->after, told->start);
}

static void add_also(struct cw_buf *b, const struct cw_tale *t)
{
	const struct cw_finding *f = t->places[0];

	for (size_t i = 0; i < f->also_len; i++)
		add_stepf(b, "overlap", "note", "%s found it too; this rule has the stronger claim",
			  cw_set_rule(t->set, f->also[i])->id);
}

static void add_judgement(struct cw_buf *b, const struct cw_tale *t)
{
	const struct cw_finding *f = t->places[0];
	const struct cw_story *story = &t->told->story;

	add_heading(b, "How it was found");
	if (!t->told->found) {
		add_field(b, "not told", t->untold);
		if (f->rule->pattern[0])
			add_fieldf(b, "checks", "'credwatch rules show %s' lists them", f->rule->id);
		return;
	}
	cw_buf_addf(b, "  %-*s", INDENT - 2, "looked at");
	cw_report_add_place(b, f);
	cw_buf_addf(b, ":%" PRIu64 ":%" PRIu64, f->line, f->column);
	if (f->path && f->object.len > 0) {
		char hex[CW_OID_HEX_SIZE];

		cw_oid_hex(&f->object, hex);
		cw_buf_addf(b, " in %s %.*s", cw_object_type_name(f->type), CW_REPORT_SHORT_ID, hex);
	}
	if (f->decoded)
		cw_buf_addf(b, " (in %s; bytes count in what was decoded)", f->decoded);
	cw_buf_addc(b, '\n');
	add_found(b, t->told, f->rule);
	for (size_t i = 0; i < story->steps.len; i++) {
		const struct cw_step *step = &CW_VEC_AT(&story->steps, struct cw_step, i);

		add_step(b, step->check, cw_step_result_name(step->result), cw_story_text(story, i));
	}
	add_also(b, t);
}

/* ---- why this severity and this proof ---- */

static const char *lowering_glob(const struct cw_rule *r, const char *path)
{
	for (size_t i = 0; path && i < r->paths_lower_len; i++)
		if (cw_glob_match(r->paths_lower[i], path))
			return r->paths_lower[i];
	return NULL;
}

static void add_severity(struct cw_buf *b, const struct cw_finding *f)
{
	const char *is = cw_severity_name(f->severity), *own = cw_severity_name(f->rule->severity);
	const char *glob = lowering_glob(f->rule, f->path);

	if (f->label)
		add_fieldf(b, "severity", "%s, because of the label '%s': the rule says %s", is, f->label, own);
	else if (f->severity == f->rule->severity)
		add_fieldf(b, "severity", "%s, as the rule says", own);
	else if (glob)
		add_fieldf(b, "severity", "%s, one step below the rule's %s: the path matches '%s'", is, own, glob);
	else
		add_fieldf(b, "severity", "%s; the rule says %s", is, own);
}

static const char *proof_reason(const struct cw_finding *f)
{
	if (f->proof >= CW_PROOF_STRUCTURE)
		return "the strongest proof of the rule that holds";
	if (f->cut)
		return "the match may be cut, and what is cut cannot be proved";
	if (f->proof == CW_PROOF_CONTEXT)
		return "a generic rule: a telling name stands beside it, and nothing in it proves what it is";
	if (f->rule->cls == CW_CLASS_GENERIC)
		return "a generic rule, and a companion or a part of it speaks for it";
	return f->rule->proofs_len > 0 ? "no proof of the rule gives more here" : "the rule has no proof beyond the form";
}

static void add_reasons(struct cw_buf *b, const struct cw_finding *f)
{
	add_heading(b, "Why");
	add_severity(b, f);
	add_field(b, "proof", cw_report_proof_words(f->proof));
	add_field(b, "because", proof_reason(f));
}

/* ---- where, and what suppresses it ---- */

static void add_places(struct cw_buf *b, const struct cw_tale *t)
{
	cw_buf_adds(b, "\nWhere: ");
	cw_report_add_number(b, t->len, "place", "places");
	cw_buf_addf(b, " in %s\n", t->source);
	for (size_t i = 0; i < t->len && i < PLACES_LISTED; i++) {
		const struct cw_finding *f = t->places[i];

		cw_buf_adds(b, "  ");
		cw_report_add_place(b, f);
		cw_buf_addf(b, ":%" PRIu64 ":%" PRIu64, f->line, f->column);
		if (f->severity != t->places[0]->severity)
			cw_buf_addf(b, " (%s)", cw_severity_name(f->severity));
		cw_report_suppression_text(b, f);
		cw_buf_addc(b, '\n');
		if (f->origin) {
			cw_buf_adds(b, "    ");
			cw_report_add_origin(b, f->origin);
			cw_buf_addc(b, '\n');
		}
	}
	if (t->len > PLACES_LISTED)
		cw_buf_addf(b, "  and %zu more places\n", t->len - PLACES_LISTED);
}

static void add_suppression(struct cw_buf *b, const struct cw_suppression *s)
{
	static const char *const names[] = {"an allow entry", "an excluded path", "a baseline", "an inline mark"};

	cw_buf_addf(b, "  %s", names[s->by]);
	if (s->from.file) {
		cw_buf_adds(b, " in ");
		add_escaped(b, s->from.file);
		cw_buf_addf(b, ":%d", s->from.line);
	}
	if (s->reason) {
		cw_buf_adds(b, ": ");
		add_escaped(b, s->reason);
	}
	cw_buf_adds(b, s->advisory ? " (of the repository alone: it is said, and the finding counts)\n" : "\n");
}

static void add_suppressions(struct cw_buf *b, const struct cw_tale *t)
{
	size_t none = 0;

	add_heading(b, "What suppresses it");
	for (size_t i = 0; i < t->len; i++) {
		const struct cw_suppression *s = t->places[i]->suppression;
		size_t k = 0;

		while (k < i && t->places[k]->suppression != s)
			k++;
		if (s && k == i)
			add_suppression(b, s);
		none += !s;
	}
	if (none == t->len)
		cw_buf_adds(b, "  nothing\n");
	else if (none > 0)
		cw_buf_addf(b, "  nothing at %zu of %zu places\n", none, t->len);
}

/* ---- what to do ---- */

static void add_python(struct cw_buf *b, const struct cw_tale *t)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT;

	for (size_t i = 0; i < t->len && line.len == 0; i++)
		cw_report_add_python(&line, t->places[i]);
	if (line.len > 0)
		cw_buf_addf(b, "  In Python: %s\n", line.data);
	if (line.fail != 0)
		b->fail = line.fail;
}

static void add_advice(struct cw_buf *b, const struct cw_tale *t)
{
	const struct cw_rule *r = t->places[0]->rule;

	add_heading(b, "What to do");
	cw_buf_adds(b, "  ");
	add_wrapped(b, r->remediation[0] ? r->remediation : "Revoke it where it was issued, and read the new one from the environment.", 2);
	add_python(b, t);
	for (size_t i = 0; i < r->references_len; i++) {
		cw_buf_adds(b, "  See ");
		add_escaped(b, r->references[i]);
		cw_buf_addc(b, '\n');
	}
	cw_buf_addf(b, "  If it is meant to be there, this in its repository makes it not count:\n"
		       "    credwatch allow %s --reason '...'\n", t->places[0]->fingerprint);
}

void cw_explain_text(const struct cw_tale *t, struct cw_buf *out)
{
	add_head(out, t->places[0]);
	add_judgement(out, t);
	add_reasons(out, t->places[0]);
	add_places(out, t);
	add_suppressions(out, t);
	add_advice(out, t);
}
