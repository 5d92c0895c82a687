/* store/state_watch.c - watched repositories, and what a scan of one changes. */
#include "store/state_int.h"

#include <assert.h>
#include <string.h>

int cw_state_watch_add(struct cw_state *s, const char *path, bool from_now, int64_t *ret_id, struct cw_err *err)
{
	int64_t changes = 0;
	int rc = cw_sql_run(s, CW_SQL_WATCH_ADD, &changes, err, "si", path, (int64_t)from_now);

	if (rc < 0)
		return rc;
	if (changes == 0)
		return cw_err_set(err, CW_E_INVALID, "the repository is watched already");
	*ret_id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int cw_state_watch_remove(struct cw_state *s, const char *path, struct cw_err *err)
{
	int64_t changes = 0;
	int rc = cw_sql_run(s, CW_SQL_WATCH_REMOVE, &changes, err, "s", path);

	if (rc == 0 && changes == 0)
		return cw_err_set(err, CW_E_NOTFOUND, "the repository is not watched");
	return rc;
}

int cw_state_watch_fail(struct cw_state *s, int64_t id, const char *reason, struct cw_err *err)
{
	int64_t changes = 0;
	int rc = cw_sql_run(s, CW_SQL_WATCH_FAIL, &changes, err, "is", id, reason);

	if (rc == 0 && changes == 0)
		return cw_err_set(err, CW_E_NOTFOUND, "the repository is not watched");
	return rc;
}

static const char *text(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

/* A text that cannot be null: without memory it is. */
static bool watch_of_row(sqlite3_stmt *st, struct cw_state_watch *w)
{
	*w = (struct cw_state_watch){
		.id = sqlite3_column_int64(st, 0),
		.path = text(st, 1),
		.reason = text(st, 2),
		.fingerprint = text(st, 3),
		.from_now = sqlite3_column_int(st, 4) != 0,
		.last_scan = sqlite3_column_int64(st, 5),
		.last_change = sqlite3_column_int64(st, 6),
		.findings = (uint64_t)sqlite3_column_int64(st, 7),
	};
	w->state = sqlite3_column_type(st, 2) != SQLITE_NULL ? CW_WATCH_FAILING :
		   w->last_scan == 0			     ? CW_WATCH_BASELINING :
							       CW_WATCH_WATCHING;
	return w->path != NULL && w->fingerprint != NULL && (w->reason != NULL || w->state != CW_WATCH_FAILING);
}

int cw_state_watch_list(struct cw_state *s, int (*fn)(void *payload, const struct cw_state_watch *w, struct cw_err *err),
			void *payload, struct cw_err *err)
{
	CW_CLEANUP(cw_sql_end_p) sqlite3_stmt *st = NULL;
	struct cw_state_watch w;
	bool any = false;
	int rc = cw_sql_open(s, CW_SQL_WATCH_LIST, &st, err, "");

	while (rc == 0 && (rc = cw_sql_row(s, st, &any, err)) == 0 && any)
		rc = watch_of_row(st, &w) ? fn(payload, &w, err) : cw_err_nomem(err);
	return rc;
}

/* ---- a scan ---- */

static int load_watch(struct cw_state *s, int64_t id, struct cw_err *err)
{
	int64_t known = 0;
	bool any;
	int rc = cw_sql_number(s, CW_SQL_SCAN_WATCH, &any, &known, err, "i", id);

	if (rc < 0)
		return rc;
	if (!any)
		return cw_err_set(err, CW_E_NOTFOUND, "the repository is not watched any more");
	s->known = known != 0;
	return 0;
}

int cw_state_scan_begin(struct cw_state *s, int64_t id, int64_t now, struct cw_err *err)
{
	int rc;

	assert(s->watch == 0);
	rc = cw_state_begin(s, err);
	if (rc < 0)
		return rc;
	rc = load_watch(s, id, err);
	if (rc < 0)
		return cw_state_finish(s, rc, err);
	s->watch = id;
	s->now = now;
	return 0;
}

struct known {
	int64_t id;
	bool any, same_record, suppressed, gone, notified;
	bool moved; /* it was known without a place, and has one now */
};

static int look_up(struct cw_state *s, const struct cw_state_found *f, struct known *k, struct cw_err *err)
{
	CW_CLEANUP(cw_sql_end_p) sqlite3_stmt *st = NULL;
	int rc = cw_sql_open(s, CW_SQL_FOUND_GET, &st, err, "iss", s->watch, f->key, f->record);

	int64_t n;

	if (rc < 0 || (rc = cw_sql_row(s, st, &k->any, err)) < 0)
		return rc;
	if (!k->any)
		return f->placeless ? 0 : cw_sql_number(s, CW_SQL_FOUND_PLACELESS, &k->moved, &n, err, "is", s->watch, f->fingerprint);
	k->id = sqlite3_column_int64(st, 0);
	k->same_record = sqlite3_column_int(st, 1) != 0;
	k->suppressed = sqlite3_column_int(st, 2) != 0;
	k->gone = sqlite3_column_int(st, 3) != 0;
	k->notified = sqlite3_column_int(st, 4) != 0;
	return 0;
}

/* Store F; K says what is known of it, and its id afterwards. */
static int store(struct cw_state *s, const struct cw_state_found *f, struct known *k, bool notified, struct cw_err *err)
{
	int rc;

	if (!k->any) {
		rc = cw_sql_run(s, CW_SQL_FOUND_ADD, NULL, err, "isssiiii", s->watch, f->key, f->fingerprint, f->record,
				(int64_t)f->suppressed, s->now, (int64_t)notified, (int64_t)f->placeless);
		k->id = sqlite3_last_insert_rowid(s->db);
		return rc;
	}
	if (k->same_record && k->suppressed == f->suppressed && !k->gone && k->notified == notified)
		return 0; /* most findings of most scans: nothing is written */
	return cw_sql_run(s, CW_SQL_FOUND_CHANGE, NULL, err, "isii", k->id, f->record, (int64_t)f->suppressed,
			  (int64_t)notified);
}

int cw_state_scan_finding(struct cw_state *s, const struct cw_state_found *f, bool *ret_new, struct cw_err *err)
{
	struct known k = { .any = false };
	bool allowed = false, tell;
	int rc;

	assert(s->watch != 0);
	if (strlen(f->record) > CW_STATE_RECORD_MAX || strlen(f->key) > CW_STATE_RECORD_MAX)
		return cw_err_set(err, CW_E_LIMIT, "a finding's record is too long");
	if ((rc = look_up(s, f, &k, err)) < 0)
		return rc;
	if (!k.notified && !f->suppressed && (rc = cw_state_is_allowed(s, f->fingerprint, s->now / CW_STATE_DAY, &allowed, err)) < 0)
		return rc;
	tell = !k.notified && !k.moved && !f->suppressed && !allowed && !s->known;
	if ((rc = store(s, f, &k, k.notified || k.moved || s->known || tell, err)) < 0 ||
	    (rc = cw_sql_run(s, CW_SQL_SEEN_ADD, NULL, err, "ii", s->watch, k.id)) < 0 ||
	    (tell && (rc = cw_sql_run(s, CW_SQL_NOTICE_ADD, NULL, err, "ii", k.id, s->now)) < 0))
		return rc;
	if (ret_new != NULL)
		*ret_new = !k.any && !k.moved;
	return 0;
}

int cw_state_scan_pause(struct cw_state *s, struct cw_err *err)
{
	assert(s->watch != 0);
	s->watch = 0;
	return cw_state_finish(s, 0, err);
}

int cw_state_scan_end(struct cw_state *s, const char *fingerprint, bool complete, struct cw_err *err)
{
	int64_t id = s->watch;
	int rc = 0;

	assert(id != 0);
	s->watch = 0;
	if (complete)
		rc = cw_sql_run(s, CW_SQL_GONE, NULL, err, "i", id);
	if (rc == 0)
		rc = cw_sql_run(s, CW_SQL_SCAN_END, NULL, err, "isii", id, complete ? fingerprint : "", s->now,
				s->now / CW_STATE_DAY);
	if (rc == 0)
		rc = cw_sql_run(s, CW_SQL_SEEN_FORGET, NULL, err, "i", id);
	return cw_state_finish(s, rc, err);
}

void cw_state_scan_abort(struct cw_state *s)
{
	s->watch = 0;
	cw_state_finish(s, CW_E_CANCELLED, NULL);
}

void cw_state_scan_forget(struct cw_state *s, int64_t id)
{
	cw_sql_run(s, CW_SQL_SEEN_FORGET, NULL, NULL, "i", id);
}
