/* policy/sights.h - what the collector keeps of the secrets themselves: fingerprint and redacted form, each distinct one once.
 * A secret stays only where secrets are shown. Threads: one owner at a time. */
#ifndef CW_POLICY_SIGHTS_H
#define CW_POLICY_SIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/key.h"
#include "policy/policy.h"
#include "scan/hit.h"

struct cw_form { /* one way in which a secret was written */
	const struct cw_rule *rule;
	char fingerprint[CW_FINGERPRINT_SIZE];
	char *redacted;
	char *secret; /* NULL unless secrets are shown */
	size_t secret_len;
	uint32_t *values; /* value conditions of the policy that hold for it */
	size_t values_len;
};

struct cw_sight { /* what many hits of one form have in common, wherever they stand */
	const struct cw_form *form;
	enum cw_proof_level proof;
	bool cut;
	const char *label, *decoded;
	const char *python; /* interned: the line as Python should have it (policy/rewrite.h), or NULL */
	uint32_t *also;
	size_t also_len;
};

struct cw_sights {
	void *forms, *sights, *texts; /* search.h trees: struct cw_form, struct cw_sight, char */
	struct cw_buf scratch;
	const struct cw_policy *policy;	/* borrowed; NULL: no value conditions */
	struct cw_pattern_state *state; /* for it */
	struct cw_vec values;		/* uint32_t, scratch */
};
#define CW_SIGHTS_INIT { .scratch = CW_BUF_INIT, .values = CW_VEC_INIT(uint32_t, 2 * CW_CONF_LIST_MAX) }

void cw_sights_release(struct cw_sights *s);
/* Ask POLICY (borrowed) which value conditions hold for each secret to come. */
int cw_sights_set_policy(struct cw_sights *s, const struct cw_policy *policy, struct cw_err *err);
/* The one copy of TEXT, which lives as long as S; NULL without memory. */
const char *cw_sights_text(struct cw_sights *s, const char *text);
/* The one sight for HIT, fingerprinted with KEY; likewise. */
int cw_sights_of(struct cw_sights *s, const struct cw_key *key, bool show_secrets, const struct cw_scan_hit *hit,
		 const struct cw_sight **ret, struct cw_err *err);
/* The same for the verdict store: what it is to keep of SIGHT, borrowed; and the one sight that this was. */
void cw_sights_save(const struct cw_sight *sight, struct cw_stored_sight *ret);
int cw_sights_restore(struct cw_sights *s, const struct cw_key *key, const struct cw_stored_sight *stored,
		      const struct cw_rule *rule, const struct cw_sight **ret, struct cw_err *err);

#endif
