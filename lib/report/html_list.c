/* report/html_list.c - the places as data for the page's script: JSON in which < > & are escaped, so that nothing in it can end the
 * element around it. All text has passed cw_escape(). A row is an array; page/report.js names its members. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/html.h"

static bool add_shown(struct cw_json *o, const char *key, const char *text, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf shown = CW_BUF_INIT_SECRET;

	cw_escape(&shown, text, len);
	cw_json_add_strn(o, key, shown.data, shown.len);
	return shown.fail == 0;
}

/* TEXT may be NULL. */
static bool add_text(struct cw_json *o, const char *key, const char *text)
{
	return add_shown(o, key, text ? text : "", text ? strlen(text) : 0);
}

/* Write the JSON of O between BEFORE and AFTER. */
static int write_json(const struct cw_json *o, const char *before, const char *after, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf json = CW_BUF_INIT_SECRET, safe = CW_BUF_INIT_SECRET;
	int rc = cw_json_print(o, false, &json, err);

	if (rc != 0)
		return rc;
	cw_buf_adds(&safe, before);
	/* Outside strings JSON has none of these characters. */
	for (size_t i = 0; i < json.len; i++) {
		if (strchr("<>&", json.data[i]))
			cw_buf_addf(&safe, "\\u%04x", (unsigned char)json.data[i]);
		else
			cw_buf_addc(&safe, json.data[i]);
	}
	cw_buf_adds(&safe, after);
	return cw_report_flush(&safe, out, err);
}

static int write_rule(const struct cw_rule *rule, bool first, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	bool ok = add_text(o, "id", rule->id);
	struct cw_json *references;

	ok = add_text(o, "title", rule->title) && ok;
	ok = add_text(o, "description", rule->description) && ok;
	ok = add_text(o, "remediation", rule->remediation) && ok;
	references = cw_json_add_array(o, "references");
	/* They become links: nothing but the web. */
	for (size_t i = 0; i < rule->references_len; i++)
		if (strncmp(rule->references[i], "https://", 8) == 0 || strncmp(rule->references[i], "http://", 7) == 0)
			ok = add_text(references, NULL, rule->references[i]) && ok;
	return ok ? write_json(o, first ? "\n" : ",\n", "", out, err) : cw_err_nomem(err);
}

static int write_proofs(FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();

	for (int p = CW_PROOF_CHECKSUM; p >= CW_PROOF_CONTEXT; p--)
		cw_json_add_str(o, cw_proof_level_name((enum cw_proof_level)p), cw_report_proof_words((enum cw_proof_level)p));
	return write_json(o, "{\"proofs\":", ",\n\"rules\":[", out, err);
}

/* What is out of the ordinary, in words. */
static bool add_notes(struct cw_json *row, const struct cw_report_input *in, const struct cw_finding *f)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf notes = CW_BUF_INIT;

	if (f->suppression) {
		cw_buf_addf(&notes, f->suppressed ? "suppressed by %s" : "counts, though the repository has it as known: %s",
			    cw_suppressed_by_name(f->suppression->by));
		cw_buf_addf(&notes, "%s%s; ", f->suppression->reason ? ": " : "", f->suppression->reason ? f->suppression->reason : "");
	}
	if (f->label)
		cw_buf_addf(&notes, "%s; ", f->label);
	if (f->decoded)
		cw_buf_addf(&notes, "found inside %s; ", f->decoded);
	if (f->cut)
		cw_buf_adds(&notes, "may be cut; ");
	if (f->objects > 1)
		cw_buf_addf(&notes, "in %llu objects; ", (unsigned long long)f->objects);
	if (f->more > 0)
		cw_buf_addf(&notes, "%llu more of this rule in the object; ", (unsigned long long)f->more);
	if (f->unlisted > 0)
		cw_buf_addf(&notes, "%llu more places of this secret are not listed; ", (unsigned long long)f->unlisted);
	for (size_t i = 0; i < f->also_len; i++)
		cw_buf_addf(&notes, "%s%s%s", i == 0 ? "also " : ", ", cw_set_rule(in->set, f->also[i])->id,
			    i + 1 == f->also_len ? "; " : "");
	if (notes.len > 2)
		cw_buf_truncate(&notes, notes.len - 2);
	return add_shown(row, NULL, notes.data, notes.len) && notes.fail == 0;
}

/* Members of the row that say where the place comes from: empty ones when that is not known. */
static bool add_origin(struct cw_json *row, const struct cw_origin *o)
{
	static const struct cw_origin unknown;
	CW_CLEANUP(cw_buf_release) struct cw_buf tip = CW_BUF_INIT;
	char hex[CW_OID_HEX_SIZE], date[CW_HTML_DATE_SIZE];
	bool ok;

	cw_json_add_int(row, NULL, o ? (int)o->state : 3);
	o = o ? o : &unknown;
	cw_oid_hex(&o->commit, hex);
	cw_html_date(o, date);
	cw_json_add_str(row, NULL, hex);
	ok = add_text(row, NULL, o->author);
	cw_json_add_str(row, NULL, date);
	cw_report_json_count(row, NULL, o->introductions);
	if (o->tip_ref) {
		cw_buf_adds(&tip, o->tip_ref);
		if (o->tip_line > 0)
			cw_buf_addf(&tip, ", line %llu", (unsigned long long)o->tip_line);
	}
	return add_shown(row, NULL, tip.data, tip.len) && ok && tip.fail == 0;
}

static bool add_python(struct cw_json *row, const struct cw_finding *f)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf line = CW_BUF_INIT;

	cw_report_add_python(&line, f);
	return add_shown(row, NULL, line.data, line.len) && line.fail == 0;
}

static int write_row(const struct cw_report_input *in, const struct cw_finding *f, int64_t rule, bool first, FILE *out,
		     struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *row = cw_json_array();
	CW_CLEANUP(cw_buf_release) struct cw_buf place = CW_BUF_INIT;
	bool ok;

	cw_json_add_int(row, NULL, f->severity);
	cw_json_add_int(row, NULL, rule);
	cw_json_add_str(row, NULL, cw_proof_level_name(f->proof));
	cw_report_add_place(&place, f);
	cw_json_add_strn(row, NULL, place.data, place.len);
	cw_report_json_count(row, NULL, f->line);
	cw_report_json_count(row, NULL, f->column);
	cw_json_add_str(row, NULL, f->redacted);
	cw_json_add_str(row, NULL, f->fingerprint);
	ok = add_notes(row, in, f) && place.fail == 0;
	ok = add_origin(row, f->origin) && ok;
	ok = add_python(row, f) && ok;
	cw_json_add_str(row, NULL, f->suppressed ? cw_suppressed_by_name(f->suppression->by) : "");
	if (in->show_secrets && f->secret)
		ok = add_shown(row, NULL, f->secret, f->secret_len) && ok;
	return ok ? write_json(row, first ? "\n" : ",\n", "", out, err) : cw_err_nomem(err);
}

/* Places of the rules in the data, by their index in the set. */
static int number_rules(const struct cw_report_input *in, const struct cw_html_stats *s, uint32_t **ret, struct cw_err *err)
{
	uint32_t *numbers = calloc(cw_set_len(in->set) + 1, sizeof(*numbers));

	if (!numbers)
		return cw_err_nomem(err);
	for (size_t i = 0; i < s->rules_len; i++)
		numbers[s->rules[i].rule->index] = (uint32_t)i;
	*ret = numbers;
	return 0;
}

int cw_html_write_data(const struct cw_report_input *in, const struct cw_html_stats *s, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) uint32_t *numbers = NULL;
	size_t len = cw_findings_len(in->findings), rows = len < CW_HTML_ROWS_MAX ? len : CW_HTML_ROWS_MAX;
	int rc = number_rules(in, s, &numbers, err);

	if (rc == 0)
		rc = write_proofs(out, err);
	for (size_t i = 0; rc == 0 && i < s->rules_len; i++)
		rc = write_rule(s->rules[i].rule, i == 0, out, err);
	if (rc == 0)
		rc = cw_report_puts("],\n\"rows\":[", out, err);
	for (size_t i = 0; rc == 0 && i < rows; i++) {
		const struct cw_finding *f = cw_findings_at(in->findings, i);

		rc = write_row(in, f, numbers[f->rule->index], i == 0, out, err);
	}
	return rc == 0 ? cw_report_puts("]}", out, err) : rc;
}
