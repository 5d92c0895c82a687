/* hooks/list.c - the secrets of a message: what each is, where it stands, how the line can do without it. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "hooks/gate.h"
#include "report/words.h"

#define PLACES_LISTED 10 /* of one secret */
#define UNSCANNED_LISTED 5

static void add_text(struct cw_gate *g, const char *text)
{
	cw_escape(&g->text, text, strlen(text));
}

static void add_id(struct cw_gate *g, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	cw_gate_say(g, "%.*s", CW_REPORT_SHORT_ID, hex);
}

/* Where a secret stands that is at no path. */
static void add_pathless(struct cw_gate *g, const struct cw_finding *f)
{
	if (f->origin && f->origin->tip_ref) {
		cw_gate_say(g, "in the name of ");
		add_text(g, f->origin->tip_ref);
	} else if (f->type == CW_OBJ_COMMIT && !f->origin) {
		cw_gate_say(g, "in the message, line %" PRIu64, f->line);
	} else if (f->type == CW_OBJ_COMMIT) {
		cw_gate_say(g, "in its text, line %" PRIu64 " (author, committer, message)", f->line);
	} else if (f->type == CW_OBJ_TAG) {
		cw_gate_say(g, "tag ");
		add_id(g, &f->object);
		cw_gate_say(g, "  in its text, line %" PRIu64, f->line);
	} else {
		cw_gate_say(g, "%s ", cw_object_type_name(f->type));
		add_id(g, &f->object);
		cw_gate_say(g, "  line %" PRIu64, f->line);
		if (cw_coverage_complete(&g->coverage))
			cw_gate_say(g, ", in no commit of the %s", g->what);
	}
}

static void add_place(struct cw_gate *g, const struct cw_finding *f)
{
	if (f->origin && f->origin->commit.len > 0) {
		cw_gate_say(g, "commit ");
		add_id(g, &f->origin->commit);
		cw_gate_say(g, "  ");
	}
	if (!f->path) {
		add_pathless(g, f);
	} else {
		add_text(g, f->path);
		if (f->type == CW_OBJ_TREE)
			cw_gate_say(g, " (the name itself)");
		else
			cw_gate_say(g, ":%" PRIu64, f->line);
	}
	if (f->decoded)
		cw_gate_say(g, " (in %s)", f->decoded);
	if (f->more > 0)
		cw_gate_say(g, " (and %" PRIu64 " more of this kind there)", f->more);
	cw_gate_say(g, "\n");
}

static void add_python(struct cw_gate *g, const struct cw_gate_item *items, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		if (!cw_report_add_python(&line, items[i].finding))
			continue;
		cw_gate_say(g, "   write instead:  %s\n", line.data);
		break;
	}
	if (line.fail != 0)
		g->text.fail = line.fail;
}

/* Whether an item before ITEMS, of a secret that was listed, is of the same rule. */
static bool was_explained(const struct cw_gate *g, const struct cw_gate_item *item)
{
	for (const struct cw_gate_item *i = g->items.items; i < item; i++)
		if (i->verdict == item->verdict && i->finding->rule == item->finding->rule)
			return true;
	return false;
}

static void add_block(struct cw_gate *g, size_t number, const struct cw_gate_item *items, size_t len)
{
	const struct cw_finding *f = items[0].finding;

	cw_gate_say(g, "%zu. ", number);
	add_text(g, f->rule->title);
	cw_gate_say(g, "  (%s, %s)\n   ", cw_severity_name(f->severity), cw_proof_level_name(f->proof));
	cw_buf_adds(&g->text, f->redacted);
	cw_gate_say(g, "  fingerprint %s\n", f->fingerprint);
	for (size_t i = 0; i < len && i < PLACES_LISTED; i++) {
		cw_gate_say(g, "   ");
		add_place(g, items[i].finding);
	}
	if (len > PLACES_LISTED)
		cw_gate_say(g, "   and at %zu more places\n", len - PLACES_LISTED);
	if (f->label) {
		cw_gate_say(g, "   label: ");
		add_text(g, f->label);
		cw_gate_say(g, "\n");
	}
	if (items[0].verdict != CW_VERDICT_BYPASS)
		add_python(g, items, len);
	if (items[0].verdict == CW_VERDICT_BLOCK && f->rule->remediation[0] && !was_explained(g, items)) {
		cw_gate_say(g, "   ");
		cw_gate_add_wrapped(g, f->rule->remediation, 3);
	}
}

void cw_gate_list(struct cw_gate *g, enum cw_verdict verdict)
{
	const struct cw_gate_item *items = g->items.items;
	size_t number = 0;

	for (size_t i = 0, end; i < g->items.len; i = end) {
		for (end = i + 1; end < g->items.len && items[end].group == items[i].group;)
			end++;
		if (items[i].verdict != verdict || ++number > CW_GATE_LISTED)
			continue;
		cw_gate_say(g, "\n");
		add_block(g, number, items + i, end - i);
	}
	if (number > CW_GATE_LISTED)
		cw_gate_say(g, "\nand %zu more\n", number - CW_GATE_LISTED);
	cw_gate_say(g, "\n");
}

void cw_gate_list_unscanned(struct cw_gate *g)
{
	const struct cw_coverage *c = &g->coverage;
	uint64_t listed = 0;

	for (size_t i = 0; i < c->list.len && listed < UNSCANNED_LISTED; i++, listed++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);

		cw_gate_say(g, "   ");
		add_text(g, u->object ? u->object : "");
		cw_gate_say(g, ": ");
		add_text(g, u->reason ? u->reason : "");
		cw_gate_say(g, "\n");
	}
	if (c->unscanned > listed)
		cw_gate_say(g, "   and %" PRIu64 " more\n", c->unscanned - listed);
}
