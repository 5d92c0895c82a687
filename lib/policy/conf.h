/* policy/conf.h - the configuration: `.credwatch.yaml` of a repository, config.yaml of the user and of the system, as one.
 *
 * Of a single value the most trusted level's counts: system over user over repository over the default. Lists are joined. A level
 * above may forbid the repository's (repository_policy). Errors say file:line, what is wrong and what to do; an unknown key is one.
 * conf.def is the table of all keys. Threads: immutable once loaded. */
#ifndef CW_POLICY_CONF_H
#define CW_POLICY_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "policy/source.h"
#include "rules/rule.h"

#define CW_CONF_FILE ".credwatch.yaml"	     /* in a repository */
#define CW_CONF_SYSTEM "/etc/credwatch/config.yaml"
#define CW_CONF_FILE_MAX ((size_t)4 << 20)   /* bytes */
#define CW_CONF_LIST_MAX ((size_t)20000)     /* entries of a list */
#define CW_CONF_NEVER INT64_MAX		     /* expires: no such day */

/* From the least trusted to the most. */
enum cw_conf_level { CW_LEVEL_DEFAULT, CW_LEVEL_REPOSITORY, CW_LEVEL_USER, CW_LEVEL_SYSTEM };
/* "default", "repository", "user", "system". */
const char *cw_conf_level_name(enum cw_conf_level l);

enum cw_repository_policy { CW_REPOSITORY_APPLY, CW_REPOSITORY_AUDIT, CW_REPOSITORY_IGNORE, CW_REPOSITORY_DEFAULT_BRANCH };
/* Names in that order, and those of enum cw_severity; ended by NULL. */
extern const char *const cw_conf_repository_policies[], *const cw_conf_severities[];

/* The same for the keys of hooks. Thresholds are severities and above all of them CW_THRESHOLD_NONE; proofs are enum cw_proof_level. */
enum cw_judge_what { CW_JUDGE_NEW, CW_JUDGE_ALL };
enum cw_hook_preset { CW_PRESET_PLAIN, CW_PRESET_GHES, CW_PRESET_GITLAB };
enum cw_on_timeout { CW_TIMEOUT_REJECT, CW_TIMEOUT_ACCEPT };
enum cw_on_error { CW_ERROR_REJECT, CW_ERROR_ACCEPT };
enum cw_bypass_policy { CW_BYPASS_FORBID, CW_BYPASS_ALLOW };
enum cw_daemon_use { CW_DAEMON_AUTO, CW_DAEMON_NEVER, CW_DAEMON_REQUIRE };
#define CW_THRESHOLD_NONE (CW_SEVERITY_CRITICAL + 1)
extern const char *const cw_conf_judges[], *const cw_conf_thresholds[], *const cw_conf_proofs[], *const cw_conf_presets[],
	*const cw_conf_on_timeouts[], *const cw_conf_on_errors[], *const cw_conf_bypasses[], *const cw_conf_daemon_uses[],
	*const cw_conf_log_levels[]; /* from error to debug */

struct cw_conf_from { /* who set a value */
	enum cw_conf_level level;
	const char *file; /* as shown; NULL for defaults */
	int line;
};

struct cw_conf_path {
	struct cw_conf_from from;
	const char *path; /* level repository: relative to the repository's root; else a file name that can be opened */
};

struct cw_conf_entry { /* of allow, exclude and rules.disable; what is not given is NULL */
	struct cw_conf_from from;
	const char *fingerprint, *rule, *provider, *path, *value;
	const char *reason; /* never NULL or empty */
	int64_t expires;    /* the last day on which it counts, since 1970-01-01; CW_CONF_NEVER */
};

enum cw_conf_key {
#define CW_CONF(id, name, kind, member, value, min, max, choices, levels, about) CW_CONF_##id,
#define CW_CONF_FIELD(list, name, kind, member, about)
#include "policy/conf.def"
#undef CW_CONF
#undef CW_CONF_FIELD
	CW_CONF_COUNT_
};

struct cw_conf {
	uint64_t object_max, jobs;
	const char *format;
	int fail_on;	       /* enum cw_severity */
	int repository_policy; /* enum cw_repository_policy */
	bool inline_marks;
	int hooks_judge, hooks_preset, hooks_on_timeout, hooks_on_error, hooks_bypass; /* the enums above */
	int hooks_block_severity, hooks_block_proof, hooks_warn_severity, hooks_warn_proof;
	uint64_t hooks_deadline_ms;
	const char *hooks_audit_log;
	int daemon_use, daemon_log_level; /* enum cw_daemon_use; index into cw_conf_log_levels */
	const char *daemon_socket, *daemon_user, *daemon_state, *daemon_scan, *daemon_audit, *daemon_admin, *daemon_metrics,
		*daemon_audit_log; /* "" where there is none */
	uint64_t daemon_workers, daemon_repository_workers, daemon_max_connections, daemon_max_connections_uid,
		daemon_queue_max, daemon_queue_max_uid;
	uint64_t daemon_message_max, daemon_fd_max, daemon_worker_memory; /* bytes */
	uint64_t daemon_idle_ms, daemon_message_ms, daemon_job_ms, daemon_repository_ms, watch_sweep_ms, watch_notify_ms;
	struct cw_vec daemon_roots; /* struct cw_conf_path */
	struct cw_vec watch_notify; /* const char *: the last level's list alone */
	struct cw_vec baselines, rule_files;	  /* struct cw_conf_path */
	struct cw_vec disable, exclude, allow;	  /* struct cw_conf_entry */
	struct cw_conf_from from[CW_CONF_COUNT_]; /* of the single values */
	struct cw_vec strings;			  /* char *: everything above points into them */
};

/* A configuration of defaults. */
int cw_conf_new(struct cw_conf **ret, struct cw_err *err);
void cw_conf_free(struct cw_conf *c);
CW_DEFINE_CLEANUP(struct cw_conf, cw_conf_free)
/* Add the LEN bytes of one file of LEVEL. NAME is shown in messages; relative paths in it refer to its folder, but those of a
 * repository to the repository's root. After a failure C may hold a part of it. */
int cw_conf_add(struct cw_conf *c, enum cw_conf_level level, const char *name, const char *data, size_t len,
		struct cw_err *err);
/* Add the user's and the system's file, where they exist. Files that others may change are refused. */
int cw_conf_load_trusted(struct cw_conf *c, struct cw_err *err);
/* Add the file PATH as the system's, which must be there; one that others may change is refused. */
int cw_conf_load_server(struct cw_conf *c, const char *path, struct cw_err *err);
/* Add CW_CONF_FILE out of SOURCE, if there is one and the policy so far does not forbid it. */
int cw_conf_load_repository(struct cw_conf *c, const struct cw_source *source, struct cw_err *err);
/* Read the file of P, at most MAX bytes; SOURCE (may be NULL) is the repository's. */
int cw_conf_read(const struct cw_conf_path *p, const struct cw_source *source, size_t max, struct cw_buf *out,
		 struct cw_err *err);

/* The whole configuration as YAML that cw_conf_add() reads back, with a comment for who set what. */
int cw_conf_dump(const struct cw_conf *c, struct cw_buf *out, struct cw_err *err);
/* All keys with their types, defaults, ranges, levels and meanings. */
int cw_conf_keys(struct cw_buf *out, struct cw_err *err);
/* TEXT as a YAML scalar in single quotes, or in double quotes when it holds what those cannot. */
void cw_conf_quote(const char *text, struct cw_buf *out);

#endif
