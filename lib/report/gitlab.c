/* report/gitlab.c - GitLab's secret detection report, schema 15.2.1. Its two times are the only ones in any report: the schema
 * demands them. What policy suppresses is only counted, in a message: in GitLab every vulnerability is one. An incomplete scan has the status "failure" and a message for each object that was not scanned. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/format.h"

#define SCHEMA_VERSION "15.2.1"
#define NAME_MAX_BYTES 255
#define SOLUTION_MAX_BYTES 7000
#define DESCRIPTION_MAX_BYTES 65536
#define NO_COMMIT "0000000" /* the schema demands a commit id; this is what GitLab's own analyzer writes without one */

/* Add at most MAX bytes of TEXT, cut between characters. */
static void add_limited(struct cw_json *o, const char *key, const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len > max) {
		len = max;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	cw_json_add_strn(o, key, text, len);
}

static bool is_url(const char *s)
{
	return strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0;
}

/* The schema's times have no zone; they are UTC. */
static void add_time(struct cw_json *o, const char *key, int64_t seconds)
{
	char iso[CW_CLOCK_ISO_SIZE];

	cw_clock_iso(seconds, iso);
	cw_json_add_strn(o, key, iso, strcspn(iso, "Z"));
}

static void add_program(struct cw_json *scan, const char *key, const char *version)
{
	struct cw_json *o = cw_json_add_object(scan, key);

	cw_json_add_str(o, "id", "credwatch");
	cw_json_add_str(o, "name", "credwatch");
	cw_json_add_str(o, "version", version);
	cw_json_add_str(cw_json_add_object(o, "vendor"), "name", "credwatch");
}

static void add_message(struct cw_json *list, const char *level, const char *text)
{
	struct cw_json *o = cw_json_add_object(list, NULL);

	cw_json_add_str(o, "level", level);
	cw_json_add_str(o, "value", text);
}

/* False without memory. */
static bool add_messages(struct cw_json *scan, const struct cw_report_input *in)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_json *list = cw_json_add_array(scan, "messages");
	const struct cw_vec *unscanned = &in->coverage->list;

	cw_report_add_coverage(&text, in);
	if (text.fail != 0)
		return false;
	add_message(list, cw_report_complete(in) ? "info" : "fatal", text.data);
	for (size_t i = 0; i < unscanned->len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(unscanned, struct cw_unscanned, i);

		cw_buf_clear(&text);
		cw_buf_adds(&text, "not scanned: ");
		cw_escape(&text, u->object ? u->object : "", u->object ? strlen(u->object) : 0);
		cw_buf_addf(&text, ": %s", u->reason ? u->reason : "");
		if (text.fail != 0)
			return false;
		add_message(list, "warn", text.data);
	}
	return true;
}

static int write_scan(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *scan = cw_json_object();
	int rc;

	add_program(scan, "analyzer", in->version);
	add_program(scan, "scanner", in->version);
	cw_json_add_str(scan, "type", "secret_detection");
	add_time(scan, "start_time", in->started);
	add_time(scan, "end_time", in->ended);
	cw_json_add_str(scan, "status", cw_report_complete(in) ? "success" : "failure");
	if (!add_messages(scan, in))
		return cw_err_nomem(err);
	rc = cw_report_puts("{\"version\":\"" SCHEMA_VERSION "\",\n\"scan\":", out, err);
	if (rc == 0)
		rc = cw_report_print_json(scan, out, err);
	return rc == 0 ? cw_report_puts(",\n\"vulnerabilities\":[", out, err) : rc;
}

/* The place's digest in the form of a UUID (RFC 9562, version 8), so that the id is the same in every run. */
static int add_id(struct cw_json *o, const struct cw_finding *f, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf id = CW_BUF_INIT;
	uint8_t d[CW_SHA256_LEN];
	int rc = cw_report_place_digest(f, d, err);

	if (rc != 0)
		return rc;
	d[6] = (uint8_t)((d[6] & 0x0f) | 0x80);
	d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++)
		cw_buf_addf(&id, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", d[i]);
	rc = cw_buf_fail(&id, "report", err);
	if (rc == 0)
		cw_json_add_str(o, "id", id.data);
	return rc;
}

static bool add_identifiers(struct cw_json *o, const struct cw_rule *rule)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf name = CW_BUF_INIT, cwe = CW_BUF_INIT, url = CW_BUF_INIT;
	struct cw_json *list = cw_json_add_array(o, "identifiers"), *id = cw_json_add_object(list, NULL);

	cw_buf_addf(&name, "credwatch rule %s", rule->id);
	cw_json_add_str(id, "type", "credwatch_rule_id");
	cw_json_add_str(id, "name", name.data);
	cw_json_add_str(id, "value", rule->id);
	if (rule->cwe == 0)
		return name.fail == 0;
	cw_buf_addf(&cwe, "CWE-%u", rule->cwe);
	cw_buf_addf(&url, "https://cwe.mitre.org/data/definitions/%u.html", rule->cwe);
	if (name.fail != 0 || cwe.fail != 0 || url.fail != 0)
		return false;
	id = cw_json_add_object(list, NULL);
	cw_json_add_str(id, "type", "cwe");
	cw_json_add_str(id, "name", cwe.data);
	cw_json_add_str(id, "value", cwe.data + strlen("CWE-"));
	cw_json_add_str(id, "url", url.data);
	return true;
}

static void add_location(struct cw_json *o, const struct cw_finding *f)
{
	struct cw_json *location = cw_json_add_object(o, "location"), *commit;
	char hex[CW_OID_HEX_SIZE] = NO_COMMIT, date[CW_CLOCK_ISO_SIZE];

	if (f->path) {
		cw_json_add_str(location, "file", f->path);
		cw_report_json_count(location, "start_line", f->line);
		cw_report_json_count(location, "end_line", f->end_line);
	}
	commit = cw_json_add_object(location, "commit");
	if (f->origin && f->origin->commit.len > 0) {
		cw_oid_hex(&f->origin->commit, hex);
		cw_clock_iso(f->origin->date, date);
		cw_json_add_str(commit, "author", f->origin->author ? f->origin->author : "");
		cw_json_add_str(commit, "date", date);
	} else if (!f->path && f->type == CW_OBJ_COMMIT && f->object.len > 0) {
		cw_oid_hex(&f->object, hex);
	}
	cw_json_add_str(commit, "sha", hex);
}

static void add_detail(struct cw_json *details, const char *key, const char *name, const char *text)
{
	struct cw_json *o = cw_json_add_object(details, key);

	cw_json_add_str(o, "name", name);
	cw_json_add_str(o, "type", "text");
	cw_json_add_str(o, "value", text);
}

static bool add_details(struct cw_json *o, const struct cw_finding *f)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf place = CW_BUF_INIT, origin = CW_BUF_INIT, policy = CW_BUF_INIT, more = CW_BUF_INIT;
	struct cw_json *details = cw_json_add_object(o, "details");

	add_detail(details, "fingerprint", "Fingerprint", f->fingerprint);
	add_detail(details, "proof", "Proof", cw_report_proof_words(f->proof));
	cw_report_add_place(&place, f);
	add_detail(details, "place", "Place", place.data);
	if (f->label)
		add_detail(details, "label", "Label", f->label);
	if (f->origin) {
		cw_report_add_origin(&origin, f->origin);
		add_detail(details, "origin", "Origin", origin.data);
	}
	if (f->suppression) {
		cw_report_suppression_text(&policy, f);
		add_detail(details, "policy", "Policy", policy.data + strspn(policy.data, " "));
	}
	if (f->unlisted > 0) {
		cw_report_add_number(&more, f->unlisted, "more place of this secret is not listed", "more places of this secret are not listed");
		add_detail(details, "unlisted", "Further places", more.data);
	}
	return place.fail == 0 && origin.fail == 0 && policy.fail == 0 && more.fail == 0;
}

static void add_links(struct cw_json *o, const struct cw_rule *rule)
{
	struct cw_json *list = cw_json_add_array(o, "links");

	for (size_t i = 0; i < rule->references_len; i++)
		if (is_url(rule->references[i]))
			cw_json_add_str(cw_json_add_object(list, NULL), "url", rule->references[i]);
}

static const char *severity(enum cw_severity s)
{
	switch (s) {
	case CW_SEVERITY_CRITICAL:
		return "Critical";
	case CW_SEVERITY_HIGH:
		return "High";
	case CW_SEVERITY_MEDIUM:
		return "Medium";
	case CW_SEVERITY_LOW:
		break;
	}
	return "Low";
}

static int write_finding(const struct cw_report_input *in, const struct cw_finding *f, bool first, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	int rc = add_id(o, f, err);
	bool ok;

	if (rc != 0)
		return rc;
	add_limited(o, "name", f->rule->title, NAME_MAX_BYTES);
	add_limited(o, "description", f->rule->description, DESCRIPTION_MAX_BYTES);
	cw_json_add_str(o, "severity", severity(f->severity));
	add_limited(o, "solution", f->rule->remediation, SOLUTION_MAX_BYTES);
	ok = add_identifiers(o, f->rule);
	add_location(o, f);
	ok = add_details(o, f) && ok;
	add_links(o, f->rule);
	if (in->show_secrets && f->secret)
		cw_json_add_strn(o, "raw_source_code_extract", f->secret, f->secret_len);
	else
		cw_json_add_str(o, "raw_source_code_extract", f->redacted);
	if (!ok)
		return cw_err_nomem(err);
	rc = cw_report_puts(first ? "\n" : ",\n", out, err);
	return rc == 0 ? cw_report_print_json(o, out, err) : rc;
}

int cw_report_write_gitlab(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	bool first = true;
	int rc = write_scan(in, out, err);

	for (size_t i = 0; rc == 0 && i < cw_findings_len(in->findings); i++) {
		const struct cw_finding *f = cw_findings_at(in->findings, i);

		if (f->suppressed)
			continue;
		rc = write_finding(in, f, first, out, err);
		first = false;
	}
	return rc == 0 ? cw_report_puts("\n]}\n", out, err) : rc;
}
