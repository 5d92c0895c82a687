/* policy/sights.h - what the collector keeps of the secrets themselves: fingerprint and redacted form, each distinct one once.
 * A secret stays only where secrets are shown. Threads: one owner at a time. */
#ifndef CW_POLICY_SIGHTS_H
#define CW_POLICY_SIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/key.h"
#include "scan/hit.h"

struct cw_form { /* one way in which a secret was written */
	const struct cw_rule *rule;
	char fingerprint[CW_FINGERPRINT_SIZE];
	char *redacted;
	char *secret; /* NULL unless secrets are shown */
	size_t secret_len;
};

struct cw_sight { /* what many hits of one form have in common, wherever they stand */
	const struct cw_form *form;
	enum cw_proof_level proof;
	bool cut;
	const char *label, *decoded;
	uint32_t *also;
	size_t also_len;
};

struct cw_sights {
	void *forms, *sights, *texts; /* search.h trees: struct cw_form, struct cw_sight, char */
	struct cw_buf scratch;
};
#define CW_SIGHTS_INIT { .scratch = CW_BUF_INIT }

void cw_sights_release(struct cw_sights *s);
/* The one copy of TEXT, which lives as long as S; NULL without memory. */
const char *cw_sights_text(struct cw_sights *s, const char *text);
/* The one sight for HIT, fingerprinted with KEY; likewise. */
int cw_sights_of(struct cw_sights *s, const struct cw_key *key, bool show_secrets, const struct cw_scan_hit *hit,
		 const struct cw_sight **ret, struct cw_err *err);

#endif
