/* vcs/parse.h - raw git objects taken apart: tree entries, the headers of commits and tags. Lenient, since old and hostile
 * repositories hold odd objects; nothing outside the given bytes is read. Threads: reentrant. */
#ifndef CW_VCS_PARSE_H
#define CW_VCS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcs/oid.h"

#define CW_MODE_TYPE 0170000u
#define CW_MODE_TREE 0040000u
#define CW_MODE_FILE 0100000u
#define CW_MODE_LINK 0120000u
#define CW_MODE_GITLINK 0160000u

struct cw_tree_entry {
	uint32_t mode;
	const char *name; /* NUL-terminated, in the tree */
	size_t name_len;
	struct cw_oid oid;
};

/* The entry at *POS, which moves behind it; false when the tree is malformed there. */
bool cw_tree_next(const char *data, size_t len, size_t *pos, struct cw_tree_entry *ret);
/* Whether git would refuse to check the entry out: an empty name, '.', '..', '.git', a slash in it, or a mode that is none. */
bool cw_tree_entry_is_odd(const struct cw_tree_entry *e);

struct cw_commit_head {
	struct cw_oid tree;
	int64_t time;	      /* of the committer, seconds since the epoch; 0 when unreadable */
	const char *author;   /* "Name <mail>" as it stands there, in the commit; NULL when unreadable */
	size_t author_len;
	const char *parents;  /* first "parent" line */
	size_t parents_len;
};

/* False when DATA does not begin with the id of a tree. */
bool cw_commit_parse(const char *data, size_t len, struct cw_commit_head *ret);
/* Parent I < parents_len. */
struct cw_oid cw_commit_parent(const struct cw_commit_head *c, size_t i);
/* The object that a tag names; false when it names none. */
bool cw_tag_parse(const char *data, size_t len, struct cw_oid *ret);

/* A SHA-1 id out of 40 hex digits. */
#define CW_SHA1_LEN 20
#define CW_SHA1_HEX_LEN 40
bool cw_oid_parse(const char *hex, size_t len, struct cw_oid *ret);

#endif
