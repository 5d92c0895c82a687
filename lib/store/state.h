/* lib/store/state.h - what the daemon remembers: watched repositories, findings, notifications still to be sent. SQLite, WAL.
 *
 * One writer. The change of a repository (its findings, the fingerprint of the refs they were found at, the notifications that follow)
 * is one transaction: after a kill at any point the repository is either as before, and will be scanned again, or done.
 * synchronous=NORMAL: a power loss may take back the last transactions, which are then done again; it cannot damage the file.
 * No secret is ever stored: findings are the records of `--format jsonl` without them. Threads: one owner at a time. */
#ifndef CW_STORE_STATE_H
#define CW_STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define CW_STATE_RECORD_MAX ((size_t)1 << 20) /* bytes of a finding's record */

struct cw_state;

/* Open or make PATH (0600). Another process that has it open as a writer: CW_E_INVALID. A file of a later version: CW_E_UNSUPPORTED;
 * a damaged one: CW_E_CORRUPT, with what to do. */
int cw_state_open(const char *path, struct cw_state **ret, struct cw_err *err);
void cw_state_close(struct cw_state *s);
CW_DEFINE_CLEANUP(struct cw_state, cw_state_close)

/* ---- watched repositories ---- */

enum cw_watch_state { CW_WATCH_BASELINING, CW_WATCH_WATCHING, CW_WATCH_FAILING };

struct cw_state_watch { /* strings are borrowed for the call */
	int64_t id;
	const char *path;
	enum cw_watch_state state;
	const char *reason;	  /* of FAILING, or NULL */
	const char *fingerprint;  /* of the refs that were scanned last, "" before the first scan */
	bool from_now;		  /* what the first scan finds is known and is not notified */
	int64_t last_scan, last_change; /* seconds since the epoch; 0: never */
	uint64_t findings;
};

/* Add PATH; CW_E_INVALID when it is there. */
int cw_state_watch_add(struct cw_state *s, const char *path, bool from_now, int64_t *ret_id, struct cw_err *err);
/* Forget it and its findings; CW_E_NOTFOUND. */
int cw_state_watch_remove(struct cw_state *s, const char *path, struct cw_err *err);
int cw_state_watch_fail(struct cw_state *s, int64_t id, const char *reason, struct cw_err *err);
/* All, by path. A non-zero return of FN ends the list with it. */
int cw_state_watch_list(struct cw_state *s, int (*fn)(void *payload, const struct cw_state_watch *w, struct cw_err *err),
			void *payload, struct cw_err *err);

/* ---- a scan of a repository ---- */

/* Begin what a scan of watch ID found; then add each finding; then end it or take it back. The lines between begin and end are one
 * transaction, so gather them first and write them in one go. */
int cw_state_scan_begin(struct cw_state *s, int64_t id, struct cw_err *err);
/* KEY tells the place from all others of the repository (fingerprint, rule, path), RECORD is the finding (JSON), COUNTS whether policy
 * lets it count. *ret_new: it was not known before (a finding that was gone and is back is not new). A new one that counts, unless this is
 * the first scan of a `from_now` watch, gets a notification. */
int cw_state_scan_finding(struct cw_state *s, const char *key, const char *record, bool counts, bool *ret_new, struct cw_err *err);
/* FINGERPRINT is that of the refs taken before the scan began; COMPLETE: everything was scanned. What was known and was not found by a complete scan is marked
 * as gone. NOW in seconds since the epoch. */
int cw_state_scan_end(struct cw_state *s, const char *fingerprint, bool complete, int64_t now, struct cw_err *err);
void cw_state_scan_abort(struct cw_state *s);

/* ---- findings ---- */

struct cw_state_finding {
	int64_t id;
	const char *repository, *record;
	int64_t first_seen, last_seen;
	bool gone;
};

/* All findings of REPOSITORY (NULL: of all) with an id above SINCE, by id. */
int cw_state_finding_list(struct cw_state *s, const char *repository, int64_t since,
			  int (*fn)(void *payload, const struct cw_state_finding *f, struct cw_err *err), void *payload,
			  struct cw_err *err);
int cw_state_finding_count(struct cw_state *s, uint64_t *ret, struct cw_err *err);

/* ---- allowed secrets ---- */

/* REASON is cleansed by the caller; EXPIRES: last day since 1970-01-01, INT64_MAX: never. */
int cw_state_allow(struct cw_state *s, const char *fingerprint, const char *reason, int64_t expires, int64_t uid,
		   struct cw_err *err);
int cw_state_revoke(struct cw_state *s, const char *fingerprint, struct cw_err *err);
/* *ret: FINGERPRINT is allowed on day TODAY (since 1970-01-01). */
int cw_state_is_allowed(struct cw_state *s, const char *fingerprint, int64_t today, bool *ret, struct cw_err *err);

/* ---- notifications: at least once, with an id that the receiver can tell repetitions by ---- */

struct cw_state_notice {
	int64_t id;
	const char *repository, *record;
	int64_t first_seen;
	unsigned tries;
};

/* The oldest one that is due at NOW (seconds since the epoch); *ret_any false: none. FN gets it. */
int cw_state_notice_next(struct cw_state *s, int64_t now, bool *ret_any,
			 int (*fn)(void *payload, const struct cw_state_notice *n, struct cw_err *err), void *payload,
			 struct cw_err *err);
/* It was delivered; or it was not, and is due again at RETRY_AT. */
int cw_state_notice_done(struct cw_state *s, int64_t id, struct cw_err *err);
int cw_state_notice_failed(struct cw_state *s, int64_t id, int64_t retry_at, struct cw_err *err);
int cw_state_notice_count(struct cw_state *s, uint64_t *ret, struct cw_err *err);

#endif
