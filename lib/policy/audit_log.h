/* policy/audit_log.h - the audit log: one JSON object a line, only ever added to, on disk before the caller goes on.
 * Threads: reentrant; several processes may write at once. */
#ifndef CW_POLICY_AUDIT_LOG_H
#define CW_POLICY_AUDIT_LOG_H

#include "base/err.h"
#include "base/json.h"

#define CW_AUDIT_LINE_MAX ((size_t)64 << 20) /* bytes */

/* Add RECORD to the file PATH, which is made with mode 0640 if it is not there. What the record holds is the caller's to cleanse. 0 only
 * when all of it has reached the disk. CW_E_INVALID when PATH is no absolute path, or names something else than a regular file. */
int cw_audit_log_add(const char *path, const struct cw_json *record, struct cw_err *err);
/* The same without waiting for the disk: a power loss may take the line back. */
int cw_audit_log_note(const char *path, const struct cw_json *record, struct cw_err *err);

#endif
