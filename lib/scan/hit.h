/* scan/hit.h - what scanning hands to its caller: a hit at a place, with its secret for as long as the call lasts. */
#ifndef CW_SCAN_HIT_H
#define CW_SCAN_HIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "match/blob.h"
#include "scan/origin.h"
#include "store/sights.h"
#include "vcs/oid.h"

#define CW_BEFORE_MAX 256 /* bytes */

struct cw_scan_hit { /* all pointers are borrowed for the call */
	const struct cw_rule *rule;
	enum cw_proof_level proof;
	bool cut;
	const char *label, *decoded; /* or NULL */
	const char *secret; /* decoded bytes */
	size_t secret_len;
	const char *canonical; /* for the fingerprint */
	size_t canonical_len;
	const uint32_t *also; /* rule indexes in the set */
	size_t also_len;
	const char *path; /* NULL when no tree names the object */
	struct cw_oid object; /* len 0 outside git */
	enum cw_object_type type;
	uint64_t line, column, end_line, end_column; /* 1-based; columns in bytes; end_column is one past the last byte */
	uint64_t start, end; /* byte offsets in the object */
	uint64_t more; /* further hits of this rule in this object that were only counted */
	const char *before; /* the bytes of its first line in front of it, at most CW_BEFORE_MAX of them */
	size_t before_len;
	const char *mark; /* the inline mark on its line (scan/marks.h), or NULL; static. Only in files and blobs */
};

#define CW_SECRET_ID_LEN 32 /* bytes */

struct cw_kept { /* what a sink made of a hit whose places are not known yet */
	uint8_t secret[CW_SECRET_ID_LEN]; /* the same for the same secret, else different; tells nothing about it */
	const void *handle;		  /* the sink's own, for struct cw_scan_place; lives as long as the sink */
};

struct cw_scan_place { /* a place in the history of a repository; all pointers but HANDLE are borrowed for the call */
	const void *handle; /* of the hit that stands for the place */
	const char *path; /* bytes; NULL when no tree names the object */
	struct cw_oid object; /* that holds the hit; a tree when the secret is part of the path itself */
	enum cw_object_type type;
	uint64_t line, column, end_line, end_column, more; /* as in struct cw_scan_hit */
	const char *mark; /* the inline mark of the hit that stands for the place, if every hit at it has one; else NULL */
	uint64_t objects; /* distinct objects that hold the secret at this place */
	uint64_t unlisted; /* further places of this secret that are only counted: on its last listed place, else 0 */
	const struct cw_origin *origin;
};

/* A non-zero return ends the scan with it. */
struct cw_sink {
	/* A hit at a known path. Called from several threads at once, WORKER in [0, jobs) tells them apart. */
	int (*hit)(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_err *err);
	/* A hit in a git object, whose places are found later; likewise from several threads. */
	int (*keep)(void *payload, unsigned worker, const struct cw_scan_hit *hit, struct cw_kept *ret, struct cw_err *err);
	/* One place for kept hits, once per (secret, rule, path). From one thread, after the last hit. */
	int (*place)(void *payload, const struct cw_scan_place *place, struct cw_err *err);
	/* For the verdict store, from one thread while no other is in the sink. All NULL: its hits cannot be stored. */
	/* A digest of all that kept hits depend on beside their bytes and the rules. */
	int (*digest)(void *payload, uint8_t ret[CW_SHA256_LEN], struct cw_err *err);
	/* What a kept hit is without its place, borrowed from the sink; but for the number of its rule, which is *ret_rule. */
	void (*save)(void *payload, const void *handle, struct cw_stored_sight *ret, const struct cw_rule **ret_rule);
	/* What keep() would have returned for the hit of which save() made SIGHT. */
	int (*restore)(void *payload, const struct cw_stored_sight *sight, const struct cw_rule *rule, struct cw_kept *ret,
		       struct cw_err *err);
	void *payload;
};

struct cw_progress { /* counters read by another thread; all relaxed atomics */
	_Atomic uint64_t total, done, bytes, hits;
	_Atomic int cancel; /* set to end the scan early: what is left becomes unscanned ("interrupted") */
};

#endif
