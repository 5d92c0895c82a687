/* report/jsonl.c - the stable machine interface: header line, one line a place, summary line. A report without its summary line
 * was cut off. Counts are numbers, ids strings; every string is valid UTF-8. */
#include <string.h>

#include "base/encode.h"
#include "base/io.h"
#include "base/json.h"
#include "report/format.h"
#include "rules/set.h"

#define FORMAT_VERSION 1
#define DIGEST_LEN 32 /* bytes */

static int print_line(const struct cw_json *line, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf buf = CW_BUF_INIT_SECRET;
	int rc = cw_json_print(line, false, &buf, err);

	if (rc != 0)
		return rc;
	cw_buf_addc(&buf, '\n');
	return cw_report_flush(&buf, out, err);
}

static void add_count(struct cw_json *o, const char *key, uint64_t n)
{
	cw_json_add_int(o, key, n > (uint64_t)CW_JSON_INT_MAX ? CW_JSON_INT_MAX : (int64_t)n);
}

/* Add the bytes under KEY_B64; false without memory. */
static bool add_base64(struct cw_json *o, const char *key, const char *data, size_t len)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b64 = CW_BUF_INIT_SECRET;

	cw_base64_encode(data, len, false, &b64);
	if (cw_buf_fail(&b64, NULL, NULL) != 0)
		return false;
	cw_json_add_str(o, key, b64.data);
	return true;
}

static int write_header(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	CW_CLEANUP(cw_buf_release) struct cw_buf digest = CW_BUF_INIT;

	cw_hex_encode(cw_set_digest(in->set), DIGEST_LEN, &digest);
	if (cw_buf_fail(&digest, "report", err) != 0)
		return digest.fail;
	cw_json_add_str(o, "type", "header");
	cw_json_add_int(o, "version", FORMAT_VERSION);
	cw_json_add_str(o, "tool", "credwatch");
	cw_json_add_str(o, "tool_version", in->version);
	cw_json_add_str(o, "command", in->command);
	cw_json_add_str(o, "target", in->target);
	add_count(o, "rules", cw_set_len(in->set));
	cw_json_add_str(o, "rules_digest", digest.data);
	return print_line(o, out, err);
}

static bool add_place(struct cw_json *o, const struct cw_finding *f)
{
	char hex[CW_OID_HEX_SIZE];
	bool ok = true;

	if (f->path) {
		cw_json_add_str(o, "path", f->path);
		if (!cw_utf8_valid(f->path, strlen(f->path)))
			ok = add_base64(o, "path_b64", f->path, strlen(f->path));
	} else {
		cw_json_add_null(o, "path");
	}
	add_count(o, "line", f->line);
	add_count(o, "column", f->column);
	add_count(o, "end_line", f->end_line);
	add_count(o, "end_column", f->end_column);
	if (f->object.len > 0) {
		cw_oid_hex(&f->object, hex);
		cw_json_add_str(o, f->path ? "blob" : "object", hex);
		if (!f->path)
			cw_json_add_str(o, "object_type", cw_object_type_name(f->type));
	}
	if (f->objects > 1)
		add_count(o, "objects", f->objects);
	return ok;
}

static bool add_secret(struct cw_json *o, const struct cw_finding *f)
{
	if (!f->secret)
		return true;
	if (!cw_utf8_valid(f->secret, f->secret_len) || memchr(f->secret, '\0', f->secret_len))
		return add_base64(o, "sec{+}ret_b64", f->secret, f->secret_len);
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
		add_count(o, "more", f->more);
}

static int write_finding(const struct cw_report_input *in, const struct cw_finding *f, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();
	bool ok;

	cw_json_add_str(o, "type", "finding");
	cw_json_add_str(o, "rule", f->rule->id);
	cw_json_add_str(o, "title", f->rule->title);
	cw_json_add_str(o, "severity", cw_severity_name(f->severity));
	cw_json_add_str(o, "proof", cw_proof_level_name(f->proof));
	ok = add_place(o, f);
	cw_json_add_str(o, "redacted", f->redacted);
	cw_json_add_str(o, "fingerprint", f->fingerprint);
	add_extras(o, in, f);
	if (in->show_secrets)
		ok = add_secret(o, f) && ok;
	return ok ? print_line(o, out, err) : cw_err_nomem(err);
}

static void add_coverage(struct cw_json *o, const struct cw_coverage *c)
{
	struct cw_json *coverage = cw_json_add_object(o, "coverage");
	struct cw_json *list;

	add_count(coverage, "expected", c->expected);
	add_count(coverage, "scanned", c->scanned);
	add_count(coverage, "cached", c->cached);
	list = cw_json_add_array(coverage, "unscanned");
	for (size_t i = 0; i < c->list.len; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&c->list, struct cw_unscanned, i);
		struct cw_json *item = cw_json_add_object(list, NULL);

		cw_json_add_str(item, "object", u->object ? u->object : "");
		cw_json_add_str(item, "reason", u->reason ? u->reason : "");
	}
	add_count(coverage, "unscanned_count", c->unscanned);
	add_count(coverage, "bytes", c->bytes);
	add_count(coverage, "skipped", c->skipped);
	add_count(coverage, "submodules", c->submodules);
	add_count(coverage, "lfs_pointers", c->lfs_pointers);
}

static int write_summary(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *o = cw_json_object();

	cw_json_add_str(o, "type", "summary");
	add_count(o, "findings", cw_findings_len(in->findings));
	add_count(o, "secrets", cw_findings_secrets(in->findings));
	add_coverage(o, in->coverage);
	if (in->interrupted)
		cw_json_add_bool(o, "interrupted", true);
	return print_line(o, out, err);
}

int cw_report_write_jsonl(const struct cw_report_input *in, FILE *out, struct cw_err *err)
{
	int rc = write_header(in, out, err);

	for (size_t i = 0; rc == 0 && i < cw_findings_len(in->findings); i++)
		rc = write_finding(in, cw_findings_at(in->findings, i), out, err);
	return rc == 0 ? write_summary(in, out, err) : rc;
}
