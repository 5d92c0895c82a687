/* daemon/audit.h - the audit log: one JSON object a line for what administrators do, what hooks report, and what is refused.
 *
 * The user of a line is the kernel's word; what a caller says of itself is marked as claimed. Every text is cleansed of secrets here.
 * Lines that peers can cause without limit (refusals, reports) are limited, and how many were left out is said. Threads: one. */
#ifndef CW_DAEMON_AUDIT_H
#define CW_DAEMON_AUDIT_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/method.h"

#define CW_AUDIT_NOTES_MAX 2000 /* outcomes in CW_LOG_WINDOW_MS */
#define CW_AUDIT_TEXT_MAX ((size_t)4096) /* bytes of one text; a longer one is withheld */

struct cw_audit_event { /* what is NULL, or -1, is left out */
	const char *event;	    /* "allow", "revoke", "watch", "unwatch", "disconnect", "reload", "outcome", "refused" */
	const struct cw_peer *peer; /* NULL: the daemon itself, or a signal */
	const char *claimed_user;
	const char *method, *repository, *refs, *fingerprint, *rule, *reason;
	int64_t status, findings, session;
};
#define CW_AUDIT_EVENT(word, who) { .event = (word), .peer = (who), .status = -1, .findings = -1, .session = -1 }

int cw_audit_new(struct cw_daemon *d, struct cw_audit **ret, struct cw_err *err);
void cw_audit_free(struct cw_audit *a);
CW_DEFINE_CLEANUP(struct cw_audit, cw_audit_free)
/* 0 when the line is on disk, or no log is configured. What needs a line must not be done without: so write it before. */
int cw_audit_add(struct cw_audit *a, const struct cw_audit_event *e, struct cw_err *err);
/* The same within the limit for peers, and without waiting for the disk; what goes wrong is said in the daemon's log. */
void cw_audit_note(struct cw_audit *a, const struct cw_audit_event *e);
/* Append TEXT to OUT as it would stand in a line: without secrets. */
int cw_audit_cleanse(struct cw_audit *a, const char *text, struct cw_buf *out, struct cw_err *err);

#endif
