/* scan/forest.h - the trees of a repository as a graph: who contains whom, and which of them lead to a holder (scan/kept.h).
 *
 * Workers give each tree once, in any order. cw_forest_finish() then measures the whole graph and throws away all that leads to no
 * holder: what stays is *live*, with names as ranks in byte order. Every walk keeps its own stack: depth is foreign.
 * Threads: one worker number a thread until finish; immutable afterwards. */
#ifndef CW_SCAN_FOREST_H
#define CW_SCAN_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "scan/names.h"

#define CW_TREE_NONE UINT32_MAX
#define CW_ITEM_HOLDER 0x80000000u /* set in `target`: a holder, else a tree */

struct cw_tree_item {
	uint32_t name;	 /* number of the name; its rank after finish */
	uint32_t target;
};

struct cw_forest;
int cw_forest_new(size_t trees, unsigned workers, struct cw_forest **ret, struct cw_err *err);
void cw_forest_free(struct cw_forest *f);
CW_DEFINE_CLEANUP(struct cw_forest, cw_forest_free)

/* WORKER has read TREE: its items that are trees of the store or holders, and how many submodules it names. */
int cw_forest_add(struct cw_forest *f, unsigned worker, uint32_t tree, const struct cw_tree_item *items, size_t len,
		  uint32_t gitlinks, struct cw_err *err);
/* Before finish, after TREE was added if it is: it stays live, whatever it leads to. */
void cw_forest_keep(struct cw_forest *f, uint32_t tree);
/* Before finish: mark in SEEN (one bool a tree) ROOT and every tree below it. */
int cw_forest_mark(const struct cw_forest *f, uint32_t root, bool *seen, struct cw_err *err);
/* Prune; names of NAMES become ranks. */
int cw_forest_finish(struct cw_forest *f, const struct cw_names *names, struct cw_err *err);

/* After finish. */
bool cw_forest_is_live(const struct cw_forest *f, uint32_t tree);
/* Whether another tree contains this one. */
bool cw_forest_is_named(const struct cw_forest *f, uint32_t tree);
/* Levels of trees from this one down, itself included. */
uint32_t cw_forest_height(const struct cw_forest *f, uint32_t tree);
/* Submodules below the tree, each path counted (saturating). */
uint64_t cw_forest_gitlinks(const struct cw_forest *f, uint32_t tree);
/* The live items of a tree, ascending by (name, target). */
const struct cw_tree_item *cw_forest_items(const struct cw_forest *f, uint32_t tree, size_t *ret_len);
/* Of them those called NAME. */
const struct cw_tree_item *cw_forest_find(const struct cw_forest *f, uint32_t tree, uint32_t name, size_t *ret_len);
/* The text of a rank. */
const char *cw_forest_name(const struct cw_forest *f, uint32_t rank);
/* Live trees, each after all that it contains: *ret_len of them. */
const uint32_t *cw_forest_order(const struct cw_forest *f, size_t *ret_len);

#endif
