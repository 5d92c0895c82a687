/* scan/commits.c - see commits.h. */
#include "scan/commits.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "vcs/parse.h"

#define PARENTS_MAX ((size_t)1 << 28)
#define PEEL_MAX 1000 /* tags of tags */

struct noted {
	struct cw_oid oid, tree;
	int64_t time;
	size_t parents, parents_len;
};

void cw_notes_init(struct cw_notes *n)
{
	*n = (struct cw_notes){ .trees = CW_VEC_INIT(struct cw_object_ref, CW_OBJECTS_MAX),
				.commits = CW_VEC_INIT(struct noted, CW_OBJECTS_MAX),
				.parents = CW_VEC_INIT(struct cw_oid, PARENTS_MAX),
				.tags = CW_VEC_INIT(struct cw_tag, CW_OBJECTS_MAX) };
}

void cw_notes_release(struct cw_notes *n)
{
	cw_vec_release(&n->trees);
	cw_vec_release(&n->commits);
	cw_vec_release(&n->parents);
	cw_vec_release(&n->tags);
}

int cw_notes_add_tree(struct cw_notes *n, const struct cw_object_ref *ref, struct cw_err *err)
{
	struct cw_object_ref *slot = cw_vec_push(&n->trees);

	if (!slot)
		return cw_vec_fail(&n->trees, "list of trees", err);
	*slot = *ref;
	return 0;
}

static int add_commit(struct cw_notes *n, const struct cw_oid *oid, const struct cw_object *o, struct cw_err *err)
{
	struct cw_commit_head head;
	struct noted *slot;

	if (!cw_commit_parse(o->data, o->len, &head))
		return 0; /* it has no tree: its text was scanned, there is nothing more in it */
	slot = cw_vec_push(&n->commits);
	if (!slot)
		return cw_vec_fail(&n->commits, "list of commits", err);
	*slot = (struct noted){ .oid = *oid, .tree = head.tree, .time = head.time, .parents = n->parents.len,
				.parents_len = head.parents_len };
	for (size_t i = 0; i < head.parents_len; i++) {
		struct cw_oid *parent = cw_vec_push(&n->parents);

		if (!parent)
			return cw_vec_fail(&n->parents, "list of commits", err);
		*parent = cw_commit_parent(&head, i);
	}
	return 0;
}

static int add_tag(struct cw_notes *n, const struct cw_oid *oid, const struct cw_object *o, struct cw_err *err)
{
	struct cw_tag tag = { .oid = *oid }, *slot;

	if (!cw_tag_parse(o->data, o->len, &tag.target))
		return 0;
	slot = cw_vec_push(&n->tags);
	if (!slot)
		return cw_vec_fail(&n->tags, "list of tags", err);
	*slot = tag;
	return 0;
}

int cw_notes_add(struct cw_notes *n, const struct cw_object_ref *ref, const struct cw_object *o, struct cw_err *err)
{
	switch (o->type) {
	case CW_OBJ_COMMIT:
		return add_commit(n, &ref->oid, o, err);
	case CW_OBJ_TAG:
		return add_tag(n, &ref->oid, o, err);
	case CW_OBJ_TREE:
		return cw_notes_add_tree(n, ref, err);
	case CW_OBJ_BLOB:
		break;
	}
	return 0;
}

static int append(struct cw_vec *into, const struct cw_vec *from, struct cw_err *err)
{
	if (!from->len)
		return 0;
	if (cw_vec_reserve(into, from->len))
		return cw_vec_fail(into, "list of objects", err);
	memcpy((char *)into->items + into->len * into->item_size, from->items, from->len * from->item_size);
	into->len += from->len;
	return 0;
}

int cw_notes_merge(struct cw_notes *into, struct cw_notes *from, struct cw_err *err)
{
	size_t commits = into->commits.len, parents = into->parents.len;
	int rc = append(&into->trees, &from->trees, err);

	rc = rc ? rc : append(&into->commits, &from->commits, err);
	rc = rc ? rc : append(&into->parents, &from->parents, err);
	rc = rc ? rc : append(&into->tags, &from->tags, err);
	for (size_t i = commits; !rc && i < into->commits.len; i++)
		CW_VEC_AT(&into->commits, struct noted, i).parents += parents;
	if (!rc)
		cw_notes_release(from);
	return rc;
}

/* ---- the graph ---- */

static int by_oid(const void *a, const void *b)
{
	return cw_oid_cmp(a, b);
}

static int by_time(const void *va, const void *vb)
{
	const struct noted *a = va, *b = vb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return cw_oid_cmp(&a->oid, &b->oid);
}

static int by_number(const void *a, const void *b, void *list)
{
	const struct cw_commit *commits = list;

	return cw_oid_cmp(&commits[*(const uint32_t *)a].oid, &commits[*(const uint32_t *)b].oid);
}

uint32_t cw_commits_find(const struct cw_commits *c, const struct cw_oid *oid)
{
	const uint32_t *numbers = c->by_id.items;
	size_t low = 0, high = c->by_id.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = cw_oid_cmp(&cw_commit_at(c, numbers[mid])->oid, oid);

		if (!cmp)
			return numbers[mid];
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return CW_COMMIT_NONE;
}

static int list_commits(struct cw_notes *n, struct cw_commits *c, struct cw_err *err)
{
	if (n->commits.len)
		qsort(n->commits.items, n->commits.len, sizeof(struct noted), by_time);
	if (cw_vec_reserve(&c->list, n->commits.len + 1) || cw_vec_reserve(&c->by_id, n->commits.len + 1))
		return cw_err_nomem(err);
	for (size_t i = 0; i < n->commits.len; i++) {
		const struct noted *noted = &CW_VEC_AT(&n->commits, struct noted, i);
		struct cw_commit *commit = cw_vec_push(&c->list);
		uint32_t *number = cw_vec_push(&c->by_id);

		*commit = (struct cw_commit){ .oid = noted->oid, .tree = noted->tree, .time = noted->time };
		*number = (uint32_t)i;
	}
	if (c->by_id.len)
		qsort_r(c->by_id.items, c->by_id.len, sizeof(uint32_t), by_number, c->list.items);
	return 0;
}

static int add_parent(struct cw_commits *c, struct cw_commit *commit, const struct cw_oid *oid, struct cw_err *err)
{
	uint32_t number = cw_commits_find(c, oid), *slot;

	if (number == CW_COMMIT_NONE) {
		commit->cut = true;
		return 0;
	}
	slot = cw_vec_push(&c->parents);
	if (!slot)
		return cw_vec_fail(&c->parents, "list of commits", err);
	*slot = number;
	commit->parents_len++;
	return 0;
}

static int link_parents(const struct cw_notes *n, const struct cw_vec *shallow, struct cw_commits *c, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < n->commits.len; i++) {
		const struct noted *noted = &CW_VEC_AT(&n->commits, struct noted, i);
		struct cw_commit *commit = cw_commit_at(c, (uint32_t)i);

		commit->parents = (uint32_t)c->parents.len;
		if (shallow->len && bsearch(&commit->oid, shallow->items, shallow->len, sizeof(commit->oid), by_oid))
			continue;
		for (size_t k = 0; !rc && k < noted->parents_len; k++)
			rc = add_parent(c, commit, &CW_VEC_AT(&n->parents, struct cw_oid, noted->parents + k), err);
	}
	return rc;
}

int cw_commits_build(struct cw_notes *n, const struct cw_vec *shallow, struct cw_commits *ret, struct cw_err *err)
{
	CW_CLEANUP(cw_commits_release) struct cw_commits c = { .list = CW_VEC_INIT(struct cw_commit, CW_OBJECTS_MAX),
							       .parents = CW_VEC_INIT(uint32_t, PARENTS_MAX),
							       .by_id = CW_VEC_INIT(uint32_t, CW_OBJECTS_MAX) };
	int rc = list_commits(n, &c, err);

	rc = rc ? rc : link_parents(n, shallow, &c, err);
	if (rc)
		return rc;
	c.tags = n->tags;
	n->tags = (struct cw_vec)CW_VEC_INIT(struct cw_tag, CW_OBJECTS_MAX);
	if (c.tags.len)
		qsort(c.tags.items, c.tags.len, c.tags.item_size, by_oid);
	cw_vec_release(&n->commits);
	cw_vec_release(&n->parents);
	*ret = c;
	c = (struct cw_commits){ .list = { .items = NULL } };
	return 0;
}

void cw_commits_release(struct cw_commits *c)
{
	cw_vec_release(&c->list);
	cw_vec_release(&c->parents);
	cw_vec_release(&c->tags);
	cw_vec_release(&c->by_id);
}

struct cw_tag *cw_commits_tag(const struct cw_commits *c, const struct cw_oid *oid)
{
	return c->tags.len ? bsearch(oid, c->tags.items, c->tags.len, c->tags.item_size, by_oid) : NULL;
}

struct cw_oid cw_commits_peel(struct cw_commits *c, const struct cw_oid *oid)
{
	struct cw_oid at = *oid;

	for (int i = 0; i < PEEL_MAX; i++) {
		struct cw_tag *tag = cw_commits_tag(c, &at);

		if (!tag)
			break;
		tag->reachable = true;
		at = tag->target;
	}
	return at;
}

int cw_commits_reach(struct cw_commits *c, uint32_t commit, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec todo = CW_VEC_INIT(uint32_t, c->list.len + 1);
	uint32_t at = commit;

	if (cw_commit_at(c, at)->reachable)
		return 0;
	for (cw_commit_at(c, at)->reachable = true;; at = CW_VEC_AT(&todo, uint32_t, --todo.len)) {
		const struct cw_commit *child = cw_commit_at(c, at);

		for (uint32_t i = 0; i < child->parents_len; i++) {
			uint32_t parent = CW_VEC_AT(&c->parents, uint32_t, child->parents + i), *slot;

			if (cw_commit_at(c, parent)->reachable)
				continue;
			cw_commit_at(c, parent)->reachable = true;
			slot = cw_vec_push(&todo);
			if (!slot)
				return cw_vec_fail(&todo, "list of commits", err);
			*slot = parent;
		}
		if (!todo.len)
			return 0;
	}
}
