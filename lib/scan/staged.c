/* scan/staged.c - see staged.h. */
#include "scan/staged.h"

#include <stdlib.h>
#include <string.h>

#include "scan/push_int.h"
#include "vcs/parse.h"
#include "vcs/staged.h"

#define NAMES_BYTES_MAX ((size_t)16 << 20)
#define RECORDS_MAX ((size_t)1 << 24)

struct state {
	const struct cw_staged_opts *opts;
	struct cw_push push; /* the parts of it that keep and judge */
	struct cw_staged staged;
	struct cw_diff *diff;	/* NULL until a folder must be looked into */
	struct cw_buf path;
	size_t folder_len;	/* of `path`, of the folder that is looked into */
	uint64_t files;
};

/* ---- what there is ---- */

static int tree_of(struct cw_repo *repo, const struct cw_oid *commit, struct cw_oid *ret, struct cw_err *err)
{
	struct cw_commit_head head;
	struct cw_object o;
	int rc = cw_repo_read(repo, commit, &o, err);

	if (rc)
		return cw_err_wrap(err, rc, "the last commit");
	if (o.type == CW_OBJ_COMMIT && cw_commit_parse(o.data, o.len, &head))
		*ret = head.tree;
	else
		rc = cw_err_set(err, CW_E_CORRUPT, "the last commit cannot be read: it is damaged");
	cw_object_release(&o);
	return rc;
}

/* What no parent has. */
static int find_staged(struct state *s, struct cw_err *err)
{
	const struct cw_vec *parents = s->opts->parents;
	struct cw_oid tree = { .len = 0 };
	int rc = parents->len ? tree_of(s->opts->repo, &CW_VEC_AT(parents, struct cw_oid, 0), &tree, err) : 0;

	rc = rc ? rc : cw_staged_find(s->opts->repo, s->opts->index, &tree, &s->staged, err);
	for (size_t i = 1; !rc && i < parents->len; i++) {
		struct cw_staged other;

		cw_staged_init(&other);
		rc = tree_of(s->opts->repo, &CW_VEC_AT(parents, struct cw_oid, i), &tree, err);
		rc = rc ? rc : cw_staged_find(s->opts->repo, s->opts->index, &tree, &other, err);
		rc = rc ? rc : cw_staged_both(&s->staged, &other, err);
		cw_staged_release(&other);
	}
	return rc;
}

/* ---- what it holds ---- */

static int look_at_blob(struct state *s, const char *path, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_object_ref ref = { .oid = *oid };
	struct cw_push *p = &s->push;
	uint32_t holder;
	int rc;

	s->files++;
	rc = cw_lookup_of(&p->lookup, &ref, false, &holder, err);
	if (rc || holder == CW_HOLDER_NONE)
		return rc;
	if (holder == CW_HOLDER_TREE) {
		char hex[CW_OID_HEX_SIZE];

		cw_oid_hex(oid, hex);
		cw_coverage_unscanned(&p->lookup.scanner.coverage, false, hex, "a folder that is staged as a file");
		return 0;
	}
	return cw_judge_after(&p->judge, path, holder, oid, false, err);
}

/* The name of LEN bytes that ends the path PATH. */
static int look_at_name(struct state *s, const char *path, const char *name, size_t len, const struct cw_oid *oid,
			struct cw_err *err)
{
	uint32_t holder;
	int rc = cw_push_name(&s->push, name, len, &holder, err);

	return rc || !cw_lookup_holds(holder) ? rc : cw_judge_after(&s->push.judge, path, holder, oid, true, err);
}

/* The names of E that are new: of its folders, and its own. */
static int look_at_names(struct state *s, const struct cw_staged_entry *e, struct cw_err *err)
{
	int rc = 0;

	for (size_t start = e->new_from, end; !rc && start < e->path_len; start = end + 1) {
		const char *slash = memchr(e->path + start, '/', e->path_len - start);

		end = slash ? (size_t)(slash - e->path) : e->path_len;
		cw_buf_clear(&s->path);
		cw_buf_add(&s->path, e->path, end);
		rc = cw_buf_fail(&s->path, "paths", err);
		rc = rc ? rc : look_at_name(s, s->path.data, e->path + start, end - start, &e->oid, err);
	}
	return rc;
}

/* Something in a folder that a sparse index does not list. */
static int on_inner(void *payload, const struct cw_diff_entry *d, struct cw_err *err)
{
	struct state *s = payload;
	int rc;

	if (cw_push_stopped(&s->push))
		return cw_err_set(err, CW_E_CANCELLED, "interrupted");
	s->path.len = s->folder_len;
	cw_buf_adds(&s->path, d->path);
	rc = cw_buf_fail(&s->path, "paths", err);
	if (!rc && d->new_name)
		rc = look_at_name(s, s->path.data, d->name, d->name_len, &d->oid, err);
	return rc || d->kind != CW_ENTRY_BLOB ? rc : look_at_blob(s, s->path.data, &d->oid, err);
}

static int need_diff(struct state *s, struct cw_err *err)
{
	return s->diff ? 0 : cw_diff_new(s->opts->repo, s->push.coverage, &s->diff, err);
}

static int look_into(struct state *s, const struct cw_staged_entry *e, struct cw_err *err)
{
	int rc = need_diff(s, err);

	cw_buf_clear(&s->path);
	cw_buf_add(&s->path, e->path, e->path_len); /* with the '/' */
	s->folder_len = s->path.len;
	return rc ? rc : cw_diff_after(s->diff, &e->oid, &e->before, e->before.len ? 1 : 0, on_inner, s, err);
}

static void count_unread(struct state *s, const struct cw_staged_entry *e)
{
	char hex[CW_OID_HEX_SIZE];

	cw_oid_hex(&e->oid, hex);
	cw_coverage_interrupted(&s->push.lookup.scanner.coverage, true, hex);
}

static int look_at_entry(struct state *s, const struct cw_staged_entry *e, struct cw_err *err)
{
	int rc = look_at_names(s, e, err);

	if (rc)
		return rc;
	switch (e->mode & CW_MODE_TYPE) {
	case CW_MODE_GITLINK:
		s->push.lookup.scanner.coverage.submodules++;
		return 0;
	case CW_MODE_TREE:
		return look_into(s, e, err);
	default:
		return look_at_blob(s, e->path, &e->oid, err);
	}
}

static int look_at_staged(struct state *s, struct cw_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->staged.entries.len && !rc; i++) {
		const struct cw_staged_entry *e = &CW_VEC_AT(&s->staged.entries, struct cw_staged_entry, i);

		if (cw_push_stopped(&s->push))
			count_unread(s, e);
		else
			rc = look_at_entry(s, e, err);
		if (rc == CW_E_CANCELLED) {
			count_unread(s, e);
			rc = 0;
		}
	}
	return rc;
}

/* ---- what was there before ---- */

#define ENOUGH 1

static int give_before(struct state *s, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_object_ref ref = { .oid = *oid };
	uint32_t holder;
	int rc = cw_lookup_of(&s->push.lookup, &ref, true, &holder, err);

	if (!rc)
		cw_judge_before(&s->push.judge, holder);
	return rc;
}

static int on_before(void *payload, const struct cw_diff_entry *d, struct cw_err *err)
{
	struct state *s = payload;
	int rc = d->kind == CW_ENTRY_BLOB ? give_before(s, &d->oid, err) : 0;

	if (rc)
		return rc;
	return cw_judge_wants(&s->push.judge) && !cw_push_stopped(&s->push) ? 0 : ENOUGH;
}

/* What stood in OLD, a folder or file, and does not in NOW (len 0: nothing does). */
static int ask_one(struct state *s, const struct cw_oid *old, uint32_t mode, const struct cw_oid *now, struct cw_err *err)
{
	int rc;

	if ((mode & CW_MODE_TYPE) != CW_MODE_TREE)
		return give_before(s, old, err);
	rc = need_diff(s, err);
	rc = rc ? rc : cw_diff_before(s->diff, old, now, on_before, s, err);
	return rc == ENOUGH ? 0 : rc;
}

/* First at the paths themselves, then everywhere. */
static int ask_before(struct state *s, struct cw_err *err)
{
	static const struct cw_oid nothing = { .len = 0 };
	const struct cw_vec *entries = &s->staged.entries, *gone = &s->staged.gone;
	int rc = 0;

	for (size_t i = 0; !rc && i < entries->len && cw_judge_wants(&s->push.judge); i++) {
		const struct cw_staged_entry *e = &CW_VEC_AT(entries, struct cw_staged_entry, i);

		if (e->before.len && (e->mode & CW_MODE_TYPE) != CW_MODE_GITLINK)
			rc = ask_one(s, &e->before, e->mode, &e->oid, err);
	}
	for (size_t i = 0; !rc && i < gone->len && cw_judge_wants(&s->push.judge) && !cw_push_stopped(&s->push); i++) {
		const struct cw_staged_gone *g = &CW_VEC_AT(gone, struct cw_staged_gone, i);

		rc = ask_one(s, &g->oid, g->mode, &nothing, err);
	}
	return rc;
}

static int record_new(struct state *s, struct cw_err *err)
{
	struct cw_push *p = &s->push;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->judge.after.len; i++) {
		const struct cw_judged *j = &CW_VEC_AT(&p->judge.after, struct cw_judged, i);
		struct cw_push_record at = { .holder = j->holder, .object = j->object,
					     .type = j->is_name ? CW_OBJ_TREE : CW_OBJ_BLOB };
		uint32_t len;
		const struct cw_kept_hit *hits = cw_lookup_hits(&p->lookup, j->holder, &len);

		for (uint32_t k = 0; !rc && k < len; k++) {
			if (!s->opts->judge_all && !cw_judge_is_new(&p->judge, hits[k].fact))
				continue;
			at.fact = hits[k].fact;
			rc = cw_push_record(p, &at, cw_judge_path(&p->judge, j), err);
		}
	}
	return rc;
}

/* ---- the whole ---- */

static int scan(struct state *s, struct cw_err *err)
{
	int rc = look_at_staged(s, err);

	if (!rc && !s->opts->judge_all)
		rc = ask_before(s, err);
	rc = rc ? rc : record_new(s, err);
	return rc ? rc : cw_push_emit(&s->push, err);
}

static void release(struct state *s)
{
	cw_diff_free(s->diff);
	cw_judge_release(&s->push.judge);
	cw_names_free(s->push.names);
	cw_push_records_release(&s->push.records);
	cw_staged_release(&s->staged);
	cw_buf_release(&s->path);
}

static int start_lookup(struct state *s, const struct cw_set *set, const struct cw_sink *sink, struct cw_err *err)
{
	const struct cw_staged_opts *o = s->opts;
	struct cw_push *p = &s->push;

	if (o->asker)
		return cw_lookup_init_asking(&p->lookup, o->asker, p->progress, o->repo, o->object_max, err);
	return cw_lookup_init(&p->lookup, set, sink, p->progress, o->repo, o->object_max, err);
}

int cw_staged_scan(const struct cw_set *set, const struct cw_staged_opts *opts, const struct cw_sink *sink,
		   struct cw_progress *progress, struct cw_coverage *coverage, uint64_t *ret_files, struct cw_err *err)
{
	struct state s = { .opts = opts, .path = CW_BUF_INIT };
	struct cw_push *p = &s.push;
	int rc;

	p->sink = sink;
	p->progress = progress;
	p->coverage = coverage;
	p->records = (struct cw_vec)CW_VEC_INIT(struct cw_push_record, RECORDS_MAX);
	cw_staged_init(&s.staged);
	rc = find_staged(&s, err);
	if (!rc && s.staged.entries.len) {
		rc = cw_names_new(NAMES_BYTES_MAX, &p->names, err);
		rc = rc ? rc : start_lookup(&s, set, sink, err);
		if (!rc) {
			cw_judge_init(&p->judge, &p->lookup);
			rc = scan(&s, err);
			cw_lookup_release(&p->lookup, coverage);
		}
	}
	if (!rc)
		*ret_files = s.files;
	release(&s);
	cw_coverage_sort(coverage);
	return rc;
}
