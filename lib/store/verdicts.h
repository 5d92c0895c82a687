/* store/verdicts.h - which files of an object store have been scanned, and what was found in their objects.
 *
 * Knowledge hangs on files, not on object ids: "every object of this very pack was scanned, but for those listed". So nothing has to
 * be said of a clean object, and an index that gives an object another one's id files nothing under that id: whatever appears
 * in another pack is looked at again, even when its id is known. Threads: immutable once read. */
#ifndef CW_STORE_VERDICTS_H
#define CW_STORE_VERDICTS_H

#include "base/crypto.h"
#include "store/sights.h"

#define CW_STORED_TIMES 4 /* of a pack and its index */
struct cw_stored_stamp { /* tells one state of a file from every other */
	uint8_t bytes[CW_SHA256_LEN];
};

/* git touches packs that it does not change. So what cannot change without another pack is apart from what can, and when only the
 * latter did, the content decides. */
struct cw_stored_pack {
	struct cw_stored_stamp file;
	uint64_t times[CW_STORED_TIMES]; /* nanoseconds */
	uint8_t content[CW_SHA256_LEN];
};

struct cw_stored_object {
	struct cw_stored_id id;
	uint8_t type;
	bool pointer;	/* to a large file that is kept elsewhere */
	size_t first;	/* hit */
	uint32_t count; /* hits */
};

struct cw_stored_hit {
	uint32_t sight; /* number */
	struct cw_stored_at at;
};

struct cw_verdicts {
	struct cw_vec packs;	/* struct cw_stored_pack; ascending, as all below */
	struct cw_vec loose;	/* struct cw_stored_stamp, of files of one object each */
	struct cw_vec doubtful; /* struct cw_stored_id: in these files, but not scanned, or not decided */
	struct cw_vec shared;	/* struct cw_stored_id: that had several copies, of which one was scanned */
	struct cw_vec objects;	/* struct cw_stored_object: of which there is something to say */
	struct cw_vec hits;	/* struct cw_stored_hit */
	struct cw_sight_list sights;
	struct cw_buf text; /* what all texts point into */
};
#define CW_STORED_OBJECTS_MAX ((size_t)1 << 28)
#define CW_VERDICTS_INIT                                                                                                        \
	{ .packs = CW_VEC_INIT(struct cw_stored_pack, CW_STORED_OBJECTS_MAX),                                                   \
	  .loose = CW_VEC_INIT(struct cw_stored_stamp, CW_STORED_OBJECTS_MAX),                                                  \
	  .doubtful = CW_VEC_INIT(struct cw_stored_id, CW_STORED_OBJECTS_MAX),                                                  \
	  .shared = CW_VEC_INIT(struct cw_stored_id, CW_STORED_OBJECTS_MAX),                                                    \
	  .objects = CW_VEC_INIT(struct cw_stored_object, CW_STORED_OBJECTS_MAX),                                               \
	  .hits = CW_VEC_INIT(struct cw_stored_hit, CW_STORED_OBJECTS_MAX), .sights = CW_SIGHT_LIST_INIT,                       \
	  .text = CW_BUF_INIT }

void cw_verdicts_release(struct cw_verdicts *v);
/* Sort what is to be ascending, and drop what is there twice. */
void cw_verdicts_sort(struct cw_verdicts *v);
/* Append V, sorted, to OUT as a part of the store. */
int cw_verdicts_write(const struct cw_verdicts *v, struct cw_buf *out, struct cw_err *err);
/* Read a part out of V->text. CW_E_CORRUPT. */
int cw_verdicts_read(struct cw_verdicts *v, struct cw_err *err);

/* The pack FILE, or NULL. */
const struct cw_stored_pack *cw_verdicts_pack(const struct cw_verdicts *v, const struct cw_stored_stamp *file);
bool cw_verdicts_has_loose(const struct cw_verdicts *v, const struct cw_stored_stamp *stamp);
/* What is said of the object ID, or NULL. */
const struct cw_stored_object *cw_verdicts_find(const struct cw_verdicts *v, const struct cw_stored_id *id);

#endif
