/* scan/attribute.c - see attribute.h. */
#include "scan/attribute.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BASES_MAX ((size_t)1 << 24)
#define PATH_BYTES_MAX ((size_t)1 << 20)
/* Steps are items of trees looked at. One commit of a tree made to have more paths than anybody can list ends early, its paths
 * are counted as a whole; many such commits end the comparison. */
#define COMMIT_STEPS_MAX ((uint64_t)1 << 21)
#define CUT_COMMITS_MAX 32
#define STEPS_MAX ((uint64_t)1 << 29)
#define COUNTED_SECRETS_MAX 64 /* secrets whose paths are counted as a whole */

struct frame {
	uint32_t tree;
	uint32_t item;
	uint32_t name; /* under which the tree hangs in the frame above */
	uint32_t path; /* or CW_PATH_NONE: not made yet */
	size_t bases, bases_len; /* in walk.bases: the parents' trees at this path */
	size_t len;   /* bytes of the path, with its slash */
	uint64_t hash; /* of the path */
};

struct walk {
	struct cw_attribution *a;
	struct cw_vec stack; /* struct frame */
	struct cw_vec bases; /* uint32_t */
	uint32_t commit;     /* or none */
	bool reachable;
	uint64_t steps, all_steps;
	unsigned cut; /* commits with too many paths */
};

static struct frame *top(struct walk *w)
{
	return &CW_VEC_AT(&w->stack, struct frame, w->stack.len - 1);
}

static uint32_t base_at(const struct walk *w, const struct frame *f, size_t i)
{
	return CW_VEC_AT(&w->bases, uint32_t, f->bases + i);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 29;
}

static int push_base(struct walk *w, uint32_t tree, struct cw_err *err)
{
	uint32_t *slot = cw_vec_push(&w->bases);

	if (!slot)
		return cw_vec_fail(&w->bases, "parents", err);
	*slot = tree;
	return 0;
}

/* ---- one holder at one path ---- */

/* Make the paths of all frames up to the top. */
static int make_path(struct walk *w, struct cw_err *err)
{
	size_t i = w->stack.len - 1;
	int rc = 0;

	while (CW_VEC_AT(&w->stack, struct frame, i).path == CW_PATH_NONE)
		i--;
	for (i++; !rc && i < w->stack.len; i++) {
		struct frame *f = &CW_VEC_AT(&w->stack, struct frame, i);

		rc = cw_places_path(&w->a->places, (f - 1)->path, f->name, true, &f->path, err);
	}
	return rc;
}

/* Whether a parent holds FACT under NAME in this folder. */
static bool base_holds(struct walk *w, const struct frame *f, uint32_t name, uint32_t fact)
{
	for (size_t b = 0; b < f->bases_len; b++) {
		size_t n;
		const struct cw_tree_item *items = cw_forest_find(w->a->forest, base_at(w, f, b), name, &n);

		for (size_t i = 0; i < n; i++) {
			if (items[i].target & CW_ITEM_HOLDER &&
			    cw_kept_find(w->a->kept, items[i].target & ~CW_ITEM_HOLDER, fact))
				return true;
		}
	}
	return false;
}

/* The place of FACT under NAME in the top frame; NULL when it is only counted. */
static int place_of(struct walk *w, uint32_t name, uint32_t fact, uint32_t holder, struct cw_place_rec **ret,
		    struct cw_err *err)
{
	struct cw_places *places = &w->a->places;
	uint32_t secret = cw_kept_fact(w->a->kept, fact)->secret_no, path = CW_PATH_NONE;
	struct frame *f = top(w);
	size_t len = f->len + strlen(cw_forest_name(w->a->forest, name));
	int rc = 0;

	*ret = NULL;
	if (f->path != CW_PATH_NONE)
		rc = cw_places_path(places, f->path, name, false, &path, err);
	if (!rc && path != CW_PATH_NONE)
		*ret = cw_places_find(places, fact, path);
	if (rc || *ret)
		return rc;
	if (len > PATH_BYTES_MAX || !cw_places_may_list(places, secret, len))
		return cw_places_count(places, secret, mix(mix(f->hash, name), fact), err);
	rc = make_path(w, err);
	rc = rc ? rc : cw_places_path(places, top(w)->path, name, true, &path, err);
	return rc ? rc : cw_places_make(places, w->a->kept, fact, path, holder, len, ret, err);
}

/* Of two holders at one path (a blob and its own name, or a tree that has a name twice): a blob is shown, then the smaller id. */
static bool shown_rather(const struct cw_attribution *a, uint32_t holder, uint32_t than)
{
	const struct cw_oid *x = &cw_kept_holder(a->kept, holder)->oid, *y = &cw_kept_holder(a->kept, than)->oid;

	return x->len && (!y->len || cw_oid_cmp(x, y) < 0);
}

/* PLACE is introduced by this commit. */
static void introduce(struct walk *w, struct cw_place_rec *place, uint32_t holder)
{
	if (place->last_commit != w->commit) {
		place->introductions++;
		place->last_commit = w->commit;
		place->reachable = place->reachable || w->reachable;
	}
	if (place->commit == CW_COMMIT_NONE) /* commits come in the order of (time, id) */
		place->commit = w->commit;
	else if (place->commit != w->commit || !shown_rather(w->a, holder, place->holder))
		return;
	place->holder = holder;
	place->tree = top(w)->tree;
}

static int see(struct walk *w, uint32_t name, const struct cw_kept_hit *hit, uint32_t holder, struct cw_err *err)
{
	struct cw_place_rec *place;
	uint32_t fact = hit->fact;
	int rc = place_of(w, name, fact, holder, &place, err);

	if (rc || !place)
		return rc;
	place->unmarked = place->unmarked || !hit->mark;
	if (place->tree == CW_TREE_NONE)
		place->tree = top(w)->tree;
	if (w->commit == CW_COMMIT_NONE)
		place->reachable = place->reachable || w->reachable;
	else if (!base_holds(w, top(w), name, fact))
		introduce(w, place, holder);
	return cw_places_seen(&w->a->places, place, holder, err);
}

static int see_holder(struct walk *w, uint32_t name, uint32_t holder, struct cw_err *err)
{
	const struct frame *f = top(w);
	const struct cw_kept_hit *hits;
	uint32_t len;
	int rc = 0;

	for (size_t b = 0; b < f->bases_len; b++) {
		size_t n;
		const struct cw_tree_item *items = cw_forest_find(w->a->forest, base_at(w, f, b), name, &n);

		for (size_t i = 0; i < n; i++) {
			if (items[i].target == (holder | CW_ITEM_HOLDER))
				return 0; /* as in a parent */
		}
	}
	hits = cw_kept_hits(w->a->kept, holder, &len);
	for (uint32_t i = 0; !rc && i < len; i++)
		rc = see(w, name, &hits[i], holder, err);
	return rc;
}

/* ---- one commit ---- */

/* Go down into TREE, which hangs under NAME in the top frame, unless a parent has the same there. */
static int descend(struct walk *w, uint32_t name, uint32_t tree, struct cw_err *err)
{
	size_t first = w->bases.len;
	const struct frame *f = top(w);
	struct frame child = { .tree = tree, .name = name, .path = CW_PATH_NONE, .bases = first };
	struct frame *slot;
	int rc = 0;

	if (w->stack.len >= CW_TREE_DEPTH_MAX)
		return 0;
	for (size_t b = 0; !rc && b < f->bases_len; b++) {
		size_t n;
		const struct cw_tree_item *items = cw_forest_find(w->a->forest, base_at(w, f, b), name, &n);

		for (size_t i = 0; !rc && i < n; i++) {
			if (items[i].target == tree) {
				w->bases.len = first;
				return 0;
			}
			if (!(items[i].target & CW_ITEM_HOLDER))
				rc = push_base(w, items[i].target, err);
		}
	}
	if (!rc && f->path != CW_PATH_NONE)
		rc = cw_places_path(&w->a->places, f->path, name, false, &child.path, err);
	if (rc)
		return rc;
	child.bases_len = w->bases.len - first;
	child.len = f->len + strlen(cw_forest_name(w->a->forest, name)) + 1;
	child.hash = mix(f->hash, name);
	slot = cw_vec_push(&w->stack);
	if (!slot)
		return cw_vec_fail(&w->stack, "trees", err);
	*slot = child;
	return 0;
}

/* Compare the tree ROOT with its bases, which are in w->bases already. */
static int compare(struct walk *w, uint32_t root, struct cw_err *err)
{
	struct frame *f = cw_vec_push(&w->stack);
	int rc = 0;

	if (!f)
		return cw_vec_fail(&w->stack, "trees", err);
	*f = (struct frame){ .tree = root, .bases_len = w->bases.len };
	for (w->steps = 0; !rc && w->stack.len;) {
		const struct cw_tree_item *items;
		size_t n;

		f = top(w);
		items = cw_forest_items(w->a->forest, f->tree, &n);
		if (f->item >= n) {
			w->bases.len = f->bases;
			w->stack.len--;
			continue;
		}
		if (++w->steps > COMMIT_STEPS_MAX) {
			w->cut++;
			break;
		}
		items += f->item++;
		rc = items->target & CW_ITEM_HOLDER ?
			     see_holder(w, items->name, items->target & ~CW_ITEM_HOLDER, err) :
			     descend(w, items->name, items->target, err);
	}
	w->all_steps += w->steps;
	w->stack.len = 0;
	w->bases.len = 0;
	return rc;
}

static bool is_live(const struct walk *w, uint32_t tree)
{
	return tree != CW_TREE_NONE && cw_forest_is_live(w->a->forest, tree);
}

static int compare_commit(struct walk *w, uint32_t number, struct cw_err *err)
{
	const struct cw_commit *commit = cw_commit_at(w->a->commits, number);
	uint32_t root = w->a->trees[number];
	int rc = 0;

	if (!is_live(w, root))
		return 0;
	for (uint32_t i = 0; !rc && i < commit->parents_len; i++) {
		uint32_t base = w->a->trees[CW_VEC_AT(&w->a->commits->parents, uint32_t, commit->parents + i)];

		if (base == root) {
			w->bases.len = 0;
			return 0;
		}
		if (is_live(w, base))
			rc = push_base(w, base, err);
	}
	w->commit = number;
	w->reachable = commit->reachable;
	return rc ? rc : compare(w, root, err);
}

static bool is_exhausted(const struct walk *w)
{
	return w->all_steps > STEPS_MAX || w->cut > CUT_COMMITS_MAX || atomic_load_explicit(w->a->cancel, memory_order_relaxed);
}

static int compare_all(struct walk *w, struct cw_err *err)
{
	struct cw_attribution *a = w->a;
	int rc = 0;

	for (size_t i = 0; !rc && i < a->commits->list.len && !a->exhausted; i++) {
		rc = compare_commit(w, (uint32_t)i, err);
		a->exhausted = is_exhausted(w);
	}
	w->commit = CW_COMMIT_NONE;
	for (size_t i = 0; !rc && i < a->loose_len && !a->exhausted; i++) {
		w->reachable = a->tree_reachable[a->loose[i]];
		rc = compare(w, a->loose[i], err);
		a->exhausted = is_exhausted(w);
	}
	return rc;
}

/* ---- tips ---- */

struct pair {
	uint32_t path, tree;
};

struct tips {
	struct cw_attribution *a;
	struct cw_map64 seen; /* (path, tree): an earlier branch has the same below this path */
	struct cw_vec todo;   /* struct pair */
	uint32_t branch;
};

static int push_pair(struct tips *t, uint32_t path, uint32_t tree, struct cw_err *err)
{
	struct pair *slot;
	bool is_new;
	int rc = cw_map64_put(&t->seen, CW_MAP64_PAIR(path, tree), 0, NULL, &is_new, err);

	if (rc || !is_new)
		return rc;
	slot = cw_vec_push(&t->todo);
	if (!slot)
		return cw_vec_fail(&t->todo, "tips", err);
	*slot = (struct pair){ .path = path, .tree = tree };
	return 0;
}

/* HOLDER stands at the path NODE at this branch's tip, where TREE names it. */
static void mark_tip(struct tips *t, const struct cw_path_node *node, uint32_t tree, uint32_t holder)
{
	for (uint32_t i = 0; i < node->places; i++) {
		struct cw_place_rec *place = &CW_VEC_AT(&t->a->places.list, struct cw_place_rec, node->first_place + i);

		if (!cw_kept_find(t->a->kept, holder, place->fact))
			continue;
		if (place->tip != UINT32_MAX &&
		    (place->tip != t->branch || !shown_rather(t->a, holder, place->tip_holder)))
			continue;
		place->tip = t->branch;
		place->tip_holder = holder;
		place->tip_tree = tree;
	}
}

/* What of the paths below PAIR.path is in PAIR.tree. */
static int look_into(struct tips *t, struct pair pair, struct cw_err *err)
{
	const struct cw_path_node *paths = t->a->places.paths.items, *at = &paths[pair.path];
	int rc = 0;

	for (uint32_t c = 0; !rc && c < at->children; c++) {
		uint32_t child = at->first_child + c;
		size_t n;
		const struct cw_tree_item *items = cw_forest_find(t->a->forest, pair.tree, paths[child].name, &n);

		for (size_t i = 0; !rc && i < n; i++) {
			if (items[i].target & CW_ITEM_HOLDER)
				mark_tip(t, &paths[child], pair.tree, items[i].target & ~CW_ITEM_HOLDER);
			else if (paths[child].children)
				rc = push_pair(t, child, items[i].target, err);
		}
	}
	return rc;
}

static int find_tips(struct cw_attribution *a, struct cw_err *err)
{
	struct tips t = { .a = a, .seen = CW_MAP64_INIT((size_t)1 << 25), .todo = CW_VEC_INIT(struct pair, (size_t)1 << 25) };
	int rc = 0;

	for (t.branch = 0; !rc && t.branch < a->branches_len; t.branch++) {
		uint32_t root = a->branches[t.branch].tree;

		if (root == CW_TREE_NONE || !cw_forest_is_live(a->forest, root))
			continue;
		rc = push_pair(&t, 0, root, err);
		while (!rc && t.todo.len)
			rc = look_into(&t, CW_VEC_AT(&t.todo, struct pair, --t.todo.len), err);
	}
	cw_map64_release(&t.seen);
	cw_vec_release(&t.todo);
	return rc;
}

/* ---- counting without listing ---- */

/* The most paths that SECRET has in one tree that a commit names. */
static uint64_t count_paths(struct cw_attribution *a, uint32_t secret, uint64_t *below)
{
	size_t n, len;
	const uint32_t *order = cw_forest_order(a->forest, &n);
	uint64_t most = 0;

	for (size_t t = 0; t < n; t++) {
		const struct cw_tree_item *items = cw_forest_items(a->forest, order[t], &len);
		uint64_t sum = 0;

		for (size_t i = 0; i < len; i++) {
			uint64_t add = 0;
			uint32_t hits;

			if (!(items[i].target & CW_ITEM_HOLDER)) {
				add = below[items[i].target];
			} else {
				const struct cw_kept_hit *hit = cw_kept_hits(a->kept, items[i].target & ~CW_ITEM_HOLDER, &hits);

				for (uint32_t k = 0; k < hits; k++)
					add += cw_kept_fact(a->kept, hit[k].fact)->secret_no == secret;
			}
			sum = sum > UINT64_MAX - add ? UINT64_MAX : sum + add;
		}
		below[order[t]] = sum;
	}
	for (size_t i = 0; i < a->commits->list.len; i++) {
		if (a->trees[i] != CW_TREE_NONE && below[a->trees[i]] > most)
			most = below[a->trees[i]];
	}
	return most;
}

/* Where listing ended early, the rest is at least what one commit has. */
static int count_unlisted(struct cw_attribution *a, size_t trees, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) uint64_t *below = calloc(trees + 1, sizeof(*below));
	unsigned counted = 0;

	if (!below)
		return cw_err_nomem(err);
	for (uint32_t s = 0; s < a->kept->secrets && counted < COUNTED_SECRETS_MAX; s++) {
		uint64_t all;

		if (!a->places.unlisted[s])
			continue;
		all = count_paths(a, s, below);
		if (all > a->places.listed[s] && all - a->places.listed[s] > a->places.unlisted[s])
			a->places.unlisted[s] = all - a->places.listed[s];
		counted++;
	}
	return 0;
}

int cw_attribute(struct cw_attribution *a, struct cw_err *err)
{
	struct walk w = { .a = a, .stack = CW_VEC_INIT(struct frame, CW_TREE_DEPTH_MAX), .bases = CW_VEC_INIT(uint32_t, BASES_MAX) };
	int rc = cw_places_init(&a->places, a->kept->secrets, err);

	rc = rc ? rc : compare_all(&w, err);
	cw_vec_release(&w.stack);
	cw_vec_release(&w.bases);
	if (!rc && w.cut)
		rc = count_unlisted(a, a->trees_len, err);
	rc = rc ? rc : cw_places_index(&a->places, err);
	return rc ? rc : find_tips(a, err);
}
