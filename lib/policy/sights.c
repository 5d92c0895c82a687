/* policy/sights.c - see sights.h. */
#include "policy/sights.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "policy/redact.h"
#include "policy/rewrite.h"

static void form_free(void *p)
{
	struct cw_form *f = p;

	if (f->secret)
		cw_wipe(f->secret, f->secret_len);
	free(f->secret);
	free(f->redacted);
	free(f->values);
	free(f);
}

static int form_cmp(const void *va, const void *vb)
{
	const struct cw_form *a = va, *b = vb;
	int c = strcmp(a->fingerprint, b->fingerprint);

	if (c == 0)
		c = (a->rule > b->rule) - (a->rule < b->rule);
	if (c == 0)
		c = strcmp(a->redacted, b->redacted);
	if (c == 0)
		c = (a->secret_len > b->secret_len) - (a->secret_len < b->secret_len);
	if (c == 0 && a->secret_len > 0)
		c = memcmp(a->secret, b->secret, a->secret_len);
	if (c == 0)
		c = (a->values_len > b->values_len) - (a->values_len < b->values_len);
	if (c == 0 && a->values_len > 0)
		c = memcmp(a->values, b->values, a->values_len * sizeof(*a->values));
	return c;
}

static void sight_free(void *p)
{
	struct cw_sight *s = p;

	free(s->also);
	free(s);
}

static int pointer_cmp(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static int sight_cmp(const void *va, const void *vb)
{
	const struct cw_sight *a = va, *b = vb;
	int c = pointer_cmp(a->form, b->form);

	if (c == 0)
		c = (int)a->proof - (int)b->proof;
	if (c == 0)
		c = (int)a->cut - (int)b->cut;
	if (c == 0)
		c = pointer_cmp(a->label, b->label);
	if (c == 0)
		c = pointer_cmp(a->decoded, b->decoded);
	if (c == 0)
		c = pointer_cmp(a->python, b->python);
	if (c == 0)
		c = (a->also_len > b->also_len) - (a->also_len < b->also_len);
	if (c == 0 && a->also_len > 0)
		c = memcmp(a->also, b->also, a->also_len * sizeof(*a->also));
	return c;
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

void cw_sights_release(struct cw_sights *s)
{
	cw_buf_release(&s->scratch);
	tdestroy(s->sights, sight_free);
	tdestroy(s->forms, form_free);
	tdestroy(s->texts, free);
	cw_pattern_state_free(s->state);
	cw_vec_release(&s->values);
	*s = (struct cw_sights)CW_SIGHTS_INIT;
}

int cw_sights_set_policy(struct cw_sights *s, const struct cw_policy *policy, struct cw_err *err)
{
	int rc = s->state || !cw_policy_has_values(policy) ? 0 : cw_pattern_state_new(&s->state, err);

	if (rc == 0)
		s->policy = cw_policy_has_values(policy) ? policy : NULL;
	return rc;
}

const char *cw_sights_text(struct cw_sights *s, const char *text)
{
	char **found = tfind(text, &s->texts, text_cmp);
	char *copy;

	if (found)
		return *found;
	copy = strdup(text);
	if (!copy || tsearch(copy, &s->texts, text_cmp))
		return copy;
	free(copy);
	return NULL;
}

/* A copy of N > 0 numbers; NULL without memory or without numbers. */
static uint32_t *copy_numbers(const uint32_t *numbers, size_t n)
{
	uint32_t *copy = n > 0 ? calloc(n, sizeof(*copy)) : NULL;

	if (copy)
		memcpy(copy, numbers, n * sizeof(*copy));
	return copy;
}

/* WANTED out of the tree, where it is put if new, with its strings copied; NULL without memory. */
static const struct cw_form *intern_form(struct cw_sights *s, const struct cw_form *wanted)
{
	struct cw_form **found = tfind(wanted, &s->forms, form_cmp);
	struct cw_form *copy;

	if (found)
		return *found;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *wanted;
	copy->redacted = strdup(wanted->redacted);
	copy->secret = NULL;
	copy->values = copy_numbers(wanted->values, wanted->values_len);
	if (wanted->secret) {
		copy->secret = malloc(wanted->secret_len + 1);
		if (copy->secret) {
			memcpy(copy->secret, wanted->secret, wanted->secret_len);
			copy->secret[wanted->secret_len] = '\0';
		}
	}
	if (copy->redacted && (copy->secret || !wanted->secret) && (copy->values || wanted->values_len == 0) && tsearch(copy, &s->forms, form_cmp))
		return copy;
	form_free(copy);
	return NULL;
}

static int form_of(struct cw_sights *s, const struct cw_key *key, bool show_secrets, const struct cw_scan_hit *hit,
		   const struct cw_form **ret, struct cw_err *err)
{
	struct cw_form form = {.rule = hit->rule};
	int rc = cw_key_fingerprint(key, hit->canonical, hit->canonical_len, form.fingerprint, err);

	if (rc != 0)
		return rc;
	cw_buf_clear(&s->scratch);
	cw_redact(hit->rule, hit->secret, hit->secret_len, &s->scratch);
	rc = cw_buf_fail(&s->scratch, "redacted form", err);
	if (rc != 0)
		return rc;
	form.redacted = s->scratch.data;
	cw_vec_clear(&s->values);
	if (s->policy) {
		rc = cw_policy_values(s->policy, s->state, hit->secret, hit->secret_len, &s->values, err);
		form.values = s->values.items;
		form.values_len = s->values.len;
	}
	if (rc != 0)
		return rc;
	if (show_secrets) {
		form.secret = (char *)hit->secret;
		form.secret_len = hit->secret_len;
	}
	*ret = intern_form(s, &form);
	return *ret ? 0 : cw_err_nomem(err);
}

/* Likewise for a sight; `also` of WANTED is borrowed. */
static const struct cw_sight *intern_sight(struct cw_sights *s, const struct cw_sight *wanted)
{
	struct cw_sight **found = tfind(wanted, &s->sights, sight_cmp);
	struct cw_sight *copy;

	if (found)
		return *found;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *wanted;
	copy->also = copy_numbers(wanted->also, wanted->also_len);
	if ((copy->also || wanted->also_len == 0) && tsearch(copy, &s->sights, sight_cmp))
		return copy;
	sight_free(copy);
	return NULL;
}

/* The line of HIT for Python, interned in *RET, or NULL there. */
static int rewrite(struct cw_sights *s, const struct cw_scan_hit *hit, const char **ret, struct cw_err *err)
{
	int rc;

	cw_buf_clear(&s->scratch);
	if (hit->decoded || !cw_rewrite_python(hit->before, hit->before_len, &s->scratch))
		return 0;
	rc = cw_buf_fail(&s->scratch, "advice", err);
	if (rc != 0)
		return rc;
	*ret = cw_sights_text(s, s->scratch.data);
	return *ret ? 0 : cw_err_nomem(err);
}

int cw_sights_of(struct cw_sights *s, const struct cw_key *key, bool show_secrets, const struct cw_scan_hit *hit,
		 const struct cw_sight **ret, struct cw_err *err)
{
	struct cw_sight sight = {.proof = hit->proof, .cut = hit->cut, .label = hit->label, .decoded = hit->decoded,
			      .also = (uint32_t *)hit->also, .also_len = hit->also_len};
	int rc = form_of(s, key, show_secrets, hit, &sight.form, err);

	if (rc == 0)
		rc = rewrite(s, hit, &sight.python, err);
	if (rc != 0)
		return rc;
	*ret = intern_sight(s, &sight);
	return *ret ? 0 : cw_err_nomem(err);
}

/* ---- the verdict store ---- */

void cw_sights_save(const struct cw_sight *sight, struct cw_stored_sight *ret)
{
	const struct cw_form *form = sight->form;

	*ret = (struct cw_stored_sight){.proof = (uint8_t)sight->proof, .cut = sight->cut, .redacted = form->redacted,
					.label = sight->label, .decoded = sight->decoded, .python = sight->python,
					.also = sight->also, .also_len = sight->also_len, .values = form->values,
					.values_len = form->values_len};
	/* The part behind the key's id: one key made all of them. */
	memcpy(ret->secret, strchr(form->fingerprint, ':') + 1, sizeof(ret->secret));
}

/* Whether *TEXT, if there is one, could become the one copy of it. */
static bool intern(struct cw_sights *s, const char **text)
{
	if (!*text)
		return true;
	*text = cw_sights_text(s, *text);
	return *text != NULL;
}

int cw_sights_restore(struct cw_sights *s, const struct cw_key *key, const struct cw_stored_sight *stored,
		      const struct cw_rule *rule, const struct cw_sight **ret, struct cw_err *err)
{
	struct cw_form form = {.rule = rule, .redacted = (char *)stored->redacted, .values = (uint32_t *)stored->values,
			       .values_len = stored->values_len};
	struct cw_sight sight = {.proof = stored->proof, .cut = stored->cut, .label = stored->label, .decoded = stored->decoded,
				 .python = stored->python, .also = (uint32_t *)stored->also, .also_len = stored->also_len};

	_Static_assert(CW_FINGERPRINT_SIZE == CW_KEY_ID_SIZE + CW_STORED_SECRET_LEN + 1, "key id, colon, the rest, NUL");
	memcpy(form.fingerprint, key->id, CW_KEY_ID_SIZE - 1);
	form.fingerprint[CW_KEY_ID_SIZE - 1] = ':';
	memcpy(form.fingerprint + CW_KEY_ID_SIZE, stored->secret, CW_STORED_SECRET_LEN);
	sight.form = intern_form(s, &form);
	if (!sight.form || !intern(s, &sight.label) || !intern(s, &sight.decoded) || !intern(s, &sight.python))
		return cw_err_nomem(err);
	*ret = intern_sight(s, &sight);
	return *ret ? 0 : cw_err_nomem(err);
}
