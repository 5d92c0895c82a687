/* cli/explain_report.c - findings out of a report. A report is foreign text: it is bounded, cleansed and escaped, and a secret that stands
 * in it is not looked at. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "cli/explain.h"
#include "policy/baseline.h"
#include "policy/cleanse.h"
#include "policy/date.h"
#include "vcs/parse.h"

#define OWNED_MAX ((size_t)1 << 24)
#define FINDINGS_MAX ((size_t)1 << 20)
#define JSON_MAX ((size_t)256 << 20) /* bytes of a report in one object; its tree takes ten times as much */
#define LINE_JSON_MAX ((size_t)64 << 20) /* bytes of a line of a jsonl report */
#define HEAD_MAX ((size_t)4096)	     /* bytes in which a report says what it is */
#define TOOL "\"tool\":\"credwatch\""

struct reading {
	struct cw_reported *out;
	const char *fingerprint;
	const struct cw_set *set;
	struct cw_cleanser *cleanser;
	struct cw_err *err;
};

void cw_reported_init(struct cw_reported *r)
{
	*r = (struct cw_reported){.findings = CW_VEC_INIT(struct cw_finding, FINDINGS_MAX),
				  .owned = CW_VEC_INIT(void *, OWNED_MAX)};
}

void cw_reported_release(struct cw_reported *r)
{
	for (size_t i = 0; i < r->owned.len; i++)
		free(CW_VEC_AT(&r->owned, void *, i));
	cw_vec_release(&r->owned);
	cw_vec_release(&r->findings);
}

bool cw_reported_is(const char *data, size_t len)
{
	size_t head = len < HEAD_MAX ? len : HEAD_MAX;

	return len > 0 && data[0] == '{' && memmem(data, head, TOOL, strlen(TOOL)) != NULL;
}

/* P belongs to the report from now on; NULL without memory. */
static void *own(struct reading *r, void *p)
{
	void **slot = p ? cw_vec_push(&r->out->owned) : NULL;

	if (!slot) {
		free(p);
		return NULL;
	}
	*slot = p;
	return p;
}

/* The string KEY of O without any secret in *ret: NULL when there is none. */
static int text(struct reading *r, const struct cw_json *o, const char *key, const char **ret)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;
	const char *s = cw_json_str(cw_json_get(o, key));
	int rc;

	*ret = NULL;
	if (!s)
		return 0;
	rc = cw_cleanse(r->cleanser, s, strlen(s), &clean, r->err);
	if (rc != 0)
		return rc;
	*ret = own(r, cw_buf_detach(&clean));
	return *ret ? 0 : cw_err_nomem(r->err);
}

static uint64_t number(const struct cw_json *o, const char *key)
{
	int64_t n;

	return cw_json_int(cw_json_get(o, key), &n) && n > 0 ? (uint64_t)n : 0;
}

static bool flag(const struct cw_json *o, const char *key)
{
	bool yes;

	return cw_json_bool(cw_json_get(o, key), &yes) && yes;
}

/* Which of the N names that NAME gives KEY's string is; N for none. */
static int choice(const struct cw_json *o, const char *key, const char *(*name)(int), int n)
{
	const char *s = cw_json_str(cw_json_get(o, key));
	int i = 0;

	while (s && i < n && strcmp(name(i), s) != 0)
		i++;
	return s ? i : n;
}

static const char *severity_name(int i)
{
	return cw_severity_name((enum cw_severity)i);
}

static const char *proof_name(int i)
{
	return cw_proof_level_name((enum cw_proof_level)i);
}

static const char *state_name(int i)
{
	return cw_place_state_name((enum cw_place_state)i);
}

static const char *suppressed_name(int i)
{
	return cw_suppressed_by_name((enum cw_suppressed_by)i);
}

static const char *type_name(int i)
{
	return cw_object_type_name((enum cw_object_type)(i + 1));
}

static void read_oid(const struct cw_json *o, const char *key, struct cw_oid *ret)
{
	const char *hex = cw_json_str(cw_json_get(o, key));

	if (hex)
		cw_oid_parse(hex, strlen(hex), ret);
}

/* "YYYY-MM-DDThh:mm:ssZ", of which the day is shown. */
static int64_t read_date(const struct cw_json *o)
{
	const char *s = cw_json_str(cw_json_get(o, "date"));
	char day[CW_DATE_SIZE] = "";
	int64_t days;

	if (!s || strlen(s) < sizeof(day) - 1)
		return 0;
	memcpy(day, s, sizeof(day) - 1);
	return cw_date_parse(day, &days) ? days * CW_DAY_SECONDS : 0;
}

static int read_origin(struct reading *r, const struct cw_json *o, struct cw_finding *f)
{
	int state = choice(o, "state", state_name, CW_STATE_UNREACHABLE + 1), rc;
	const struct cw_json *tip = cw_json_get(o, "tip");
	struct cw_origin *origin;

	if (state > CW_STATE_UNREACHABLE)
		return 0;
	origin = own(r, calloc(1, sizeof(*origin)));
	if (!origin)
		return cw_err_nomem(r->err);
	origin->state = (enum cw_place_state)state;
	read_oid(o, "commit", &origin->commit);
	origin->date = read_date(o);
	origin->introductions = number(o, "introductions");
	origin->tip_line = number(tip, "line");
	f->origin = origin;
	rc = text(r, o, "author", &origin->author);
	return rc == 0 ? text(r, tip, "ref", &origin->tip_ref) : rc;
}

static int read_suppression(struct reading *r, const struct cw_json *o, struct cw_finding *f)
{
	const struct cw_json *hard = cw_json_get(o, "suppressed"), *item = hard ? hard : cw_json_get(o, "advisory");
	int by = choice(item, "by", suppressed_name, CW_BY_COUNT_), rc;
	struct cw_suppression *s;

	if (by == CW_BY_COUNT_)
		return 0;
	s = own(r, calloc(1, sizeof(*s)));
	if (!s)
		return cw_err_nomem(r->err);
	s->by = (enum cw_suppressed_by)by;
	s->advisory = !hard;
	s->from.line = (int)(number(item, "line") & 0x7fffffff);
	f->suppression = s;
	f->suppressed = hard != NULL;
	rc = text(r, item, "reason", &s->reason);
	return rc == 0 ? text(r, item, "file", &s->from.file) : rc;
}

/* The rule of that name, or what the report says of it. */
static int read_rule(struct reading *r, const struct cw_json *o, struct cw_finding *f)
{
	const char *id = cw_json_str(cw_json_get(o, "rule"));
	struct cw_rule *rule;
	int rc;

	f->rule = id ? cw_set_find(r->set, id) : NULL;
	if (f->rule)
		return 0;
	rule = own(r, calloc(1, sizeof(*rule)));
	if (!rule)
		return cw_err_nomem(r->err);
	rule->provider = rule->anchor = rule->pattern = rule->description = rule->remediation = rule->prefix = "";
	rule->cls = CW_CLASS_SPECIFIC;
	rule->severity = f->severity;
	f->rule = rule;
	rc = text(r, o, "rule", &rule->id);
	if (rc == 0)
		rc = text(r, o, "title", &rule->title);
	if (!rule->id)
		rule->id = "";
	if (!rule->title)
		rule->title = "";
	return rc;
}

static int read_texts(struct reading *r, const struct cw_json *o, struct cw_finding *f)
{
	int rc = text(r, o, "path", &f->path);

	if (rc == 0)
		rc = text(r, o, "redacted", &f->redacted);
	if (rc == 0)
		rc = text(r, o, "label", &f->label);
	if (rc == 0)
		rc = text(r, o, "decoded", &f->decoded);
	if (!f->redacted)
		f->redacted = "";
	return rc;
}

static int read_finding(struct reading *r, const struct cw_json *o)
{
	const char *fingerprint = cw_json_str(cw_json_get(o, "fingerprint"));
	int severity = choice(o, "severity", severity_name, CW_SEVERITY_CRITICAL + 1);
	int proof = choice(o, "proof", proof_name, CW_PROOF_CHECKSUM + 1);
	int type = choice(o, "object_type", type_name, CW_OBJ_TAG), rc;
	struct cw_finding f = {.line = number(o, "line"), .column = number(o, "column"), .cut = flag(o, "cut"),
			       .objects = number(o, "objects"), .more = number(o, "more")}, *slot;

	if (!fingerprint || strcmp(fingerprint, r->fingerprint) != 0)
		return 0;
	if (severity > CW_SEVERITY_CRITICAL || proof > CW_PROOF_CHECKSUM)
		return cw_err_set(r->err, CW_E_INVALID, "a finding without a known severity and proof");
	f.severity = (enum cw_severity)severity;
	f.proof = (enum cw_proof_level)proof;
	f.type = type < CW_OBJ_TAG ? (enum cw_object_type)(type + 1) : CW_OBJ_BLOB;
	memcpy(f.fingerprint, r->fingerprint, sizeof(f.fingerprint));
	read_oid(o, "blob", &f.object);
	read_oid(o, "object", &f.object);
	rc = read_rule(r, o, &f);
	if (rc == 0)
		rc = read_texts(r, o, &f);
	if (rc == 0)
		rc = read_origin(r, o, &f);
	if (rc == 0)
		rc = read_suppression(r, o, &f);
	if (rc != 0)
		return rc;
	slot = cw_vec_push(&r->out->findings);
	if (!slot)
		return cw_vec_fail(&r->out->findings, "findings", r->err);
	*slot = f;
	return 0;
}

/* One object a line; only those lines are taken apart that name the fingerprint. */
static int read_lines(struct reading *r, const char *data, size_t len)
{
	uint64_t number_of_line = 1;
	int rc = 0;

	for (const char *end = data + len, *next; rc == 0 && data < end; data = next + 1, number_of_line++) {
		CW_CLEANUP(cw_json_free_p) struct cw_json *o = NULL;

		next = memchr(data, '\n', (size_t)(end - data));
		next = next ? next : end;
		if (!memmem(data, (size_t)(next - data), r->fingerprint, strlen(r->fingerprint)))
			continue;
		rc = cw_json_parse(data, (size_t)(next - data), LINE_JSON_MAX, &o, r->err);
		if (rc == 0)
			rc = read_finding(r, o);
		if (rc != 0)
			return cw_err_wrap(r->err, rc, "line %llu of the report", (unsigned long long)number_of_line);
	}
	return rc;
}

static int read_object(struct reading *r, const struct cw_json *report)
{
	int rc = 0;

	for (const struct cw_json *o = cw_json_first(cw_json_get(report, "findings")); rc == 0 && o; o = cw_json_next(o))
		rc = read_finding(r, o);
	return rc;
}

static bool is_one_object(const char *data, size_t len)
{
	static const char type[] = "\"type\":\"report\"";

	return memmem(data, len < HEAD_MAX ? len : HEAD_MAX, type, sizeof(type) - 1) != NULL;
}

int cw_reported_read(const char *data, size_t len, const char *fingerprint, const struct cw_set *set, struct cw_reported *ret,
		     struct cw_err *err)
{
	CW_CLEANUP(cw_cleanser_free_p) struct cw_cleanser *cleanser = NULL;
	CW_CLEANUP(cw_json_free_p) struct cw_json *report = NULL;
	struct reading r = {.out = ret, .fingerprint = fingerprint, .set = set, .err = err};
	int rc = cw_cleanser_new(set, &cleanser, err);

	r.cleanser = cleanser;
	if (rc != 0 || !is_one_object(data, len))
		return rc == 0 ? read_lines(&r, data, len) : rc;
	rc = cw_json_parse(data, len, JSON_MAX, &report, err);
	return rc == 0 ? read_object(&r, report) : cw_err_wrap(err, rc, "the report");
}
