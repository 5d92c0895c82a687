/* hooks/record.c - see record.h. */
#include "hooks/record.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "policy/audit_log.h"
#include "vcs/push.h"

/* TEXT (may be NULL: then nothing is added), redacted and escaped. */
static int add_foreign(struct cw_gate *g, struct cw_json *o, const char *key, const char *text, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT, shown = CW_BUF_INIT;
	int rc = text ? cw_gate_cleanse(g, text, &clean, err) : 0;

	if (rc != 0 || !text)
		return rc;
	cw_escape(&shown, clean.data, clean.len);
	rc = cw_buf_fail(&shown, "audit record", err);
	if (rc == 0)
		cw_json_add_strn(o, key, shown.data, shown.len);
	return rc;
}

static void add_oid(struct cw_json *o, const char *key, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	if (oid->len > 0)
		cw_json_add_str(o, key, hex);
	else
		cw_json_add_null(o, key);
}

static int add_refs(struct cw_gate *g, struct cw_json *root, const struct cw_vec *refs, struct cw_err *err)
{
	struct cw_json *list = cw_json_add_array(root, "refs");
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < refs->len; i++) {
		const struct cw_push_ref *ref = &CW_VEC_AT(refs, struct cw_push_ref, i);
		struct cw_json *o = cw_json_add_object(list, NULL);

		rc = add_foreign(g, o, "ref", ref->name, err);
		add_oid(o, "old", &ref->old_oid);
		add_oid(o, "new", &ref->new_oid);
	}
	return rc;
}

/* Paths were redacted when the verdicts were given. */
static void add_findings(const struct cw_gate *g, struct cw_json *root)
{
	struct cw_json *list = cw_json_add_array(root, "findings");

	for (size_t i = 0; i < g->items.len; i++) {
		const struct cw_gate_item *item = &CW_VEC_AT(&g->items, struct cw_gate_item, i);
		const struct cw_finding *f = item->finding;
		struct cw_json *o;

		if (item->verdict != CW_VERDICT_BYPASS && item->verdict != CW_VERDICT_BLOCK)
			continue;
		o = cw_json_add_object(list, NULL);
		cw_json_add_str(o, "fingerprint", f->fingerprint);
		cw_json_add_str(o, "rule", f->rule->id);
		if (f->path)
			cw_json_add_str(o, "path", f->path);
		if (f->origin && f->origin->commit.len > 0)
			add_oid(o, "commit", &f->origin->commit);
	}
}

int cw_record_push(struct cw_gate *g, const struct cw_push_event *event, struct cw_err *err)
{
	CW_CLEANUP(cw_json_free_p) struct cw_json *root = cw_json_object();
	char now[CW_CLOCK_ISO_SIZE];
	int rc;

	cw_clock_iso(cw_clock_wall(), now);
	cw_json_add_str(root, "time", now);
	cw_json_add_str(root, "event", event->event);
	cw_json_add_str(root, "outcome", event->outcome);
	cw_json_add_int(root, "uid", (int64_t)getuid());
	cw_json_add_str(root, "platform", event->platform->name);
	rc = add_foreign(g, root, "claimed_user", event->platform->user, err);
	if (rc == 0)
		rc = add_foreign(g, root, "claimed_repository", event->platform->repository, err);
	if (rc == 0)
		rc = add_foreign(g, root, "repository", event->git_dir, err);
	if (rc == 0)
		rc = add_foreign(g, root, "reason", event->reason, err);
	if (rc == 0)
		rc = add_refs(g, root, event->refs, err);
	add_findings(g, root);
	cw_json_add_int(root, "scanned", (int64_t)(g->coverage.scanned + g->coverage.cached));
	cw_json_add_int(root, "unscanned", (int64_t)g->coverage.unscanned);
	return rc == 0 ? cw_audit_log_add(g->conf->hooks_audit_log, root, err) : rc;
}
