/* store/state.c - the database of the state: opening and closing it, its statements and errors. */
#include "store/state_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const texts[] = {
#define CW_SQL(name, text) text,
#include "store/state_sql.def"
#undef CW_SQL
};

int cw_state_failed(struct cw_state *s, int rc, struct cw_err *err)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return cw_err_nomem(err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return cw_err_set(err, CW_E_INVALID, "another process uses it");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return cw_err_set(err, CW_E_CORRUPT,
				  "it is damaged: move it away, and watched repositories have to be added again");
	case SQLITE_TOOBIG:
		return cw_err_set(err, CW_E_LIMIT, "a value is too long");
	case SQLITE_CONSTRAINT:
		return cw_err_set(err, CW_E_CORRUPT, "it contradicts itself (%s)", sqlite3_errmsg(s->db));
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return cw_err_set(err, CW_E_INTERNAL, "%s", sqlite3_errmsg(s->db));
	default: /* no space, no access, an error of the disk */
		return cw_err_set(err, CW_E_IO, "%s", sqlite3_errstr(rc));
	}
}

/* ---- statements ---- */

static int bind_all(sqlite3_stmt *st, const char *kinds, va_list values)
{
	int rc = SQLITE_OK, i;

	for (i = 1; kinds[i - 1] != '\0' && rc == SQLITE_OK; i++)
		rc = kinds[i - 1] == 'i' ? sqlite3_bind_int64(st, i, va_arg(values, int64_t)) :
					   sqlite3_bind_text(st, i, va_arg(values, const char *), -1, SQLITE_STATIC);
	return rc;
}

static int open_statement(struct cw_state *s, enum cw_sql id, sqlite3_stmt **ret, struct cw_err *err, const char *kinds,
			  va_list values)
{
	sqlite3_stmt **st = &s->statements[id];
	int rc = SQLITE_OK;

	if (*st == NULL)
		rc = sqlite3_prepare_v3(s->db, texts[id], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
	if (rc == SQLITE_OK)
		rc = bind_all(*st, kinds, values);
	if (rc != SQLITE_OK) {
		cw_sql_end(*st);
		return cw_err_wrap(err, cw_state_failed(s, rc, err), "state");
	}
	*ret = *st;
	return 0;
}

int cw_sql_open(struct cw_state *s, enum cw_sql id, sqlite3_stmt **ret, struct cw_err *err, const char *kinds, ...)
{
	va_list values;
	int rc;

	va_start(values, kinds);
	rc = open_statement(s, id, ret, err, kinds, values);
	va_end(values);
	return rc;
}

int cw_sql_row(struct cw_state *s, sqlite3_stmt *st, bool *ret_any, struct cw_err *err)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return cw_err_wrap(err, cw_state_failed(s, rc, err), "state");
	*ret_any = rc == SQLITE_ROW;
	return 0;
}

void cw_sql_end(sqlite3_stmt *st)
{
	if (st == NULL)
		return;
	sqlite3_reset(st); /* its failure is that of the last step */
	sqlite3_clear_bindings(st);
}

int cw_sql_run(struct cw_state *s, enum cw_sql id, int64_t *ret_changes, struct cw_err *err, const char *kinds, ...)
{
	CW_CLEANUP(cw_sql_end_p) sqlite3_stmt *st = NULL;
	va_list values;
	bool any;
	int rc;

	va_start(values, kinds);
	rc = open_statement(s, id, &st, err, kinds, values);
	va_end(values);
	if (rc == 0)
		rc = cw_sql_row(s, st, &any, err);
	if (rc == 0 && ret_changes != NULL)
		*ret_changes = sqlite3_changes64(s->db);
	return rc;
}

int cw_sql_number(struct cw_state *s, enum cw_sql id, bool *ret_any, int64_t *ret, struct cw_err *err, const char *kinds, ...)
{
	CW_CLEANUP(cw_sql_end_p) sqlite3_stmt *st = NULL;
	va_list values;
	int rc;

	va_start(values, kinds);
	rc = open_statement(s, id, &st, err, kinds, values);
	va_end(values);
	if (rc < 0 || (rc = cw_sql_row(s, st, ret_any, err)) < 0)
		return rc;
	if (*ret_any)
		*ret = sqlite3_column_int64(st, 0);
	return 0;
}

/* ---- transactions ---- */

int cw_state_begin(struct cw_state *s, struct cw_err *err)
{
	return cw_sql_run(s, CW_SQL_BEGIN, NULL, err, "");
}

int cw_state_finish(struct cw_state *s, int rc, struct cw_err *err)
{
	if (rc == 0)
		rc = cw_sql_run(s, CW_SQL_COMMIT, NULL, err, "");
	/* Some failures end the transaction by themselves. */
	if (rc < 0 && !sqlite3_get_autocommit(s->db))
		cw_sql_run(s, CW_SQL_ROLLBACK, NULL, NULL, "");
	return rc;
}

/* ---- opening ---- */

/* Make the file if there is none: nobody else may ever read it. */
static int check_file(const char *path, struct cw_err *err)
{
	CW_CLEANUP(cw_closep) int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd >= 0)
		return 0;
	if (errno != EEXIST)
		return cw_err_sys(err, errno, "cannot make state '%s'", path);
	/* Not opened: closing it would drop the locks of another handle in this process. */
	if (lstat(path, &st) < 0)
		return cw_err_sys(err, errno, "state '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return cw_err_set(err, CW_E_INVALID, "state '%s': must be a file of the daemon's user with mode 0600", path);
	return 0;
}

int cw_state_open(const char *path, struct cw_state **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_state_close_p) struct cw_state *s = NULL;
	int rc = check_file(path, err);

	if (rc < 0)
		return rc;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return cw_err_nomem(err);
	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (rc != SQLITE_OK)
		return cw_err_wrap(err, cw_state_failed(s, rc, err), "state '%s'", path);
	sqlite3_extended_result_codes(s->db, 1);
	rc = cw_state_prepare(s, path, err);
	if (rc < 0)
		return rc;
	*ret = cw_steal(&s);
	return 0;
}

void cw_state_close(struct cw_state *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < CW_SQL_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s);
}
