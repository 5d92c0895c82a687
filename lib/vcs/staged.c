/* vcs/staged.c - see staged.h. Index and trees are in the same order, so both are walked once, side by side. */
#include "vcs/staged.h"

#include <string.h>

#include "vcs/parse.h"

#define NONE SIZE_MAX
#define NOT_NEW UINT32_MAX
#define STAGED_MAX ((size_t)1 << 26)

struct walk {
	struct cw_repo *repo;
	const struct cw_index_entry *entries;
	const struct cw_index_tree *trees;
	struct cw_staged *out;
	unsigned depth;
};

struct folder { /* one folder of the index: entries [at, end) begin with its path of `prefix` bytes */
	size_t at, end;
	uint32_t prefix;
	size_t known;	 /* number of its struct cw_index_tree, or NONE */
	size_t next;	 /* of `known`, the folder that was found last: where to look first */
	uint32_t new_from; /* where the first name begins that the commit does not have; NOT_NEW: it has this folder */
};

struct item { /* what stands next in a folder of the index: a file, with all its stages, or a folder */
	const char *name;
	uint32_t name_len;
	size_t end;   /* entry behind it */
	bool folder;
	size_t known;
	const uint8_t *tree; /* of a folder, if known */
};

void cw_staged_init(struct cw_staged *s)
{
	*s = (struct cw_staged){ .entries = CW_VEC_INIT(struct cw_staged_entry, STAGED_MAX),
				 .gone = CW_VEC_INIT(struct cw_staged_gone, STAGED_MAX) };
}

void cw_staged_release(struct cw_staged *s)
{
	cw_vec_release(&s->entries);
	cw_vec_release(&s->gone);
}

/* ---- what differs ---- */

static int add_entry(struct walk *w, const struct cw_index_entry *e, uint32_t new_from, const struct cw_oid *before,
		     struct cw_err *err)
{
	struct cw_staged_entry *slot = cw_vec_push(&w->out->entries);

	if (!slot)
		return cw_vec_fail(&w->out->entries, "staged files", err);
	*slot = (struct cw_staged_entry){ .path = e->path, .path_len = e->path_len, .new_from = new_from, .mode = e->mode,
					  .oid = cw_index_oid(e->id) };
	if (before)
		slot->before = *before;
	return 0;
}

static int add_gone(struct walk *w, const struct cw_tree_entry *t, struct cw_err *err)
{
	struct cw_staged_gone *slot;

	if ((t->mode & CW_MODE_TYPE) == CW_MODE_GITLINK)
		return 0;
	slot = cw_vec_push(&w->out->gone);
	if (!slot)
		return cw_vec_fail(&w->out->gone, "what is no longer staged", err);
	*slot = (struct cw_staged_gone){ .oid = t->oid, .mode = t->mode };
	return 0;
}

/* ---- the index ---- */

static bool has_prefix(const struct cw_index_entry *e, const char *prefix, size_t len)
{
	return e->path_len >= len && !memcmp(e->path, prefix, len);
}

/* The first entry from AT on, before END, that does not begin with the LEN bytes at PREFIX. */
static size_t skip_prefix(const struct walk *w, size_t at, size_t end, const char *prefix, size_t len)
{
	size_t lo = at + 1, hi = end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (has_prefix(&w->entries[mid], prefix, len))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The folder NAME among those of F that the index knows, or NONE. git sorts them by length first; they are asked for in another order,
 * mostly each after the other. */
static size_t known_folder(const struct walk *w, struct folder *f, const char *name, uint32_t len)
{
	size_t first = f->known + 1, end, start;

	if (f->known == NONE)
		return NONE;
	end = w->trees[f->known].end;
	start = f->next > first && f->next < end ? f->next : first;
	for (int round = 0; round < 2; round++) {
		size_t to = round ? start : end;

		for (size_t i = round ? first : start; i < to; i = w->trees[i].end) {
			if (w->trees[i].name_len != len || memcmp(w->trees[i].name, name, len))
				continue;
			f->next = w->trees[i].end;
			return i;
		}
	}
	return NONE;
}

/* Where the folder with the path of LEN bytes at PREFIX ends that begins at AT: as the index says if that is so. */
static size_t folder_end(const struct walk *w, size_t at, size_t end, size_t known, const char *prefix, size_t len)
{
	size_t count = known != NONE && w->trees[known].id ? w->trees[known].entries : 0;

	if (count && count <= end - at && has_prefix(&w->entries[at + count - 1], prefix, len) &&
	    (at + count == end || !has_prefix(&w->entries[at + count], prefix, len)))
		return at + count;
	return skip_prefix(w, at, end, prefix, len);
}

/* What stands at F->at, which does not move; false at the end. */
static bool look(const struct walk *w, struct folder *f, struct item *item)
{
	const struct cw_index_entry *e;
	const char *slash;

	if (f->at >= f->end)
		return false;
	e = &w->entries[f->at];
	*item = (struct item){ .name = e->path + f->prefix, .known = NONE };
	slash = memchr(item->name, '/', e->path_len - f->prefix);
	item->folder = slash != NULL;
	if (!slash) {
		item->name_len = e->path_len - f->prefix;
		for (item->end = f->at + 1; item->end < f->end && !strcmp(w->entries[item->end].path, e->path);)
			item->end++;
		return true;
	}
	item->name_len = (uint32_t)(slash - item->name);
	if (f->prefix + item->name_len + 1 == e->path_len) { /* not listed: a sparse index */
		item->end = f->at + 1;
		item->tree = e->id;
		return true;
	}
	item->known = known_folder(w, f, item->name, item->name_len);
	item->end = folder_end(w, f->at, f->end, item->known, e->path, f->prefix + item->name_len + 1);
	if (item->known != NONE && w->trees[item->known].id && w->trees[item->known].entries == item->end - f->at)
		item->tree = w->trees[item->known].id;
	return true;
}

/* ---- side by side ---- */

static bool is_folder(const struct cw_tree_entry *t)
{
	return (t->mode & CW_MODE_TYPE) == CW_MODE_TREE;
}

/* As git sorts: a folder as if its name ended in '/'. */
static int name_cmp(const struct item *item, const struct cw_tree_entry *t)
{
	size_t min = item->name_len < t->name_len ? item->name_len : t->name_len;
	int c = memcmp(item->name, t->name, min);
	unsigned char a, b;

	if (c)
		return c;
	a = item->name_len > min ? (unsigned char)item->name[min] : item->folder ? '/' : '\0';
	b = t->name_len > min ? (unsigned char)t->name[min] : is_folder(t) ? '/' : '\0';
	if (a == b && item->name_len != t->name_len)
		return item->name_len < t->name_len ? -1 : 1;
	return a - b;
}

/* Where the first new name begins of something in F that the commit does not have. */
static uint32_t first_new(const struct folder *f)
{
	return f->new_from != NOT_NEW ? f->new_from : f->prefix;
}

static int walk_folder(struct walk *w, struct folder *f, const struct cw_oid *tree, struct cw_err *err);

static int enter(struct walk *w, const struct folder *f, const struct item *item, const struct cw_oid *tree, struct cw_err *err)
{
	struct folder inner = { .at = f->at, .end = item->end, .prefix = f->prefix + item->name_len + 1, .known = item->known,
				.new_from = tree->len ? NOT_NEW : first_new(f) };
	int rc;

	if (++w->depth > CW_TREE_DEPTH_MAX)
		return cw_err_set(err, CW_E_LIMIT, "the index has more than %d folders in each other", CW_TREE_DEPTH_MAX);
	rc = walk_folder(w, &inner, tree, err);
	w->depth--;
	return rc;
}

/* The files of ITEM, each side of a conflict, of which the commit has BEFORE (or NULL) at this path. */
static int add_files(struct walk *w, const struct folder *f, const struct item *item, const struct cw_tree_entry *before,
		     uint32_t new_from, struct cw_err *err)
{
	bool differs = false, staged = false;
	int rc = 0;

	for (size_t i = f->at; !rc && i < item->end; i++) {
		const struct cw_index_entry *e = &w->entries[i];

		if (e->intent_to_add)
			continue;
		staged = true;
		if (before && !memcmp(before->oid.id, e->id, CW_SHA1_LEN))
			continue;
		differs = true;
		rc = add_entry(w, e, new_from, before ? &before->oid : NULL, err);
	}
	return !rc && before && !staged && !differs ? add_gone(w, before, err) : rc;
}

/* ITEM is in the index, and in the commit as BEFORE (or NULL). */
static int add_item(struct walk *w, const struct folder *f, const struct item *item, const struct cw_tree_entry *before,
		    struct cw_err *err)
{
	static const struct cw_oid none = { .len = 0 };
	uint32_t new_from = before ? w->entries[f->at].path_len : first_new(f);

	if (!item->folder)
		return add_files(w, f, item, before, new_from, err);
	if (before && item->tree && !memcmp(item->tree, before->oid.id, CW_SHA1_LEN))
		return 0;
	if (w->entries[f->at].path_len == f->prefix + item->name_len + 1)
		return add_entry(w, &w->entries[f->at], new_from, before ? &before->oid : NULL, err);
	return enter(w, f, item, before ? &before->oid : &none, err);
}

static int compare(struct walk *w, struct folder *f, const struct cw_object *tree, struct cw_err *err)
{
	struct cw_tree_entry t = { .mode = 0 };
	struct item item;
	size_t pos = 0;
	bool there = look(w, f, &item), theirs = tree->len && cw_tree_next(tree->data, tree->len, &pos, &t);
	int rc = 0;

	while (!rc && (there || theirs)) {
		int c = !there ? 1 : !theirs ? -1 : name_cmp(&item, &t);

		if (c > 0)
			rc = add_gone(w, &t, err);
		else
			rc = add_item(w, f, &item, c ? NULL : &t, err);
		if (c >= 0 && theirs)
			theirs = pos < tree->len && cw_tree_next(tree->data, tree->len, &pos, &t);
		if (c <= 0) {
			f->at = item.end;
			there = look(w, f, &item);
		}
	}
	/* What stands behind a damaged entry was not seen: then more is new, never less. */
	return rc;
}

static int walk_folder(struct walk *w, struct folder *f, const struct cw_oid *tree, struct cw_err *err)
{
	struct cw_object o = { .data = NULL };
	int rc = tree->len ? cw_repo_read(w->repo, tree, &o, err) : 0;

	if (!rc && tree->len && o.type != CW_OBJ_TREE)
		rc = cw_err_set(err, CW_E_CORRUPT, "a folder of the last commit is no tree");
	rc = rc ? rc : compare(w, f, &o, err);
	if (tree->len)
		cw_object_release(&o);
	return rc;
}

/* ---- outside ---- */

int cw_staged_find(struct cw_repo *r, const struct cw_index *index, const struct cw_oid *tree, struct cw_staged *ret,
		   struct cw_err *err)
{
	const struct cw_vec *entries = cw_index_entries(index), *trees = cw_index_trees(index);
	struct walk w = { .repo = r, .entries = entries->items, .trees = trees->items, .out = ret };
	struct folder top = { .end = entries->len, .known = trees->len ? 0 : NONE, .new_from = NOT_NEW };
	const struct cw_index_tree *root = trees->items;

	/* The index as a whole is the commit. */
	if (trees->len && root->id && root->entries == entries->len && tree->len && !memcmp(root->id, tree->id, CW_SHA1_LEN))
		return 0;
	return walk_folder(&w, &top, tree, err);
}

static int entry_cmp(const struct cw_staged_entry *a, const struct cw_staged_entry *b)
{
	int c = strcmp(a->path, b->path);

	return c ? c : cw_oid_cmp(&a->oid, &b->oid);
}

/* Sides of a conflict at one path keep the order of the index, so equal ones are looked for among all of that path. */
static const struct cw_staged_entry *find_same(const struct cw_staged *s, size_t *at, const struct cw_staged_entry *e)
{
	const struct cw_staged_entry *all = s->entries.items;

	while (*at < s->entries.len && strcmp(all[*at].path, e->path) < 0)
		++*at;
	for (size_t i = *at; i < s->entries.len && !strcmp(all[i].path, e->path); i++)
		if (!entry_cmp(&all[i], e))
			return &all[i];
	return NULL;
}

static int note_gone(struct cw_staged *s, const struct cw_oid *oid, uint32_t mode, struct cw_err *err)
{
	struct cw_staged_gone *slot = oid->len ? cw_vec_push(&s->gone) : NULL;

	if (!oid->len)
		return 0;
	if (!slot)
		return cw_vec_fail(&s->gone, "what is no longer staged", err);
	*slot = (struct cw_staged_gone){ .oid = *oid, .mode = mode };
	return 0;
}

int cw_staged_both(struct cw_staged *s, const struct cw_staged *other, struct cw_err *err)
{
	struct cw_staged_entry *all = s->entries.items;
	size_t kept = 0, at = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < s->entries.len; i++) {
		const struct cw_staged_entry *same = find_same(other, &at, &all[i]);
		struct cw_staged_entry e = all[i];

		if (!same) { /* the other parent has it so; what this one had instead is gone all the same */
			rc = note_gone(s, &e.before, e.mode, err);
			continue;
		}
		e.new_from = same->new_from > e.new_from ? same->new_from : e.new_from;
		all[kept++] = e;
	}
	s->entries.len = kept;
	for (size_t i = 0; !rc && i < other->entries.len; i++) {
		const struct cw_staged_entry *e = &CW_VEC_AT(&other->entries, struct cw_staged_entry, i);

		rc = note_gone(s, &e->before, e->mode, err);
	}
	for (size_t i = 0; !rc && i < other->gone.len; i++) {
		const struct cw_staged_gone *g = &CW_VEC_AT(&other->gone, struct cw_staged_gone, i);

		rc = note_gone(s, &g->oid, g->mode, err);
	}
	return rc;
}
