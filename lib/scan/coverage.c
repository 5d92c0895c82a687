/* scan/coverage.c - see coverage.h. */
#include "scan/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Entries kept before sorting. Which of them are listed must not depend on threads, so each worker keeps more than are shown;
 * beyond this the list is a sample, the count stays exact. */
#define KEPT_MAX ((size_t)1 << 18)

void cw_coverage_init(struct cw_coverage *c)
{
	*c = (struct cw_coverage){ .list = CW_VEC_INIT(struct cw_unscanned, KEPT_MAX) };
}

static void entry_release(struct cw_unscanned *u)
{
	free(u->object);
	free(u->reason);
}

static void cut(struct cw_vec *list, size_t len)
{
	while (list->len > len)
		entry_release(&CW_VEC_AT(list, struct cw_unscanned, --list->len));
}

void cw_coverage_release(struct cw_coverage *c)
{
	cut(&c->list, 0);
	cw_vec_release(&c->list);
	cw_coverage_init(c);
}

void cw_coverage_unscanned(struct cw_coverage *c, bool expected, const char *object, const char *reason)
{
	CW_CLEANUP(cw_freep) char *o = strdup(object);
	CW_CLEANUP(cw_freep) char *r = strdup(reason);
	struct cw_unscanned *u;

	c->unscanned++;
	if (expected)
		c->expected++;
	else
		c->beside++;
	u = o && r ? cw_vec_push(&c->list) : NULL;
	if (!u)
		return;
	u->object = cw_steal(&o);
	u->reason = cw_steal(&r);
}

void cw_coverage_interrupted(struct cw_coverage *c, bool expected, const char *object)
{
	cw_coverage_unscanned(c, expected, object, "interrupted");
	c->interrupted++;
}

void cw_coverage_merge(struct cw_coverage *into, struct cw_coverage *from)
{
	into->expected += from->expected;
	into->scanned += from->scanned;
	into->cached += from->cached;
	into->unscanned += from->unscanned;
	into->beside += from->beside;
	into->interrupted += from->interrupted;
	into->bytes += from->bytes;
	into->skipped += from->skipped;
	into->submodules += from->submodules;
	into->lfs_pointers += from->lfs_pointers;
	into->repositories += from->repositories;
	into->excluded += from->excluded;
	into->malformed_trees += from->malformed_trees;
	for (size_t i = 0; i < from->list.len; i++) {
		struct cw_unscanned *u = &CW_VEC_AT(&from->list, struct cw_unscanned, i);
		struct cw_unscanned *slot = cw_vec_push(&into->list);

		if (!slot)
			break;
		*slot = *u;
		*u = (struct cw_unscanned){ .object = NULL };
	}
	cw_coverage_release(from);
}

static int by_object(const void *a, const void *b)
{
	const struct cw_unscanned *x = a, *y = b;
	int c = strcmp(x->object, y->object);

	return c ? c : strcmp(x->reason, y->reason);
}

void cw_coverage_sort(struct cw_coverage *c)
{
	if (c->list.len)
		qsort(c->list.items, c->list.len, sizeof(struct cw_unscanned), by_object);
	cut(&c->list, CW_UNSCANNED_LISTED_MAX);
}

bool cw_coverage_complete(const struct cw_coverage *c)
{
	return c->unscanned == 0 && c->scanned + c->cached == c->expected;
}
