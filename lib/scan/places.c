/* scan/places.c - see places.h. */
#include "scan/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "vcs/repo.h"

#define PLACES_MAX ((size_t)1 << 20)
#define PATHS_MAX ((size_t)1 << 23)
#define TEXT_MAX ((size_t)64 << 20)  /* bytes of all listed paths */
#define SEEN_MAX ((size_t)1 << 23)
#define MORE_MAX ((size_t)1 << 20)

int cw_places_init(struct cw_places *p, size_t secrets, struct cw_err *err)
{
	struct cw_path_node *root;

	*p = (struct cw_places){ .paths = CW_VEC_INIT(struct cw_path_node, PATHS_MAX),
				 .list = CW_VEC_INIT(struct cw_place_rec, PLACES_MAX),
				 .by_path = CW_MAP64_INIT(PATHS_MAX), .by_place = CW_MAP64_INIT(PLACES_MAX),
				 .seen = CW_MAP64_INIT(SEEN_MAX), .more = CW_MAP64_INIT(MORE_MAX),
				 .secrets = secrets };
	p->listed = calloc(secrets + 1, sizeof(*p->listed));
	p->unlisted = calloc(secrets + 1, sizeof(*p->unlisted));
	root = cw_vec_push(&p->paths);
	if (!p->listed || !p->unlisted || !root)
		return cw_err_nomem(err);
	*root = (struct cw_path_node){ .parent = CW_PATH_NONE };
	return 0;
}

void cw_places_release(struct cw_places *p)
{
	cw_vec_release(&p->paths);
	cw_vec_release(&p->list);
	cw_map64_release(&p->by_path);
	cw_map64_release(&p->by_place);
	cw_map64_release(&p->seen);
	cw_map64_release(&p->more);
	free(p->listed);
	free(p->unlisted);
}

int cw_places_path(struct cw_places *p, uint32_t parent, uint32_t name, bool make, uint32_t *ret, struct cw_err *err)
{
	uint64_t key = CW_MAP64_PAIR(parent, name);
	const uint32_t *found = cw_map64_get(&p->by_path, key);
	struct cw_path_node *node;
	int rc;

	*ret = found ? *found : CW_PATH_NONE;
	if (found || !make)
		return 0;
	node = cw_vec_push(&p->paths);
	if (!node)
		return cw_vec_fail(&p->paths, "paths", err);
	*node = (struct cw_path_node){ .parent = parent, .name = name };
	rc = cw_map64_put(&p->by_path, key, (uint32_t)(p->paths.len - 1), NULL, NULL, err);
	if (rc)
		return rc;
	*ret = (uint32_t)(p->paths.len - 1);
	return 0;
}

struct cw_place_rec *cw_places_find(const struct cw_places *p, uint32_t fact, uint32_t path)
{
	const uint32_t *found = cw_map64_get(&p->by_place, CW_MAP64_PAIR(fact, path));

	return found ? &CW_VEC_AT(&p->list, struct cw_place_rec, *found) : NULL;
}

bool cw_places_may_list(const struct cw_places *p, uint32_t secret, size_t len)
{
	return p->listed[secret] < CW_PLACES_LISTED_MAX && p->list.len < p->list.max && len <= TEXT_MAX - p->text &&
	       p->paths.len < p->paths.max - CW_TREE_DEPTH_MAX;
}

int cw_places_make(struct cw_places *p, const struct cw_kept_table *kept, uint32_t fact, uint32_t path, uint32_t holder,
		   size_t len, struct cw_place_rec **ret, struct cw_err *err)
{
	struct cw_place_rec *place = cw_vec_push(&p->list);
	int rc;

	if (!place)
		return cw_vec_fail(&p->list, "places", err);
	*place = (struct cw_place_rec){ .fact = fact, .path = path, .holder = holder, .tree = UINT32_MAX,
					.commit = UINT32_MAX, .last_commit = UINT32_MAX, .tip = UINT32_MAX };
	rc = cw_map64_put(&p->by_place, CW_MAP64_PAIR(fact, path), (uint32_t)(p->list.len - 1), NULL, NULL, err);
	if (rc)
		return rc;
	p->listed[cw_kept_fact(kept, fact)->secret_no]++;
	p->text += len;
	*ret = place;
	return 0;
}

int cw_places_count(struct cw_places *p, uint32_t secret, uint64_t hash, struct cw_err *err)
{
	bool is_new = false, full = p->more.len >= p->more.max;
	int rc = full || hash == UINT64_MAX ? 0 : cw_map64_put(&p->more, hash, 0, NULL, &is_new, err);

	p->unlisted[secret] += is_new && !rc;
	return rc;
}

int cw_places_seen(struct cw_places *p, struct cw_place_rec *place, uint32_t holder, struct cw_err *err)
{
	size_t number = (size_t)(place - (const struct cw_place_rec *)p->list.items);
	bool is_new = false, full = p->seen.len >= p->seen.max;
	int rc = full ? 0 : cw_map64_put(&p->seen, CW_MAP64_PAIR(number, holder), 0, NULL, &is_new, err);

	place->objects += is_new && !rc;
	return rc;
}

static int by_path_and_fact(const void *va, const void *vb)
{
	const struct cw_place_rec *a = va, *b = vb;

	if (a->path != b->path)
		return a->path < b->path ? -1 : 1;
	return (a->fact > b->fact) - (a->fact < b->fact);
}

static int by_parent_and_name(const void *va, const void *vb, void *paths)
{
	const struct cw_path_node *a = (struct cw_path_node *)paths + *(const uint32_t *)va;
	const struct cw_path_node *b = (struct cw_path_node *)paths + *(const uint32_t *)vb;

	if (a->parent != b->parent)
		return a->parent + 1 < b->parent + 1 ? -1 : 1; /* the root, whose parent is none, comes first */
	return (a->name > b->name) - (a->name < b->name);
}

/* Renumber the paths so that the children of each lie side by side, in byte order of their names. */
static int sort_paths(struct cw_places *p, struct cw_err *err)
{
	size_t n = p->paths.len;
	CW_CLEANUP(cw_freep) uint32_t *order = calloc(n, sizeof(*order));
	CW_CLEANUP(cw_freep) uint32_t *to = calloc(n, sizeof(*to));
	CW_CLEANUP(cw_freep) struct cw_path_node *old = calloc(n, sizeof(*old));
	struct cw_path_node *paths = p->paths.items;

	if (!order || !to || !old)
		return cw_err_nomem(err);
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_parent_and_name, paths);
	for (uint32_t i = 0; i < n; i++)
		to[order[i]] = i;
	memcpy(old, paths, n * sizeof(*old));
	for (size_t i = 0; i < n; i++) {
		paths[i] = old[order[i]];
		paths[i].parent = i ? to[paths[i].parent] : CW_PATH_NONE;
	}
	for (uint32_t i = 1; i < n; i++) {
		struct cw_path_node *parent = &paths[paths[i].parent];

		if (!parent->children++)
			parent->first_child = i;
	}
	for (size_t i = 0; i < p->list.len; i++) {
		struct cw_place_rec *place = &CW_VEC_AT(&p->list, struct cw_place_rec, i);

		place->path = to[place->path];
	}
	return 0;
}

int cw_places_index(struct cw_places *p, struct cw_err *err)
{
	struct cw_path_node *paths = p->paths.items;
	int rc = sort_paths(p, err);

	if (rc)
		return rc;
	cw_map64_release(&p->by_path);
	cw_map64_release(&p->by_place);
	cw_map64_release(&p->seen);
	if (p->list.len)
		qsort(p->list.items, p->list.len, p->list.item_size, by_path_and_fact);
	for (size_t i = 0; i < p->list.len; i++) {
		struct cw_path_node *node = &paths[CW_VEC_AT(&p->list, struct cw_place_rec, i).path];

		if (!node->places++)
			node->first_place = i;
	}
	return 0;
}
