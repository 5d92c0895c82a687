/* hooks/gate.h - what all hooks have in common: policy, rules and key, the verdict on each finding, and the message for the person
 * whose push or commit it is.
 *
 * Usage: init, load, prepare, scan into cw_findings_sink(gate.findings), decide, say, flush, release. Everything that comes from outside is
 * redacted before it is said, and escaped. Threads: one. */
#ifndef CW_HOOKS_GATE_H
#define CW_HOOKS_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"
#include "cli/exit.h"
#include "policy/cleanse.h"
#include "policy/conf.h"
#include "policy/findings.h"
#include "policy/policy.h"
#include "scan/coverage.h"
#include "scan/hit.h"

enum cw_verdict {
	CW_VERDICT_PASS,   /* not even said */
	CW_VERDICT_WARN,   /* said */
	CW_VERDICT_BYPASS, /* it would block, but the pusher may let it pass */
	CW_VERDICT_BLOCK,
};

struct cw_gate_item { /* a finding; items of one secret stand together */
	const struct cw_finding *finding;
	enum cw_verdict verdict; /* of the secret: the worst of its places */
	size_t rank, group;	 /* internal */
};

struct cw_gate {
	const char *what; /* "push", "commit": what the hook lets through or not */
	const char *way_out; /* the command that goes on without this hook; NULL: there is none, or it is not to be named */
	const char *line_prefix; /* of every line that is said; "" or what the platform wants */
	struct cw_conf *conf;
	struct cw_policy *policy;
	struct cw_set *set;
	struct cw_findings *findings;
	struct cw_cleanser *cleanser; /* made when something is to be said: see cw_gate_cleanse() */
	struct cw_coverage coverage;
	struct cw_progress progress;
	unsigned jobs; /* threads that may scan; after prepare */
	struct cw_vec items; /* struct cw_gate_item; after decide */
	size_t secrets[CW_VERDICT_BLOCK + 1]; /* of each verdict; after decide */
	struct cw_buf text; /* what was said so far */
};

void cw_gate_init(struct cw_gate *g, const char *what);
void cw_gate_release(struct cw_gate *g);
/* Read the configurations of user and system, and FILE (may be NULL) as one of the system's. */
int cw_gate_load(struct cw_gate *g, const char *file, struct cw_err *err);
/* Load rules and key and make the collector. SOURCE (may be NULL) is where the repository's files are. */
int cw_gate_prepare(struct cw_gate *g, const struct cw_source *source, struct cw_err *err);
/* After the scan: sort, redact, and give each secret its verdict. MAY_PASS (may be NULL) says whether a secret that blocks was named by
 * the pusher, by its fingerprint. */
int cw_gate_decide(struct cw_gate *g, bool (*may_pass)(const void *payload, const char *fingerprint), const void *payload,
		   struct cw_err *err);

/* Add to the message. Text from outside goes through cw_gate_add_foreign(). */
void cw_gate_say(struct cw_gate *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Append TEXT to the message, redacted and escaped. */
void cw_gate_add_foreign(struct cw_gate *g, const char *text);
/* Append TEXT, redacted, to OUT. */
int cw_gate_cleanse(struct cw_gate *g, const char *text, struct cw_buf *out, struct cw_err *err);
/* Append TEXT, wrapped, each line after the first indented by INDENT. */
void cw_gate_add_wrapped(struct cw_gate *g, const char *text, size_t indent);
/* N and ONE, or MANY when N is not 1. */
void cw_gate_add_number(struct cw_gate *g, uint64_t n, const char *one, const char *many);
/* Write the message to standard error. When it cannot be made, one line says so. */
void cw_gate_flush(struct cw_gate *g);
/* Flush, then say that the push or commit is stopped because of ERR; the status for that. */
enum cw_exit cw_gate_fail(struct cw_gate *g, const struct cw_err *err);

/* list.c: the secrets of one verdict, at most CW_GATE_LISTED of them with all that helps to find them. */
#define CW_GATE_LISTED 20
void cw_gate_list(struct cw_gate *g, enum cw_verdict verdict);
/* The objects that were not scanned, with reasons. */
void cw_gate_list_unscanned(struct cw_gate *g);

#endif
