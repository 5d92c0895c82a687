/* report/csv.c - RFC 4180: a header, a row a place, a row an unscanned object, a summary row whose absence shows a cut-off report.
 *
 * Every field is quoted. Text is shown as cw_escape() shows it; a path that this changed, or that the guard changed, is also given in
 * base64. Guard: a spreadsheet takes a field that begins with = + - @ for a formula, so such a field gets an apostrophe in front. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"
#include "report/format.h"

/* The same signs as full-width letters are formulas to some programs too. */
static bool begins_formula(const char *s, size_t len)
{
	static const uint32_t wide[] = {0xff1d, 0xff0b, 0xff0d, 0xff20};
	uint32_t cp = 0;

	for (; len > 0 && *s == ' '; s++)
		len--;
	if (len == 0 || cw_utf8_next(s, len, &cp) == 0)
		return false;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (cp == wide[i])
			return true;
	return strchr("=+-@\t\r", *s) != NULL;
}

/* Append bytes as a quoted field; whether the field holds anything else than they are. */
static bool add_bytes(struct cw_buf *row, const char *data, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf shown = CW_BUF_INIT_SECRET;
	bool guarded;

	cw_escape(&shown, data, len);
	if (shown.fail != 0)
		row->fail = shown.fail;
	guarded = begins_formula(shown.data, shown.len);
	cw_buf_adds(row, row->len > 0 ? ",\"" : "\"");
	if (guarded)
		cw_buf_addc(row, '\'');
	for (size_t i = 0; i < shown.len; i++) {
		if (shown.data[i] == '"')
			cw_buf_addc(row, '"');
		cw_buf_addc(row, shown.data[i]);
	}
	cw_buf_addc(row, '"');
	return guarded || shown.len != len || memcmp(shown.data, data, len) != 0;
}

static bool add_text(struct cw_buf *row, const char *text)
{
	return add_bytes(row, text ? text : "", text ? strlen(text) : 0);
}

/* 0 is an empty field. */
static void add_number(struct cw_buf *row, uint64_t n)
{
	if (n > 0)
		cw_buf_addf(row, ",\"%" PRIu64 "\"", n);
	else
		cw_buf_adds(row, ",\"\"");
}

static void add_oid(struct cw_buf *row, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	add_text(row, hex);
}

static void add_origin(struct cw_buf *row, const struct cw_origin *o)
{
	char date[CW_CLOCK_ISO_SIZE] = "";

	if (!o) {
		cw_buf_adds(row, ",\"\",\"\",\"\",\"\",\"\",\"\",\"\"");
		return;
	}
	if (o->commit.len > 0)
		cw_clock_iso(o->date, date);
	add_text(row, cw_place_state_name(o->state));
	add_oid(row, &o->commit);
	add_text(row, o->author);
	add_text(row, date);
	add_number(row, o->introductions);
	add_text(row, o->tip_ref);
	add_number(row, o->tip_line);
}

static void add_also(struct cw_buf *row, const struct cw_set *set, const struct cw_finding *f)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf also = CW_BUF_INIT;

	for (size_t i = 0; i < f->also_len; i++)
		cw_buf_addf(&also, "%s%s", i > 0 ? " " : "", cw_set_rule(set, f->also[i])->id);
	if (also.fail != 0)
		row->fail = also.fail;
	add_bytes(row, also.data, also.len);
}

/* What suppresses the place, or only would if the repository had a say; and why. */
static void add_suppression(struct cw_buf *row, const struct cw_suppression *s)
{
	const char *by = s ? cw_suppressed_by_name(s->by) : NULL;

	add_text(row, s && !s->advisory ? by : NULL);
	add_text(row, s && s->advisory ? by : NULL);
	add_text(row, s ? s->reason : NULL);
}

static void add_path_base64(struct cw_buf *row, const char *path)
{
	cw_buf_adds(row, ",\"");
	cw_base64_encode(path, strlen(path), false, row);
	cw_buf_addc(row, '"');
}

static const char header[] = "record,severity,rule,title,proof,path,line,column,end_line,end_column,object,object_type,"
			     "state,commit,author,date,introductions,tip_ref,tip_line,redacted,fingerprint,label,decoded,"
			     "cut,also,objects,more,unlisted,suppressed,advisory,reason,path_b64";
#define COLUMNS_AFTER_TITLE 28

static int end_row(struct cw_buf *row, FILE *out, struct cw_err *err)
{
	cw_buf_adds(row, "\r\n");
	return cw_report_flush(row, out, err);
}

static int write_finding(const struct cw_report_input *in, const struct cw_finding *f, struct cw_buf *row, FILE *out,
			 struct cw_err *err)
{
	bool changed;

	add_text(row, "finding");
	add_text(row, cw_severity_name(f->severity));
	add_text(row, f->rule->id);
	add_text(row, f->rule->title);
	add_text(row, cw_proof_level_name(f->proof));
	changed = add_text(row, f->path);
	add_number(row, f->line);
	add_number(row, f->column);
	add_number(row, f->end_line);
	add_number(row, f->end_column);
	add_oid(row, &f->object);
	add_text(row, f->object.len > 0 ? cw_object_type_name(f->type) : NULL);
	add_origin(row, f->origin);
	add_text(row, f->redacted);
	add_text(row, f->fingerprint);
	add_text(row, f->label);
	add_text(row, f->decoded);
	add_text(row, f->cut ? "cut" : NULL);
	add_also(row, in->set, f);
	add_number(row, f->objects);
	add_number(row, f->more);
	add_number(row, f->unlisted);
	add_suppression(row, f->suppression);
	add_path_base64(row, f->path && changed ? f->path : "");
	if (in->show_secrets)
		add_bytes(row, f->secret ? f->secret : "", f->secret_len);
	return end_row(row, out, err);
}

/* A row that is no place: its text stands in the column of titles, and WHAT in that of paths. */
static int write_note(const struct cw_report_input *in, const char *record, const char *text, const char *what,
		      struct cw_buf *row, FILE *out, struct cw_err *err)
{
	add_text(row, record);
	add_text(row, NULL);
	add_text(row, NULL);
	add_text(row, text);
	add_text(row, NULL);
	add_text(row, what);
	for (int i = 2; i < COLUMNS_AFTER_TITLE + (in->show_secrets ? 1 : 0); i++)
		add_text(row, NULL);
	return end_row(row, out, err);
}

static int write_notes(const struct cw_report_input *in, struct cw_buf *row, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf summary = CW_BUF_INIT;
	const struct cw_vec *list = &in->coverage->list;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < list->len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(list, struct cw_unscanned, i);

		rc = write_note(in, "unscanned", u->reason, u->object, row, out, err);
	}
	cw_report_add_coverage(&summary, in);
	if (rc == 0)
		rc = cw_buf_fail(&summary, "report", err);
	return rc == 0 ? write_note(in, "summary", summary.data, NULL, row, out, err) : rc;
}

int cw_report_write_csv(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf row = CW_BUF_INIT_SECRET;
	int rc;

	cw_buf_adds(&row, header);
	if (in->show_secrets)
		cw_buf_adds(&row, ",secret");
	rc = end_row(&row, out, err);
	for (size_t i = 0; rc == 0 && i < cw_findings_len(in->findings); i++)
		rc = write_finding(in, cw_findings_at(in->findings, i), &row, out, err);
	return rc == 0 ? write_notes(in, &row, out, err) : rc;
}
