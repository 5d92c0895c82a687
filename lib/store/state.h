/* store/state.h - what the daemon remembers: watched repositories, findings, notifications still to be sent. SQLite, WAL.
 *
 * One writer. What a scan of a repository changes (its findings, the fingerprint of the refs they were found at, the notifications that
 * follow) is one transaction: after a kill at any point the repository is either as before, and will be scanned again, or done. A scan
 * with very many findings may be written in pieces, so that no single transaction lasts long: a finding and its notification are
 * always one, the fingerprint comes with the last piece, and what a scan that was cut off has left is recognised by the next one.
 * synchronous=NORMAL: a power loss may take back the last transactions, which are then done again; it cannot damage the file.
 * No secret is ever stored: findings are the records of `--format jsonl` without them. Days are counted from 1970-01-01, times in
 * seconds from there. After a failure that is not one of the arguments the transaction is taken back. Threads: one owner at a time. */
#ifndef CW_STORE_STATE_H
#define CW_STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define CW_STATE_RECORD_MAX ((size_t)1 << 20) /* bytes of a finding's record */

struct cw_state;

/* Open or make PATH (0600). Another process has it open, others could read or write it, or it is something else: CW_E_INVALID. A file
 * of a later version: CW_E_UNSUPPORTED; a damaged one: CW_E_CORRUPT, with what to do. */
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
	const char *fingerprint;  /* what was scanned last, "" before the first scan and after an incomplete one */
	bool from_now;		  /* what the first scan finds is known and is not notified */
	int64_t last_scan, last_change; /* 0: never */
	uint64_t findings;	  /* that are not gone, nor suppressed, nor allowed */
};

/* Add PATH; CW_E_INVALID when it is there. Ids are never used again. */
int cw_state_watch_add(struct cw_state *s, const char *path, bool from_now, int64_t *ret_id, struct cw_err *err);
/* Forget it and its findings; CW_E_NOTFOUND. */
int cw_state_watch_remove(struct cw_state *s, const char *path, struct cw_err *err);
/* REASON NULL: it does no longer fail. Its findings and its fingerprint stay. CW_E_NOTFOUND. */
int cw_state_watch_fail(struct cw_state *s, int64_t id, const char *reason, struct cw_err *err);
/* All, by path. A non-zero return of FN ends the list with it. FN may not list in turn: this holds for all lists here. */
int cw_state_watch_list(struct cw_state *s, int (*fn)(void *payload, const struct cw_state_watch *w, struct cw_err *err),
			void *payload, struct cw_err *err);

/* ---- a scan of a repository ---- */

/* Begin to write what a scan of watch ID found, at NOW; then add each finding; then end the scan, pause it (what came so far stays, and
 * the scan goes on with another begin), or take back what came since begin. From begin to there is one transaction, and no other
 * function is called: gather findings first and write them in one go. CW_E_NOTFOUND: no such watch. */
int cw_state_scan_begin(struct cw_state *s, int64_t id, int64_t now, struct cw_err *err);

struct cw_state_found {
	const char *key;	 /* tells the place from all others of the repository: fingerprint, rule, path */
	const char *fingerprint; /* of the secret */
	const char *record;	 /* the finding (JSON, at most CW_STATE_RECORD_MAX) */
	bool suppressed;	 /* the policy does not let it count */
	bool placeless;		 /* no tree names its object yet: at the place that one names later, it is not new */
};
/* *ret_new (may be NULL): it was not known before (a finding that was gone and is back is not new). One that counts (neither suppressed
 * nor allowed) gets one notification in its life, unless this is the first scan of a `from_now` watch. */
int cw_state_scan_finding(struct cw_state *s, const struct cw_state_found *f, bool *ret_new, struct cw_err *err);
int cw_state_scan_pause(struct cw_state *s, struct cw_err *err);
/* FINGERPRINT is that of the refs taken before the scan began; COMPLETE: everything was scanned. What was known and was not found by a
 * complete scan is marked as gone; an incomplete one leaves no fingerprint, so that it is done again. */
int cw_state_scan_end(struct cw_state *s, const char *fingerprint, bool complete, struct cw_err *err);
void cw_state_scan_abort(struct cw_state *s);
/* The scan of watch ID that was paused will not go on. */
void cw_state_scan_forget(struct cw_state *s, int64_t id);

/* ---- findings ---- */

enum cw_finding_state { CW_FOUND_LIVE, CW_FOUND_GONE, CW_FOUND_ALLOWED, CW_FOUND_SUPPRESSED };

struct cw_state_finding { /* strings are borrowed for the call */
	int64_t id; /* grows with time, never used again */
	const char *repository, *record;
	int64_t first_seen, last_seen;
	enum cw_finding_state state;
};

/* All findings of REPOSITORY (NULL: of all) with an id above SINCE, by id, as of day TODAY. A non-zero return of FN ends the list. */
int cw_state_finding_list(struct cw_state *s, const char *repository, int64_t since, int64_t today,
			  int (*fn)(void *payload, const struct cw_state_finding *f, struct cw_err *err), void *payload,
			  struct cw_err *err);
/* Those that count, of all repositories, as of their last scans. */
int cw_state_finding_count(struct cw_state *s, uint64_t *ret, struct cw_err *err);

/* ---- allowed secrets ---- */

#define CW_STATE_NEVER INT64_MAX

struct cw_state_allowance {
	const char *fingerprint, *reason; /* cleansed by the caller */
	int64_t expires; /* the last day, or CW_STATE_NEVER */
	int64_t uid;	 /* who says so */
	int64_t now;
};
/* Takes the place of an earlier one. Notifications of this secret that were not sent are dropped. */
int cw_state_allow(struct cw_state *s, const struct cw_state_allowance *a, struct cw_err *err);
/* CW_E_NOTFOUND. */
int cw_state_revoke(struct cw_state *s, const char *fingerprint, int64_t now, struct cw_err *err);
/* *ret: FINGERPRINT is allowed on day TODAY. */
int cw_state_is_allowed(struct cw_state *s, const char *fingerprint, int64_t today, bool *ret, struct cw_err *err);

/* ---- notifications: at least once, with an id that the receiver can tell repetitions by ---- */

struct cw_state_notice { /* strings are borrowed for the call */
	int64_t id;
	const char *repository, *record;
	int64_t first_seen;
	unsigned tries; /* so far */
};

/* The one that is due longest at NOW; *ret_any false: none. FN gets it. One that is due more than a day ahead was noted by a clock that was
 * wrong, and is due. */
int cw_state_notice_next(struct cw_state *s, int64_t now, bool *ret_any,
			 int (*fn)(void *payload, const struct cw_state_notice *n, struct cw_err *err), void *payload,
			 struct cw_err *err);
/* It was delivered; or it was not, and is due again at RETRY_AT. One that was dropped meanwhile is no error. */
int cw_state_notice_done(struct cw_state *s, int64_t id, struct cw_err *err);
int cw_state_notice_failed(struct cw_state *s, int64_t id, int64_t retry_at, struct cw_err *err);
/* When the next one is due; INT64_MAX: none is waiting. */
int cw_state_notice_due(struct cw_state *s, int64_t *ret, struct cw_err *err);
/* Findings that count on day TODAY and never got a notification get it, and are counted: allowances expire. */
int cw_state_notice_renew(struct cw_state *s, int64_t today, struct cw_err *err);
/* Nobody wants to be told: what is waiting counts as delivered. */
int cw_state_notice_clear(struct cw_state *s, struct cw_err *err);
int cw_state_notice_count(struct cw_state *s, uint64_t *ret, struct cw_err *err);

#endif
