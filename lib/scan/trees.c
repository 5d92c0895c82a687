/* scan/trees.c - see trees.h. */
#include "scan/trees.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "scan/packed.h"
#include "scan/worker.h"
#include "vcs/parse.h"

#define CHUNK 256 /* trees that a worker takes at once */
#define NAMES_BYTES_MAX ((size_t)96 << 20)
#define ABSENT_MAX ((size_t)1 << 20) /* a worker */
#define TREE_ENTRIES_MAX ((size_t)1 << 28)

enum part_kind {
	PART_PLAIN,   /* nothing that attribution wants to know */
	PART_ITEM,    /* a tree of the store, or an object that holds something */
	PART_GITLINK,
	PART_AGAIN,   /* must be read again wherever it comes */
};

struct part { /* an entry of a tree, as the next version of the tree wants to know it */
	uint32_t at;   /* offset */
	uint32_t name; /* number */
	uint32_t target;
	uint8_t kind;
	bool odd;
};

struct shape { /* what a tree leaves for the trees that are made of it */
	size_t len;	  /* bytes of the tree */
	uint32_t parts_len;
	struct part parts[];
};

struct reader { /* one worker's own */
	struct cw_vec items;  /* struct cw_tree_item, of the tree in hand */
	struct cw_vec absent; /* struct cw_absent */
	struct cw_vec failed; /* uint32_t */
	struct cw_vec parts;  /* struct part, of the tree in hand */
	uint32_t gitlinks;
	bool malformed; /* the tree in hand cannot all be read */
	bool names_full, absent_full, interrupted;
	struct cw_coverage coverage;
};

struct state {
	struct cw_trees *t;
	struct reader *readers;
	uint8_t *done; /* of each tree: read from its pack */
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

/* What the object of an entry is counts, not what the entry says of it. */
static void read_target(struct state *s, struct reader *r, uint32_t tree, const struct cw_tree_entry *e, struct part *part)
{
	uint32_t kind;
	bool is_tree;

	if ((e->mode & CW_MODE_TYPE) == CW_MODE_GITLINK) {
		part->kind = part->kind == PART_AGAIN ? PART_AGAIN : PART_GITLINK;
		r->gitlinks += r->gitlinks < UINT32_MAX;
		return;
	}
	kind = cw_oid_map_get(s->t->objects, &e->oid);
	if (kind == CW_OID_NONE) {
		if (!s->t->sights)
			add_absent(r, tree, e);
		part->kind = PART_AGAIN;
		return;
	}
	is_tree = !(kind & CW_IS_HOLDER) && kind & CW_IS_TREE;
	part->odd = part->odd || is_tree != ((e->mode & CW_MODE_TYPE) == CW_MODE_TREE);
	if (!is_tree && !(kind & CW_IS_HOLDER))
		return;
	part->kind = part->kind == PART_AGAIN ? PART_AGAIN : PART_ITEM;
	part->target = CW_OBJECT_NUMBER(kind) | (kind & CW_IS_HOLDER ? CW_ITEM_HOLDER : 0);
}

static int read_entry(struct state *s, unsigned worker, uint32_t tree, const struct cw_tree_entry *e, struct part *part,
		      struct cw_err *err)
{
	struct looker looker = { .s = s, .w = &s->t->workers[worker] };
	struct reader *r = &s->readers[worker];
	uint32_t holder;
	int rc = cw_names_add(s->t->names, e->name, e->name_len, look_at_name, &looker, &part->name, &holder, err);

	part->odd = cw_tree_entry_is_odd(e);
	part->target = CW_TREE_NONE;
	if (part->name == CW_NAME_NONE || holder != CW_HOLDER_NONE)
		part->kind = PART_AGAIN;
	if (!rc && holder != CW_HOLDER_NONE)
		rc = add_item(r, part->name, holder | CW_ITEM_HOLDER, err);
	if (rc)
		return rc;
	read_target(s, r, tree, e, part);
	return part->target != CW_TREE_NONE ? add_item(r, part->name, part->target, err) : 0;
}

/* ---- a tree by what changed in it ---- */

/* The part of SHAPE that begins at AT, or parts_len. */
static uint32_t find_part(const struct shape *shape, uint64_t at)
{
	uint32_t low = 0, high = shape->parts_len;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (shape->parts[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low < shape->parts_len && shape->parts[low].at == at ? low : shape->parts_len;
}

/* Room for N entries more. */
static int reserve(struct reader *r, size_t n, struct cw_err *err)
{
	if (cw_vec_reserve(&r->parts, n) || cw_vec_reserve(&r->items, n))
		return cw_vec_fail(r->parts.fail ? &r->parts : &r->items, "entries of a tree", err);
	return 0;
}

/* Take over the entries from *POS on that lie whole in piece C of the base; *POS moves behind them. */
static int copy_parts(struct reader *r, const struct shape *base, const struct cw_copied *c, size_t *pos, struct cw_err *err)
{
	uint64_t shift = c->at - c->from; /* may wrap around */
	uint32_t i = find_part(base, *pos - shift);
	struct part *parts;
	int rc;

	if (i == base->parts_len)
		return 0;
	rc = reserve(r, base->parts_len - i, err);
	if (rc)
		return rc;
	parts = r->parts.items;
	for (; i < base->parts_len && base->parts[i].kind != PART_AGAIN; i++) {
		uint64_t end = i + 1 < base->parts_len ? base->parts[i + 1].at : base->len;
		struct part *part;

		if (end > c->from + c->len)
			break;
		part = &parts[r->parts.len++];
		*part = base->parts[i];
		part->at = (uint32_t)*pos;
		*pos = (size_t)(end + shift);
		if (part->kind == PART_ITEM)
			CW_VEC_AT(&r->items, struct cw_tree_item, r->items.len++) =
				(struct cw_tree_item){ .name = part->name, .target = part->target };
		r->gitlinks += part->kind == PART_GITLINK && r->gitlinks < UINT32_MAX;
	}
	return 0;
}

/* What the base says of the entries at *POS; *I is the first piece that may hold them. */
static int inherit_parts(struct reader *r, const struct cw_version *v, size_t *i, size_t *pos, struct cw_err *err)
{
	while (*i < v->copies_len && v->copies[*i].at + v->copies[*i].len <= *pos)
		++*i;
	if (*i == v->copies_len || v->copies[*i].at > *pos)
		return 0;
	return copy_parts(r, v->base, &v->copies[*i], pos, err);
}

/* Whether some entry is one that git would not have written, alone or behind the one before; names that only a folder's slash puts
 * apart are left. */
static bool is_odd(const struct cw_vec *parts)
{
	const struct part *p = parts->items;

	for (size_t i = 0; i < parts->len; i++) {
		if (p[i].odd || (i > 0 && p[i].name == p[i - 1].name && p[i].name != CW_NAME_NONE))
			return true;
	}
	return false;
}

static enum cw_tree_sight sight_of(const struct cw_vec *parts)
{
	const struct part *p = parts->items;

	for (size_t i = 0; i < parts->len; i++) {
		if (p[i].kind == PART_AGAIN)
			return CW_TREE_OPEN;
	}
	return is_odd(parts) ? CW_TREE_OPEN : CW_TREE_PLAIN;
}

/* Not all of its names are known: its bytes are looked at as they are. */
static int scan_malformed(struct state *s, unsigned worker, uint32_t tree, const struct cw_object *o, struct cw_err *err)
{
	char hex[CW_OID_HEX_SIZE];
	struct cw_tree_worker *w = &s->t->workers[worker];
	const struct cw_oid *oid = &s->t->list[tree].oid;
	struct cw_scanned scanned = { .data = o->data, .len = o->len, .name = hex, .object = *oid, .type = CW_OBJ_TREE, .beside = true };
	uint32_t holder;
	int rc;

	cw_oid_hex(oid, hex);
	cw_coverage_unscanned(&s->readers[worker].coverage, false, hex, "malformed tree: its names cannot all be read");
	rc = cw_scanner_scan(w->scanner, &scanned, err);
	return rc ? rc : cw_kept_add(s->t->kept, w->stage, oid, CW_OBJ_TREE, &holder, err);
}

/* The entries of tree number TREE; V says what it was made of, or is NULL. */
static int read_entries(struct state *s, unsigned worker, uint32_t tree, const struct cw_object *o, const struct cw_version *v,
			struct cw_err *err)
{
	struct reader *r = &s->readers[worker];
	size_t piece = 0;
	bool malformed = false;
	int rc = 0;

	cw_vec_clear(&r->items);
	cw_vec_clear(&r->parts);
	r->gitlinks = 0;
	for (size_t pos = 0; !rc && !malformed && pos < o->len;) {
		struct cw_tree_entry e;
		struct part *part;
		size_t at;

		rc = v && v->base ? inherit_parts(r, v, &piece, &pos, err) : 0;
		if (rc || pos == o->len)
			break;
		at = pos;
		malformed = !cw_tree_next(o->data, o->len, &pos, &e);
		if (malformed) {
			rc = s->t->sights ? 0 : scan_malformed(s, worker, tree, o, err);
			break;
		}
		part = cw_vec_push(&r->parts);
		if (!part)
			return cw_vec_fail(&r->parts, "entries of a tree", err);
		part->at = (uint32_t)at;
		rc = read_entry(s, worker, tree, &e, part, err);
	}
	r->malformed = malformed;
	if (s->t->sights) {
		s->t->sights[tree] = (uint8_t)(malformed || rc ? CW_TREE_UNREAD : sight_of(&r->parts));
		if (malformed)
			return rc;
	}
	r->coverage.malformed_trees += malformed || is_odd(&r->parts);
	return rc ? rc : cw_forest_add(s->t->forest, worker, tree, r->items.items, r->items.len, r->gitlinks, err);
}

/* What the tree in hand leaves for the trees made of it. */
static int leave_shape(const struct reader *r, size_t len, struct cw_left *ret, struct cw_err *err)
{
	size_t size = sizeof(struct shape) + r->parts.len * sizeof(struct part);
	struct shape *shape;

	if (r->malformed || len > UINT32_MAX)
		return 0;
	shape = malloc(size);
	if (!shape)
		return cw_err_nomem(err);
	shape->len = len;
	shape->parts_len = (uint32_t)r->parts.len;
	if (r->parts.len)
		memcpy(shape->parts, r->parts.items, r->parts.len * sizeof(struct part));
	*ret = (struct cw_left){ .what = shape, .size = size };
	return 0;
}

static int on_version(void *payload, unsigned worker, size_t i, const struct cw_version *v, struct cw_left *ret, struct cw_err *err)
{
	struct state *s = payload;
	struct cw_object o = { .type = CW_OBJ_TREE, .data = v->data, .len = v->len };
	const struct cw_object_ref *ref = &s->t->list[i];
	int rc;

	/* left to be read in the other way: copies that lie, trees beyond the limit */
	if (v->again || v->len > s->t->object_max || v->len > UINT32_MAX ||
	    (ref->shared && cw_object_verify(&o, &ref->oid, NULL)))
		return 0;
	s->done[i] = 1;
	atomic_fetch_add_explicit(&s->t->progress->done, 1, memory_order_relaxed);
	rc = read_entries(s, worker, (uint32_t)i, &o, v, err);
	return rc || !v->parent ? rc : leave_shape(&s->readers[worker], v->len, ret, err);
}

static int on_bad_entry(void *payload, unsigned worker, size_t i, int rc, const struct cw_err *why, struct cw_err *err)
{
	(void)payload, (void)worker, (void)i, (void)rc, (void)why, (void)err;
	return 0; /* read in the other way, which says what is wrong */
}

static int read_object(struct state *s, struct cw_repo *repo, const struct cw_object_ref *ref, struct cw_object *ret,
		       struct cw_err *why)
{
	enum cw_object_type type;
	uint64_t size = 0;
	int rc = 0;

	if (!cw_repo_is_small(repo, ref, s->t->object_max))
		rc = cw_repo_header(repo, &ref->oid, &type, &size, why);
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
	rc = read_entries(s, worker, tree, &o, NULL, err);
	cw_object_release(&o);
	return rc;
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
			if (s->done[i])
				continue;
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
		cw_vec_release(&r->parts);
	}
	note(coverage, names && !s->t->sights, "too many names: some paths are not known");
	note(coverage, absent, "too many objects that are not in the object store: not all are listed");
	note(coverage, interrupted, "interrupted");
	if (s->t->absent.len)
		qsort(s->t->absent.items, s->t->absent.len, sizeof(struct cw_absent), by_oid);
	free(s->readers);
	free(s->done);
}

static int read_packed(struct state *s, struct cw_err *err)
{
	struct cw_packed p = { .packs = s->t->packs, .list = s->t->list, .len = s->t->len, .types = 1u << CW_OBJ_TREE,
			       .workers = s->t->workers_len, .object_max = s->t->object_max, .memory_max = s->t->memory_max,
			       .cancel = &s->t->progress->cancel, .visit = on_version, .fail = on_bad_entry, .drop = free, .payload = s };

	return s->t->packs ? cw_packed_walk(&p, s->t->stats, err) : 0;
}

int cw_trees_read(struct cw_trees *t, struct cw_coverage *coverage, struct cw_err *err)
{
	struct state s = { .t = t, .readers = calloc(t->workers_len, sizeof(*s.readers)), .done = calloc(t->len + 1, 1) };
	int rc = s.readers && s.done ? 0 : cw_err_nomem(err);

	t->absent = (struct cw_vec)CW_VEC_INIT(struct cw_absent, ABSENT_MAX);
	for (unsigned i = 0; !rc && i < t->workers_len; i++) {
		s.readers[i].items = (struct cw_vec)CW_VEC_INIT(struct cw_tree_item, TREE_ENTRIES_MAX);
		s.readers[i].absent = (struct cw_vec)CW_VEC_INIT(struct cw_absent, ABSENT_MAX);
		s.readers[i].parts = (struct cw_vec)CW_VEC_INIT(struct part, TREE_ENTRIES_MAX);
		s.readers[i].failed = (struct cw_vec)CW_VEC_INIT(uint32_t, t->len + 1);
		cw_coverage_init(&s.readers[i].coverage);
	}
	rc = rc ? rc : cw_forest_new(t->len, t->workers_len, &t->forest, err);
	rc = rc ? rc : cw_names_new(NAMES_BYTES_MAX, &t->names, err);
	if (!rc) {
		atomic_fetch_add_explicit(&t->progress->total, t->len, memory_order_relaxed);
		rc = read_packed(&s, err);
		rc = rc || t->sights ? rc : cw_workers_run(t->workers_len, work, &s, err);
	}
	rc = rc ? rc : read_failed(&s, err);
	release(&s, coverage);
	return rc;
}
