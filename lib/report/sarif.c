/* report/sarif.c - SARIF 2.1.0 (OASIS), within what GitHub's code scanning takes: at most 25,000 results; more are counted in a
 * notification, the most severe come first. Every unscanned object is a notification, and the run is then not successful.
 *
 * Columns are byte columns, which SARIF has no name for: right for ASCII, and said in the run's properties. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "report/sarif.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define ROOT_ID "%SRCROOT%" /* the name that GitHub knows */
#define HASH_BYTES 8	    /* of primaryLocationLineHash */

/* Percent-encode a path (RFC 3986): bytes that are not unreserved, but for the slash. */
static void add_uri(struct cw_buf *b, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

	for (; *path; path++) {
		if (strchr(plain, *path))
			cw_buf_addc(b, *path);
		else
			cw_buf_addf(b, "%%%02X", (unsigned char)*path);
	}
}

/* Where the place is: a relative uri, or a file uri for an absolute path. A place without a path gets the name under which git
 * stores such an object, since readers refuse a result without a file. */
static bool add_artifact(struct cw_json *location, const struct cw_finding *f)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf uri = CW_BUF_INIT;
	struct cw_json *artifact = cw_json_add_object(location, "artifactLocation");
	char hex[CW_OID_HEX_SIZE];
	const char *path = f->path;

	if (!path) {
		cw_oid_hex(&f->object, hex);
		cw_buf_addf(&uri, ".git/objects/%.2s/%s", hex, f->object.len > 0 ? hex + 2 : "");
	} else if (path[0] == '/') {
		cw_buf_adds(&uri, "file://");
		add_uri(&uri, path);
	} else {
		while (path[0] == '.' && path[1] == '/')
			path += 2 + strspn(path + 2, "/");
		add_uri(&uri, path);
	}
	cw_json_add_str(artifact, "uri", uri.data);
	if (!path || path[0] != '/')
		cw_json_add_str(artifact, "uriBaseId", ROOT_ID);
	return uri.fail == 0;
}

static void add_region(struct cw_json *location, const struct cw_finding *f)
{
	struct cw_json *region = cw_json_add_object(location, "region");

	cw_report_json_count(region, "startLine", f->line);
	cw_report_json_count(region, "startColumn", f->column);
	cw_report_json_count(region, "endLine", f->end_line);
	cw_report_json_count(region, "endColumn", f->end_column);
}

static bool add_location(struct cw_json *o, const struct cw_finding *f)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf name = CW_BUF_INIT;
	struct cw_json *location = cw_json_add_object(cw_json_add_array(o, "locations"), NULL);
	struct cw_json *physical = cw_json_add_object(location, "physicalLocation"), *logical;
	bool ok = add_artifact(physical, f);

	add_region(physical, f);
	if (f->path)
		return ok;
	cw_report_add_place(&name, f);
	logical = cw_json_add_object(cw_json_add_array(location, "logicalLocations"), NULL);
	cw_json_add_str(logical, "fullyQualifiedName", name.data);
	cw_json_add_str(logical, "kind", "object");
	return ok && name.fail == 0;
}

static bool add_message(struct cw_json *o, const struct cw_finding *f)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf plain = CW_BUF_INIT, text = CW_BUF_INIT;

	cw_escape(&plain, f->rule->title, strlen(f->rule->title));
	cw_buf_addf(&plain, ": %s%s; proof: %s", strstr(f->redacted, "…") ? "" : "[REDACTED] ", f->redacted,
		    cw_proof_level_name(f->proof));
	if (f->origin) {
		cw_buf_adds(&plain, "; ");
		cw_report_add_origin(&plain, f->origin);
	}
	cw_sarif_add_message(&text, plain.data);
	cw_json_add_str(cw_json_add_object(o, "message"), "text", text.data);
	return plain.fail == 0 && text.fail == 0;
}

/* What lets a reader recognise the same place in the next run. */
static int add_fingerprints(struct cw_json *o, const struct cw_finding *f, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf hash = CW_BUF_INIT;
	struct cw_json *prints = cw_json_add_object(o, "partialFingerprints");
	uint8_t digest[CW_SHA256_LEN];
	int rc = cw_report_place_digest(f, digest, err);

	if (rc != 0)
		return rc;
	cw_hex_encode(digest, HASH_BYTES, &hash);
	cw_buf_adds(&hash, ":1");
	rc = cw_buf_fail(&hash, "report", err);
	cw_json_add_str(prints, "primaryLocationLineHash", hash.data);
	cw_json_add_str(prints, "credwatchSecret/v1", f->fingerprint);
	return rc;
}

static void add_suppression(struct cw_json *o, const struct cw_finding *f)
{
	struct cw_json *item;

	if (!f->suppressed)
		return;
	item = cw_json_add_object(cw_json_add_array(o, "suppressions"), NULL);
	cw_json_add_str(item, "kind", f->suppression->by == CW_BY_MARK ? "inSource" : "external");
	cw_json_add_str(item, "justification", f->suppression->reason ? f->suppression->reason
								      : cw_suppressed_by_name(f->suppression->by));
}

static int write_result(const struct cw_report_input *in, const uint32_t *rule_index, size_t i, FILE *out,
			struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	const struct cw_finding *f = cw_findings_at(in->findings, i);
	int rc;

	cw_json_add_str(o, "ruleId", f->rule->id);
	cw_report_json_count(o, "ruleIndex", rule_index[f->rule->index]);
	cw_json_add_str(o, "level", cw_sarif_level(f->severity));
	if (!add_message(o, f) || !add_location(o, f))
		return cw_err_nomem(err);
	add_suppression(o, f);
	rc = add_fingerprints(o, f, err);
	if (rc != 0)
		return rc;
	if (!cw_report_json_finding(cw_json_add_object(o, "properties"), in, f))
		return cw_err_nomem(err);
	rc = cw_report_puts(i == 0 ? "\n" : ",\n", out, err);
	return rc == 0 ? cw_report_print_json(o, out, err) : rc;
}

/* A notification; TEXT holds no controls and is cleared. False without memory, for TEXT too. */
static bool add_notification(struct cw_json *list, const char *id, const char *level, struct cw_buf *text)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf message = CW_BUF_INIT;
	struct cw_json *o = cw_json_add_object(list, NULL);

	cw_sarif_add_message(&message, text->data);
	if (text->fail != 0)
		return false;
	cw_buf_clear(text);
	cw_json_add_str(cw_json_add_object(o, "descriptor"), "id", id);
	cw_json_add_str(o, "level", level);
	cw_json_add_str(cw_json_add_object(o, "message"), "text", message.data);
	return message.fail == 0;
}

static bool add_notifications(struct cw_json *invocation, const struct cw_report_input *in, size_t results)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct cw_json *list = cw_json_add_array(invocation, "toolExecutionNotifications");
	const struct cw_vec *unscanned = &in->coverage->list;
	size_t len = cw_findings_len(in->findings);
	bool ok;

	cw_report_add_coverage(&text, in);
	ok = add_notification(list, "coverage", cw_report_complete(in) ? "note" : "error", &text);
	if (results < len) {
		cw_buf_addf(&text, "%zu places are not listed: this report has the %zu most severe of %zu, which is what GitHub "
				   "takes; the formats json and csv have all", len - results, results, len);
		ok = add_notification(list, "results-limit", "warning", &text) && ok;
	}
	for (size_t i = 0; ok && i < unscanned->len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(unscanned, struct cw_unscanned, i);

		cw_buf_adds(&text, "not scanned: ");
		cw_escape(&text, u->object ? u->object : "", u->object ? strlen(u->object) : 0);
		cw_buf_adds(&text, ": ");
		cw_escape(&text, u->reason ? u->reason : "", u->reason ? strlen(u->reason) : 0);
		ok = add_notification(list, "unscanned", "error", &text);
	}
	return ok;
}

static int write_invocation(const struct cw_report_input *in, size_t results, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	int rc;

	cw_json_add_bool(o, "executionSuccessful", cw_report_complete(in));
	if (!add_notifications(o, in, results))
		return cw_err_nomem(err);
	rc = cw_report_puts(",\n\"invocations\":[", out, err);
	if (rc == 0)
		rc = cw_report_print_json(o, out, err);
	return rc == 0 ? cw_report_puts("]", out, err) : rc;
}

static int write_provenance(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf uri = CW_BUF_INIT;
	char hex[CW_OID_HEX_SIZE];
	int rc;

	if (!in->repository)
		return 0;
	cw_buf_adds(&uri, "file://");
	add_uri(&uri, in->repository);
	rc = cw_buf_fail(&uri, "report", err);
	if (rc != 0)
		return rc;
	cw_json_add_str(o, "repositoryUri", uri.data);
	if (in->revision) {
		cw_oid_hex(in->revision, hex);
		cw_json_add_str(o, "revisionId", hex);
	}
	cw_json_add_str(cw_json_add_object(o, "mappedTo"), "uriBaseId", ROOT_ID);
	rc = cw_report_puts(",\n\"versionControlProvenance\":[", out, err);
	if (rc == 0)
		rc = cw_report_print_json(o, out, err);
	return rc == 0 ? cw_report_puts("]", out, err) : rc;
}

/* What is the same for every result of the run. */
static int write_properties(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	int rc;

	if (!cw_report_json_header(o, in, "run"))
		return cw_err_nomem(err);
	cw_json_add_str(o, "columns", "bytes");
	cw_report_json_summary(cw_json_add_object(o, "summary"), in);
	rc = cw_report_puts(",\n\"columnKind\":\"unicodeCodePoints\",\n\"redactionTokens\":[\"[REDACTED]\",\"…\"],\n"
			    "\"originalUriBaseIds\":{\"" ROOT_ID "\":{\"description\":{\"text\":\"What was scanned\"}}},\n"
			    "\"properties\":", out, err);
	return rc == 0 ? cw_report_print_json(o, out, err) : rc;
}

int cw_report_write_sarif(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	size_t len = cw_findings_len(in->findings), results = len < CW_SARIF_RESULTS_MAX ? len : CW_SARIF_RESULTS_MAX;
	CW_CLEANUP(cw_freep) uint32_t *rule_index = calloc(cw_set_len(in->set) + 1, sizeof(*rule_index));
	int rc;

	if (!rule_index)
		return cw_err_nomem(err);
	cw_sarif_number_rules(in, results, rule_index);
	rc = cw_report_puts("{\"$schema\":\"" SCHEMA "\",\n\"version\":\"2.1.0\",\n\"runs\":[{\"tool\":", out, err);
	if (rc == 0)
		rc = cw_sarif_write_tool(in, rule_index, out, err);
	if (rc == 0)
		rc = write_invocation(in, results, out, err);
	if (rc == 0)
		rc = write_provenance(in, out, err);
	if (rc == 0)
		rc = write_properties(in, out, err);
	if (rc == 0)
		rc = cw_report_puts(",\n\"results\":[", out, err);
	for (size_t i = 0; rc == 0 && i < results; i++)
		rc = write_result(in, rule_index, i, out, err);
	return rc == 0 ? cw_report_puts("\n]}]}\n", out, err) : rc;
}
