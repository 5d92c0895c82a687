/* scan/push_read.c - reads the objects of a quarantine one by one, each whole. */
#include <stdatomic.h>
#include <string.h>

#include "scan/push_int.h"

static int look_at_name(void *payload, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	return cw_lookup_of_text(payload, name, len, "a name in a tree", ret_holder, err);
}

int cw_push_name(struct cw_push *p, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	uint32_t number;

	return cw_names_add(p->names, name, len, look_at_name, &p->lookup, &number, ret_holder, err);
}

static int note_entry(struct cw_push *p, const struct cw_oid *tree, const struct cw_tree_entry *e, struct cw_err *err)
{
	struct cw_push_name *slot;
	uint32_t holder;
	int rc = cw_push_name(p, e->name, e->name_len, &holder, err);

	if ((e->mode & CW_MODE_TYPE) == CW_MODE_GITLINK)
		p->lookup.scanner.coverage.submodules++;
	else if (!cw_oid_hash_get(&p->mine, &e->oid))
		p->open = true;
	if (rc || !cw_lookup_holds(holder))
		return rc;
	slot = cw_vec_push(&p->tree_names);
	if (!slot)
		return cw_vec_fail(&p->tree_names, "names", err);
	*slot = (struct cw_push_name){ .tree = *tree, .holder = holder };
	return 0;
}

static int note_tree(struct cw_push *p, const struct cw_oid *oid, const struct cw_object *o, struct cw_err *err)
{
	struct cw_coverage *coverage = &p->lookup.scanner.coverage;
	bool odd = false;
	int rc = 0;

	coverage->expected++;
	coverage->scanned++;
	for (size_t pos = 0; !rc && pos < o->len;) {
		struct cw_tree_entry e;

		if (!cw_tree_next(o->data, o->len, &pos, &e)) {
			char hex[CW_OID_HEX_SIZE];

			cw_oid_hex(oid, hex);
			cw_coverage_unscanned(coverage, false, hex, "malformed tree: its entries cannot all be read");
			odd = true;
			break;
		}
		odd = odd || cw_tree_entry_is_odd(&e);
		rc = note_entry(p, oid, &e, err);
	}
	coverage->malformed_trees += odd;
	return rc;
}

static int note_commit(struct cw_push *p, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_oid *slot = cw_vec_push(&p->commits);

	if (!slot)
		return cw_vec_fail(&p->commits, "commits of the push", err);
	*slot = *oid;
	return 0;
}

static int read_object(struct cw_push *p, const struct cw_object_ref *ref, struct cw_err *err)
{
	struct cw_coverage *coverage = &p->lookup.scanner.coverage;
	struct cw_err why = CW_ERR_INIT;
	enum cw_object_type type;
	char hex[CW_OID_HEX_SIZE];
	struct cw_object o;
	uint32_t holder;
	uint64_t size;
	int rc = cw_repo_header(p->repo, &ref->oid, &type, &size, &why);

	cw_oid_hex(&ref->oid, hex);
	if (!rc && size > p->opts->object_max) {
		cw_scanner_too_large(&p->lookup.scanner, hex, size, p->opts->object_max);
		return 0;
	}
	rc = rc ? rc : cw_repo_read_ref(p->repo, ref, &o, &why);
	if (rc) {
		cw_coverage_unscanned(coverage, true, hex, cw_err_msg(&why));
		return 0;
	}
	rc = cw_lookup_of_object(&p->lookup, ref, &o, &holder, err);
	if (!rc && o.type == CW_OBJ_TREE)
		rc = note_tree(p, &ref->oid, &o, err);
	else if (!rc && o.type == CW_OBJ_COMMIT)
		rc = note_commit(p, &ref->oid, err);
	cw_object_release(&o);
	return rc;
}

static void note_unread(struct cw_push *p, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	cw_coverage_interrupted(&p->lookup.scanner.coverage, true, hex);
}

int cw_push_read_quarantine(struct cw_push *p, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec list = CW_VEC_INIT(struct cw_object_ref, CW_OBJECTS_MAX);
	int rc = cw_repo_objects_in(p->repo, p->opts->quarantine->objects, &list, err);

	for (size_t i = 0; !rc && i < list.len; i++)
		rc = cw_oid_hash_put(&p->mine, &CW_VEC_AT(&list, struct cw_object_ref, i).oid, 0, NULL, NULL, err);
	atomic_fetch_add_explicit(&p->progress->total, list.len, memory_order_relaxed);
	for (size_t i = 0; !rc && i < list.len; i++) {
		const struct cw_object_ref *ref = &CW_VEC_AT(&list, struct cw_object_ref, i);

		if (cw_push_stopped(p)) {
			note_unread(p, &ref->oid);
			continue;
		}
		rc = read_object(p, ref, err);
		atomic_fetch_add_explicit(&p->progress->done, 1, memory_order_relaxed);
	}
	for (size_t i = 0; !rc && i < cw_repo_faults(p->repo)->len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(cw_repo_faults(p->repo), struct cw_store_fault, i);

		cw_coverage_unscanned(&p->lookup.scanner.coverage, false, f->what, f->reason);
	}
	return rc;
}
