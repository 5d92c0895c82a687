/* store/state_schema.c - how the state is laid out on disk, and how it grows from version to version.
 *
 * A version is never changed once it was released: a later one is a further script. Retention will delete gone findings by (gone, last_seen),
 * trends will be a table of their own filled at the end of scans; there are no tables of single repositories, so ten thousand of them are
 * only rows. `locking_mode=EXCLUSIVE` keeps the lock from the first access until the end, needs no shared memory file, and is dropped
 * by the kernel when the process dies. Source: sqlite.org/pragma.html, sqlite.org/security.html. */
#include "store/state_int.h"

#include <string.h>

#include "base/buf.h"

#define APPLICATION_ID 0x63776474 /* tells this kind of database from others */

static const char *const versions[] = {
	/* 1 */
	"CREATE TABLE repository("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  path TEXT NOT NULL UNIQUE,"
	"  refs TEXT NOT NULL DEFAULT '',"	    /* fingerprint of what was scanned */
	"  reason TEXT,"			    /* why it fails */
	"  from_now INTEGER NOT NULL,"
	"  last_scan INTEGER NOT NULL DEFAULT 0,"
	"  last_change INTEGER NOT NULL DEFAULT 0,"
	"  findings INTEGER NOT NULL DEFAULT 0) STRICT;" /* that count */
	"CREATE TABLE finding("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  repository INTEGER NOT NULL REFERENCES repository(id) ON DELETE CASCADE,"
	"  key TEXT NOT NULL,"
	"  fingerprint TEXT NOT NULL,"
	"  record TEXT NOT NULL,"
	"  suppressed INTEGER NOT NULL,"
	"  placeless INTEGER NOT NULL,"		    /* no tree names its object */
	"  gone INTEGER NOT NULL DEFAULT 0,"
	"  notified INTEGER NOT NULL,"		    /* a notification was made, or none is wanted */
	"  first_seen INTEGER NOT NULL,"
	"  last_seen INTEGER NOT NULL) STRICT;"	    /* of those that are gone */
	"CREATE UNIQUE INDEX finding_key ON finding(repository, key);"
	"CREATE INDEX finding_repository ON finding(repository);"
	"CREATE INDEX finding_counted ON finding(repository, fingerprint) WHERE gone = 0 AND suppressed = 0;"
	"CREATE INDEX finding_fingerprint ON finding(fingerprint);"
	"CREATE INDEX finding_untold ON finding(fingerprint) WHERE notified = 0 AND suppressed = 0;"
	"CREATE INDEX finding_placeless ON finding(repository, fingerprint) WHERE placeless = 1;"
	"CREATE INDEX finding_gone ON finding(last_seen) WHERE gone = 1;"
	"CREATE TABLE allowed("
	"  fingerprint TEXT PRIMARY KEY,"
	"  reason TEXT NOT NULL,"
	"  expires INTEGER NOT NULL,"
	"  uid INTEGER NOT NULL,"
	"  since INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE notice("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  finding INTEGER NOT NULL UNIQUE REFERENCES finding(id) ON DELETE CASCADE,"
	"  due INTEGER NOT NULL,"
	"  tries INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX notice_due ON notice(due);",
};
#define VERSION ((int64_t)(sizeof(versions) / sizeof(*versions)))

/* What was seen by scans that are not over. */
static const char temporary[] = "CREATE TEMP TABLE seen(repository INTEGER NOT NULL, finding INTEGER NOT NULL,"
				" PRIMARY KEY(repository, finding)) WITHOUT ROWID";

static const struct {
	int what, value;
} configuration[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
};

static const struct {
	int what, value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, 4 << 20 }, /* of a row; above CW_STATE_RECORD_MAX and a key */
	{ SQLITE_LIMIT_SQL_LENGTH, 1 << 14 },
	{ SQLITE_LIMIT_COLUMN, 100 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 50 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 2 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 16 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static const char pragmas[] = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
			      "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-2048;"
			      "PRAGMA journal_size_limit=8388608;";

static void configure(sqlite3 *db)
{
	size_t i;

	for (i = 0; i < sizeof(configuration) / sizeof(*configuration); i++)
		sqlite3_db_config(db, configuration[i].what, configuration[i].value, NULL);
	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		sqlite3_limit(db, limits[i].what, limits[i].value);
}

static int take_number(void *payload, int columns, char **values, char **names)
{
	int64_t *ret = payload;

	/* A pragma's value: SQLite wrote the text itself. */
	for (*ret = 0; columns > 0 && values[0] != NULL && *values[0] >= '0' && *values[0] <= '9'; values[0]++)
		*ret = *ret * 10 + (*values[0] - '0');
	return 0;
}

static int pragma(struct cw_state *s, const char *sql, int64_t *ret, struct cw_err *err)
{
	int rc = sqlite3_exec(s->db, sql, take_number, ret, NULL);

	return rc == SQLITE_OK ? 0 : cw_state_failed(s, rc, err);
}

static int exec(struct cw_state *s, const char *sql, struct cw_err *err)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : cw_state_failed(s, rc, err);
}

/* Whether this is a file of ours, or an empty one. */
static int check_kind(struct cw_state *s, int64_t *ret_version, struct cw_err *err)
{
	int64_t application = 0, version = 0, tables = 0;
	int rc;

	if ((rc = pragma(s, "PRAGMA application_id", &application, err)) < 0 ||
	    (rc = pragma(s, "PRAGMA user_version", &version, err)) < 0 ||
	    (rc = pragma(s, "SELECT count(*) FROM sqlite_schema", &tables, err)) < 0)
		return rc;
	if (application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0))
		return cw_err_set(err, CW_E_INVALID, "it is a database of another program");
	if (version > VERSION)
		return cw_err_set(err, CW_E_UNSUPPORTED,
				  "it was written by a later version of credwatch (layout %lld, known is %lld)",
				  (long long)version, (long long)VERSION);
	*ret_version = version;
	return 0;
}

static int upgrade(struct cw_state *s, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf sql = CW_BUF_INIT;
	int64_t version = 0;
	int rc = check_kind(s, &version, err);

	if (rc < 0 || version == VERSION)
		return rc;
	for (; version < VERSION; version++)
		if ((rc = exec(s, versions[version], err)) < 0)
			return rc;
	cw_buf_addf(&sql, "PRAGMA application_id=%d; PRAGMA user_version=%lld", APPLICATION_ID, (long long)VERSION);
	return (rc = cw_buf_fail(&sql, "state", err)) < 0 ? rc : exec(s, sql.data, err);
}

static int take_mode(void *payload, int columns, char **values, char **names)
{
	*(bool *)payload = columns > 0 && values[0] != NULL && strcmp(values[0], "wal") == 0;
	return 0;
}

static int start_log(struct cw_state *s, struct cw_err *err)
{
	bool wal = false;
	int rc = sqlite3_exec(s->db, "PRAGMA journal_mode=WAL", take_mode, &wal, NULL);

	if (rc != SQLITE_OK)
		return cw_state_failed(s, rc, err);
	return wal ? 0 : cw_err_set(err, CW_E_IO, "the file system does not take a write-ahead log");
}

int cw_state_prepare(struct cw_state *s, const char *path, struct cw_err *err)
{
	int64_t version;
	int rc;

	configure(s->db);
	/* Nothing is written to a file that is not ours: its journal mode included. */
	if ((rc = exec(s, pragmas, err)) < 0 || (rc = check_kind(s, &version, err)) < 0 || (rc = start_log(s, err)) < 0 ||
	    (rc = cw_state_begin(s, err)) < 0)
		return cw_err_wrap(err, rc, "state '%s'", path);
	rc = cw_state_finish(s, upgrade(s, err), err);
	if (rc == 0)
		rc = exec(s, temporary, err);
	return rc < 0 ? cw_err_wrap(err, rc, "state '%s'", path) : 0;
}
