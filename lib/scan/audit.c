/* scan/audit.c - scans a whole repository with one thread per job.
 *
 * The objects are listed, scanned in chunks that keep the order of the packs, and listed again: a store that changed
 * meanwhile (a repack, a push) gets further passes over what is new and over what could not be read. Every object ends as
 * scanned, as a tree (whose names are scanned afterwards) or as unscanned with its reason, whatever happens. Hits are kept until
 * history.c knows their places. */
#include "scan/audit.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scan/audit_int.h"
#include "scan/history.h"
#include "scan/leave.h"
#include "scan/scanner.h"
#include "scan/worker.h"
#include "vcs/refs.h"
#include "vcs/repo.h"

/* Objects that a worker takes at once: many, since neighbours in a pack share delta bases; fewer when there is little work. */
#define CHUNK_MAX 512
#define CHUNK_MIN 8
#define CHUNKS_PER_JOB 16
#define PASSES_MAX 3 /* over a store that keeps changing */

/* ---- one object ---- */

static int stage_hit(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err)
{
	struct cw_audit *a = payload;
	struct cw_kept kept;
	int rc = a->sink->keep(a->sink->payload, worker, hit, &kept, err);

	return rc ? rc : cw_stage_add(&a->jobs[worker].stage, hit, &kept, err);
}

static void count_known(struct cw_audit_job *j, struct cw_object_ref *ref)
{
	ref->mark = CW_MARK_CACHED;
	j->scanner.coverage.expected++;
	j->scanner.coverage.cached++;
}

static int note_tree(struct cw_audit_job *j, struct cw_object_ref *ref, struct cw_err *err)
{
	ref->mark = CW_MARK_TREE;
	return cw_notes_add_tree(&j->notes, ref, err);
}

static int scan_content(struct cw_audit *a, struct cw_audit_job *j, struct cw_object_ref *ref, const struct cw_object *o,
			const struct cw_version *version, struct cw_facts *facts, struct cw_err *err)
{
	char hex[CW_OID_HEX_SIZE];
	struct cw_scanned s = { .data = o->data, .len = o->len, .name = hex, .object = ref->oid, .type = o->type,
				.version = version, .facts = facts };
	uint64_t unscanned = j->scanner.coverage.unscanned, pointers = j->scanner.coverage.lfs_pointers;
	struct cw_err why = CW_ERR_INIT;
	uint32_t holder;
	int rc;

	if (ref->mark == CW_MARK_KNOWN) {
		count_known(j, ref);
		return cw_notes_add(&j->notes, ref, o, err);
	}
	ref->mark = CW_MARK_DOUBT;
	cw_oid_hex(&ref->oid, hex);
	rc = cw_scanner_scan(&j->scanner, &s, err);
	/* A report names the object, which must then be the one of that id. */
	if (!rc && j->scanner.res.hits.len && cw_object_verify(o, &ref->oid, &why))
		cw_coverage_unscanned(&j->scanner.coverage, false, hex, cw_err_msg(&why));
	if (!rc && j->scanner.coverage.unscanned == unscanned)
		ref->mark = j->scanner.coverage.lfs_pointers == pointers ? CW_MARK_SOUND : CW_MARK_POINTER;
	rc = rc ? rc : cw_kept_add(&a->kept, &j->stage, &ref->oid, o->type, &holder, err);
	return rc ? rc : cw_notes_add(&j->notes, ref, o, err);
}

static int note_failed(struct cw_audit_job *j, struct cw_object_ref *ref, const char *hex, const struct cw_err *why)
{
	ref->mark = CW_MARK_FAILED;
	cw_coverage_unscanned(&j->failed, true, hex, cw_err_msg(why));
	return 0;
}

static int read_object(struct cw_audit *a, struct cw_audit_job *j, struct cw_object_ref *ref, const char *hex, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	struct cw_object o;
	int rc = cw_repo_read_ref(j->repo, ref, &o, &why);

	if (rc)
		return note_failed(j, ref, hex, &why);
	rc = o.type == CW_OBJ_TREE ? note_tree(j, ref, err) : scan_content(a, j, ref, &o, NULL, NULL, err);
	cw_object_release(&o);
	return rc;
}

static int scan_object(struct cw_audit *a, struct cw_audit_job *j, struct cw_object_ref *ref, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	enum cw_object_type type;
	char hex[CW_OID_HEX_SIZE];
	uint64_t size;
	int rc;

	cw_oid_hex(&ref->oid, hex);
	if (ref->mark == CW_MARK_NONE && cw_repo_is_small(j->repo, ref, a->opts->object_max))
		return read_object(a, j, ref, hex, err);
	rc = cw_repo_header(j->repo, &ref->oid, &type, &size, &why);
	if (!rc && type == CW_OBJ_TREE && !ref->shared) /* the copies may differ */
		return note_tree(j, ref, err);
	if (!rc && type == CW_OBJ_BLOB && ref->mark == CW_MARK_KNOWN) {
		count_known(j, ref);
		return 0;
	}
	if (!rc && size > a->opts->object_max) {
		ref->mark = CW_MARK_DOUBT;
		cw_scanner_too_large(&j->scanner, hex, size, a->opts->object_max);
		return 0;
	}
	if (rc)
		return note_failed(j, ref, hex, &why);
	return read_object(a, j, ref, hex, err);
}

/* ---- objects in packs, by what changed in them ---- */

static int scan_version(struct cw_audit *a, struct cw_audit_job *j, struct cw_object_ref *ref, const struct cw_version *v,
			struct cw_facts *facts, struct cw_err *err)
{
	struct cw_object o = { .type = v->type, .data = v->data, .len = v->len };
	char hex[CW_OID_HEX_SIZE];

	if (v->again && v->type != CW_OBJ_BLOB)
		return 0;
	if (v->again) { /* another copy of what was or will be scanned: only its children want to know */
		cw_match_version(j->scanner.matcher, v->data, v->len, v->base, v->copies, v->copies_len, &j->scanner.res, facts, NULL);
		return 0;
	}
	if (ref->shared && cw_object_verify(&o, &ref->oid, NULL))
		return 0; /* this copy is not the object: it is looked for among the others */
	atomic_fetch_add_explicit(&a->progress->done, 1, memory_order_relaxed);
	if (v->type == CW_OBJ_TREE)
		return note_tree(j, ref, err);
	if (v->len > a->opts->object_max) {
		ref->mark = CW_MARK_DOUBT;
		cw_oid_hex(&ref->oid, hex);
		cw_scanner_too_large(&j->scanner, hex, v->len, a->opts->object_max);
		return 0;
	}
	return scan_content(a, j, ref, &o, v->type == CW_OBJ_BLOB ? v : NULL, facts, err);
}

static int on_version(void *payload, unsigned worker, size_t i, const struct cw_version *v, struct cw_left *ret,
		      struct cw_err *err)
{
	struct cw_audit *a = payload;
	struct cw_facts *facts;
	int rc = cw_leave_make(v, &facts, err);

	rc = rc ? rc : scan_version(a, &a->jobs[worker], &CW_VEC_AT(&a->work, struct cw_object_ref, i), v, facts, err);
	if (rc)
		cw_leave_drop(facts);
	else
		cw_leave(facts, ret);
	return rc;
}

/* An entry that cannot be read. Where there may be another copy, or the store changes, it is read once more in the other way. */
static int on_bad_entry(void *payload, unsigned worker, size_t i, int rc, const struct cw_err *why, struct cw_err *err)
{
	struct cw_audit *a = payload;
	struct cw_audit_job *j = &a->jobs[worker];
	struct cw_object_ref *ref = &CW_VEC_AT(&a->work, struct cw_object_ref, i);
	char hex[CW_OID_HEX_SIZE];

	(void)err;
	if (rc != CW_E_LIMIT && (rc != CW_E_CORRUPT || ref->shared))
		return 0;
	cw_oid_hex(&ref->oid, hex);
	ref->mark = rc == CW_E_LIMIT ? CW_MARK_DOUBT : CW_MARK_FAILED;
	cw_coverage_unscanned(rc == CW_E_LIMIT ? &j->scanner.coverage : &j->failed, true, hex, cw_err_msg(why));
	atomic_fetch_add_explicit(&a->progress->done, 1, memory_order_relaxed);
	return 0;
}

/* Known files need not even be read; known commits and tags say how history hangs together. */
static bool is_wanted(void *payload, size_t i, enum cw_object_type type)
{
	struct cw_audit *a = payload;
	struct cw_object_ref *ref = &CW_VEC_AT(&a->work, struct cw_object_ref, i);

	if (ref->mark != CW_MARK_KNOWN || type != CW_OBJ_BLOB)
		return cw_audit_is_open(ref);
	count_known(&a->jobs[0], ref);
	atomic_fetch_add_explicit(&a->progress->done, 1, memory_order_relaxed);
	return false;
}

/* Trees are only noted: they are read when it is known which objects hold something. */
static int on_tree(void *payload, size_t i, struct cw_err *err)
{
	struct cw_audit *a = payload;
	struct cw_object_ref *ref = &CW_VEC_AT(&a->work, struct cw_object_ref, i);

	if (ref->shared || !cw_audit_is_open(ref)) /* the copies may differ */
		return 0;
	atomic_fetch_add_explicit(&a->progress->done, 1, memory_order_relaxed);
	return note_tree(&a->jobs[0], ref, err);
}

static uint64_t memory_max(const struct cw_audit *a)
{
	return a->opts->memory_max ? a->opts->memory_max : CW_MEMORY_MAX_DEFAULT;
}

/* Packs that cannot be opened are no failure here: their objects are read in the other way, which says what is wrong with them. */
static int run_packs(struct cw_audit *a, struct cw_err *err)
{
	struct cw_packed p = { .list = a->work.items, .len = a->work.len, .workers = a->jobs_len, .take = is_wanted,
			       .types = 1u << CW_OBJ_BLOB | 1u << CW_OBJ_COMMIT | 1u << CW_OBJ_TAG,
			       .shared_types = 1u << CW_OBJ_TREE, /* the copies may differ: it is seen which one is the tree */
			       .object_max = a->opts->object_max, .memory_max = memory_max(a),
			       .cancel = &a->progress->cancel, .visit = on_version, .fail = on_bad_entry, .other = on_tree,
			       .drop = cw_leave_drop, .payload = a };

	cw_packs_free(a->packs);
	a->packs = NULL;
	if (a->opts->exhaustive || cw_packs_open(a->repo, &a->packs, NULL))
		return 0;
	p.packs = a->packs;
	return cw_packed_walk(&p, &a->stats.packs, err);
}

/* ---- one pass ---- */

static bool stopped(struct cw_audit *a)
{
	return atomic_load_explicit(&a->stop, memory_order_relaxed) ||
	       atomic_load_explicit(&a->progress->cancel, memory_order_relaxed);
}

static int work(void *shared, unsigned worker, struct cw_err *err)
{
	struct cw_audit *a = shared;
	struct cw_audit_job *j = &a->jobs[worker];

	for (;;) {
		size_t i = atomic_fetch_add(&a->next, a->chunk);
		size_t end = i < a->work.len && a->work.len - i > a->chunk ? i + a->chunk : a->work.len;

		if (i >= a->work.len)
			return 0;
		for (; i < end; i++) {
			int rc;

			if (stopped(a))
				return 0;
			if (!cw_audit_is_open(&CW_VEC_AT(&a->work, struct cw_object_ref, i)))
				continue;
			rc = scan_object(a, j, &CW_VEC_AT(&a->work, struct cw_object_ref, i), err);
			if (rc) {
				atomic_store(&a->stop, true);
				return rc;
			}
			atomic_fetch_add_explicit(&a->progress->done, 1, memory_order_relaxed);
		}
	}
}

static int run_pass(struct cw_audit *a, struct cw_err *err)
{
	size_t share = a->work.len / a->jobs_len / CHUNKS_PER_JOB;
	int rc;

	a->chunk = share < CHUNK_MIN ? CHUNK_MIN : share > CHUNK_MAX ? CHUNK_MAX : share;
	atomic_store(&a->next, 0);
	atomic_fetch_add_explicit(&a->progress->total, a->work.len, memory_order_relaxed);
	rc = run_packs(a, err);
	return rc ? rc : cw_workers_run(a->jobs_len, work, a, err);
}

/* ---- all passes ---- */

static int run_passes(struct cw_audit *a, struct cw_err *err)
{
	bool again = true;
	int rc = 0;

	for (int pass = 1; !rc && again; pass++) {
		rc = run_pass(a, err);
		if (rc || stopped(a))
			break;
		rc = cw_audit_check(a, pass == PASSES_MAX, &again, err);
	}
	return rc;
}

/* ---- history ---- */

static int find_places(struct cw_audit *a, struct cw_err *err)
{
	CW_CLEANUP(cw_notes_release) struct cw_notes notes;
	CW_CLEANUP(cw_freep) struct cw_tree_worker *workers = calloc(a->jobs_len, sizeof(*workers));
	struct cw_history history = { .repo_path = a->opts->path, .repo = a->repo, .refs = &a->refs, .notes = &notes,
				      .objects = a->seen.len ? &a->seen : &a->listed, .kept = &a->kept, .workers = workers,
				      .workers_len = a->jobs_len, .object_max = a->opts->object_max,
				      .packs = a->packs, .stats = &a->stats.packs, .memory_max = memory_max(a),
				      .progress = a->progress, .coverage = a->coverage };
	int rc = workers ? 0 : cw_err_nomem(err);

	history.sink = cw_known_sink(a->known, a->jobs[0].scanner.matcher, a->sink);
	cw_notes_init(&notes);
	for (unsigned i = 0; !rc && i < a->jobs_len; i++) {
		struct cw_audit_job *j = &a->jobs[i];

		workers[i] = (struct cw_tree_worker){ .repo = j->repo, .scanner = &j->scanner, .stage = &j->stage };
		rc = cw_notes_merge(&notes, &j->notes, err);
	}
	return rc ? rc : cw_history_run(&history, err);
}

/* ---- the whole ---- */

static void add_stats(struct cw_match_stats *to, struct cw_match_stats from)
{
	to->matched += from.matched;
	to->whole += from.whole;
	to->inherited += from.inherited;
	to->recomputed += from.recomputed;
}

static void audit_release(struct cw_audit *a)
{
	for (unsigned i = 0; i < a->jobs_len; i++) {
		struct cw_audit_job *j = &a->jobs[i];

		add_stats(&a->stats.match, cw_matcher_stats(j->scanner.matcher));
		cw_scanner_finish(&j->scanner, a->coverage);
		cw_coverage_merge(a->coverage, &j->failed);
		cw_notes_release(&j->notes);
		cw_stage_release(&j->stage);
		if (i)
			cw_repo_free(j->repo);
	}
	free(a->jobs);
	if (a->opts->stats)
		*a->opts->stats = a->stats;
	cw_packs_free(a->packs);
	cw_repo_free(a->repo);
	cw_snapshot_release(&a->before);
	cw_kept_release(&a->kept);
	cw_refs_release(&a->refs);
	cw_store_faults_release(&a->ref_faults);
	cw_vec_release(&a->work);
	cw_vec_release(&a->seen);
	cw_vec_release(&a->listed);
}

/* Make worker I ready. A failure for any but the first means only that fewer threads run. */
static int start_job(struct cw_audit *a, unsigned i, struct cw_err *err)
{
	const struct cw_scanner *first = i ? &a->jobs[0].scanner : NULL;
	struct cw_audit_job *j = &a->jobs[i];
	int rc = 0;

	if (i)
		rc = cw_repo_open(a->opts->path, &j->repo, err);
	else
		j->repo = a->repo;
	rc = rc ? rc : cw_scanner_init(&j->scanner, a->set, &a->stage, a->progress, i, first, err);
	if (rc && i)
		cw_repo_free(j->repo);
	if (rc)
		return rc;
	cw_coverage_init(&j->failed);
	cw_notes_init(&j->notes);
	a->jobs_len = i + 1;
	return 0;
}

static int start_jobs(struct cw_audit *a, struct cw_err *err)
{
	unsigned want = a->opts->jobs < 1 ? 1 : a->opts->jobs > CW_JOBS_MAX ? CW_JOBS_MAX : a->opts->jobs;
	size_t useful = a->work.len / CHUNK_MIN; /* more threads would only start and end */
	int rc;

	if (want > useful)
		want = useful ? (unsigned)useful : 1;
	a->jobs = calloc(want, sizeof(*a->jobs));
	if (!a->jobs)
		return cw_err_nomem(err);
	rc = start_job(a, 0, err);
	for (unsigned i = 1; !rc && i < want; i++) {
		if (start_job(a, i, NULL))
			break;
	}
	return rc;
}

static int prepare(struct cw_audit *a, struct cw_err *err)
{
	int rc = cw_repo_open(a->opts->path, &a->repo, err);

	rc = rc ? rc : cw_audit_list(a, &a->listed, err);
	rc = rc ? rc : cw_audit_append(&a->work, &a->listed, err);
	rc = rc ? rc : cw_known_mark(a->known, &a->work, &a->kept, a->coverage, err);
	return rc ? rc : start_jobs(a, err);
}

static int open_known(struct cw_audit *a, struct cw_err *err)
{
	const struct cw_known_opts opts = { .path = a->opts->path, .set = a->set, .sink = a->sink, .note = a->opts->note,
					    .object_max = a->opts->object_max };

	return a->opts->use_store && !a->opts->exhaustive ? cw_known_open(&opts, &a->known, err) : 0;
}

/* What was learnt of a store that stood still, to its end. */
static int take_known(struct cw_audit *a, struct cw_err *err)
{
	return a->seen.len || stopped(a) ? 0 : cw_known_take(a->known, &a->work, &a->kept, err);
}

static int scan_all(struct cw_audit *a, struct cw_err *err)
{
	int rc = prepare(a, err);

	rc = rc ? rc : run_passes(a, err);
	rc = rc ? rc : take_known(a, err);
	cw_audit_note_unreached(a);
	cw_vec_release(&a->work);
	rc = rc ? rc : find_places(a, err);
	if (a->repo)
		cw_audit_note_faults(a, cw_repo_faults(a->repo));
	cw_audit_note_faults(a, &a->ref_faults);
	return rc;
}

int cw_audit_run(const struct cw_set *set, const struct cw_audit_opts *opts, const struct cw_sink *sink,
		 struct cw_progress *progress, struct cw_coverage *coverage, struct cw_err *err)
{
	struct cw_audit a = { .set = set, .opts = opts, .sink = sink, .progress = progress, .coverage = coverage };
	bool done = false;
	int rc = cw_kept_init(&a.kept, err);

	if (rc)
		return rc;
	a.stage = (struct cw_sink){ .hit = stage_hit, .payload = &a };
	a.work = a.seen = a.listed = cw_audit_no_refs();
	rc = open_known(&a, err);
	rc = rc ? rc : cw_known_replay(a.known, coverage, &done, err);
	if (!rc && !done)
		rc = scan_all(&a, err);
	done = done || stopped(&a);
	audit_release(&a);
	cw_coverage_sort(coverage);
	if (!rc && !done)
		rc = cw_known_save(a.known, coverage, err);
	cw_known_free(a.known);
	return rc;
}
