/* scan/push_judge.c - each commit of a push against its parents: what it brings is scanned if that was not done yet, and what is new
 * is recorded. */
#include <string.h>

#include "scan/push_int.h"

struct looking { /* at one commit, or at a tree without one */
	struct cw_push *p;
	const struct cw_range_commit *commit; /* NULL: none */
};

static struct cw_object_ref ref_of(const struct cw_oid *oid)
{
	return (struct cw_object_ref){ .oid = *oid };
}

static int note_before(struct cw_push *p, const struct cw_diff_entry *e, struct cw_err *err)
{
	for (size_t i = 0; i < e->before_len; i++) {
		struct cw_oid *slot = cw_vec_push(&p->first);

		if (!slot)
			return cw_vec_fail(&p->first, "pre-images", err);
		*slot = e->before[i];
	}
	return 0;
}

/* An entry whose mode says file for an object that is a folder: what is below it was not looked at. */
static void note_false_mode(struct cw_push *p, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	cw_coverage_unscanned(&p->lookup.scanner.coverage, false, hex, "a folder that a tree names as a file");
}

static int on_after(void *payload, const struct cw_diff_entry *e, struct cw_err *err)
{
	struct looking *l = payload;
	struct cw_push *p = l->p;
	struct cw_object_ref ref = ref_of(&e->oid);
	uint32_t holder = CW_HOLDER_NONE;
	int rc = 0;

	if (cw_push_stopped(p))
		return cw_err_set(err, CW_E_CANCELLED, "interrupted");
	if (e->new_name)
		rc = cw_push_name(p, e->name, e->name_len, &holder, err);
	if (!rc && cw_lookup_holds(holder))
		rc = cw_judge_after(&p->judge, e->path, holder, &e->oid, true, err);
	if (rc || e->kind != CW_ENTRY_BLOB)
		return rc;
	rc = cw_lookup_of(&p->lookup, &ref, false, &holder, err);
	if (rc || holder == CW_HOLDER_NONE)
		return rc;
	if (holder == CW_HOLDER_TREE) {
		note_false_mode(p, &e->oid);
		return 0;
	}
	cw_kept_holder(&p->lookup.kept, holder)->named = true;
	rc = cw_judge_after(&p->judge, e->path, holder, &e->oid, false, err);
	return rc ? rc : note_before(p, e, err);
}

static int give_before(struct cw_push *p, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_object_ref ref = ref_of(oid);
	uint32_t holder;
	int rc = cw_lookup_of(&p->lookup, &ref, true, &holder, err);

	if (!rc)
		cw_judge_before(&p->judge, holder);
	return rc;
}

/* The walk over pre-images ends when nothing more is asked. */
#define ENOUGH 1

static int on_before(void *payload, const struct cw_diff_entry *e, struct cw_err *err)
{
	struct looking *l = payload;
	uint32_t holder;
	int rc = cw_push_name(l->p, e->name, e->name_len, &holder, err);

	if (!rc)
		cw_judge_before(&l->p->judge, holder);
	if (!rc && e->kind == CW_ENTRY_BLOB)
		rc = give_before(l->p, &e->oid, err);
	if (rc)
		return rc;
	if (cw_push_stopped(l->p))
		return cw_err_set(err, CW_E_CANCELLED, "interrupted");
	return cw_judge_wants(&l->p->judge) ? 0 : ENOUGH;
}

/* The tree of the commit OID; len 0 when it cannot be read: that is said where the range was made, or it is an old one, and more
 * counts as new. */
static int tree_of(struct cw_push *p, const struct cw_oid *oid, struct cw_oid *ret, struct cw_err *err)
{
	const struct cw_range_commit *pushed = cw_pushed_find(&p->notes.commits, oid);
	struct cw_commit_head head;
	struct cw_object o;
	int rc;

	ret->len = 0;
	if (pushed) {
		*ret = pushed->tree;
		return 0;
	}
	rc = cw_repo_read(p->repo, oid, &o, NULL);
	if (rc)
		return rc == CW_E_NOMEM ? cw_err_nomem(err) : 0;
	if (cw_commit_parse(o.data, o.len, &head))
		*ret = head.tree;
	cw_object_release(&o);
	return 0;
}

/* The trees of the commit's parents, each once. */
static int parent_trees(struct cw_push *p, const struct cw_range_commit *c, struct cw_vec *out, struct cw_err *err)
{
	for (uint32_t i = 0; i < c->parents_len; i++) {
		const struct cw_oid *parent = &CW_VEC_AT(&p->range->parents, struct cw_oid, c->parents + i);
		struct cw_oid tree, *slot;
		int rc = tree_of(p, parent, &tree, err);
		bool known = !tree.len;

		if (rc)
			return rc;
		for (size_t k = 0; k < out->len && !known; k++)
			known = !cw_oid_cmp(&CW_VEC_AT(out, struct cw_oid, k), &tree);
		if (known)
			continue;
		slot = cw_vec_push(out);
		if (!slot)
			return cw_vec_fail(out, "parents", err);
		*slot = tree;
	}
	return 0;
}

/* Ask what the commit took away: first at the paths themselves, then everywhere. */
static int ask_before(struct looking *l, const struct cw_vec *parents, struct cw_err *err)
{
	struct cw_push *p = l->p;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->first.len && cw_judge_wants(&p->judge); i++)
		rc = give_before(p, &CW_VEC_AT(&p->first, struct cw_oid, i), err);
	for (size_t i = 0; !rc && i < parents->len && cw_judge_wants(&p->judge); i++) {
		rc = cw_diff_before(p->diff, &CW_VEC_AT(parents, struct cw_oid, i), &l->commit->tree, on_before, l, err);
		rc = rc == ENOUGH ? 0 : rc;
	}
	return rc;
}

static int record_new(struct looking *l, bool all, struct cw_err *err)
{
	struct cw_push *p = l->p;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->judge.after.len; i++) {
		const struct cw_judged *j = &CW_VEC_AT(&p->judge.after, struct cw_judged, i);
		struct cw_push_record at = { .holder = j->holder, .object = j->object,
					     .type = j->is_name ? CW_OBJ_TREE : CW_OBJ_BLOB };
		const struct cw_kept_hit *hits;
		uint32_t len;

		if (l->commit) {
			at.commit = l->commit->oid;
			at.date = l->commit->time;
			at.order = (size_t)(l->commit - (const struct cw_range_commit *)p->range->commits.items);
		}
		hits = cw_lookup_hits(&p->lookup, j->holder, &len);
		for (uint32_t k = 0; !rc && k < len; k++) {
			if (!all && !cw_judge_is_new(&p->judge, hits[k].fact))
				continue;
			at.fact = hits[k].fact;
			rc = cw_push_record(p, &at, cw_judge_path(&p->judge, j), err);
		}
	}
	return rc;
}

/* Record what is new; after an interruption all that might be. */
static int finish(struct looking *l, int rc, bool all, struct cw_err *err)
{
	if (rc == CW_E_CANCELLED)
		return record_new(l, true, NULL) == CW_E_NOMEM ? cw_err_nomem(err) : rc;
	return rc ? rc : record_new(l, all, err);
}

static int judge_commit(struct cw_push *p, const struct cw_range_commit *c, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec parents = CW_VEC_INIT(struct cw_oid, UINT32_MAX);
	struct looking l = { .p = p, .commit = c };
	int rc = parent_trees(p, c, &parents, err);

	cw_judge_clear(&p->judge);
	cw_vec_clear(&p->first);
	rc = rc ? rc : cw_diff_after(p->diff, &c->tree, parents.items, parents.len, on_after, &l, err);
	if (!rc && !p->opts->judge_all)
		rc = ask_before(&l, &parents, err);
	return finish(&l, rc, p->opts->judge_all, err);
}

int cw_push_judge_commits(struct cw_push *p, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < p->range->commits.len; i++)
		rc = judge_commit(p, &CW_VEC_AT(&p->range->commits, struct cw_range_commit, i), err);
	return rc;
}

int cw_push_judge_tree(struct cw_push *p, const struct cw_oid *tree, struct cw_err *err)
{
	struct looking l = { .p = p };
	int rc;

	cw_judge_clear(&p->judge);
	rc = cw_diff_after(p->diff, tree, NULL, 0, on_after, &l, err);
	return finish(&l, rc, true, err);
}
