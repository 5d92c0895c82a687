/* scan/push.c - see push.h: the steps in their order. */
#include "scan/push.h"

#include <stdlib.h>
#include <string.h>

#include "scan/push_int.h"
#include "vcs/push.h"
#include "vcs/refs.h"

#define NAMES_BYTES_MAX ((size_t)96 << 20)
#define RECORDS_MAX ((size_t)1 << 24)
#define FAULTS_MAX ((size_t)10000)

static void note(struct cw_push *p, const char *what, const char *reason)
{
	cw_coverage_unscanned(p->coverage, false, what, reason);
}

static void note_faults(struct cw_push *p, const struct cw_vec *faults)
{
	for (size_t i = 0; i < faults->len; i++) {
		const struct cw_store_fault *f = &CW_VEC_AT(faults, struct cw_store_fault, i);

		note(p, f->what, f->reason);
	}
}

static bool is_stopped(void *payload)
{
	return cw_push_stopped(payload);
}

static bool only_deletes(const struct cw_vec *refs)
{
	for (size_t i = 0; i < refs->len; i++)
		if (CW_VEC_AT(refs, struct cw_push_ref, i).new_oid.len)
			return false;
	return true;
}

/* ---- names of references ---- */

static int ref_name_cmp(const void *va, const void *vb)
{
	return strcmp(((const struct cw_ref *)va)->name, ((const struct cw_ref *)vb)->name);
}

static bool exists(const struct cw_push *p, char *name)
{
	const struct cw_ref key = { .name = name };

	return p->refs.len && bsearch(&key, p->refs.items, p->refs.len, p->refs.item_size, ref_name_cmp);
}

static int look_at_ref_names(struct cw_push *p, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < p->opts->refs->len && !cw_push_stopped(p); i++) {
		const struct cw_push_ref *ref = &CW_VEC_AT(p->opts->refs, struct cw_push_ref, i);
		struct cw_push_record at = { .ref = ref->name };
		uint32_t holder;

		if (!ref->new_oid.len || exists(p, ref->name))
			continue;
		rc = cw_lookup_of_text(&p->lookup, ref->name, strlen(ref->name), "the name of a reference", &holder, err);
		rc = rc ? rc : cw_push_record_all(p, holder, &at, err);
	}
	return rc;
}

/* ---- what the push brings ---- */

static int find_range(struct cw_push *p, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec tips = CW_VEC_INIT(struct cw_oid, CW_PUSH_REFS_MAX);
	struct cw_range_opts opts = { .repo = p->repo, .old = p->old, .refs = &p->refs, .shallow = &p->shallow,
				      .tips = &tips, .pushed = &p->notes.commits, .stopped = is_stopped, .payload = p };
	int rc;

	for (size_t i = 0; i < p->opts->refs->len; i++) {
		const struct cw_push_ref *ref = &CW_VEC_AT(p->opts->refs, struct cw_push_ref, i);
		struct cw_oid *slot = ref->new_oid.len ? cw_vec_push(&tips) : NULL;

		if (slot)
			*slot = ref->new_oid;
		else if (ref->new_oid.len)
			return cw_vec_fail(&tips, "references", err);
	}
	rc = cw_pushed_index(&p->notes.commits, err);
	return rc ? rc : cw_range_find(&opts, p->range, err);
}

/* The raw text of a commit or tag of the range. */
static int look_at_text(struct cw_push *p, const struct cw_oid *oid, const struct cw_range_commit *commit, struct cw_err *err)
{
	struct cw_object_ref ref = { .oid = *oid };
	struct cw_push_record at = { .object = *oid, .type = commit ? CW_OBJ_COMMIT : CW_OBJ_TAG };
	uint32_t holder;
	int rc = cw_lookup_of(&p->lookup, &ref, false, &holder, err);

	if (rc || !cw_lookup_holds(holder))
		return rc;
	if (commit) {
		at.commit = commit->oid;
		at.date = commit->time;
		at.order = (size_t)(commit - (const struct cw_range_commit *)p->range->commits.items);
	}
	cw_kept_holder(&p->lookup.kept, holder)->named = true;
	return cw_push_record_all(p, holder, &at, err);
}

static int look_at_texts(struct cw_push *p, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < p->range->commits.len; i++) {
		const struct cw_range_commit *c = &CW_VEC_AT(&p->range->commits, struct cw_range_commit, i);

		if (cw_push_stopped(p))
			return cw_err_set(err, CW_E_CANCELLED, "interrupted");
		rc = look_at_text(p, &c->oid, c, err);
	}
	for (size_t i = 0; !rc && i < p->range->tags.len; i++)
		rc = look_at_text(p, &CW_VEC_AT(&p->range->tags, struct cw_oid, i), NULL, err);
	return rc;
}

/* Blobs and trees that a reference names without a commit. */
static int look_at_others(struct cw_push *p, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < p->range->others.len; i++) {
		const struct cw_range_other *o = &CW_VEC_AT(&p->range->others, struct cw_range_other, i);
		struct cw_push_record at = { .object = o->oid, .type = o->type };
		struct cw_object_ref ref = { .oid = o->oid };
		uint32_t holder = CW_HOLDER_NONE;

		if (o->type == CW_OBJ_TREE)
			rc = cw_push_judge_tree(p, &o->oid, err);
		else
			rc = cw_lookup_of(&p->lookup, &ref, false, &holder, err);
		if (rc || !cw_lookup_holds(holder))
			continue;
		cw_kept_holder(&p->lookup.kept, holder)->named = true;
		rc = cw_push_record_all(p, holder, &at, err);
	}
	return rc;
}

/* Whether the commits must be compared with their parents: not when all that they name came with the push and nothing was found in
 * it. */
static bool must_compare(const struct cw_push *p)
{
	if (p->notes.open)
		return true;
	for (size_t i = 0; i < p->range->commits.len; i++)
		if (!cw_oid_hash_get(&p->mine, &CW_VEC_AT(&p->range->commits, struct cw_range_commit, i).oid))
			return true;
	for (uint32_t i = 0; i < p->lookup.kept.holders.len; i++) {
		enum cw_object_type type = cw_kept_holder(&p->lookup.kept, i)->type;

		if (type == CW_OBJ_BLOB || type == CW_OBJ_TREE)
			return true;
	}
	return false;
}

static int look_at_range(struct cw_push *p, struct cw_err *err)
{
	int rc = find_range(p, err);

	note_faults(p, &p->range->faults);
	rc = rc ? rc : look_at_texts(p, err);
	if (!rc && must_compare(p))
		rc = cw_push_judge_commits(p, err);
	return rc ? rc : look_at_others(p, err);
}

/* ---- what nothing names ---- */

/* Whether the object of the quarantine was stored before: as the base of a delta, say, or because the pusher did not know. */
static bool was_there(const struct cw_push *p, const struct cw_oid *oid)
{
	return cw_repo_has(p->old, oid);
}

static int record_unnamed(struct cw_push *p, struct cw_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < p->lookup.kept.holders.len; i++) {
		const struct cw_holder *h = cw_kept_holder(&p->lookup.kept, i);
		struct cw_push_record at = { .object = h->oid, .type = h->type };

		if (h->named || !h->oid.len || !cw_oid_hash_get(&p->mine, &h->oid) || was_there(p, &h->oid))
			continue;
		if (h->type == CW_OBJ_COMMIT)
			at.commit = h->oid;
		rc = cw_push_record_all(p, i, &at, err);
	}
	for (size_t i = 0; !rc && i < p->notes.tree_names.len; i++) {
		const struct cw_push_name *n = &CW_VEC_AT(&p->notes.tree_names, struct cw_push_name, i);
		struct cw_push_record at = { .object = n->tree, .type = CW_OBJ_TREE };

		if (!cw_diff_saw(p->diff, &n->tree) && !was_there(p, &n->tree))
			rc = cw_push_record_all(p, n->holder, &at, err);
	}
	return rc;
}

/* ---- the whole ---- */

static int find_refs(struct cw_push *p, struct cw_err *err)
{
	int rc = 0;

	if (!p->opts->known)
		return cw_repo_refs(p->repo, &p->refs, &p->faults, err);
	for (size_t i = 0; !rc && i < p->opts->known->len; i++) {
		const struct cw_ref *ref = &CW_VEC_AT(p->opts->known, struct cw_ref, i);
		struct cw_ref *slot = cw_vec_push(&p->refs);

		if (!slot)
			return cw_vec_fail(&p->refs, "references", err);
		*slot = (struct cw_ref){ .name = strdup(ref->name), .oid = ref->oid };
		rc = slot->name ? 0 : cw_err_nomem(err);
	}
	return rc;
}

static int prepare(struct cw_push *p, const struct cw_set *set, struct cw_err *err)
{
	int rc = cw_repo_open_pushed(p->opts->quarantine, &p->repo, err);

	rc = rc ? rc : cw_repo_open_before(p->opts->quarantine, p->repo, &p->old, err);
	rc = rc ? rc : find_refs(p, err);
	rc = rc ? rc : cw_repo_shallow(p->repo, &p->shallow, &p->faults, err);
	rc = rc ? rc : cw_names_new(NAMES_BYTES_MAX, &p->names, err);
	rc = rc ? rc : cw_lookup_init(&p->lookup, set, p->sink, p->progress, p->repo, p->opts->object_max, err);
	if (rc)
		return rc;
	cw_judge_init(&p->judge, &p->lookup);
	cw_push_notes_init(&p->notes, p, &p->lookup.scanner.coverage, cw_push_look_at_name, &p->lookup);
	rc = cw_diff_new(p->repo, p->coverage, &p->diff, err);
	if (!rc)
		cw_diff_use(p->diff, &p->trees);
	if (rc)
		cw_lookup_release(&p->lookup, p->coverage);
	return rc;
}

static int scan(struct cw_push *p, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = 0;

	note_faults(p, &p->faults);
	if (p->opts->quarantine->objects)
		rc = cw_push_read_quarantine(p, err);
	else if (!p->opts->known)
		note(p, "the pushed objects", "git does not say where they are: GIT_QUARANTINE_PATH is not set");
	rc = rc ? rc : look_at_ref_names(p, err);
	if (rc)
		return rc;
	rc = look_at_range(p, &why);
	if (rc == CW_E_CANCELLED)
		cw_coverage_interrupted(p->coverage, false, "the commits of the push");
	else if (rc)
		return cw_err_set(err, rc, "%s", cw_err_msg(&why));
	rc = record_unnamed(p, err);
	return rc ? rc : cw_push_emit(p, err);
}

static void release(struct cw_push *p)
{
	cw_diff_free(p->diff);
	cw_judge_release(&p->judge);
	cw_names_free(p->names);
	cw_refs_release(&p->refs);
	cw_store_faults_release(&p->faults);
	cw_vec_release(&p->shallow);
	cw_oid_hash_release(&p->mine);
	cw_push_notes_release(&p->notes);
	cw_push_trees_release(&p->trees);
	cw_vec_release(&p->first);
	cw_push_records_release(&p->records);
	cw_repo_free(p->old);
	cw_repo_free(p->repo);
}

int cw_push_scan(const struct cw_set *set, const struct cw_push_opts *opts, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	struct cw_push p = { .opts = opts, .sink = sink, .progress = progress, .coverage = coverage, .range = opts->range,
			     .refs = CW_VEC_INIT(struct cw_ref, CW_REFS_MAX),
			     .faults = CW_VEC_INIT(struct cw_store_fault, FAULTS_MAX),
			     .shallow = CW_VEC_INIT(struct cw_oid, CW_REFS_MAX),
			     .first = CW_VEC_INIT(struct cw_oid, CW_OBJECTS_MAX),
			     .records = CW_VEC_INIT(struct cw_push_record, RECORDS_MAX) };
	int rc;

	cw_push_trees_init(&p.trees);
	if (only_deletes(opts->refs)) /* nothing comes in */
		return 0;
	rc = prepare(&p, set, err);
	if (!rc) {
		rc = scan(&p, err);
		cw_lookup_release(&p.lookup, coverage);
	}
	release(&p);
	cw_coverage_sort(coverage);
	return rc;
}
