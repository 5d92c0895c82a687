/* scan/push_read.c - reads the objects of a quarantine: many in packs by push_packs.c, all others one by one, each whole. */
#include <stdatomic.h>
#include <string.h>

#include "scan/push_int.h"

#define PACKED_MIN 256 /* objects: for fewer it does not pay to look at the packs as a whole */

int cw_push_look_at_name(void *lookup, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	return cw_lookup_of_text(lookup, name, len, "a name in a tree", ret_holder, err);
}

int cw_push_name(struct cw_push *p, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	uint32_t number;

	return cw_names_add(p->names, name, len, cw_push_look_at_name, &p->lookup, &number, ret_holder, err);
}

/* ---- notes ---- */

void cw_push_notes_init(struct cw_push_notes *n, struct cw_push *p, struct cw_coverage *coverage, cw_name_fn look, void *looker)
{
	*n = (struct cw_push_notes){ .push = p, .coverage = coverage, .look = look, .looker = looker,
				     .tree_names = CW_VEC_INIT(struct cw_push_name, CW_OBJECTS_MAX) };
	cw_pushed_init(&n->commits);
}

void cw_push_notes_release(struct cw_push_notes *n)
{
	cw_pushed_release(&n->commits);
	cw_vec_release(&n->tree_names);
}

int cw_push_note_name(struct cw_push_notes *n, const struct cw_oid *tree, uint32_t holder, struct cw_err *err)
{
	struct cw_push_name *slot = cw_vec_push(&n->tree_names);

	if (!slot)
		return cw_vec_fail(&n->tree_names, "names", err);
	*slot = (struct cw_push_name){ .tree = *tree, .holder = holder };
	return 0;
}

static int note_entry(struct cw_push_notes *n, const struct cw_oid *tree, const struct cw_tree_entry *e, struct cw_err *err)
{
	uint32_t holder, number;
	int rc = cw_names_add(n->push->names, e->name, e->name_len, n->look, n->looker, &number, &holder, err);

	if ((e->mode & CW_MODE_TYPE) == CW_MODE_GITLINK)
		n->coverage->submodules++;
	else if (!cw_oid_hash_get(&n->push->mine, &e->oid))
		n->open = true;
	return rc || !cw_lookup_holds(holder) ? rc : cw_push_note_name(n, tree, holder, err);
}

static int note_tree(struct cw_push_notes *n, const struct cw_oid *oid, const struct cw_object *o, struct cw_err *err)
{
	bool odd = false;
	int rc = 0;

	n->coverage->expected++;
	n->coverage->scanned++;
	for (size_t pos = 0; !rc && pos < o->len;) {
		struct cw_tree_entry e;

		if (!cw_tree_next(o->data, o->len, &pos, &e)) {
			char hex[CW_OID_HEX_SIZE];

			cw_oid_hex(oid, hex);
			cw_coverage_unscanned(n->coverage, false, hex, "malformed tree: its entries cannot all be read");
			odd = true;
			break;
		}
		odd = odd || cw_tree_entry_is_odd(&e);
		rc = note_entry(n, oid, &e, err);
	}
	n->coverage->malformed_trees += odd;
	return rc;
}

int cw_push_note(struct cw_push_notes *n, const struct cw_oid *oid, const struct cw_object *o, struct cw_err *err)
{
	if (o->type == CW_OBJ_TREE)
		return note_tree(n, oid, o, err);
	return o->type == CW_OBJ_COMMIT ? cw_pushed_add(&n->commits, oid, o->data, o->len, err) : 0;
}

int cw_push_notes_merge(struct cw_push_notes *into, struct cw_push_notes *from, struct cw_err *err)
{
	int rc = cw_pushed_merge(&into->commits, &from->commits, err);

	for (size_t i = 0; !rc && i < from->tree_names.len; i++) {
		const struct cw_push_name *name = &CW_VEC_AT(&from->tree_names, struct cw_push_name, i);

		rc = cw_push_note_name(into, &name->tree, name->holder, err);
	}
	into->open = into->open || from->open;
	return rc;
}

/* ---- objects, one by one ---- */

static int read_object(struct cw_push *p, const struct cw_object_ref *ref, struct cw_err *err)
{
	struct cw_coverage *coverage = &p->lookup.scanner.coverage;
	struct cw_err why = CW_ERR_INIT;
	enum cw_object_type type;
	char hex[CW_OID_HEX_SIZE];
	struct cw_object o;
	uint32_t holder;
	uint64_t size = 0;
	int rc = 0;

	if (!cw_repo_is_small(p->repo, ref, p->opts->object_max))
		rc = cw_repo_header(p->repo, &ref->oid, &type, &size, &why);
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
	rc = rc ? rc : cw_push_note(&p->notes, &ref->oid, &o, err);
	cw_object_release(&o);
	return rc;
}

static void note_unread(struct cw_push *p, const struct cw_oid *oid)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(oid, hex);
	cw_coverage_interrupted(&p->lookup.scanner.coverage, true, hex);
}

/* What the reader of packs left. */
static int read_rest(struct cw_push *p, const struct cw_vec *list, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < list->len; i++) {
		const struct cw_object_ref *ref = &CW_VEC_AT(list, struct cw_object_ref, i);

		if (cw_lookup_known(&p->lookup, &ref->oid))
			continue;
		if (cw_push_stopped(p)) {
			note_unread(p, &ref->oid);
			continue;
		}
		rc = read_object(p, ref, err);
		atomic_fetch_add_explicit(&p->progress->done, 1, memory_order_relaxed);
	}
	return rc;
}

int cw_push_read_quarantine(struct cw_push *p, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec list = CW_VEC_INIT(struct cw_object_ref, CW_OBJECTS_MAX);
	int rc = cw_repo_objects_in(p->repo, p->opts->quarantine->objects, &list, err);

	for (size_t i = 0; !rc && i < list.len; i++)
		rc = cw_oid_hash_put(&p->mine, &CW_VEC_AT(&list, struct cw_object_ref, i).oid, 0, NULL, NULL, err);
	atomic_fetch_add_explicit(&p->progress->total, list.len, memory_order_relaxed);
	if (!rc && list.len >= PACKED_MIN)
		rc = cw_push_read_packs(p, &list, err);
	rc = rc ? rc : read_rest(p, &list, err);
	for (size_t i = 0; !rc && i < cw_repo_faults(p->repo)->len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(cw_repo_faults(p->repo), struct cw_store_fault, i);

		cw_coverage_unscanned(&p->lookup.scanner.coverage, false, f->what, f->reason);
	}
	return rc;
}
