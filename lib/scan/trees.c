/* scan/trees.c - see trees.h. */
#include "scan/trees.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "scan/worker.h"
#include "vcs/parse.h"

#define CHUNK 256 /* trees that a worker takes at once */
#define NAMES_BYTES_MAX ((size_t)96 << 20)
#define ABSENT_MAX ((size_t)1 << 20) /* a worker */
#define TREE_ENTRIES_MAX ((size_t)1 << 28)

struct reader { /* one worker's own */
	struct cw_vec items;  /* struct cw_tree_item, of the tree in hand */
	struct cw_vec absent; /* struct cw_absent */
	struct cw_vec failed; /* uint32_t */
	uint32_t gitlinks;
	bool odd; /* git would have refused to write the tree in hand */
	bool names_full, absent_full, interrupted;
	struct cw_coverage coverage;
};

struct state {
	struct cw_trees *t;
	struct reader *readers;
	_Atomic size_t next;
	_Atomic bool stop;
};

struct looker { /* of names */
	struct state *s;
	struct cw_tree_worker *w;
};

/* ---- names ---- */

/* A name is content like any other, but no object. */
static int look_at_name(void *payload, const char *name, size_t len, uint32_t *ret_holder, struct cw_err *err)
{
	const struct looker *l = payload;
	struct cw_scanned scanned = { .data = name, .len = len, .name = "a name in a tree", .type = CW_OBJ_TREE, .beside = true };
	const struct cw_oid none = { .len = 0 };
	int rc = cw_scanner_scan(l->w->scanner, &scanned, err);

	return rc ? rc : cw_kept_add(l->s->t->kept, l->w->stage, &none, CW_OBJ_TREE, ret_holder, err);
}

static int add_item(struct reader *r, uint32_t name, uint32_t target, struct cw_err *err)
{
	struct cw_tree_item *slot;

	if (name == CW_NAME_NONE) {
		r->names_full = true;
		return 0;
	}
	slot = cw_vec_push(&r->items);
	if (!slot)
		return cw_vec_fail(&r->items, "entries of a tree", err);
	*slot = (struct cw_tree_item){ .name = name, .target = target };
	return 0;
}

/* ---- one tree ---- */

static void add_absent(struct reader *r, uint32_t tree, const struct cw_tree_entry *e)
{
	struct cw_absent *slot = cw_vec_push(&r->absent);

	if (slot)
		*slot = (struct cw_absent){ .oid = e->oid, .tree = tree,
					    .is_tree = (e->mode & CW_MODE_TYPE) == CW_MODE_TREE };
	else
		r->absent_full = true;
}

static int read_entry(struct state *s, unsigned worker, uint32_t tree, const struct cw_tree_entry *e, struct cw_err *err)
{
	struct looker looker = { .s = s, .w = &s->t->workers[worker] };
	struct reader *r = &s->readers[worker];
	uint32_t name, holder, kind;
	bool is_tree;
	int rc = cw_names_add(s->t->names, e->name, e->name_len, look_at_name, &looker, &name, &holder, err);

	if (!rc && holder != CW_HOLDER_NONE)
		rc = add_item(r, name, holder | CW_ITEM_HOLDER, err);
	if (rc)
		return rc;
	if ((e->mode & CW_MODE_TYPE) == CW_MODE_GITLINK) {
		r->gitlinks += r->gitlinks < UINT32_MAX;
		return 0;
	}
	kind = cw_oid_map_get(s->t->objects, &e->oid);
	if (kind == CW_OID_NONE) {
		add_absent(r, tree, e);
		return 0;
	}
	/* what the object is counts, not what the entry says of it */
	is_tree = !(kind & CW_IS_HOLDER) && kind & CW_IS_TREE;
	r->odd = r->odd || is_tree != ((e->mode & CW_MODE_TYPE) == CW_MODE_TREE);
	if (kind & CW_IS_HOLDER)
		rc = add_item(r, name, CW_OBJECT_NUMBER(kind) | CW_ITEM_HOLDER, err);
	else if (is_tree)
		rc = add_item(r, name, CW_OBJECT_NUMBER(kind), err);
	return rc;
}

/* Whether git would not have written these two entries one after the other; names that only a folder's slash puts apart are left. */
static bool is_out_of_order(const char *before, const char *name)
{
	return before && !strcmp(before, name);
}

/* Not all of its names are known: its bytes are looked at as they are. */
static int scan_malformed(struct state *s, unsigned worker, uint32_t tree, const struct cw_object *o, const char *hex,
			  struct cw_err *err)
{
	struct cw_tree_worker *w = &s->t->workers[worker];
	const struct cw_oid *oid = &s->t->list[tree].oid;
	struct cw_scanned scanned = { .data = o->data, .len = o->len, .name = hex, .object = *oid, .type = CW_OBJ_TREE, .beside = true };
	uint32_t holder;
	int rc;

	cw_coverage_unscanned(&s->readers[worker].coverage, false, hex, "malformed tree: its names cannot all be read");
	rc = cw_scanner_scan(w->scanner, &scanned, err);
	return rc ? rc : cw_kept_add(s->t->kept, w->stage, oid, CW_OBJ_TREE, &holder, err);
}

static int read_entries(struct state *s, unsigned worker, uint32_t tree, const struct cw_object *o, const char *hex,
			struct cw_err *err)
{
	struct reader *r = &s->readers[worker];
	const char *before = NULL;
	int rc = 0;

	r->odd = false;

	for (size_t pos = 0; !rc && pos < o->len;) {
		struct cw_tree_entry e;

		if (!cw_tree_next(o->data, o->len, &pos, &e)) {
			rc = scan_malformed(s, worker, tree, o, hex, err);
			r->odd = true;
			break;
		}
		r->odd = r->odd || cw_tree_entry_is_odd(&e) || is_out_of_order(before, e.name);
		before = e.name;
		rc = read_entry(s, worker, tree, &e, err);
	}
	r->coverage.malformed_trees += r->odd;
	return rc;
}

static int read_object(struct state *s, struct cw_repo *repo, const struct cw_object_ref *ref, struct cw_object *ret,
		       struct cw_err *why)
{
	enum cw_object_type type;
	uint64_t size;
	int rc = cw_repo_header(repo, &ref->oid, &type, &size, why);

	if (!rc && size > s->t->object_max)
		rc = cw_err_set(why, CW_E_LIMIT, "too large: %llu bytes, the limit is %llu", (unsigned long long)size,
				(unsigned long long)s->t->object_max);
	rc = rc ? rc : cw_repo_read_ref(repo, ref, ret, why);
	if (!rc && ret->type != CW_OBJ_TREE) {
		cw_object_release(ret);
		rc = cw_err_set(why, CW_E_CORRUPT, "not a tree");
	}
	return rc;
}

/* Read TREE through REPO; a tree that cannot be read is left for later, or an unscanned entry when it was LAST tried. */
static int read_tree(struct state *s, unsigned worker, struct cw_repo *repo, uint32_t tree, bool last, struct cw_err *err)
{
	struct reader *r = &s->readers[worker];
	struct cw_err why = CW_ERR_INIT;
	char hex[CW_OID_HEX_SIZE];
	struct cw_object o;
	uint32_t *slot;
	int rc = read_object(s, repo, &s->t->list[tree], &o, &why);

	cw_oid_hex(&s->t->list[tree].oid, hex);
	if (rc && !last) {
		slot = cw_vec_push(&r->failed);
		if (!slot)
			return cw_vec_fail(&r->failed, "trees", err);
		*slot = tree;
		return 0;
	}
	if (rc) {
		cw_coverage_unscanned(&r->coverage, false, hex, cw_err_msg(&why));
		return 0;
	}
	cw_vec_clear(&r->items);
	r->gitlinks = 0;
	rc = read_entries(s, worker, tree, &o, hex, err);
	cw_object_release(&o);
	return rc ? rc : cw_forest_add(s->t->forest, worker, tree, r->items.items, r->items.len, r->gitlinks, err);
}

/* ---- all ---- */

static bool stopped(struct state *s)
{
	return atomic_load_explicit(&s->stop, memory_order_relaxed) ||
	       atomic_load_explicit(&s->t->progress->cancel, memory_order_relaxed);
}

static int work(void *shared, unsigned worker, struct cw_err *err)
{
	struct state *s = shared;

	for (;;) {
		size_t i = atomic_fetch_add(&s->next, CHUNK);
		size_t end = i < s->t->len && s->t->len - i > CHUNK ? i + CHUNK : s->t->len;

		if (i >= s->t->len)
			return 0;
		for (; i < end; i++) {
			int rc;

			if (stopped(s)) {
				s->readers[worker].interrupted = true;
				return 0;
			}
			rc = read_tree(s, worker, s->t->workers[worker].repo, (uint32_t)i, false, err);
			if (rc) {
				atomic_store(&s->stop, true);
				return rc;
			}
			atomic_fetch_add_explicit(&s->t->progress->done, 1, memory_order_relaxed);
		}
	}
}

/* What could not be read: once more through a fresh handle, since the store may have been packed anew meanwhile. */
static int read_failed(struct state *s, struct cw_err *err)
{
	CW_CLEANUP(cw_repo_free_p) struct cw_repo *fresh = NULL;
	int rc = 0;

	for (unsigned i = 0; i < s->t->workers_len; i++) {
		const struct cw_vec *failed = &s->readers[i].failed;

		for (size_t k = 0; !rc && k < failed->len; k++) {
			struct cw_repo *repo = s->t->workers[i].repo;

			if (!fresh && cw_repo_open(s->t->repo_path, &fresh, NULL))
				fresh = NULL;
			rc = read_tree(s, i, fresh ? fresh : repo, CW_VEC_AT(failed, uint32_t, k), true, err);
		}
	}
	return rc;
}

static int by_oid(const void *va, const void *vb)
{
	const struct cw_absent *a = va, *b = vb;
	int c = cw_oid_cmp(&a->oid, &b->oid);

	return c ? c : (a->tree > b->tree) - (a->tree < b->tree);
}

static void note(struct cw_coverage *coverage, bool full, const char *reason)
{
	if (full)
		cw_coverage_unscanned(coverage, false, "trees", reason);
}

static void release(struct state *s, struct cw_coverage *coverage)
{
	bool names = false, absent = false, interrupted = false;

	for (unsigned i = 0; s->readers && i < s->t->workers_len; i++) {
		struct reader *r = &s->readers[i];

		for (size_t k = 0; k < r->absent.len; k++) {
			struct cw_absent *slot = cw_vec_push(&s->t->absent);

			if (slot)
				*slot = CW_VEC_AT(&r->absent, struct cw_absent, k);
			else
				r->absent_full = true;
		}
		names = names || r->names_full;
		absent = absent || r->absent_full;
		interrupted = interrupted || r->interrupted;
		cw_coverage_merge(coverage, &r->coverage);
		cw_vec_release(&r->items);
		cw_vec_release(&r->absent);
		cw_vec_release(&r->failed);
	}
	note(coverage, names, "too many names: some paths are not known");
	note(coverage, absent, "too many objects that are not in the object store: not all are listed");
	note(coverage, interrupted, "interrupted");
	if (s->t->absent.len)
		qsort(s->t->absent.items, s->t->absent.len, sizeof(struct cw_absent), by_oid);
	free(s->readers);
}

int cw_trees_read(struct cw_trees *t, struct cw_coverage *coverage, struct cw_err *err)
{
	struct state s = { .t = t, .readers = calloc(t->workers_len, sizeof(*s.readers)) };
	int rc = s.readers ? 0 : cw_err_nomem(err);

	t->absent = (struct cw_vec)CW_VEC_INIT(struct cw_absent, ABSENT_MAX);
	for (unsigned i = 0; !rc && i < t->workers_len; i++) {
		s.readers[i].items = (struct cw_vec)CW_VEC_INIT(struct cw_tree_item, TREE_ENTRIES_MAX);
		s.readers[i].absent = (struct cw_vec)CW_VEC_INIT(struct cw_absent, ABSENT_MAX);
		s.readers[i].failed = (struct cw_vec)CW_VEC_INIT(uint32_t, t->len + 1);
		cw_coverage_init(&s.readers[i].coverage);
	}
	rc = rc ? rc : cw_forest_new(t->len, t->workers_len, &t->forest, err);
	rc = rc ? rc : cw_names_new(NAMES_BYTES_MAX, &t->names, err);
	if (!rc) {
		atomic_fetch_add_explicit(&t->progress->total, t->len, memory_order_relaxed);
		rc = cw_workers_run(t->workers_len, work, &s, err);
	}
	rc = rc ? rc : read_failed(&s, err);
	release(&s, coverage);
	return rc;
}
