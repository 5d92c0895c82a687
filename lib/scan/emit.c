/* scan/emit.c - see emit.h. */
#include "scan/emit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "vcs/parse.h"

struct pathless { /* a hit that has no path */
	uint32_t fact;
	uint32_t holder;
	uint32_t commit; /* when the holder is one */
	bool reachable;
	const struct cw_kept_hit *hit;
};

/* ---- origins ---- */

/* The author of COMMIT, read again, since few are needed; NULL when there is none. Owned by E. */
static int author_of(struct cw_emission *e, uint32_t commit, const char **ret, struct cw_err *err)
{
	struct cw_commit_head head;
	struct cw_object o;
	int rc;

	*ret = e->authors[commit];
	if (*ret)
		return 0;
	rc = cw_repo_read(e->history->repo, &cw_commit_at(e->commits, commit)->oid, &o, err);
	if (rc < 0)
		return rc == CW_E_NOTFOUND ? 0 : rc; /* gone since it was scanned */
	if (o.type == CW_OBJ_COMMIT && cw_commit_parse(o.data, o.len, &head) && head.author)
		e->authors[commit] = strndup(head.author, head.author_len);
	else
		e->authors[commit] = strdup("");
	cw_object_release(&o);
	*ret = e->authors[commit];
	return *ret ? 0 : cw_err_nomem(err);
}

static int origin_of_commit(struct cw_emission *e, uint32_t commit, struct cw_origin *origin, struct cw_err *err)
{
	if (commit == CW_COMMIT_NONE)
		return 0;
	origin->commit = cw_commit_at(e->commits, commit)->oid;
	origin->date = cw_commit_at(e->commits, commit)->time;
	return author_of(e, commit, &origin->author, err);
}

static void set_hit(struct cw_scan_place *place, const struct cw_kept_hit *hit)
{
	place->handle = hit->handle;
	place->line = hit->line;
	place->column = hit->column;
	place->end_line = hit->end_line;
	place->end_column = hit->end_column;
	place->more = hit->more;
	place->mark = hit->mark;
}

/* The object to show for HOLDER, which TREE names. */
static struct cw_oid object_of(const struct cw_emission *e, uint32_t holder, uint32_t tree)
{
	const struct cw_holder *h = cw_kept_holder(e->history->kept, holder);

	return h->oid.len || tree == CW_TREE_NONE ? h->oid : e->trees[tree].oid;
}

/* ---- places at paths ---- */

static int append_path(const struct cw_emission *e, uint32_t path, struct cw_buf *out, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec names = CW_VEC_INIT(uint32_t, CW_TREE_DEPTH_MAX + 1);
	const struct cw_path_node *paths = e->attribution->places.paths.items;

	for (; path; path = paths[path].parent) {
		uint32_t *slot = cw_vec_push(&names);

		if (!slot)
			return cw_vec_fail(&names, "path", err);
		*slot = paths[path].name;
	}
	cw_buf_clear(out);
	for (size_t i = names.len; i > 0; i--) {
		cw_buf_adds(out, cw_forest_name(e->attribution->forest, CW_VEC_AT(&names, uint32_t, i - 1)));
		if (i > 1)
			cw_buf_addc(out, '/');
	}
	return cw_buf_fail(out, "path", err);
}

static int emit_place(struct cw_emission *e, const struct cw_place_rec *rec, uint64_t unlisted, struct cw_buf *path,
		      struct cw_err *err)
{
	const struct cw_kept_table *kept = e->history->kept;
	struct cw_origin origin = { .state = rec->reachable ? CW_STATE_HISTORY : CW_STATE_UNREACHABLE,
				    .introductions = rec->introductions };
	struct cw_scan_place place = { .type = cw_kept_holder(kept, rec->holder)->type, .objects = rec->objects,
				       .object = object_of(e, rec->holder, rec->tree), .unlisted = unlisted,
				       .origin = &origin };
	int rc = append_path(e, rec->path, path, err);

	rc = rc ? rc : origin_of_commit(e, rec->commit, &origin, err);
	if (rc)
		return rc;
	if (rec->tip != UINT32_MAX) {
		origin.state = CW_STATE_TIP;
		origin.tip_ref = e->attribution->branches[rec->tip].ref;
		origin.tip_blob = object_of(e, rec->tip_holder, rec->tip_tree);
		origin.tip_line = cw_kept_find(kept, rec->tip_holder, rec->fact)->line;
	}
	place.path = path->data;
	set_hit(&place, cw_kept_find(kept, rec->holder, rec->fact));
	if (rec->unmarked)
		place.mark = NULL;
	return e->history->sink->place(e->history->sink->payload, &place, err);
}

static uint32_t secret_of(const struct cw_emission *e, uint32_t fact)
{
	return cw_kept_fact(e->history->kept, fact)->secret_no;
}

/* Emit all places; LISTED (one bool a fact) says which facts have one. */
static int emit_at_paths(struct cw_emission *e, bool *listed, struct cw_err *err)
{
	const struct cw_places *places = &e->attribution->places;
	CW_CLEANUP(cw_freep) size_t *last = calloc(places->secrets + 1, sizeof(*last));
	CW_CLEANUP(cw_buf_release) struct cw_buf path = CW_BUF_INIT;
	int rc = last ? 0 : cw_err_nomem(err);

	for (size_t i = 0; !rc && i < places->list.len; i++)
		last[secret_of(e, CW_VEC_AT(&places->list, struct cw_place_rec, i).fact)] = i;
	for (size_t i = 0; !rc && i < places->list.len; i++) {
		const struct cw_place_rec *rec = &CW_VEC_AT(&places->list, struct cw_place_rec, i);
		uint32_t secret = secret_of(e, rec->fact);

		listed[rec->fact] = true;
		rc = emit_place(e, rec, last[secret] == i ? places->unlisted[secret] : 0, &path, err);
	}
	return rc;
}

/* ---- places without a path ---- */

static int by_oid(const void *a, const void *b)
{
	return cw_oid_cmp(a, b);
}

static bool is_reachable_tree(const struct cw_emission *e, const struct cw_oid *oid)
{
	uint32_t kind = cw_oid_map_get(e->objects, oid);

	return kind != CW_OID_NONE && !(kind & CW_IS_HOLDER) && kind & CW_IS_TREE &&
	       e->attribution->tree_reachable[CW_OBJECT_NUMBER(kind)];
}

static bool is_reachable(const struct cw_emission *e, const struct cw_holder *h, uint32_t commit)
{
	const struct cw_tag *tag = h->type == CW_OBJ_TAG ? cw_commits_tag(e->commits, &h->oid) : NULL;

	if (h->type == CW_OBJ_TREE && h->oid.len && is_reachable_tree(e, &h->oid))
		return true;

	if (h->reachable)
		return true;
	if (commit != CW_COMMIT_NONE && cw_commit_at(e->commits, commit)->reachable)
		return true;
	if (tag && tag->reachable)
		return true;
	return e->targets->len && bsearch(&h->oid, e->targets->items, e->targets->len, e->targets->item_size, by_oid);
}

static void mark_named(struct cw_emission *e)
{
	const struct cw_forest *forest = e->attribution->forest;
	size_t n, len;
	const uint32_t *order = cw_forest_order(forest, &n);

	for (size_t t = 0; t < n; t++) {
		const struct cw_tree_item *items = cw_forest_items(forest, order[t], &len);

		for (size_t i = 0; i < len; i++) {
			struct cw_holder *h;

			if (!(items[i].target & CW_ITEM_HOLDER))
				continue;
			h = cw_kept_holder(e->history->kept, items[i].target & ~CW_ITEM_HOLDER);
			h->named = true;
			h->reachable = h->reachable || e->attribution->tree_reachable[order[t]];
		}
	}
}

static int gather_pathless(struct cw_emission *e, const bool *listed, struct cw_vec *out, struct cw_err *err)
{
	struct cw_kept_table *kept = e->history->kept;

	for (uint32_t holder = 0; holder < kept->holders.len; holder++) {
		const struct cw_holder *h = cw_kept_holder(kept, holder);
		uint32_t len, commit = h->type == CW_OBJ_COMMIT ? cw_commits_find(e->commits, &h->oid) : CW_COMMIT_NONE;
		const struct cw_kept_hit *hits = cw_kept_hits(kept, holder, &len);

		for (uint32_t i = 0; i < len; i++) {
			struct pathless *slot;

			if (h->named && listed[hits[i].fact])
				continue;
			slot = cw_vec_push(out);
			if (!slot)
				return cw_vec_fail(out, "findings", err);
			*slot = (struct pathless){ .fact = hits[i].fact, .holder = holder, .commit = commit, .hit = &hits[i],
						   .reachable = is_reachable(e, h, commit) };
		}
	}
	return 0;
}

/* By fact; the first of one fact is shown: the earliest commit (they are numbered by time), else the smallest id. */
static int by_fact(const void *va, const void *vb, void *payload)
{
	const struct cw_kept_table *kept = payload;
	const struct pathless *a = va, *b = vb;

	if (a->fact != b->fact)
		return a->fact < b->fact ? -1 : 1;
	if (a->commit != b->commit)
		return a->commit < b->commit ? -1 : 1;
	return cw_oid_cmp(&cw_kept_holder(kept, a->holder)->oid, &cw_kept_holder(kept, b->holder)->oid);
}

static int emit_pathless(struct cw_emission *e, const struct pathless *first, size_t len, struct cw_err *err)
{
	const struct cw_holder *h = cw_kept_holder(e->history->kept, first->holder);
	struct cw_origin origin = { .state = CW_STATE_UNREACHABLE };
	struct cw_scan_place place = { .object = h->oid, .type = h->type, .objects = len, .origin = &origin };
	int rc = origin_of_commit(e, first->commit, &origin, err);

	set_hit(&place, first->hit);
	for (size_t i = 0; i < len; i++) {
		if (!first[i].hit->mark)
			place.mark = NULL;
		origin.introductions += first[i].commit != CW_COMMIT_NONE;
		if (first[i].reachable)
			origin.state = CW_STATE_HISTORY;
	}
	return rc ? rc : e->history->sink->place(e->history->sink->payload, &place, err);
}

static int emit_without_path(struct cw_emission *e, const bool *listed, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec all = CW_VEC_INIT(struct pathless, CW_HOLDERS_MAX);
	const struct pathless *items;
	int rc;

	mark_named(e);
	rc = gather_pathless(e, listed, &all, err);
	if (rc || !all.len)
		return rc;
	qsort_r(all.items, all.len, all.item_size, by_fact, e->history->kept);
	items = all.items;
	for (size_t i = 0, end; !rc && i < all.len; i = end) {
		for (end = i + 1; end < all.len && items[end].fact == items[i].fact;)
			end++;
		rc = emit_pathless(e, items + i, end - i, err);
	}
	return rc;
}

int cw_emit_places(struct cw_emission *e, struct cw_err *err)
{
	size_t commits = e->commits->list.len;
	CW_CLEANUP(cw_freep) bool *listed = calloc(e->history->kept->facts.len + 1, sizeof(*listed));
	int rc;

	e->authors = calloc(commits + 1, sizeof(*e->authors));
	if (!listed || !e->authors) {
		free(e->authors);
		return cw_err_nomem(err);
	}
	rc = emit_at_paths(e, listed, err);
	rc = rc ? rc : emit_without_path(e, listed, err);
	for (size_t i = 0; i < commits; i++)
		free(e->authors[i]);
	free(e->authors);
	return rc;
}
