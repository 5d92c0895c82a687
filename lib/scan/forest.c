/* scan/forest.c - see forest.h. */
#include "scan/forest.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX ((size_t)1 << 30)

struct node {
	size_t first; /* item; of its worker until finish */
	uint32_t len;
	uint32_t gitlinks; /* its own */
	uint16_t worker;
	bool read, live, named;
};

struct cw_forest {
	struct node *nodes;
	size_t trees;
	struct cw_vec *items; /* struct cw_tree_item, one vector a worker; after finish the first holds all */
	unsigned workers;
	uint32_t *heights;   /* after finish, as all below */
	uint64_t *gitlinks;
	struct cw_vec order; /* uint32_t */
	const char **names;  /* by rank, borrowed */
	uint32_t names_len;
};

int cw_forest_new(size_t trees, unsigned workers, struct cw_forest **ret, struct cw_err *err)
{
	CW_CLEANUP(cw_forest_free_p) struct cw_forest *f = calloc(1, sizeof(*f));

	if (!f)
		return cw_err_nomem(err);
	f->nodes = calloc(trees + 1, sizeof(*f->nodes));
	f->items = calloc(workers, sizeof(*f->items));
	f->trees = trees;
	f->order = (struct cw_vec)CW_VEC_INIT(uint32_t, trees + 1);
	if (!f->nodes || !f->items)
		return cw_err_nomem(err);
	f->workers = workers;
	for (unsigned i = 0; i < workers; i++)
		f->items[i] = (struct cw_vec)CW_VEC_INIT(struct cw_tree_item, ITEMS_MAX);
	*ret = cw_steal(&f);
	return 0;
}

void cw_forest_free(struct cw_forest *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->workers; i++)
		cw_vec_release(&f->items[i]);
	cw_vec_release(&f->order);
	free(f->items);
	free(f->nodes);
	free(f->heights);
	free(f->gitlinks);
	free(f->names);
	free(f);
}

int cw_forest_add(struct cw_forest *f, unsigned worker, uint32_t tree, const struct cw_tree_item *items, size_t len,
		  uint32_t gitlinks, struct cw_err *err)
{
	struct cw_vec *to = &f->items[worker];
	size_t first = to->len;

	for (size_t i = 0; i < len; i++) {
		struct cw_tree_item *slot = cw_vec_push(to);

		if (!slot)
			return cw_vec_fail(to, "graph of trees", err);
		*slot = items[i];
	}
	f->nodes[tree] = (struct node){ .first = first, .len = (uint32_t)len, .gitlinks = gitlinks,
					.worker = (uint16_t)worker, .read = true };
	return 0;
}

void cw_forest_keep(struct cw_forest *f, uint32_t tree)
{
	f->nodes[tree].live = true;
}

static struct cw_tree_item *items_of(const struct cw_forest *f, const struct node *node)
{
	return node->len ? &CW_VEC_AT(&f->items[node->worker], struct cw_tree_item, node->first) : NULL;
}

int cw_forest_mark(const struct cw_forest *f, uint32_t root, bool *seen, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec todo = CW_VEC_INIT(uint32_t, f->trees + 1);
	uint32_t tree = root, *slot;

	if (seen[root])
		return 0;
	for (seen[root] = true;; tree = CW_VEC_AT(&todo, uint32_t, --todo.len)) {
		const struct node *node = &f->nodes[tree];
		const struct cw_tree_item *items = items_of(f, node);

		for (uint32_t i = 0; i < node->len; i++) {
			if (items[i].target & CW_ITEM_HOLDER || seen[items[i].target])
				continue;
			seen[items[i].target] = true;
			slot = cw_vec_push(&todo);
			if (!slot)
				return cw_vec_fail(&todo, "trees", err);
			*slot = items[i].target;
		}
		if (!todo.len)
			return 0;
	}
}

/* ---- measuring: one walk that leaves every tree after all that it contains ---- */

enum { UNSEEN, OPEN, CLOSED };

struct frame {
	uint32_t tree, item;
};

static void note_names(struct cw_forest *f)
{
	for (size_t t = 0; t < f->trees; t++) {
		const struct cw_tree_item *items = items_of(f, &f->nodes[t]);

		for (uint32_t i = 0; i < f->nodes[t].len; i++) {
			if (!(items[i].target & CW_ITEM_HOLDER) && items[i].target != t)
				f->nodes[items[i].target].named = true;
		}
	}
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* All that is below is measured. */
static int measure(struct cw_forest *f, uint32_t tree, const uint8_t *state, struct cw_err *err)
{
	struct node *node = &f->nodes[tree];
	const struct cw_tree_item *items = items_of(f, node);
	uint32_t *slot;

	f->heights[tree] = 1;
	f->gitlinks[tree] = node->gitlinks;
	for (uint32_t i = 0; i < node->len; i++) {
		uint32_t target = items[i].target;

		if (target & CW_ITEM_HOLDER) {
			node->live = true;
			continue;
		}
		if (state[target] != CLOSED) /* a tree inside itself: only a store that lies about ids has one */
			continue;
		if (f->heights[target] >= f->heights[tree])
			f->heights[tree] = f->heights[target] + 1;
		f->gitlinks[tree] = add_saturating(f->gitlinks[tree], f->gitlinks[target]);
		node->live = node->live || f->nodes[target].live;
	}
	if (!node->live)
		return 0;
	slot = cw_vec_push(&f->order);
	if (!slot)
		return cw_vec_fail(&f->order, "trees", err);
	*slot = tree;
	return 0;
}

static int push(struct cw_vec *stack, uint8_t *state, uint32_t tree, struct cw_err *err)
{
	struct frame *frame = cw_vec_push(stack);

	if (!frame)
		return cw_vec_fail(stack, "trees", err);
	frame->tree = tree;
	state[tree] = OPEN;
	return 0;
}

static int walk(struct cw_forest *f, struct cw_vec *stack, uint8_t *state, uint32_t root, struct cw_err *err)
{
	int rc = push(stack, state, root, err);

	while (!rc && stack->len) {
		struct frame *frame = &CW_VEC_AT(stack, struct frame, stack->len - 1);
		const struct node *node = &f->nodes[frame->tree];

		if (frame->item < node->len) {
			uint32_t target = items_of(f, node)[frame->item++].target;

			if (!(target & CW_ITEM_HOLDER) && state[target] == UNSEEN)
				rc = push(stack, state, target, err);
			continue;
		}
		rc = measure(f, frame->tree, state, err);
		state[frame->tree] = CLOSED;
		stack->len--;
	}
	return rc;
}

static int measure_all(struct cw_forest *f, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec stack = CW_VEC_INIT(struct frame, f->trees + 1);
	CW_CLEANUP(cw_freep) uint8_t *state = calloc(f->trees + 1, 1);
	int rc = 0;

	f->heights = calloc(f->trees + 1, sizeof(*f->heights));
	f->gitlinks = calloc(f->trees + 1, sizeof(*f->gitlinks));
	if (!state || !f->heights || !f->gitlinks)
		return cw_err_nomem(err);
	for (size_t t = 0; !rc && t < f->trees; t++) {
		if (state[t] == UNSEEN)
			rc = walk(f, &stack, state, (uint32_t)t, err);
	}
	return rc;
}

/* ---- pruning ---- */

static bool is_live_item(const struct cw_forest *f, const struct cw_tree_item *item)
{
	return item->target & CW_ITEM_HOLDER || f->nodes[item->target].live;
}

/* Move the live items of live trees into one vector. */
static int compact(struct cw_forest *f, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec kept = CW_VEC_INIT(struct cw_tree_item, ITEMS_MAX);

	for (size_t t = 0; t < f->trees; t++) {
		struct node *node = &f->nodes[t];
		const struct cw_tree_item *items = items_of(f, node);
		size_t first = kept.len;

		for (uint32_t i = 0; node->live && i < node->len; i++) {
			struct cw_tree_item *slot = is_live_item(f, &items[i]) ? cw_vec_push(&kept) : NULL;

			if (slot)
				*slot = items[i];
			else if (kept.fail)
				return cw_vec_fail(&kept, "graph of trees", err);
		}
		node->first = first;
		node->len = (uint32_t)(kept.len - first);
		node->worker = 0;
	}
	for (unsigned i = 0; i < f->workers; i++)
		cw_vec_release(&f->items[i]);
	f->items[0] = kept;
	kept = (struct cw_vec)CW_VEC_INIT(struct cw_tree_item, ITEMS_MAX);
	return 0;
}

static int by_text(const void *a, const void *b, void *names)
{
	return strcmp(cw_names_text(names, *(const uint32_t *)a), cw_names_text(names, *(const uint32_t *)b));
}

/* Replace numbers of names by their ranks among the names in use. */
static int rank_names(struct cw_forest *f, const struct cw_names *names, struct cw_err *err)
{
	size_t end = cw_names_end(names), used = 0;
	CW_CLEANUP(cw_freep) uint32_t *rank = calloc(end + 1, sizeof(*rank));
	CW_CLEANUP(cw_freep) uint32_t *sorted = NULL;
	struct cw_tree_item *items = f->items[0].items;

	if (!rank)
		return cw_err_nomem(err);
	for (size_t i = 0; i < f->items[0].len; i++) {
		used += !rank[items[i].name];
		rank[items[i].name] = 1;
	}
	sorted = calloc(used + 1, sizeof(*sorted));
	f->names = calloc(used + 1, sizeof(*f->names));
	if (!sorted || !f->names)
		return cw_err_nomem(err);
	for (size_t name = 0; name < end; name++) {
		if (rank[name])
			sorted[f->names_len++] = (uint32_t)name;
	}
	qsort_r(sorted, used, sizeof(*sorted), by_text, (void *)names);
	for (uint32_t i = 0; i < f->names_len; i++) {
		rank[sorted[i]] = i;
		f->names[i] = cw_names_text(names, sorted[i]);
	}
	for (size_t i = 0; i < f->items[0].len; i++)
		items[i].name = rank[items[i].name];
	return 0;
}

static int by_name(const void *va, const void *vb)
{
	const struct cw_tree_item *a = va, *b = vb;

	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return (a->target > b->target) - (a->target < b->target);
}

int cw_forest_finish(struct cw_forest *f, const struct cw_names *names, struct cw_err *err)
{
	int rc;

	note_names(f);
	rc = measure_all(f, err);
	rc = rc ? rc : compact(f, err);
	rc = rc ? rc : rank_names(f, names, err);
	for (size_t t = 0; !rc && t < f->trees; t++) {
		const struct node *node = &f->nodes[t];

		if (node->len > 1)
			qsort(items_of(f, node), node->len, sizeof(struct cw_tree_item), by_name);
	}
	return rc;
}

bool cw_forest_is_live(const struct cw_forest *f, uint32_t tree)
{
	return f->nodes[tree].live;
}

bool cw_forest_is_named(const struct cw_forest *f, uint32_t tree)
{
	return f->nodes[tree].named;
}

uint32_t cw_forest_height(const struct cw_forest *f, uint32_t tree)
{
	return f->heights[tree];
}

uint64_t cw_forest_gitlinks(const struct cw_forest *f, uint32_t tree)
{
	return f->gitlinks[tree];
}

const struct cw_tree_item *cw_forest_items(const struct cw_forest *f, uint32_t tree, size_t *ret_len)
{
	*ret_len = f->nodes[tree].len;
	return items_of(f, &f->nodes[tree]);
}

const struct cw_tree_item *cw_forest_find(const struct cw_forest *f, uint32_t tree, uint32_t name, size_t *ret_len)
{
	const struct node *node = &f->nodes[tree];
	const struct cw_tree_item *items = items_of(f, node);
	size_t low = 0, high = node->len, first;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (items[mid].name < name)
			low = mid + 1;
		else
			high = mid;
	}
	for (first = low; low < node->len && items[low].name == name;)
		low++;
	*ret_len = low - first;
	return *ret_len ? items + first : NULL;
}

const char *cw_forest_name(const struct cw_forest *f, uint32_t rank)
{
	return f->names[rank];
}

const uint32_t *cw_forest_order(const struct cw_forest *f, size_t *ret_len)
{
	*ret_len = f->order.len;
	return f->order.items;
}
