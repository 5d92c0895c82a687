/* report/words.c - what the formats for people say alike: places, origins, coverage in words, and text made fit for XML and HTML. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/format.h"

void cw_report_add_number(struct cw_buf *b, uint64_t n, const char *one, const char *many)
{
	cw_buf_addf(b, "%" PRIu64 " %s", n, n == 1 ? one : many);
}

const char *cw_report_proof_words(enum cw_proof_level p)
{
	switch (p) {
	case CW_PROOF_CHECKSUM:
		return "checksum: the checksum inside the secret is right";
	case CW_PROOF_STRUCTURE:
		return "structure: its content parses as what it claims to be";
	case CW_PROOF_PATTERN:
		return "pattern: it has the form of such a secret";
	case CW_PROOF_CONTEXT:
		break;
	}
	return "context: it stands where a secret stands and looks like one";
}

void cw_report_add_place(struct cw_buf *b, const struct cw_finding *f)
{
	char hex[CW_OID_HEX_SIZE];

	if (f->path) {
		cw_escape(b, f->path, strlen(f->path));
		return;
	}
	cw_oid_hex(&f->object, hex);
	cw_buf_addf(b, "%s %s", cw_object_type_name(f->type), hex);
}

static void add_live(struct cw_buf *b, const struct cw_origin *o)
{
	switch (o->state) {
	case CW_STATE_TIP:
		cw_buf_adds(b, "live at ");
		if (o->tip_ref)
			cw_escape(b, o->tip_ref, strlen(o->tip_ref));
		else
			cw_buf_adds(b, "a branch");
		if (o->tip_line > 0)
			cw_buf_addf(b, ", line %" PRIu64, o->tip_line);
		return;
	case CW_STATE_HISTORY:
		cw_buf_adds(b, "in history only, at no branch now");
		return;
	case CW_STATE_UNREACHABLE:
		break;
	}
	cw_buf_adds(b, "in the object store, reachable from no ref");
}

void cw_report_add_origin(struct cw_buf *b, const struct cw_origin *o)
{
	char hex[CW_OID_HEX_SIZE], date[CW_CLOCK_ISO_SIZE];

	if (o->commit.len > 0) {
		cw_oid_hex(&o->commit, hex);
		cw_clock_iso(o->date, date);
		cw_buf_addf(b, "first in %.*s of %.10s by ", CW_REPORT_SHORT_ID, hex, date);
		cw_escape(b, o->author ? o->author : "", o->author ? strlen(o->author) : 0);
		if (o->introductions > 1)
			cw_buf_addf(b, " (introduced %" PRIu64 " times)", o->introductions);
		cw_buf_adds(b, "; ");
	}
	add_live(b, o);
}

static bool is_python(const char *path)
{
	static const char *const ends[] = {".py", ".pyi", ".pyw", ".ipynb"};
	size_t len = path ? strlen(path) : 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (len > strlen(ends[i]) && strcmp(path + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

bool cw_report_add_python(struct cw_buf *b, const struct cw_finding *f)
{
	if (!f->python || !is_python(f->path))
		return false;
	cw_buf_adds(b, f->python);
	return true;
}

void cw_report_add_coverage(struct cw_buf *b, const struct cw_report_input *in)
{
	const struct cw_coverage *c = in->coverage;

	cw_buf_addf(b, "%s%s: %" PRIu64 " of %" PRIu64 " scanned, %" PRIu64 " not scanned; ",
		    cw_report_complete(in) ? "complete" : "INCOMPLETE", in->interrupted ? " (interrupted)" : "",
		    c->scanned + c->cached, c->expected, c->unscanned);
	cw_report_add_number(b, cw_findings_secrets(in->findings), "secret", "secrets");
	cw_buf_adds(b, " at ");
	cw_report_add_number(b, cw_findings_counted(in->findings, CW_SEVERITY_LOW), "place", "places");
	if (cw_report_suppressed_places(in) > 0) {
		cw_buf_adds(b, "; suppressed and not counted: ");
		cw_report_add_number(b, cw_report_suppressed_places(in), "place", "places");
	}
}

static void add_markup_char(struct cw_buf *b, const char *s, size_t len)
{
	switch (*s) {
	case '&':
		cw_buf_adds(b, "&amp;");
		return;
	case '<':
		cw_buf_adds(b, "&lt;");
		return;
	case '>':
		cw_buf_adds(b, "&gt;");
		return;
	case '"':
		cw_buf_adds(b, "&quot;");
		return;
	case '\'':
		cw_buf_adds(b, "&#39;");
		return;
	default:
		cw_buf_add(b, s, len);
	}
}

void cw_report_add_markup(struct cw_buf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = cw_utf8_next(text + i, len - i, &cp);

		if (n == 0 || cw_text_is_control(cp) || cp == 0xfffe || cp == 0xffff) {
			for (size_t k = 0; k < (n == 0 ? 1 : n); k++)
				cw_buf_addf(b, "\\x%02x", (unsigned char)text[i + k]);
			i += n == 0 ? 1 : n;
			continue;
		}
		add_markup_char(b, text + i, n);
		i += n;
	}
}

int cw_report_place_digest(const struct cw_finding *f, uint8_t out[CW_SHA256_LEN], struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf b = CW_BUF_INIT;
	int rc;

	cw_buf_addf(&b, "%s\n%s\n", f->fingerprint, f->rule->id);
	if (f->path)
		cw_buf_adds(&b, f->path);
	rc = cw_buf_fail(&b, "report", err);
	return rc == 0 ? cw_sha256(b.data, b.len, out, err) : rc;
}
