/* store/state_finding.c - stored findings, allowed secrets, and notifications still to be sent. */
#include "store/state_int.h"

static const char *text(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

static int add_finding(sqlite3_stmt *st, int (*fn)(void *payload, const struct cw_state_finding *f, struct cw_err *err),
		       void *payload, struct cw_err *err)
{
	struct cw_state_finding f = {
		.id = sqlite3_column_int64(st, 0),
		.repository = text(st, 1),
		.record = text(st, 2),
		.first_seen = sqlite3_column_int64(st, 3),
		.last_seen = sqlite3_column_int64(st, 4),
	};

	if (f.repository == NULL || f.record == NULL)
		return cw_err_nomem(err);
	f.state = sqlite3_column_int(st, 5) != 0 ? CW_FOUND_GONE :
		  sqlite3_column_int(st, 7) != 0 ? CW_FOUND_ALLOWED :
		  sqlite3_column_int(st, 6) != 0 ? CW_FOUND_SUPPRESSED :
						   CW_FOUND_LIVE;
	return fn(payload, &f, err);
}

int cw_state_finding_list(struct cw_state *s, const char *repository, int64_t since, int64_t today,
			  int (*fn)(void *payload, const struct cw_state_finding *f, struct cw_err *err), void *payload,
			  struct cw_err *err)
{
	CW_CLEANUP(cw_sql_end_p) sqlite3_stmt *st = NULL;
	bool any = false;
	int rc = repository == NULL ? cw_sql_open(s, CW_SQL_FINDING_LIST, &st, err, "ii", since, today) :
				      cw_sql_open(s, CW_SQL_FINDING_LIST_OF, &st, err, "iis", since, today, repository);

	while (rc == 0 && (rc = cw_sql_row(s, st, &any, err)) == 0 && any)
		rc = add_finding(st, fn, payload, err);
	return rc;
}

static int count(struct cw_state *s, enum cw_sql id, uint64_t *ret, struct cw_err *err)
{
	int64_t n = 0;
	bool any;
	int rc = cw_sql_number(s, id, &any, &n, err, "");

	if (rc == 0)
		*ret = (uint64_t)n;
	return rc;
}

int cw_state_finding_count(struct cw_state *s, uint64_t *ret, struct cw_err *err)
{
	return count(s, CW_SQL_FINDING_COUNT, ret, err);
}

/* ---- allowed secrets ---- */

static int allow(struct cw_state *s, const struct cw_state_allowance *a, struct cw_err *err)
{
	int64_t today = a->now / CW_STATE_DAY;
	int rc;

	if ((rc = cw_sql_run(s, CW_SQL_ALLOW, NULL, err, "ssiii", a->fingerprint, a->reason, a->expires, a->uid, a->now)) < 0 ||
	    (rc = cw_sql_run(s, CW_SQL_RECOUNT, NULL, err, "si", a->fingerprint, today)) < 0 || a->expires < today)
		return rc;
	if ((rc = cw_sql_run(s, CW_SQL_ALLOW_UNTELL, NULL, err, "s", a->fingerprint)) < 0)
		return rc;
	return cw_sql_run(s, CW_SQL_ALLOW_DROP, NULL, err, "s", a->fingerprint);
}

int cw_state_allow(struct cw_state *s, const struct cw_state_allowance *a, struct cw_err *err)
{
	int rc = cw_state_begin(s, err);

	return rc < 0 ? rc : cw_state_finish(s, allow(s, a, err), err);
}

static int renew(struct cw_state *s, int64_t today, struct cw_err *err)
{
	int64_t changes = 0;
	int rc = cw_sql_run(s, CW_SQL_NOTICE_RENEW, &changes, err, "ii", today, today * CW_STATE_DAY);

	if (rc < 0 || changes == 0)
		return rc;
	return cw_sql_run(s, CW_SQL_NOTICE_RENEWED, NULL, err, "");
}

static int revoke(struct cw_state *s, const char *fingerprint, int64_t now, struct cw_err *err)
{
	int64_t changes = 0;
	int rc = cw_sql_run(s, CW_SQL_REVOKE, &changes, err, "s", fingerprint);

	if (rc < 0)
		return rc;
	if (changes == 0)
		return cw_err_set(err, CW_E_NOTFOUND, "the secret is not allowed");
	rc = cw_sql_run(s, CW_SQL_RECOUNT, NULL, err, "si", fingerprint, now / CW_STATE_DAY);
	return rc < 0 ? rc : renew(s, now / CW_STATE_DAY, err);
}

int cw_state_revoke(struct cw_state *s, const char *fingerprint, int64_t now, struct cw_err *err)
{
	int rc = cw_state_begin(s, err);

	return rc < 0 ? rc : cw_state_finish(s, revoke(s, fingerprint, now, err), err);
}

int cw_state_is_allowed(struct cw_state *s, const char *fingerprint, int64_t today, bool *ret, struct cw_err *err)
{
	int64_t n;
	bool any;
	int rc = cw_sql_number(s, CW_SQL_ALLOWED, &any, &n, err, "si", fingerprint, today);

	if (rc == 0)
		*ret = any;
	return rc;
}

/* ---- notifications ---- */

int cw_state_notice_next(struct cw_state *s, int64_t now, bool *ret_any,
			 int (*fn)(void *payload, const struct cw_state_notice *n, struct cw_err *err), void *payload,
			 struct cw_err *err)
{
	CW_CLEANUP(cw_sql_end_p) sqlite3_stmt *st = NULL;
	struct cw_state_notice n;
	int rc = cw_sql_open(s, CW_SQL_NOTICE_NEXT, &st, err, "ii", now, now + CW_STATE_DAY);

	if (rc < 0 || (rc = cw_sql_row(s, st, ret_any, err)) < 0 || !*ret_any)
		return rc;
	n = (struct cw_state_notice){
		.id = sqlite3_column_int64(st, 0),
		.repository = text(st, 1),
		.record = text(st, 2),
		.first_seen = sqlite3_column_int64(st, 3),
		.tries = (unsigned)sqlite3_column_int64(st, 4),
	};
	return n.repository == NULL || n.record == NULL ? cw_err_nomem(err) : fn(payload, &n, err);
}

int cw_state_notice_done(struct cw_state *s, int64_t id, struct cw_err *err)
{
	return cw_sql_run(s, CW_SQL_NOTICE_DONE, NULL, err, "i", id);
}

int cw_state_notice_failed(struct cw_state *s, int64_t id, int64_t retry_at, struct cw_err *err)
{
	return cw_sql_run(s, CW_SQL_NOTICE_FAILED, NULL, err, "ii", id, retry_at);
}

int cw_state_notice_due(struct cw_state *s, int64_t *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_sql_end_p) sqlite3_stmt *st = NULL;
	bool any;
	int rc = cw_sql_open(s, CW_SQL_NOTICE_DUE, &st, err, "");

	if (rc < 0 || (rc = cw_sql_row(s, st, &any, err)) < 0)
		return rc;
	*ret = any && sqlite3_column_type(st, 0) != SQLITE_NULL ? sqlite3_column_int64(st, 0) : INT64_MAX;
	return 0;
}

int cw_state_notice_renew(struct cw_state *s, int64_t today, struct cw_err *err)
{
	int rc = cw_state_begin(s, err);

	if (rc < 0)
		return rc;
	if (s->counted_on != today)
		rc = cw_sql_run(s, CW_SQL_RECOUNT_ALL, NULL, err, "i", today);
	if (rc == 0)
		rc = renew(s, today, err);
	rc = cw_state_finish(s, rc, err);
	if (rc == 0)
		s->counted_on = today;
	return rc;
}

int cw_state_notice_clear(struct cw_state *s, struct cw_err *err)
{
	return cw_sql_run(s, CW_SQL_NOTICE_CLEAR, NULL, err, "");
}

int cw_state_notice_count(struct cw_state *s, uint64_t *ret, struct cw_err *err)
{
	return count(s, CW_SQL_NOTICE_COUNT, ret, err);
}
