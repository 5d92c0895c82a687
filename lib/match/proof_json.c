/* match/proof_json.c - secrets that are JSON objects, such as service account files: which members they must have. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "match/proof_checks.h"

#define JSON_MAX ((size_t)1 << 20) /* bytes, decoded */
#define NAME_MAX_LEN 128	   /* of a member, and of its value in the rule */

/* Whether V is, as text, the LEN bytes at S. */
static bool value_is(const struct cw_json *v, const char *s)
{
	const char *text = cw_json_str(v);
	char number[32];
	int64_t n;
	bool b;

	if (text)
		return strcmp(text, s) == 0;
	if (cw_json_bool(v, &b))
		return strcmp(s, b ? "true" : "false") == 0;
	if (!cw_json_int(v, &n))
		return false;
	snprintf(number, sizeof(number), "%" PRId64, n);
	return strcmp(number, s) == 0;
}

/* One item of `keys`: "name" or "name=value". */
static bool has_member(const struct cw_json *object, const struct cw_proof_text *item)
{
	char name[NAME_MAX_LEN];
	const struct cw_json *member;
	char *value;

	if (item->len >= sizeof(name))
		return false;
	memcpy(name, item->s, item->len);
	name[item->len] = '\0';
	value = strchr(name, '=');
	if (value)
		*value++ = '\0';
	member = cw_json_get(object, name);
	return member && (!value || value_is(member, value));
}

int cw_proof_json(struct cw_proof_job *job, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf raw = CW_BUF_INIT_SECRET;
	CW_CLEANUP(cw_json_free_p) struct cw_json *json = NULL;
	const char *keys = cw_proof_param_or(job, "keys", ""), *key = cw_proof_param(job->spec, "key");
	const char *encoding = cw_proof_param_or(job, "encoding", "none");
	struct cw_proof_text text = job->of, item;
	int rc;

	if (strcmp(encoding, "none") != 0) {
		rc = cw_proof_decode(encoding, &job->of, &raw);
		if (rc <= 0)
			return rc ? cw_err_nomem(err) : 0;
		text = (struct cw_proof_text){.s = raw.data, .len = raw.len};
	}
	rc = cw_json_parse(text.s, text.len, JSON_MAX, &json, err);
	if (rc)
		return rc == CW_E_INVALID ? 0 : rc;
	while (cw_proof_item(&keys, &item)) {
		if (!has_member(json, &item))
			return 0;
	}
	if (key) {
		const char *pem = cw_json_str(cw_json_get(json, key));
		return pem ? cw_proof_judge_key(job, pem, strlen(pem), err) : 0;
	}
	job->result = CW_PROOF_PASS;
	return 0;
}
