/* scan/families.h - walks the delta families of all packs: every object rebuilt once, from its base's bytes, in the order in which
 * they were made of each other.
 *
 * A *family* is a full object and all that is a delta of it, directly or not. A worker takes a family, goes down, and leaves what
 * it cannot do at once where other workers can steal it, so that one giant family does not hold up the run. A version's bytes
 * live until its last child is made. Children with few descendants come first: then only few versions are alive at a
 * time, whatever the depth.
 * Threads: cw_families_walk() runs its own; the callbacks are called from all of them. */
#ifndef CW_SCAN_FAMILIES_H
#define CW_SCAN_FAMILIES_H

#include <stdint.h>

#include "match/facts.h"
#include "vcs/packs.h"

struct cw_version { /* all pointers are borrowed for the call */
	uint32_t entry;
	enum cw_object_type type;
	const char *data;
	size_t len;
	const void *base; /* what the visit of its base left, or NULL: there was none, or its bytes were given up */
	const struct cw_copied *copies; /* of `base`; fit for cw_match_version() */
	size_t copies_len;
	bool again;  /* wanted for its children only */
	bool parent; /* others are made of it: what the visit leaves will be used */
};

struct cw_left { /* what a visit leaves for the visits of the children */
	void *what; /* or NULL */
	size_t size; /* bytes */
};

enum cw_wanted {
	CW_WANTED_NOT,	    /* rebuilt where others need its bytes */
	CW_WANTED,	    /* visit it */
	CW_WANTED_FOR_OTHERS, /* visit it, `again`, if something that is wanted is made of it */
};

struct cw_families {
	const struct cw_packs *packs;
	const uint8_t *wanted; /* one an entry, enum cw_wanted */
	unsigned workers;
	uint64_t object_max;   /* bytes; a larger object is rebuilt only when something else is made of it: else it is CW_E_LIMIT */
	uint64_t memory_max;   /* bytes of content at a time; an object that needs more cannot be read */
	uint64_t retain_max;   /* of these, bytes of versions that wait for their children */
	const _Atomic int *cancel;
	/* A failure ends the walk. */
	int (*visit)(void *payload, unsigned worker, const struct cw_version *v, struct cw_left *ret, struct cw_err *err);
	void (*drop)(void *left);
	/* A wanted entry that cannot be read from its pack, and why: CW_E_CORRUPT, CW_E_CHANGED, CW_E_LIMIT, CW_E_NOTFOUND, CW_E_IO. */
	int (*fail)(void *payload, unsigned worker, uint32_t entry, int rc, const struct cw_err *why, struct cw_err *err);
	void *payload;
};

struct cw_family_stats {
	uint64_t families;
	uint64_t inflated; /* bytes that came out of the packs */
	uint64_t rebuilt;  /* bytes that were put together from deltas */
	uint64_t given_up; /* versions whose children had to be read anew, for want of memory */
};

/* CW_E_NOMEM, or what a callback returned. Ends early, with 0, when *cancel is set. */
int cw_families_walk(const struct cw_families *f, struct cw_family_stats *stats, struct cw_err *err);

#endif
