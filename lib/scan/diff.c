/* scan/diff.c - see diff.h. Parsed trees are counted references: the walk holds those it is in, a small cache those of late. */
#include "scan/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "vcs/oid_hash.h"

#define CACHED 1024 /* trees */
#define CACHED_BYTES_MAX ((size_t)1 << 20) /* larger trees are not kept */
#define MOVES_MAX 4 /* an entry, before it does not pay */
#define PARENTS_MAX 4096
#define PATH_BYTES_MAX ((size_t)1 << 20)

struct tree {
	struct cw_oid oid;
	struct cw_object object;
	struct cw_tree_entry *entries; /* by name */
	size_t len;
	unsigned users;
};

struct frame {
	struct tree *now;  /* whose entries are gone through */
	size_t was, len;   /* the other side: cw_diff.others[was .. was+len), NULL for none */
	size_t pos;
	size_t path_len;   /* of the folder, with its slash */
};

struct cw_diff {
	struct cw_repo *repo;
	struct cw_coverage *coverage;
	const struct cw_push_trees *known; /* or NULL */
	struct tree *cache[CACHED];
	struct cw_vec frames;	  /* struct frame */
	struct cw_vec others;	  /* struct tree * */
	struct cw_vec before;	  /* struct cw_oid, of the entry in hand */
	struct cw_buf path;
	struct cw_oid_hash pairs; /* of folders, of this walk */
	struct cw_oid_hash saw;
};

/* ---- trees ---- */

static void put_tree(struct tree *t)
{
	if (!t || --t->users)
		return;
	free(t->entries);
	if (t->object.impl)
		cw_object_release(&t->object);
	free(t);
}

static void put_treep(struct tree **t)
{
	put_tree(*t);
}

int cw_diff_new(struct cw_repo *repo, struct cw_coverage *coverage, struct cw_diff **ret, struct cw_err *err)
{
	struct cw_diff *d = calloc(1, sizeof(*d));

	if (!d)
		return cw_err_nomem(err);
	d->repo = repo;
	d->coverage = coverage;
	d->frames = (struct cw_vec)CW_VEC_INIT(struct frame, CW_TREE_DEPTH_MAX + 1);
	d->others = (struct cw_vec)CW_VEC_INIT(struct tree *, (size_t)CW_TREE_DEPTH_MAX * PARENTS_MAX);
	d->before = (struct cw_vec)CW_VEC_INIT(struct cw_oid, CW_TREE_ENTRIES_MAX);
	d->path = (struct cw_buf)CW_BUF_INIT_MAX(PATH_BYTES_MAX);
	*ret = d;
	return 0;
}

void cw_diff_use(struct cw_diff *d, const struct cw_push_trees *t)
{
	d->known = t;
}

static void pop_frame(struct cw_diff *d)
{
	const struct frame *f = &CW_VEC_AT(&d->frames, struct frame, d->frames.len - 1);

	put_tree(f->now);
	while (d->others.len > f->was)
		put_tree(CW_VEC_AT(&d->others, struct tree *, --d->others.len));
	d->frames.len--;
}

void cw_diff_free(struct cw_diff *d)
{
	if (!d)
		return;
	while (d->frames.len)
		pop_frame(d);
	for (size_t i = 0; i < CACHED; i++)
		put_tree(d->cache[i]);
	cw_vec_release(&d->frames);
	cw_vec_release(&d->others);
	cw_vec_release(&d->before);
	cw_buf_release(&d->path);
	cw_oid_hash_release(&d->pairs);
	cw_oid_hash_release(&d->saw);
	free(d);
}

static int by_name(const void *va, const void *vb)
{
	const struct cw_tree_entry *a = va, *b = vb;
	int c = strcmp(a->name, b->name);

	return c ? c : cw_oid_cmp(&a->oid, &b->oid);
}

/* git's order is not that of the bytes only where a folder's slash counts: then a few entries move a little. */
static void sort(struct cw_tree_entry *e, size_t len)
{
	size_t moves = 0;

	for (size_t i = 1; i < len; i++) {
		struct cw_tree_entry one = e[i];
		size_t k = i;

		for (; k && by_name(&e[k - 1], &one) > 0; k--, moves++)
			e[k] = e[k - 1];
		e[k] = one;
		if (moves > MOVES_MAX * len) {
			qsort(e, len, sizeof(*e), by_name);
			return;
		}
	}
}

/* The entries of T, sorted; those behind a malformed one are lost, which is the failure. */
static int parse(struct tree *t, struct cw_err *err)
{
	CW_CLEANUP(cw_vec_release) struct cw_vec list = CW_VEC_INIT(struct cw_tree_entry, CW_TREE_ENTRIES_MAX);
	bool whole = true;

	for (size_t pos = 0; whole && pos < t->object.len;) {
		struct cw_tree_entry e, *slot;

		whole = cw_tree_next(t->object.data, t->object.len, &pos, &e);
		if (!whole)
			break;
		slot = cw_vec_push(&list);
		if (!slot)
			return cw_vec_fail(&list, "entries of a tree", err);
		*slot = e;
	}
	sort(list.items, list.len);
	t->entries = list.items;
	t->len = list.len;
	list.items = NULL;
	return whole ? 0 : cw_err_set(err, CW_E_CORRUPT, "malformed tree: its entries cannot all be read");
}

static void keep(struct cw_diff *d, struct tree *t)
{
	struct tree **slot = &d->cache[(t->oid.id[0] << 8 | t->oid.id[1]) % CACHED];

	if (t->object.len > CACHED_BYTES_MAX)
		return;
	put_tree(*slot);
	t->users++;
	*slot = t;
}

static int read_tree(struct cw_diff *d, struct tree *t, struct cw_err *err)
{
	int rc = cw_repo_read(d->repo, &t->oid, &t->object, err);

	if (!rc && t->object.type != CW_OBJ_TREE)
		rc = cw_err_set(err, CW_E_CORRUPT, "not a tree");
	return rc ? rc : parse(t, err);
}

/* The tree OID, to be put back. With a failure *ret may still be what could be read of it. */
static int get_tree(struct cw_diff *d, const struct cw_oid *oid, struct tree **ret, struct cw_err *err)
{
	struct tree *cached = d->cache[(oid->id[0] << 8 | oid->id[1]) % CACHED];
	CW_CLEANUP(put_treep) struct tree *t = NULL;
	int rc;

	*ret = NULL;
	if (cached && !cw_oid_cmp(&cached->oid, oid)) {
		cached->users++;
		*ret = cached;
		return 0;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return cw_err_nomem(err);
	t->oid = *oid;
	t->users = 1;
	if (d->known && cw_push_trees_find(d->known, oid) != CW_PUSH_TREE_UNKNOWN)
		rc = cw_push_trees_entries(d->known, oid, &t->entries, &t->len, err);
	else
		rc = read_tree(d, t, err);
	if (!rc)
		keep(d, t);
	if (!rc || (rc == CW_E_CORRUPT && t->object.type == CW_OBJ_TREE))
		*ret = cw_steal(&t);
	return rc;
}

/* A failure that means "this tree is unreadable" is said, without memory nothing can go on. */
static int unreadable(struct cw_diff *d, const struct cw_oid *oid, int rc, const struct cw_err *why, struct cw_err *err)
{
	char hex[CW_OID_HEX_SIZE];

	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	cw_oid_hex(oid, hex);
	if (rc)
		cw_coverage_unscanned(d->coverage, false, hex, cw_err_msg(why));
	return 0;
}

static int get_new(struct cw_diff *d, const struct cw_oid *oid, struct tree **ret, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;

	return unreadable(d, oid, get_tree(d, oid, ret, &why), &why, err);
}

static int get_old(struct cw_diff *d, const struct cw_oid *oid, struct tree **ret, struct cw_err *err)
{
	int rc = get_tree(d, oid, ret, NULL);

	return rc == CW_E_NOMEM ? cw_err_nomem(err) : 0;
}

/* ---- entries ---- */

static enum cw_entry_kind kind_of(const struct cw_tree_entry *e)
{
	uint32_t type = e->mode & CW_MODE_TYPE;

	return type == CW_MODE_TREE ? CW_ENTRY_TREE : type == CW_MODE_GITLINK ? CW_ENTRY_GITLINK : CW_ENTRY_BLOB;
}

/* The entries of T called NAME: *ret_len of them. */
static const struct cw_tree_entry *find(const struct tree *t, const char *name, size_t *ret_len)
{
	size_t low = 0, high = t ? t->len : 0, end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(t->entries[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; t && end < t->len && !strcmp(t->entries[end].name, name);)
		end++;
	*ret_len = end - low;
	return t ? t->entries + low : NULL;
}

static bool has_same(const struct tree *t, const struct cw_tree_entry *e)
{
	size_t len;
	const struct cw_tree_entry *same = find(t, e->name, &len);

	for (size_t i = 0; i < len; i++) {
		if (kind_of(&same[i]) == kind_of(e) && !cw_oid_cmp(&same[i].oid, &e->oid))
			return true;
	}
	return false;
}

static struct tree *other(const struct cw_diff *d, const struct frame *f, size_t i)
{
	return CW_VEC_AT(&d->others, struct tree *, f->was + i);
}

/* Whether one of the other trees of F has E; *ret_new_name, and the blobs under its name in d->before. */
static int compare(struct cw_diff *d, const struct frame *f, const struct cw_tree_entry *e, bool *ret_same,
		   bool *ret_new_name, struct cw_err *err)
{
	cw_vec_clear(&d->before);
	*ret_same = false;
	*ret_new_name = true;
	for (size_t i = 0; i < f->len; i++) {
		size_t len;
		const struct cw_tree_entry *named = find(other(d, f, i), e->name, &len);

		*ret_same = *ret_same || has_same(other(d, f, i), e);
		*ret_new_name = *ret_new_name && !len;
		for (size_t k = 0; k < len; k++) {
			struct cw_oid *slot;

			if (kind_of(&named[k]) != CW_ENTRY_BLOB)
				continue;
			slot = cw_vec_push(&d->before);
			if (!slot)
				return cw_vec_fail(&d->before, "entries of trees", err);
			*slot = named[k].oid;
		}
	}
	return 0;
}

/* ---- the walk ---- */

/* Add TREE, which is taken over, to the other side of the frame to come. */
static int add_other(struct cw_diff *d, struct tree *t, struct cw_err *err)
{
	struct tree **slot = cw_vec_push(&d->others);

	if (!slot) {
		put_tree(t);
		return cw_vec_fail(&d->others, "trees", err);
	}
	*slot = t;
	return 0;
}

/* Whether this folder was compared with the same others before in this walk. */
static int is_repeated(struct cw_diff *d, const struct cw_oid *now, size_t was, bool *ret, struct cw_err *err)
{
	struct cw_oid key = { .len = CW_SHA1_LEN };
	CW_CLEANUP(cw_buf_release) struct cw_buf ids = CW_BUF_INIT;
	struct cw_bytes all;
	bool is_new = true;
	int rc;

	cw_buf_add(&ids, now->id, now->len);
	for (size_t i = was; i < d->others.len; i++) {
		const struct tree *t = CW_VEC_AT(&d->others, struct tree *, i);

		cw_buf_add(&ids, t ? t->oid.id : now->id, t ? t->oid.len : 0);
		cw_buf_addc(&ids, t ? '+' : '-');
	}
	rc = cw_buf_fail(&ids, "trees", err);
	all = (struct cw_bytes){ .data = ids.data, .len = ids.len };
	rc = rc ? rc : cw_sha1(&all, 1, key.id, err);
	rc = rc ? rc : cw_oid_hash_put(&d->pairs, &key, 0, NULL, &is_new, err);
	*ret = !is_new;
	return rc;
}

static void drop_others(struct cw_diff *d, size_t was)
{
	while (d->others.len > was)
		put_tree(CW_VEC_AT(&d->others, struct tree *, --d->others.len));
}

/* Go into the folder NOW against d->others[was..); NEW says which side is new, for what cannot be read. */
static int enter(struct cw_diff *d, const struct cw_oid *now, size_t was, bool is_new, struct cw_err *err)
{
	struct tree *t = NULL;
	struct frame *f;
	bool repeated = false;
	int rc;

	if (d->known && cw_push_trees_find(d->known, now) == CW_PUSH_TREE_EMPTY) {
		drop_others(d, was);
		return 0;
	}
	rc = is_repeated(d, now, was, &repeated, err);
	if (!rc && !repeated && d->frames.len == CW_TREE_DEPTH_MAX) {
		struct cw_err deep = CW_ERR_INIT;

		repeated = true;
		rc = cw_err_set(&deep, CW_E_LIMIT, "too deep: folders in more than %d folders", CW_TREE_DEPTH_MAX);
		rc = is_new ? unreadable(d, now, rc, &deep, err) : 0;
	}
	if (!rc && !repeated)
		rc = is_new ? get_new(d, now, &t, err) : get_old(d, now, &t, err);
	if (!rc && t && is_new)
		rc = cw_oid_hash_put(&d->saw, now, 0, NULL, NULL, err);
	f = !rc && t ? cw_vec_push(&d->frames) : NULL;
	if (!f) {
		put_tree(t);
		drop_others(d, was);
		return rc || !t ? rc : cw_vec_fail(&d->frames, "folders", err);
	}
	*f = (struct frame){ .now = t, .was = was, .len = d->others.len - was, .path_len = d->path.len };
	return 0;
}

/* Go into the folder E of the frame in hand, against the folders of its name on the other side. */
static int descend(struct cw_diff *d, const struct cw_tree_entry *e, bool is_new, struct cw_err *err)
{
	struct frame f = CW_VEC_AT(&d->frames, struct frame, d->frames.len - 1);
	size_t was = d->others.len;
	int rc = 0;

	for (size_t i = 0; !rc && i < f.len; i++) {
		size_t len;
		const struct cw_tree_entry *named = find(other(d, &f, i), e->name, &len);

		for (size_t k = 0; !rc && k < len; k++) {
			struct tree *t = NULL;

			if (kind_of(&named[k]) != CW_ENTRY_TREE)
				continue;
			rc = get_old(d, &named[k].oid, &t, err);
			if (!rc && t)
				rc = add_other(d, t, err);
		}
	}
	if (rc) {
		drop_others(d, was);
		return rc;
	}
	cw_buf_addc(&d->path, '/');
	rc = cw_buf_fail(&d->path, "path", err);
	return rc ? rc : enter(d, &e->oid, was, is_new, err);
}

static int visit(struct cw_diff *d, const struct cw_tree_entry *e, bool is_new, cw_diff_fn fn, void *payload,
		 struct cw_err *err)
{
	const struct frame *f = &CW_VEC_AT(&d->frames, struct frame, d->frames.len - 1);
	struct cw_diff_entry entry = { .kind = kind_of(e), .oid = e->oid, .name_len = e->name_len };
	bool same = false;
	int rc = compare(d, f, e, &same, &entry.new_name, err);

	if (rc || same)
		return rc;
	if (f->path_len + e->name_len >= PATH_BYTES_MAX) {
		struct cw_err why = CW_ERR_INIT;

		rc = cw_err_set(&why, CW_E_LIMIT, "too deep: a path of more than %zu bytes", PATH_BYTES_MAX);
		return is_new ? unreadable(d, &e->oid, rc, &why, err) : 0;
	}
	cw_buf_truncate(&d->path, f->path_len);
	cw_buf_add(&d->path, e->name, e->name_len);
	rc = cw_buf_fail(&d->path, "path", err);
	if (rc)
		return rc;
	entry.path = d->path.data;
	entry.name = e->name;
	entry.before = d->before.items;
	entry.before_len = d->before.len;
	rc = fn(payload, &entry, err);
	return rc || entry.kind != CW_ENTRY_TREE ? rc : descend(d, e, is_new, err);
}

/* The folder TREE against those that stand in d->others. */
static int walk(struct cw_diff *d, const struct cw_oid *tree, bool is_new, cw_diff_fn fn, void *payload, struct cw_err *err)
{
	int rc;

	cw_oid_hash_clear(&d->pairs);
	cw_buf_clear(&d->path);
	rc = enter(d, tree, 0, is_new, err);
	while (!rc && d->frames.len) {
		struct frame *f = &CW_VEC_AT(&d->frames, struct frame, d->frames.len - 1);

		if (f->pos == f->now->len)
			pop_frame(d);
		else
			rc = visit(d, &f->now->entries[f->pos++], is_new, fn, payload, err);
	}
	while (d->frames.len)
		pop_frame(d);
	drop_others(d, 0);
	return rc;
}

int cw_diff_after(struct cw_diff *d, const struct cw_oid *tree, const struct cw_oid *parents, size_t len, cw_diff_fn fn,
		  void *payload, struct cw_err *err)
{
	int rc = 0;

	if (len > PARENTS_MAX) {
		struct cw_err many = CW_ERR_INIT;

		rc = cw_err_set(&many, CW_E_LIMIT, "a commit with more than %d parents", PARENTS_MAX);
		return unreadable(d, tree, rc, &many, err);
	}
	for (size_t i = 0; !rc && i < len; i++) {
		struct tree *t = NULL;

		rc = get_old(d, &parents[i], &t, err);
		if (!rc && t)
			rc = add_other(d, t, err);
	}
	if (rc) {
		drop_others(d, 0);
		return rc;
	}
	return walk(d, tree, true, fn, payload, err);
}

int cw_diff_before(struct cw_diff *d, const struct cw_oid *parent, const struct cw_oid *tree, cw_diff_fn fn, void *payload,
		   struct cw_err *err)
{
	struct tree *t = NULL;
	int rc = get_old(d, tree, &t, err);

	if (!rc && t)
		rc = add_other(d, t, err);
	return rc ? rc : walk(d, parent, false, fn, payload, err);
}

bool cw_diff_saw(const struct cw_diff *d, const struct cw_oid *tree)
{
	return cw_oid_hash_get(&d->saw, tree) != NULL;
}
