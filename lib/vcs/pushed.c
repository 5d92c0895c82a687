/* vcs/pushed.c - see pushed.h. */
#include "vcs/pushed.h"

#include "vcs/parse.h"

#define PARENTS_MAX ((size_t)1 << 28)

void cw_pushed_init(struct cw_pushed *p)
{
	*p = (struct cw_pushed){ .commits = CW_VEC_INIT(struct cw_range_commit, CW_OBJECTS_MAX),
				 .parents = CW_VEC_INIT(struct cw_oid, PARENTS_MAX), .index = CW_OID_HASH_INIT };
}

void cw_pushed_release(struct cw_pushed *p)
{
	cw_vec_release(&p->commits);
	cw_vec_release(&p->parents);
	cw_oid_hash_release(&p->index);
}

static int add_parent(struct cw_pushed *p, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_oid *slot = cw_vec_push(&p->parents);

	if (!slot)
		return cw_vec_fail(&p->parents, "commits of the push", err);
	*slot = *oid;
	return 0;
}

static int add_commit(struct cw_pushed *p, const struct cw_range_commit *c, struct cw_err *err)
{
	struct cw_range_commit *slot = cw_vec_push(&p->commits);

	if (!slot)
		return cw_vec_fail(&p->commits, "commits of the push", err);
	*slot = *c;
	slot->parents = p->parents.len;
	return 0;
}

int cw_pushed_add(struct cw_pushed *p, const struct cw_oid *oid, const char *data, size_t len, struct cw_err *err)
{
	struct cw_range_commit c = { .oid = *oid };
	struct cw_commit_head head = { .parents_len = 0 };
	int rc;

	if (cw_commit_parse(data, len, &head)) {
		c.tree = head.tree;
		c.time = head.time;
		c.parents_len = (uint32_t)head.parents_len;
	}
	rc = add_commit(p, &c, err);
	for (uint32_t i = 0; !rc && i < c.parents_len; i++) {
		struct cw_oid parent = cw_commit_parent(&head, i);

		rc = add_parent(p, &parent, err);
	}
	return rc;
}

int cw_pushed_merge(struct cw_pushed *into, const struct cw_pushed *from, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < from->commits.len; i++) {
		const struct cw_range_commit *c = &CW_VEC_AT(&from->commits, struct cw_range_commit, i);

		rc = add_commit(into, c, err);
		for (uint32_t k = 0; !rc && k < c->parents_len; k++)
			rc = add_parent(into, cw_pushed_parent(from, c, k), err);
	}
	return rc;
}

int cw_pushed_index(struct cw_pushed *p, struct cw_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < p->commits.len; i++)
		rc = cw_oid_hash_put(&p->index, &CW_VEC_AT(&p->commits, struct cw_range_commit, i).oid, i, NULL, NULL, err);
	return rc;
}

const struct cw_range_commit *cw_pushed_find(const struct cw_pushed *p, const struct cw_oid *oid)
{
	const uint32_t *at = cw_oid_hash_get(&p->index, oid);

	return at ? &CW_VEC_AT(&p->commits, struct cw_range_commit, *at) : NULL;
}
