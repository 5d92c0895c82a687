/* report/record.c - header, finding and summary as JSON objects: the same in jsonl and json. Counts are numbers, ids strings; every
 * string is valid UTF-8. */
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/io.h"
#include "report/format.h"
#include "report/record.h"
#include "rules/set.h"

#define FORMAT_VERSION 1
#define DIGEST_LEN 32 /* bytes */

int cw_report_print_json(const struct cw_json *root, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf buf = CW_BUF_INIT_SECRET;
	int rc = cw_json_print(root, false, &buf, err);

	return rc == 0 ? cw_report_flush(&buf, out, err) : rc;
}

void cw_report_json_count(struct cw_json *o, const char *key, uint64_t n)
{
	cw_json_add_int(o, key, n > (uint64_t)CW_JSON_INT_MAX ? CW_JSON_INT_MAX : (int64_t)n);
}

bool cw_report_json_base64(struct cw_json *o, const char *key, const char *data, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b64 = CW_BUF_INIT_SECRET;

	cw_base64_encode(data, len, false, &b64);
	if (cw_buf_fail(&b64, NULL, NULL) != 0)
		return false;
	cw_json_add_str(o, key, b64.data);
	return true;
}

bool cw_report_json_header(struct cw_json *o, const struct cw_report_input *in, const char *type)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf digest = CW_BUF_INIT;

	cw_hex_encode(cw_set_digest(in->set), DIGEST_LEN, &digest);
	if (cw_buf_fail(&digest, NULL, NULL) != 0)
		return false;
	cw_json_add_str(o, "type", type);
	cw_json_add_int(o, "version", FORMAT_VERSION);
	cw_json_add_str(o, "tool", "credwatch");
	cw_json_add_str(o, "tool_version", in->version);
	cw_json_add_str(o, "command", in->command);
	cw_json_add_str(o, "target", in->target);
	cw_report_json_count(o, "rules", cw_set_len(in->set));
	cw_json_add_str(o, "rules_digest", digest.data);
	return true;
}

static bool add_place(struct cw_json *o, const struct cw_finding *f)
{
	char hex[CW_OID_HEX_SIZE];
	bool ok = true;

	if (f->path) {
		cw_json_add_str(o, "path", f->path);
		if (!cw_utf8_valid(f->path, strlen(f->path)))
			ok = cw_report_json_base64(o, "path_b64", f->path, strlen(f->path));
	} else {
		cw_json_add_null(o, "path");
	}
	cw_report_json_count(o, "line", f->line);
	cw_report_json_count(o, "column", f->column);
	cw_report_json_count(o, "end_line", f->end_line);
	cw_report_json_count(o, "end_column", f->end_column);
	if (f->object.len > 0) {
		cw_oid_hex(&f->object, hex);
		cw_json_add_str(o, f->path ? "blob" : "object", hex);
		if (!f->path)
			cw_json_add_str(o, "object_type", cw_object_type_name(f->type));
	}
	if (f->objects > 1)
		cw_report_json_count(o, "objects", f->objects);
	return ok;
}

static void add_origin(struct cw_json *o, const struct cw_origin *g)
{
	char hex[CW_OID_HEX_SIZE], date[CW_CLOCK_ISO_SIZE];
	struct cw_json *tip;

	if (g->commit.len > 0) {
		cw_oid_hex(&g->commit, hex);
		cw_clock_iso(g->date, date);
		cw_json_add_str(o, "commit", hex);
		cw_json_add_str(o, "author", g->author ? g->author : "");
		cw_json_add_str(o, "date", date);
	}
	cw_json_add_str(o, "state", cw_place_state_name(g->state));
	cw_report_json_count(o, "introductions", g->introductions);
	if (!g->tip_ref)
		return;
	tip = cw_json_add_object(o, "tip");
	cw_oid_hex(&g->tip_blob, hex);
	cw_json_add_str(tip, "ref", g->tip_ref);
	cw_json_add_str(tip, "blob", hex);
	cw_report_json_count(tip, "line", g->tip_line);
}

static bool add_secret(struct cw_json *o, const struct cw_finding *f)
{
	if (!f->secret)
		return true;
	if (!cw_utf8_valid(f->secret, f->secret_len) || memchr(f->secret, '\0', f->secret_len))
		return cw_report_json_base64(o, "secret_b64", f->secret, f->secret_len);
	cw_json_add_strn(o, "secret", f->secret, f->secret_len);
	return true;
}

static void add_extras(struct cw_json *o, const struct cw_report_input *in, const struct cw_finding *f)
{
	struct cw_json *also = f->also_len > 0 ? cw_json_add_array(o, "also") : NULL;

	for (size_t i = 0; i < f->also_len; i++)
		cw_json_add_str(also, NULL, cw_set_rule(in->set, f->also[i])->id);
	if (f->decoded)
		cw_json_add_str(o, "decoded", f->decoded);
	if (f->cut)
		cw_json_add_bool(o, "cut", true);
	if (f->label)
		cw_json_add_str(o, "label", f->label);
	if (f->more > 0)
		cw_report_json_count(o, "more", f->more);
	cw_report_suppression_json(o, f);
	if (f->unlisted > 0)
		cw_report_json_count(o, "unlisted_places", f->unlisted);
}

bool cw_report_json_finding(struct cw_json *o, const struct cw_report_input *in, const struct cw_finding *f)
{
	bool ok;

	cw_json_add_str(o, "type", "finding");
	cw_json_add_str(o, "rule", f->rule->id);
	cw_json_add_str(o, "title", f->rule->title);
	cw_json_add_str(o, "severity", cw_severity_name(f->severity));
	cw_json_add_str(o, "proof", cw_proof_level_name(f->proof));
	ok = add_place(o, f);
	if (f->origin)
		add_origin(o, f->origin);
	cw_json_add_str(o, "redacted", f->redacted);
	cw_json_add_str(o, "fingerprint", f->fingerprint);
	add_extras(o, in, f);
	if (in->show_secrets)
		ok = add_secret(o, f) && ok;
	return ok;
}

int cw_report_record(const struct cw_set *set, const struct cw_finding *f, struct cw_json *o, struct cw_err *err)
{
	const struct cw_report_input in = {.set = set};

	return cw_report_json_finding(o, &in, f) ? 0 : cw_err_nomem(err);
}

static void add_coverage(struct cw_json *o, const struct cw_coverage *c)
{
	struct cw_json *coverage = cw_json_add_object(o, "coverage");
	struct cw_json *list;

	cw_report_json_count(coverage, "expected", c->expected);
	cw_report_json_count(coverage, "scanned", c->scanned);
	cw_report_json_count(coverage, "cached", c->cached);
	list = cw_json_add_array(coverage, "unscanned");
	for (size_t i = 0; i < c->list.len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);
		struct cw_json *item = cw_json_add_object(list, NULL);

		cw_json_add_str(item, "object", u->object ? u->object : "");
		cw_json_add_str(item, "reason", u->reason ? u->reason : "");
	}
	cw_report_json_count(coverage, "unscanned_count", c->unscanned);
	cw_report_json_count(coverage, "bytes", c->bytes);
	cw_report_json_count(coverage, "skipped", c->skipped);
	cw_report_json_count(coverage, "submodules", c->submodules);
	cw_report_json_count(coverage, "lfs_pointers", c->lfs_pointers);
	cw_report_json_count(coverage, "excluded", c->excluded);
	if (c->repositories > 0)
		cw_report_json_count(coverage, "repositories", c->repositories);
	if (c->malformed_trees > 0)
		cw_report_json_count(coverage, "malformed_trees", c->malformed_trees);
}

void cw_report_json_summary(struct cw_json *o, const struct cw_report_input *in)
{
	cw_json_add_str(o, "type", "summary");
	cw_report_json_count(o, "findings", cw_findings_counted(in->findings, CW_SEVERITY_LOW));
	cw_report_json_count(o, "secrets", cw_findings_secrets(in->findings));
	cw_report_suppressed_json(o, in);
	add_coverage(o, in->coverage);
	if (in->interrupted)
		cw_json_add_bool(o, "interrupted", true);
}

