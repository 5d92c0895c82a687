/* scan/audit_passes.c - lists the store before each pass of an audit, and says what is left to do. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "scan/audit_int.h"
#include "vcs/refs.h"

static int by_oid(const void *a, const void *b)
{
	return cw_oid_cmp(&((const struct cw_object_ref *)a)->oid, &((const struct cw_object_ref *)b)->oid);
}

static bool same_objects(const struct cw_vec *a, const struct cw_vec *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		if (by_oid(&CW_VEC_AT(a, struct cw_object_ref, i), &CW_VEC_AT(b, struct cw_object_ref, i)))
			return false;
	}
	return true;
}

static int append(struct cw_vec *out, const struct cw_object_ref *ref, struct cw_err *err)
{
	struct cw_object_ref *slot = cw_vec_push(out);

	if (!slot)
		return cw_vec_fail(out, "list of objects", err);
	*slot = *ref;
	slot->mark = CW_MARK_NONE;
	return 0;
}

int cw_audit_append(struct cw_vec *out, const struct cw_vec *from, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < from->len; i++)
		rc = append(out, &CW_VEC_AT(from, struct cw_object_ref, i), err);
	return rc;
}

struct cw_vec cw_audit_no_refs(void)
{
	return (struct cw_vec)CW_VEC_INIT(struct cw_object_ref, CW_OBJECTS_MAX);
}

/* The work of the next pass over the store as it is NOW: ids never seen before, and ids that could not be read. */
static int plan_retry(struct cw_audit *a, const struct cw_vec *now, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec next = cw_audit_no_refs();
	size_t known;
	int rc = a->seen.len ? 0 : cw_audit_append(&a->seen, &a->listed, err);

	if (rc)
		return rc;
	known = a->seen.len;
	if (known)
		qsort(a->seen.items, known, sizeof(struct cw_object_ref), by_oid);
	for (size_t i = 0; !rc && i < now->len; i++) {
		const struct cw_object_ref *ref = &CW_VEC_AT(now, struct cw_object_ref, i);

		if (known && bsearch(ref, a->seen.items, known, sizeof(*ref), by_oid))
			continue;
		rc = append(&next, ref, err);
		rc = rc ? rc : append(&a->seen, ref, err);
	}
	for (size_t i = 0; !rc && i < a->work.len; i++) {
		const struct cw_object_ref *ref = &CW_VEC_AT(&a->work, struct cw_object_ref, i);

		if (ref->mark == CW_MARK_FAILED)
			rc = append(&next, ref, err);
	}
	if (rc)
		return rc;
	cw_vec_release(&a->work);
	a->work = next;
	next = cw_audit_no_refs();
	return 0;
}

/* Fresh handles, so that replaced packs are let go. */
static int reopen(struct cw_audit *a, struct cw_err *err)
{
	struct cw_repo *fresh = NULL;
	int rc = cw_repo_open(a->opts->path, &fresh, err);

	if (rc)
		return rc;
	cw_repo_free(a->repo);
	a->repo = a->jobs[0].repo = fresh;
	return 0;
}

static void reopen_others(struct cw_audit *a)
{
	for (unsigned i = 1; i < a->jobs_len; i++) {
		struct cw_repo *fresh = NULL;

		if (cw_repo_open(a->opts->path, &fresh, NULL))
			continue; /* the old handle looks for new packs itself */
		cw_repo_free(a->jobs[i].repo);
		a->jobs[i].repo = fresh;
	}
}

/* Note what the store looks like now. Without memory, or when something cannot be looked at, nothing is known. */
static void take_snapshot(struct cw_audit *a)
{
	cw_snapshot_release(&a->before);
	a->snapshot = !cw_snapshot_take(a->opts->path, &a->before, NULL) && !a->before.faults.len;
}

/* Whether no file of the store and no reference has changed since: then a new list would be the same. */
static bool stood_still(const struct cw_audit *a)
{
	CW_CLEANUP(cw_snapshot_release) struct cw_snapshot now = CW_SNAPSHOT_INIT;

	return a->snapshot && !cw_snapshot_take(a->opts->path, &now, NULL) && !now.faults.len &&
	       !memcmp(now.files, a->before.files, sizeof(now.files)) && !memcmp(now.all, a->before.all, sizeof(now.all));
}

/* References first: what they name is then in the list of objects. */
int cw_audit_list(struct cw_audit *a, struct cw_vec *out, struct cw_err *err)
{
	int rc;

	take_snapshot(a);
	cw_refs_release(&a->refs);
	cw_store_faults_release(&a->ref_faults);
	a->refs = (struct cw_vec)CW_VEC_INIT(struct cw_ref, CW_REFS_MAX);
	a->ref_faults = (struct cw_vec)CW_VEC_INIT(struct cw_store_fault, CW_REFS_MAX);
	rc = cw_repo_refs(a->repo, &a->refs, &a->ref_faults, err);
	return rc ? rc : cw_repo_objects(a->repo, out, err);
}

/* List the store again. *ret_again says that another pass is worth it; its work is then in a->work. */
int cw_audit_check(struct cw_audit *a, bool last, bool *ret_again, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec now = cw_audit_no_refs();
	int rc;

	*ret_again = false;
	if (stood_still(a))
		return 0;
	rc = reopen(a, err);
	rc = rc ? rc : cw_audit_list(a, &now, err);
	if (rc)
		return rc;
	*ret_again = !same_objects(&now, &a->listed);
	if (!*ret_again)
		return 0;
	if (last) {
		cw_coverage_unscanned(a->coverage, false, a->opts->path, "the object store kept changing during the scan");
		*ret_again = false;
		return 0;
	}
	rc = plan_retry(a, &now, err);
	if (rc)
		return rc;
	cw_vec_release(&a->listed);
	a->listed = now;
	now = cw_audit_no_refs();
	for (unsigned i = 0; i < a->jobs_len; i++)
		cw_coverage_release(&a->jobs[i].failed);
	reopen_others(a);
	return 0;
}

void cw_audit_note_unreached(struct cw_audit *a)
{
	for (size_t i = 0; i < a->work.len; i++) {
		const struct cw_object_ref *ref = &CW_VEC_AT(&a->work, struct cw_object_ref, i);
		char hex[CW_OID_HEX_SIZE];

		if (!cw_audit_is_open(ref))
			continue;
		cw_oid_hex(&ref->oid, hex);
		cw_coverage_unscanned(a->coverage, true, hex, "interrupted");
	}
}

void cw_audit_note_faults(struct cw_audit *a, const struct cw_vec *faults)
{
	for (size_t i = 0; i < faults->len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(faults, struct cw_store_fault, i);

		cw_coverage_unscanned(a->coverage, false, f->what, f->reason);
	}
}
