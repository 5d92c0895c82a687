/* scan/history.c - see history.h. */
#include "scan/history.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "scan/attribute.h"
#include "scan/emit.h"
#include "vcs/refs.h"

struct run {
	struct cw_history *h;
	struct cw_vec trees; /* struct cw_object_ref, by number */
	struct cw_oid_map objects;
	struct cw_commits commits;
	uint32_t *roots;	/* the tree of each commit */
	struct cw_vec targets;	/* struct cw_oid, sorted: what references name, through tags */
	struct cw_vec branches; /* struct cw_branch, in byte order, those of HEADs last */
	uint32_t head_tree;
	bool *reachable;	/* one a tree */
	struct cw_vec loose;	/* uint32_t */
	struct cw_trees reading;
	struct cw_attribution attribution;
};

static void run_release(struct run *r)
{
	cw_vec_release(&r->trees);
	cw_oid_map_release(&r->objects);
	cw_commits_release(&r->commits);
	cw_vec_release(&r->targets);
	cw_vec_release(&r->branches);
	cw_vec_release(&r->loose);
	cw_vec_release(&r->reading.absent);
	cw_forest_free(r->reading.forest);
	cw_names_free(r->reading.names);
	cw_places_release(&r->attribution.places);
	free(r->roots);
	free(r->reachable);
}

static void unscanned(struct run *r, bool expected, const struct cw_oid *oid, const char *reason)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	cw_coverage_unscanned(r->h->coverage, expected, hex, reason);
}

/* ---- what there is ---- */

static int by_order(const void *a, const void *b)
{
	const struct cw_object_ref *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return cw_oid_cmp(&x->oid, &y->oid);
}

/* One table for all questions about an id: is it in the store, which tree is it, does it hold something. */
static int map_objects(struct run *r, struct cw_err *err)
{
	const struct cw_kept_table *kept = r->h->kept;
	int rc = 0;

	r->trees = r->h->notes->trees;
	r->h->notes->trees = (struct cw_vec)CW_VEC_INIT(struct cw_object_ref, CW_OBJECTS_MAX);
	if (r->trees.len)
		qsort(r->trees.items, r->trees.len, r->trees.item_size, by_order);
	cw_oid_map_init(&r->objects, 2 * CW_OBJECTS_MAX);
	for (size_t i = 0; !rc && i < r->h->objects->len; i++)
		rc = cw_oid_map_add(&r->objects, &CW_VEC_AT(r->h->objects, struct cw_object_ref, i).oid, CW_IS_OTHER, err);
	for (size_t i = 0; !rc && i < r->trees.len; i++)
		rc = cw_oid_map_add(&r->objects, &CW_VEC_AT(&r->trees, struct cw_object_ref, i).oid, CW_IS_TREE | (uint32_t)i, err);
	for (uint32_t i = 0; !rc && i < kept->holders.len; i++) {
		if (cw_kept_holder(kept, i)->type == CW_OBJ_BLOB)
			rc = cw_oid_map_add(&r->objects, &cw_kept_holder(kept, i)->oid, CW_IS_HOLDER | i, err);
	}
	return rc ? rc : cw_oid_map_sort(&r->objects, err);
}

static uint32_t tree_of(const struct run *r, const struct cw_oid *oid)
{
	uint32_t kind = cw_oid_map_get(&r->objects, oid);

	return kind != CW_OID_NONE && !(kind & CW_IS_HOLDER) && kind & CW_IS_TREE ? CW_OBJECT_NUMBER(kind) : CW_TREE_NONE;
}

static int build_commits(struct run *r, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec shallow = CW_VEC_INIT(struct cw_oid, CW_OBJECTS_MAX);
	CW_CLEANUP(cw_store_faults_release) struct cw_vec faults = CW_VEC_INIT(struct cw_store_fault, CW_OBJECTS_MAX);
	int rc = cw_repo_shallow(r->h->repo, &shallow, &faults, err);

	for (size_t i = 0; i < faults.len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(&faults, struct cw_store_fault, i);

		cw_coverage_unscanned(r->h->coverage, false, f->what, f->reason);
	}
	rc = rc ? rc : cw_commits_build(r->h->notes, &shallow, &r->commits, err);
	if (rc)
		return rc;
	r->roots = calloc(r->commits.list.len + 1, sizeof(*r->roots));
	r->reachable = calloc(r->trees.len + 1, sizeof(*r->reachable));
	if (!r->roots || !r->reachable)
		return cw_err_nomem(err);
	for (uint32_t i = 0; i < r->commits.list.len; i++)
		r->roots[i] = tree_of(r, &cw_commit_at(&r->commits, i)->tree);
	return 0;
}

/* ---- references ---- */

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool is_head(const char *name)
{
	size_t len = strlen(name);

	return !strcmp(name, "HEAD") || (!starts_with(name, "refs/") && len > 5 && !strcmp(name + len - 5, "/HEAD"));
}

static bool is_branch(const char *name)
{
	return starts_with(name, "refs/heads/") || starts_with(name, "refs/remotes/");
}

static int follow_ref(struct run *r, const struct cw_ref *ref, bool heads, struct cw_err *err)
{
	struct cw_oid target = cw_commits_peel(&r->commits, &ref->oid), *slot = cw_vec_push(&r->targets);
	uint32_t commit = cw_commits_find(&r->commits, &target);
	struct cw_branch *branch;

	if (!slot)
		return cw_vec_fail(&r->targets, "references", err);
	*slot = target;
	if (cw_oid_map_get(&r->objects, &target) == CW_OID_NONE && !cw_repo_has(r->h->repo, &target))
		cw_coverage_unscanned(r->h->coverage, false, ref->name, "it names an object that is not in the object store");
	if (tree_of(r, &target) != CW_TREE_NONE)
		r->reachable[tree_of(r, &target)] = true;
	if (commit == CW_COMMIT_NONE)
		return 0;
	if (!strcmp(ref->name, "HEAD"))
		r->head_tree = r->roots[commit];
	if (heads || is_branch(ref->name)) {
		branch = cw_vec_push(&r->branches);
		if (!branch)
			return cw_vec_fail(&r->branches, "references", err);
		*branch = (struct cw_branch){ .ref = ref->name, .tree = r->roots[commit] };
	}
	return cw_commits_reach(&r->commits, commit, err);
}

static int by_oid(const void *a, const void *b)
{
	return cw_oid_cmp(a, b);
}

/* Branches first, so that HEAD is named only where no branch is. */
static int follow_refs(struct run *r, struct cw_err *err)
{
	int rc = 0;

	r->head_tree = CW_TREE_NONE;
	r->targets = (struct cw_vec)CW_VEC_INIT(struct cw_oid, CW_REFS_MAX);
	r->branches = (struct cw_vec)CW_VEC_INIT(struct cw_branch, CW_REFS_MAX);
	for (int heads = 0; heads < 2; heads++) {
		for (size_t i = 0; !rc && i < r->h->refs->len; i++) {
			const struct cw_ref *ref = &CW_VEC_AT(r->h->refs, struct cw_ref, i);

			if (is_head(ref->name) == (heads == 1))
				rc = follow_ref(r, ref, heads, err);
		}
	}
	if (r->targets.len)
		qsort(r->targets.items, r->targets.len, r->targets.item_size, by_oid);
	return rc;
}

/* ---- what is missing ---- */

static int mark_trees(struct run *r, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) bool *direct = calloc(r->trees.len + 1, sizeof(*direct));
	int rc = 0;

	if (!direct)
		return cw_err_nomem(err);
	memcpy(direct, r->reachable, r->trees.len * sizeof(*direct));
	memset(r->reachable, 0, r->trees.len * sizeof(*direct));
	for (uint32_t i = 0; !rc && i < r->commits.list.len; i++) {
		const struct cw_commit *c = cw_commit_at(&r->commits, i);

		if (!c->reachable)
			continue;
		if (c->cut)
			unscanned(r, false, &c->oid, "a parent of this commit is not in the object store");
		if (r->roots[i] == CW_TREE_NONE)
			unscanned(r, false, &c->tree, "tree named by a commit, but not in the object store");
		else
			rc = cw_forest_mark(r->reading.forest, r->roots[i], r->reachable, err);
	}
	for (uint32_t t = 0; !rc && t < r->trees.len; t++) {
		if (direct[t])
			rc = cw_forest_mark(r->reading.forest, t, r->reachable, err);
	}
	return rc;
}

/* Objects that reachable trees name and the store lacks (a partial clone, a damaged store): content that nobody looked at. */
static void report_absent(struct run *r)
{
	const struct cw_absent *items = r->reading.absent.items, *last = NULL;

	for (size_t i = 0; i < r->reading.absent.len; i++) {
		const struct cw_absent *a = &items[i];

		if (!r->reachable[a->tree] || (last && !cw_oid_cmp(&last->oid, &a->oid)))
			continue;
		last = a;
		if (a->is_tree)
			unscanned(r, false, &a->oid, "tree named by a tree, but not in the object store");
		else
			unscanned(r, true, &a->oid, "named by a tree, but not in the object store");
	}
}

static void report_deep(struct run *r)
{
	for (uint32_t t = 0; t < r->trees.len; t++) {
		if (!cw_forest_is_named(r->reading.forest, t) &&
		    cw_forest_height(r->reading.forest, t) > CW_TREE_DEPTH_MAX)
			unscanned(r, false, &CW_VEC_AT(&r->trees, struct cw_object_ref, t).oid,
				  "tree too deep: paths of more than 2048 levels are not known");
	}
}

/* ---- the steps ---- */

static int read_trees(struct run *r, struct cw_err *err)
{
	struct cw_history *h = r->h;
	int rc;

	r->reading = (struct cw_trees){ .list = r->trees.items, .len = r->trees.len, .objects = &r->objects, .kept = h->kept,
					.progress = h->progress, .workers = h->workers, .workers_len = h->workers_len,
					.object_max = h->object_max, .memory_max = h->memory_max, .packs = h->packs,
					.stats = h->stats, .repo_path = h->repo_path };
	rc = cw_trees_read(&r->reading, h->coverage, err);
	rc = rc ? rc : mark_trees(r, err);
	if (rc)
		return rc;
	report_absent(r);
	rc = cw_forest_finish(r->reading.forest, r->reading.names, err);
	rc = rc ? rc : cw_kept_finish(h->kept, err);
	if (rc)
		return rc;
	report_deep(r);
	if (r->head_tree != CW_TREE_NONE)
		h->coverage->submodules += cw_forest_gitlinks(r->reading.forest, r->head_tree);
	return 0;
}

static int by_tree_id(const void *a, const void *b, void *trees)
{
	const struct cw_object_ref *list = trees;

	return cw_oid_cmp(&list[*(const uint32_t *)a].oid, &list[*(const uint32_t *)b].oid);
}

/* Live trees that nothing names: what a deleted index or an interrupted commit left behind. In the order of their ids, so that it does
 * not matter to a report where they are stored. */
static int find_loose(struct run *r, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) bool *rooted = calloc(r->trees.len + 1, sizeof(*rooted));

	if (!rooted)
		return cw_err_nomem(err);
	r->loose = (struct cw_vec)CW_VEC_INIT(uint32_t, CW_OBJECTS_MAX);
	for (size_t i = 0; i < r->commits.list.len; i++) {
		if (r->roots[i] != CW_TREE_NONE)
			rooted[r->roots[i]] = true;
	}
	for (uint32_t t = 0; t < r->trees.len; t++) {
		uint32_t *slot;

		if (rooted[t] || cw_forest_is_named(r->reading.forest, t) || !cw_forest_is_live(r->reading.forest, t))
			continue;
		slot = cw_vec_push(&r->loose);
		if (!slot)
			return cw_vec_fail(&r->loose, "trees", err);
		*slot = t;
	}
	if (r->loose.len)
		qsort_r(r->loose.items, r->loose.len, sizeof(uint32_t), by_tree_id, r->trees.items);
	return 0;
}

static int attribute(struct run *r, struct cw_err *err)
{
	int rc = find_loose(r, err);

	if (rc)
		return rc;
	r->attribution = (struct cw_attribution){
		.forest = r->reading.forest, .trees_len = r->trees.len, .kept = r->h->kept, .commits = &r->commits,
		.trees = r->roots, .branches = r->branches.items, .branches_len = r->branches.len,
		.tree_reachable = r->reachable, .loose = r->loose.items, .loose_len = r->loose.len,
		.cancel = &r->h->progress->cancel };
	rc = cw_attribute(&r->attribution, err);
	if (!rc && r->attribution.exhausted)
		cw_coverage_unscanned(r->h->coverage, false, "attribution",
				      "ended early: more paths than can be compared; some places are not listed");
	return rc;
}

int cw_history_run(struct cw_history *h, struct cw_err *err)
{
	CW_CLEANUP(run_release) struct run r = { .h = h };
	struct cw_emission emission = { .history = h };
	int rc = map_objects(&r, err);

	rc = rc ? rc : build_commits(&r, err);
	rc = rc ? rc : follow_refs(&r, err);
	rc = rc ? rc : read_trees(&r, err);
	rc = rc ? rc : attribute(&r, err);
	if (rc)
		return rc;
	emission.attribution = &r.attribution;
	emission.commits = &r.commits;
	emission.trees = r.trees.items;
	emission.targets = &r.targets;
	emission.objects = &r.objects;
	return cw_emit_places(&emission, err);
}
