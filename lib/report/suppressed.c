/* report/suppressed.c - what formats say of findings that do not count. */
#include <inttypes.h>
#include <string.h>

#include "base/io.h"
#include "policy/policy.h"
#include "report/format.h"

uint64_t cw_report_suppressed_places(const struct cw_report_input *in)
{
	uint64_t n = 0;

	for (int by = 0; by < CW_BY_COUNT_; by++)
		n += cw_findings_suppressed(in->findings, (enum cw_suppressed_by)by);
	return n;
}

void cw_report_suppression_text(struct cw_buf *b, const struct cw_finding *f)
{
	const struct cw_suppression *s = f->suppression;

	if (!s)
		return;
	cw_buf_addf(b, s->advisory ? " (counts, though the repository has it as known: %s" : " (suppressed: %s",
		    cw_suppressed_by_name(s->by));
	if (s->reason) {
		cw_buf_adds(b, ", ");
		cw_escape(b, s->reason, strlen(s->reason));
	}
	cw_buf_addc(b, ')');
}

bool cw_report_suppressed_text(struct cw_buf *b, const struct cw_report_input *in)
{
	static const char *const names[] = {"allow entries", "excluded paths", "baselines", "inline marks"};
	const char *before = "Suppressed and not counted: ";
	uint64_t all = cw_report_suppressed_places(in);

	for (int by = 0; by < CW_BY_COUNT_; by++) {
		uint64_t n = cw_findings_suppressed(in->findings, (enum cw_suppressed_by)by);

		if (n == 0)
			continue;
		cw_buf_addf(b, "%s%" PRIu64 " by %s", before, n, names[by]);
		before = ", ";
	}
	if (all > 0)
		cw_buf_adds(b, " (places; --show-suppressed lists them).\n");
	return all > 0;
}

void cw_report_suppression_json(struct cw_json *o, const struct cw_finding *f)
{
	const struct cw_suppression *s = f->suppression;
	struct cw_json *item = s ? cw_json_add_object(o, s->advisory ? "advisory" : "suppressed") : NULL;

	if (!s)
		return;
	cw_json_add_str(item, "by", cw_suppressed_by_name(s->by));
	if (s->reason)
		cw_json_add_str(item, "reason", s->reason);
	if (s->from.file) {
		cw_json_add_str(item, "file", s->from.file);
		cw_report_json_count(item, "line", (uint64_t)s->from.line);
	}
}

void cw_report_suppressed_json(struct cw_json *o, const struct cw_report_input *in)
{
	struct cw_json *item = cw_json_add_object(o, "suppressed");

	for (int by = 0; by < CW_BY_COUNT_; by++)
		cw_report_json_count(item, cw_suppressed_by_name((enum cw_suppressed_by)by),
				     cw_findings_suppressed(in->findings, (enum cw_suppressed_by)by));
}
