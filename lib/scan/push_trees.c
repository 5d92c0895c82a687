/* scan/push_trees.c - see push_trees.h. */
#include "scan/push_trees.h"

#include <stdlib.h>
#include <string.h>

#include "scan/packed.h"

void cw_push_trees_init(struct cw_push_trees *t)
{
	*t = (struct cw_push_trees){ .list = CW_VEC_INIT(struct cw_object_ref, CW_OBJECTS_MAX) };
	cw_oid_map_init(&t->objects, 2 * CW_OBJECTS_MAX);
}

void cw_push_trees_release(struct cw_push_trees *t)
{
	cw_vec_release(&t->list);
	cw_oid_map_release(&t->objects);
	cw_forest_free(t->forest);
	cw_names_free(t->names);
	free(t->sights);
	t->sights = NULL;
}

static int map_objects(struct cw_push_trees *t, const struct cw_push_trees_opts *o, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < o->scanned->len; i++)
		rc = cw_oid_map_add(&t->objects, &CW_VEC_AT(o->scanned, struct cw_oid, i), CW_IS_OTHER, err);
	for (size_t i = 0; !rc && i < t->list.len; i++)
		rc = cw_oid_map_add(&t->objects, &CW_VEC_AT(&t->list, struct cw_object_ref, i).oid, CW_IS_TREE | (uint32_t)i, err);
	for (uint32_t i = 0; !rc && i < o->kept->holders.len; i++) {
		if (cw_kept_holder(o->kept, i)->oid.len)
			rc = cw_oid_map_add(&t->objects, &cw_kept_holder(o->kept, i)->oid, CW_IS_HOLDER | i, err);
	}
	return rc ? rc : cw_oid_map_sort(&t->objects, err);
}

static int read_all(struct cw_push_trees *t, const struct cw_push_trees_opts *o, struct cw_coverage *coverage, struct cw_err *err)
{
	struct cw_family_stats stats = { 0 };
	struct cw_trees trees = { .list = t->list.items, .len = t->list.len, .objects = &t->objects, .packs = o->packs,
				  .stats = &stats, .memory_max = CW_MEMORY_MAX_DEFAULT, .kept = o->kept, .progress = o->progress,
				  .workers = o->workers, .workers_len = o->workers_len, .object_max = o->object_max,
				  .sights = t->sights };
	int rc = cw_trees_read(&trees, coverage, err);

	t->forest = trees.forest;
	t->names = trees.names;
	cw_vec_release(&trees.absent);
	return rc;
}

int cw_push_trees_read(struct cw_push_trees *t, const struct cw_push_trees_opts *o, struct cw_coverage *coverage, struct cw_err *err)
{
	CW_CLEANUP(cw_freep) uint8_t *sights = calloc(t->list.len + 1, 1);
	int rc = sights ? map_objects(t, o, err) : cw_err_nomem(err);

	if (rc)
		return rc;
	t->kept = o->kept;
	t->sights = sights;
	rc = read_all(t, o, coverage, err);
	for (size_t i = 0; !rc && i < t->list.len; i++) {
		if (sights[i] != CW_TREE_PLAIN)
			cw_forest_keep(t->forest, (uint32_t)i);
	}
	rc = rc ? rc : cw_forest_finish(t->forest, t->names, err);
	t->sights = rc ? NULL : cw_steal(&sights);
	return rc;
}

static uint32_t number_of(const struct cw_push_trees *t, const struct cw_oid *oid)
{
	uint32_t kind = t->sights ? cw_oid_map_get(&t->objects, oid) : CW_OID_NONE;

	return kind != CW_OID_NONE && !(kind & CW_IS_HOLDER) && kind & CW_IS_TREE ? CW_OBJECT_NUMBER(kind) : CW_TREE_NONE;
}

enum cw_push_tree cw_push_trees_find(const struct cw_push_trees *t, const struct cw_oid *oid)
{
	uint32_t tree = number_of(t, oid);

	if (tree == CW_TREE_NONE || t->sights[tree] != CW_TREE_PLAIN)
		return CW_PUSH_TREE_UNKNOWN;
	return cw_forest_is_live(t->forest, tree) ? CW_PUSH_TREE_KNOWN : CW_PUSH_TREE_EMPTY;
}

static struct cw_tree_entry entry_of(const struct cw_push_trees *t, const struct cw_tree_item *item)
{
	uint32_t number = item->target & ~CW_ITEM_HOLDER;
	bool holder = item->target & CW_ITEM_HOLDER;
	struct cw_tree_entry e = { .mode = holder ? CW_MODE_FILE : CW_MODE_TREE, .name = cw_forest_name(t->forest, item->name) };

	e.name_len = strlen(e.name);
	e.oid = holder ? cw_kept_holder(t->kept, number)->oid : CW_VEC_AT(&t->list, struct cw_object_ref, number).oid;
	return e;
}

int cw_push_trees_entries(const struct cw_push_trees *t, const struct cw_oid *oid, struct cw_tree_entry **ret, size_t *ret_len,
			  struct cw_err *err)
{
	uint32_t tree = number_of(t, oid);
	size_t len = 0;
	const struct cw_tree_item *items = tree != CW_TREE_NONE ? cw_forest_items(t->forest, tree, &len) : NULL;
	struct cw_tree_entry *entries = calloc(len + 1, sizeof(*entries));

	if (!entries)
		return cw_err_nomem(err);
	for (size_t i = 0; i < len; i++)
		entries[i] = entry_of(t, &items[i]);
	*ret = entries;
	*ret_len = len;
	return 0;
}

int cw_push_trees_names(const struct cw_push_trees *t, uint32_t tree,
			int (*fn)(void *payload, const struct cw_oid *tree, uint32_t holder, struct cw_err *err), void *payload,
			struct cw_err *err)
{
	size_t len;
	const struct cw_tree_item *items = cw_forest_items(t->forest, tree, &len);
	int rc = 0;

	for (size_t i = 0; !rc && i < len; i++) {
		uint32_t holder = items[i].target & ~CW_ITEM_HOLDER;

		if (items[i].target & CW_ITEM_HOLDER && !cw_kept_holder(t->kept, holder)->oid.len)
			rc = fn(payload, &CW_VEC_AT(&t->list, struct cw_object_ref, tree).oid, holder, err);
	}
	return rc;
}
