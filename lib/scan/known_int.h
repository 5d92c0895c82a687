/* scan/known_int.h - what struct cw_known is made of. Internal to known*.c. */
#ifndef CW_SCAN_KNOWN_INT_H
#define CW_SCAN_KNOWN_INT_H

#include "base/map64.h"
#include "scan/known.h"
#include "store/file.h"
#include "store/replay.h"
#include "store/verdicts.h"
#include "vcs/snapshot.h"

struct cw_sight_table { /* sights to be written, each distinct handle once */
	struct cw_sight_list list;
	struct cw_map64 numbers; /* handle -> number */
};

struct cw_known_pack { /* one of the snapshot's */
	struct cw_stored_pack stored;
	bool complete; /* its content is digested */
};

struct cw_known {
	struct cw_known_opts opts;
	struct cw_snapshot before; /* the audit began */
	struct cw_known_pack *packs; /* of each pack in `before`; once asked for */
	struct cw_buf path;	   /* of the store's file */
	uint8_t digest[CW_SHA256_LEN];
	struct cw_store *store; /* NULL: nothing is there that can be used */
	struct cw_verdicts old; /* what it says; once marked */
	bool marked;
	/* to be written */
	struct cw_verdicts now;
	struct cw_sight_table sights;	    /* of `now` */
	struct cw_sight_table place_sights; /* of `places` */
	bool taken;
	/* of places */
	struct cw_sink sink; /* that takes them down, and hands them on */
	struct cw_sink own;
	struct cw_matcher *matcher;
	struct cw_result result;
	void *texts; /* search.h: char *, looked at already */
	struct cw_buf places;
	uint64_t places_len;
	bool unrepeatable; /* something of them cannot be stored */
};

/* Give up the store, and say why if nobody has yet. CW_E_NOMEM is handed on, anything else is 0. */
int cw_known_give_up(struct cw_known *k, int rc, const struct cw_err *why, struct cw_err *err);
/* Whether the set and the sink can make sense of all sights. */
bool cw_known_sights_valid(const struct cw_known *k, const struct cw_sight_list *l);
bool cw_known_at_valid(const struct cw_stored_at *at);
/* The number of the sink's HANDLE in T. */
int cw_known_sight(struct cw_known *k, struct cw_sight_table *t, const void *handle, uint32_t *ret, struct cw_err *err);
/* Make K->packs, without digests of contents. */
int cw_known_list_packs(struct cw_known *k, struct cw_err *err);
/* Complete pack I, unless it is. */
int cw_known_digest_pack(struct cw_known *k, size_t i, struct cw_err *err);
/* What tells this state of a file from any other. */
int cw_known_loose_stamp(const struct cw_known *k, const struct cw_snapshot_loose *l, struct cw_stored_stamp *ret, struct cw_err *err);
/* Ids and inline marks there and back. */
struct cw_stored_id cw_known_id(const struct cw_oid *oid);
struct cw_oid cw_known_oid(const struct cw_stored_id *id);
uint32_t cw_known_mark_number(const char *mark);
const char *cw_known_mark_name(uint32_t number);

#endif
