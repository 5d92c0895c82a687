/* store/state_int.h - what the files of store/state*.c share: the open database and its statements. */
#ifndef CW_STORE_STATE_INT_H
#define CW_STORE_STATE_INT_H

#include <sqlite3.h>

#include "store/state.h"

#define CW_STATE_DAY 86400 /* seconds */

enum cw_sql {
#define CW_SQL(name, text) CW_SQL_##name,
#include "store/state_sql.def"
#undef CW_SQL
	CW_SQL_STATEMENTS,
};

struct cw_state {
	sqlite3 *db;
	sqlite3_stmt *statements[CW_SQL_STATEMENTS]; /* prepared when first used */
	int64_t counted_on; /* day of the last recount */
	/* The scan that is being written. */
	int64_t watch; /* 0: none */
	int64_t now;
	bool known; /* what it finds needs no notification */
};

/* The failure RC of the last call as an error, with what was DONE ("reading the state"). */
int cw_state_failed(struct cw_state *s, int rc, struct cw_err *err);

/* Bind to statement ID what KINDS says, in order: i an int64_t, s a text that must live until the statement ends (NULL: null). *ret is
 * borrowed and ended with cw_sql_end(). */
int cw_sql_open(struct cw_state *s, enum cw_sql id, sqlite3_stmt **ret, struct cw_err *err, const char *kinds, ...);
/* The next row: *ret_any tells whether there is one. */
int cw_sql_row(struct cw_state *s, sqlite3_stmt *st, bool *ret_any, struct cw_err *err);
/* Accepts NULL. */
void cw_sql_end(sqlite3_stmt *st);
CW_DEFINE_CLEANUP(sqlite3_stmt, cw_sql_end)
/* All in one, for a statement without rows. *ret_changes (may be NULL): rows that it changed. */
int cw_sql_run(struct cw_state *s, enum cw_sql id, int64_t *ret_changes, struct cw_err *err, const char *kinds, ...);
/* The one number that statement ID yields; *ret_any false: no row (*ret is then untouched). */
int cw_sql_number(struct cw_state *s, enum cw_sql id, bool *ret_any, int64_t *ret, struct cw_err *err, const char *kinds, ...);

/* A transaction of several statements: commit if RC is 0, else take it back; returns RC, or the failure to commit. */
int cw_state_begin(struct cw_state *s, struct cw_err *err);
int cw_state_finish(struct cw_state *s, int rc, struct cw_err *err);

/* store/state_schema.c */
/* Settings, lock, and the schema of this version. PATH for messages. */
int cw_state_prepare(struct cw_state *s, const char *path, struct cw_err *err);

#endif
