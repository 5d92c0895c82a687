/* daemon/worker_result.c - see worker_result.h. */
#include "daemon/worker_result.h"

#include <stdio.h>

#include "report/record.h"

const char cw_result_clean[] = "{\"parameters\":{\"result\":{\"hits\":0,\"complete\":true,\"findings\":[],\"reasons\":[]}}}";

static int collect(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	struct cw_collector *c = payload;
	struct cw_sink sink;
	int rc = 0;

	if (!c->findings) {
		rc = cw_findings_new(&c->worker->key, 1, false, &c->findings, err);
		if (rc == 0)
			rc = cw_findings_set_policy(c->findings, c->worker->policy, true, err);
	}
	if (rc < 0)
		return rc;
	sink = cw_findings_sink(c->findings);
	return sink.hit(sink.payload, worker, hit, err);
}

struct cw_sink cw_collector_sink(struct cw_collector *c)
{
	return (struct cw_sink){.hit = collect, .payload = c};
}

void cw_collector_clear(struct cw_collector *c)
{
	cw_findings_free(c->findings);
	c->findings = NULL;
}

bool cw_result_is_clean(const struct cw_scanner *s)
{
	return s->res.hits.len == 0 && s->res.more.len == 0 && s->coverage.unscanned == 0;
}

static int64_t count_hits(const struct cw_scanner *s)
{
	uint64_t n = s->res.hits.len;

	for (size_t i = 0; i < s->res.more.len; i++)
		n += CW_VEC_AT(&s->res.more, struct cw_more, i).count;
	return (int64_t)n;
}

static int add_findings(struct cw_collector *c, struct cw_json *list, struct cw_err *err)
{
	int rc;

	if (!c->findings)
		return 0;
	rc = cw_findings_finish(c->findings, err);
	if (rc == 0)
		rc = cw_cleanse_findings(c->worker->cleanser, c->findings, err);
	for (size_t i = 0; rc == 0 && i < cw_findings_len(c->findings); i++)
		rc = cw_report_record(c->worker->set, cw_findings_at(c->findings, i), cw_json_add_object(list, NULL), err);
	return rc;
}

static void add_reasons(const struct cw_coverage *coverage, struct cw_json *list)
{
	char text[300];

	for (size_t i = 0; i < coverage->list.len && i < CW_REASONS_MAX; i++) {
		const struct cw_unscanned *u = &CW_VEC_AT(&coverage->list, struct cw_unscanned, i);

		snprintf(text, sizeof(text), "%s: %s", u->object ? u->object : "", u->reason ? u->reason : "");
		cw_json_add_str(list, NULL, text);
	}
	if (coverage->unscanned > CW_REASONS_MAX) {
		snprintf(text, sizeof(text), "and %llu more", (unsigned long long)(coverage->unscanned - CW_REASONS_MAX));
		cw_json_add_str(list, NULL, text);
	}
}

int cw_result_add(struct cw_collector *c, const struct cw_scanner *s, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_object();
	struct cw_json *result = cw_json_add_object(cw_json_add_object(root, "parameters"), "result");
	int rc;

	cw_json_add_int(result, "hits", count_hits(s));
	cw_json_add_bool(result, "complete", s->coverage.unscanned == 0);
	rc = add_findings(c, cw_json_add_array(result, "findings"), err);
	if (rc < 0)
		return rc;
	add_reasons(&s->coverage, cw_json_add_array(result, "reasons"));
	return cw_json_print(root, false, out, err);
}
