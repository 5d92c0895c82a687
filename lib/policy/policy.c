/* policy/policy.c - see policy.h. What counts fully is asked before what is only advisory. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "policy/baseline.h"
#include "policy/date.h"
#include "policy/glob.h"
#include "scan/marks.h"

#define NOTES_MAX ((size_t)10000)
#define MARKS_MAX 32

struct entry { /* of allow or exclude, still in force */
	const struct cw_conf_entry *conf;
	struct cw_pattern *value; /* or NULL */
	struct cw_suppression suppression;
};

struct known { /* one baseline */
	struct cw_baseline baseline;
	struct cw_suppression suppression;
};

struct cw_policy {
	const char *const *roots;
	size_t roots_len;
	struct cw_vec entries;	 /* struct entry */
	struct cw_vec baselines; /* struct known */
	struct cw_vec notes;	 /* char * */
	struct cw_vec reasons;	 /* char *: rewritten ones */
	struct cw_suppression marks[MARKS_MAX];
	bool inline_marks, has_values, audit;
};

const char *cw_suppressed_by_name(enum cw_suppressed_by by)
{
	static const char *const names[] = {"allow", "exclude", "baseline", "mark"};

	return names[by];
}

void cw_policy_free(struct cw_policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->entries.len; i++)
		cw_pattern_free(CW_VEC_AT(&p->entries, struct entry, i).value);
	for (size_t i = 0; i < p->baselines.len; i++)
		cw_baseline_release(&CW_VEC_AT(&p->baselines, struct known, i).baseline);
	for (size_t i = 0; i < p->notes.len; i++)
		free(CW_VEC_AT(&p->notes, char *, i));
	for (size_t i = 0; i < p->reasons.len; i++)
		free(CW_VEC_AT(&p->reasons, char *, i));
	cw_vec_release(&p->reasons);
	cw_vec_release(&p->entries);
	cw_vec_release(&p->baselines);
	cw_vec_release(&p->notes);
	free(p);
}

/* ---- making one ---- */

__attribute__((format(printf, 3, 4))) static int note(struct cw_policy *p, struct cw_err *err, const char *fmt, ...)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	char **slot;
	va_list ap;

	va_start(ap, fmt);
	cw_buf_addv(&text, fmt, ap);
	va_end(ap);
	if (cw_buf_fail(&text, "note", err) != 0)
		return text.fail;
	if (p->notes.len >= NOTES_MAX)
		return 0;
	slot = cw_vec_push(&p->notes);
	if (!slot)
		return cw_vec_fail(&p->notes, "notes", err);
	*slot = cw_buf_detach(&text);
	return *slot ? 0 : cw_err_nomem(err);
}

static bool is_advisory(const struct cw_policy *p, enum cw_conf_level level)
{
	return p->audit && level == CW_LEVEL_REPOSITORY;
}

/* Whether E is still in force; a note says why not. */
static int check_entry(struct cw_policy *p, const struct cw_policy_opts *o, const struct cw_conf_entry *e, bool *ret_in_force,
		       struct cw_err *err)
{
	char day[CW_DATE_SIZE];

	*ret_in_force = false;
	if (e->expires < o->now / CW_DAY_SECONDS) {
		cw_date_format(e->expires, day);
		return note(p, err, "%s:%d: this entry expired on %s and no longer applies", e->from.file, e->from.line, day);
	}
	if (e->fingerprint && strncmp(e->fingerprint, o->key_id, CW_KEY_ID_SIZE - 1) != 0)
		return note(p, err, "%s:%d: this fingerprint was made with key %.4s, not with your key %s: not applicable",
			    e->from.file, e->from.line, e->fingerprint, o->key_id);
	*ret_in_force = true;
	return 0;
}

static int add_entry(struct cw_policy *p, const struct cw_policy_opts *o, const struct cw_conf_entry *e,
		     enum cw_suppressed_by by, struct cw_err *err)
{
	struct entry *slot;
	bool in_force;
	int rc = check_entry(p, o, e, &in_force, err);

	if (rc != 0 || !in_force)
		return rc;
	slot = cw_vec_push(&p->entries);
	if (!slot)
		return cw_vec_fail(&p->entries, "entries", err);
	*slot = (struct entry){.conf = e,
			       .suppression = {.by = by, .reason = e->reason, .from = e->from,
					       .advisory = is_advisory(p, e->from.level)}};
	if (!e->value)
		return 0;
	p->has_values = true;
	rc = cw_pattern_compile(e->value, &slot->value, err);
	return rc == 0 ? 0 : cw_err_wrap(err, rc, "%s:%d", e->from.file, e->from.line);
}

static int add_baseline(struct cw_policy *p, const struct cw_policy_opts *o, const struct cw_conf_path *file, struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf text = CW_BUF_INIT;
	struct known *slot;
	size_t foreign;
	int rc = cw_conf_read(file, o->repository, CW_BASELINE_FILE_MAX, &text, err);

	if (rc != 0)
		return rc;
	slot = cw_vec_push(&p->baselines);
	if (!slot)
		return cw_vec_fail(&p->baselines, "baselines", err);
	cw_baseline_init(&slot->baseline);
	slot->suppression = (struct cw_suppression){.by = CW_BY_BASELINE, .from = file->from,
						    .advisory = is_advisory(p, file->from.level)};
	rc = cw_baseline_parse(&slot->baseline, file->path, text.data, text.len, err);
	if (rc != 0)
		return rc;
	foreign = cw_baseline_foreign(&slot->baseline, o->key_id);
	if (foreign == 0)
		return 0;
	return note(p, err, "%s: %zu of %zu entries were made with another key than yours (%s): not applicable", file->path,
		    foreign, slot->baseline.entries.len, o->key_id);
}

static int fill(struct cw_policy *p, const struct cw_policy_opts *o, struct cw_err *err)
{
	const struct cw_conf *c = o->conf;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->allow.len; i++)
		rc = add_entry(p, o, &CW_VEC_AT(&c->allow, struct cw_conf_entry, i), CW_BY_ALLOW, err);
	for (size_t i = 0; rc == 0 && i < c->exclude.len; i++)
		rc = add_entry(p, o, &CW_VEC_AT(&c->exclude, struct cw_conf_entry, i), CW_BY_EXCLUDE, err);
	for (size_t i = 0; rc == 0 && !o->no_baselines && i < c->baselines.len; i++)
		rc = add_baseline(p, o, &CW_VEC_AT(&c->baselines, struct cw_conf_path, i), err);
	for (size_t i = 0; i < MARKS_MAX && cw_mark_name(i); i++)
		p->marks[i] = (struct cw_suppression){.by = CW_BY_MARK, .reason = cw_mark_name(i),
						      .from.level = CW_LEVEL_REPOSITORY, .advisory = p->audit};
	return rc;
}

int cw_policy_new(const struct cw_policy_opts *opts, struct cw_policy **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_policy_free_p) struct cw_policy *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return cw_err_nomem(err);
	p->entries = (struct cw_vec)CW_VEC_INIT(struct entry, 2 * CW_CONF_LIST_MAX);
	p->baselines = (struct cw_vec)CW_VEC_INIT(struct known, CW_CONF_LIST_MAX);
	p->notes = (struct cw_vec)CW_VEC_INIT(char *, NOTES_MAX);
	p->reasons = (struct cw_vec)CW_VEC_INIT(char *, 2 * CW_CONF_LIST_MAX);
	p->roots = opts->roots;
	p->roots_len = opts->roots_len;
	p->audit = opts->conf->repository_policy == CW_REPOSITORY_AUDIT;
	/* marks are part of what the repository says */
	p->inline_marks = opts->conf->inline_marks && opts->conf->repository_policy != CW_REPOSITORY_IGNORE;
	rc = fill(p, opts, err);
	if (rc != 0)
		return rc;
	*ret = cw_steal(&p);
	return 0;
}

const struct cw_vec *cw_policy_notes(const struct cw_policy *p)
{
	return &p->notes;
}

int cw_policy_rewrite_reasons(struct cw_policy *p,
			      int (*fn)(void *payload, const char *text, struct cw_buf *out, struct cw_err *err), void *payload,
			      struct cw_err *err)
{
	for (size_t i = 0; i < p->entries.len; i++) {
		struct entry *e = &CW_VEC_AT(&p->entries, struct entry, i);
		CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
		char **slot;
		int rc = fn(payload, e->conf->reason, &out, err);

		if (rc != 0)
			return rc;
		slot = cw_vec_push(&p->reasons);
		if (!slot)
			return cw_vec_fail(&p->reasons, "reasons", err);
		*slot = cw_buf_detach(&out);
		if (!*slot)
			return cw_err_nomem(err);
		e->suppression.reason = *slot;
	}
	return 0;
}

bool cw_policy_has_values(const struct cw_policy *p)
{
	return p->has_values;
}

void cw_policy_put_values(const struct cw_policy *p, struct cw_buf *out)
{
	for (size_t i = 0; i < p->entries.len; i++) {
		const struct entry *e = &CW_VEC_AT(&p->entries, struct entry, i);

		if (e->value)
			cw_buf_addf(out, "%zu:%zu:%s\n", i, strlen(e->conf->value), e->conf->value);
	}
}

/* ---- judging ---- */

/* PATH relative to the root that it lies below, or as it is; NULL when there is none. */
static const char *relative(const struct cw_policy *p, const char *path)
{
	const char *best = path;

	if (!path || strcmp(path, "<stdin>") == 0)
		return NULL;
	for (size_t i = 0; i < p->roots_len; i++) {
		size_t len = strlen(p->roots[i]);

		while (len > 0 && p->roots[i][len - 1] == '/')
			len--;
		if (strncmp(path, p->roots[i], len) == 0 && path[len] == '/' && path + len + 1 > best)
			best = path + len + 1;
	}
	return best;
}

int cw_policy_values(const struct cw_policy *p, struct cw_pattern_state *state, const char *secret, size_t len,
		    struct cw_vec *out, struct cw_err *err)
{
	for (size_t i = 0; i < p->entries.len; i++) {
		const struct entry *e = &CW_VEC_AT(&p->entries, struct entry, i);
		struct cw_span spans[CW_PATTERN_GROUPS_MAX];
		uint32_t *slot;
		size_t n;

		if (!e->value || cw_pattern_match(e->value, state, secret, len, 0, false, false, spans, &n, NULL) != 1)
			continue;
		slot = cw_vec_push(out);
		if (!slot)
			return cw_vec_fail(out, "conditions", err);
		*slot = (uint32_t)i;
	}
	return 0;
}

static bool value_holds(const struct cw_case *c, size_t number)
{
	for (size_t i = 0; i < c->values_len; i++)
		if (c->values[i] == number)
			return true;
	return false;
}

/* Whether entry NUMBER speaks of C. PATH is relative to its root. */
static bool applies(const struct cw_policy *p, size_t number, const struct cw_case *c, const char *path)
{
	const struct cw_conf_entry *e = CW_VEC_AT(&p->entries, struct entry, number).conf;

	if (c->more && (e->fingerprint || e->value))
		return false;
	if (e->path && (c->unlisted || !path || !cw_glob_match(e->path, path)))
		return false;
	if (e->rule && strcmp(e->rule, c->rule) != 0)
		return false;
	if (e->fingerprint && strcmp(e->fingerprint, c->fingerprint) != 0)
		return false;
	return !e->value || value_holds(c, number);
}

static const struct cw_suppression *find_mark(const struct cw_policy *p, const struct cw_case *c, bool advisory)
{
	if (!c->mark || !p->inline_marks || p->audit != advisory || c->more || c->unlisted)
		return NULL;
	for (size_t i = 0; i < MARKS_MAX && p->marks[i].reason; i++)
		if (p->marks[i].reason == c->mark)
			return &p->marks[i];
	return NULL;
}

/* The first suppression that is ADVISORY or not, as asked for. */
static const struct cw_suppression *search(const struct cw_policy *p, const struct cw_case *c, bool advisory)
{
	const char *path = relative(p, c->path);

	for (size_t i = 0; i < p->entries.len; i++) {
		const struct entry *e = &CW_VEC_AT(&p->entries, struct entry, i);

		if (e->suppression.advisory == advisory && applies(p, i, c, path))
			return &e->suppression;
	}
	for (size_t i = 0; !c->more && i < p->baselines.len; i++) {
		const struct known *k = &CW_VEC_AT(&p->baselines, struct known, i);

		if (k->suppression.advisory == advisory && cw_baseline_has(&k->baseline, c->fingerprint))
			return &k->suppression;
	}
	return find_mark(p, c, advisory);
}

const struct cw_suppression *cw_policy_case(const struct cw_policy *p, const struct cw_case *c)
{
	const struct cw_suppression *s = search(p, c, false);

	return s || !p->audit ? s : search(p, c, true);
}

bool cw_policy_excludes(const struct cw_policy *p, const char *path)
{
	const char *inside = relative(p, path);

	for (size_t i = 0; inside && i < p->entries.len; i++) {
		const struct entry *e = &CW_VEC_AT(&p->entries, struct entry, i);

		if (e->suppression.by == CW_BY_EXCLUDE && !e->suppression.advisory && cw_glob_match(e->conf->path, inside))
			return true;
	}
	return false;
}
