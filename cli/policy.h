/* cli/policy.h - the policy of one run: configurations of repository, user and system, what the command line says, and where
 * they come from. */
#ifndef CW_CLI_POLICY_H
#define CW_CLI_POLICY_H

#include <stdbool.h>

#include "base/opts.h"
#include "base/vec.h"
#include "policy/conf.h"
#include "policy/key.h"
#include "policy/policy.h"
#include "policy/source.h"

struct cw_policy_args { /* filled by CW_POLICY_OPTIONS; all zero at first */
	const char *config;   /* file that takes the place of the repository's configuration, or NULL */
	const char *baseline; /* or NULL */
	bool no_repository_config, no_inline_marks, show_suppressed;
	bool no_baselines; /* not an option: the run makes one, and those configured are only named */
	int fail_on; /* index into cw_policy_fail_on; 0: as configured */
};

extern const char *const cw_policy_fail_on[];

/* Rows of an option table for the member POLICY of struct S. */
#define CW_POLICY_OPTIONS(s, member)                                                                                   \
	{.kind = CW_OPT_CHOICE, .name = "fail-on", .arg = "SEVERITY", .offset = offsetof(s, member.fail_on),           \
	 .choices = cw_policy_fail_on,                                                                                 \
	 .help = "findings of this severity and above end in exit status 1: low (default), medium, high or critical"}, \
	{.kind = CW_OPT_FLAG, .name = "show-suppressed", .offset = offsetof(s, member.show_suppressed),                \
	 .help = "list also what allow entries, baselines and inline marks suppress"},                                 \
	{.kind = CW_OPT_FLAG, .name = "no-inline-marks", .offset = offsetof(s, member.no_inline_marks),                \
	 .help = "comments such as credwatch:allow suppress nothing"},                                                 \
	{.kind = CW_OPT_STRING, .name = "baseline", .arg = "FILE", .offset = offsetof(s, member.baseline),             \
	 .help = "the secrets in this baseline are known and do not count"},                                           \
	{.kind = CW_OPT_STRING, .name = "config", .arg = "FILE", .offset = offsetof(s, member.config),                 \
	 .help = "read FILE in place of the repository's .credwatch.yaml"},                                            \
	{                                                                                                              \
		.kind = CW_OPT_FLAG, .name = "no-repository-config",                                                   \
		.offset = offsetof(s, member.no_repository_config),                                                    \
		.help = "do not read the repository's .credwatch.yaml"                                                 \
	}

/* What is scanned. */
struct cw_site {
	bool git;		   /* PATHS[0] is in a repository whose history is scanned */
	const char *const *paths; /* files, folders and "-" */
	size_t paths_len;
};

struct cw_site_policy {
	struct cw_conf *conf;
	struct cw_policy *policy; /* NULL until cw_site_policy_judge() */
	struct cw_source source;  /* the repository's files; read NULL: there are none */
	struct cw_repo *repo;
	struct cw_vec roots; /* char *: one a path */
	bool vcs;	     /* libgit2 is in use */
	bool no_baselines;
};

/* Read all configurations for SITE. Release it also after a failure. */
int cw_site_policy_load(struct cw_site_policy *p, const struct cw_site *site, const struct cw_policy_args *opts,
			struct cw_err *err);
/* Make p->policy for fingerprints of this key and print what the user should know. */
int cw_site_policy_judge(struct cw_site_policy *p, const char *key_id, struct cw_err *err);
/* The repository's files are not needed any more. */
void cw_site_policy_close(struct cw_site_policy *p);
void cw_site_policy_release(struct cw_site_policy *p);

#endif
