/* hooks/bypass.c - see bypass.h. */
#include "hooks/bypass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "policy/baseline.h"

#define OPTIONS_MAX 10000
#define PREFIX "credwatch."
#define ALLOW PREFIX "allow="
#define REASON PREFIX "reason="

static int add(struct cw_bypass *b, struct cw_gate *g, const char *fingerprint, struct cw_err *err)
{
	const char **slot;

	if (!cw_fingerprint_valid(fingerprint)) {
		cw_gate_say(g, "credwatch: '" ALLOW "...' needs a fingerprint as it was shown: it is not used\n");
		return 0;
	}
	slot = cw_vec_push(&b->allow);
	if (!slot)
		return cw_vec_fail(&b->allow, "push options", err);
	*slot = fingerprint;
	return 0;
}

static int read_option(struct cw_bypass *b, struct cw_gate *g, const char *option, struct cw_err *err)
{
	if (strncmp(option, ALLOW, strlen(ALLOW)) == 0)
		return add(b, g, option + strlen(ALLOW), err);
	if (strncmp(option, REASON, strlen(REASON)) == 0)
		b->reason = option + strlen(REASON);
	else if (strncmp(option, PREFIX, strlen(PREFIX)) == 0)
		cw_gate_say(g, "credwatch: the only push options are '" ALLOW "FINGERPRINT' and '" REASON "TEXT'\n");
	return 0;
}

static void check(struct cw_bypass *b, struct cw_gate *g)
{
	bool reason = b->reason && b->reason[strspn(b->reason, " \t\r\n")];

	b->permitted = g->conf->hooks_bypass == CW_BYPASS_ALLOW && reason;
	if (b->allow.len == 0)
		return;
	if (g->conf->hooks_bypass != CW_BYPASS_ALLOW)
		cw_gate_say(g, "credwatch: '" ALLOW "...' is not used: this server does not permit it\n");
	else if (!reason)
		cw_gate_say(g, "credwatch: '" ALLOW "...' is not used: it needs '-o " REASON "TEXT' as well\n");
}

int cw_bypass_read(struct cw_bypass *b, struct cw_gate *g, struct cw_err *err)
{
	const char *count = getenv("GIT_PUSH_OPTION_COUNT");
	uint64_t n = 0;
	int rc = 0;

	if (count && *count)
		rc = cw_num_u64(count, strlen(count), 0, OPTIONS_MAX, "GIT_PUSH_OPTION_COUNT", &n, err);
	for (uint64_t i = 0; rc == 0 && i < n; i++) {
		char name[64];
		const char *option;

		snprintf(name, sizeof(name), "GIT_PUSH_OPTION_%llu", (unsigned long long)i);
		option = getenv(name);
		if (option)
			rc = read_option(b, g, option, err);
	}
	if (rc == 0)
		check(b, g);
	return rc;
}

void cw_bypass_release(struct cw_bypass *b)
{
	cw_vec_release(&b->allow);
}

bool cw_bypass_covers(const void *payload, const char *fingerprint)
{
	const struct cw_bypass *b = payload;

	for (size_t i = 0; b->permitted && i < b->allow.len; i++)
		if (strcmp(CW_VEC_AT(&b->allow, const char *, i), fingerprint) == 0)
			return true;
	return false;
}
