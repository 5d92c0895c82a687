/* policy/cleanse.c - one matcher run a text; replaced spans are those that a report would show. */
#include "policy/cleanse.h"

#include <stdlib.h>
#include <string.h>

#include "match/blob.h"
#include "policy/redact.h"

struct cw_cleanser {
	struct cw_matcher *matcher;
	struct cw_result result;
};

int cw_cleanser_new(const struct cw_set *set, struct cw_cleanser **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_cleanser_free_p) struct cw_cleanser *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return cw_err_nomem(err);
	cw_result_init(&c->result);
	rc = cw_matcher_new(set, &c->matcher, err);
	if (rc != 0)
		return rc;
	*ret = cw_steal(&c);
	return 0;
}

void cw_cleanser_free(struct cw_cleanser *c)
{
	if (!c)
		return;
	cw_matcher_free(c->matcher);
	cw_result_release(&c->result);
	free(c);
}

/* Append TEXT with what the result has found in it redacted. */
static void add_redacted(struct cw_cleanser *c, const char *text, size_t len, struct cw_buf *out)
{
	const struct cw_set *set = cw_matcher_set(c->matcher);
	size_t done = 0;

	for (size_t i = 0; i < c->result.hits.len; i++) {
		const struct cw_hit *h = &CW_VEC_AT(&c->result.hits, struct cw_hit, i);
		size_t at = h->at < done ? done : (size_t)h->at, end = h->at_end > len ? len : (size_t)h->at_end;

		if (end <= done)
			continue;
		cw_buf_add(out, text + done, at - done);
		if (h->at >= done)
			cw_redact(cw_set_rule(set, h->rule), c->result.secrets.data + h->secret_off, h->secret_len,
				  out);
		done = end;
	}
	cw_buf_add(out, text + done, len - done);
}

int cw_cleanse(struct cw_cleanser *c, const char *text, size_t len, struct cw_buf *out, struct cw_err *err)
{
	size_t before = out->len;
	int rc = cw_match_blob(c->matcher, text, len, &c->result, err);

	if (rc == 0 && (c->result.more.len > 0 || c->result.unscannable.len > 0))
		cw_buf_adds(out, CW_CLEANSE_WITHHELD);
	else if (rc == 0)
		add_redacted(c, text, len, out);
	cw_result_clear(&c->result);
	if (rc != 0)
		return rc;
	rc = cw_buf_fail(out, "text", err);
	if (rc != 0)
		cw_buf_truncate(out, before);
	return rc;
}

static int cleanse_text(void *payload, const char *path, struct cw_buf *out, struct cw_err *err)
{
	return cw_cleanse(payload, path, strlen(path), out, err);
}

int cw_cleanse_policy(struct cw_cleanser *c, struct cw_policy *p, struct cw_err *err)
{
	return cw_policy_rewrite_reasons(p, cleanse_text, c, err);
}

int cw_cleanse_findings(struct cw_cleanser *c, struct cw_findings *f, struct cw_err *err)
{
	return cw_findings_rewrite_paths(f, cleanse_text, c, err);
}

static int cleanse_string(struct cw_cleanser *c, char **text, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	char *clean;
	int rc;

	if (!*text)
		return 0;
	rc = cw_cleanse(c, *text, strlen(*text), &out, err);
	if (rc != 0)
		return rc;
	clean = cw_buf_detach(&out);
	if (!clean)
		return cw_err_nomem(err);
	free(*text);
	*text = clean;
	return 0;
}

int cw_cleanse_coverage(struct cw_cleanser *c, struct cw_coverage *coverage, struct cw_err *err)
{
	for (size_t i = 0; i < coverage->list.len; i++) {
		struct cw_unscanned *u = &CW_VEC_AT(&coverage->list, struct cw_unscanned, i);
		int rc = cleanse_string(c, &u->object, err);

		if (rc == 0)
			rc = cleanse_string(c, &u->reason, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}
