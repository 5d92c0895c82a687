/* policy/findings.c - the collector. Each worker fills its own shard: records of fixed size that point to strings interned in the
 * shard (search.h trees), so that a secret in 100,000 versions of a file costs one record each and its text once. */
#include "policy/findings.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/vec.h"
#include "policy/gates.h"
#include "policy/redact.h"

#define RECORDS_MAX ((size_t)16 << 20) /* hits a worker */
#define ALSO_MAX ((size_t)64 << 20)

struct form { /* one way in which a secret was written; interned */
	const struct cw_rule *rule;
	char fingerprint[CW_FINGERPRINT_SIZE];
	char *redacted;
	char *secret; /* NULL unless secrets are shown */
	size_t secret_len;
};

struct record {
	const struct form *form;
	const char *path; /* interned */
	enum cw_severity severity;
	enum cw_proof_level proof;
	bool cut;
	const char *label, *decoded;
	struct cw_oid object;
	enum cw_object_type type;
	uint64_t line, column, end_line, end_column, more;
	size_t also_off, also_len;
	const struct shard *shard;
};

struct shard {
	struct cw_vec records; /* struct record */
	struct cw_vec also;    /* uint32_t */
	void *forms, *paths;   /* tsearch roots: struct form, char */
	struct cw_buf scratch;
} __attribute__((aligned(64)));

struct cw_findings {
	struct cw_key key;
	bool show_secrets;
	unsigned workers;
	struct shard *shards;
	struct cw_vec list; /* struct cw_finding */
	struct cw_vec rewritten; /* char *, owned */
	size_t secrets;
};

static void form_free(void *p)
{
	struct form *f = p;

	if (f->secret)
		cw_wipe(f->secret, f->secret_len);
	free(f->secret);
	free(f->redacted);
	free(f);
}

static int form_cmp(const void *va, const void *vb)
{
	const struct form *a = va, *b = vb;
	int c = strcmp(a->fingerprint, b->fingerprint);

	if (c == 0)
		c = (a->rule > b->rule) - (a->rule < b->rule);
	if (c == 0)
		c = strcmp(a->redacted, b->redacted);
	if (c == 0)
		c = (a->secret_len > b->secret_len) - (a->secret_len < b->secret_len);
	if (c == 0 && a->secret_len > 0)
		c = memcmp(a->secret, b->secret, a->secret_len);
	return c;
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

int cw_findings_new(const struct cw_key *key, unsigned workers, bool show_secrets, struct cw_findings **ret,
		    struct cw_err *err)
{
	struct cw_findings *f = calloc(1, sizeof(*f));

	if (!f)
		return cw_err_nomem(err);
	f->shards = aligned_alloc(_Alignof(struct shard), workers * sizeof(*f->shards));
	if (!f->shards) {
		free(f);
		return cw_err_nomem(err);
	}
	for (unsigned i = 0; i < workers; i++)
		f->shards[i] = (struct shard){.records = CW_VEC_INIT(struct record, RECORDS_MAX),
					      .also = CW_VEC_INIT(uint32_t, ALSO_MAX),
					      .scratch = CW_BUF_INIT};
	f->list = (struct cw_vec)CW_VEC_INIT(struct cw_finding, RECORDS_MAX);
	f->rewritten = (struct cw_vec)CW_VEC_INIT(char *, RECORDS_MAX);
	f->key = *key;
	f->workers = workers;
	f->show_secrets = show_secrets;
	*ret = f;
	return 0;
}

void cw_findings_free(struct cw_findings *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->workers; i++) {
		struct shard *s = &f->shards[i];

		cw_vec_release(&s->records);
		cw_vec_release(&s->also);
		cw_buf_release(&s->scratch);
		tdestroy(s->forms, form_free);
		tdestroy(s->paths, free);
	}
	for (size_t i = 0; i < f->rewritten.len; i++)
		free(CW_VEC_AT(&f->rewritten, char *, i));
	cw_vec_release(&f->rewritten);
	cw_vec_release(&f->list);
	cw_key_wipe(&f->key);
	free(f->shards);
	free(f);
}

/* PATH out of the shard's tree, where it is put if new; NULL without memory. */
static const char *intern_path(struct shard *s, const char *path)
{
	char **found = tfind(path, &s->paths, text_cmp);
	char *copy;

	if (found)
		return *found;
	copy = strdup(path);
	if (!copy || tsearch(copy, &s->paths, text_cmp))
		return copy;
	free(copy);
	return NULL;
}

/* Likewise for a form, whose strings are copied if it is new. */
static const struct form *intern_form(struct shard *s, const struct form *wanted)
{
	struct form **found = tfind(wanted, &s->forms, form_cmp);
	struct form *copy;

	if (found)
		return *found;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *wanted;
	copy->redacted = strdup(wanted->redacted);
	copy->secret = NULL;
	if (wanted->secret) {
		copy->secret = malloc(wanted->secret_len + 1);
		if (copy->secret) {
			memcpy(copy->secret, wanted->secret, wanted->secret_len);
			copy->secret[wanted->secret_len] = '\0';
		}
	}
	if (copy->redacted && (copy->secret || !wanted->secret) && tsearch(copy, &s->forms, form_cmp))
		return copy;
	form_free(copy);
	return NULL;
}

static int form_of(struct cw_findings *f, struct shard *s, const struct cw_scan_hit *hit, const struct form **ret,
		   struct cw_err *err)
{
	struct form form = {.rule = hit->rule};
	int rc = cw_key_fingerprint(&f->key, hit->canonical, hit->canonical_len, form.fingerprint, err);

	if (rc != 0)
		return rc;
	cw_buf_clear(&s->scratch);
	cw_redact(hit->rule, hit->secret, hit->secret_len, &s->scratch);
	rc = cw_buf_fail(&s->scratch, "redacted form", err);
	if (rc != 0)
		return rc;
	form.redacted = s->scratch.data;
	if (f->show_secrets) {
		form.secret = (char *)hit->secret;
		form.secret_len = hit->secret_len;
	}
	*ret = intern_form(s, &form);
	return *ret ? 0 : cw_err_nomem(err);
}

static int add_also(struct shard *s, const struct cw_scan_hit *hit, struct record *r, struct cw_err *err)
{
	r->also_off = s->also.len;
	r->also_len = hit->also_len;
	for (size_t i = 0; i < hit->also_len; i++) {
		uint32_t *slot = cw_vec_push(&s->also);

		if (!slot)
			return cw_vec_fail(&s->also, "findings", err);
		*slot = hit->also[i];
	}
	return 0;
}

static int take_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	struct cw_findings *f = payload;
	struct shard *s = &f->shards[worker];
	struct record r = {.severity = cw_gate_severity(hit->rule, hit->path, hit->label), .proof = hit->proof, .cut = hit->cut, .label = hit->label,
			   .decoded = hit->decoded, .object = hit->object, .type = hit->type, .line = hit->line,
			   .column = hit->column, .end_line = hit->end_line, .end_column = hit->end_column,
			   .more = hit->more, .shard = s};
	struct record *slot;
	int rc;

	assert(worker < f->workers);
	if (!cw_gate_applies(hit->rule, hit->path))
		return 0;
	rc = form_of(f, s, hit, &r.form, err);
	if (rc == 0)
		rc = add_also(s, hit, &r, err);
	if (rc != 0)
		return rc;
	if (hit->path) {
		r.path = intern_path(s, hit->path);
		if (!r.path)
			return cw_err_nomem(err);
	}
	slot = cw_vec_push(&s->records);
	if (!slot)
		return cw_vec_fail(&s->records, "findings", err);
	*slot = r;
	return 0;
}

struct cw_sink cw_findings_sink(struct cw_findings *f)
{
	return (struct cw_sink){.hit = take_hit, .payload = f};
}

static int u64_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int path_cmp(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* Which of two records at one place stands for it. */
static int shown_cmp(const struct record *a, const struct record *b)
{
	int c = (int)b->proof - (int)a->proof;

	if (c == 0)
		c = (int)a->cut - (int)b->cut;
	if (c == 0)
		c = cw_oid_cmp(&a->object, &b->object);
	if (c == 0)
		c = u64_cmp(a->line, b->line);
	if (c == 0)
		c = u64_cmp(a->column, b->column);
	if (c == 0)
		c = u64_cmp(a->end_line, b->end_line);
	if (c == 0)
		c = u64_cmp(a->end_column, b->end_column);
	return c != 0 ? c : path_cmp(a->decoded, b->decoded);
}

static int place_cmp(const struct record *a, const struct record *b)
{
	int c = strcmp(a->form->fingerprint, b->form->fingerprint);

	if (c == 0)
		c = strcmp(a->form->rule->id, b->form->rule->id);
	return c != 0 ? c : path_cmp(a->path, b->path);
}

static int merge_cmp(const void *va, const void *vb)
{
	const struct record *a = *(struct record *const *)va, *b = *(struct record *const *)vb;
	int c = place_cmp(a, b);

	if (c == 0)
		c = cw_oid_cmp(&a->object, &b->object);
	return c != 0 ? c : shown_cmp(a, b);
}

static int output_cmp(const void *va, const void *vb)
{
	const struct cw_finding *a = va, *b = vb;
	int c = (int)b->severity - (int)a->severity;

	if (c == 0)
		c = strcmp(a->rule->id, b->rule->id);
	if (c == 0)
		c = path_cmp(a->path, b->path);
	if (c == 0)
		c = u64_cmp(a->line, b->line);
	if (c == 0)
		c = u64_cmp(a->column, b->column);
	if (c == 0)
		c = cw_oid_cmp(&a->object, &b->object);
	return c != 0 ? c : strcmp(a->fingerprint, b->fingerprint);
}

static int gather(struct cw_findings *f, struct cw_vec *out, struct cw_err *err)
{
	for (unsigned i = 0; i < f->workers; i++) {
		struct cw_vec *records = &f->shards[i].records;

		for (size_t k = 0; k < records->len; k++) {
			struct record **slot = cw_vec_push(out);

			if (!slot)
				return cw_vec_fail(out, "findings", err);
			*slot = &CW_VEC_AT(records, struct record, k);
		}
	}
	if (out->len > 1)
		qsort(out->items, out->len, out->item_size, merge_cmp);
	return 0;
}

static void fill(struct cw_finding *out, const struct record *r)
{
	*out = (struct cw_finding){
		.rule = r->form->rule, .severity = r->severity, .proof = r->proof, .cut = r->cut, .label = r->label,
		.decoded = r->decoded, .redacted = r->form->redacted, .secret = r->form->secret,
		.secret_len = r->form->secret_len, .path = r->path, .object = r->object, .type = r->type,
		.line = r->line, .column = r->column, .end_line = r->end_line, .end_column = r->end_column,
		.also_len = r->also_len};
	memcpy(out->fingerprint, r->form->fingerprint, sizeof(out->fingerprint));
	if (r->also_len > 0)
		out->also = &CW_VEC_AT(&r->shard->also, uint32_t, r->also_off);
}

/* One finding for the records [i, end) of one place, which are sorted by object; returns end, or 0 without memory. */
static size_t merge_place(struct cw_findings *f, struct record *const *records, size_t len, size_t i)
{
	const struct record *first = records[i], *shown = first;
	uint64_t objects = 1, more = first->more;
	struct cw_finding *out;

	for (i++; i < len && place_cmp(first, records[i]) == 0; i++) {
		objects += cw_oid_cmp(&records[i]->object, &records[i - 1]->object) != 0;
		if (records[i]->more > more)
			more = records[i]->more;
		if (shown_cmp(records[i], shown) < 0)
			shown = records[i];
	}
	out = cw_vec_push(&f->list);
	if (!out)
		return 0;
	fill(out, shown);
	out->objects = objects;
	out->more = more;
	return i;
}

int cw_findings_finish(struct cw_findings *f, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec all = CW_VEC_INIT(struct record *, SIZE_MAX / sizeof(void *));
	struct record *const *records;
	int rc = gather(f, &all, err);

	if (rc != 0)
		return rc;
	records = all.items;
	for (size_t i = 0; i < all.len;) {
		if (i == 0 || strcmp(records[i]->form->fingerprint, records[i - 1]->form->fingerprint) != 0)
			f->secrets++;
		i = merge_place(f, records, all.len, i);
		if (i == 0)
			return cw_vec_fail(&f->list, "findings", err);
	}
	if (f->list.len > 1)
		qsort(f->list.items, f->list.len, f->list.item_size, output_cmp);
	return 0;
}

size_t cw_findings_len(const struct cw_findings *f)
{
	return f->list.len;
}

const struct cw_finding *cw_findings_at(const struct cw_findings *f, size_t i)
{
	assert(i < f->list.len);
	return &CW_VEC_AT(&f->list, struct cw_finding, i);
}

size_t cw_findings_secrets(const struct cw_findings *f)
{
	return f->secrets;
}

int cw_findings_rewrite_paths(struct cw_findings *f,
			      int (*fn)(void *payload, const char *path, struct cw_buf *out, struct cw_err *err),
			      void *payload, struct cw_err *err)
{
	for (size_t i = 0; i < f->list.len; i++) {
		struct cw_finding *finding = &CW_VEC_AT(&f->list, struct cw_finding, i);
		CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
		char **slot;
		int rc;

		if (!finding->path)
			continue;
		rc = fn(payload, finding->path, &out, err);
		if (rc != 0)
			return rc;
		slot = cw_vec_push(&f->rewritten);
		if (!slot)
			return cw_vec_fail(&f->rewritten, "findings", err);
		*slot = cw_buf_detach(&out);
		if (!*slot)
			return cw_err_nomem(err);
		finding->path = *slot;
	}
	return 0;
}
