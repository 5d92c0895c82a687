/* report/text.c - the report for people: one block a secret (fingerprint), then coverage in words, then the counts. Everything that
 * comes from outside passes cw_escape(). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/vec.h"
#include "report/format.h"
#include "rules/set.h"

#define INDENT 15	  /* columns before a value */
#define WIDTH 80	  /* columns of running text */
#define PLACES_LISTED 1000 /* places a secret; the rest is counted */

struct item { /* a finding and its rank in the report */
	const struct cw_finding *finding;
	size_t rank, group; /* group: rank of the first finding with this fingerprint */
};

static const char *colour_of(enum cw_severity s)
{
	switch (s) {
	case CW_SEVERITY_CRITICAL:
		return "\033[1;31m";
	case CW_SEVERITY_HIGH:
		return "\033[31m";
	case CW_SEVERITY_MEDIUM:
		return "\033[33m";
	case CW_SEVERITY_LOW:
		break;
	}
	return "\033[36m";
}

static void add_coloured(struct cw_buf *b, const struct cw_report_input *in, const char *colour, const char *text)
{
	if (in->colour)
		cw_buf_adds(b, colour);
	cw_buf_adds(b, text);
	if (in->colour)
		cw_buf_adds(b, "\033[0m");
}

static void add_label(struct cw_buf *b, const char *label)
{
	cw_buf_addf(b, "  %-*s", INDENT - 2, label);
}

static void add_escaped(struct cw_buf *b, const char *text)
{
	cw_escape(b, text, strlen(text));
}

/* Running text, wrapped at blanks and indented by INDENT; the first line continues what is there. */
static void add_wrapped(struct cw_buf *b, const char *text)
{
	size_t column = INDENT;
	bool first = true;

	for (;;) {
		size_t len;

		text += strspn(text, " \t\r\n");
		len = strcspn(text, " \t\r\n");
		if (len == 0)
			break;
		if (!first && column + 1 + len > WIDTH) {
			cw_buf_addf(b, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (!first) {
			cw_buf_addc(b, ' ');
			column++;
		}
		cw_escape(b, text, len);
		column += len;
		text += len;
		first = false;
	}
	cw_buf_addc(b, '\n');
}

static void add_place(struct cw_buf *b, const struct cw_finding *f, const struct cw_rule *block_rule)
{
	cw_report_add_place(b, f);
	cw_buf_addf(b, ":%" PRIu64 ":%" PRIu64, f->line, f->column);
	if (f->rule != block_rule) {
		cw_buf_adds(b, " [");
		add_escaped(b, f->rule->id);
		cw_buf_addc(b, ']');
	}
	if (f->decoded)
		cw_buf_addf(b, " (in %s)", f->decoded);
	if (f->cut)
		cw_buf_adds(b, " (may be cut)");
	if (f->objects > 1)
		cw_buf_addf(b, " (in %" PRIu64 " objects)", f->objects);
	if (f->more > 0)
		cw_buf_addf(b, " (and %" PRIu64 " more of this rule)", f->more);
	cw_report_suppression_text(b, f);
	cw_buf_addc(b, '\n');
	if (!f->origin)
		return;
	cw_buf_addf(b, "%*s", INDENT + 2, "");
	cw_report_add_origin(b, f->origin);
	cw_buf_addc(b, '\n');
}

static void add_places(struct cw_buf *b, const struct item *items, size_t len)
{
	uint64_t more = len > PLACES_LISTED ? len - PLACES_LISTED : 0;

	for (size_t i = 0; i < len; i++)
		more += items[i].finding->unlisted;
	for (size_t i = 0; i < len && i < PLACES_LISTED; i++) {
		if (i == 0)
			add_label(b, "found at");
		else
			cw_buf_addf(b, "%*s", INDENT, "");
		add_place(b, items[i].finding, items[0].finding->rule);
	}
	if (more > 0) {
		cw_buf_addf(b, "%*sand ", INDENT, "");
		cw_report_add_number(b, more, "more place\n", "more places\n");
	}
}

/* The first place in Python whose line can be rewritten. */
static void add_python(struct cw_buf *b, const struct item *items, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		if (!cw_report_add_python(&line, items[i].finding))
			continue;
		add_label(b, "in Python");
		cw_buf_addf(b, "%s\n", line.data);
		break;
	}
	if (line.fail != 0)
		b->fail = line.fail;
}

static int write_block(const struct cw_report_input *in, const struct item *items, size_t len, FILE *out,
		       struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT_SECRET;
	const struct cw_finding *f = items[0].finding;

	add_coloured(&b, in, colour_of(f->severity), cw_severity_name(f->severity));
	cw_buf_adds(&b, "  ");
	add_escaped(&b, f->rule->title);
	cw_buf_addc(&b, '\n');
	add_label(&b, "rule");
	add_escaped(&b, f->rule->id);
	cw_buf_addc(&b, '\n');
	add_label(&b, "secret");
	if (in->show_secrets && f->secret)
		cw_escape(&b, f->secret, f->secret_len);
	else
		cw_buf_adds(&b, f->redacted);
	cw_buf_addc(&b, '\n');
	if (f->label) {
		add_label(&b, "label");
		add_escaped(&b, f->label);
		cw_buf_addc(&b, '\n');
	}
	add_label(&b, "proof");
	cw_buf_addf(&b, "%s\n", cw_report_proof_words(f->proof));
	add_label(&b, "fingerprint");
	cw_buf_addf(&b, "%s\n", f->fingerprint);
	add_places(&b, items, len);
	add_label(&b, "what to do");
	add_wrapped(&b, f->rule->remediation);
	add_python(&b, items, len);
	cw_buf_addc(&b, '\n');
	return cw_report_flush(&b, out, err);
}

static int by_fingerprint(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;
	int c = strcmp(a->finding->fingerprint, b->finding->fingerprint);

	return c != 0 ? c : (a->rank > b->rank) - (a->rank < b->rank);
}

static int by_group(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;
	int c = (a->group > b->group) - (a->group < b->group);

	return c != 0 ? c : (a->rank > b->rank) - (a->rank < b->rank);
}

/* All findings, those of one secret together, groups in the order of their first findings. */
static int group_items(const struct cw_findings *findings, struct item **ret, struct cw_err *err)
{
	size_t len = cw_findings_len(findings);
	struct item *items = calloc(len + 1, sizeof(*items));

	if (!items)
		return cw_err_nomem(err);
	for (size_t i = 0; i < len; i++)
		items[i] = (struct item){cw_findings_at(findings, i), i, i};
	qsort(items, len, sizeof(*items), by_fingerprint);
	for (size_t i = 1; i < len; i++)
		if (strcmp(items[i].finding->fingerprint, items[i - 1].finding->fingerprint) == 0)
			items[i].group = items[i - 1].group;
	qsort(items, len, sizeof(*items), by_group);
	*ret = items;
	return 0;
}

/* Whether one of the places does. */
static bool counts(const struct item *items, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!items[i].finding->suppressed)
			return true;
	return false;
}

static int write_blocks(const struct cw_report_input *in, FILE *out, uint64_t by_severity[4], struct cw_err *err)
{
	size_t len = cw_findings_len(in->findings), end;
	CW_CLEANUP(cw_freep) struct item *items = NULL;
	int rc = group_items(in->findings, &items, err);

	for (size_t i = 0; rc == 0 && i < len; i = end) {
		for (end = i + 1; end < len && items[end].group == items[i].group;)
			end++;
		if (counts(items + i, end - i))
			by_severity[items[i].finding->severity]++;
		rc = write_block(in, items + i, end - i, out, err);
	}
	return rc;
}

static void add_size(struct cw_buf *b, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
	double n = (double)bytes;
	int u = 0;

	while (n >= 1000 && u < 4) {
		n /= 1000;
		u++;
	}
	cw_buf_addf(b, u == 0 ? "%.0f %s" : "%.1f %s", n, units[u]);
}

static void add_notes(struct cw_buf *b, const struct cw_coverage *c)
{
	if (c->skipped > 0) {
		cw_buf_adds(b, "Passed over: ");
		cw_report_add_number(b, c->skipped, "symbolic link or special file.\n", "symbolic links and special files.\n");
	}
	if (c->excluded > 0) {
		cw_buf_adds(b, "Excluded by configuration and not read: ");
		cw_report_add_number(b, c->excluded, "file.\n", "files.\n");
	}
	if (c->repositories > 0) {
		cw_buf_adds(b, "Left to 'credwatch audit': the history of ");
		cw_report_add_number(b, c->repositories, "git repository.\n", "git repositories.\n");
	}
	if (c->submodules > 0) {
		cw_buf_adds(b, "Not part of this repository: the content of ");
		cw_report_add_number(b, c->submodules, "submodule.\n", "submodules.\n");
	}
	if (c->lfs_pointers > 0) {
		cw_buf_adds(b, "Not stored here and not scanned: the content of ");
		cw_report_add_number(b, c->lfs_pointers, "LFS pointer.\n", "LFS pointers.\n");
	}
}

static void add_unscanned(struct cw_buf *b, const struct cw_coverage *c)
{
	for (size_t i = 0; i < c->list.len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);

		cw_buf_adds(b, "  ");
		add_escaped(b, u->object ? u->object : "");
		cw_buf_adds(b, ": ");
		add_escaped(b, u->reason ? u->reason : "");
		cw_buf_addc(b, '\n');
	}
	if (c->unscanned > c->list.len)
		cw_buf_addf(b, "  and %" PRIu64 " more that are not listed\n", c->unscanned - c->list.len);
}

static void add_coverage(struct cw_buf *b, const struct cw_report_input *in)
{
	const struct cw_coverage *c = in->coverage;
	bool git = strcmp(in->command, "audit") == 0;
	const char *one = git ? "object" : "file", *many = git ? "objects" : "files";

	cw_buf_adds(b, "Coverage: ");
	if (!cw_coverage_complete(c) || in->interrupted) {
		add_coloured(b, in, "\033[1;31m", "INCOMPLETE");
		cw_buf_addf(b, ": %s", in->interrupted ? "the scan was interrupted; " : "");
		cw_buf_addf(b, "%" PRIu64 " of ", c->scanned + c->cached);
		cw_report_add_number(b, c->expected, one, many);
		cw_buf_addf(b, " scanned, %" PRIu64 " not scanned%s\n", c->unscanned, c->unscanned > 0 ? ":" : ".");
		add_unscanned(b, c);
	} else if (c->expected == 0) {
		cw_buf_addf(b, "there were no %s to scan.\n", many);
	} else {
		cw_buf_adds(b, "complete: ");
		cw_report_add_number(b, c->expected, one, many);
		cw_buf_adds(b, " expected, all scanned (");
		add_size(b, c->bytes);
		if (c->cached > 0)
			cw_buf_addf(b, "; %" PRIu64 " known from before", c->cached);
		cw_buf_adds(b, ").\n");
	}
	add_notes(b, c);
}

static void add_summary(struct cw_buf *b, const struct cw_report_input *in, const uint64_t by_severity[4])
{
	bool complete = cw_coverage_complete(in->coverage) && !in->interrupted;
	size_t places = cw_findings_counted(in->findings, CW_SEVERITY_LOW);
	bool others = cw_report_suppressed_text(b, in);
	const char *before = ": ";

	if (places == 0) {
		cw_buf_addf(b, "No %ssecrets found%s.\n", others ? "other " : "", complete ? "" : " in what was scanned");
		return;
	}
	cw_report_add_number(b, cw_findings_secrets(in->findings), "secret", "secrets");
	cw_buf_adds(b, " at ");
	cw_report_add_number(b, places, "place", "places");
	for (int s = CW_SEVERITY_CRITICAL; s >= CW_SEVERITY_LOW; s--) {
		if (by_severity[s] == 0)
			continue;
		cw_buf_addf(b, "%s%" PRIu64 " %s", before, by_severity[s], cw_severity_name((enum cw_severity)s));
		before = ", ";
	}
	cw_buf_adds(b, ".\n");
}

int cw_report_write_text(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	uint64_t by_severity[4] = {0};
	int rc = write_blocks(in, out, by_severity, err);

	if (rc != 0)
		return rc;
	add_coverage(&b, in);
	add_summary(&b, in, by_severity);
	return cw_report_flush(&b, out, err);
}
