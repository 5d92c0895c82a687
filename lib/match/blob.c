/* match/blob.c - see blob.h: runs stage 1, stage 2, the decoders and overlap resolution over one blob.
 *
 * A *text* is a run of bytes scanned as one: the blob itself, the characters of a UTF-16 blob, or what a decoder made
 * of a span of another text. Each knows how its offsets map back to the blob. */
#include "match/blob.h"

#include <stdlib.h>
#include <string.h>

#include "match/blob_int.h"
#include "match/resolve.h"
#include "match/story.h"

#define UNSCANNABLE_MAX 1000 /* listed; one is enough to make a scan incomplete */
#define HITS_MAX ((size_t)1 << 22)

static int matcher_alloc(const struct cw_set *set, struct cw_matcher **ret, struct cw_err *err)
{
	struct cw_matcher *m = calloc(1, sizeof(*m));

	if (!m)
		return cw_err_nomem(err);
	m->set = cw_set_ref(set);
	for (int i = 0; i <= CW_DECODE_DEPTH_MAX; i++)
		m->text[i] = (struct cw_buf)CW_BUF_INIT_SECRET;
	m->rules = calloc(cw_set_len(set) + 1, sizeof(*m->rules));
	*ret = m;
	return m->rules ? cw_judge_new(set, &m->judge, err) : cw_err_nomem(err);
}

int cw_matcher_new(const struct cw_set *set, struct cw_matcher **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *m = NULL;
	int rc = matcher_alloc(set, &m, err);

	if (rc == 0)
		rc = cw_stage1_new(set, &m->stage1, err);
	if (rc == 0)
		rc = cw_stage1_known_answer(m->stage1, err);
	if (rc == 0)
		*ret = cw_steal(&m);
	return rc;
}

int cw_matcher_clone(const struct cw_matcher *from, struct cw_matcher **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_matcher_free_p) struct cw_matcher *m = NULL;
	int rc = matcher_alloc(from->set, &m, err);

	if (rc == 0)
		rc = cw_stage1_clone(from->stage1, &m->stage1, err);
	if (rc == 0)
		*ret = cw_steal(&m);
	return rc;
}

void cw_matcher_free(struct cw_matcher *m)
{
	if (!m)
		return;
	for (int i = 0; i <= CW_DECODE_DEPTH_MAX; i++)
		cw_buf_release(&m->text[i]);
	cw_stage1_free(m->stage1);
	cw_judge_free(m->judge);
	free(m->rules);
	cw_facts_work_free(m->facts);
	cw_set_unref(m->set);
	free(m);
}

const struct cw_set *cw_matcher_set(const struct cw_matcher *m)
{
	return m->set;
}

void cw_matcher_set_recorder(struct cw_matcher *m, struct cw_recorder *r)
{
	cw_judge_set_recorder(m->judge, r);
}

void cw_matcher_set_cancel(struct cw_matcher *m, const _Atomic int *cancel)
{
	cw_stage1_set_cancel(m->stage1, cancel);
}

void cw_result_init(struct cw_result *r)
{
	memset(r, 0, sizeof(*r));
	r->hits = (struct cw_vec)CW_VEC_INIT(struct cw_hit, HITS_MAX);
	r->also = (struct cw_vec)CW_VEC_INIT(uint32_t, HITS_MAX);
	r->unscannable = (struct cw_vec)CW_VEC_INIT(struct cw_unscannable, UNSCANNABLE_MAX);
	r->more = (struct cw_vec)CW_VEC_INIT(struct cw_more, CW_RULES_MAX);
	r->secrets = (struct cw_buf)CW_BUF_INIT_SECRET;
	r->cls = cw_blob_class_name(CW_BLOB_PLAIN);
}

void cw_result_clear(struct cw_result *r)
{
	cw_vec_clear(&r->hits);
	cw_vec_clear(&r->also);
	cw_vec_clear(&r->unscannable);
	cw_vec_clear(&r->more);
	cw_buf_clear(&r->secrets);
	r->candidates = 0;
	r->cls = cw_blob_class_name(CW_BLOB_PLAIN);
}

void cw_result_release(struct cw_result *r)
{
	cw_vec_release(&r->hits);
	cw_vec_release(&r->also);
	cw_vec_release(&r->unscannable);
	cw_vec_release(&r->more);
	cw_buf_release(&r->secrets);
}

/* The byte of the blob where offset OFF of T begins. */
static uint64_t map_offset(const struct cw_text *t, size_t off)
{
	for (; t->parent; t = t->parent)
		off = cw_decode_map(t->span, off);
	return t->bom + (uint64_t)t->unit * off;
}

/* The byte of the blob behind the last one that bytes [.., END) of T come from; END > 0. A decoded byte may end
 * inside an encoded character, which then belongs to it. */
static uint64_t map_end(const struct cw_text *t, size_t end)
{
	for (; t->parent; t = t->parent)
		end = cw_decode_map(t->span, end - 1) + 2;
	return t->bom + (uint64_t)t->unit * end;
}

/* The blob's bytes of the outermost decoded span that T comes from. */
static void outermost(const struct cw_text *t, uint64_t *ret_start, uint64_t *ret_end)
{
	while (t->parent->parent)
		t = t->parent;
	*ret_start = map_offset(t->parent, t->span->start);
	*ret_end = map_end(t->parent, t->span->end);
}

/* "utf-16le+base64": how the bytes of T were decoded, outermost first; NULL for the blob itself. */
static const char *decoded_name(const struct cw_text *t)
{
	static const char *const names[3][CW_DECODE_DEPTH_MAX + 1] = {
		{NULL, "base64", "base64+base64", "base64+base64+base64"},
		{"utf-16le", "utf-16le+base64", "utf-16le+base64+base64", "utf-16le+base64+base64+base64"},
		{"utf-16be", "utf-16be+base64", "utf-16be+base64+base64", "utf-16be+base64+base64+base64"},
	};

	_Static_assert(CW_DECODER_COUNT_ == 1, "a new decoder needs its names here");
	return names[t->cls][t->depth];
}

/* Whether this hit of RULE counts: not the one just found again through another anchor end, and within the limit. */
static bool count_hit(struct cw_run *run, uint32_t rule, const struct cw_verdict *v)
{
	struct cw_rule_state *s = &run->m->rules[rule];

	if (s->blob != run->m->blob_serial)
		*s = (struct cw_rule_state){.blob = run->m->blob_serial};
	if (s->text == run->text_serial && s->start == v->start && s->end == v->end)
		return false;
	s->text = run->text_serial;
	s->start = v->start;
	s->end = v->end;
	return ++s->hits <= CW_HITS_PER_RULE_MAX;
}

static int add_hit(struct cw_run *run, uint32_t rule, const struct cw_verdict *v)
{
	const struct cw_text *t = run->text;
	const struct cw_buf *canonical = cw_judge_canonical(run->m->judge);
	struct cw_result *res = run->res;
	struct cw_hit *h;

	if (!count_hit(run, rule, v))
		return 0;
	h = cw_vec_push(&res->hits);
	if (!h)
		return cw_vec_fail(&res->hits, "hits in one blob", run->err);
	h->rule = rule;
	h->proof = v->proof;
	h->cut = v->cut;
	h->label = v->label;
	h->decoded = decoded_name(t);
	h->start = h->at = map_offset(t, v->start);
	h->end = h->at_end = map_end(t, v->end);
	if (t->parent)
		outermost(t, &h->at, &h->at_end);
	h->secret_off = h->canon_off = res->secrets.len;
	h->secret_len = h->canon_len = v->end - v->start;
	cw_buf_add(&res->secrets, t->data + v->start, h->secret_len);
	if (v->has_canonical) {
		h->canon_off = res->secrets.len;
		h->canon_len = canonical->len;
		cw_buf_add(&res->secrets, canonical->data, canonical->len);
	}
	return cw_buf_fail(&res->secrets, "secrets in one blob", run->err);
}

static int add_unscannable(struct cw_run *run, const struct cw_candidate *c)
{
	struct cw_unscannable *u;

	if (run->res->unscannable.len == UNSCANNABLE_MAX)
		return 0;
	u = cw_vec_push(&run->res->unscannable);
	if (!u)
		return cw_vec_fail(&run->res->unscannable, "undecided rules", run->err);
	u->rule = c->rule;
	u->end = map_end(run->text, (size_t)c->end);
	u->reason = "the pattern reached its match limit";
	return 0;
}

int cw_run_candidate(struct cw_run *run, const struct cw_candidate *c)
{
	struct cw_verdict v;
	int rc;

	/* In binary files only specific rules speak. */
	if (run->binary && cw_set_rule(run->m->set, c->rule)->cls == CW_CLASS_GENERIC)
		return 0;
	rc = cw_judge_candidate(run->m->judge, c->rule, run->text->data, run->text->len, (size_t)c->end, &v, run->err);
	if (rc == 0 && v.kind == CW_VERDICT_ACCEPT) {
		run->found++;
		return add_hit(run, c->rule, &v);
	}
	if (rc == 0 && v.kind == CW_VERDICT_UNSCANNABLE) {
		run->found++;
		return add_unscannable(run, c);
	}
	return rc < 0 ? rc : 0;
}

static int on_batch(const struct cw_candidate *c, size_t n, void *payload)
{
	struct cw_run *run = payload;
	int rc = 0;

	run->res->candidates += n;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = cw_run_candidate(run, &c[i]);
	return rc;
}

void cw_run_text(struct cw_run *run, const struct cw_text *t)
{
	run->text = t;
	run->text_serial = ++run->m->text_serial;
}

int cw_run_whole(struct cw_run *run, const struct cw_text *t)
{
	const struct cw_text *outer = run->text;
	uint64_t outer_serial = run->text_serial;
	int rc;

	cw_run_text(run, t);
	rc = cw_stage1_scan(run->m->stage1, t->data, t->len, 0, t->len, on_batch, run, run->err);
	for (int d = 0; rc == 0 && t->depth < CW_DECODE_DEPTH_MAX && d < CW_DECODER_COUNT_; d++)
		rc = cw_decode_find((enum cw_decoder)d, t->data, t->len, 0, t->len, cw_run_span, run);
	run->text = outer;
	run->text_serial = outer_serial;
	return rc;
}

int cw_run_span(const struct cw_span_found *span, void *payload)
{
	struct cw_run *run = payload;
	const struct cw_text *t = run->text;
	struct cw_buf *out = &run->m->text[t->depth + 1];
	struct cw_text inner = {.parent = t, .depth = t->depth + 1, .cls = t->cls, .span = span};
	int rc;

	cw_buf_clear(out);
	rc = cw_decode_span(span, t->data, out, run->err);
	if (rc < 0)
		return rc;
	inner.data = out->data;
	inner.len = out->len;
	return out->len < CW_DECODE_MIN ? 0 : cw_run_whole(run, &inner);
}

/* A blob that is not plain also gets its whole-blob treatment. */
static int scan_utf16(struct cw_run *run, enum cw_blob_class cls, const char *data, size_t len)
{
	struct cw_buf *out = &run->m->text[0];
	struct cw_text t = {.cls = cls, .unit = 2};
	int rc;

	cw_buf_clear(out);
	rc = cw_blob_utf16(cls, data, len, out, &t.bom, run->err);
	if (rc < 0)
		return rc;
	t.data = out->data;
	t.len = out->len;
	return cw_run_whole(run, &t);
}

static int count_more(struct cw_run *run)
{
	for (uint32_t i = 0; i < cw_set_len(run->m->set); i++) {
		const struct cw_rule_state *s = &run->m->rules[i];
		struct cw_more *more;

		if (s->blob != run->m->blob_serial || s->hits <= CW_HITS_PER_RULE_MAX)
			continue;
		more = cw_vec_push(&run->res->more);
		if (!more)
			return cw_vec_fail(&run->res->more, "rules with many hits", run->err);
		more->rule = i;
		more->count = s->hits - CW_HITS_PER_RULE_MAX;
	}
	return 0;
}

bool cw_blob_is_binary(const char *data, size_t len)
{
	return memchr(data ? data : "", 0, len < CW_CLASS_PREFIX ? len : CW_CLASS_PREFIX) != NULL;
}

void cw_run_begin(struct cw_run *run, enum cw_blob_class cls)
{
	cw_result_clear(run->res);
	run->m->blob_serial++;
	run->res->cls = cw_blob_class_name(cls);
}

int cw_run_end(struct cw_run *run)
{
	int rc = run->res->hits.len >= CW_HITS_PER_RULE_MAX ? count_more(run) : 0;

	return rc < 0 ? rc : cw_resolve(run->m->set, run->res, run->err);
}

int cw_match_blob(struct cw_matcher *m, const void *data, size_t len, struct cw_result *res, struct cw_err *err)
{
	enum cw_blob_class cls = cw_blob_classify(data, len);
	struct cw_text plain = {.data = data, .len = len, .cls = CW_BLOB_PLAIN, .unit = 1};
	struct cw_run run = {.m = m, .res = res, .err = err, .binary = cw_blob_is_binary(data, len)};
	int rc;

	cw_run_begin(&run, cls);
	rc = cw_run_whole(&run, &plain);
	if (rc == 0 && cls != CW_BLOB_PLAIN) {
		run.binary = false;
		rc = scan_utf16(&run, cls, data, len);
	}
	return rc < 0 ? rc : cw_run_end(&run);
}
