/* vcs/range.c - see range.h.
 *
 * Most pushes put commits that are in the quarantine alone on top of an old tip: then only those are read. Else old references are
 * painted downwards, as git's own `rev-list NEW --not --all` does. */
#include "vcs/range.h"

#include <stdlib.h>
#include <string.h>

#include "vcs/oid_hash.h"
#include "vcs/parse.h"
#include "vcs/refs.h"
#include "vcs/stores.h"

#define NODES_MAX ((size_t)1 << 28)
#define FAULTS_MAX ((size_t)10000)
/* Old commits that are read for the sake of wrong clocks after all that is left is known to be old. */
#define SKEWED_MAX 4096
#define ASK_EVERY 64 /* commits */

enum { FRESH = 1, OLD = 2, QUEUED = 4, DONE = 8, BROKEN = 16, OPENED = 32, TAKEN = 64 };

struct node {
	struct cw_range_commit commit;
	unsigned flags;
};

struct walk {
	const struct cw_range_opts *o;
	struct cw_range *out;
	struct cw_oid_hash index; /* of nodes */
	struct cw_oid_hash tags, old_tags; /* peeled */
	struct cw_oid_hash was;	  /* whether the store had it before the push */
	struct cw_vec nodes;	  /* struct node */
	struct cw_vec heap;	  /* uint32_t: nodes, the newest first */
	struct cw_vec stack;	  /* uint32_t */
	struct cw_vec old_ids;	  /* struct cw_oid, sorted: what references named */
	struct cw_vec starts;	  /* struct cw_oid: commits that are new unless old references reach them */
	size_t fresh;		  /* queued nodes that are FRESH and not OLD */
	int64_t oldest;		  /* time of the oldest FRESH node */
	size_t read;
	struct cw_pushed one;	  /* the commit read last */
};

void cw_range_init(struct cw_range *r)
{
	*r = (struct cw_range){ .commits = CW_VEC_INIT(struct cw_range_commit, NODES_MAX),
				.parents = CW_VEC_INIT(struct cw_oid, NODES_MAX),
				.tags = CW_VEC_INIT(struct cw_oid, NODES_MAX),
				.others = CW_VEC_INIT(struct cw_range_other, NODES_MAX),
				.faults = CW_VEC_INIT(struct cw_store_fault, FAULTS_MAX) };
}

void cw_range_release(struct cw_range *r)
{
	cw_vec_release(&r->commits);
	cw_vec_release(&r->parents);
	cw_vec_release(&r->tags);
	cw_vec_release(&r->others);
	cw_store_faults_release(&r->faults);
}

static struct node *node_at(const struct walk *w, uint32_t i)
{
	return &CW_VEC_AT(&w->nodes, struct node, i);
}

static int push_oid(struct cw_vec *v, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_oid *slot = cw_vec_push(v);

	if (!slot)
		return cw_vec_fail(v, "objects of the push", err);
	*slot = *oid;
	return 0;
}

static int push_number(struct cw_vec *v, uint32_t n, struct cw_err *err)
{
	uint32_t *slot = cw_vec_push(v);

	if (!slot)
		return cw_vec_fail(v, "commits of the push", err);
	*slot = n;
	return 0;
}

static int by_oid(const void *a, const void *b)
{
	return cw_oid_cmp(a, b);
}

static bool is_in(const struct cw_vec *sorted, const struct cw_oid *oid)
{
	return sorted->len && bsearch(oid, sorted->items, sorted->len, sorted->item_size, by_oid);
}

static int fault(struct walk *w, const struct cw_oid *oid, const char *reason, struct cw_err *err)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	return cw_store_fault_add(&w->out->faults, hex, reason, err);
}

/* ---- commits ---- */

/* Take over what FROM says of the commit of N. A damaged one has no parents and is BROKEN. */
static int take(struct walk *w, struct node *n, const struct cw_pushed *from, const struct cw_range_commit *c, struct cw_err *err)
{
	int rc = 0;

	n->flags |= c->tree.len ? 0 : BROKEN;
	n->commit.tree = c->tree;
	n->commit.time = c->time;
	n->commit.parents = w->out->parents.len;
	if (is_in(w->o->shallow, &c->oid))
		return 0;
	for (uint32_t i = 0; !rc && i < c->parents_len; i++)
		rc = push_oid(&w->out->parents, cw_pushed_parent(from, c, i), err);
	n->commit.parents_len = c->parents_len;
	return rc;
}

/* Read the commit of N; when that fails it is BROKEN. */
static int read_commit(struct walk *w, struct node *n, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	struct cw_object o;
	int rc = cw_repo_read(w->o->repo, &n->commit.oid, &o, &why);

	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	cw_vec_clear(&w->one.commits);
	cw_vec_clear(&w->one.parents);
	if (!rc) {
		rc = o.type == CW_OBJ_COMMIT ? cw_pushed_add(&w->one, &n->commit.oid, o.data, o.len, err) : 0;
		cw_object_release(&o);
		if (rc)
			return rc;
	}
	if (w->one.commits.len)
		return take(w, n, &w->one, &CW_VEC_AT(&w->one.commits, struct cw_range_commit, 0), err);
	n->flags |= BROKEN;
	return 0;
}

static int know_commit(struct walk *w, struct node *n, struct cw_err *err)
{
	const struct cw_range_commit *pushed = cw_pushed_find(w->o->pushed, &n->commit.oid);

	if (w->o->stopped && ++w->read % ASK_EVERY == 0 && w->o->stopped(w->o->payload))
		return cw_err_set(err, CW_E_CANCELLED, "interrupted");
	return pushed ? take(w, n, w->o->pushed, pushed, err) : read_commit(w, n, err);
}

/* The node of OID, read when it is new. */
static int find_node(struct walk *w, const struct cw_oid *oid, uint32_t *ret, bool *ret_new, struct cw_err *err)
{
	struct node *n;
	uint32_t *slot;
	int rc = cw_oid_hash_put(&w->index, oid, (uint32_t)w->nodes.len, &slot, ret_new, err);

	if (rc)
		return rc;
	*ret = *slot;
	if (!*ret_new)
		return 0;
	n = cw_vec_push(&w->nodes);
	if (!n)
		return cw_vec_fail(&w->nodes, "commits of the push", err);
	n->commit.oid = *oid;
	return know_commit(w, n, err);
}

static const struct cw_oid *parents_of(const struct walk *w, const struct node *n)
{
	return n->commit.parents_len ? &CW_VEC_AT(&w->out->parents, struct cw_oid, n->commit.parents) : NULL;
}

/* ---- what tips name ---- */

/* Note OID, which a tip names and which is no commit. */
static int note_other(struct walk *w, const struct cw_oid *oid, enum cw_object_type type, struct cw_err *err)
{
	struct cw_range_other *slot = cw_vec_push(&w->out->others);

	if (!slot)
		return cw_vec_fail(&w->out->others, "objects of the push", err);
	*slot = (struct cw_range_other){ .oid = *oid, .type = type };
	return 0;
}

/* What the tag *OID names, in *OID; *ret_more is false when the tag was seen before or names nothing. */
static int follow_tag(struct walk *w, struct cw_oid *oid, bool tip, bool *ret_more, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	struct cw_object o;
	int rc = cw_oid_hash_put(tip ? &w->tags : &w->old_tags, oid, 0, NULL, ret_more, err);

	if (rc || !*ret_more)
		return rc;
	rc = cw_repo_read(w->o->repo, oid, &o, &why);
	if (rc) {
		*ret_more = false;
		return rc == CW_E_NOMEM ? cw_err_nomem(err) : tip ? fault(w, oid, cw_err_msg(&why), err) : 0;
	}
	rc = tip ? push_oid(&w->out->tags, oid, err) : 0;
	*ret_more = !rc && cw_tag_parse(o.data, o.len, oid);
	cw_object_release(&o);
	return rc;
}

/* Follow tags from OID. *ret is the commit at the end, len 0 when there is none. What a TIP names on the way and at the end is noted
 * as new, unless an old reference names it. */
static int peel(struct walk *w, struct cw_oid oid, bool tip, struct cw_oid *ret, struct cw_err *err)
{
	bool more = true;
	int rc = 0;

	ret->len = 0;
	while (!rc && more) {
		struct cw_err why = CW_ERR_INIT;
		enum cw_object_type type;
		uint64_t size;

		if (tip && is_in(&w->old_ids, &oid))
			return 0;
		rc = cw_repo_header(w->o->repo, &oid, &type, &size, &why);
		if (rc)
			return rc == CW_E_NOMEM ? cw_err_nomem(err) : tip ? fault(w, &oid, cw_err_msg(&why), err) : 0;
		if (type == CW_OBJ_COMMIT) {
			*ret = oid;
			return 0;
		}
		if (type != CW_OBJ_TAG)
			return tip ? note_other(w, &oid, type, err) : 0;
		rc = follow_tag(w, &oid, tip, &more, err);
	}
	return rc;
}

static int gather_old_ids(struct walk *w, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->o->refs->len; i++)
		rc = push_oid(&w->old_ids, &CW_VEC_AT(w->o->refs, struct cw_ref, i).oid, err);
	if (w->old_ids.len)
		qsort(w->old_ids.items, w->old_ids.len, w->old_ids.item_size, by_oid);
	return rc;
}

/* Whether the store had OID before the push. The same is asked of a commit and for each of its children. */
static int was_there(struct walk *w, const struct cw_oid *oid, bool *ret, struct cw_err *err)
{
	uint32_t *slot;
	bool is_new;
	int rc = cw_oid_hash_put(&w->was, oid, 0, &slot, &is_new, err);

	if (rc)
		return rc;
	if (is_new)
		*slot = cw_repo_has(w->o->old, oid);
	*ret = *slot;
	return 0;
}

/* The commits to start from: those that tips name, and pushed ones that were not there before. */
static int gather_starts(struct walk *w, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->o->tips->len; i++) {
		struct cw_oid commit;

		rc = peel(w, CW_VEC_AT(w->o->tips, struct cw_oid, i), true, &commit, err);
		if (!rc && commit.len)
			rc = push_oid(&w->starts, &commit, err);
	}
	for (size_t i = 0; !rc && i < w->o->pushed->commits.len; i++) {
		const struct cw_oid *oid = &CW_VEC_AT(&w->o->pushed->commits, struct cw_range_commit, i).oid;
		bool old;

		rc = was_there(w, oid, &old, err);
		if (!rc && !old)
			rc = push_oid(&w->starts, oid, err);
	}
	return rc;
}

/* ---- the short way ---- */

/* Whether nothing but old tips stands below commits that only the push holds; those are all FRESH then. */
static int walk_pushed(struct walk *w, bool *ret_all, struct cw_err *err)
{
	size_t next = 0;
	int rc = 0;

	for (size_t pos = 0; !rc && (next < w->starts.len || pos < w->stack.len);) {
		const struct cw_oid *parents;
		uint32_t i;
		bool is_new, old = false;

		if (pos == w->stack.len) {
			const struct cw_oid *start = &CW_VEC_AT(&w->starts, struct cw_oid, next++);

			rc = was_there(w, start, &old, err);
			if (rc || old)
				return rc;
			rc = find_node(w, start, &i, &is_new, err);
			if (!rc && is_new)
				rc = push_number(&w->stack, i, err);
			continue;
		}
		i = CW_VEC_AT(&w->stack, uint32_t, pos++);
		node_at(w, i)->flags |= FRESH;
		for (uint32_t k = 0; !rc && k < node_at(w, i)->commit.parents_len; k++) {
			uint32_t parent;

			parents = parents_of(w, node_at(w, i));
			if (is_in(&w->old_ids, &parents[k]))
				continue;
			rc = was_there(w, &parents[k], &old, err);
			if (rc || old)
				return rc;
			rc = find_node(w, &parents[k], &parent, &is_new, err);
			if (!rc && is_new)
				rc = push_number(&w->stack, parent, err);
		}
	}
	*ret_all = !rc;
	return rc;
}

/* ---- painting ---- */

static bool is_newer(const struct walk *w, uint32_t a, uint32_t b)
{
	return node_at(w, a)->commit.time > node_at(w, b)->commit.time;
}

static int heap_push(struct walk *w, uint32_t n, struct cw_err *err)
{
	uint32_t *heap;
	size_t i = w->heap.len;
	int rc = push_number(&w->heap, n, err);

	if (rc)
		return rc;
	heap = w->heap.items;
	for (; i && is_newer(w, n, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = n;
	return 0;
}

static uint32_t heap_pop(struct walk *w)
{
	uint32_t *heap = w->heap.items, top = heap[0], last = heap[--w->heap.len];
	size_t i = 0, n = w->heap.len;

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && is_newer(w, heap[child + 1], heap[child]))
			child++;
		if (!is_newer(w, heap[child], last))
			break;
		heap[i] = heap[child];
	}
	heap[i] = last;
	return top;
}

static bool counts(const struct node *n)
{
	return (n->flags & (QUEUED | FRESH | OLD)) == (QUEUED | FRESH);
}

/* Node I is old: so is all that is known below it. */
static int mark_old(struct walk *w, uint32_t i, struct cw_err *err)
{
	int rc = 0;

	cw_vec_clear(&w->stack);
	for (bool more = true; !rc && more;) {
		struct node *n = node_at(w, i);

		if (!(n->flags & OLD)) {
			w->fresh -= counts(n);
			n->flags |= OLD;
			for (uint32_t k = 0; !rc && n->flags & DONE && k < n->commit.parents_len; k++) {
				const uint32_t *parent = cw_oid_hash_get(&w->index, &parents_of(w, n)[k]);

				if (parent)
					rc = push_number(&w->stack, *parent, err);
			}
		}
		more = w->stack.len > 0;
		if (more)
			i = CW_VEC_AT(&w->stack, uint32_t, --w->stack.len);
	}
	return rc;
}

/* OID can be reached from a tip (FRESH) or an old reference (OLD). */
static int reach(struct walk *w, const struct cw_oid *oid, unsigned flag, struct cw_err *err)
{
	struct node *n;
	uint32_t i;
	bool is_new;
	int rc = find_node(w, oid, &i, &is_new, err);

	if (!rc && flag == OLD)
		rc = mark_old(w, i, err);
	if (rc)
		return rc;
	n = node_at(w, i);
	w->fresh -= counts(n);
	n->flags |= flag;
	if (!(n->flags & (QUEUED | DONE))) {
		n->flags |= QUEUED;
		rc = heap_push(w, i, err);
	}
	w->fresh += counts(n);
	return rc;
}

static int paint_references(struct walk *w, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->old_ids.len; i++) {
		const struct cw_oid *oid = &CW_VEC_AT(&w->old_ids, struct cw_oid, i);
		struct cw_oid commit;

		if (i && !cw_oid_cmp(oid, oid - 1))
			continue;
		rc = peel(w, *oid, false, &commit, err);
		if (!rc && commit.len)
			rc = reach(w, &commit, OLD, err);
	}
	return rc;
}

static int step(struct walk *w, struct cw_err *err)
{
	uint32_t i = heap_pop(w), parents_len = node_at(w, i)->commit.parents_len;
	struct node *n = node_at(w, i);
	unsigned flag = n->flags & OLD ? OLD : FRESH;
	int rc = 0;

	w->fresh -= counts(n);
	n->flags = (n->flags & ~(unsigned)QUEUED) | DONE;
	if (flag == FRESH && n->commit.time < w->oldest)
		w->oldest = n->commit.time;
	for (uint32_t k = 0; !rc && k < parents_len; k++) {
		struct cw_oid parent = parents_of(w, node_at(w, i))[k];

		rc = reach(w, &parent, flag, err);
	}
	return rc;
}

static int paint(struct walk *w, struct cw_err *err)
{
	size_t skewed = 0;
	int rc = 0;

	w->oldest = INT64_MAX;
	for (size_t i = 0; i < w->nodes.len; i++) /* of the short way */
		node_at(w, (uint32_t)i)->flags &= BROKEN;
	rc = paint_references(w, err);
	for (size_t i = 0; !rc && i < w->starts.len; i++)
		rc = reach(w, &CW_VEC_AT(&w->starts, struct cw_oid, i), FRESH, err);
	while (!rc && w->heap.len) {
		const struct node *top = node_at(w, CW_VEC_AT(&w->heap, uint32_t, 0));

		if (!w->fresh && (top->commit.time < w->oldest || skewed++ >= SKEWED_MAX))
			break;
		rc = step(w, err);
	}
	return rc;
}

/* ---- the outcome ---- */

static int by_time(const void *va, const void *vb)
{
	const struct cw_range_commit *a = va, *b = vb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return cw_oid_cmp(&a->oid, &b->oid);
}

/* The new commits by time; what cannot be read is said. */
static int list_fresh(struct walk *w, struct cw_vec *out, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->nodes.len; i++) {
		const struct node *n = node_at(w, (uint32_t)i);
		struct cw_range_commit *slot;

		if ((n->flags & (FRESH | OLD)) != FRESH)
			continue;
		if (n->flags & BROKEN) {
			rc = fault(w, &n->commit.oid, "the commit is missing or cannot be read", err);
			continue;
		}
		slot = cw_vec_push(out);
		if (!slot)
			return cw_vec_fail(out, "commits of the push", err);
		*slot = n->commit;
	}
	if (out->len)
		qsort(out->items, out->len, out->item_size, by_time);
	return rc;
}

/* Put a commit to the outcome, those below it first. Commits of one second have no order but this. */
static int take_down_from(struct walk *w, uint32_t start, struct cw_err *err)
{
	int rc = push_number(&w->stack, start, err);

	while (!rc && w->stack.len) {
		uint32_t i = CW_VEC_AT(&w->stack, uint32_t, w->stack.len - 1);
		struct node *n = node_at(w, i);
		struct cw_range_commit *slot;
		bool ready = true;

		for (uint32_t k = 0; !rc && !(n->flags & OPENED) && k < n->commit.parents_len; k++) {
			const uint32_t *parent = cw_oid_hash_get(&w->index, &parents_of(w, n)[k]);
			unsigned flags = parent ? node_at(w, *parent)->flags : OLD;

			if ((flags & (FRESH | OLD | BROKEN | OPENED | TAKEN)) != FRESH)
				continue;
			rc = push_number(&w->stack, *parent, err);
			ready = false;
		}
		n->flags |= OPENED;
		if (rc || !ready)
			continue;
		w->stack.len--;
		slot = n->flags & TAKEN ? NULL : cw_vec_push(&w->out->commits);
		if (!slot && !(n->flags & TAKEN))
			return cw_vec_fail(&w->out->commits, "commits of the push", err);
		if (slot)
			*slot = n->commit;
		n->flags |= TAKEN;
	}
	return rc;
}

static int take_fresh(struct walk *w, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec list = CW_VEC_INIT(struct cw_range_commit, NODES_MAX);
	int rc = list_fresh(w, &list, err);

	cw_vec_clear(&w->stack);
	for (size_t i = 0; !rc && i < list.len; i++)
		rc = take_down_from(w, *cw_oid_hash_get(&w->index, &CW_VEC_AT(&list, struct cw_range_commit, i).oid), err);
	return rc;
}

int cw_range_find(const struct cw_range_opts *opts, struct cw_range *ret, struct cw_err *err)
{
	struct walk w = { .o = opts, .out = ret, .index = CW_OID_HASH_INIT, .tags = CW_OID_HASH_INIT,
			  .nodes = CW_VEC_INIT(struct node, NODES_MAX), .heap = CW_VEC_INIT(uint32_t, NODES_MAX),
			  .stack = CW_VEC_INIT(uint32_t, NODES_MAX), .old_ids = CW_VEC_INIT(struct cw_oid, NODES_MAX),
			  .starts = CW_VEC_INIT(struct cw_oid, NODES_MAX) };
	bool all = false;
	int rc;

	cw_pushed_init(&w.one);
	rc = gather_old_ids(&w, err);
	rc = rc ? rc : gather_starts(&w, err);
	rc = rc ? rc : walk_pushed(&w, &all, err);
	if (!rc && !all)
		rc = paint(&w, err);
	rc = rc ? rc : take_fresh(&w, err);
	cw_oid_hash_release(&w.index);
	cw_oid_hash_release(&w.tags);
	cw_oid_hash_release(&w.old_tags);
	cw_oid_hash_release(&w.was);
	cw_pushed_release(&w.one);
	cw_vec_release(&w.nodes);
	cw_vec_release(&w.heap);
	cw_vec_release(&w.stack);
	cw_vec_release(&w.old_ids);
	cw_vec_release(&w.starts);
	return rc;
}
