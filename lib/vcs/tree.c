/* vcs/tree.c - walks HEAD's tree.
 *
 * Trees are parsed from the raw object (vcs/parse.h): libgit2 refuses a whole tree for one odd mode, which a hostile or merely old
 * repository may hold. The walk keeps its own stack, since the depth of a tree is foreign. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vcs/git_err.h"
#include "vcs/parse.h"
#include "vcs/repo.h"
#include "vcs/repo_int.h"

#define PEEL_MAX 10 /* tags of tags */
#define PATH_BYTES_MAX ((size_t)1 << 20)

struct frame {
	struct cw_object tree;
	size_t pos;	 /* of the next entry */
	size_t path_len; /* of the folder, with its slash */
};

struct walk {
	struct cw_repo *repo;
	struct cw_vec stack; /* struct frame */
	struct cw_buf path;
	size_t entries;
	int first_rc; /* of the first part that could not be read */
	struct cw_err first_err;
};

static void walk_release(struct walk *w)
{
	for (size_t i = 0; i < w->stack.len; i++)
		cw_object_release(&CW_VEC_AT(&w->stack, struct frame, i).tree);
	cw_vec_release(&w->stack);
	cw_buf_release(&w->path);
}

/* Remember that a part is missing, and go on with the rest. */
static void note(struct walk *w, int rc, const struct cw_err *why)
{
	if (w->first_rc)
		return;
	w->first_rc = rc;
	/* the reason first: a deep path would push it out of the message */
	cw_err_set(&w->first_err, (enum cw_code)rc, "tree of HEAD: %.200s at '%.200s'", cw_err_msg(why), w->path.data);
}

static int push_tree(struct walk *w, const struct cw_oid *oid, struct cw_err *err)
{
	struct cw_object tree;
	struct cw_err why = CW_ERR_INIT;
	struct frame *f;
	int rc = 0;

	if (w->stack.len >= CW_TREE_DEPTH_MAX)
		rc = cw_err_set(&why, CW_E_LIMIT, "more than %d levels", CW_TREE_DEPTH_MAX);
	rc = rc ? rc : cw_repo_read(w->repo, oid, &tree, &why);
	if (!rc && tree.type != CW_OBJ_TREE) {
		cw_object_release(&tree);
		rc = cw_err_set(&why, CW_E_CORRUPT, "not a tree");
	}
	if (rc == CW_E_NOMEM)
		return cw_err_nomem(err);
	if (rc) {
		note(w, rc, &why);
		return 0;
	}
	f = cw_vec_push(&w->stack);
	if (!f) {
		cw_object_release(&tree);
		return cw_vec_fail(&w->stack, "stack of trees", err);
	}
	*f = (struct frame){ .tree = tree, .path_len = w->path.len };
	return 0;
}

typedef int (*emit_fn)(const struct cw_oid *blob, const char *path, uint32_t mode, void *payload);

/* The next entry of the innermost tree, or its end. */
static int step(struct walk *w, emit_fn emit, void *payload, struct cw_err *err)
{
	struct frame *f = &CW_VEC_AT(&w->stack, struct frame, w->stack.len - 1);
	struct cw_err why = CW_ERR_INIT;
	struct cw_tree_entry e;
	int rc;

	cw_buf_truncate(&w->path, f->path_len);
	if (f->pos >= f->tree.len) {
		cw_object_release(&f->tree);
		w->stack.len--;
		return 0;
	}
	if (!cw_tree_next(f->tree.data, f->tree.len, &f->pos, &e)) {
		note(w, cw_err_set(&why, CW_E_CORRUPT, "malformed"), &why);
		f->pos = f->tree.len;
		return 0;
	}
	if (++w->entries > CW_TREE_ENTRIES_MAX)
		return cw_err_set(err, CW_E_LIMIT, "tree of HEAD: more than %d entries", CW_TREE_ENTRIES_MAX);
	cw_buf_adds(&w->path, e.name);
	rc = cw_buf_fail(&w->path, "path", err);
	if (rc)
		return rc;
	if ((e.mode & CW_MODE_TYPE) != CW_MODE_TREE)
		return emit(&e.oid, w->path.data, e.mode, payload);
	cw_buf_addc(&w->path, '/');
	return push_tree(w, &e.oid, err);
}

/* The id behind "KEY " at the start of a commit or tag; false when there is none. */
static bool leading_id(const struct cw_object *o, const char *key, struct cw_oid *ret)
{
	size_t n = strlen(key);
	git_oid id;

	if (o->len < n + GIT_OID_HEXSZ + 1 || memcmp(o->data, key, n) || o->data[n + GIT_OID_HEXSZ] != '\n')
		return false;
	if (git_oid_fromstrn(&id, o->data + n, GIT_OID_HEXSZ) < 0)
		return false;
	cw_oid_from_git(ret, &id);
	return true;
}

/* From a tag or commit to its tree. */
static int peel(struct cw_repo *r, struct cw_oid *oid, struct cw_err *err)
{
	for (int i = 0; i < PEEL_MAX; i++) {
		struct cw_object o;
		enum cw_object_type type;
		bool ok;
		int rc = cw_repo_read(r, oid, &o, err);

		if (rc)
			return cw_err_wrap(err, rc, "HEAD");
		type = o.type;
		ok = type == CW_OBJ_TREE || leading_id(&o, type == CW_OBJ_COMMIT ? "tree " : "object ", oid);
		cw_object_release(&o);
		if (!ok)
			return cw_err_set(err, CW_E_CORRUPT, "HEAD: the %s is malformed", cw_object_type_name(type));
		if (type == CW_OBJ_TREE)
			return 0;
	}
	return cw_err_set(err, CW_E_LIMIT, "HEAD: more than %d tags of tags", PEEL_MAX);
}

int cw_repo_head_paths(struct cw_repo *r, emit_fn emit, void *payload, struct cw_err *err)
{
	CW_CLEANUP(walk_release) struct walk w = { .repo = r, .path = CW_BUF_INIT_MAX(PATH_BYTES_MAX) };
	struct cw_oid oid = { .len = 0 };
	int rc = cw_repo_head_oid(r, &oid, err);

	if (rc || !oid.len)
		return rc;
	rc = peel(r, &oid, err);
	if (rc)
		return rc;
	w.stack = (struct cw_vec)CW_VEC_INIT(struct frame, CW_TREE_DEPTH_MAX);
	rc = push_tree(&w, &oid, err);
	while (!rc && w.stack.len)
		rc = step(&w, emit, payload, err);
	if (!rc && w.first_rc)
		rc = cw_err_set(err, w.first_rc, "%s", cw_err_msg(&w.first_err));
	return rc;
}

/* ---- one file ---- */

/* The entry NAME (LEN bytes) of TREE; CW_E_NOTFOUND. */
static int find_entry(const struct cw_object *tree, const char *name, size_t len, struct cw_tree_entry *ret, struct cw_err *err)
{
	struct cw_tree_entry e;

	for (size_t pos = 0; pos < tree->len;) {
		if (!cw_tree_next(tree->data, tree->len, &pos, &e))
			return cw_err_set(err, CW_E_CORRUPT, "tree of HEAD: malformed");
		if (strlen(e.name) == len && !memcmp(e.name, name, len)) {
			*ret = e;
			ret->name = NULL;
			return 0;
		}
	}
	return cw_err_set(err, CW_E_NOTFOUND, "not in HEAD's tree");
}

/* From the tree OID down to PATH. */
static int descend(struct cw_repo *r, struct cw_oid oid, const char *path, struct cw_tree_entry *ret, struct cw_err *err)
{
	struct cw_tree_entry e = { .mode = CW_MODE_TREE };
	struct cw_err why = CW_ERR_INIT;

	while (*path) {
		size_t len = strcspn(path, "/");
		struct cw_object tree;
		int rc;

		if ((e.mode & CW_MODE_TYPE) != CW_MODE_TREE)
			return cw_err_set(err, CW_E_NOTFOUND, "not in HEAD's tree");
		rc = cw_repo_read(r, &oid, &tree, &why);
		if (rc)
			return cw_err_set(err, rc == CW_E_NOMEM ? rc : CW_E_CORRUPT, "tree of HEAD: %s", cw_err_msg(&why));
		rc = tree.type == CW_OBJ_TREE ? find_entry(&tree, path, len, &e, err) :
						cw_err_set(err, CW_E_CORRUPT, "tree of HEAD: not a tree");
		cw_object_release(&tree);
		if (rc)
			return rc;
		oid = e.oid;
		path += len + (path[len] == '/');
	}
	*ret = e;
	return 0;
}

static int read_blob(struct cw_repo *r, const struct cw_oid *oid, size_t max, struct cw_buf *out, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	struct cw_object o;
	enum cw_object_type type;
	uint64_t size;
	int rc = cw_repo_header(r, oid, &type, &size, &why);

	if (rc)
		return cw_err_set(err, rc == CW_E_NOMEM ? rc : CW_E_CORRUPT, "%s", cw_err_msg(&why));
	if (type != CW_OBJ_BLOB)
		rc = cw_err_set(err, CW_E_CORRUPT, "not a blob");
	if (!rc && size > max)
		rc = cw_err_set(err, CW_E_LIMIT, "larger than %zu bytes", max);
	rc = rc ? rc : cw_repo_read(r, oid, &o, err);
	if (rc)
		return rc;
	cw_buf_add(out, o.data, o.len);
	cw_object_release(&o);
	return cw_buf_fail(out, "file", err);
}

/* The tree of HEAD, which may be unborn. Whatever keeps it from being read: it is damaged. */
static int head_tree(struct cw_repo *r, struct cw_oid *ret, struct cw_err *err)
{
	struct cw_err why = CW_ERR_INIT;
	int rc = cw_repo_head_oid(r, ret, &why);

	if (!rc && !ret->len)
		return cw_err_set(err, CW_E_NOTFOUND, "HEAD is unborn");
	rc = rc ? rc : peel(r, ret, &why);
	return rc ? cw_err_set(err, rc == CW_E_NOMEM ? rc : CW_E_CORRUPT, "%s", cw_err_msg(&why)) : 0;
}

int cw_repo_head_file(struct cw_repo *r, const char *path, size_t max, struct cw_buf *out, struct cw_err *err)
{
	struct cw_oid oid = { .len = 0 };
	struct cw_tree_entry e;
	int rc = head_tree(r, &oid, err);

	rc = rc ? rc : descend(r, oid, path, &e, err);
	if (!rc && (e.mode & CW_MODE_TYPE) != CW_MODE_FILE)
		rc = cw_err_set(err, CW_E_INVALID, "not a regular file in HEAD's tree");
	return rc ? rc : read_blob(r, &e.oid, max, out, err);
}
