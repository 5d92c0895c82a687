/* scan/places.h - the places that attribution finds: a fact (scan/kept.h) at a path.
 *
 * Paths are nodes of a trie over ranks of names (scan/forest.h): node 0 is the root. A secret gets at most CW_PLACES_LISTED_MAX
 * places, the first that are asked for; the rest is counted. Threads: one owner at a time. */
#ifndef CW_SCAN_PLACES_H
#define CW_SCAN_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map64.h"
#include "base/vec.h"
#include "scan/kept.h"

#define CW_PLACES_LISTED_MAX 1000 /* of one secret */
#define CW_PATH_NONE UINT32_MAX

struct cw_path_node {
	uint32_t parent, name;
	uint32_t first_child, children; /* after index */
	size_t first_place;
	uint32_t places;
};

struct cw_place_rec {
	uint32_t fact, path;
	uint32_t holder, tree;	/* at the introduction, or where it was seen first; the tree that names it */
	uint32_t commit;	/* the earliest introduction, or none */
	uint32_t last_commit;	/* the last introduction */
	uint32_t tip, tip_holder, tip_tree; /* number of a branch, or none */
	uint64_t introductions, objects;
	bool reachable;
	bool unmarked; /* some holder has a hit here without an inline mark */
};

struct cw_places {
	struct cw_vec paths;  /* struct cw_path_node; after index by (parent, name) */
	struct cw_vec list;   /* struct cw_place_rec; after index by (path, fact) */
	struct cw_map64 by_path, by_place, seen, more;
	uint32_t *listed;     /* of each secret */
	uint64_t *unlisted;
	size_t secrets;
	size_t text; /* bytes of all listed paths */
};

int cw_places_init(struct cw_places *p, size_t secrets, struct cw_err *err);
void cw_places_release(struct cw_places *p);
/* The path NAME below the path PARENT; made when MAKE is set, else CW_PATH_NONE if it is new. */
int cw_places_path(struct cw_places *p, uint32_t parent, uint32_t name, bool make, uint32_t *ret, struct cw_err *err);
/* The place of FACT at PATH, or NULL. Borrowed until the next place is made. */
struct cw_place_rec *cw_places_find(const struct cw_places *p, uint32_t fact, uint32_t path);
/* Whether SECRET may have one more place, at a path of LEN bytes. */
bool cw_places_may_list(const struct cw_places *p, uint32_t secret, size_t len);
/* A new place with HOLDER; borrowed as above. */
int cw_places_make(struct cw_places *p, const struct cw_kept_table *kept, uint32_t fact, uint32_t path, uint32_t holder,
		   size_t len, struct cw_place_rec **ret, struct cw_err *err);
/* Count a place that is not listed; HASH stands for fact and path, so that it is counted once. */
int cw_places_count(struct cw_places *p, uint32_t secret, uint64_t hash, struct cw_err *err);
/* Note that HOLDER holds the fact of PLACE there, and count it the first time. */
int cw_places_seen(struct cw_places *p, struct cw_place_rec *place, uint32_t holder, struct cw_err *err);
/* Sort for lookups from the root. Nothing is added afterwards. */
int cw_places_index(struct cw_places *p, struct cw_err *err);

#endif
