/* policy/findings.c - the collector. Each worker fills its own shard: records of fixed size that point to what is interned in the
 * shard, so that a secret in 100,000 versions of a file costs one record each and its text once. */
#include "policy/findings.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/vec.h"
#include "policy/gates.h"
#include "policy/sights.h"

#define RECORDS_MAX ((size_t)16 << 20) /* hits a worker */

struct record {
	const struct cw_sight *sight;
	const char *path; /* interned */
	struct cw_oid object;
	enum cw_object_type type;
	uint64_t line, column, end_line, end_column, more;
	const char *mark; /* static */
};

struct shard {
	struct cw_vec records; /* struct record */
	struct cw_sights sights;
} __attribute__((aligned(64)));

struct rewrite { /* interned */
	const char *from;
	char *to;
};

struct cw_findings {
	struct cw_key key;
	bool show_secrets;
	unsigned workers;
	struct shard *shards;
	struct cw_vec list; /* struct cw_finding */
	struct cw_vec origins; /* struct cw_origin *, owned */
	void *rewritten; /* tsearch root: struct rewrite */
	size_t secrets;
	const struct cw_policy *policy; /* or NULL */
	bool show_suppressed;
	uint64_t suppressed[CW_BY_COUNT_];
};

static int pointer_cmp(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static void rewrite_free(void *p)
{
	struct rewrite *r = p;

	free(r->to);
	free(r);
}

static int rewrite_cmp(const void *a, const void *b)
{
	return pointer_cmp(((const struct rewrite *)a)->from, ((const struct rewrite *)b)->from);
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
					      .sights = CW_SIGHTS_INIT};
	f->list = (struct cw_vec)CW_VEC_INIT(struct cw_finding, RECORDS_MAX);
	f->origins = (struct cw_vec)CW_VEC_INIT(struct cw_origin *, RECORDS_MAX);
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
		cw_sights_release(&s->sights);
	}
	for (size_t i = 0; i < f->origins.len; i++)
		free(CW_VEC_AT(&f->origins, struct cw_origin *, i));
	cw_vec_release(&f->origins);
	tdestroy(f->rewritten, rewrite_free);
	cw_vec_release(&f->list);
	cw_key_wipe(&f->key);
	free(f->shards);
	free(f);
}

static int take_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	struct cw_findings *f = payload;
	struct shard *s = &f->shards[worker];
	struct record r = {.object = hit->object, .type = hit->type, .line = hit->line, .column = hit->column,
			   .end_line = hit->end_line, .end_column = hit->end_column, .more = hit->more,
			   .mark = hit->mark};
	struct record *slot;
	int rc;

	assert(worker < f->workers);
	if (!cw_gate_applies(hit->rule, hit->path))
		return 0;
	rc = cw_sights_of(&s->sights, &f->key, f->show_secrets, hit, &r.sight, err);
	if (rc != 0)
		return rc;
	if (hit->path) {
		r.path = cw_sights_text(&s->sights, hit->path);
		if (!r.path)
			return cw_err_nomem(err);
	}
	slot = cw_vec_push(&s->records);
	if (!slot)
		return cw_vec_fail(&s->records, "findings", err);
	*slot = r;
	return 0;
}

static int keep_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_kept *ret, struct cw_err *err)
{
	struct cw_findings *f = payload;
	const struct cw_sight *sight;
	int rc;

	assert(worker < f->workers);
	rc = cw_sights_of(&f->shards[worker].sights, &f->key, f->show_secrets, hit, &sight, err);
	if (rc != 0)
		return rc;
	/* The part behind the key's id: one key made all of them. */
	memcpy(ret->secret, strchr(sight->form->fingerprint, ':') + 1, sizeof(ret->secret));
	ret->handle = sight;
	return 0;
}

/* A copy of ORIGIN whose strings belong to the collector; NULL without memory. */
static const struct cw_origin *copy_origin(struct cw_findings *f, const struct cw_origin *origin)
{
	struct cw_origin **slot = cw_vec_push(&f->origins), *copy;

	if (!slot)
		return NULL;
	copy = *slot = calloc(1, sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *origin;
	if (origin->author)
		copy->author = cw_sights_text(&f->shards[0].sights, origin->author);
	if (origin->tip_ref)
		copy->tip_ref = cw_sights_text(&f->shards[0].sights, origin->tip_ref);
	return (origin->author && !copy->author) || (origin->tip_ref && !copy->tip_ref) ? NULL : copy;
}

static void fill(struct cw_finding *out, const struct record *r);

static const struct cw_suppression *judge_record(const struct cw_findings *f, const struct record *r, bool unlisted)
{
	const struct cw_form *form = r->sight->form;
	struct cw_case c = {.rule = form->rule->id, .fingerprint = form->fingerprint, .path = r->path, .mark = r->mark,
			    .values = form->values, .values_len = form->values_len, .more = r->more > 0,
			    .unlisted = unlisted};

	return f->policy ? cw_policy_case(f->policy, &c) : NULL;
}

/* Whether a place with this SUPPRESSION (or NULL) goes to the list; if it does not count it is counted here. */
static bool is_listed(struct cw_findings *f, const struct cw_suppression *suppression)
{
	if (!suppression || suppression->advisory)
		return true;
	f->suppressed[suppression->by]++;
	return f->show_suppressed;
}

static void set_suppression(struct cw_finding *out, const struct cw_suppression *suppression)
{
	out->suppression = suppression;
	out->suppressed = suppression && !suppression->advisory;
}

static int take_place(void *payload, const struct cw_scan_place *place, struct cw_err *err)
{
	struct cw_findings *f = payload;
	struct record r = {.sight = place->handle, .object = place->object, .type = place->type, .line = place->line,
			   .column = place->column, .end_line = place->end_line, .end_column = place->end_column,
			   .more = place->more, .mark = place->mark};
	const struct cw_suppression *suppression;
	const struct cw_origin *origin;
	struct cw_finding *out;

	if (!cw_gate_applies(r.sight->form->rule, place->path))
		return 0;
	if (place->path) {
		r.path = cw_sights_text(&f->shards[0].sights, place->path);
		if (!r.path)
			return cw_err_nomem(err);
	}
	suppression = judge_record(f, &r, place->unlisted > 0);
	if (!is_listed(f, suppression))
		return 0;
	origin = copy_origin(f, place->origin);
	if (!origin)
		return cw_err_nomem(err);
	out = cw_vec_push(&f->list);
	if (!out)
		return cw_vec_fail(&f->list, "findings", err);
	fill(out, &r);
	set_suppression(out, suppression);
	out->objects = place->objects;
	out->unlisted = place->unlisted;
	out->origin = origin;
	return 0;
}

int cw_findings_set_policy(struct cw_findings *f, const struct cw_policy *policy, bool show, struct cw_err *err)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < f->workers; i++)
		rc = cw_sights_set_policy(&f->shards[i].sights, policy, err);
	if (rc != 0)
		return rc;
	f->policy = policy;
	f->show_suppressed = show;
	return 0;
}

/* ---- the verdict store ---- */

static int digest_of(void *payload, uint8_t ret[CW_SHA256_LEN], struct cw_err *err)
{
	static const char text[] = "verdict store";
	const struct cw_findings *f = payload;
	CW_CLEANUP(cw_buf_release) struct cw_buf all = CW_BUF_INIT;
	char print[CW_FINGERPRINT_SIZE];
	/* The key's id is too short to tell all keys apart. */
	int rc = cw_key_fingerprint(&f->key, text, sizeof(text), print, err);

	if (rc != 0)
		return rc;
	cw_buf_addf(&all, "key %s\n", print);
	if (f->policy)
		cw_policy_put_values(f->policy, &all);
	rc = cw_buf_fail(&all, "digest", err);
	return rc == 0 ? cw_sha256(all.data, all.len, ret, err) : rc;
}

static void save_kept(void *payload, const void *handle, struct cw_stored_sight *ret, const struct cw_rule **ret_rule)
{
	const struct cw_sight *sight = handle;

	(void)payload;
	cw_sights_save(sight, ret);
	*ret_rule = sight->form->rule;
}

static int restore_kept(void *payload, const struct cw_stored_sight *stored, const struct cw_rule *rule, struct cw_kept *ret,
			struct cw_err *err)
{
	struct cw_findings *f = payload;
	const struct cw_sight *sight;
	int rc = cw_sights_restore(&f->shards[0].sights, &f->key, stored, rule, &sight, err);

	if (rc != 0)
		return rc;
	memcpy(ret->secret, stored->secret, sizeof(ret->secret));
	ret->handle = sight;
	return 0;
}

struct cw_sink cw_findings_sink(struct cw_findings *f)
{
	struct cw_sink sink = {.hit = take_hit, .keep = keep_hit, .place = take_place, .payload = f};

	if (!f->show_secrets) { /* which nobody stores */
		sink.digest = digest_of;
		sink.save = save_kept;
		sink.restore = restore_kept;
	}
	return sink;
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
	int c = (int)b->sight->proof - (int)a->sight->proof;

	if (c == 0)
		c = (int)a->sight->cut - (int)b->sight->cut;
	if (c == 0) /* a mark that did not suppress the place does not explain it */
		c = (a->mark != NULL) - (b->mark != NULL);
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
	return c != 0 ? c : path_cmp(a->sight->decoded, b->sight->decoded);
}

static int place_cmp(const struct record *a, const struct record *b)
{
	int c = strcmp(a->sight->form->fingerprint, b->sight->form->fingerprint);

	if (c == 0)
		c = strcmp(a->sight->form->rule->id, b->sight->form->rule->id);
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

/* By the introduction; what has none known comes last. */
static int origin_cmp(const struct cw_origin *a, const struct cw_origin *b)
{
	bool has_a = a && a->commit.len > 0, has_b = b && b->commit.len > 0;

	if (!has_a || !has_b)
		return (int)has_b - (int)has_a;
	if (a->date != b->date)
		return a->date < b->date ? -1 : 1;
	return cw_oid_cmp(&a->commit, &b->commit);
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
		c = origin_cmp(a->origin, b->origin);
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
	const struct cw_sight *sight = r->sight;
	const struct cw_form *form = sight->form;

	*out = (struct cw_finding){
		.rule = form->rule, .severity = cw_gate_severity(form->rule, r->path, sight->label),
		.proof = sight->proof, .cut = sight->cut, .label = sight->label, .decoded = sight->decoded, .python = sight->python,
		.redacted = form->redacted, .secret = form->secret, .secret_len = form->secret_len, .path = r->path,
		.object = r->object, .type = r->type, .line = r->line, .column = r->column, .end_line = r->end_line,
		.end_column = r->end_column, .objects = 1, .more = r->more, .also = sight->also,
		.also_len = sight->also_len};
	memcpy(out->fingerprint, form->fingerprint, sizeof(out->fingerprint));
}

/* What suppresses all N records of one place, or NULL; an advisory one only when there is no place for doubt. */
static const struct cw_suppression *judge_place(const struct cw_findings *f, struct record *const *records, size_t n)
{
	const struct cw_suppression *all = judge_record(f, records[0], false);

	for (size_t i = 1; i < n && all; i++) {
		const struct cw_suppression *s = judge_record(f, records[i], false);

		if (!s || s->advisory)
			all = s;
	}
	return all;
}

/* One finding for the N records of one place, which are sorted by object. */
static int merge_place(struct cw_findings *f, struct record *const *records, size_t n, struct cw_err *err)
{
	const struct cw_suppression *suppression = judge_place(f, records, n);
	const struct record *shown = records[0];
	uint64_t objects = 1, more = shown->more;
	struct cw_finding *out;

	if (!is_listed(f, suppression))
		return 0;
	for (size_t i = 1; i < n; i++) {
		objects += cw_oid_cmp(&records[i]->object, &records[i - 1]->object) != 0;
		if (records[i]->more > more)
			more = records[i]->more;
		if (shown_cmp(records[i], shown) < 0)
			shown = records[i];
	}
	out = cw_vec_push(&f->list);
	if (!out)
		return cw_vec_fail(&f->list, "findings", err);
	fill(out, shown);
	set_suppression(out, suppression);
	out->objects = objects;
	out->more = more;
	return 0;
}

static int fingerprint_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int count_secrets(struct cw_findings *f, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) const char **prints = calloc(f->list.len + 1, sizeof(*prints));
	size_t n = 0;

	if (!prints)
		return cw_err_nomem(err);
	for (size_t i = 0; i < f->list.len; i++)
		if (!CW_VEC_AT(&f->list, struct cw_finding, i).suppressed)
			prints[n++] = CW_VEC_AT(&f->list, struct cw_finding, i).fingerprint;
	qsort(prints, n, sizeof(*prints), fingerprint_cmp);
	for (size_t i = 0; i < n; i++)
		f->secrets += i == 0 || strcmp(prints[i], prints[i - 1]) != 0;
	return 0;
}

int cw_findings_finish(struct cw_findings *f, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec all = CW_VEC_INIT(struct record *, SIZE_MAX / sizeof(void *));
	struct record *const *records;
	int rc = gather(f, &all, err);

	records = all.items;
	for (size_t i = 0, end; rc == 0 && i < all.len; i = end) {
		for (end = i + 1; end < all.len && place_cmp(records[i], records[end]) == 0;)
			end++;
		rc = merge_place(f, records + i, end - i, err);
	}
	if (rc != 0)
		return rc;
	if (f->list.len > 1)
		qsort(f->list.items, f->list.len, f->list.item_size, output_cmp);
	return count_secrets(f, err);
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

size_t cw_findings_counted(const struct cw_findings *f, enum cw_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < f->list.len; i++) {
		const struct cw_finding *finding = &CW_VEC_AT(&f->list, struct cw_finding, i);

		n += !finding->suppressed && finding->severity >= severity;
	}
	return n;
}

size_t cw_findings_secrets(const struct cw_findings *f)
{
	return f->secrets;
}

uint64_t cw_findings_suppressed(const struct cw_findings *f, enum cw_suppressed_by by)
{
	return f->suppressed[by];
}

/* What became of *TEXT, which is interned or NULL, so that each distinct text is given to FN about once. */
static int rewrite(struct cw_findings *f, const char **text,
		   int (*fn)(void *payload, const char *text, struct cw_buf *out, struct cw_err *err), void *payload,
		   struct cw_err *err)
{
	CW_CLEANUP(cw_buf_release) struct cw_buf out = CW_BUF_INIT;
	struct rewrite key = {.from = *text}, *entry, **found;
	int rc;

	if (!*text)
		return 0;
	found = tfind(&key, &f->rewritten, rewrite_cmp);
	if (found) {
		*text = (*found)->to;
		return 0;
	}
	rc = fn(payload, *text, &out, err);
	if (rc != 0)
		return rc;
	key.to = cw_buf_detach(&out);
	entry = malloc(sizeof(*entry));
	if (entry)
		*entry = key;
	if (!key.to || !entry || !tsearch(entry, &f->rewritten, rewrite_cmp)) {
		free(key.to);
		free(entry);
		return cw_err_nomem(err);
	}
	*text = key.to;
	return 0;
}

int cw_findings_rewrite_paths(struct cw_findings *f,
			      int (*fn)(void *payload, const char *text, struct cw_buf *out, struct cw_err *err),
			      void *payload, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->list.len; i++)
		rc = rewrite(f, &CW_VEC_AT(&f->list, struct cw_finding, i).path, fn, payload, err);
	for (size_t i = 0; rc == 0 && i < f->origins.len; i++) {
		struct cw_origin *origin = CW_VEC_AT(&f->origins, struct cw_origin *, i);

		rc = rewrite(f, &origin->author, fn, payload, err);
		if (rc == 0)
			rc = rewrite(f, &origin->tip_ref, fn, payload, err);
	}
	return rc;
}
