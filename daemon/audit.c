/* daemon/audit.c - the lines of the audit log. The rules that cleanse them are the default ones, loaded when the first line is written. */
#include "daemon/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "policy/audit_log.h"
#include "policy/cleanse.h"

struct cw_audit {
	struct cw_daemon *d;
	struct cw_set *set;
	struct cw_cleanser *cleanser; /* NULL: no line was written yet */
	struct cw_log_limit outcomes, others; /* so that who is refused a lot cannot push out what hooks report */
};

int cw_audit_new(struct cw_daemon *d, struct cw_audit **ret, struct cw_err *err)
{
	struct cw_audit *a = calloc(1, sizeof(*a));

	if (!a)
		return cw_err_nomem(err);
	a->d = d;
	a->outcomes.max = CW_AUDIT_NOTES_MAX;
	*ret = a;
	return 0;
}

void cw_audit_free(struct cw_audit *a)
{
	if (!a)
		return;
	cw_cleanser_free(a->cleanser);
	cw_set_unref(a->set);
	free(a);
}

static int load_cleanser(struct cw_audit *a, struct cw_err *err)
{
	int rc = 0;

	if (!a->set)
		rc = cw_set_default(&a->set, err);
	if (rc == 0 && !a->cleanser)
		rc = cw_cleanser_new(a->set, &a->cleanser, err);
	return rc;
}

int cw_audit_cleanse(struct cw_audit *a, const char *text, struct cw_buf *out, struct cw_err *err)
{
	int rc = load_cleanser(a, err);

	return rc == 0 ? cw_cleanse(a->cleanser, text, strlen(text), out, err) : rc;
}

static int add_text(struct cw_audit *a, struct cw_json *record, const char *key, const char *text, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf clean = CW_BUF_INIT;
	size_t len = text ? strnlen(text, CW_AUDIT_TEXT_MAX + 1) : 0;
	int rc = 0;

	if (!text)
		return 0;
	if (len > CW_AUDIT_TEXT_MAX)
		cw_buf_adds(&clean, "[withheld: too long]");
	else
		rc = cw_cleanse(a->cleanser, text, len, &clean, err);
	if (rc == 0)
		rc = cw_buf_fail(&clean, key, err);
	if (rc == 0)
		cw_json_add_strn(record, key, clean.data, clean.len);
	return rc;
}

static int add_texts(struct cw_audit *a, struct cw_json *record, const struct cw_audit_event *e, struct cw_err *err)
{
	const struct {
		const char *key, *text;
	} texts[] = {
		{"method", e->method},		 {"claimed_user", e->claimed_user}, {"repository", e->repository}, {"refs", e->refs},
		{"fingerprint", e->fingerprint}, {"rule", e->rule},		    {"reason", e->reason},
	};
	int rc = load_cleanser(a, err);

	for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(*texts); i++)
		rc = add_text(a, record, texts[i].key, texts[i].text, err);
	return rc;
}

static void add_numbers(struct cw_json *record, const struct cw_audit_event *e, uint64_t dropped)
{
	if (e->session >= 0)
		cw_json_add_int(record, "session", e->session);
	if (e->status >= 0)
		cw_json_add_int(record, "status", e->status);
	if (e->findings >= 0)
		cw_json_add_int(record, "findings", e->findings);
	if (dropped > 0)
		cw_json_add_int(record, "lines_left_out_before", (int64_t)dropped);
}

static int add_line(struct cw_audit *a, const struct cw_audit_event *e, bool sync, uint64_t dropped, struct cw_err *err)
{
	const char *path = a->d->rules.conf->daemon_audit_log;
	CW_CLEANUP(cw_json_free_p) struct cw_json *record = cw_json_object();
	char now[CW_CLOCK_ISO_SIZE];
	int rc;

	if (!path[0])
		return 0;
	cw_clock_iso(cw_clock_wall(), now);
	cw_json_add_str(record, "time", now);
	cw_json_add_str(record, "event", e->event);
	if (e->peer) {
		cw_json_add_int(record, "uid", e->peer->uid);
		cw_json_add_int(record, "pid", e->peer->pid);
	}
	rc = add_texts(a, record, e, err);
	add_numbers(record, e, dropped);
	if (rc == 0)
		rc = sync ? cw_audit_log_add(path, record, err) : cw_audit_log_note(path, record, err);
	return rc == 0 ? 0 : cw_err_wrap(err, rc, "audit log");
}

int cw_audit_add(struct cw_audit *a, const struct cw_audit_event *e, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = add_line(a, e, true, 0, &why);

	if (rc == 0)
		return 0;
	cw_log(CW_LOG_ERROR, "audit_log", "why", cw_err_msg(&why), NULL);
	return cw_err_set(err, (enum cw_code)rc, "%s", cw_err_msg(&why));
}

void cw_audit_note(struct cw_audit *a, const struct cw_audit_event *e)
{
	struct cw_log_limit *limit = strcmp(e->event, "outcome") == 0 ? &a->outcomes : &a->others;
	struct cw_err why = CW_ERR_INIT;
	uint64_t dropped = 0;

	if (cw_log_may(limit, cw_clock_ms(), &dropped) && add_line(a, e, false, dropped, &why) != 0)
		cw_log(CW_LOG_ERROR, "audit_log", "why", cw_err_msg(&why), NULL);
}
