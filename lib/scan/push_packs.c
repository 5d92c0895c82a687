/* scan/push_packs.c - the objects of a quarantine that stand in packs: each is rebuilt once, and files are scanned by what changed
 * between their versions. Several workers, each with notes of its own; what they found is put together at the end. Trees come last,
 * when it is known which objects hold something. */
#include <stdatomic.h>
#include <stdlib.h>

#include "scan/leave.h"
#include "scan/packed.h"
#include "scan/push_int.h"

#define CONTENT_TYPES (1u << CW_OBJ_BLOB | 1u << CW_OBJ_COMMIT | 1u << CW_OBJ_TAG)
#define JOBS_MAX 64

struct learnt { /* what an object holds */
	struct cw_oid oid;
	uint32_t holder;
};

struct job { /* one worker's own */
	struct cw_scanner scanner;
	struct cw_stage stage;
	struct cw_kept_table *kept;
	struct cw_push_notes notes;
	struct cw_vec learnt; /* struct learnt */
};

struct reading {
	struct cw_push *p;
	const struct cw_vec *list; /* struct cw_object_ref */
	struct cw_sink sink;
	const struct cw_packs *packs;
	struct job jobs[JOBS_MAX];
	unsigned jobs_len;
};

static int stage_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	struct reading *r = payload;
	struct cw_kept kept;
	int rc = r->p->sink->keep(r->p->sink->payload, worker, hit, &kept, err);

	return rc ? rc : cw_stage_add(&r->jobs[worker].stage, hit, &kept, err);
}

static int look_at_name(void *payload, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	struct cw_scanned s = { .data = name, .len = len, .name = "a name in a tree", .type = CW_OBJ_TREE, .beside = true };
	const struct cw_oid none = { .len = 0 };
	struct job *j = payload;
	int rc = cw_scanner_scan(&j->scanner, &s, err);

	*ret_holder = CW_HOLDER_NONE;
	return rc ? rc : cw_kept_add(j->kept, &j->stage, &none, CW_OBJ_TREE, ret_holder, err);
}

static int learn(struct job *j, const struct cw_oid *oid, uint32_t holder, struct cw_err *err)
{
	struct learnt *slot = cw_vec_push(&j->learnt);

	if (!slot)
		return cw_vec_fail(&j->learnt, "objects of the push", err);
	*slot = (struct learnt){ .oid = *oid, .holder = holder };
	return 0;
}

static int scan_content(struct job *j, const struct cw_object_ref *ref, const struct cw_object *o,
			const struct cw_version *v, struct cw_facts *facts, uint32_t *ret, struct cw_err *err)
{
	char hex[CW_OID_HEX_SIZE];
	struct cw_scanned s = { .data = o->data, .len = o->len, .name = hex, .object = ref->oid, .type = o->type,
				.version = o->type == CW_OBJ_BLOB ? v : NULL, .facts = facts };
	struct cw_err why = CW_ERR_INIT;
	int rc;

	cw_oid_hex(&ref->oid, hex);
	rc = cw_scanner_scan(&j->scanner, &s, err);
	/* A report names the object, which must then be the one of that id. */
	if (!rc && j->scanner.res.hits.len && cw_object_verify(o, &ref->oid, &why))
		cw_coverage_unscanned(&j->scanner.coverage, false, hex, cw_err_msg(&why));
	return rc ? rc : cw_kept_add(j->kept, &j->stage, &ref->oid, o->type, ret, err);
}

static int scan_version(struct reading *r, struct job *j, const struct cw_object_ref *ref, const struct cw_version *v,
			struct cw_facts *facts, struct cw_err *err)
{
	struct cw_object o = { .type = v->type, .data = v->data, .len = v->len };
	uint32_t holder = CW_HOLDER_NONE;
	int rc;

	if (v->again && v->type == CW_OBJ_BLOB) /* only its children want to know */
		cw_match_version(j->scanner.matcher, v->data, v->len, v->base, v->copies, v->copies_len, &j->scanner.res, facts, NULL);
	/* Too large, or a copy that is not the object: left to the other reader, which says so or finds another one. */
	if (v->again || v->len > r->p->opts->object_max || (ref->shared && cw_object_verify(&o, &ref->oid, NULL)))
		return 0;
	atomic_fetch_add_explicit(&r->p->progress->done, 1, memory_order_relaxed);
	rc = scan_content(j, ref, &o, v, facts, &holder, err);
	rc = rc ? rc : cw_push_note(&j->notes, &ref->oid, &o, err);
	return rc ? rc : learn(j, &ref->oid, holder, err);
}

static int on_version(void *payload, unsigned worker, size_t i, const struct cw_version *v, struct cw_left *ret,
		      struct cw_err *err)
{
	struct reading *r = payload;
	struct cw_facts *facts;
	int rc = cw_leave_make(v, &facts, err);

	rc = rc ? rc : scan_version(r, &r->jobs[worker], &CW_VEC_AT(r->list, struct cw_object_ref, i), v, facts, err);
	if (rc)
		cw_leave_drop(facts);
	else
		cw_leave(facts, ret);
	return rc;
}

/* What cannot be read here stays unknown, and is read once more in the other way. */
static int on_bad_entry(void *payload, unsigned worker, size_t i, int rc, const struct cw_err *why, struct cw_err *err)
{
	return 0;
}

/* Copies of a tree may differ: those are read one by one. */
static int on_tree(void *payload, size_t i, struct cw_err *err)
{
	struct reading *r = payload;
	const struct cw_object_ref *ref = &CW_VEC_AT(r->list, struct cw_object_ref, i);
	struct cw_object_ref *slot = ref->shared ? NULL : cw_vec_push(&r->p->trees.list);

	if (!slot)
		return ref->shared ? 0 : cw_vec_fail(&r->p->trees.list, "trees", err);
	*slot = *ref;
	return 0;
}

static int start_job(struct reading *r, struct cw_err *err)
{
	struct cw_push *p = r->p;
	struct job *j = &r->jobs[r->jobs_len];
	int rc = cw_scanner_init(&j->scanner, p->lookup.scanner.set, &r->sink, p->progress, r->jobs_len, &p->lookup.scanner, err);

	if (rc)
		return rc;
	j->kept = &p->lookup.kept;
	j->learnt = (struct cw_vec)CW_VEC_INIT(struct learnt, CW_OBJECTS_MAX);
	cw_push_notes_init(&j->notes, p, &j->scanner.coverage, look_at_name, j);
	r->jobs_len++;
	return 0;
}

static int finish_job(struct reading *r, struct job *j, struct cw_err *err)
{
	int rc = cw_push_notes_merge(&r->p->notes, &j->notes, err);

	for (size_t i = 0; !rc && i < j->learnt.len; i++) {
		const struct learnt *l = &CW_VEC_AT(&j->learnt, struct learnt, i);

		rc = cw_lookup_learn(&r->p->lookup, &l->oid, l->holder, err);
	}
	return rc;
}

static void release_job(struct reading *r, struct job *j)
{
	cw_scanner_finish(&j->scanner, r->p->coverage);
	cw_stage_release(&j->stage);
	cw_push_notes_release(&j->notes);
	cw_vec_release(&j->learnt);
}

static int walk(struct reading *r, struct cw_err *err)
{
	struct cw_packed packed = { .packs = r->packs, .list = r->list->items, .len = r->list->len, .types = CONTENT_TYPES,
				    .workers = r->jobs_len, .object_max = r->p->opts->object_max,
				    .memory_max = CW_MEMORY_MAX_DEFAULT,
				    .cancel = &r->p->progress->cancel, .visit = on_version, .fail = on_bad_entry,
				    .other = on_tree, .drop = cw_leave_drop, .payload = r };
	struct cw_family_stats stats = { 0 };
	int rc = cw_packed_walk(&packed, &stats, err);

	for (unsigned i = 0; !rc && i < r->jobs_len; i++)
		rc = finish_job(r, &r->jobs[i], err);
	return rc;
}

/* ---- trees ---- */

static int list_scanned(const struct reading *r, struct cw_vec *out, struct cw_err *err)
{
	for (unsigned i = 0; i < r->jobs_len; i++) {
		const struct cw_vec *learnt = &r->jobs[i].learnt;

		for (size_t k = 0; k < learnt->len; k++) {
			struct cw_oid *slot = cw_vec_push(out);

			if (!slot)
				return cw_vec_fail(out, "objects of the push", err);
			*slot = CW_VEC_AT(learnt, struct learnt, k).oid;
		}
	}
	return 0;
}

static int read_trees(struct reading *r, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec scanned = CW_VEC_INIT(struct cw_oid, CW_OBJECTS_MAX);
	struct cw_tree_worker workers[JOBS_MAX];
	struct cw_push_trees_opts opts = { .packs = r->packs, .scanned = &scanned, .kept = &r->p->lookup.kept, .workers = workers,
					   .workers_len = r->jobs_len, .object_max = r->p->opts->object_max,
					   .progress = r->p->progress };
	int rc = list_scanned(r, &scanned, err);

	for (unsigned i = 0; i < r->jobs_len; i++)
		workers[i] = (struct cw_tree_worker){ .scanner = &r->jobs[i].scanner, .stage = &r->jobs[i].stage };
	return rc ? rc : cw_push_trees_read(&r->p->trees, &opts, &r->p->lookup.scanner.coverage, err);
}

static int note_name(void *payload, const struct cw_oid *tree, uint32_t holder, struct cw_err *err)
{
	return cw_push_note_name(payload, tree, holder, err);
}

/* Trees that were read count as scanned. */
static int note_trees(struct cw_push *p, struct cw_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < p->trees.list.len; i++) {
		uint8_t sight = p->trees.sights[i];

		if (sight == CW_TREE_UNREAD)
			continue;
		p->notes.open = p->notes.open || sight == CW_TREE_OPEN;
		p->lookup.scanner.coverage.expected++;
		p->lookup.scanner.coverage.scanned++;
		rc = cw_lookup_learn(&p->lookup, &CW_VEC_AT(&p->trees.list, struct cw_object_ref, i).oid, CW_HOLDER_TREE, err);
		rc = rc || sight == CW_TREE_PLAIN ? rc : cw_push_trees_names(&p->trees, i, note_name, &p->notes, err);
	}
	return rc;
}

/* ---- all ---- */

static int read_all(struct reading *r, struct cw_err *err)
{
	int rc = start_job(r, err);

	while (!rc && r->jobs_len < r->p->opts->jobs && r->jobs_len < JOBS_MAX && !start_job(r, NULL))
		continue;
	rc = rc ? rc : walk(r, err);
	rc = rc ? rc : read_trees(r, err);
	rc = rc ? rc : note_trees(r->p, err);
	for (unsigned i = 0; i < r->jobs_len; i++)
		release_job(r, &r->jobs[i]);
	return rc;
}

int cw_push_read_packs(struct cw_push *p, const struct cw_vec *list, struct cw_err *err)
{
	CW_CLEANUP(cw_packs_free_p) struct cw_packs *packs = NULL;
	CW_CLEANUP(cw_freep) struct reading *r = NULL;

	/* Packs that cannot be opened are no failure here: the other reader says what is wrong with them. */
	if (cw_packs_open_in(p->opts->quarantine->objects, &packs, NULL) || !cw_packs_len(packs))
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return cw_err_nomem(err);
	r->p = p;
	r->list = list;
	r->packs = packs;
	r->sink = (struct cw_sink){ .hit = stage_hit, .payload = r };
	return read_all(r, err);
}
